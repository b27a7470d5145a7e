package server

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver called "pgx"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/ledger/ledgertest"
	"certdesk/server/sealed"
	"certdesk/server/talks/redistest"
)

// Several processes on one Redis and one PostgreSQL, for what one cannot show.

func TestMain(m *testing.M) { os.Exit(ledgertest.Main(m)) }

// fleet is a city, and what its processes share.
type fleet struct {
	*town // of the first process
	env   []string
}

// process is one of them.
type process struct {
	*Server
	base  string
	stop  func()     // asks it to stop in order
	ended chan error // how it stopped
}

// newFleet builds the city. Its partners call the address.
func newFleet(t *testing.T, address string, people int) *fleet {
	t.Helper()
	f := &fleet{town: unbuilt(t, address)}
	for name, value := range f.builds(t, people) {
		f.env = append(f.env, name+"="+value)
	}
	ledger := ledgertest.Database(t, "fleet", func(string) error { return nil })
	f.env = append(f.env, prefix+"PUBLIC_URL="+f.base, prefix+"SECRET_KEYS="+sealed.NewKeys(),
		prefix+"REDIS_URL=redis://"+redistest.Synced(t)+"/0", prefix+"DATABASE_URL="+ledger)
	var err error
	if f.books, err = sql.Open("pgx", ledger); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.books.Close() })
	return f
}

// starts a process that listens at the address. It has stopped when the test
// ends, in order.
func (f *fleet) starts(t *testing.T, address string, roles ...ProcessRole) *process {
	t.Helper()
	cfg, err := ConfigFrom(append(f.env, prefix+"LISTEN="+address))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Hurry, cfg.Roles = haste, roles
	s, err := New(t.Context(), cfg, slog.New(slog.NewJSONHandler(f.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{s, "http://" + address, stop, make(chan error, 1)}
	over := make(chan struct{})
	go func() { p.ended <- s.Run(serving); close(over) }()
	t.Cleanup(func() { stop(); <-over })
	f.wait(t, "a process to be ready", func() bool {
		got, err := http.Get(p.base + "/readyz")
		if err != nil {
			return false
		}
		got.Body.Close()
		return got.StatusCode == http.StatusOK
	})
	if f.Server == nil {
		f.Server = s
	}
	return p
}

// TestAStopUnderLoad stops one of two processes while everybody talks, and
// delivers what it did not answer to the other, as WeChat does. A third process
// does the work behind it all: before it is there, none is done.
func TestAStopUnderLoad(t *testing.T) {
	const people, each = 21, 12
	one, other := freeAddress(t), freeAddress(t)
	f := newFleet(t, one, people)
	stopped, stays := f.starts(t, one, RoleWeb), f.starts(t, other, RoleWeb)
	crowd := f.citizens(t)
	id := func(c *citizen, i int) string { return fmt.Sprintf("%s%04d", strings.TrimLeft(c.Mobile, "1"), i) }

	var answered, again atomic.Int64
	var all sync.WaitGroup
	for n, c := range crowd {
		all.Go(func() {
			for i := range each {
				text := fmt.Sprintf("第%d句", i)
				if i == each-1 {
					text = "人工客服"
				}
				inner := f.inner(c.OpenID, "text", "Content", text, "MsgId", id(c, i))
				for try := 0; !f.delivered(t, []*process{stopped, stays}[(n+try)%2], c.OpenID, inner); try++ {
					again.Add(1)
				}
				if answered.Add(1) == people*each/3 {
					stopped.stop()
				}
			}
		})
	}
	all.Wait()
	if err := <-stopped.ended; err != nil {
		t.Errorf("the stop ended with %v", err)
	}
	t.Logf("%d messages were answered, %d deliveries were not", answered.Load(), again.Load())

	for _, c := range crowd {
		lines, _, err := stays.talks.Lines(t.Context(), f.of(t, stays, c), "")
		if err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, l := range lines {
			times[l.ID]++
		}
		for i := range each {
			if n := times["wechat/"+f.cfg.WeChat.OriginalID+"/"+id(c, i)]; n != 1 {
				t.Errorf("message %d of %s is in the transcript %d times, want once", i, c.OpenID, n)
			}
		}
	}
	const owed = "SELECT COUNT(*) FROM effect WHERE done_at = 0"
	f.wait(t, "every call for an agent to be in the ledger", func() bool { return f.count(t, owed) >= len(crowd) })
	if done := f.count(t, "SELECT COUNT(*) FROM effect WHERE done_at > 0 AND job <> 0"); done != 0 {
		t.Errorf("%d effects were done by processes that only answer", done)
	}
	f.starts(t, freeAddress(t), RoleWorker)
	f.wait(t, "the worker to do all of it", func() bool { return f.count(t, owed) == 0 })
}

// delivered pushes a message to a process, once, and reports whether it was
// acknowledged.
func (f *fleet) delivered(t *testing.T, to *process, openid, inner string) bool {
	d := f.shaped(t, openid, inner)
	got, err := http.Post(to.base+"/wechat?"+d.query.Encode(), "text/xml", strings.NewReader(string(d.body)))
	if err != nil {
		return false
	}
	defer got.Body.Close()
	_, err = io.Copy(io.Discard, got.Body)
	return err == nil && got.StatusCode == http.StatusOK
}

// of is the talk of somebody, as a process finds it.
func (f *fleet) of(t *testing.T, p *process, c *citizen) desk.TalkID {
	t.Helper()
	id, err := p.book.Talk(t.Context(), desk.Identity{Channel: flows.WeChat, ID: c.OpenID})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
