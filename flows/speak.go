package flows

import "strings"

// What the bot says, and when it keeps silent because somebody else has the
// talk.

// askAgain says why the last attempt was refused, once, and asks. While an
// agent speaks the reason waits for the hand-back.
func (m *move) askAgain(step Step) {
	if m.quiet {
		return
	}
	m.say(m.c.Form.Text(KeyWhy))
	delete(m.c.Form, KeyWhy)
	m.ask(step)
}

// say adds a paragraph, unless somebody else has the talk.
func (m *move) say(text string) {
	if !m.quiet {
		m.tell(text)
	}
}

// tell adds a paragraph whoever has the talk: facts, and words about whose
// turn it is to speak.
func (m *move) tell(text string) {
	if text != "" {
		m.replies = append(m.replies, Reply{Text: text})
	}
}

// ask says what a step waits for.
func (m *move) ask(step Step) {
	if m.quiet {
		return
	}
	if step.At == "" {
		m.greet() // handed back before the bot ever spoke
		return
	}
	m.c.Away, m.c.Unasked = m.event.Away, false // a number that is typed means what is printed now
	m.replies = append(m.replies, m.question(step))
}

func (m *move) question(step Step) Reply {
	var r Reply
	var tells []string
	for _, x := range m.options(step) {
		r.Choices = append(r.Choices, Choice{ID: choiceID(step.At, x.On.pick), Label: x.On.pick})
		if x.Tells != "" {
			tells = append(tells, m.flow.Fill(x.Tells, m.c.Form))
		}
	}
	r.Text = strings.TrimSpace(m.flow.Fill(spread(step.Ask, tells), m.c.Form))
	for _, d := range step.Documents {
		r.Documents = append(r.Documents, DocumentLink{ID: d.ID, Title: d.Title})
	}
	if step.Page != nil {
		r.Page = &PageLink{Page: step.Page.ID, Title: step.Page.Title, Entry: m.c.Entry}
	}
	if step.QR != "" && m.c.Form.Has(step.QR) {
		r.QR = &QR{Content: m.c.Form.Text(step.QR), Caption: step.Title, Entry: m.c.Entry, Until: m.c.Form.Text(deadline(step.QR))}
		if step.QR == KeyJoinURL {
			r.QR.By = Channel(m.c.Form.Text(KeyJoinTo))
		}
	}
	if step.Card != "" && step.Turn.Who == treasurer {
		r.Card = &CardLink{Title: "给财务的页面（不用登录，可以转发）"}
	}
	return r
}

// choicesPlace is where an Ask says what each printed choice is.
const choicesPlace = "{choices}"

// spread puts a line for each choice in their place, and takes the place away
// where there are none.
func spread(ask string, tells []string) string {
	if len(tells) == 0 {
		ask = strings.ReplaceAll(ask, "\n"+choicesPlace, choicesPlace)
	}
	return strings.ReplaceAll(ask, choicesPlace, strings.Join(tells, "\n"))
}

// deadline names the answer that says how long a code can be scanned.
func deadline(code Key) Key {
	switch code {
	case KeyPayQR:
		return KeyPayUntil
	case KeyGrantURL:
		return KeyGrantUntil
	case KeyJoinURL:
		return KeyJoinUntil
	}
	return KeyFaceUntil
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
