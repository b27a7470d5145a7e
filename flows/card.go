package flows

import "strings"

// The card that an applicant passes on to whoever keeps their company's
// account: it needs no log-in, and shows of a step only what that colleague has to
// know.

// treasurer is whose turn it is while a company's money is under way.
const treasurer = "贵单位财务"

// CardLink asks for the card's address to be told.
type CardLink struct{ Title string }

// Card is what the colleague is shown now.
type Card struct {
	Title string
	Text  string
	Page  *Page // what they may fill in; nil when it is nothing
}

// Card returns what a colleague is shown of a case, or reports that there is
// nothing for them: it is not their turn, not yet or not any more.
func (f *Flow) Card(c Case) (Card, bool) {
	step, _ := f.Step(c.At)
	if left, ok := f.Step(c.Left); ok {
		step = left
	}
	if step.Card == "" {
		return Card{}, false
	}
	return Card{Title: "单位认证，请财务办理", Text: strings.TrimSpace(f.Fill(step.Card, c.Form)), Page: step.Page}, true
}

// carded adds what a colleague is shown of a step.
func carded(step Step, text string) Step {
	step.Card = text
	return step
}
