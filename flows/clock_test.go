package flows

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Clocks that ring more than once: each ring must be a new event to the desk,
// which names the event of a ring after the entry that set it.

// ring lets the last clock of an outcome run out, as the desk does.
func ring(t *testing.T, f *Flow, out Outcome) Outcome {
	t.Helper()
	for _, e := range slices.Backward(out.Effects) {
		if w, ok := e.(Wait); ok && w.Nudge == 0 {
			return f.Decide(out.Case, Event{ID: "clock/" + w.Entry, At: noon, Via: Within, What: Waited{Entry: w.Entry}})
		}
	}
	t.Fatalf("no clock is set: %v", out.Script())
	return Outcome{}
}

func TestClockOfOneStayRingsAgain(t *testing.T) {
	f := Manual(testPhone)
	for _, at := range []State{DeliveryPacking, DeliveryUnbooked, DeliveryWay, DeliveryTrouble, PaymentOrdering, ActivationTicket} {
		m := &move{flow: f, event: Event{ID: "e1"}, c: Case{Form: Form{}}}
		m.enter(at)
		out := Outcome{Case: m.c, Effects: m.effects}
		seen := map[string]bool{out.Case.Entry: true}
		for n := range 3 {
			out = ring(t, f, out)
			if entry := out.Case.Entry; out.Case.At != at || out.Via == "old clock" || seen[entry] || len(entry) > 20 {
				t.Errorf("%s, ring %d: at %s (%s), entry %q, want to stay with a new short one", at, n+1, out.Case.At, out.Via, entry)
			}
			seen[out.Case.Entry] = true
		}
	}
}

// TestSorryOnce keeps a step that works for days from saying sorry every half
// an hour; a later stay in the same step is told anew.
func TestSorryOnce(t *testing.T) {
	f := Manual(testPhone)
	for _, at := range f.States() {
		step, _ := f.Step(at)
		if step.Turn.Takes != "通常不到1分钟" {
			continue
		}
		m := &move{flow: f, event: Event{ID: "e1"}, c: Case{Form: Form{}}}
		m.enter(at)
		out := Outcome{Case: m.c, Effects: m.effects}
		for n, want := range []string{"1 call, 1 reply, next in 6h0m0s", "0 call, 0 reply, next in 6h0m0s", "0 call, 0 reply, next in 6h0m0s"} {
			out = ring(t, f, out)
			if got := sums(out); got != want {
				t.Errorf("%s, ring %d: %s, want %s", at, n+1, got, want)
			}
		}
		m = &move{flow: f, event: Event{ID: "e2"}, c: out.Case}
		m.enter(CancelConfirm)
		m.enter(at)
		if !told.Holds(m.c, m.event) {
			t.Errorf("%s: a detour made us forget that we said sorry", at)
		}
		m.enter(Welcome)
		if m.c.Form.Has(KeyTold) {
			t.Errorf("%s: a later stay would not be told", at)
		}
	}
}

func sums(out Outcome) string {
	var next time.Duration
	for _, e := range out.Effects {
		if w, ok := e.(Wait); ok {
			next = w.For
		}
	}
	return fmt.Sprintf("%d call, %d reply, next in %s", count[CallAgent](out), len(out.Replies), next)
}

// TestDetourGoesBack keeps somebody who does not answer "cancel?" from losing
// the clock of the step they left.
func TestDetourGoesBack(t *testing.T) {
	f := Manual(testPhone)
	for at, left := range map[State]State{CancelConfirm: PaymentPay, CancelPaid: DeliveryWay} {
		m := &move{flow: f, event: Event{ID: "e1"}, c: Case{At: left, Form: Form{}}}
		m.enter(at)
		out := ring(t, f, Outcome{Case: m.c, Effects: m.effects})
		if out.Case.At != left || count[Wait](out) != 1 {
			t.Errorf("nobody answers at %s: %v, want %s and its clock", at, out.Script(), left)
		}
	}
}
