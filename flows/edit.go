package flows

import (
	"slices"
	"strings"
)

// An answer given before can be changed by its name: “修改收货地址”. The
// applicant is taken back to the page that asked for it, and from there to
// where they were; what the way between would ask again, and nothing has
// changed, is not asked.

var (
	editBefore = []string{"我要修改", "我想修改", "修改一下", "修改", "更改", "更正", "改一下", "改"}
	editAfter  = []string{"填错了", "写错了", "输错了", "错了", "不对", "有误", "要改"}
)

// toEdit returns the name of what somebody wants to change.
func toEdit(word string) (name string, ok bool) {
	for _, w := range editBefore {
		if name, ok = strings.CutPrefix(word, w); ok {
			return strings.TrimPrefix(name, "我的"), true
		}
	}
	for _, w := range editAfter {
		if name, ok = strings.CutSuffix(word, w); ok {
			return strings.TrimPrefix(name, "我的"), true
		}
	}
	return "", false
}

// edit goes back to the page with the answer that a word names.
func (m *move) edit(step Step, word string) bool {
	name, ok := toEdit(word)
	if !ok {
		return false
	}
	here := step
	if left, ok := m.flow.Step(m.c.Left); ok {
		here = left
	}
	page, field, ok := m.named(here, name)
	if !ok {
		return false
	}
	m.via = "edit"
	m.c.Editing = ""
	switch {
	case page.At == here.At:
		m.say("“" + field.Label + "”就在这一页里填写。")
		m.askAgain(here)
	case m.leads(page, here):
		m.say("好的，请在页面里改“" + field.Label + "”，其他没有变化的不用再填。")
		m.enter(page.At)
		m.c.Editing = here.At
	case slices.ContainsFunc(m.flow.behind(here), func(s Step) bool { return s.At == page.At }):
		m.say("好的，请在页面里改“" + field.Label + "”。后面与它有关的会再请您确认。")
		m.enter(page.At)
	default:
		m.say("“" + field.Label + "”已经办过，不能在这里修改。需要更正，请回复“" + WordHuman + "”。")
		m.ask(step)
	}
	return true
}

// named finds the answer that a name means best: of those that were given, or
// are asked for right now. A name says what it means at its end, as in “收货地址”;
// of equals, the page asked last wins, because that is what people look back to.
func (m *move) named(here Step, name string) (page Step, field Field, ok bool) {
	best := 0
	for _, chapter := range m.flow.Chapters {
		for _, s := range chapter.Steps {
			if s.Page == nil {
				continue
			}
			found := false
			for _, f := range s.Page.Fields {
				if f.Input == InputFixed || f.Input == InputAgree || !m.c.Form.Has(f.Key) && s.At != here.At {
					continue
				}
				alike := 4*overlap(name, f.Label) + 2*specific(name, s.Page.Title) + headword(name, f.Label)
				if alike > best || alike == best && alike > 0 && !found {
					page, field, ok, best, found = s, f, true, alike, true
				}
			}
		}
	}
	return page, field, ok
}

// headword is 3 when two names end alike: more than a further character alike,
// less than two.
func headword(a, b string) int {
	x, y := []rune(a), []rune(b)
	if len(x) >= 2 && len(y) >= 2 && string(x[len(x)-2:]) == string(y[len(y)-2:]) {
		return 3
	}
	return 0
}

// overlap is the length of the longest run of characters that two names share;
// a single one is none.
func overlap(a, b string) int {
	x, y, best := []rune(a), []rune(b), 0
	for i := range x {
		for j := range y {
			n := 0
			for i+n < len(x) && j+n < len(y) && x[i+n] == y[j+n] {
				n++
			}
			best = max(best, n)
		}
	}
	if best < 2 {
		return 0
	}
	return best
}

// specific is the overlap with a page's title, of more than the word that many
// titles end in.
func specific(name, title string) int {
	if n := overlap(name, title); n > 2 {
		return n
	}
	return 0
}

// leads reports whether the pages alone lead from one step to another, when all
// their answers are known.
func (m *move) leads(from, to Step) bool {
	for range len(m.flow.Chapters) * 8 { // longer than any way through pages
		next, ok := m.through(from)
		if !ok {
			return false
		}
		if next.To == to.At {
			return true
		}
		from, _ = m.flow.Step(next.To)
	}
	return false
}

// through is the row that is taken when a step has its answer.
func (m *move) through(step Step) (Exit, bool) {
	for _, x := range step.Exits {
		if x.On.read && m.holds(x) {
			return x, true
		}
	}
	return Exit{}, false
}

// behind lists the steps that “返回” leads to, one after the other.
func (f *Flow) behind(step Step) []Step {
	var all []Step
	for at := step.Back; at != ""; {
		s, ok := f.Step(at)
		if !ok || slices.ContainsFunc(all, func(o Step) bool { return o.At == at }) {
			break
		}
		all, at = append(all, s), s.Back
	}
	return all
}

// passes returns the row through a step that need not be asked again, because
// the applicant changed something before it and it has all its answers.
func (m *move) passes(step Step) (Exit, bool) {
	if m.c.Editing == "" {
		return Exit{}, false
	}
	next, ok := m.through(step)
	if !ok || step.Page == nil || step.At == m.c.Editing || next.To == Again { // there, or refused and asked again
		m.c.Editing = ""
		return Exit{}, false
	}
	for _, f := range step.Page.Fields {
		if !f.Optional && !m.c.Form.Has(f.Key) {
			return Exit{}, false
		}
	}
	return next, true
}
