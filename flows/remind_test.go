package flows

import (
	"testing"
	"time"
)

func TestByDay(t *testing.T) {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, Beijing) }
	for _, tt := range []struct{ due, want time.Time }{
		{at(30, 21, 59), at(30, 21, 59)},
		{at(30, 22, 0), at(31, 8, 0)}, // the first of December
		{at(30, 23, 59), at(31, 8, 0)},
		{at(30, 0, 0), at(30, 8, 0)},
		{at(30, 7, 59), at(30, 8, 0)},
		{at(30, 8, 0), at(30, 8, 0)},
		{time.Date(2026, 11, 29, 23, 30, 0, 0, time.UTC), at(30, 8, 0)}, // half past seven in Beijing
	} {
		if got := ByDay(tt.due); !got.Equal(tt.want) {
			t.Errorf("ByDay(%s) = %s, want %s", tt.due.In(Beijing), got.In(Beijing), tt.want)
		}
	}
}

// TestWhoMovesOnIsNotReminded lets the reminder of a step ring after it was
// left.
func TestWhoMovesOnIsNotReminded(t *testing.T) {
	f := Manual(testPhone)
	m := &move{flow: f, event: Event{ID: "e1"}, c: Case{Form: Form{}}}
	m.enter(RegisterAccount)
	entry := m.c.Entry
	m.enter(PersonStart)
	m.c.Entry = "e2"
	out := f.Decide(m.c, Event{ID: "nudge1/" + entry, At: noon, Via: Within, What: Waited{Entry: entry, Nudge: 1}})
	if len(out.Replies) != 0 || len(out.Effects) != 0 {
		t.Errorf("a reminder of a step that was left says %v and asks for %v", out.Replies, out.Effects)
	}
}
