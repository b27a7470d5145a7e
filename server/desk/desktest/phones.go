package desktest

// Numbers that change: the part of [desk.Accounts] that needs somebody proved.

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Phones runs the suite. The function open returns an empty store and closes it
// with t.Cleanup.
func Phones(t *testing.T, open func(t *testing.T) Ledger) {
	run(t, open, map[string]func(*testing.T, Ledger){
		"a code to the new number changes it, once a day": phoneChanges,
		"without a proof there is no new number":          phoneUnproved,
		"another number than the one compared is refused": phoneSwapped,
	})
}

const (
	newNumber  = "13900139000"
	nextNumber = "13900139001"
)

// wants saves a new number and returns the code that goes there.
func (a *applicant) wants(mobile string, at time.Time) desk.Code {
	a.t.Helper()
	a.saves("phone.new", map[flows.Key]string{flows.KeyNewMobile: mobile})
	code, err := a.l.NewCode(a.t.Context(), a.talk, flows.SendCode{Purpose: flows.PurposePhone}, a.ref().String(), at)
	if err != nil || code.Mobile.Reveal() != mobile {
		a.t.Fatalf("NewCode = %v, to the new number: %v", err, code.Mobile.Reveal() == mobile)
	}
	return code
}

// changesTo sends the code in, and returns what is reported.
func (a *applicant) changesTo(mobile, code string, at time.Time) flows.Happening {
	a.t.Helper()
	a.saves("phone.code", map[flows.Key]string{flows.KeyCode: code})
	return a.tells(func(ref desk.Ref) error { return a.l.ChangePhone(a.t.Context(), ref, flows.Conceal(mobile), at) })
}

func phoneChanges(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	old := a.facts().Form[flows.KeyMobile]
	code := a.wants(newNumber, Noon)
	if who, mobile, err := l.NewPhone(t.Context(), a.talk); err != nil || who.Name.Reveal() != someName || mobile.Reveal() != newNumber {
		t.Errorf("NewPhone = %v, want the proved person and the new number", err)
	}
	if got, ok := a.changesTo(newNumber, wrong(code).Reveal(), Noon).(flows.PhoneRefused); !ok || !strings.Contains(got.Why, "还可以试4次") {
		t.Errorf("a wrong code reports %#v, want PhoneRefused with the tries left", got)
	}
	if got := a.changesTo(newNumber, code.Code.Reveal(), Noon); got != (flows.PhoneChanged{Mobile: flows.Conceal(newNumber), Old: old}) {
		t.Fatalf("the right code reports %#v, want PhoneChanged", got)
	}
	activate, err := l.NewCode(t.Context(), a.talk, flows.SendCode{Purpose: flows.PurposeActivate}, "activate", Noon.Add(2*time.Minute))
	if err != nil || activate.Mobile.Reveal() != newNumber {
		t.Errorf("the authorisation code: %v, to the new number: %v", err, activate.Mobile.Reveal() == newNumber)
	}
	f := a.facts().Form
	if f.Text(flows.KeyMobile) != newNumber || f.Has(flows.KeyNewMobile) || f.Has(flows.KeyCode) {
		t.Errorf("known afterwards: %v, want the new number and nothing of the change", keys(f))
	}
	next := a.wants(nextNumber, Noon.Add(time.Hour))
	if got, ok := a.changesTo(nextNumber, next.Code.Reveal(), Noon.Add(time.Hour)).(flows.PhoneRefused); !ok || !strings.Contains(got.Why, "一天只能换一次") {
		t.Errorf("a second change the same day reports %#v", got)
	}
}

func phoneUnproved(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("phone.new", map[flows.Key]string{flows.KeyNewMobile: newNumber})
	if _, _, err := l.NewPhone(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("NewPhone without a proof = %v, want ErrUnknown", err)
	}
	b := newOwner(t, l, "b")
	if _, _, err := l.NewPhone(t.Context(), b.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("NewPhone without a number = %v, want ErrUnknown", err)
	}
}

// phoneSwapped fills in another number after one was compared.
func phoneSwapped(t *testing.T, l Ledger) {
	a := newOwner(t, l, "a")
	a.wants(newNumber, Noon)
	code := a.wants(nextNumber, Noon.Add(2*time.Minute))
	if got, ok := a.changesTo(newNumber, code.Code.Reveal(), Noon.Add(2*time.Minute)).(flows.PhoneRefused); !ok {
		t.Errorf("the number that was compared, with the code of another: %#v, want PhoneRefused", got)
	}
	if a.facts().Form.Text(flows.KeyMobile) == newNumber {
		t.Error("the number was changed")
	}
}
