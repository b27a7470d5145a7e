package flows

import "slices"

// What no channel could carry waits in the case, and is said first when the
// applicant is heard again. A question does not wait: it is asked anyway.

const (
	unheardKept  = 3   // the newest; older news is in the step itself
	unheardRunes = 160 // of one text, so that a talk stays small
)

// keepUnheard notes what could not be delivered.
func (m *move) keepUnheard(u Unheard) {
	m.via = "unheard"
	kept := slices.Clone(m.c.Unheard)
	for _, text := range u.Texts {
		if r := []rune(text.Reveal()); len(r) > unheardRunes {
			text = Conceal(string(r[:unheardRunes]) + "…")
		}
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	m.c.Unheard = kept[max(0, len(kept)-unheardKept):]
}

// catchUp says what waited, once the applicant is there to hear it. A page
// shows its own answer only, so that nothing would be read there.
func (m *move) catchUp() {
	if len(m.c.Unheard) == 0 || m.event.Via != WeChat && m.event.Via != Alipay {
		return
	}
	switch m.event.What.(type) {
	case Said, Sent, Followed:
		text := "之前有消息没能送达："
		for _, t := range m.c.Unheard {
			text += "\n" + t.Reveal()
		}
		m.tell(text)
		m.c.Unheard = nil
	}
}
