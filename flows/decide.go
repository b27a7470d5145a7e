package flows

import (
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
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
	m.quiet = c.Owner.Kind == OwnerAgent
	m.decide()
	return Outcome{Case: m.c, Replies: m.replies, Effects: m.effects, Refusals: m.refusals, Via: m.via}
}

// Resume finds the step of a case of which only the facts are left, and enters
// it: its clock is set again and its effects are asked for again, which is
// harmless because the ledger answers what is done already with its report.
// The event that brought the applicant here is then decided as usual.
func (f *Flow) Resume(facts Facts, e Event) (Case, []Effect) {
	c := Case{Form: maps.Clone(facts.Form), Owner: facts.Owner, Manual: facts.Manual}
	if c.Form == nil {
		c.Form = Form{}
	}
	if !facts.Begun {
		return c, nil
	}
	m := &move{flow: f, event: e, c: c, quiet: true}
	for _, r := range f.Resumes {
		if r.If(facts) {
			m.enter(r.To)
			return m.c, m.effects
		}
	}
	return c, nil
}

// move is one event being decided.
type move struct {
	flow     *Flow
	event    Event
	c        Case
	quiet    bool // an agent speaks: the bot says facts only
	replies  []Reply
	effects  []Effect
	refusals map[Key]string
	via      string
}

func (m *move) decide() {
	m.learn(m.event.What)
	step, known := m.flow.Step(m.c.At)
	if !known {
		m.greet()
		return
	}
	switch what := m.event.What.(type) {
	case Said:
		m.hear(step, what)
	case Sent:
		m.seen(step)
	case Followed:
		m.welcomeBack(step)
	case Left:
		m.via = "left"
	case Filled:
		m.filled(step, what)
	case Taken:
		m.taken(what)
	case Handed:
		m.handed(step, what)
	case AgentSaid:
		m.agentSaid(what)
	case Waited:
		m.waited(step, what)
	default:
		m.report(step)
	}
}

// greet meets somebody for the first time. Whatever they said, it was not an
// answer to anything we asked.
func (m *move) greet() {
	m.via = "greeting"
	m.c.Manual = m.flow.Version
	m.enter(m.flow.Start)
}

// hear takes text: a printed choice first, then the words understood
// anywhere, then the step's own reader. A reader that accepts free text must
// not swallow a command.
func (m *move) hear(step Step, said Said) {
	if m.c.Owner.Kind != OwnerBot {
		m.heardByAgent(step, said)
		return
	}
	word := normal(said.Text)
	if x, ok := m.picked(step, said, word); ok {
		m.take(x)
		return
	}
	if m.anywhere(step, word) {
		return
	}
	if said.Choice != "" {
		m.via = "old choice"
		m.say("您点的是之前的选项，现在请看这里：")
		m.ask(step)
		return
	}
	if step.Read != nil {
		m.read(step, said.Text)
		return
	}
	m.missed(step)
}

// picked finds the exit of a printed choice.
func (m *move) picked(step Step, said Said, word string) (Exit, bool) {
	for n, x := range m.options(step) {
		if said.Choice != "" {
			if said.Choice == choiceID(step.At, n) {
				return x, true
			}
			continue
		}
		if word == strconv.Itoa(n+1) || x.On.named(word) {
			return x, true
		}
	}
	return Exit{}, false
}

// options lists the exits that are printed as choices now, in their order.
func (m *move) options(step Step) []Exit {
	var open []Exit
	for _, x := range step.Exits {
		if x.On.pick != "" && m.holds(x) {
			open = append(open, x)
		}
	}
	return open
}

func (m *move) holds(x Exit) bool { return x.If == nil || x.If.Holds(m.c, m.event) }

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

// choiceID makes the identifier of a printed choice: six digits for the step,
// two for the option. It depends on the step's name only, so that a choice
// printed by an older release still means the same.
func choiceID(at State, n int) string {
	h := fnv.New32a()
	h.Write([]byte(at))
	return strconv.Itoa(int(h.Sum32()%900_000+100_000)*100 + n + 1)
}

// read gives the text to the step's reader.
func (m *move) read(step Step, text string) {
	value, err := step.Read.Read(text, m.event.At)
	if err != nil {
		m.refuse(step, err)
		return
	}
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
	for _, x := range step.Exits {
		if x.On.read && m.holds(x) {
			m.take(x)
			return
		}
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
func (m *move) seen(step Step) {
	if m.c.Owner.Kind != OwnerBot {
		m.heardByAgent(step, Said{})
		return
	}
	m.via = "not text"
	m.say("暂时只能看懂文字，请用文字回复。")
	m.ask(step)
}

func (m *move) welcomeBack(step Step) {
	m.via = "back"
	m.say("欢迎回来，您的办理进度还在。")
	m.ask(step)
}

// filled takes a page. A page of another step is spent: it was sent in
// before, or the case has moved on since it was opened.
func (m *move) filled(step Step, got Filled) {
	if step.Page == nil || step.Page.ID != got.Page {
		m.via = "spent page"
		m.say("这个页面已经提交过了，不用再填。")
		m.ask(step)
		return
	}
	answers, refusals := step.Page.Read(got.Values, m.c.Form, m.event.At)
	if len(refusals) > 0 {
		m.via = "refused"
		m.refusals = refusals
		return
	}
	m.save(got.Page, answers)
	for _, field := range step.Page.Fields {
		if field.Document != nil {
			m.effects = append(m.effects, Agree{
				Document: field.Document.ID, Version: field.Document.Version, Via: m.event.Via, At: m.event.At,
			})
		}
	}
	m.answered(step)
}

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
	}
}

// waited moves on when the clock of this very stay has run out.
func (m *move) waited(step Step, w Waited) {
	m.via = "old clock"
	if w.Entry != m.c.Entry {
		return
	}
	for _, x := range step.Exits {
		if x.On.after > 0 && m.holds(x) {
			m.take(x)
			return
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
				m.notify()
				return
			}
		}
	}
	m.via = "orphan " + string(kind)
	m.effects = append(m.effects, Orphan{Report: kind})
	m.notify()
}

// take goes through a row.
func (m *move) take(x Exit) {
	m.via = x.caption()
	m.do(x.Do)
	switch x.To {
	case Stay:
		if x.On.pick != "" {
			m.say("好的，请稍候。")
		}
	case Return:
		to := m.c.Left
		m.c.Left = ""
		m.enter(to)
	default:
		m.enter(x.To)
	}
}

func (m *move) do(actions []Action) {
	for _, a := range actions {
		effect := a.Effect(m.c)
		if s, ok := effect.(Save); ok {
			m.keep(s.Form)
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
	m.c.At, m.c.Entry, m.c.Misses = step.At, m.event.ID, 0
	m.do(step.Do)
	for _, x := range step.Exits {
		if x.On.after > 0 {
			m.effects = append(m.effects, Wait{Entry: m.c.Entry, For: x.On.after})
		}
	}
	m.say(m.c.Form.Text(KeyWhy))
	delete(m.c.Form, KeyWhy)
	m.ask(step)
}

// say adds a paragraph. While an agent speaks, the bot does not.
func (m *move) say(text string) {
	if text != "" && !m.quiet {
		m.replies = append(m.replies, Reply{Text: text})
	}
}

// ask says what a step waits for.
func (m *move) ask(step Step) {
	if m.quiet {
		return
	}
	m.replies = append(m.replies, m.question(step))
}

func (m *move) question(step Step) Reply {
	r := Reply{Text: m.flow.Fill(step.Ask, m.c.Form)}
	for n, x := range m.options(step) {
		r.Choices = append(r.Choices, Choice{ID: choiceID(step.At, n), Label: x.On.pick})
	}
	if step.Page != nil {
		r.Page = &PageLink{Page: step.Page.ID, Title: step.Page.Title, Entry: m.c.Entry}
	}
	if step.QR != "" && m.c.Form.Has(step.QR) {
		r.QR = &QR{Content: m.c.Form.Text(step.QR), Caption: step.Title, Entry: m.c.Entry}
	}
	return r
}

// Question is what the case is being asked now, for whoever shows the step:
// the secure page, the mini-program, the agent's desk.
func (f *Flow) Question(c Case) Reply {
	step, ok := f.Step(c.At)
	if !ok {
		return Reply{}
	}
	m := &move{flow: f, c: c}
	return m.question(step)
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
