package flows

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the generated files under testdata, and shown.go")

const testPhone = "400-0878-198"

// golden compares a generated text with its file, or rewrites the file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not up to date; run go test ./flows -update and read the diff%s", path, firstDifference(got, string(want)))
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("\nline %d\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("\n%d lines, want %d", len(g), len(w))
}

// talks lists the transcripts.
func talks(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("testdata/talks/*.txt")
	if err != nil || len(all) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	return all
}

// stage plays a transcript against the manual, with a ledger that remembers
// what a real one would, so that "! lost" can resume from Facts alone.
type stage struct {
	flow  *Flow
	c     Case
	facts Facts
	n     int
	rows  map[row]bool
	typed []string // personal data that we must never say
	away  Ways
	word  Secret // in our messages, as the desk tells; none when empty
}

// row is one row of the table; at is empty for Whenever.
type row struct {
	at  State
	via string
}

func newStage() *stage {
	return &stage{flow: Manual(testPhone), facts: Facts{Form: Form{}, Agreed: map[string]Consent{}}, rows: map[row]bool{}}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, Beijing)

// play lets one line happen and returns our side of it.
func (s *stage) play(line string) ([]string, error) {
	s.n++
	e := Event{ID: "e" + strconv.Itoa(s.n), At: noon.Add(time.Duration(s.n) * time.Minute), Via: via(line)}
	if line == "! lost" {
		return s.lose(e), nil
	}
	if names, ok := strings.CutPrefix(line, "! away"); ok { // from now on
		s.away = 0
		for name := range strings.FieldsSeq(names) {
			s.away |= WaysOf(Way(name))
		}
		return nil, nil
	}
	e.Away = s.away
	if word, ok := strings.CutPrefix(line, "! word "); ok {
		s.word = Conceal(word)
		return nil, nil
	}
	what, err := ReadScript(line, s.c, e.At)
	if err != nil {
		return nil, err
	}
	e.What = what
	s.remember(what)
	if !s.word.IsZero() && s.c.Form != nil {
		s.c.Form[KeyWord] = s.word
	}
	before := s.c
	out := s.flow.Decide(s.c, e)
	s.c = out.Case
	s.walked(before, out)
	s.enter(out.Effects)
	return out.Script(), s.leaks(out)
}

func via(line string) Channel {
	switch line[0] {
	case '>':
		return WeChat
	case '@':
		return Console
	}
	if strings.HasPrefix(line, "! followed") || strings.HasPrefix(line, "! left") {
		return WeChat
	}
	if strings.HasPrefix(line, "! "+string(KindPhoneKnown)) {
		return Alipay
	}
	return Within
}

// lose forgets the talk and resumes it from Facts.
func (s *stage) lose(e Event) []string {
	s.facts.Form = maps.Clone(s.facts.Form)
	c, effects := s.flow.Resume(s.facts, e)
	s.c = c
	return Outcome{Case: c, Effects: effects, Via: "resumed"}.Script()
}

// remember is the ledger taking a report.
func (s *stage) remember(what Happening) {
	f := &s.facts
	for k, v := range Learned(what) {
		f.Form[k] = v
	}
	switch w := what.(type) {
	case Filled:
		for k, v := range w.Values {
			if personal(k) {
				s.typed = append(s.typed, v.Reveal())
			}
		}
	case Registered:
		f.Registered = true
	case FaceDone:
		f.PersonVerified = true
	case CompanyProved:
		f.CompanyVerified = true
	case CompanyUnproved:
		f.CompanyVerified = false
		delete(f.Form, KeyAmountUntil) // no amount is waited for, and the account was wrong
		delete(f.Form, KeyProofAccount)
	case Ordered:
		f.Ordered, f.Cancelled = true, false
	case Paid:
		f.Paid = f.Ordered
	case Shipped:
		f.Shipped = true
	case Delivered:
		f.Delivered = true
	case Activated:
		f.Activated = true
	}
}

func personal(k Key) bool {
	return slices.Contains([]Key{KeyLogin, KeyMobile, KeyToMobile, KeyIDNumber, KeyPassword, KeyCode, KeyBankAccount}, k)
}

// enter is the ledger taking effects.
func (s *stage) enter(effects []Effect) {
	s.facts.Begun = true
	for _, e := range effects {
		switch x := e.(type) {
		case Save:
			maps.Copy(s.facts.Form, x.Form)
		case Own:
			s.facts.Owner = x.Owner
		case Agree:
			s.facts.Agreed[x.Document] = Consent{Version: x.Version, At: x.At}
		case Withdraw:
			delete(s.facts.Agreed, x.Document)
		case Cancel:
			s.facts = Facts{
				Form: s.facts.Form.Kept(), Agreed: s.facts.Agreed, Owner: s.facts.Owner, Begun: true, Cancelled: true, Registered: s.facts.Registered,
				PersonVerified: s.facts.PersonVerified, CompanyVerified: s.facts.CompanyVerified,
			}
		}
	}
}

// walked notes the row that was taken: the step's own, or one of Whenever.
func (s *stage) walked(before Case, out Outcome) {
	at := before.At
	if left, ok := s.flow.Step(before.Left); ok && left.Page != nil && !hasRow(s.flow, at, out.Via) {
		at = left.At
	}
	if !hasRow(s.flow, at, out.Via) {
		at = ""
	}
	s.rows[row{at, out.Via}] = true
}

func hasRow(f *Flow, at State, via string) bool {
	step, _ := f.Step(at)
	return slices.ContainsFunc(step.Exits, func(x Exit) bool { return x.caption() == via })
}

// leaks refuses personal data in what we say.
func (s *stage) leaks(out Outcome) error {
	said := strings.Join(out.Script(), "\n")
	for _, secret := range s.typed {
		if secret != "" && strings.Contains(said, secret) {
			return errors.New("we said what was typed in confidence")
		}
	}
	return nil
}

// TestTalks plays every transcript, and asks that between them they walk every
// row of the manual.
func TestTalks(t *testing.T) {
	walked := map[row]bool{}
	for _, path := range talks(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			s := newStage()
			var got []string
			for n, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
				if line != "" && strings.ContainsRune("<*=", rune(line[0])) {
					continue
				}
				got = append(got, line)
				if line == "" || line[0] == '#' {
					continue
				}
				ours, err := s.play(line)
				if err != nil {
					t.Fatalf("line %d: %s: %v", n+1, line, err)
				}
				got = append(got, ours...)
			}
			golden(t, "talks/"+filepath.Base(path), strings.Join(got, "\n")+"\n")
			maps.Copy(walked, s.rows)
		})
	}
	for _, r := range rows(Manual(testPhone)) {
		if !walked[r] {
			t.Errorf("no transcript walks %s: %s", r.at, r.via)
		}
	}
}

// rows lists every row of a flow.
func rows(f *Flow) []row {
	var all []row
	for _, c := range f.Chapters {
		for _, s := range c.Steps {
			for _, x := range s.Exits {
				all = append(all, row{s.At, x.caption()})
			}
		}
	}
	for _, x := range f.Whenever {
		all = append(all, row{"", x.caption()})
	}
	return all
}

// TestRowsAreToldApart makes counting by caption honest.
func TestRowsAreToldApart(t *testing.T) {
	seen := map[row]bool{}
	for _, r := range rows(Manual(testPhone)) {
		if seen[r] {
			t.Errorf("two rows of %q are both called %s", r.at, r.via)
		}
		seen[r] = true
	}
}

var header = regexp.MustCompile(`^#((?: M\d+)+)$`)

// headers says which transcripts show each line of the manual.
func headers(t *testing.T) map[int][]string {
	t.Helper()
	shown := map[int][]string{}
	for _, path := range talks(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			m := header.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			for name := range strings.FieldsSeq(m[1]) {
				n, err := strconv.Atoi(name[1:])
				if err != nil {
					t.Fatal(err)
				}
				if talk := "talks/" + filepath.Base(path); !slices.Contains(shown[n], talk) {
					shown[n] = append(shown[n], talk)
				}
			}
		}
	}
	return shown
}

func TestReadScriptRefuses(t *testing.T) {
	for _, line := range []string{"", "hello", "! nonsense", "! paid no", "! paid amount=x", "! paid colour=red", `! face-refused why="open`, "! pay-opened until=soon", "! key-step step=two", ">> =x"} {
		if what, err := ReadScript(line, Case{}, noon); !errors.Is(err, ErrScript) && !errors.Is(err, ErrAmount) {
			t.Errorf("ReadScript(%q) = %v, %v, want a refusal", line, what, err)
		}
	}
}
