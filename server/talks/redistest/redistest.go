// Package redistest starts Redis in every shape that the service runs on: one
// server, a server that writes each change to the disk before it answers, a
// cluster of three, and a pair under a sentinel. Each is a real redis-server on
// a free port of this machine, with its files in the test's directory, and ends
// with the test.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	startTime = 20 * time.Second
	loopback  = "127.0.0.1"
)

// server is one running process.
type server struct {
	address string
	process *exec.Cmd
}

// start runs redis-server with these options and waits until it answers. The
// test is skipped when there is none.
func start(t testing.TB, options ...string) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is absent: apt-get install redis-server")
	}
	port := freePort(t)
	arguments := append(options, "--port", port, "--bind", loopback, "--dir", t.TempDir(), "--save", "")
	s := &server{address: net.JoinHostPort(loopback, port), process: exec.Command(program, arguments...)}
	s.run(t)
	return s
}

// run starts the process, and ends it with the test.
func (s *server) run(t testing.TB) {
	t.Helper()
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	client := redis.NewClient(&redis.Options{Addr: s.address})
	defer client.Close()
	wait(t, "redis-server to answer", func(ctx context.Context) bool { return client.Ping(ctx).Err() == nil })
}

// kill ends the process at once. It may be called again.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

func freePort(t testing.TB) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", loopback+":0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port < 50000 { // a node of a cluster takes the port 10000 above, too
			return strconv.Itoa(port)
		}
	}
}

func wait(t testing.TB, what string, true_ func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !true_(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("redistest: waited in vain for %s", what)
		}
	}
}

// Single starts one server and returns its address, host and port.
func Single(t testing.TB, options ...string) string {
	t.Helper()
	return start(t, append([]string{"--appendonly", "no"}, options...)...).address
}

// Synced starts one server that writes each change to the disk before it
// answers.
func Synced(t testing.TB) string {
	t.Helper()
	return start(t, "--appendonly", "yes", "--appendfsync", "always").address
}

// Durable is a server that writes each change to the disk before it answers,
// and that can be ended at once and started again on what it wrote.
type Durable struct {
	Address string
	server  *server
}

// Durably starts one.
func Durably(t testing.TB) *Durable {
	t.Helper()
	s := start(t, "--appendonly", "yes", "--appendfsync", "always")
	return &Durable{s.address, s}
}

// Restart ends the server as a failing machine would, and starts it again.
func (d *Durable) Restart(t testing.TB) {
	t.Helper()
	d.server.kill()
	d.server.process = exec.Command(d.server.process.Path, d.server.process.Args[1:]...)
	d.server.run(t)
}

// Cluster starts three masters that share the slots, and returns their
// addresses.
func Cluster(t testing.TB) []string {
	t.Helper()
	const nodes, slots = 3, 16384
	var addresses []string
	clients := make([]*redis.Client, nodes)
	for i := range nodes {
		s := start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--appendonly", "no")
		addresses = append(addresses, s.address)
		clients[i] = redis.NewClient(&redis.Options{Addr: s.address})
		defer clients[i].Close()
	}
	ctx := t.Context()
	for i, c := range clients {
		if err := c.ClusterAddSlotsRange(ctx, i*slots/nodes, (i+1)*slots/nodes-1).Err(); err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(addresses[0])
		if err := c.ClusterMeet(ctx, host, port).Err(); err != nil && i > 0 {
			t.Fatal(err)
		}
	}
	for _, c := range clients {
		wait(t, "the cluster to be whole", func(ctx context.Context) bool {
			info, err := c.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	return addresses
}

// Pair is a master and its replica under a sentinel.
type Pair struct {
	Sentinel string // its address
	Master   string // name by which the sentinel knows the master
	t        testing.TB
	master   *server
	replica  *server
}

// Sentinel starts a master, a replica, and a sentinel that promotes the replica
// half a second after the master falls silent.
func Sentinel(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{t: t, Master: "certdesk", master: start(t, "--appendonly", "no")}
	host, port, _ := net.SplitHostPort(p.master.address)
	p.replica = start(t, "--appendonly", "no", "--replicaof", host+" "+port, "--repl-diskless-sync-delay", "0")
	wait(t, "the replica to follow", func(ctx context.Context) bool { return strings.Contains(p.role(ctx, p.replica), "slave connected") })

	own := freePort(t)
	conf := filepath.Join(t.TempDir(), "sentinel.conf")
	lines := fmt.Sprintf("port %s\nbind %s\nsentinel monitor %s %s %s 1\nsentinel down-after-milliseconds %s 500\nsentinel failover-timeout %s 3000\n",
		own, loopback, p.Master, host, port, p.Master, p.Master)
	if err := os.WriteFile(conf, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	watcher := &server{address: net.JoinHostPort(loopback, own), process: exec.Command("redis-server", conf, "--sentinel")}
	watcher.run(t)
	p.Sentinel = watcher.address
	client := redis.NewSentinelClient(&redis.Options{Addr: p.Sentinel})
	defer client.Close()
	wait(t, "the sentinel to know the replica", func(ctx context.Context) bool {
		known, err := client.Replicas(ctx, p.Master).Result()
		return err == nil && len(known) == 1
	})
	return p
}

// role is what a server says of itself: "master", or "slave" and its link.
func (p *Pair) role(ctx context.Context, s *server) string {
	client := redis.NewClient(&redis.Options{Addr: s.address})
	defer client.Close()
	said, err := client.Do(ctx, "ROLE").Slice()
	if err != nil || len(said) == 0 {
		return ""
	}
	if len(said) > 3 {
		return fmt.Sprint(said[0], " ", said[3])
	}
	return fmt.Sprint(said[0])
}

// FailOver ends the master at once and waits until the replica has its place.
// What the replica had not received is lost.
func (p *Pair) FailOver() {
	p.t.Helper()
	p.master.kill()
	wait(p.t, "the fail-over", func(ctx context.Context) bool { return p.role(ctx, p.replica) == "master" })
}
