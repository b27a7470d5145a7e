package server

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"certdesk/deploy/world"
	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// The real service in this process, with the real stand-ins around it, for
// whatever no part shows alone: what comes in bad, and what must not get out.

// town is the service and its city.
type town struct {
	*Server
	base  string // address of the service
	city  string // address of the world
	dir   string
	clock *bentClock
	log   *logBook
	books *sql.DB // the ledger's tables, to be looked at
	last  atomic.Int64
}

// bentClock is the clock of the service alone.
type bentClock struct{ ahead atomic.Int64 }

func (c *bentClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// later does something at a later time, and comes back.
func (c *bentClock) later(d time.Duration, do func()) {
	c.ahead.Store(int64(d))
	defer c.ahead.Store(0)
	do()
}

// logBook holds every line that the service logged.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const haste = 10 // divides every deadline

// newTown starts everything, and stops it in order when the test ends. Settings
// are NAME=value, without the prefix.
func newTown(t *testing.T, settings ...string) *town {
	t.Helper()
	address := freeAddress(t)
	n := unbuilt(t, address)
	n.Server = n.wired(t, n.builds(t, 0), address, settings)
	var err error
	if n.books, err = sql.Open("sqlite", "file:"+filepath.Join(n.dir, "ledger.db")+"?_pragma=query_only(1)"); err != nil {
		t.Fatal(err)
	}
	n.live(t)
	return n
}

// unbuilt is a town of which the service's address is known.
func unbuilt(t *testing.T, address string) *town {
	return &town{base: "http://" + address, dir: t.TempDir(), clock: &bentClock{}, log: &logBook{}}
}

// builds the city, with that many more people, and returns what the service
// must know of it. The city ends after everything that is started later.
func (n *town) builds(t *testing.T, people int) map[string]string {
	t.Helper()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n.city = "http://" + front.Addr().String()
	city, err := world.New(world.Config{Listen: front.Addr().String(), Service: n.base, Dir: filepath.Join(n.dir, "world"), Hurry: haste, Crowd: people})
	if err != nil {
		t.Fatal(err)
	}
	streets := &httptest.Server{Listener: front, Config: &http.Server{Handler: city.Handler(), ReadHeaderTimeout: time.Second}}
	streets.Start()
	living, end := context.WithCancel(context.WithoutCancel(t.Context()))
	var lived error
	var alive sync.WaitGroup
	alive.Go(func() { lived = city.Run(living) })
	t.Cleanup(func() {
		end()
		streets.Close()
		if alive.Wait(); lived != nil {
			t.Errorf("the world ended with %v", lived)
		}
	})
	return city.Env()
}

// wired makes the service as the demo does, but for its clock and its log.
func (n *town) wired(t *testing.T, env map[string]string, address string, settings []string) *Server {
	t.Helper()
	env["CERTDESK_LISTEN"], env["CERTDESK_PUBLIC_URL"] = address, n.base
	env["CERTDESK_DATA_DIR"], env["CERTDESK_SECRET_KEYS"] = n.dir, sealed.NewKeys()
	lines := make([]string, 0, len(env))
	for name, value := range env {
		lines = append(lines, name+"="+value)
	}
	for _, setting := range settings {
		lines = append(lines, prefix+setting)
	}
	cfg, err := ConfigFrom(lines)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Embedded, cfg.Hurry = true, haste
	log := slog.New(slog.NewJSONHandler(n.log, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}))
	s, err := newServer(t.Context(), cfg, log, n.clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (n *town) live(t *testing.T) {
	t.Helper()
	serving, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var served error
	service := make(chan struct{})
	go func() { served = n.Run(serving); close(service) }()
	t.Cleanup(func() {
		stop()
		<-service
		if served != nil {
			t.Errorf("the service ended with %v", served)
		}
		_ = n.books.Close()
		for line := range strings.Lines(n.log.String()) {
			if t.Failed() && !strings.Contains(line, `"DEBUG"`) {
				t.Log(line)
			}
		}
	})
	n.wait(t, "the service to be ready", func() bool {
		r, err := http.Get(n.base + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

const patience = 30 * time.Second

// wait looks again and again until something is so.
func (n *town) wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !so() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// count asks the ledger's tables.
func (n *town) count(t *testing.T, query string, args ...any) (rows int) {
	t.Helper()
	if err := n.books.QueryRowContext(t.Context(), query, args...).Scan(&rows); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return rows
}

// ask sends one request and follows nothing.
func (n *town) ask(t *testing.T, method, path, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, n.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		r.Header = header.Clone()
	}
	if r.Header.Get("Cookie") == "" {
		r.Header.Set("Cookie", deviceCookie+"=town") // everybody here has one telephone
	}
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return got, string(text)
}

// tells has the world do something; answer may be nil.
func (n *town) tells(t *testing.T, path string, order, answer any) {
	t.Helper()
	body, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	got, err := http.Post(n.city+path, "application/json", bytes.NewReader(body))
	n.hears(t, path, got, err, answer)
}

// learns asks the world.
func (n *town) learns(t *testing.T, path string, answer any) {
	t.Helper()
	got, err := http.Get(n.city + path)
	n.hears(t, path, got, err, answer)
}

func (n *town) hears(t *testing.T, path string, got *http.Response, err error, answer any) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", path, got.StatusCode, text, err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%s: %v: %s", path, err, text)
	}
}

var (
	tags   = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	latin  = regexp.MustCompile(`[A-Za-z]{2,}`)
	spared = strings.NewReplacer("UKey", "", "PIN", "", "SMS", "")
)

// kind reports whether words for a customer can be read by one: Chinese, and
// nothing in English.
func kind(words string) bool {
	seen := spared.Replace(tags.ReplaceAllString(words, ""))
	return han(seen) && !latin.MatchString(seen)
}

// talkOf is the talk of somebody in WeChat.
func (n *town) talkOf(t *testing.T, openid string) desk.TalkID {
	t.Helper()
	id, err := n.book.Talk(t.Context(), desk.Identity{Channel: flows.WeChat, ID: openid})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
