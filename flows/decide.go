package flows

import (
	"fmt"
	"maps"
	"strings"
)

// Outcome is what one event led to. Nothing in it has happened yet: the case
// is to be stored first, then the replies said and the effects performed.
type Outcome struct {
	Case     Case
	Replies  []Reply
	Effects  []Effect
	Refusals map[Key]string // of a page that was sent in, by field
	Via      string         // caption of the row taken
}

// Decide takes a case one event further. It reads no clock and touches
// nothing: the same case and event give the same outcome, always. It can leave
// a step only through a row of the table, and it never leaves a person who
// said something without an answer, except while an agent speaks for us.
func (f *Flow) Decide(c Case, e Event) Outcome {
	c.Form = maps.Clone(c.Form)
	if c.Form == nil {
		c.Form = Form{}
	}
	if to, ok := f.Moved[c.At]; ok {
		c.At = to
	}
	c.Seq++
	if e.Via == WeChat || e.Via == Alipay {
		c.Last = e.Via
	}
	m := &move{flow: f, event: e, c: c}
	m.quiet = c.Owner.Kind != OwnerBot
	m.comesBack()
	m.decide()
	return Outcome{Case: m.c, Replies: m.replies, Effects: m.effects, Refusals: m.refusals, Via: m.via}
}

// move is one event being decided.
type move struct {
	flow     *Flow
	event    Event
	c        Case
	quiet    bool // the queue or an agent has the talk: the bot says facts only
	replies  []Reply
	effects  []Effect
	refusals map[Key]string
	via      string
}

func (m *move) decide() {
	m.learn(m.event.What)
	m.catchUp()
	step, known := m.flow.Step(m.c.At)
	if !known && m.stranger() {
		m.greet()
		m.wantsMore()
		return
	}
	switch what := m.event.What.(type) {
	case Said:
		m.hear(step, what)
	case Sent:
		m.seen(step, what)
	case Followed:
		m.arrived(step, what)
	case Left:
		m.via = "left"
	case Unheard:
		m.keepUnheard(what)
	case Filled:
		m.filled(step, what)
		m.acknowledge()
	case Taken:
		m.taken(what)
	case Handed:
		m.handed(step, what)
	case AgentSaid:
		m.agentSaid(what)
	case Waited:
		m.waited(step, what)
	case PictureRead:
		m.pictureRead(step, what)
	case PhoneKnown:
		m.phoneKnown(step, what)
	default:
		m.report(step)
	}
}

// stranger reports whether the event comes from somebody whom the bot has not
// greeted yet. News and agents are no strangers: they are heard even when the
// case stands nowhere.
func (m *move) stranger() bool {
	if m.c.Owner.Kind != OwnerBot {
		return false
	}
	switch m.event.What.(type) {
	case Said, Sent, Filled, Followed:
		return true
	}
	return false
}

// greet meets somebody for the first time. Whatever they said, it was not an
// answer to anything we asked; it may be a question.
func (m *move) greet() {
	m.via = "greeting"
	m.save(PageID(KeyManual), Form{KeyManual: Conceal(m.flow.Version)})
	m.scene()
	if said, ok := m.event.What.(Said); ok {
		if found := m.flow.FAQ.Find(said.Text); found.Sure {
			m.tells(found.Topics[0])
		}
	}
	m.enter(m.flow.Start)
}

// wantsMore obeys what somebody may know before we have met: the word for a
// person, and the code of a case.
func (m *move) wantsMore() {
	step, _ := m.flow.Step(m.c.At)
	if f, ok := m.event.What.(Followed); ok {
		m.scanned(step, f.Scene)
		return
	}
	said, ok := m.event.What.(Said)
	switch {
	case !ok || said.Choice != "":
	case normal(said.Text) == WordHuman:
		m.callAgent(WhyApplicant)
	case m.distressed(normal(said.Text)):
	default:
		m.join(step, said.Text)
	}
}

// scene keeps the project that somebody came in by (M1).
func (m *move) scene() {
	if f, ok := m.event.What.(Followed); ok && f.Scene != "" && !IsJoinScene(f.Scene) {
		m.save(PageID(KeyScene), Form{KeyScene: Conceal(f.Scene)})
	}
}

// hear takes text: a printed choice first, then the words understood anywhere,
// then the answers to a page, then a question of the FAQ, then the step's own
// reader. A reader that accepts free text must not swallow a command or a
// question.
func (m *move) hear(step Step, said Said) {
	if m.c.Owner.Kind != OwnerBot {
		m.heardByAgent(step, said)
		return
	}
	word := normal(said.Text)
	if x, ok := m.picked(step, said, word); ok {
		switch {
		case m.c.Unasked && said.Choice == "" && (!x.On.named(word) || x.agrees(m.c)):
			m.via = "asked first"
			m.say("我们接着上次的地方办，请看一下再选：")
			m.ask(step)
		case x.On.read:
			m.accept(step, x.On.pick)
		default:
			m.take(x)
		}
		return
	}
	if m.anywhere(step, word) || m.join(step, said.Text) || m.distressed(word) || m.edit(step, word) {
		return
	}
	if said.Choice != "" {
		m.c.Misses++
		m.via = "old choice"
		m.say("您点的是之前的选项，现在办到这里：")
		m.offerPerson()
		m.ask(step)
		return
	}
	if m.pasted(step, said.Text) {
		return
	}
	found := m.flow.FAQ.Find(said.Text)
	switch {
	case found.Sure:
		m.tells(found.Topics[0])
		m.ask(step)
	case step.Read != nil && !found.Asks:
		m.read(step, said.Text)
	case len(found.Topics) > 0:
		m.suggest(step, found.Topics)
	case found.Asks:
		m.unknown(step)
	default:
		m.missed(step)
	}
}

// read gives the text to the step's reader.
func (m *move) read(step Step, text string) {
	value, err := step.Read.Read(text, m.event.At)
	if err != nil {
		m.refuse(step, err)
		return
	}
	m.accept(step, value)
}

// accept takes the answer to a step's reader.
func (m *move) accept(step Step, value string) {
	m.save(PageID(step.At), Form{step.Read.Key: Conceal(value)})
	m.answered(step)
}

func (m *move) refuse(step Step, err error) {
	m.c.Misses++
	m.via = "refused"
	m.say(words(err))
	m.offerPerson()
	m.ask(step)
}

// answered takes the row for an accepted answer.
func (m *move) answered(step Step) {
	if x, ok := m.through(step); ok {
		m.take(x)
	}
}

// missed answers what nothing understood. No text ends a conversation.
func (m *move) missed(step Step) {
	m.c.Misses++
	m.via = "not understood"
	m.say("抱歉，没有看懂这句话。")
	m.offerPerson()
	m.ask(step)
}

const patience = 3 // misunderstandings in a row before a person is offered

func (m *move) offerPerson() {
	if m.c.Misses >= patience {
		m.say("需要帮忙的话，回复“" + WordHuman + "”，客服会来接手；也可以拨打 " + m.flow.Phone + "。")
	}
}

// seen answers a picture, a voice message, a place.
func (m *move) seen(step Step, sent Sent) {
	if m.c.Owner.Kind != OwnerBot {
		m.heardByAgent(step, Said{})
		return
	}
	if m.pictured(step, sent) {
		return
	}
	m.c.Misses++
	m.via = "not text"
	m.say("暂时只能看懂文字，请用文字回复。")
	m.offerPerson()
	m.ask(step)
}

// arrived welcomes somebody back.
func (m *move) arrived(step Step, f Followed) {
	m.via = "welcome back"
	if m.c.Owner.Kind != OwnerBot {
		m.heardByAgent(step, Said{})
		return
	}
	if m.scanned(step, f.Scene) {
		return
	}
	m.scene()
	m.say("欢迎回来，您的办理进度还在。")
	m.ask(step)
}

// filled takes a page. Somebody who sends in the page they took a detour from
// is back. A page of any other step is spent: it was sent in before, or the
// case has moved on since it was opened.
func (m *move) filled(step Step, got Filled) {
	if left, ok := m.flow.Step(m.c.Left); ok && left.asks(got.Page) {
		m.c.At, m.c.Left, step = left.At, "", left
	}
	if !step.asks(got.Page) {
		m.via = "spent page"
		m.say("刚才那一页已经提交过，或者已经过期，不用再填。我们接着办：")
		m.ask(step)
		return
	}
	answers, refusals := step.Page.Read(got.Values, m.c.Form, m.event.At)
	if len(refusals) > 0 {
		m.c.Misses++ // the chat offers a person when it is heard next
		m.via = "refused"
		m.refusals = refusals
		return
	}
	m.complete(step, answers)
}

// complete takes the answers to a whole page.
func (m *move) complete(step Step, answers Form) {
	for _, field := range step.Page.Fields {
		if field.Optional && !answers.Has(field.Key) && m.c.Form.Has(field.Key) {
			answers[field.Key] = Secret{} // it was left empty this time
		}
	}
	m.c.Proposed = nil
	m.save(step.Page.ID, answers)
	for _, field := range step.Page.Fields {
		if field.Document != nil {
			m.effects = append(m.effects, Agree{
				Document: field.Document.ID, Version: field.Document.Version, Via: m.event.Via, At: m.event.At,
			})
			m.c.Form.agreed(field.Document.ID, field.Document.Version, m.event.At)
		}
	}
	m.answered(step)
}

// acknowledge answers a page that was sent in while the applicant waits for an
// agent: it counts, though the bot asks nothing further.
func (m *move) acknowledge() {
	if m.c.Owner.Kind == OwnerQueue && len(m.refusals) == 0 {
		m.tell("您填写的内容已收到。")
		m.tell(waiting)
	}
}

func (s Step) asks(page PageID) bool { return s.Page != nil && s.Page.ID == page }

// save puts answers into the form and the ledger. What opens doors goes to
// the ledger only.
func (m *move) save(page PageID, answers Form) {
	m.effects = append(m.effects, Save{Page: page, Form: answers})
	m.keep(answers)
}

func (m *move) keep(answers Form) {
	for k, v := range answers {
		if k != KeyPassword && k != KeyCode {
			m.c.Form[k] = v
		}
		if k == KeyMobile || k == KeyNewMobile { // nothing has been sent there yet
			delete(m.c.Form, KeyAloud)
		}
		if v.IsZero() {
			delete(m.c.Form, k)
		}
	}
}

// report takes news from the world: the step's own row, then the row for
// wherever the applicant may be by now, and at last a person. News is never
// dropped.
func (m *move) report(step Step) {
	kind := m.event.What.Kind()
	for _, rows := range [][]Exit{step.Exits, m.flow.Whenever} {
		for _, x := range rows {
			if x.On.got == kind && m.holds(x) {
				m.take(x)
				if x.To == Stay && m.ahead(step, kind) {
					m.ask(step)
				}
				m.notify()
				return
			}
		}
	}
	m.via = "orphan " + string(kind)
	m.effects = append(m.effects, Orphan{Report: kind})
	if text := notice(m.event.What); text != "" {
		m.tell("系统通知：" + text + "这与您现在办理的事项对不上，已请客服核实，会尽快联系您。")
	}
}

func (m *move) holds(x Exit) bool { return x.If == nil || x.If.Holds(m.c, m.event) }

// take goes through a row.
func (m *move) take(x Exit) {
	m.via = x.caption()
	m.do(x.Do)
	switch x.To {
	case Stay:
		delete(m.c.Form, KeyWhy)
		if x.On.pick != "" {
			m.say("好的，请稍候。")
		}
	case Again:
		step, _ := m.flow.Step(m.c.At)
		m.askAgain(step)
	case Return:
		m.enter(m.c.Left)
	default:
		m.enter(x.To)
	}
}

func (m *move) do(actions []Action) {
	for _, a := range actions {
		m.say(m.flow.Fill(a.Says, m.c.Form))
		if a.Effect == nil {
			continue
		}
		effect := a.Effect(m.c)
		if effect == nil {
			continue
		}
		switch e := effect.(type) {
		case Save:
			m.keep(e.Form)
		case Agree:
			e.Via, e.At = m.event.Via, m.event.At
			effect = e
			m.c.Form.agreed(e.Document, e.Version, e.At)
		case Withdraw:
			e.At = m.event.At
			effect = e
			m.c.Form = m.c.Form.Withdrawn()
			delete(m.c.Form, consentKey(e.Document))
		case Cancel:
			m.c.Form = m.c.Form.Kept()
		}
		m.effects = append(m.effects, effect)
	}
}

// enter arrives at a step.
func (m *move) enter(to State) {
	step, ok := m.flow.Step(to)
	if !ok {
		step, _ = m.flow.Step(m.flow.Start)
	}
	for _, x := range step.Past {
		if m.holds(x) {
			m.enter(x.To)
			return
		}
	}
	if next, ok := m.passes(step); ok {
		m.do(next.Do)
		m.enter(next.To)
		return
	}
	if from, _ := m.flow.Step(m.c.At); !step.detour() {
		m.c.Left = ""
	} else if !from.detour() {
		m.c.Left = m.c.At
	}
	if !step.detour() {
		m.c.Proposed = step.shows(m.c.Proposed)
	}
	m.c.At, m.c.Entry, m.c.Misses = step.At, entry(m.event), 0
	m.c.Away = m.event.Away
	if m.c.Form.Text(KeyTold) != string(step.At) && !step.detour() {
		delete(m.c.Form, KeyTold)
	}
	m.do(step.Do)
	m.wind(step)
	m.remind(step, 1)
	m.askAgain(step)
}

// caption names a row in transcripts, diagrams and logs.
func (x Exit) caption() string {
	var b strings.Builder
	switch {
	case x.On.pick != "":
		fmt.Fprintf(&b, "“%s”", x.On.pick)
	case x.On.read:
		b.WriteString("answers")
	case x.On.after > 0:
		fmt.Fprintf(&b, "after %s", x.On.after)
	default:
		b.WriteString(string(x.On.got))
	}
	if x.If != nil {
		fmt.Fprintf(&b, " [%s]", x.If.Name)
	}
	for i, a := range x.Do {
		b.WriteString([]string{" / ", ", "}[min(i, 1)])
		b.WriteString(a.Name)
	}
	return b.String()
}
