package flows

import (
	"hash/fnv"
	"strconv"
)

// Each stay at a step has one clock. It is named after the entry that set it,
// so that the ring of a stay that is over moves nothing.

// waited moves on when the clock of this very stay has run out. Whoever stays
// is given a new clock, or nobody would ever look again; it has a new entry,
// because the ring of the old one has been heard.
func (m *move) waited(step Step, w Waited) {
	m.via = "old clock"
	if w.Entry != m.c.Entry {
		return
	}
	if w.Nudge > 0 {
		m.reminded(step, w.Nudge)
		return
	}
	for _, x := range step.Exits {
		if x.On.after > 0 && m.holds(x) {
			m.take(x)
			if x.To == Stay {
				m.c.Entry = entry(m.event)
				m.wind(step)
				if m.c.Away != m.event.Away { // another way may be open now, or this one again
					m.ask(step)
				}
			}
			return
		}
	}
}

// entry names an arrival by the event that led to it. The event of a clock is
// named after the entry that set it, so a digest stands for it: a case that
// waits for weeks keeps a short name.
func entry(e Event) string {
	if e.What == nil || e.What.Kind() != KindWaited {
		return e.ID
	}
	h := fnv.New64a()
	h.Write([]byte(e.ID))
	return "t" + strconv.FormatUint(h.Sum64(), 36)
}

// wind sets the step's clock: the first that holds, as it is the first that
// holds which is taken when it rings.
func (m *move) wind(step Step) {
	for _, x := range step.Exits {
		if x.On.after > 0 && m.holds(x) {
			m.effects = append(m.effects, Wait{Entry: m.c.Entry, For: x.On.after, ByDay: x.On.byDay})
			return
		}
	}
}
