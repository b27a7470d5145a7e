package desktest

// The suite of accounts and one-time codes: that a code proves one number, for
// one purpose, once; and that a login name belongs to one person.

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

// Registry is what the suite needs of a store.
type Registry interface {
	desk.Book
	desk.Jobs
	desk.Accounts
}

// passwordHash stands for what a page makes of a password; nobody's.
const passwordHash = "$argon2id$v=19$m=65536,t=1,p=2$c29tZXNhbHRzb21lc2FsdA$Zm9ydHktdHdvIGJ5dGVzIG9mIG5vYm9keSdzIGhhc2g"

// Accounts runs the suite of [desk.Accounts].
func Accounts(t *testing.T, open func(t *testing.T) Registry) {
	run(t, open, map[string]func(*testing.T, Registry){
		"the same ref gives the same code":                sameRefSameCode,
		"a code that was answered for counts as sent":     answeredIsSent,
		"a new code within a minute is refused":           notTwiceAMinute,
		"a new code ends the one before":                  newCodeEndsOld,
		"one number gets five codes an hour":              fiveAnHour,
		"one number gets ten codes a day":                 tenADay,
		"a number's limit counts over all talks":          limitOverTalks,
		"without a mobile there is no code":               noMobileNoCode,
		"five wrong tries end a code":                     fiveWrongTries,
		"a code ends after five minutes":                  fiveMinutes,
		"a code opens once":                               opensOnce,
		"of rivals with the right code, one is let in":    rivalsGuess,
		"a code for one purpose opens no other":           purposeBound,
		"a code proves no number but its own":             numberBound,
		"an account is made with the right code":          registers,
		"registering again answers again":                 registersAgain,
		"a wrong code makes no account":                   wrongCodeNoAccount,
		"a job run twice counts one try":                  jobTwiceOneTry,
		"a login name that is taken is not told about":    loginTaken,
		"of rivals for a login name, one gets it":         rivalsForLogin,
		"rivals for one talk make one account":            rivalsForTalk,
		"what is missing is asked for again":              incomplete,
		"activation codes go to the account's own number": activationNumber,
		"who asks again in a minute has the code":         lastMinute,
		"a call reads the code of the message":            callReadsMessage,
		"a call for a code that is spent reads another":   callReadsAnother,
		"two calls an hour":                               twoCalls,
		"nobody is called by night":                       noCallByNight,
	})
}

// filled is a talk whose pages are ready for the registration.
func filled(t *testing.T, r Registry, who, login, mobile string) desk.TalkID {
	t.Helper()
	talk := NewTalk(t, r, who)
	Save(t, r, talk, "account", flows.RegisterAccount, "kind", flows.KindPerson, "login", login, "mobile", mobile)
	return talk
}

func newCode(t *testing.T, r Registry, talk desk.TalkID, ref string, at time.Time) desk.Code {
	t.Helper()
	code, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, ref, at)
	if err != nil {
		t.Fatalf("NewCode(%s): %v", ref, err)
	}
	return code
}

// wantRefusal wants a refusal with words that contain a text.
func wantRefusal(t *testing.T, err error, text string) {
	t.Helper()
	var refused *flows.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(refused.Public, text) {
		t.Errorf("error = %v, want a refusal that says %q", err, text)
	}
}

// wrong is a code other than the right one.
func wrong(c desk.Code) flows.Secret {
	if c.Code.Reveal() == "000000" {
		return flows.Conceal("000001")
	}
	return flows.Conceal("000000")
}

var sixDigits = regexp.MustCompile(`^\d{6}$`)

func sameRefSameCode(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	first := newCode(t, r, talk, "e1", Noon)
	if again := newCode(t, r, talk, "e1", Noon.Add(time.Second)); again != first {
		t.Error("NewCode under the same ref differs")
	}
	if !sixDigits.MatchString(first.Code.Reveal()) || first.Mobile.Reveal() != "13800138000" || first.Sent || first.ID == "" {
		t.Errorf("NewCode = %+v, want six digits for the saved mobile, not sent", first)
	}
}

func answeredIsSent(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	ref := Ref(talk, "e1")
	code := newCode(t, r, talk, ref.String(), Noon)
	if err := r.Report(t.Context(), ref.Answer(), talk, flows.CodeSent{Mobile: code.Mobile}, Noon); err != nil {
		t.Fatal(err)
	}
	if !newCode(t, r, talk, ref.String(), Noon).Sent {
		t.Error("Sent = false after the effect was answered")
	}
}

func notTwiceAMinute(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	_, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "e2", Noon.Add(20*time.Second))
	wantRefusal(t, err, "40秒")
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon.Add(time.Minute)); err != nil {
		t.Errorf("CheckCode after a refused second code: %v, want the first still good", err)
	}
}

func newCodeEndsOld(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	old := newCode(t, r, talk, "e1", Noon)
	later := Noon.Add(time.Minute)
	fresh := newCode(t, r, talk, "e2", later)
	if again := newCode(t, r, talk, "e1", later); !again.Sent {
		t.Error("the replaced code would still be sent")
	}
	if old.Code != fresh.Code {
		if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, old.Code, later); !errors.Is(err, desk.ErrWrong) {
			t.Errorf("CheckCode(old) = %v, want ErrWrong", err)
		}
	}
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, fresh.Code, later); err != nil {
		t.Errorf("CheckCode(new) = %v", err)
	}
}

func fiveAnHour(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	for i := range 5 {
		newCode(t, r, talk, fmt.Sprint("e", i), Noon.Add(time.Duration(i)*10*time.Minute))
	}
	_, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "e5", Noon.Add(50*time.Minute))
	wantRefusal(t, err, "10分钟")
	newCode(t, r, talk, "e5", Noon.Add(time.Hour))
}

func tenADay(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	for i := range 10 {
		newCode(t, r, talk, fmt.Sprint("e", i), Noon.Add(time.Duration(i)*2*time.Hour))
	}
	_, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "e10", Noon.Add(20*time.Hour))
	wantRefusal(t, err, "4小时")
	newCode(t, r, talk, "e10", Noon.Add(24*time.Hour))
}

func limitOverTalks(t *testing.T, r Registry) {
	newCode(t, r, filled(t, r, "oA", "13800138000", "13800138000"), "e1", Noon)
	other := filled(t, r, "oB", "13900139000", "13800138000")
	_, err := r.NewCode(t.Context(), other, flows.SendCode{Purpose: flows.PurposeRegister}, "e2", Noon)
	wantRefusal(t, err, "60秒")
}

func noMobileNoCode(t *testing.T, r Registry) {
	_, err := r.NewCode(t.Context(), NewTalk(t, r, "oA"), flows.SendCode{Purpose: flows.PurposeRegister}, "e1", Noon)
	wantRefusal(t, err, "手机号码")
}

func fiveWrongTries(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	for want := 4; want >= 0; want-- {
		left, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, wrong(code), Noon)
		if left != want || !errors.Is(err, desk.ErrWrong) {
			t.Fatalf("CheckCode(wrong) = %d, %v, want %d, ErrWrong", left, err, want)
		}
	}
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("CheckCode(right) after five wrong = %v, want ErrExpired", err)
	}
}

func fiveMinutes(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon.Add(5*time.Minute)); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("CheckCode after five minutes = %v, want ErrExpired", err)
	}
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon.Add(5*time.Minute-time.Second)); err != nil {
		t.Errorf("CheckCode just before = %v", err)
	}
}

func opensOnce(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	for _, want := range []error{nil, desk.ErrUnknown} {
		if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon); !errors.Is(err, want) {
			t.Errorf("CheckCode = %v, want %v", err, want)
		}
	}
}

func rivalsGuess(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	errs := Together(func(int) error {
		_, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon)
		return err
	})
	if in := Count(errs, nil); in != 1 {
		t.Errorf("%d of %d were let in, want 1: %v", in, Rivals, errs)
	}
}

func purposeBound(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeActivate, code.Code, Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("CheckCode for activation = %v, want ErrUnknown", err)
	}
}

func numberBound(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	Save(t, r, talk, "e2", flows.RegisterAccount, "mobile", "13900139000")
	if _, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, code.Code, Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("CheckCode after the mobile was changed = %v, want ErrUnknown", err)
	}
}

// register sends in the second page with a code and registers.
func register(t *testing.T, r Registry, talk desk.TalkID, event string, code flows.Secret) flows.Happening {
	t.Helper()
	Save(t, r, talk, event+"-page", flows.RegisterPerson, "password", passwordHash, "code", code.Reveal())
	ref := Ref(talk, event)
	if err := r.Register(t.Context(), ref, Noon); err != nil {
		t.Fatalf("Register(%s): %v", event, err)
	}
	return Answer(t, r, ref)
}

func registers(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "wang@example.com", "13800138000")
	got := register(t, r, talk, "e2", newCode(t, r, talk, "e1", Noon).Code)
	if want := (flows.Registered{Login: flows.Conceal("wang@example.com")}); got != want {
		t.Fatalf("Register reports %#v, want Registered", got)
	}
	if f := Facts(t, r, talk); !f.Registered || !f.Form.Has(flows.KeyRegistered) {
		t.Errorf("Facts: registered %v, form %v, want both to say so", f.Registered, f.Form)
	}
}

func registersAgain(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	register(t, r, talk, "e2", newCode(t, r, talk, "e1", Noon).Code)
	got := register(t, r, talk, "e3", flows.Conceal("999999"))
	if want := (flows.Registered{Login: flows.Conceal("13800138000")}); got != want {
		t.Errorf("Register again reports %#v, want Registered", got)
	}
}

func wrongCodeNoAccount(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	got, ok := register(t, r, talk, "e2", wrong(code)).(flows.NotRegistered)
	if !ok || got.Field != flows.KeyCode || !strings.Contains(got.Why, "4次") {
		t.Errorf("Register reports %#v, want NotRegistered for the code with 4 tries left", got)
	}
	if Facts(t, r, talk).Registered {
		t.Error("registered with a wrong code")
	}
	if got := register(t, r, talk, "e3", code.Code); got.Kind() != flows.KindRegistered {
		t.Errorf("Register with the right code then reports %#v", got)
	}
}

func jobTwiceOneTry(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	register(t, r, talk, "e2", wrong(code))
	AllSucceed(t, Together(func(int) error { return r.Register(t.Context(), Ref(talk, "e2"), Noon) }))
	left, err := r.CheckCode(t.Context(), talk, flows.PurposeRegister, wrong(code), Noon)
	if left != 3 || !errors.Is(err, desk.ErrWrong) {
		t.Errorf("CheckCode = %d, %v, want 3 left: one try by Register, one now", left, err)
	}
}

func loginTaken(t *testing.T, r Registry) {
	first := filled(t, r, "oA", "13800138000", "13800138000")
	register(t, r, first, "e2", newCode(t, r, first, "e1", Noon).Code)
	second := filled(t, r, "oB", "13800138000", "13900139000")
	got, ok := register(t, r, second, "e2", newCode(t, r, second, "f1", Noon).Code).(flows.NotRegistered)
	if !ok || got.Field != flows.KeyLogin || strings.Contains(got.Why, "存在") || strings.Contains(got.Why, "已注册") {
		t.Errorf("Register reports %#v, want NotRegistered for the login name, without saying why", got)
	}
	if f := Facts(t, r, second); f.Registered {
		t.Error("two accounts under one login name")
	}
}

func rivalsForLogin(t *testing.T, r Registry) {
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		talk := filled(t, r, fmt.Sprint("o", i), "wang@example.com", fmt.Sprintf("138001380%02d", i))
		code := newCode(t, r, talk, fmt.Sprint("c", i), Noon)
		Save(t, r, talk, "page", flows.RegisterPerson, "password", passwordHash, "code", code.Code.Reveal())
		refs[i] = Ref(talk, "e")
	}
	AllSucceed(t, Together(func(i int) error { return r.Register(t.Context(), refs[i], Noon) }))
	made := 0
	for _, ref := range refs {
		if Answer(t, r, ref).Kind() == flows.KindRegistered {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d accounts under one login name, want 1", made)
	}
}

func rivalsForTalk(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	code := newCode(t, r, talk, "e1", Noon)
	Save(t, r, talk, "page", flows.RegisterPerson, "password", passwordHash, "code", code.Code.Reveal())
	AllSucceed(t, Together(func(i int) error { return r.Register(t.Context(), Ref(talk, fmt.Sprint("e", i)), Noon) }))
	for i := range Rivals {
		if got := Answer(t, r, Ref(talk, fmt.Sprint("e", i))); got.Kind() != flows.KindRegistered {
			t.Errorf("rival %d hears %#v, want Registered", i, got)
		}
	}
}

func incomplete(t *testing.T, r Registry) {
	talk := NewTalk(t, r, "oA")
	if err := r.Register(t.Context(), Ref(talk, "e1"), Noon); err != nil {
		t.Fatalf("Register: %v", err)
	}
	if got, ok := Answer(t, r, Ref(talk, "e1")).(flows.NotRegistered); !ok || got.Field != flows.KeyLogin {
		t.Errorf("Register without pages reports %#v, want NotRegistered for the login name", got)
	}
	Save(t, r, talk, "p", flows.RegisterAccount, "login", "13800138000", "mobile", "13800138000")
	Save(t, r, talk, "q", flows.RegisterPerson, "password", "plain text 1", "code", "123456")
	if err := r.Register(t.Context(), Ref(talk, "e2"), Noon); err != nil {
		t.Fatalf("Register: %v", err)
	}
	if got := Answer(t, r, Ref(talk, "e2")); got.Kind() != flows.KindNotRegistered {
		t.Errorf("Register with a password that is not hashed reports %#v", got)
	}
}

func activationNumber(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	_, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeActivate}, "a0", Noon)
	wantRefusal(t, err, "手机号码")
	register(t, r, talk, "e2", newCode(t, r, talk, "e1", Noon).Code)
	Save(t, r, talk, "later", flows.RegisterAccount, "mobile", "13900139000")
	code, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeActivate}, "a1", Noon.Add(time.Hour))
	if err != nil || code.Mobile.Reveal() != "13800138000" {
		t.Errorf("NewCode for activation: %v, to the account's number: %v", err, code.Mobile.Reveal() == "13800138000")
	}
}

// lastMinute runs the tool again and again: what its first run had sent is good
// until another code can be had.
func lastMinute(t *testing.T, r Registry) {
	talk := filled(t, r, "oA", "13800138000", "13800138000")
	register(t, r, talk, "e2", newCode(t, r, talk, "e1", Noon).Code)
	later := Noon.Add(time.Hour)
	ask := func(ref string, after time.Duration) desk.Code {
		t.Helper()
		code, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeActivate}, ref, later.Add(after))
		if err != nil {
			t.Fatalf("NewCode(%s): %v", ref, err)
		}
		return code
	}
	first := ask("a1", 0)
	if again := ask("a2", 10*time.Second); again != first || again.Sent {
		t.Errorf("a code that did not get out is asked for again: the same %v, sent %v, want it once more, not sent", again.ID == first.ID, again.Sent)
	}
	if err := r.CodeSent(t.Context(), first.ID); err != nil {
		t.Fatalf("CodeSent: %v", err)
	}
	if again := ask("a3", 20*time.Second); again.ID != first.ID || !again.Sent || !again.Code.IsZero() {
		t.Errorf("a code that went out is asked for again: the same %v, sent %v, told %v", again.ID == first.ID, again.Sent, !again.Code.IsZero())
	}
	if next := ask("a4", time.Minute); next.ID == first.ID || next.Sent {
		t.Error("a minute later there is no new code")
	}
	for range 5 {
		_, _ = r.CheckCode(t.Context(), talk, flows.PurposeActivate, wrong(first), later.Add(time.Minute))
	}
	_, err := r.NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeActivate}, "a5", later.Add(70*time.Second))
	wantRefusal(t, err, "50秒")
}
