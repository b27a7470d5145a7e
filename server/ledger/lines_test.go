package ledger

// Statements that are brought as files, beside the bank's own feed, and what
// staff decide about their lines.

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

var receiving = flows.Payee{Name: "浙江某认证有限公司", Account: "33001616781053000001", Bank: "某银行"}

const orgA, orgB = "杭州甲（浙江）科技有限公司", "宁波乙贸易有限公司"

// awaits makes a talk whose organisation was asked for its cent at noon.
func awaits(t *testing.T, l books, who, org string) (desk.TalkID, flows.TransferOpened) {
	t.Helper()
	talk := desktest.NewTalk(t, l, who)
	desktest.Save(t, l, talk, "page", flows.CompanyPage, string(flows.KeyOrgName), org, string(flows.KeyCreditCode), "91330106MA0000015K")
	ref := desktest.Ref(talk, "open")
	if err := l.OpenTransfer(t.Context(), ref, receiving, noon); err != nil {
		t.Fatal(err)
	}
	return talk, desktest.Answer(t, l, ref).(flows.TransferOpened)
}

// cent is a line of a statement, an hour after noon.
func cent(ref, org, to string) flows.Credit {
	return flows.Credit{Ref: ref, At: noon.Add(time.Hour), Amount: 1, Currency: "CNY", To: to, Payer: flows.Conceal(org)}
}

func file(digest string, credits ...flows.Credit) Statement {
	return Statement{Digest: digest, Credits: credits, By: "li"}
}

// enters enters a file and checks what became of its lines.
func enters(t *testing.T, l books, s Statement, want Tally) {
	t.Helper()
	got, err := l.EnterStatement(t.Context(), s, noon.Add(2*time.Hour))
	if err != nil || got != want {
		t.Errorf("EnterStatement(%s) = %+v, %v, want %+v", s.Digest, got, err, want)
	}
}

func proved(t *testing.T, l books, talk desk.TalkID) bool {
	t.Helper()
	return desktest.Facts(t, l, talk).CompanyVerified
}

// all are the lines of every pile.
func all(t *testing.T, l books) (lines []Line) {
	t.Helper()
	for pile := range piles {
		some, mark, err := l.Lines(t.Context(), Sought{Pile: pile, Most: 50}, noon.Add(3*time.Hour))
		if err != nil || mark != "" {
			t.Fatalf("lines of %s: %v, and there are more: %q", pile, err, mark)
		}
		lines = append(lines, some...)
	}
	return lines
}

// listing finds a line on the desk.
func listing(t *testing.T, l books, ref string) Line {
	t.Helper()
	for _, line := range all(t, l) {
		if line.Credit.Ref == ref {
			return line
		}
	}
	t.Fatalf("line %s is not listed", ref)
	return Line{}
}

func TestStatements(t *testing.T) {
	for name, test := range map[string]func(*testing.T, books){
		"a file proves who has an account of its own":        fileProves,
		"a line is taken once, in any order, from any file":  fileAgain,
		"the feed and a file show one line":                  fileAndFeed,
		"the same money under two references asks a person":  fileOtherReference,
		"twins in one file are two":                          fileTwins,
		"other money under a known reference is not lost":    fileContradicts,
		"a name alone decides nothing":                       fileByName,
		"a long file is entered whole":                       fileLong,
		"a person says whose it is, and why":                 matchByHand,
		"a person does not bend the rules":                   matchAgainstRules,
		"of two who match one line one does":                 matchRace,
		"a match is taken back, and why":                     unmatchByHand,
		"no match is taken back from under an order":         unmatchUnderOrder,
		"with a second cent the company stays proved":        unmatchOneOfTwo,
		"what belongs to nobody leaves the list of the open": unmatchAmbiguous,
		"long piles are leafed through, and searched":        leafing,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T) { test(t, books{open(t)}) })
		})
	}
}

func fileProves(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	other, wrong := awaits(t, l, "b", orgB)
	two := cent("R2", orgB, wrong.To.Account)
	two.Amount = 2
	enters(t, l, file("f1", cent("R1", orgA, opened.To.Account), two, cent("R3", "路人", receiving.Account)), Tally{Matched: 1, Wrong: 1, Unmatched: 1})
	if !proved(t, l, talk) || proved(t, l, other) {
		t.Error("the wrong company is proved")
	}
	var trail []auditRow
	if err := l.read.NewSelect().Model(&trail).Where("about = 'statement/f1'").Scan(t.Context()); err != nil || len(trail) != 1 || trail[0].Actor != "li" {
		t.Errorf("the trail of the file is %+v, %v, want li once", trail, err)
	}
}

func fileAgain(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	wrong := cent("R1", orgB, opened.To.Account)
	lines := []flows.Credit{wrong, cent("R2", "路人", receiving.Account), cent("R3", orgA, receiving.Account)}
	enters(t, l, file("f1", lines...), Tally{Wrong: 1, Unmatched: 1, Ambiguous: 1})
	enters(t, l, file("f1", lines...), Tally{Known: 3})
	slices.Reverse(lines)
	enters(t, l, file("f2", append(lines, cent("R4", orgA, opened.To.Account))...), Tally{Known: 3, Matched: 1}) // R3 and R4 stand beside each other: they are two
	enters(t, l, file("f3", wrong, wrong), Tally{Known: 2})
	told, err := l.Told(t.Context(), talk)
	if err != nil || len(told) != 3 { // the account, that R1 does not count, and that R4 does
		t.Errorf("the applicant was told %d things, %v, want three", len(told), err)
	}
}

func fileAndFeed(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	if err := l.Credited(t.Context(), cent("R1", orgA, opened.To.Account), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	enters(t, l, file("f1", cent("R1", orgA, opened.To.Account), cent("R2", "路人", receiving.Account)), Tally{Known: 1, Unmatched: 1})
	if err := l.Credited(t.Context(), cent("R2", "路人", receiving.Account), noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if lines := all(t, l); len(lines) != 2 || !proved(t, l, talk) {
		t.Errorf("%d lines, want two and a proved company", len(lines))
	}
}

// fileOtherReference has a table without the bank's references, in which the
// parser gave the lines names of its own.
func fileOtherReference(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	wrong := cent("R1", orgB, opened.To.Account)
	if err := l.Credited(t.Context(), wrong, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	again := wrong
	again.Ref, again.At = "hash", wrong.At.Add(time.Minute)
	enters(t, l, file("f1", again), Tally{Ambiguous: 1})
	if line := listing(t, l, "hash"); !slices.Equal(line.Alike, []string{"R1"}) {
		t.Errorf("the line is like %v, want R1", line.Alike)
	}
	late := wrong
	late.Ref = "R9"
	if err := l.Credited(t.Context(), late, noon.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if line := listing(t, l, "R9"); line.State != string(lineAmbiguous) {
		t.Errorf("the feed's line, which a file may have shown, is %s, want ambiguous", line.State)
	}
	told, err := l.Told(t.Context(), talk)
	if err != nil || len(told) != 2 {
		t.Errorf("the applicant was told %d things, %v, want two: one payment was refused once", len(told), err)
	}
}

func fileTwins(t *testing.T, l books) {
	_, opened := awaits(t, l, "a", orgA)
	one, two := cent("R1", orgB, opened.To.Account), cent("R2", orgB, opened.To.Account)
	enters(t, l, file("f1", one), Tally{Wrong: 1})
	enters(t, l, file("f2", one, two), Tally{Known: 1, Wrong: 1})
}

func fileContradicts(t *testing.T, l books) {
	_, opened := awaits(t, l, "a", orgA)
	other := cent("R1", orgA, opened.To.Account)
	other.Amount = 8800
	enters(t, l, file("f1", cent("R1", orgA, opened.To.Account)), Tally{Matched: 1})
	for range 2 {
		enters(t, l, file("f2", other), Tally{Contradicted: 1})
	}
	n, err := l.read.NewSelect().Model((*inboxRow)(nil)).Where("kind = 'bank'").Count(t.Context())
	if err != nil || n != 1 {
		t.Errorf("%d letters, %v, want one", n, err)
	}
}

func fileByName(t *testing.T, l books) {
	talk, _ := awaits(t, l, "a", orgA)
	early := cent("R2", orgA, receiving.Account)
	early.At = noon.Add(-24 * time.Hour)
	enters(t, l, file("f1", cent("R1", orgA, receiving.Account), early), Tally{Ambiguous: 1, Unmatched: 1})
	if proved(t, l, talk) {
		t.Error("money to no account in particular proved a company by its name")
	}
	second, _ := awaits(t, l, "b", orgA)
	line := listing(t, l, "R1")
	for _, whose := range []desk.TalkID{talk, second} {
		if !slices.ContainsFunc(line.Candidates, func(c Candidate) bool { return c.Talk == whose && c.Org.Reveal() == orgA }) {
			t.Errorf("candidates are %+v, want both talks of the company", line.Candidates)
		}
	}
}

func fileLong(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	var lines []flows.Credit
	for n := range 2*linesAtOnce + 1 {
		lines = append(lines, cent(fmt.Sprint("R", n), fmt.Sprint("路人", n), receiving.Account))
	}
	lines = append(lines, cent("mine", orgA, opened.To.Account))
	enters(t, l, file("f1", lines...), Tally{Unmatched: 2*linesAtOnce + 1, Matched: 1})
	if !proved(t, l, talk) {
		t.Error("the last line of a long file did not count")
	}
}

// ambiguous is a talk that waits, and a line that a person has to place.
func ambiguous(t *testing.T, l books) (desk.TalkID, string) {
	t.Helper()
	talk, _ := awaits(t, l, "a", orgA)
	enters(t, l, file("f1", cent("R1", orgA, receiving.Account)), Tally{Ambiguous: 1})
	return talk, listing(t, l, "R1").Candidates[0].Proof
}

var later = noon.Add(4 * time.Hour)

func letters(t *testing.T, l books) int {
	t.Helper()
	n, err := l.read.NewSelect().Model((*inboxRow)(nil)).Count(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func matchByHand(t *testing.T, l books) {
	talk, proof := ambiguous(t, l)
	if letters(t, l) != 1 {
		t.Error("a line that waits for a person has no letter")
	}
	if err := l.MatchLine(t.Context(), "R1", proof, "li", "网银里核对过付款账号", later); err != nil {
		t.Fatal(err)
	}
	if !proved(t, l, talk) || letters(t, l) != 0 {
		t.Error("the company is not proved, or the letter is still there")
	}
	if got := desktest.Reported(t, l, "proof/"+proof+"/seen"); got.Kind() != flows.KindCompanyProved {
		t.Errorf("the talk was told %#v", got)
	}
	line := listing(t, l, "R1")
	want := []Decision{{At: later.UTC(), By: "li", Matched: true, Why: "网银里核对过付款账号"}}
	if line.State != string(lineMatched) || line.Talk != talk || line.Org.Reveal() != orgA || !slices.Equal(line.Decisions, want) {
		t.Errorf("the line is %+v, want it matched with %v", line, want)
	}
	if strings.Contains(string(atRest(t, l.Ledger)), "网银里核对过付款账号") {
		t.Error("the reason, which may name a person, rests in clear")
	}
	enters(t, l, file("f2", cent("R1", orgA, receiving.Account)), Tally{Known: 1})
}

func matchAgainstRules(t *testing.T, l books) {
	talk, proof := ambiguous(t, l)
	_, stranger := awaits(t, l, "b", orgB)
	two := cent("R2", orgA, receiving.Account)
	two.Amount = 2
	enters(t, l, file("f2", cent("R3", "路人", receiving.Account), two, cent("R4", orgB, stranger.To.Account)), Tally{Unmatched: 2, Matched: 1})
	for _, tt := range []struct {
		name, ref, proof string
		want             error
	}{
		{"a stranger's money", "R3", proof, desk.ErrWrong},
		{"two fen", "R2", proof, desk.ErrWrong},
		{"money that proves another", "R4", proof, desk.ErrUsed},
		{"a proof that has its money", "R1", listingProof(t, l, "R4"), desk.ErrUsed},
		{"a line that nobody knows", "R0", proof, desk.ErrUnknown},
		{"a proof that nobody knows", "R1", "T0", desk.ErrUnknown},
	} {
		if err := l.MatchLine(t.Context(), tt.ref, tt.proof, "li", "因为", later); !errors.Is(err, tt.want) {
			t.Errorf("%s: MatchLine = %v, want %v", tt.name, err, tt.want)
		}
	}
	if proved(t, l, talk) || len(listing(t, l, "R1").Decisions) != 0 {
		t.Error("something was decided although all was refused")
	}
}

// listingProof is the proof that a line is matched with.
func listingProof(t *testing.T, l books, ref string) string {
	t.Helper()
	row, _, err := l.line(t.Context(), l.read, ref)
	if err != nil {
		t.Fatal(err)
	}
	return row.Proof
}

func matchRace(t *testing.T, l books) {
	_, proof := ambiguous(t, l)
	errs := desktest.Together(func(i int) error {
		return l.MatchLine(t.Context(), "R1", proof, fmt.Sprint("agent", i), "因为", later)
	})
	if n := desktest.Count(errs, nil); n != 1 || desktest.Count(errs, desk.ErrUsed) != len(errs)-1 {
		t.Errorf("%d of %d matched the line, want one: %v", n, len(errs), errs)
	}
	if got := listing(t, l, "R1").Decisions; len(got) != 1 {
		t.Errorf("%d decisions are kept, want one", len(got))
	}
}

func unmatchByHand(t *testing.T, l books) {
	talk, proof := ambiguous(t, l)
	ctx := t.Context()
	if err := errors.Join(
		l.MatchLine(ctx, "R1", proof, "li", "看着像", later),
		l.UnmatchLine(ctx, "R1", "zhang", "付款账号是另一家", later.Add(time.Minute)),
	); err != nil {
		t.Fatal(err)
	}
	if f := desktest.Facts(t, l, talk); f.CompanyVerified || f.Form.Has(flows.KeyCompanyProved) {
		t.Error("the company is still proved")
	}
	if told, err := l.Told(ctx, talk); err != nil || told["unproved/"+proof] != (flows.CompanyUnproved{}) {
		t.Errorf("the talk is not told: %v, %v", told, err)
	}
	if waiting, err := l.Waiting(ctx); err != nil || len(waiting) != 1 || !slices.Equal(waiting[0].Why, []string{whyTransfer}) {
		t.Errorf("waiting are %+v, %v, want a call to the talk", waiting, err)
	}
	line := listing(t, l, "R1")
	if len(line.Decisions) != 2 || line.Decisions[0].By != "li" || line.Decisions[1].By != "zhang" || line.Decisions[1].Matched {
		t.Errorf("decisions are %+v, want both", line.Decisions)
	}
	if err := l.UnmatchLine(ctx, "R1", "zhang", "又一次", later); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("UnmatchLine again = %v, want ErrUsed", err)
	}
	ref := desktest.Ref(talk, "again")
	if err := l.OpenTransfer(ctx, ref, receiving, later); err != nil {
		t.Fatal(err)
	}
	opened, ok := desktest.Answer(t, l, ref).(flows.TransferOpened)
	if !ok {
		t.Fatal("the company cannot begin again")
	}
	fresh := cent("R2", orgA, opened.To.Account)
	fresh.At = later.Add(24 * time.Hour)
	enters(t, l, file("f2", fresh), Tally{Matched: 1})
	if !proved(t, l, talk) {
		t.Error("the company's own cent does not prove it after a mistake of ours")
	}
}

func unmatchUnderOrder(t *testing.T, l books) {
	talk, proof := ambiguous(t, l)
	if err := l.MatchLine(t.Context(), "R1", proof, "li", "核对过", later); err != nil {
		t.Fatal(err)
	}
	order := orderRow{No: "D1", Talk: talk, State: orderOpen}
	if _, err := l.db.NewInsert().Model(&order).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.UnmatchLine(t.Context(), "R1", "li", "弄错了", later); !errors.Is(err, ErrBuiltOn) {
		t.Errorf("UnmatchLine = %v, want ErrBuiltOn", err)
	}
	if !proved(t, l, talk) || listing(t, l, "R1").State != string(lineMatched) {
		t.Error("half of it was taken back")
	}
}

func unmatchOneOfTwo(t *testing.T, l books) {
	talk, opened := awaits(t, l, "a", orgA)
	enters(t, l, file("f1", cent("R1", orgA, opened.To.Account), cent("R2", orgA, opened.To.Account)), Tally{Matched: 2})
	for _, tt := range []struct {
		ref    string
		proved bool
	}{{"R1", true}, {"R2", false}} {
		if err := l.UnmatchLine(t.Context(), tt.ref, "li", "退回了", later); err != nil {
			t.Fatal(err)
		}
		if proved(t, l, talk) != tt.proved {
			t.Errorf("without %s the company is proved: %t, want %t", tt.ref, !tt.proved, tt.proved)
		}
	}
}

func unmatchAmbiguous(t *testing.T, l books) {
	talk, _ := ambiguous(t, l)
	if err := l.UnmatchLine(t.Context(), "R1", "li", "与另一笔重复", later); err != nil {
		t.Fatal(err)
	}
	if line := listing(t, l, "R1"); line.State != string(lineUnmatched) || len(line.Decisions) != 1 || letters(t, l) != 0 {
		t.Errorf("the line is %+v, want it unmatched", line)
	}
	if proved(t, l, talk) {
		t.Error("a line that is nobody's proved a company")
	}
}

// leafing walks through a pile in steps, and finds by what is on the paper.
func leafing(t *testing.T, l books) {
	var credits []flows.Credit
	for i := range 7 {
		c := cent(fmt.Sprintf("L%d", i), fmt.Sprintf("路人%d", i), receiving.Account)
		c.At, c.PayerAccount = c.At.Add(-time.Duration(i/2)*time.Hour), flows.Conceal(fmt.Sprintf("62220%d", i))
		credits = append(credits, c)
	}
	enters(t, l, file("f1", credits...), Tally{Unmatched: 7})
	refs := func(s Sought) (all []string) {
		t.Helper()
		for range 10 {
			lines, mark, err := l.Lines(t.Context(), s, noon)
			if err != nil || len(lines) > s.Most {
				t.Fatalf("%d lines, %v, want %d at most", len(lines), err, s.Most)
			}
			for _, line := range lines {
				all = append(all, line.Credit.Ref)
			}
			if s.After = mark; mark == "" {
				return all
			}
		}
		t.Fatal("the pile has no end")
		return nil
	}
	want := []string{"L0", "L1", "L2", "L3", "L4", "L5", "L6"}
	for most := 1; most <= 8; most++ {
		if got := refs(Sought{Pile: PileNobodys, Most: most}); !slices.Equal(got, want) {
			t.Errorf("%d at a time: %v, want each line once, newest first", most, got)
		}
	}
	for text, want := range map[string][]string{
		"路人3": {"L3"}, "622205": {"L5"}, "L6": {"L6"}, "0.01": want, "1.01": nil,
		credits[0].At.In(flows.Beijing).Format(time.DateOnly): want, "无此人": nil,
	} {
		if got := refs(Sought{Pile: PileNobodys, Text: text, Most: 2}); !slices.Equal(got, want) {
			t.Errorf("looking for %q: %v, want %v", text, got, want)
		}
	}
	if _, _, err := l.Lines(t.Context(), Sought{Pile: PileNobodys, After: "x/y", Most: 2}, noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("a mark that is none: %v, want ErrUnknown", err)
	}
}
