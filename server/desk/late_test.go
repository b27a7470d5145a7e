package desk_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// An answer that would miss its deadline, and a caller who does not wait.

func TestAnAnswerThatWouldBeLateFollowsAsAMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.says("你好")
	e := h.event(flows.Said{Text: "帮助"})
	soon, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	answer, err := h.desk.Handle(soon, h.identity(), e)
	if err != nil || !answer.Queued {
		t.Fatalf("Handle near the deadline = %+v, %v, want it queued", answer, err)
	}
	again, err := h.desk.Handle(t.Context(), h.identity(), e)
	if err != nil || !again.Queued {
		t.Errorf("the redelivery = %+v, %v, want it queued as before", again, err)
	}
	h.until("the message", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return slices.ContainsFunc(h.town.said, func(s string) bool { return strings.Contains(s, answer.Replies[0].Text) })
	})
}

// leaving is a store whose caller gives up just before the commit.
type leaving struct {
	desk.Talks
	leave context.CancelFunc
}

func (l leaving) Commit(ctx context.Context, chain ...desk.Commit) (desk.Talk, desk.Answer, error) {
	l.leave()
	return l.Talks.Commit(ctx, chain...)
}

func TestACommitIsFinishedWhoeverWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, leave := context.WithCancel(t.Context())
	d := h.newDesk(leaving{h.store, leave}, h.book)
	e := h.event(flows.Said{Text: "你好"})
	answer, err := d.Handle(ctx, h.identity(), e)
	if err != nil || len(answer.Replies) == 0 {
		t.Fatalf("Handle = %+v, %v", answer, err)
	}
	if _, err := d.Handle(ctx, h.identity(), h.event(flows.Said{Text: "个人证书"})); err == nil {
		t.Error("an event of a caller who has left was decided")
	}
	if seq := h.talk().Case.Seq; seq != 1 {
		t.Errorf("the talk decided %d events, want 1", seq)
	}
}
