package flows

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDiagrams(t *testing.T) {
	f := Manual(testPhone)
	for _, c := range f.Chapters {
		golden(t, c.Name+".mmd", f.Mermaid(c))
	}
}

func TestPrintedManual(t *testing.T) { golden(t, "manual.md", Manual(testPhone).Markdown()) }

// TestReleasedStates keeps the list of every state that a conversation may be
// parked under. The list only grows: a state that is gone stays in it, and must
// be in Moved.
func TestReleasedStates(t *testing.T) {
	f := Manual(testPhone)
	text, err := os.ReadFile("testdata/states.txt")
	if err != nil && !*update {
		t.Fatal(err)
	}
	var all []State
	for name := range strings.FieldsSeq(string(text)) {
		all = append(all, State(name))
	}
	for _, fault := range f.Check(all, narrowest) {
		t.Error(fault)
	}
	for _, at := range f.States() {
		if !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	var b strings.Builder
	for _, at := range all {
		b.WriteString(string(at) + "\n")
	}
	golden(t, "states.txt", b.String())
}
