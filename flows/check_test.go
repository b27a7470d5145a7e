package flows

import (
	"strings"
	"testing"
)

// narrowest is what WeChat carries in one passive text (bot.MaxText); the
// package that knows it cannot be imported from here, so a test there compares.
const narrowest = 1800

func TestManualHasNoFaults(t *testing.T) {
	for _, fault := range Manual("400-000-0000").Check(nil, narrowest) {
		t.Error(fault)
	}
}

func TestCheckRefuses(t *testing.T) {
	words := Step{Title: "t", Turn: Turn{"您", "马上"}, Ask: "问", Help: "帮"}
	at := func(s State, exits ...Exit) Step {
		step := words
		step.At, step.Exits = s, exits
		return step
	}
	end := func(s State) Step {
		step := at(s)
		step.End = true
		return step
	}
	tests := []struct {
		name     string
		steps    []Step
		whenever []Exit
		released []State
		want     string
	}{
		{"a target that does not exist", []Step{at("a", Exit{On: Picked("x"), To: "nowhere"})}, nil, nil, "which does not exist"},
		{"a state declared twice", []Step{end("a"), end("a")}, nil, nil, "declared twice"},
		{"a state that cannot be reached", []Step{end("a"), end("b")}, nil, nil, "cannot be reached"},
		{"a trap", []Step{at("a", Exit{On: Picked("x"), To: "b"}), at("b", Exit{On: Picked("x"), To: "b"})}, nil, nil, "no end can be reached"},
		{"a trap that a word understood anywhere would hide", []Step{at("a", Exit{On: Picked("x"), To: "a"}), end("b")}, []Exit{{On: Picked("out"), To: "b"}}, nil, "from a no end"},
		{"a step without words", []Step{{At: "a", End: true}}, nil, nil, "no Ask or no Help"},
		{"a placeholder that is no answer", []Step{func() Step { s := end("a"); s.Ask = "{nonsense}"; return s }()}, nil, nil, "no answer of the form"},
		{"a row that can never be taken", []Step{at("a", Exit{On: Got(KindPaid), To: "b"}, Exit{On: Got(KindPaid), If: company, To: "b"}, Exit{On: After(1), To: "b"}), end("b")}, nil, nil, "can never be taken"},
		{"an answer nobody reads", []Step{at("a", Exit{On: Answered(), To: "b"}), end("b")}, nil, nil, "or the reverse"},
		{"a wait without a clock", []Step{at("a", Exit{On: Got(KindPaid), To: "b"}), end("b")}, nil, nil, "without a clock"},
		{"a detour without a clock", []Step{at("a", Exit{On: Picked("x"), To: "b"}), at("b", Exit{On: Picked("x"), To: Return})}, nil, nil, "stops the clock"},
		{"a report the next step does not expect", []Step{at("a", Exit{On: Picked("x"), Do: []Action{checkPayment}, To: "b"}), end("b")}, []Exit{{On: Got(KindPaid), To: Stay}, {On: Got(KindPayNotYet), To: Stay}}, nil, "does not expect"},
		{"a report that nothing catches late", []Step{at("a", Exit{On: Picked("x"), Do: []Action{checkPayment}, To: "b"}), end("b")}, nil, nil, "late report"},
		{"a released state that is gone", []Step{end("a")}, nil, []State{"old"}, "not in Moved"},
		{"a text no channel carries", []Step{func() Step { s := end("a"); s.Ask = strings.Repeat("长", 700); return s }()}, nil, nil, "over 1800"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &Flow{Start: "a", Chapters: []Chapter{{Steps: tt.steps}}, Whenever: tt.whenever}
			faults := strings.Join(f.Check(tt.released, narrowest), "\n")
			if !strings.Contains(faults, tt.want) {
				t.Errorf("Check = %q, want a fault with %q", faults, tt.want)
			}
		})
	}
}
