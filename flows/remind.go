package flows

import (
	"slices"
	"time"
)

// Reminders: whoever leaves in the middle is asked whether they go on, a few
// times, never at night, and not at all if they do not want it.

// The words by which somebody turns reminders off, and on again.
const (
	WordQuiet  = "不再提醒"
	WordRemind = "恢复提醒"
)

// remindAfter is when somebody is reminded, counted from the arrival at the
// step where they stopped. There is none after the last.
var remindAfter = []time.Duration{24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour}

// The hours, in Beijing, in which nobody is reminded of anything.
const (
	quietFrom = 22
	quietTill = 8
)

// ByDay is a time, or the next morning when it falls into the night.
func ByDay(at time.Time) time.Time {
	local := at.In(Beijing)
	switch {
	case local.Hour() >= quietFrom:
		local = local.AddDate(0, 0, 1)
	case local.Hour() >= quietTill:
		return at
	}
	return time.Date(local.Year(), local.Month(), local.Day(), quietTill, 0, 0, 0, Beijing)
}

// reminds reports whether an applicant who stays at a step is reminded of it:
// it is their turn, they have begun, and the step has no clock of its own that
// rings before.
func (f *Flow) reminds(step Step) bool {
	theirs := step.Turn.Who == "您" || step.Turn.Who == "贵单位财务"
	early := slices.ContainsFunc(step.Exits, func(x Exit) bool { return x.On.after > 0 && x.On.after <= remindAfter[0] })
	return theirs && !early && !step.End && f.milestone(step.At) != ""
}

// remind sets the clock of the nth reminder of this stay.
func (m *move) remind(step Step, n int) {
	if n > len(remindAfter) || !m.flow.reminds(step) || m.c.Form.Has(KeyQuiet) {
		return
	}
	pause := remindAfter[n-1]
	if n > 1 {
		pause -= remindAfter[n-2]
	}
	m.effects = append(m.effects, Wait{Entry: m.c.Entry, For: pause, ByDay: true, Nudge: n})
}

// reminded says where the applicant stopped, unless they have moved on, want no
// reminders, or somebody else speaks with them.
func (m *move) reminded(step Step, n int) {
	m.via = "reminder"
	if !m.flow.reminds(step) || m.c.Form.Has(KeyQuiet) {
		return
	}
	m.say("提醒您：证书还没有办完，停在“" + m.flow.Fill(step.Title, m.c.Form) + "”这一步，接着办就可以。不想再收到提醒，回复“" + WordQuiet + "”。")
	m.ask(step)
	m.remind(step, n+1)
}

// silence turns reminders off or on.
func (m *move) silence(word string) {
	m.via = "reminders"
	if word == WordQuiet {
		m.save(PageID(KeyQuiet), Form{KeyQuiet: Conceal(WordQuiet)})
		m.say("好的，不再提醒您。办理进度会一直保留，需要时直接回复就可以接着办。")
		return
	}
	m.save(PageID(KeyQuiet), Form{KeyQuiet: {}})
	delete(m.c.Form, KeyQuiet)
	m.say("好的，没办完时会再提醒您。")
}

// awayFor is how long somebody may be away before they are told where they
// stopped.
const awayFor = 24 * time.Hour

// comesBack notes that the applicant was heard. Whoever was away for a day is
// told where they stopped, before what they say is taken.
func (m *move) comesBack() {
	if m.event.Via != WeChat && m.event.Via != Alipay && m.event.Via != Web {
		return
	}
	before := m.c.Heard
	m.c.Heard = m.event.At
	if m.event.Via == WeChat && bool(m.event.Tap) {
		m.c.Contact.Tapped = SecondOf(m.event.At)
	} else if m.event.Via == WeChat {
		m.c.Contact.Wrote = SecondOf(m.event.At)
	}
	said, speaks := m.event.What.(Said)
	step, _ := m.flow.Step(m.c.At)
	if before.IsZero() || m.event.At.Sub(before) < awayFor || !speaks || normal(said.Text) == WordWhere || m.flow.milestone(step.At) == "" || step.End {
		return
	}
	m.say("欢迎回来。上次办到“" + m.flow.Fill(step.Title, m.c.Form) + "”，前面填过的都已保存。")
}
