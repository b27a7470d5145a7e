package desktest

// The suite of the book, the jobs and the people: who is who, and that what
// was decided is kept once for ever.

import (
	"errors"
	"regexp"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Booking is what the suite needs of a store.
type Booking interface {
	desk.Book
	desk.Jobs
	desk.People
}

// Book runs the suite of [desk.Book], [desk.Jobs] and [desk.People].
func Book(t *testing.T, open func(t *testing.T) Booking) {
	run(t, open, map[string]func(*testing.T, Booking){
		"an identity has one talk":                   identityHasOneTalk,
		"of rivals who meet, all get the same talk":  rivalsMeet,
		"a talk nobody has written in has not begun": notBegun,
		"an effect is there until it is done":        effectUntilDone,
		"an effect is entered once for ever":         enteredOnce,
		"rivals enter the same effects once":         rivalsEnter,
		"effects are entered all or none":            allOrNone,
		"a save merges and an empty answer removes":  saveMerges,
		"an old save entered again changes nothing":  oldSaveAgain,
		"the later of two pages counts":              laterPageCounts,
		"password and code stay in the ledger":       secretsStay,
		"an owner is replaced by a newer one only":   ownerMovesForward,
		"a consent begins a talk":                    consentIsKept,
		"a report is stored once for ever":           reportedOnce,
		"rivals report one event once":               rivalsReport,
		"an identity is found again by its talk":     identitiesOfTalk,
	})
}

var talkID = regexp.MustCompile(`^[a-z2-7]{26}$`)

func identityHasOneTalk(t *testing.T, b Booking) {
	first := NewTalk(t, b, "oA")
	if again := NewTalk(t, b, "oA"); again != first {
		t.Errorf("Talk again = %s, want %s", again, first)
	}
	if other := NewTalk(t, b, "oB"); other == first {
		t.Errorf("Talk of somebody else = %s as well", other)
	}
	elsewhere, err := b.Talk(t.Context(), desk.Identity{Channel: flows.Alipay, ID: "oA"})
	if err != nil || elsewhere == first {
		t.Errorf("Talk of the same text on Alipay = %s, %v, want a talk of its own", elsewhere, err)
	}
	if !talkID.MatchString(string(first)) {
		t.Errorf("Talk = %q, want 26 of a to z and 2 to 7", first)
	}
}

func rivalsMeet(t *testing.T, b Booking) {
	ids := make([]desk.TalkID, Rivals)
	AllSucceed(t, Together(func(i int) (err error) {
		ids[i], err = b.Talk(t.Context(), desk.Identity{Channel: flows.WeChat, ID: "oA"})
		return err
	}))
	if distinct := len(slices.Compact(slices.Sorted(slices.Values(ids)))); distinct != 1 {
		t.Errorf("%d talks for one identity, want 1", distinct)
	}
}

func notBegun(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	if f := Facts(t, b, talk); f.Begun || f.Registered || f.PersonVerified || len(f.Form) > 0 {
		t.Errorf("Facts of a new talk = %+v, want none", f)
	}
	if f := Facts(t, b, "nobody"); f.Begun {
		t.Error("Facts of an unknown talk: begun")
	}
	Enter(t, b, talk, "e1", flows.CallAgent{Why: "applicant"})
	if !Facts(t, b, talk).Begun {
		t.Error("Facts after an effect: not begun")
	}
}

func effectUntilDone(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	say := flows.Say{Replies: []flows.Reply{{Text: "您好"}}, Epoch: 3}
	Enter(t, b, talk, "e1", flows.SendCode{Purpose: flows.PurposeRegister}, say)
	second := desk.Ref{Talk: talk, Event: "e1", Index: 1}
	got, err := b.Effect(t.Context(), second)
	if s, ok := got.(flows.Say); err != nil || !ok || s.Epoch != 3 || s.Replies[0].Text != "您好" {
		t.Fatalf("Effect = %#v, %v, want what was entered", got, err)
	}
	for range 2 {
		if err := b.Done(t.Context(), second, Noon); err != nil {
			t.Fatalf("Done: %v", err)
		}
	}
	if _, err := b.Effect(t.Context(), second); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Effect after Done: %v, want ErrUnknown", err)
	}
	if got, err := b.Effect(t.Context(), Ref(talk, "e1")); got != (flows.SendCode{Purpose: flows.PurposeRegister}) {
		t.Errorf("Effect beside it = %v, %v, want it untouched", got, err)
	}
	if _, err := b.Effect(t.Context(), Ref(talk, "never")); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Effect never entered: %v, want ErrUnknown", err)
	}
}

func enteredOnce(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	Enter(t, b, talk, "e1", flows.VerifyFace{})
	if err := b.Done(t.Context(), Ref(talk, "e1"), Noon); err != nil {
		t.Fatal(err)
	}
	Enter(t, b, talk, "e1", flows.VerifyFace{})
	if _, err := b.Effect(t.Context(), Ref(talk, "e1")); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Effect entered again after it was done: %v, want ErrUnknown", err)
	}
}

func rivalsEnter(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	due := pending(talk, "e1", flows.Save{Page: "p", Form: Form("name", "张三")}, flows.VerifyFace{}, flows.Wait{Entry: "e1", For: time.Hour})
	AllSucceed(t, Together(func(int) error { return b.Enter(t.Context(), due) }))
	if got := Facts(t, b, talk).Form.Text(flows.KeyName); got != "张三" {
		t.Errorf("saved name = %q", got)
	}
	if _, err := b.Effect(t.Context(), desk.Ref{Talk: talk, Event: "e1", Index: 1}); err != nil {
		t.Errorf("Effect: %v", err)
	}
}

func allOrNone(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	due := append(pending(talk, "e1", flows.Save{Page: "p", Form: Form("name", "张三")}, flows.VerifyFace{}),
		pending("no such talk", "e1", flows.VerifyFace{})...)
	if err := b.Enter(t.Context(), due); err == nil {
		t.Fatal("Enter for a talk that does not exist = nil, want an error")
	}
	if f := Facts(t, b, talk); f.Begun || len(f.Form) > 0 {
		t.Errorf("Facts after a failed Enter = %+v, want none", f)
	}
	Enter(t, b, talk, "e1", due[0].Effect, due[1].Effect)
	if got := Facts(t, b, talk).Form.Text(flows.KeyName); got != "张三" {
		t.Errorf("name after entering again = %q, want it saved", got)
	}
}

func saveMerges(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	Save(t, b, talk, "e1", "p", "name", "张三", "bank", "工商银行")
	Save(t, b, talk, "e2", "p", "name", "李四", "bank", "")
	form := Facts(t, b, talk).Form
	if form.Text(flows.KeyName) != "李四" || form.Has(flows.KeyBank) {
		t.Errorf("form = %q and %q, want the newer name and no bank", form.Text(flows.KeyName), form.Text(flows.KeyBank))
	}
}

func oldSaveAgain(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	Save(t, b, talk, "e1", "p", "name", "张三")
	Save(t, b, talk, "e2", "p", "name", "李四")
	Save(t, b, talk, "e1", "p", "name", "张三")
	if got := Facts(t, b, talk).Form.Text(flows.KeyName); got != "李四" {
		t.Errorf("name = %q, want the newer one", got)
	}
}

func laterPageCounts(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	Save(t, b, talk, "e1", "z", "title", "甲公司")
	Save(t, b, talk, "e2", "a", "title", "乙公司")
	Save(t, b, talk, "e3", "z", "title", "丙公司")
	if got := Facts(t, b, talk).Form.Text(flows.KeyTitle); got != "丙公司" {
		t.Errorf("title = %q, want the one saved last", got)
	}
}

func secretsStay(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	Save(t, b, talk, "e1", flows.RegisterPerson, "password", passwordHash, "code", "123456", "mobile", "13800138000")
	form := Facts(t, b, talk).Form
	if form.Has(flows.KeyPassword) || form.Has(flows.KeyCode) || !form.Has(flows.KeyMobile) {
		t.Error("Facts carry the password or the code, or lack the mobile")
	}
}

func ownerMovesForward(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	agent := flows.Owner{Kind: flows.OwnerAgent, Agent: "li", Name: "小李", Epoch: 2}
	Enter(t, b, talk, "e2", flows.Own{Owner: agent})
	Enter(t, b, talk, "e1", flows.Own{Owner: flows.Owner{Kind: flows.OwnerQueue, Epoch: 1}})
	if got := Facts(t, b, talk).Owner; got != agent {
		t.Errorf("Owner = %+v, want %+v", got, agent)
	}
	bot := flows.Owner{Epoch: 3}
	Enter(t, b, talk, "e3", flows.Own{Owner: bot})
	if got := Facts(t, b, talk).Owner; got != bot {
		t.Errorf("Owner = %+v, want %+v", got, bot)
	}
}

func consentIsKept(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	doc := flows.Agreements()[0]
	agree := flows.Agree{Document: doc.ID, Version: doc.Version, Via: flows.WeChat, At: Noon}
	Enter(t, b, talk, "e1", agree, agree)
	if !Facts(t, b, talk).Begun {
		t.Error("Facts after a consent: not begun")
	}
}

func reportedOnce(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	const id = "order/D1/paid"
	paid := flows.Paid{No: "D1", Amount: 212_00}
	if err := b.Report(t.Context(), id, talk, paid, Noon); err != nil {
		t.Fatalf("Report: %v", err)
	}
	if err := b.Report(t.Context(), id, talk, flows.Paid{No: "D1", Amount: 1}, Noon.Add(time.Hour)); err != nil {
		t.Fatalf("Report again: %v", err)
	}
	got, event, err := b.Reported(t.Context(), id)
	if err != nil || got != talk || event.What != paid || event.ID != id || event.Via != flows.Within || !event.At.Equal(Noon) {
		t.Fatalf("Reported = %s, %+v, %v, want the first report", got, event, err)
	}
	if err := b.Accepted(t.Context(), id, Noon); err != nil {
		t.Fatalf("Accepted: %v", err)
	}
	if err := b.Report(t.Context(), id, talk, paid, Noon); err != nil {
		t.Fatalf("Report after it was accepted: %v", err)
	}
	NotReported(t, b, id)
	NotReported(t, b, "never")
}

func rivalsReport(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	AllSucceed(t, Together(func(i int) error {
		return b.Report(t.Context(), "r", talk, flows.ParcelMoved{Where: "杭州"}, Noon)
	}))
	if got := Reported(t, b, "r"); got != (flows.ParcelMoved{Where: "杭州"}) {
		t.Errorf("Reported = %v", got)
	}
}

func identitiesOfTalk(t *testing.T, b Booking) {
	talk := NewTalk(t, b, "oA")
	NewTalk(t, b, "oB")
	got, err := b.Identities(t.Context(), talk)
	if want := []desk.Identity{{Channel: flows.WeChat, ID: "oA"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Identities = %v, %v, want %v", got, err, want)
	}
	if got, err := b.Identities(t.Context(), "nobody"); err != nil || len(got) > 0 {
		t.Errorf("Identities of nobody = %v, %v, want none", got, err)
	}
}
