package flows

import (
	"slices"
	"time"
)

// Flow is the whole manual: its chapters, and what is understood anywhere.
type Flow struct {
	Version  string // of the manual, stored with each case
	Phone    string // of the certificate service, for help and for failures
	Download string // where the certificate tool is fetched from (M104)
	Start    State
	Chapters []Chapter
	Whenever []Exit          // tried in every step, after its own exits
	Resumes  []Resumption    // tried in order by [Flow.Resume]
	Moved    map[State]State // steps of earlier releases, and where they went
	FAQ      *FAQ            // what is answered besides; none, when nil
}

// Chapter is one section of the manual.
type Chapter struct {
	Name      string // as in State names
	Title     string // as in the manual
	Milestone string // as the applicant reads it under "到哪了"; empty for what is no milestone
	Only      string // kind of applicant it is for; empty for both
	Proof     Key    // answer that shows the milestone is reached, wherever the case stands
	Steps     []Step
}

// Step is one place where the conversation waits.
type Step struct {
	At        State
	Lines     []int       // of the manual
	Title     string      // what the applicant is doing here, for "where am I"
	Turn      Turn        // whose move it is
	Ask       string      // said on arrival; {key} stands for an answer
	Help      string      // said when the applicant asks for help here
	Page      *Page       // asked on a secure page, not in the chat
	Documents []Agreement // to be read before an option is picked
	Rests     *Agreement  // that was agreed to before; see [Flow.Outdated]
	QR        Key         // the answer that is to be shown as a code
	Card      string      // what a colleague with the company's account is shown, without log-in
	Read      *Reader
	Do        []Action // on every arrival, also when a lost talk is resumed
	Back      State    // where "返回" leads; empty when nothing can be undone
	Exits     []Exit   // tried in order, the first that fits is taken
	Past      []Exit   // on arrival: the first whose guard holds is taken at once
	End       bool     // the conversation may rest here for ever
}

// Turn is whose move it is, and how long that usually takes.
type Turn struct{ Who, Takes string }

// Exit is one way out of a Step. Lines is its fifth field, by decision 0001:
// the manual is traced down to the sentence. Tells is what the question says of
// an option while it is printed; it stands in the place {choices} of the Ask.
type Exit struct {
	On    Trigger
	If    *Guard
	Do    []Action
	To    State
	Lines []int
	Tells string
}

// Three targets that are not steps.
const (
	Stay   State = "." // remain, say nothing more
	Again  State = "@" // remain, say why and ask once more; the clock runs on
	Return State = "^" // go back to where the detour began
)

// Trigger is what an Exit waits for. Make one with [Picked], [Answered],
// [Got], [After] or [ByDayAfter].
type Trigger struct {
	pick  string
	words []string
	got   Kind
	after time.Duration
	byDay bool
	read  bool
}

// Picked fits when the applicant chooses a printed option, by tapping it, by
// its number, its label, or one of the other words.
func Picked(label string, words ...string) Trigger { return Trigger{pick: label, words: words} }

// Answered fits when the step's Reader or Page accepted what was given.
func Answered() Trigger { return Trigger{read: true} }

// Got fits a report from the world.
func Got(k Kind) Trigger { return Trigger{got: k} }

// After fits when the applicant, or the world, let this much time pass.
func After(d time.Duration) Trigger { return Trigger{after: d} }

// ByDayAfter is [After], but rings in the morning rather than at night: for what
// is a reminder and no deadline.
func ByDayAfter(d time.Duration) Trigger { return Trigger{after: d, byDay: true} }

// Guard is a named condition; its name is printed in the diagram. Conditions
// are not combined: a new one gets a new name.
type Guard struct {
	Name  string
	Holds func(Case, Event) bool
}

// Action asks the world for something. Reports lists what may answer, and Says
// is what the applicant is told about it, when the next step's own words do
// not. An action without an Effect only tells; one that gives none has nothing to
// do just now.
type Action struct {
	Name    string
	Effect  func(Case) Effect
	Reports []Kind
	Says    string
}

// Reader turns text into the form's next answer. Read returns the normal form
// of the text, or a [*Refusal]. Offer lists answers that are printed as choices,
// because they come from the form and not from the manual; one that is picked is
// the answer as it is.
type Reader struct {
	Name  string
	Key   Key
	Read  func(text string, at time.Time) (string, error)
	Offer func(Form) []string
}

// Refusal says, for the applicant, which rule an answer broke and gives an
// example of a good one.
type Refusal struct{ Rule, Example string }

// Error is for the log: it names the rule, never the answer.
func (r *Refusal) Error() string { return "flows: refused: " + r.Rule }

// Words is what the applicant reads.
func (r *Refusal) Words() string {
	if r.Example == "" {
		return r.Rule
	}
	return r.Rule + "例如：" + r.Example + "。"
}

// Resumption says where a case goes on when all that is left of it is Facts.
type Resumption struct {
	Name string
	If   func(Facts) bool
	To   State
}

// detour reports whether a step can be left only back to where the case came
// from, or for good: such a step remembers where it began.
func (s Step) detour() bool {
	return slices.ContainsFunc(s.Exits, func(x Exit) bool { return x.To == Return })
}

// Step returns the step of a state.
func (f *Flow) Step(at State) (Step, bool) {
	if to, ok := f.Moved[at]; ok {
		at = to
	}
	for _, c := range f.Chapters {
		for _, s := range c.Steps {
			if s.At == at {
				return s, true
			}
		}
	}
	return Step{}, false
}
