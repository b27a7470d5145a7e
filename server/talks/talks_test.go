package talks_test

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/sealed"
	"certdesk/server/talks"
)

func keys(t *testing.T) *sealed.Keys {
	t.Helper()
	k, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t *testing.T, address string, cfg talks.Config) *talks.Store {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: address})
	t.Cleanup(func() { client.Close() })
	s, err := talks.Open(t.Context(), client, keys(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTalksInMiniredis(t *testing.T) {
	desktest.Talks(t, func(t *testing.T) (desktest.Store, func(time.Duration)) {
		r := miniredis.RunT(t)
		return open(t, r.Addr(), talks.Defaults), r.FastForward
	})
}

// TestTalksInRedis runs the same suite on a redis-server of its own. Time there
// cannot be moved, so everything is kept for two seconds at most.
func TestTalksInRedis(t *testing.T) {
	address := startRedis(t)
	cfg := talks.Config{Idle: 2 * time.Second, Answer: time.Second, Burst: 30, Window: time.Second, Lines: 200}
	desktest.Talks(t, func(t *testing.T) (desktest.Store, func(time.Duration)) {
		client := redis.NewClient(&redis.Options{Addr: address})
		defer client.Close()
		if err := client.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return open(t, address, cfg), func(d time.Duration) {
			if d > 24*time.Hour {
				d = cfg.Idle
			} else {
				d = cfg.Answer
			}
			<-time.After(d + 100*time.Millisecond)
		}
	})
}

// startRedis starts a redis-server that ends with the test.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is absent: apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	address := "127.0.0.1:" + strconv.Itoa(port)
	client := redis.NewClient(&redis.Options{Addr: address})
	defer client.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); client.Ping(t.Context()).Err() != nil; {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("redis-server does not answer")
		}
	}
	return address
}

func TestNothingPersonalLiesOpen(t *testing.T) {
	r := miniredis.RunT(t)
	s := open(t, r.Addr(), talks.Defaults)
	secret := "11010519491231002X"
	_, _, err := s.Commit(t.Context(), desk.Commit{
		Talk:    desk.Talk{ID: "b", Case: flows.Case{Form: flows.Form{flows.KeyIDNumber: flows.Conceal(secret)}}},
		Event:   flows.Event{ID: "e", At: time.Now()},
		Answer:  desk.Answer{Replies: []flows.Reply{{Text: "身份 " + secret}}},
		Lines:   []desk.Line{{Text: "身份 " + secret}},
		Effects: []flows.Effect{flows.Save{Form: flows.Form{flows.KeyIDNumber: flows.Conceal(secret)}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if dump := r.Dump(); strings.Contains(dump, secret) || strings.Contains(dump, secret[6:14]) {
		t.Errorf("Redis holds an identity number in clear:\n%s", dump)
	}
}

func TestAnotherNumberOfPartitionsIsRefused(t *testing.T) {
	r := miniredis.RunT(t)
	if err := r.Set("certdesk:partitions", "128"); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: r.Addr()})
	defer client.Close()
	if _, err := talks.Open(context.Background(), client, keys(t), talks.Defaults); err == nil {
		t.Error("a Redis with 128 partitions was opened")
	}
}

func TestTheKeysOfATalkShareASlot(t *testing.T) {
	seen := map[int]bool{}
	for _, id := range []desk.TalkID{"a", "b", "c", "aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		p := talks.Partition(id)
		if p < 0 || p >= talks.Partitions {
			t.Errorf("Partition(%s) = %d", id, p)
		}
		seen[p] = true
	}
	if len(seen) < 2 {
		t.Error("every talk has the same partition")
	}
}
