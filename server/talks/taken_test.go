package talks_test

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/server/talks"
	"certdesk/server/talks/redistest"
)

func TestALinkIsTheFirstBrowsersInMiniredis(t *testing.T) {
	r := miniredis.RunT(t)
	takesLinks(t, func() redis.UniversalClient { return single(r.Addr()) })
}

func TestALinkIsTheFirstBrowsersInRedis(t *testing.T) {
	address := redistest.Single(t)
	takesLinks(t, func() redis.UniversalClient { return single(address) })
}

// takesLinks has many processes take one link for as many browsers at once. The
// one that has it keeps it, and has it for no longer than it lives.
func takesLinks(t *testing.T, dial func() redis.UniversalClient) {
	t.Helper()
	client := dial()
	shelf := open(t, client, talks.Defaults).Shelf()
	var owner atomic.Value
	var taken atomic.Int32
	var all sync.WaitGroup
	together := make(chan struct{})
	for i := range 50 {
		process := open(t, dial(), talks.Defaults).Shelf()
		all.Go(func() {
			<-together
			mine, err := process.TakeLink(t.Context(), "link", strconv.Itoa(i), time.Minute)
			if err != nil {
				t.Error(err)
			}
			if mine {
				owner.Store(strconv.Itoa(i))
				taken.Add(1)
			}
		})
	}
	close(together)
	all.Wait()
	if taken.Load() != 1 {
		t.Fatalf("%d browsers took one link", taken.Load())
	}
	for browser, want := range map[string]bool{owner.Load().(string): true, "another": false} {
		if mine, err := shelf.TakeLink(t.Context(), "link", browser, time.Minute); err != nil || mine != want {
			t.Errorf("TakeLink by %s = %v, %v, want %v", browser, mine, err, want)
		}
	}
	everywhere(t, client, func(node *redis.Client) error { return age(t.Context(), node, 2*time.Minute) })
	if mine, err := shelf.TakeLink(t.Context(), "link", "another", time.Minute); err != nil || !mine {
		t.Errorf("TakeLink when it had ended = %v, %v, want it free", mine, err)
	}
}
