package talks_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/sealed"
	"certdesk/server/talks"
	"certdesk/server/talks/redistest"
)

func keys(t *testing.T) *sealed.Keys {
	t.Helper()
	k, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func open(t *testing.T, client redis.UniversalClient, cfg talks.Config) *talks.Store {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	s, err := talks.Open(t.Context(), client, keys(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func single(address string) redis.UniversalClient {
	return redis.NewClient(&redis.Options{Addr: address})
}

func TestTalksInMiniredis(t *testing.T) {
	desktest.Talks(t, func(t *testing.T) (desktest.Store, func(time.Duration)) {
		r := miniredis.RunT(t)
		return open(t, single(r.Addr()), talks.Defaults), r.FastForward
	})
}

func TestTalksInRedis(t *testing.T) {
	address := redistest.Single(t)
	suite(t, func() redis.UniversalClient { return single(address) })
}

func TestTalksInRedisThatWritesEachChange(t *testing.T) {
	address := redistest.Synced(t)
	suite(t, func() redis.UniversalClient { return single(address) })
}

func TestTalksInACluster(t *testing.T) {
	nodes := redistest.Cluster(t)
	suite(t, func() redis.UniversalClient {
		return redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes})
	})
}

func TestTalksUnderASentinel(t *testing.T) {
	pair := redistest.Sentinel(t)
	suite(t, func() redis.UniversalClient {
		return redis.NewFailoverClient(&redis.FailoverOptions{MasterName: pair.Master, SentinelAddrs: []string{pair.Sentinel}})
	})
}

// suite runs the same suite on a real server. Time there cannot be moved, but
// every key can be made older.
func suite(t *testing.T, dial func() redis.UniversalClient) {
	t.Helper()
	desktest.Talks(t, func(t *testing.T) (desktest.Store, func(time.Duration)) {
		client := dial()
		everywhere(t, client, func(node *redis.Client) error { return node.FlushAll(t.Context()).Err() })
		return open(t, client, talks.Defaults), func(d time.Duration) {
			everywhere(t, client, func(node *redis.Client) error { return age(t.Context(), node, d) })
		}
	})
}

// everywhere does something to every server of a Redis.
func everywhere(t *testing.T, client redis.UniversalClient, do func(node *redis.Client) error) {
	t.Helper()
	var err error
	switch c := client.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(t.Context(), func(_ context.Context, node *redis.Client) error { return do(node) })
	case *redis.Client:
		err = do(c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// age takes a time from what every key has left.
func age(ctx context.Context, node *redis.Client, d time.Duration) error {
	keys := node.Scan(ctx, 0, "*", 1000).Iterator()
	for keys.Next(ctx) {
		left, err := node.PTTL(ctx, keys.Val()).Result()
		if err == nil && left > 0 {
			err = node.PExpire(ctx, keys.Val(), left-d).Err() // in the past: gone
		}
		if err != nil {
			return err
		}
	}
	return keys.Err()
}

func TestNothingPersonalLiesOpen(t *testing.T) {
	r := miniredis.RunT(t)
	s := open(t, single(r.Addr()), talks.Defaults)
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

// TestAProcessHearsOfTalksThatMoved lets two processes write one talk in turn.
func TestAProcessHearsOfTalksThatMoved(t *testing.T) {
	t.Run("miniredis", func(t *testing.T) {
		address := miniredis.RunT(t).Addr()
		moves(t, func() redis.UniversalClient { return single(address) })
	})
	t.Run("cluster", func(t *testing.T) {
		nodes := redistest.Cluster(t)
		moves(t, func() redis.UniversalClient { return redis.NewClusterClient(&redis.ClusterOptions{Addrs: nodes}) })
	})
}

func moves(t *testing.T, dial func() redis.UniversalClient) {
	t.Helper()
	shared := keys(t)
	process := func() *talks.Store {
		client := dial()
		t.Cleanup(func() { client.Close() })
		s, err := talks.Open(t.Context(), client, shared, talks.Defaults)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one, other := process(), process()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	heard := make(chan desk.TalkID, 100)
	var listening sync.WaitGroup
	listening.Go(func() { one.Strayed(ctx, func(id desk.TalkID) { heard <- id }) })
	was := ""
	for n := range 200 { // until the subscription is there
		for i, s := range []*talks.Store{one, other} {
			next, _, err := s.Commit(ctx, desk.Commit{
				Talk: desk.Talk{ID: "a", Case: flows.Case{Seq: int64(2*n + i + 1)}}, Was: was, Event: flows.Event{ID: fmt.Sprint(n, "/", i), At: time.Now()},
			})
			if err != nil {
				t.Fatal(err)
			}
			was = next.Revision
		}
		select {
		case id := <-heard:
			if id != "a" {
				t.Errorf("the process is told to forget %q", id)
			}
			cancel()
			listening.Wait()
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Error("the process is never told that another has written its talk")
}

// TestFreshUntilArchived follows somebody who never pauses: they are archived
// all the same, and what they said meanwhile stays to be archived.
func TestFreshUntilArchived(t *testing.T) {
	ctx := t.Context()
	client := single(miniredis.RunT(t).Addr())
	t.Cleanup(func() { client.Close() })
	s, err := talks.Open(ctx, client, keys(t), talks.Defaults)
	if err != nil {
		t.Fatal(err)
	}
	began, was := time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), ""
	says := func(after time.Duration) (mark string) {
		t.Helper()
		at := began.Add(after)
		next, _, err := s.Commit(ctx, desk.Commit{
			Talk: desk.Talk{ID: "a", Case: flows.Case{Seq: 1}}, Was: was, Event: flows.Event{ID: at.String(), At: at}, Lines: []desk.Line{{At: at, Text: "喂"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		was = next.Revision
		_, mark, err = s.Lines(ctx, "a", "")
		if err != nil {
			t.Fatal(err)
		}
		return mark
	}
	wantFresh := func(after time.Duration, want int) {
		t.Helper()
		if ids, err := s.Fresh(ctx, began.Add(after)); err != nil || len(ids) != want {
			t.Errorf("%v after the first line, %d talks are fresh, %v, want %d", after, len(ids), err, want)
		}
	}
	archived := func(after time.Duration, mark string) {
		t.Helper()
		if err := s.Archived(ctx, began.Add(after), map[desk.TalkID]string{"a": mark}); err != nil {
			t.Fatal(err)
		}
	}
	first := says(0)
	last := says(20 * time.Second)
	wantFresh(time.Second, 1)
	archived(21*time.Second, first)
	wantFresh(20*time.Second, 0)
	wantFresh(21*time.Second, 1)
	archived(22*time.Second, last)
	wantFresh(time.Hour, 0)
}
