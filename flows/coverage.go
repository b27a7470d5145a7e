package flows

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// How far the manual is obeyed, computed from the table and the transcripts,
// so that nobody can claim a line that nothing shows.

// Verdict is what has become of a line of the manual.
type Verdict string

// A line is obeyed only when something carries it and a test shows it.
const (
	Obeyed   Verdict = "obeyed"
	Replaced Verdict = "replaced"
	Confirm  Verdict = "owner to confirm"
	NotYet   Verdict = "not yet"
)

// Covered is one line of the manual with its verdict. By is what carries it:
// steps, or what obeys or replaces it elsewhere. Shown names transcripts and
// Go tests ("cmd/ukeyagent.TestActivate").
type Covered struct {
	Line
	Verdict Verdict
	By      []string
	Why     string
	Shown   []string
}

// String is the line of the report.
func (c Covered) String() string {
	s := "M" + strconv.Itoa(c.No) + " " + string(c.Verdict)
	if len(c.By) > 0 {
		s += "  " + strings.Join(c.By, ", ")
	}
	if c.Why != "" {
		s += "  (" + c.Why + ")"
	}
	if len(c.Shown) > 0 {
		s += "; " + strings.Join(c.Shown, ", ")
	}
	return s
}

// Coverage judges every line of the manual.
func (f *Flow) Coverage() []Covered {
	carriers := f.carriers()
	var all []Covered
	for _, line := range manualLines {
		c := Covered{Line: line, Verdict: NotYet, By: carriers[line.No], Shown: shownIn[line.No]}
		ruling, ruled := rulings[line.No]
		switch {
		case ruled:
			c.Verdict, c.Why = ruling.Verdict, ruling.Why
			c.By = append(slices.Clone(c.By), ruling.By...)
			c.Shown = slices.Clone(c.Shown)
			for _, test := range ruling.Shown {
				if !slices.Contains(c.Shown, test) {
					c.Shown = append(c.Shown, test)
				}
			}
		case len(c.By) == 0:
			c.Why = "nothing carries it"
		case len(c.Shown) == 0:
			c.Why = "nothing shows it"
		default:
			c.Verdict = Obeyed
		}
		if c.Verdict == NotYet || c.Verdict == Confirm {
			c.Shown = nil
		}
		all = append(all, c)
	}
	return all
}

// carriers says which steps carry each line, by themselves, a row or a field.
func (f *Flow) carriers() map[int][]string {
	found := map[int][]string{}
	for _, c := range f.Chapters {
		for _, s := range c.Steps {
			for _, n := range s.carried() {
				found[n] = append(found[n], string(s.At))
			}
		}
	}
	return found
}

// carried lists the lines of a step, its rows and its fields, each once.
func (s Step) carried() []int {
	all := slices.Clone(s.Lines)
	for _, x := range s.Exits {
		all = append(all, x.Lines...)
	}
	if s.Page != nil {
		for _, field := range s.Page.Fields {
			all = append(all, field.Lines...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Report prints the coverage, a line for each line of the manual, and the four
// counts at the end.
func Report(all []Covered) string {
	var b strings.Builder
	counts := map[Verdict]int{}
	for _, c := range all {
		counts[c.Verdict]++
		b.WriteString(c.String() + "\n")
	}
	for _, v := range []Verdict{Obeyed, Replaced, Confirm, NotYet} {
		fmt.Fprintf(&b, "%s %d\n", v, counts[v])
	}
	return b.String()
}
