package flows

import (
	"maps"
	"slices"
)

// Resume finds the step of a case of which only the facts are left, and enters
// it: its clock is set again and its effects are asked for again, which is
// harmless because the ledger answers what is done already with its report.
// The event that brought the applicant here is then decided as usual.
func (f *Flow) Resume(facts Facts, e Event) (Case, []Effect) {
	c := Case{Form: maps.Clone(facts.Form), Owner: facts.Owner}
	if c.Form == nil {
		c.Form = Form{}
	}
	delete(c.Form, KeyWhy)
	for document, given := range facts.Agreed {
		c.Form.agreed(document, given.Version, given.At)
	}
	if !facts.Begun {
		return c, nil
	}
	c.Unasked = true
	m := &move{flow: f, event: e, c: c, quiet: true}
	for _, r := range f.Resumes {
		if r.If(facts) {
			m.enter(r.To)
			return m.c, m.effects
		}
	}
	return c, nil
}

// leads reports whether a step that does not wait for a report is where some
// other one goes with it. A case that is resumed there by the report has the news
// among its facts, and nobody has heard it.
func (f *Flow) leads(report Kind, to State) bool {
	if slices.Contains(f.Awaits(to), report) {
		return false
	}
	for _, chapter := range f.Chapters {
		for _, step := range chapter.Steps {
			if slices.ContainsFunc(step.Exits, func(x Exit) bool { return x.On.got == report && x.To == to }) {
				return true
			}
		}
	}
	return false
}
