package desk_test

import (
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
)

// What cannot be delivered is said first, once, when the applicant is back.
func TestWhatReachedNobodyIsSaidAtTheNextContact(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.town.mu.Lock()
	h.town.unspoken = desk.ErrClosed
	h.town.mu.Unlock()
	for _, what := range []flows.Happening{
		flows.Taken{Agent: "lin", Name: "小林"}, flows.AgentSaid{Agent: "lin", Text: "资料已经收到"}, flows.Handed{Agent: "lin"},
	} {
		e := h.event(what)
		e.Via = flows.Console
		if _, err := h.desk.HandleTalk(t.Context(), h.id(), e); err != nil {
			t.Fatal(err)
		}
	}
	// The agent wrote under an epoch that has ended since; the greeting too.
	h.until("the unsent lines", func() bool { return h.transcript(desk.WhoUnsent) != "" })
	e := h.event(flows.Taken{Agent: "lin", Name: "小林"})
	e.Via = flows.Console
	if _, err := h.desk.HandleTalk(t.Context(), h.id(), e); err != nil {
		t.Fatal(err)
	}
	h.until("the unheard text to wait", func() bool { return len(h.talk().Case.Unheard) > 0 })
	first := h.says("我回来了")
	if len(first.Replies) == 0 || !strings.Contains(first.Replies[0].Text, "我是客服小林") {
		t.Errorf("the first answer is %+v, want what could not be delivered", first.Replies)
	}
	if second := h.says("在吗"); len(second.Replies) != 0 {
		t.Errorf("the second answer is %+v, want none: an agent has the talk", second.Replies)
	}
}
