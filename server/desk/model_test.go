package desk_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Random histories of one applicant on two processes: what is said, what is
// delivered again, writes that fail before they are done or after, jobs that
// run meanwhile, and a Redis that is emptied. The model is a list: which events
// were answered, with what, and whether Redis has forgotten them since.

// history is one run.
type history struct {
	*house
	rt       *rapid.T
	desks    [2]*desk.Desk
	trouble  *breakage
	answered map[string]string // event → its answer, since Redis was last emptied
	events   []flows.Event
}

// hands delivers an event to one of the processes, as WeChat does: up to three
// times, until it is taken.
func (h *history) hands(e flows.Event) {
	for range 3 {
		answer, err := h.desks[rapid.IntRange(0, 1).Draw(h.rt, "process")].Handle(h.t.Context(), h.identity(), e)
		if err != nil {
			continue
		}
		text, err := json.Marshal(answer.Replies)
		if err != nil {
			h.rt.Fatal(err)
		}
		heard := fmt.Sprint(string(text), answer.Queued)
		if before, known := h.answered[e.ID]; known && before != heard {
			h.rt.Fatalf("event %s was answered with %s, and then with %s", e.ID, before, heard)
		}
		h.answered[e.ID] = heard
		return
	}
}

func (h *history) says(text string) {
	e := h.event(flows.Said{Text: text})
	h.events = append(h.events, e)
	h.hands(e)
}

// actions are what may happen next.
func (h *history) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"say": func(rt *rapid.T) {
			h.says(rapid.SampledFrom([]string{"帮助", "到哪了", "返回", "1", "2", "乱说一句", "立即实名", "同意", "取消", "继续办理", "谢谢"}).Draw(rt, "text"))
		},
		"deliver again": func(rt *rapid.T) {
			if len(h.events) > 0 {
				h.hands(h.events[rapid.IntRange(max(0, len(h.events)-3), len(h.events)-1).Draw(rt, "event")])
			}
		},
		"break": func(rt *rapid.T) {
			op := rapid.SampledFrom([]string{"commit", "enter", "settled", "done", "accepted"}).Draw(rt, "write")
			h.trouble.mu.Lock()
			defer h.trouble.mu.Unlock()
			if rapid.Bool().Draw(rt, "although done") {
				h.trouble.after[op] = 1
			} else {
				h.trouble.before[op] = 1
			}
		},
		"lose Redis": func(rt *rapid.T) {
			if rapid.IntRange(0, 3).Draw(rt, "rarely") == 0 {
				h.redis.FlushAll()
				h.answered = map[string]string{}
			}
		},
	}
}

// judged compares the transcript, which is what was decided since Redis was last
// emptied, with itself and with the talk: each event once, and no more of them
// than the talk has decided.
func (h *history) judged() {
	lines, _, err := h.store.Lines(h.t.Context(), h.id(), "")
	if err != nil {
		h.rt.Fatal(err)
	}
	seen := map[string]bool{}
	for _, l := range lines {
		if l.ID == "" {
			continue
		}
		if seen[l.ID] {
			h.rt.Fatalf("event %s was decided twice", l.ID)
		}
		seen[l.ID] = true
	}
	if talk, err := h.store.Load(h.t.Context(), h.id()); err == nil && int64(len(seen)) != talk.Case.Seq {
		h.rt.Fatalf("%d events were decided, and the talk counts %d", len(seen), talk.Case.Seq)
	}
	for id := range h.answered {
		if !seen[id] {
			h.rt.Fatalf("event %s was answered and is in no transcript", id)
		}
	}
}

// TestRandomHistories plays fifteen of them, or as many as -rapid.checks says.
func TestRandomHistories(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	if was := checks.Value.String(); was == checks.DefValue {
		if err := checks.Value.Set("15"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Value.Set(was) }()
	}
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{house: newHouse(t), rt: rt, answered: map[string]string{}}
		h.trouble = &breakage{before: map[string]int{}, after: map[string]int{}}
		for i := range h.desks {
			h.desks[i] = h.newDesk(brokenTalks{h.store, h.trouble}, brokenLedger{h.book, h.trouble})
		}
		h.desk = h.desks[0]
		stop := h.work(h.desk)
		defer func() { stop() }()
		h.registers()
		rt.Repeat(h.actions())
		stop() // or a report is decided while we count
		h.judged()

		// Whatever happened, the rest of the way is open, and nothing is there twice.
		h.trouble.mu.Lock()
		h.trouble.before, h.trouble.after = map[string]int{}, map[string]int{}
		h.trouble.mu.Unlock()
		stop = h.work(h.desk)
		if at := h.talk().Case.At; at == flows.CancelConfirm || at == flows.CancelPaid {
			h.house.says("继续办理")
		}
		h.until("the applicant to be somewhere with a way on", func() bool {
			facts, err := h.book.Facts(t.Context(), h.id())
			return err == nil && facts.Registered && len(h.house.says("帮助").Replies) > 0
		})
		if _, _, texts := h.town.books(); texts != 1 {
			rt.Fatalf("%d SMS went out, want one", texts)
		}
	})
}
