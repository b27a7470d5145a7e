package desk_test

import (
	"testing"
	"time"

	"certdesk/server/desk"
)

// TestProcessesWhoseClocksDiffer lets two processes serve one person in turn, and
// share the jobs. They are four seconds apart, where a code lives for fifteen.
func TestProcessesWhoseClocksDiffer(t *testing.T) {
	h := newHouse(t)
	began := h.clock
	desks := make(map[time.Duration]*desk.Desk)
	for _, off := range []time.Duration{-2 * time.Second, 2 * time.Second} {
		desks[off] = h.newDeskBy(func() time.Time { return began.Add(off) }, h.store, h.book)
		h.work(desks[off])
	}
	off := 2 * time.Second
	for _, part := range []func(){h.registers, h.proves, h.chooses, h.pays} {
		off = -off
		h.desk, h.clock = desks[off], began.Add(off)
		part()
	}
	if bills, parcels, texts := h.town.books(); bills != 1 || parcels != 1 || texts != 1 {
		t.Errorf("%d bills, %d parcels and %d SMS, want one of each", bills, parcels, texts)
	}
}
