package flows

// Progress is how far a milestone is.
type Progress string

// A milestone is behind the case, under it, or before it.
const (
	ProgressDone Progress = "done"
	ProgressNow  Progress = "now"
	ProgressNext Progress = "next"
)

// Milestone is one part of the whole way, as the applicant reads it.
type Milestone struct {
	Name  string
	State Progress
}

// Milestones lists the parts of the way of this applicant, in order. A detour
// counts as the step that it left; a milestone is reached when the case is past
// it or the form holds its proof.
func (f *Flow) Milestones(c Case) []Milestone {
	step, ok := f.Step(c.Left)
	if !ok {
		step, _ = f.Step(c.At)
	}
	past := f.milestone(step.At) != ""
	var way []Milestone
	for _, ch := range f.Chapters {
		if ch.Milestone == "" || (ch.Only != "" && ch.Only != c.Form.Text(KeyKind)) {
			continue
		}
		m := Milestone{Name: ch.Milestone, State: ProgressNext}
		switch {
		case ch.holds(step.At) && step.End:
			m.State = ProgressDone
		case ch.holds(step.At):
			m.State, past = ProgressNow, false
		case past || c.Form.Has(ch.Proof):
			m.State = ProgressDone
		}
		way = append(way, m)
	}
	return way
}

// milestone names the milestone that a state belongs to; empty when it belongs
// to none.
func (f *Flow) milestone(at State) string {
	for _, c := range f.Chapters {
		if c.holds(at) {
			return c.Milestone
		}
	}
	return ""
}
