package desk_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Many events of one talk at once, in one process.

// gated is a store that keeps the first commit until the gate opens, and
// counts all.
type gated struct {
	desk.Talks
	gate    chan struct{}
	at      chan struct{} // a commit has come
	mu      sync.Mutex
	commits []int // events in each
	fail    error
}

func (g *gated) Commit(ctx context.Context, chain ...desk.Commit) (desk.Talk, desk.Answer, error) {
	g.mu.Lock()
	g.commits = append(g.commits, len(chain))
	first, fail := len(g.commits) == 1, g.fail
	g.mu.Unlock()
	if first {
		close(g.at)
		<-g.gate
	} else if fail != nil {
		return desk.Talk{}, desk.Answer{}, fail
	}
	return g.Talks.Commit(ctx, chain...)
}

// observed is a context that tells when somebody waits for it to end.
type observed struct {
	context.Context
	waits chan<- struct{}
}

func (o observed) Done() <-chan struct{} {
	o.waits <- struct{}{}
	return o.Context.Done()
}

// crowd sends events at once while the first one is being stored, and returns
// the answers.
func (h *house) crowd(g *gated, events []flows.Event, leaves int) ([]desk.Answer, []error) {
	h.t.Helper()
	d := h.newDesk(g, h.book)
	id := h.talk().ID
	answers, errs := make([]desk.Answer, len(events)), make([]error, len(events))
	waits := make(chan struct{}, len(events))
	gone, leave := context.WithCancel(h.t.Context())
	var all sync.WaitGroup
	for i, e := range events {
		ctx := h.t.Context()
		if i == leaves {
			ctx = gone
		}
		all.Go(func() { answers[i], errs[i] = d.HandleTalk(observed{ctx, waits}, id, e) })
		if i == 0 {
			<-g.at
			for len(waits) > 0 { // the first waited for Redis, and not in the queue
				<-waits
			}
		} else {
			<-waits
		}
	}
	leave()
	close(g.gate)
	all.Wait()
	return answers, errs
}

func (h *house) questions(n int) []flows.Event {
	events := make([]flows.Event, n)
	for i := range events {
		events[i] = h.event(flows.Said{Text: "帮助"})
	}
	return events
}

func TestABurstIsStoredTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	g := &gated{Talks: h.store, gate: make(chan struct{}), at: make(chan struct{})}
	_, errs := h.crowd(g, h.questions(20), -1)
	for i, err := range errs {
		if err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
	if !slices.Equal(g.commits, []int{1, 19}) {
		t.Errorf("commits of %v events, want the first alone and the others together", g.commits)
	}
	if seq := h.talk().Case.Seq; seq != 21 {
		t.Errorf("the talk decided %d events, want 21", seq)
	}
}

// TestABurstWithARedelivery sends one event twice, and lets a caller leave.
func TestABurstWithARedelivery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	events := h.questions(8)
	events[5] = events[2]
	g := &gated{Talks: h.store, gate: make(chan struct{}), at: make(chan struct{})}
	answers, errs := h.crowd(g, events, 7)
	for i, err := range errs[:7] {
		if err != nil || len(answers[i].Replies) == 0 {
			t.Errorf("event %d: %+v, %v", i, answers[i], err)
		}
	}
	if !errors.Is(errs[7], context.Canceled) && errs[7] != nil {
		t.Errorf("the caller who left: %v", errs[7])
	}
	want := int64(1 + 6)
	if errs[7] == nil {
		want++ // it was taken before it could leave
	}
	if seq := h.talk().Case.Seq; seq != want {
		t.Errorf("the talk decided %d events, want %d", seq, want)
	}
}

// TestABurstThatCannotBeStored tells everybody; what comes again is decided.
func TestABurstThatCannotBeStored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	events := h.questions(6)
	g := &gated{Talks: h.store, gate: make(chan struct{}), at: make(chan struct{}), fail: errBroken}
	_, errs := h.crowd(g, events, -1)
	for i, err := range errs[1:] {
		if !errors.Is(err, errBroken) {
			t.Errorf("event %d: %v, want what the store said", i+1, err)
		}
	}
	if len(g.commits) != 2 {
		t.Errorf("%d commits, want the first and one for all others", len(g.commits))
	}
	for _, e := range events {
		if _, err := h.desk.HandleTalk(t.Context(), h.talk().ID, e); err != nil {
			t.Fatal(err)
		}
	}
	if seq := h.talk().Case.Seq; seq != 7 {
		t.Errorf("the talk decided %d events, want 7", seq)
	}
}
