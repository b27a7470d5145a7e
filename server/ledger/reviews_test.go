package ledger

// What two members of staff can prove, and what neither can do alone.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

var (
	lin  = Staff{Name: "lin", Role: RoleAgent}
	zhao = Staff{Name: "zhao", Role: RoleSupervisor}
	qian = Staff{Name: "qian", Role: RoleSupervisor}
)

// applies makes a talk whose applicant sent in the papers of a person.
func applies(t *testing.T, l books) (desk.TalkID, Review) {
	t.Helper()
	talk := desktest.NewTalk(t, l, "a")
	desktest.Save(t, l, talk, "page", flows.PersonPapers, string(flows.KeyPaper), flows.PaperPassport,
		string(flows.KeyName), "JOHN DOE", string(flows.KeyPaperNumber), "E1234567")
	keepsPaper(t, l, talk, "front")
	asks(t, l, talk, "asks", flows.PartyPerson)
	return talk, waiting(t, l, talk)
}

func keepsPaper(t *testing.T, l books, talk desk.TalkID, body string) {
	t.Helper()
	if err := l.KeepPaper(t.Context(), talk, "image/png", []byte(body), noon); err != nil {
		t.Fatal(err)
	}
}

func asks(t *testing.T, l books, talk desk.TalkID, event string, party flows.Party) {
	t.Helper()
	if err := l.OpenReview(t.Context(), desktest.Ref(talk, event), party, noon); err != nil {
		t.Fatal(err)
	}
}

// waiting is the one review of a talk.
func waiting(t *testing.T, l books, talk desk.TalkID) Review {
	t.Helper()
	all, err := l.Reviews(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var mine []Review
	for _, r := range all {
		if r.Talk == talk {
			mine = append(mine, r)
		}
	}
	if len(mine) != 1 {
		t.Fatalf("%d reviews of one talk, want 1", len(mine))
	}
	return mine[0]
}

func judges(t *testing.T, l books, r Review, v Verdict, by Staff, want error) {
	t.Helper()
	if err := l.Judge(t.Context(), r.Number, len(r.Papers), v, by, "看过原件。", noon.Add(time.Hour)); !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s judges %t: %v, want %v", by.Name, v, err, want)
	}
}

func TestReviews(t *testing.T) {
	for name, test := range map[string]func(*testing.T, books){
		"two prove a person, and one does not":            reviewPerson,
		"two prove an organisation":                       reviewCompany,
		"a refusal is told, and deletes what was sent in": reviewRefused,
		"without a paper there is nothing to look at":     reviewBare,
		"papers that come later are judged anew":          reviewMore,
		"of many who judge at once one does":              reviewRace,
		"who is proved otherwise needs no review":         reviewProved,
		"a cancelled case leaves no paper":                reviewCancelled,
		"what stands on papers goes with the number":      papersForgotten,
		"papers are bounded, and who reads one is noted":  papersKept,
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T) { test(t, books{open(t)}) })
		})
	}
}

func reviewPerson(t *testing.T, l books) {
	talk, r := applies(t, l)
	if r.What != (flows.Review{Party: flows.PartyPerson, Paper: flows.PaperPassport, Name: flows.Conceal("JOHN DOE"), Number: flows.Conceal("E1234567")}) || len(r.Papers) != 1 {
		t.Errorf("the review is %+v", r)
	}
	if help, err := l.Waiting(t.Context()); err != nil || len(help) != 1 || !slices.Equal(help[0].Why, []string{flows.WhyReview}) {
		t.Errorf("agents see %+v, %v, want a call to the review", help, err)
	}
	asks(t, l, talk, "again", flows.PartyPerson) // as after a loss of Redis
	judges(t, l, r, Right, zhao, nil)
	judges(t, l, r, Right, zhao, desk.ErrOther)
	judges(t, l, r, Right, lin, desk.ErrOther)
	if desktest.Facts(t, l, talk).PersonVerified {
		t.Error("one member of staff proved a person")
	}
	judges(t, l, r, Right, qian, nil)
	judges(t, l, r, Wrong, qian, desk.ErrUsed)
	f := desktest.Facts(t, l, talk)
	if !f.PersonVerified || f.Form.Text(flows.KeyName) != "JOHN DOE" || f.Form.Text(flows.KeyIDNumber) != "E1234567" {
		t.Errorf("after two the facts are %+v", f)
	}
	if got := desktest.Reported(t, l, "review/"+r.Number+"/passed"); got != (flows.FaceDone{Name: flows.Conceal("JOHN DOE")}) {
		t.Errorf("the talk is told %#v", got)
	}
	if over := waiting(t, l, talk); over.State != ReviewPassed || over.First.By != "zhao" || over.Second.By != "qian" || over.Second.Why != "看过原件。" {
		t.Errorf("the list shows %+v", over)
	}
}

func reviewCompany(t *testing.T, l books) {
	talk := desktest.NewTalk(t, l, "a")
	desktest.Save(t, l, talk, "page", flows.CompanyPapers, string(flows.KeyOrgName), orgA, string(flows.KeyOrgNumber), "HK1234567")
	keepsPaper(t, l, talk, "licence")
	asks(t, l, talk, "asks", flows.PartyCompany)
	r := waiting(t, l, talk)
	judges(t, l, r, Right, lin, nil)
	judges(t, l, r, Right, zhao, nil)
	if f := desktest.Facts(t, l, talk); !f.CompanyVerified || f.Form.Text(flows.KeyCreditCode) != "HK1234567" || f.Form.Text(flows.KeyOrgName) != orgA {
		t.Errorf("after two the facts are %+v", f)
	}
}

func reviewRefused(t *testing.T, l books) {
	talk, r := applies(t, l)
	judges(t, l, r, Right, lin, nil)
	judges(t, l, r, Wrong, zhao, nil)
	if got := desktest.Reported(t, l, "review/"+r.Number+"/refused"); got != (flows.FaceRefused{Why: "人工核验没有通过：看过原件。"}) {
		t.Errorf("the talk is told %#v", got)
	}
	over := waiting(t, l, talk)
	if over.State != ReviewRefused || len(over.Papers) != 0 || !over.What.Number.IsZero() || desktest.Facts(t, l, talk).PersonVerified {
		t.Errorf("a refused review leaves %+v", over)
	}
	keepsPaper(t, l, talk, "front") // the same picture again
	asks(t, l, talk, "anew", flows.PartyPerson)
	if all, err := l.Reviews(t.Context()); err != nil || len(all) != 2 || all[0].State != ReviewAsked || len(all[0].Papers) != 1 {
		t.Errorf("asked anew: %+v, %v", all, err)
	}
}

func reviewBare(t *testing.T, l books) {
	talk, r := applies(t, l)
	judges(t, l, r, Wrong, zhao, nil)
	asks(t, l, talk, "bare", flows.PartyPerson)
	if again := waiting(t, l, talk); again.State != ReviewRefused {
		t.Errorf("a review without a paper is %s", again.State)
	}
	if got := desktest.Answer(t, l, desktest.Ref(talk, "bare")); got != (flows.FaceRefused{Why: "请重新填写并上传材料。"}) {
		t.Errorf("who sends no paper is told %#v", got)
	}
	keepsPaper(t, l, talk, "front once more")
	asks(t, l, talk, "again", flows.PartyPerson)
	all, err := l.Reviews(t.Context())
	if n := len(slices.DeleteFunc(all, func(r Review) bool { return r.Talk != talk })); err != nil || n != 2 {
		t.Errorf("with a new paper there are %d reviews, %v, want 2", n, err)
	}
}

func reviewMore(t *testing.T, l books) {
	talk, r := applies(t, l)
	judges(t, l, r, Right, lin, nil)
	keepsPaper(t, l, talk, "back")
	asks(t, l, talk, "more", flows.PartyPerson)
	judges(t, l, r, Right, zhao, desk.ErrStale)
	more := waiting(t, l, talk)
	if more.Number != r.Number || more.State != ReviewAsked || len(more.Papers) != 2 || more.First.By != "" {
		t.Errorf("with another paper the review is %+v", more)
	}
	judges(t, l, more, Right, zhao, nil)
	judges(t, l, more, Right, zhao, desk.ErrOther)
}

func reviewRace(t *testing.T, l books) {
	talk, r := applies(t, l)
	judges(t, l, r, Right, lin, nil)
	errs := desktest.Together(func(i int) error {
		by := []Staff{zhao, qian}[i%2]
		return l.Judge(t.Context(), r.Number, 1, i%3 == 0, by, "看过。", noon.Add(time.Hour))
	})
	if got := desktest.Count(errs, desk.ErrUsed); got != len(errs)-1 {
		t.Errorf("%d of %d came too late, want all but one: %v", got, len(errs), errs)
	}
	if over := waiting(t, l, talk); (over.State == ReviewPassed) != desktest.Facts(t, l, talk).PersonVerified {
		t.Errorf("the review is %s, and the person is not as it says", over.State)
	}
}

func reviewProved(t *testing.T, l books) {
	talk, r := applies(t, l)
	desktest.Save(t, l, talk, "face", flows.PersonPage, string(flows.KeyName), "张三", string(flows.KeyIDNumber), "11010519491231002X")
	check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "face"), flows.WayFace, noon)
	if err == nil {
		err = l.CheckEnded(t.Context(), check.Number, desk.CheckEnd{State: flows.FacePassed}, noon)
	}
	if err != nil {
		t.Fatal(err)
	}
	judges(t, l, r, Right, lin, nil)
	if f := desktest.Facts(t, l, talk); f.Form.Text(flows.KeyName) != "张三" {
		t.Errorf("the person is now %q", f.Form.Text(flows.KeyName))
	}
	judges(t, l, r, Right, zhao, desk.ErrUsed)
	asks(t, l, talk, "late", flows.PartyPerson)
	if got := desktest.Answer(t, l, desktest.Ref(talk, "late")); got != (flows.FaceDone{Name: flows.Conceal("张三")}) {
		t.Errorf("asking again tells %#v, want that it is done", got)
	}
}

func reviewCancelled(t *testing.T, l books) {
	talk, r := applies(t, l)
	keepsPaper(t, l, talk, "not attached yet")
	desktest.Enter(t, l, talk, "cancel", flows.Cancel{})
	judges(t, l, r, Right, lin, desk.ErrUsed)
	if _, _, err := l.ReadPaper(t.Context(), r.Papers[0].ID, "lin", noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("a paper of a cancelled case: %v, want ErrUnknown", err)
	}
	if n, err := l.NewPapers(t.Context(), talk); n != 0 || err != nil {
		t.Errorf("%d papers lie here, %v, want none", n, err)
	}
	asks(t, l, talk, "nothing", flows.PartyPerson)
	if _, ok := desktest.Answer(t, l, desktest.Ref(talk, "nothing")).(flows.FaceRefused); !ok {
		t.Error("a review of nothing is not refused")
	}
}

func papersKept(t *testing.T, l books) {
	talk, r := applies(t, l)
	for i := range papersAtOnce - 1 {
		keepsPaper(t, l, talk, string(rune('a'+i)))
		keepsPaper(t, l, talk, string(rune('a'+i)))
	}
	if err := l.KeepPaper(t.Context(), talk, "image/png", []byte("one more"), noon); !errors.Is(err, desk.ErrBusy) {
		t.Errorf("paper %d: %v, want ErrBusy", papersAtOnce+1, err)
	}
	if n, err := l.NewPapers(t.Context(), talk); n != papersAtOnce-1 || err != nil {
		t.Errorf("%d papers are new, %v, want %d", n, err, papersAtOnce-1)
	}
	kind, body, err := l.ReadPaper(t.Context(), r.Papers[0].ID, "lin", noon)
	if err != nil || kind != "image/png" || !bytes.Equal(body, []byte("front")) {
		t.Errorf("ReadPaper = %s %q, %v", kind, body, err)
	}
	n, err := l.read.NewSelect().Model((*auditRow)(nil)).Where("actor = ? AND did = ?", "lin", "looked at a paper").Count(t.Context())
	if err != nil || n != 1 {
		t.Errorf("%d notes of who looked, %v, want 1", n, err)
	}
}

func papersForgotten(t *testing.T, l books) {
	talk, r := applies(t, l)
	judges(t, l, r, Right, lin, nil)
	judges(t, l, r, Right, zhao, nil)
	err := l.tx(t.Context(), func(ctx context.Context, tx txn) error { return l.dropIdentity(ctx, tx, talk, noon) })
	if err != nil {
		t.Fatal(err)
	}
	if over := waiting(t, l, talk); len(over.Papers) != 0 || !over.What.Number.IsZero() || over.Second.By != "zhao" {
		t.Errorf("what is left of the review is %+v, want who decided", over)
	}
	if f := desktest.Facts(t, l, talk); f.Form.Text(flows.KeyIDNumber) == "E1234567" || f.Form.Has(flows.KeyPaperNumber) || !f.PersonVerified {
		t.Errorf("the facts still hold the number: %+v", f.Form)
	}
}

// TestManyApplications proves one person in one talk after the other.
func TestManyApplications(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		proves := func(who, number string, at time.Time) desk.TalkID {
			t.Helper()
			talk := desktest.NewTalk(t, l, who)
			desktest.Save(t, l, talk, "page", flows.PersonPage, string(flows.KeyName), "张三", string(flows.KeyIDNumber), number)
			check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "face"), flows.WayFace, at)
			if err == nil {
				err = l.CheckEnded(t.Context(), check.Number, desk.CheckEnd{State: flows.FacePassed}, at)
			}
			if err != nil {
				t.Fatal(err)
			}
			return talk
		}
		calls := func() (all []desk.TalkID) {
			t.Helper()
			help, err := l.Waiting(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range help {
				if slices.Contains(h.Why, whyPersonal) {
					all = append(all, h.Talk)
				}
			}
			return all
		}
		const hers = "11010519491231002X"
		proves("long ago", hers, noon.Add(-watched-time.Hour))
		for i := range usual {
			proves(string(rune('a'+i)), hers, noon)
		}
		proves("another", "110105194912310038", noon)
		if got := calls(); len(got) != 0 {
			t.Errorf("%d applications call an agent to %v", usual, got)
		}
		if one := proves("one more", hers, noon); !slices.Equal(calls(), []desk.TalkID{one}) {
			t.Errorf("one application more calls an agent to %v, want %s", calls(), one)
		}
	})
}

// TestProofsLapse orders on a proof that is too old, and on a fresh one.
func TestProofsLapse(t *testing.T) {
	onEach(t, func(t *testing.T) {
		cfg := config(t)
		cfg.Retention.Proof = 24 * time.Hour
		l := books{openWith(t, cfg)}
		talk, r := applies(t, l)
		judges(t, l, r, Right, lin, nil)
		judges(t, l, r, Right, zhao, nil)
		if err := l.PlaceOrder(t.Context(), desktest.Ref(talk, "late"), noon.Add(26*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if got := desktest.Answer(t, l, desktest.Ref(talk, "late")); got != (flows.ProofLapsed{}) {
			t.Errorf("an order on an old proof tells %#v, want ProofLapsed", got)
		}
		if f := desktest.Facts(t, l, talk); f.PersonVerified || f.Form.Has(flows.KeyPersonProved) {
			t.Errorf("the old proof still counts: %+v", f)
		}
		keepsPaper(t, l, talk, "anew")
		asks(t, l, talk, "anew", flows.PartyPerson)
		all, err := l.Reviews(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		judges(t, l, all[0], Right, lin, nil)
		judges(t, l, all[0], Right, zhao, nil)
		if err := l.PlaceOrder(t.Context(), desktest.Ref(talk, "fresh"), noon.Add(2*time.Hour)); !errors.Is(err, desk.ErrWrong) {
			t.Errorf("an order on a fresh proof, with nothing filled in: %v, want ErrWrong", err)
		}
	})
}

// TestEvidence reads the evidence of somebody whom two members of staff proved.
func TestEvidence(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := books{open(t)}
		talk, r := applies(t, l)
		desktest.Enter(t, l, talk, "agree", flows.Agree{Document: "review", Version: "2026-11-28", Via: flows.Web})
		judges(t, l, r, Right, lin, nil)
		judges(t, l, r, Right, zhao, nil)
		records, err := l.Evidence(t.Context(), string(talk), "auditor", noon.Add(2*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		has := func(what, state, by string) {
			t.Helper()
			if !slices.ContainsFunc(records, func(r Record) bool { return r.What == what && r.State == state && (by == "" || r.By == by) }) {
				t.Errorf("there is no %s that is %s by %q", what, state, by)
			}
		}
		has("consent", "given", "web")
		has("attempt", "approved", "papers")
		has("check", "passed", "")
		has("review", "asked", "")
		has("review", "seconded", "lin")
		has("review", "passed", "zhao")
		has("audit", "took the evidence", "auditor")
		text, err := json.Marshal(records)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"JOHN DOE", "E1234567"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("the evidence holds %s", secret)
			}
		}
		if !slices.IsSortedFunc(records, func(a, b Record) int { return a.At.Compare(b.At) }) {
			t.Error("the records are not in order")
		}
		if _, err := l.Evidence(t.Context(), "D0", "auditor", noon); !errors.Is(err, desk.ErrUnknown) {
			t.Errorf("the evidence of nothing: %v, want ErrUnknown", err)
		}
	})
}
