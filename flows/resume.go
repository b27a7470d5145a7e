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

// ahead reports whether a resumed case stands further on than the report that
// woke it leads: its facts held other news already, which nobody has heard.
func (m *move) ahead(step Step, report Kind) bool {
	return m.c.Unasked && !slices.Contains(m.flow.Awaits(step.At), report)
}
