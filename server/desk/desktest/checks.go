package desktest

// The suite of face checks: one attempt at a time, one proof for ever, and no
// proof of anybody but the person it was opened for.

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Proving is what the suite needs of a store.
type Proving interface {
	desk.Book
	desk.Jobs
	desk.Checks
}

// Checks runs the suite of [desk.Checks].
func Checks(t *testing.T, open func(t *testing.T) Proving) {
	run(t, open, map[string]func(*testing.T, Proving){
		"an attempt stays open until it ends":               attemptStaysOpen,
		"rivals open one attempt":                           rivalsOpenCheck,
		"without particulars there is no attempt":           noParticulars,
		"an attempt too old is replaced":                    oldAttempt,
		"an attempt whose code is dropped is replaced":      droppedCode,
		"other particulars need another attempt":            otherParticulars,
		"an opened attempt answers each who asked":          openedAnswers,
		"passing proves the person once":                    passesOnce,
		"rivals end an attempt once":                        rivalsEndCheck,
		"who is proved needs no attempt":                    provedNeedsNone,
		"what is typed later does not replace the proved":   provedStays,
		"a refusal says why and ends the attempt":           refusalEnds,
		"an expired attempt is silent and passes no more":   expiredIsSilent,
		"an unknown attempt can be ended but not be opened": unknownCheck,
		"five refusals a day are all":                       refusalsEnd,
		"whoever makes them":                                refusalsOfOne,
		"twenty attempts a day are all":                     attemptsEnd,
	})
}

func named(t *testing.T, p Proving, who string) desk.TalkID {
	t.Helper()
	talk := NewTalk(t, p, who)
	Save(t, p, talk, "person", flows.PersonPage, "name", "张三", "id", "11010519491231002X")
	return talk
}

func openCheck(t *testing.T, p Proving, talk desk.TalkID, event string, at time.Time) desk.Check {
	t.Helper()
	check, err := p.OpenCheck(t.Context(), Ref(talk, event), flows.WayFace, at)
	if err != nil {
		t.Fatalf("OpenCheck(%s): %v", event, err)
	}
	return check
}

func endCheck(t *testing.T, p Proving, number string, end desk.CheckEnd) {
	t.Helper()
	if err := p.CheckEnded(t.Context(), number, end, Noon); err != nil {
		t.Fatalf("CheckEnded(%s): %v", number, err)
	}
}

var (
	passed      = desk.CheckEnd{State: flows.FacePassed}
	checkNumber = regexp.MustCompile(`^F[0-9A-Za-z]{1,31}$`)
)

func attemptStaysOpen(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	first := openCheck(t, p, talk, "e1", Noon)
	if !checkNumber.MatchString(first.Number) || !strings.HasSuffix(first.URL, "/h5/face/"+first.Number) {
		t.Errorf("OpenCheck = %s at %s, want F and letters or digits, at a page of ours", first.Number, first.URL)
	}
	if first.Talk != talk || first.Provider != "" || first.Person.Name.Reveal() != "张三" || !first.Until.Equal(Noon.Add(23*time.Hour)) {
		t.Errorf("OpenCheck = %+v, want the saved person for 23 hours", first)
	}
	if again := openCheck(t, p, talk, "e2", Noon.Add(time.Hour)); again != first {
		t.Errorf("OpenCheck again = %+v, want the same attempt", again)
	}
	if of, err := p.OpenCheckOf(t.Context(), talk); err != nil || of != first {
		t.Errorf("OpenCheckOf = %+v, %v, want the same attempt", of, err)
	}
}

func rivalsOpenCheck(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	checks := make([]desk.Check, Rivals)
	AllSucceed(t, Together(func(i int) (err error) {
		checks[i], err = p.OpenCheck(t.Context(), Ref(talk, fmt.Sprint("e", i)), flows.WayFace, Noon)
		return err
	}))
	for _, c := range checks {
		if c != checks[0] {
			t.Fatalf("rivals got %s and %s, want one attempt", checks[0].Number, c.Number)
		}
	}
}

func noParticulars(t *testing.T, p Proving) {
	talk := NewTalk(t, p, "oA")
	if _, err := p.OpenCheck(t.Context(), Ref(talk, "e1"), flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("OpenCheck = %v, want ErrUsed", err)
	}
	if got := Answer(t, p, Ref(talk, "e1")); got.Kind() != flows.KindFaceRefused {
		t.Errorf("OpenCheck reports %#v, want FaceRefused", got)
	}
	if _, err := p.OpenCheckOf(t.Context(), talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenCheckOf = %v, want ErrUnknown", err)
	}
}

func oldAttempt(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	first := openCheck(t, p, talk, "e1", Noon)
	if second := openCheck(t, p, talk, "e2", Noon.Add(23*time.Hour)); second.Number == first.Number {
		t.Error("OpenCheck after 23 hours: the old attempt")
	}
}

// droppedCode: whoever asks again is given the same, and whoever does not want it
// any more is given another.
func droppedCode(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	first := openCheck(t, p, talk, "e1", Noon)
	first.Provider = "certify-1"
	if err := p.CheckOpened(t.Context(), Ref(talk, "e1"), first, Noon); err != nil {
		t.Fatal(err)
	}
	if _, err := p.OpenCheck(t.Context(), Ref(talk, "e1"), flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("OpenCheck for what has its answer = %v, want ErrUsed", err)
	}
	if same := openCheck(t, p, talk, "e2", Noon); same.Number != first.Number {
		t.Errorf("OpenCheck again = %+v, want the same", same)
	}
	Save(t, p, talk, "drop", flows.State(flows.LearnedPage(flows.KindFaceOpened)), "faceurl", "")
	if second := openCheck(t, p, talk, "e3", Noon); second.Number == first.Number || second.Provider != "" {
		t.Errorf("OpenCheck after the code was dropped = %+v, want another attempt", second)
	}
}

func otherParticulars(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	first := openCheck(t, p, talk, "e1", Noon)
	Save(t, p, talk, "e2", flows.PersonPage, "name", "李四")
	second := openCheck(t, p, talk, "e3", Noon)
	if second.Number == first.Number || second.Person.Name.Reveal() != "李四" {
		t.Fatalf("OpenCheck for another name = %+v, want another attempt", second)
	}
	endCheck(t, p, first.Number, passed)
	if Facts(t, p, talk).PersonVerified {
		t.Error("the attempt of the first name proved the second")
	}
}

func openedAnswers(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	check := openCheck(t, p, talk, "e1", Noon)
	check.Provider = "certify-1"
	for _, event := range []string{"e1", "e1", "e2"} {
		if err := p.CheckOpened(t.Context(), Ref(talk, event), check, Noon); err != nil {
			t.Fatalf("CheckOpened(%s): %v", event, err)
		}
	}
	for _, event := range []string{"e1", "e2"} {
		got, ok := Answer(t, p, Ref(talk, event)).(flows.FaceOpened)
		if !ok || got.URL != check.URL || !got.Until.Equal(check.Until) {
			t.Errorf("CheckOpened(%s) reports %#v, want FaceOpened", event, got)
		}
	}
	if of, err := p.OpenCheckOf(t.Context(), talk); err != nil || of.Provider != "certify-1" {
		t.Errorf("OpenCheckOf = %+v, %v, want the provider's identifier", of, err)
	}
	if got := Facts(t, p, talk).Form.Text(flows.KeyFaceURL); got != check.URL {
		t.Errorf("Facts tell the address %q, want %q", got, check.URL)
	}
}

func passesOnce(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	check := openCheck(t, p, talk, "e1", Noon)
	endCheck(t, p, check.Number, passed)
	id := "check/" + check.Number + "/passed"
	if got := Reported(t, p, id); got != (flows.FaceDone{Name: flows.Conceal("张三")}) {
		t.Errorf("CheckEnded reports %#v, want FaceDone", got)
	}
	if err := p.Accepted(t.Context(), id, Noon); err != nil {
		t.Fatal(err)
	}
	endCheck(t, p, check.Number, passed)
	endCheck(t, p, check.Number, desk.CheckEnd{Why: "不是本人"})
	NotReported(t, p, id)
	if f := Facts(t, p, talk); !f.PersonVerified || !f.Form.Has(flows.KeyPersonProved) {
		t.Errorf("Facts: verified %v, want it to stay so", f.PersonVerified)
	}
}

func rivalsEndCheck(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	check := openCheck(t, p, talk, "e1", Noon)
	AllSucceed(t, Together(func(i int) error {
		end := passed
		if i%2 == 1 {
			end = desk.CheckEnd{Why: "不是本人"}
		}
		return p.CheckEnded(t.Context(), check.Number, end, Noon)
	}))
	told := 0
	for _, state := range []string{"passed", "refused"} {
		if _, _, err := p.Reported(t.Context(), "check/"+check.Number+"/"+state); err == nil {
			told++
		}
	}
	if told != 1 {
		t.Errorf("%d ends of one attempt were reported, want 1", told)
	}
}

func provedNeedsNone(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	endCheck(t, p, openCheck(t, p, talk, "e1", Noon).Number, passed)
	for range 2 {
		if _, err := p.OpenCheck(t.Context(), Ref(talk, "e2"), flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) {
			t.Errorf("OpenCheck of the proved = %v, want ErrUsed", err)
		}
	}
	if got := Answer(t, p, Ref(talk, "e2")); got != (flows.FaceDone{Name: flows.Conceal("张三")}) {
		t.Errorf("OpenCheck reports %#v, want FaceDone", got)
	}
}

func provedStays(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	endCheck(t, p, openCheck(t, p, talk, "e1", Noon).Number, passed)
	Save(t, p, talk, "e2", flows.PersonPage, "name", "李四", "id", "440524188001010014")
	form := Facts(t, p, talk).Form
	if form.Text(flows.KeyName) != "张三" || form.Text(flows.KeyIDNumber) != "11010519491231002X" {
		t.Error("the proved person was replaced by what was typed later")
	}
}

func refusalEnds(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	check := openCheck(t, p, talk, "e1", Noon)
	endCheck(t, p, check.Number, desk.CheckEnd{Why: "姓名和身份证号不一致"})
	if got := Reported(t, p, "check/"+check.Number+"/refused"); got != (flows.FaceRefused{Why: "姓名和身份证号不一致"}) {
		t.Errorf("CheckEnded reports %#v, want FaceRefused", got)
	}
	if next := openCheck(t, p, talk, "e2", Noon); next.Number == check.Number {
		t.Error("OpenCheck after a refusal: the refused attempt")
	}
}

func expiredIsSilent(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	check := openCheck(t, p, talk, "e1", Noon)
	endCheck(t, p, check.Number, desk.CheckEnd{})
	endCheck(t, p, check.Number, passed)
	for _, state := range []string{"expired", "refused", "passed"} {
		NotReported(t, p, "check/"+check.Number+"/"+state)
	}
	if Facts(t, p, talk).PersonVerified {
		t.Error("an expired attempt proved the person")
	}
}

func unknownCheck(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	endCheck(t, p, "F0", passed)
	err := p.CheckOpened(t.Context(), Ref(talk, "e1"), desk.Check{Number: "F0", Provider: "x"}, Noon)
	if !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("CheckOpened of an unknown attempt = %v, want ErrUnknown", err)
	}
}

// refusalsEnd lets nobody guess on at somebody's data; the next day they may.
func refusalsEnd(t *testing.T, p Proving) {
	talk := named(t, p, "oA")
	refused := desk.CheckEnd{Why: "不一致。"}
	for i := range 5 {
		refused.Ref = Ref(talk, fmt.Sprint("e", i))
		endCheck(t, p, openCheck(t, p, talk, refused.Ref.Event, Noon).Number, refused)
	}
	if _, err := p.OpenCheck(t.Context(), Ref(talk, "e5"), flows.WayFace, Noon.Add(time.Hour)); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("the sixth attempt of a day: %v, want ErrUsed", err)
	}
	if _, err := p.OpenCheck(t.Context(), Ref(talk, "e0"), flows.WayFace, Noon.Add(25*time.Hour)); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("what has its answer is asked once more: %v, want ErrUsed", err)
	}
	if got, ok := Answer(t, p, Ref(talk, "e5")).(flows.FaceRefused); !ok || !strings.Contains(got.Why, "明天") {
		t.Errorf("it reports %#v, want FaceRefused until tomorrow", got)
	}
	openCheck(t, p, talk, "e6", Noon.Add(25*time.Hour))
}

// refusalsOfOne are about one person, from as many talks.
func refusalsOfOne(t *testing.T, p Proving) {
	for i := range 5 {
		talk := named(t, p, fmt.Sprint("o", i))
		ref := Ref(talk, "e")
		endCheck(t, p, openCheck(t, p, talk, "e", Noon).Number, desk.CheckEnd{Why: "不一致。", Ref: ref})
	}
	sixth := named(t, p, "oF")
	if _, err := p.OpenCheck(t.Context(), Ref(sixth, "e"), flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("the sixth attempt about one person: %v, want ErrUsed", err)
	}
	other := NewTalk(t, p, "oG")
	Save(t, p, other, "person", flows.PersonPage, "name", "李四", "id", "110105194912310038")
	openCheck(t, p, other, "e", Noon)
	openCheck(t, p, sixth, "tomorrow", Noon.Add(25*time.Hour))
}

// attemptsEnd: an attempt is opened at the provider, and that costs.
func attemptsEnd(t *testing.T, p Proving) {
	talk := NewTalk(t, p, "oA")
	for i := range 20 {
		Save(t, p, talk, fmt.Sprint("person", i), flows.PersonPage, "name", "张三"+string(rune('一'+i)), "id", "11010519491231002X")
		openCheck(t, p, talk, fmt.Sprint("e", i), Noon)
	}
	Save(t, p, talk, "again", flows.PersonPage, "name", "张三", "id", "11010519491231002X", "bankcard", "6222020000000000000")
	if _, err := p.OpenCheck(t.Context(), Ref(talk, "last"), flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("the twenty-first attempt of a day: %v, want ErrUsed", err)
	}
	if Facts(t, p, talk).Form.Has(flows.KeyBankCard) {
		t.Error("the card is kept, and nothing will be compared with it")
	}
}
