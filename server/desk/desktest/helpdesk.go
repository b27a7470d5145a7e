package desktest

// The suite of the agents' queue: nobody waits twice, nobody is forgotten.

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Helping is what the suite needs of a store.
type Helping interface {
	desk.Book
	desk.Jobs
	desk.Helpdesk
}

// Helpdesk runs the suite of [desk.Helpdesk].
func Helpdesk(t *testing.T, open func(t *testing.T) Helping) {
	run(t, open, map[string]func(*testing.T, Helping){
		"who called first is first":                firstIsFirst,
		"a talk waits once while its call is open": waitsOnce,
		"rivals call an agent once":                rivalsCall,
		"an answered call is over":                 answeredIsOver,
		"a talk that an agent holds is listed":     heldIsListed,
	})
}

func callAgent(t *testing.T, h Helping, talk desk.TalkID, event, why string, at time.Time) flows.Happening {
	t.Helper()
	if err := h.CallAgent(t.Context(), Ref(talk, event), why, at); err != nil {
		t.Fatalf("CallAgent(%s): %v", event, err)
	}
	return Answer(t, h, Ref(talk, event))
}

func waiting(t *testing.T, h Helping) []desk.Help {
	t.Helper()
	all, err := h.Waiting(t.Context())
	if err != nil {
		t.Fatalf("Waiting: %v", err)
	}
	return all
}

func firstIsFirst(t *testing.T, h Helping) {
	late, early := NewTalk(t, h, "late"), NewTalk(t, h, "early")
	Save(t, h, early, "p", flows.PersonPage, "name", "张三")
	if got := callAgent(t, h, early, "e1", "applicant", Noon); got != (flows.AgentCalled{}) {
		t.Errorf("the first call reports %#v, want nobody before it", got)
	}
	if got := callAgent(t, h, late, "e2", "slow", Noon.Add(time.Minute)); got != (flows.AgentCalled{Before: 1}) {
		t.Errorf("the second call reports %#v, want one before it", got)
	}
	all := waiting(t, h)
	if len(all) != 2 || all[0].Talk != early || all[1].Talk != late {
		t.Fatalf("Waiting = %+v, want the earlier call first", all)
	}
	if !slices.Equal(all[0].Why, []string{"applicant"}) || !all[0].Since.Equal(Noon) || all[0].Name.Reveal() != "张三" {
		t.Errorf("Waiting[0] = %+v, want why, since when and who", all[0])
	}
}

func waitsOnce(t *testing.T, h Helping) {
	talk := NewTalk(t, h, "oA")
	callAgent(t, h, talk, "e1", "applicant", Noon)
	if got := callAgent(t, h, talk, "e2", "slow", Noon.Add(time.Hour)); got != (flows.AgentCalled{}) {
		t.Errorf("a second call reports %#v, want the same place", got)
	}
	callAgent(t, h, talk, "e3", "slow", Noon.Add(2*time.Hour))
	if all := waiting(t, h); len(all) != 1 || !slices.Equal(all[0].Why, []string{"applicant", "slow"}) || !all[0].Since.Equal(Noon) {
		t.Errorf("Waiting = %+v, want the first call, and each reason once", all)
	}
}

func rivalsCall(t *testing.T, h Helping) {
	talk := NewTalk(t, h, "oA")
	AllSucceed(t, Together(func(i int) error {
		return h.CallAgent(t.Context(), Ref(talk, fmt.Sprint("e", i)), "applicant", Noon)
	}))
	if all := waiting(t, h); len(all) != 1 {
		t.Errorf("Waiting = %+v, want one call", all)
	}
}

func answeredIsOver(t *testing.T, h Helping) {
	talk := NewTalk(t, h, "oA")
	callAgent(t, h, talk, "e1", "applicant", Noon)
	for range 2 {
		if err := h.Answered(t.Context(), talk, Noon); err != nil {
			t.Fatalf("Answered: %v", err)
		}
	}
	if err := h.CallAgent(t.Context(), Ref(talk, "e1"), "applicant", Noon); err != nil {
		t.Fatalf("CallAgent, its job run again: %v", err)
	}
	if all := waiting(t, h); len(all) != 0 {
		t.Errorf("Waiting = %+v, want nobody", all)
	}
	callAgent(t, h, talk, "e2", "applicant", Noon.Add(time.Hour))
	if all := waiting(t, h); len(all) != 1 {
		t.Errorf("Waiting after another call = %+v, want it", all)
	}
}

func heldIsListed(t *testing.T, h Helping) {
	talk := NewTalk(t, h, "oA")
	owner := flows.Owner{Kind: flows.OwnerAgent, Agent: "li", Name: "小李", Epoch: 1}
	Enter(t, h, talk, "e1", flows.Own{Owner: owner})
	if all := waiting(t, h); len(all) != 1 || all[0].Talk != talk || all[0].Owner != owner || !all[0].Since.Equal(Noon) {
		t.Errorf("Waiting = %+v, want the talk that the agent holds", all)
	}
	Enter(t, h, talk, "e2", flows.Own{Owner: flows.Owner{Epoch: 2}})
	if all := waiting(t, h); len(all) != 0 {
		t.Errorf("Waiting after the hand-back = %+v, want nobody", all)
	}
}
