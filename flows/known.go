package flows

import "slices"

// phoneKnown proposes the number that the channel knows (M8): it is what the
// applicant uses anyway. It stands on the page to be changed or sent in, and a code
// proves it as it proves any other.
func (m *move) phoneKnown(step Step, known PhoneKnown) {
	m.via = string(KindPhoneKnown)
	asks := step
	if left, ok := m.flow.Step(m.c.Left); ok {
		asks = left
	}
	if field, ok := asks.known(); ok {
		if mobile, err := field.Read(known.Mobile.Reveal(), m.event.At); err == nil {
			m.propose(asks, Form{field.Key: Conceal(mobile)}, "已填入支付宝绑定的")
		} else {
			m.say("支付宝绑定的不是内地的手机号码，请直接填写。")
		}
	}
	m.ask(step)
}

// known is the field of a step's page that the channel may know.
func (s Step) known() (Field, bool) {
	if s.Page == nil {
		return Field{}, false
	}
	i := slices.IndexFunc(s.Page.Fields, func(f Field) bool { return f.Known })
	if i < 0 {
		return Field{}, false
	}
	return s.Page.Fields[i], true
}
