package flows

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
)

// Choices are printed with numbers. People pick one by a tap, by its number
// however they write it, or by its words.

// picked finds the exit of a printed choice. One that is an answer as well leads
// wherever the answer does.
func (m *move) picked(step Step, said Said, word string) (Exit, bool) {
	for n, x := range m.options(step) {
		if said.Choice != "" {
			if said.Choice == choiceID(step.At, x.On.pick) {
				return x, true
			}
			continue
		}
		if ordinal(word) == strconv.Itoa(n+1) || x.On.named(word) {
			return x, true
		}
	}
	if said.Choice != "" || m.c.Away == m.event.Away {
		return Exit{}, false
	}
	now := *m // a word, unlike a number, may name what could not be printed then and is there now
	now.c.Away = m.event.Away
	for _, x := range now.options(step) {
		if x.On.named(word) {
			return x, true
		}
	}
	return Exit{}, false
}

// agrees reports whether an exit gives a consent: that takes somebody who was
// shown the question.
func (x Exit) agrees(c Case) bool {
	return slices.ContainsFunc(x.Do, func(a Action) bool {
		if a.Effect == nil {
			return false
		}
		_, ok := a.Effect(c).(Agree)
		return ok
	})
}

// options lists what is printed as choices now, in its order: the answers that
// the step's reader offers, then the exits; of several with one label, the first
// that holds.
func (m *move) options(step Step) []Exit {
	var open []Exit
	if step.Read != nil && step.Read.Offer != nil {
		for _, label := range step.Read.Offer(m.c.Form) {
			open = append(open, Exit{On: Trigger{pick: label, read: true}})
		}
	}
	for _, x := range step.Exits {
		same := func(o Exit) bool { return o.On.pick == x.On.pick }
		if x.On.pick != "" && m.holds(x) && !slices.ContainsFunc(open, same) {
			open = append(open, x)
		}
	}
	return open
}

// ordinal is the number in 1, ①, 一, 第一个 and 选1.
func ordinal(word string) string {
	word = circled.Replace(word)
	for _, before := range []string{"我选", "选", "第"} {
		word = strings.TrimPrefix(word, before)
	}
	for _, after := range []string{"个", "项", "种", "条", "家"} {
		word = strings.TrimSuffix(word, after)
	}
	return hanDigits.Replace(word)
}

var circled = strings.NewReplacer("①", "1", "②", "2", "③", "3", "④", "4", "⑤", "5", "⑥", "6", "⑦", "7", "⑧", "8", "⑨", "9")

func (t Trigger) named(word string) bool {
	if word == "" {
		return false
	}
	if normal(t.pick) == word {
		return true
	}
	for _, w := range t.words {
		if normal(w) == word {
			return true
		}
	}
	return false
}

// choiceID makes the identifier of a printed choice: eight digits, from the
// step's name and the option's label. So a choice keeps its meaning when a
// release or a guard puts it in another place, and one that is gone is old.
func choiceID(at State, label string) string {
	h := fnv.New32a()
	h.Write([]byte(at))
	h.Write([]byte{0})
	h.Write([]byte(label))
	return strconv.Itoa(int(h.Sum32()%90_000_000 + 10_000_000))
}
