// Package ledgertest starts a PostgreSQL of its own for the tests of one
// program: a fresh cluster in a temporary directory, reached by a socket, that
// nobody else can see. It promises databases that cost milliseconds, and that
// nothing of it is left when the tests have ended.
//
// A package whose tests need it says so in its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(ledgertest.Main(m)) }
//
// Nothing is started before the first call of [Database]. Who wants a server of
// its own, to kill it, or for processes that outlive a test, calls [Start],
// [Server.Create] with "template1", and [Server.DSN] for CERTDESK_DATABASE_URL.
package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running PostgreSQL.
type Server struct {
	dir     string
	binary  string
	owner   *syscall.Credential // PostgreSQL does not run as root
	process *exec.Cmd
	ended   chan error
	made    atomic.Int64
}

// ErrAbsent is returned when there is no PostgreSQL on this machine.
var ErrAbsent = errors.New("ledgertest: PostgreSQL is absent: apt-get install postgresql")

var shared struct {
	once   sync.Once
	server *Server
	err    error
	ready  sync.Map // template name → *template
}

// Main runs the tests and ends the shared server, if one was started. It
// returns the exit status.
func Main(m *testing.M) int {
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
	}
	return code
}

// template is a database that others are copied from.
type template struct {
	once sync.Once
	err  error
}

// Database returns the address of an empty database for one test, copied from
// one that prepare has brought to its shape, once for each name. The test is
// skipped when PostgreSQL is absent.
func Database(t testing.TB, name string, prepare func(dsn string) error) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = Start() })
	if errors.Is(shared.err, ErrAbsent) {
		t.Skip(shared.err)
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	s := shared.server
	kept, _ := shared.ready.LoadOrStore(name, &template{})
	made := kept.(*template)
	made.once.Do(func() {
		if made.err = s.Create(context.Background(), name, "template1"); made.err == nil {
			made.err = prepare(s.DSN(name))
		}
	})
	if made.err != nil {
		t.Fatal(made.err)
	}
	own := name + "_" + strconv.FormatInt(s.made.Add(1), 10)
	if err := s.Create(t.Context(), own, name); err != nil {
		t.Fatal(err)
	}
	return s.DSN(own)
}

// Start makes a cluster and starts it. End it with [Server.Close].
func Start() (*Server, error) {
	postgres, err := find("postgres")
	if err != nil {
		return nil, err
	}
	initdb, err := find("initdb")
	if err != nil {
		return nil, err
	}
	s := &Server{binary: postgres}
	if s.dir, err = os.MkdirTemp("", "pg"); err != nil {
		return nil, err
	}
	if err := s.give(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	prepare := s.as(exec.Command(initdb, "--pgdata", s.data(), "--username", "certdesk", "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"))
	if out, err := prepare.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("ledgertest: initdb: %w: %s", err, out), os.RemoveAll(s.dir))
	}
	if err := s.Run(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

// find looks on the path, then where Debian keeps its versions.
func find(program string) (string, error) {
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program)
	if len(installed) > 0 {
		return slices.Max(installed), nil
	}
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	return "", ErrAbsent
}

// give makes the directory somebody's who may run PostgreSQL.
func (s *Server) give() error {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		who, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(who.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(who.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return err
		}
		s.owner = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return os.Chown(s.dir, int(uid), int(gid))
	}
	return errors.New("ledgertest: nobody on this machine may run PostgreSQL")
}

func (s *Server) as(c *exec.Cmd) *exec.Cmd {
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.owner, Setpgid: true}
	return c
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Run starts the server on its cluster and waits until it answers; after
// [Server.Kill], too.
func (s *Server) Run() error {
	settings := []string{ // a commit is with the kernel before it returns, so that Kill loses none
		"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=64MB",
		"-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_pred_locks_per_transaction=256",
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.process = s.as(exec.Command(s.binary, settings...))
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("ledgertest: start: %w", err)
	}
	s.ended = make(chan error, 1)
	process, ended := s.process, s.ended
	go func() { ended <- process.Wait() }()
	return s.answers()
}

const startTime = 30 * time.Second

// answers waits until the server takes connections.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.DSN("template1"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case end := <-s.ended:
			said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("ledgertest: the server ended: %w: %s", end, said)
		case <-ctx.Done():
			return fmt.Errorf("ledgertest: the server does not answer: %w", err)
		}
	}
}

// DSN is the address of one of its databases.
func (s *Server) DSN(database string) string {
	return "postgres:///" + database + "?user=certdesk&host=" + url.QueryEscape(s.dir)
}

// Create makes a database as a copy of another, to which nobody is connected.
func (s *Server) Create(ctx context.Context, name, from string) error {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("ledgertest: %w", err)
	}
	defer conn.Close(ctx)
	sql := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " TEMPLATE " + pgx.Identifier{from}.Sanitize()
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("ledgertest: database %s: %w", name, err)
	}
	return nil
}

// Kill ends the server at once, as a failing machine would. [Server.Run] starts
// it again on what it has written.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

// Close ends the server and removes its cluster.
func (s *Server) Close() error {
	return errors.Join(s.end(syscall.SIGINT), os.RemoveAll(s.dir))
}

func (s *Server) end(how syscall.Signal) error {
	if err := s.process.Process.Signal(how); err != nil {
		return fmt.Errorf("ledgertest: %w", err)
	}
	select {
	case <-s.ended: // its status says only how it was ended
		return nil
	case <-time.After(startTime):
		return errors.Join(errors.New("ledgertest: the server does not end"), s.process.Process.Kill())
	}
}
