package desktest

// The suite of the port that closes cases.

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Endings runs the suite of [desk.Endings]. The function open returns an empty
// store and closes it with t.Cleanup.
func Endings(t *testing.T, open func(t *testing.T) Ledger) {
	tests := map[string]func(*testing.T, Ledger){
		"what is open and unpaid is closed":              endOpen,
		"who has ordered nothing may cancel":             endNothing,
		"a paid order is never cancelled":                endPaid,
		"a late repetition ends nothing that came after": endRepeated,
		"a page saved after the cancellation stays":      endInOrder,
		"an ending closes its own payments only":         endOwnPayments,
		"an unproved person is not tried again":          endFace,
		"money for a cancelled order is for a person":    endMoney,
		"a company's open proof is closed":               endProof,
		"a consent taken back ends what is under way":    withdrawUnproved,
		"a consent taken back leaves what is proved":     withdrawProved,
		"a card is forgotten with its attempt":           forgetCard,
	}
	run(t, open, tests)
}

// cancels enters a request to cancel and performs it.
func (a *applicant) cancels(ref desk.Ref) []string {
	a.t.Helper()
	if err := a.l.Enter(a.t.Context(), []desk.Pending{{Ref: ref, Effect: flows.Cancel{}, At: Noon}}); err != nil {
		a.t.Fatalf("Enter(cancel) = %v", err)
	}
	return a.closes(ref)
}

// closes performs a request to cancel that was entered.
func (a *applicant) closes(ref desk.Ref) []string {
	a.t.Helper()
	numbers, err := a.l.Cancel(a.t.Context(), ref, Noon)
	if err != nil {
		a.t.Fatalf("Cancel = %v", err)
	}
	return numbers
}

func endOpen(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.saves("register.account", map[flows.Key]string{flows.KeyLogin: "13800138000"})
	a.saves("service.invoice", map[flows.Key]string{flows.KeyTaxNumber: "91330106MA0000015K"})
	a.chooses()
	a.orders()
	old := a.opens(Noon)
	p := a.opens(old.Until)
	want := []string{old.Number, p.Number}
	slices.Sort(want)
	ref, before := a.ref(), a.facts().Form
	if got := a.cancels(ref); !slices.Equal(got, want) {
		t.Errorf("Cancel = %v, want %v to be closed at the cashier", got, want)
	}
	if got := a.cancels(ref); !slices.Equal(got, want) {
		t.Errorf("Cancel again = %v, want the same: the first may have crashed", got)
	}
	f := a.facts()
	if !f.Cancelled || f.Ordered || !f.PersonVerified {
		t.Errorf("Facts = %+v, want cancelled, no order, still proved", f)
	}
	if !maps.Equal(f.Form, before.Kept()) {
		t.Errorf("known after the cancellation: %v, want what the conversation keeps: %v", keys(f.Form), keys(before.Kept()))
	}
	if !f.Form.Has(flows.KeyDropped) || !f.Form.Has(flows.KeyLogin) || !f.Form.Has(flows.KeyName) || f.Form.Has(flows.KeyDetail) {
		t.Errorf("known after the cancellation: %v, want the account, the person and the dropped order", keys(f.Form))
	}
	if _, err := l.OpenPaymentOf(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenPaymentOf after the cancellation = %v, want ErrUnknown", err)
	}
	a.orderRefused()
}

func endNothing(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindPerson})
	if got := a.cancels(a.ref()); len(got) != 0 || !a.facts().Cancelled {
		t.Errorf("Cancel = %v, cancelled %t; want nothing to close, and cancelled", got, a.facts().Cancelled)
	}
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindCompany})
	if a.facts().Cancelled {
		t.Error("who begins again is still cancelled")
	}
}

func endPaid(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	if got := a.cancels(a.ref()); len(got) != 0 {
		t.Errorf("Cancel of a paid order = %v, want nothing", got)
	}
	if f := a.facts(); f.Cancelled || !f.Paid || !f.Form.Has(flows.KeyRecipient) {
		t.Errorf("Facts = %+v, want a paid order as before", f)
	}
	a.books()
}

func endRepeated(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	first := a.orders()
	ref := a.ref()
	a.cancels(ref)
	a.chooses()
	second := a.orders()
	if second.No == first.No {
		t.Fatalf("the cancelled order %s came back", first.No)
	}
	a.cancels(ref)
	if f := a.facts(); !f.Ordered || f.Cancelled {
		t.Error("a repetition of an old request to cancel ended the new order")
	}
}

// endInOrder enters pages from before and after a cancellation together, as the
// sweeper does when the ledger was away, and performs the cancellation late.
func endInOrder(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	save := func(page flows.PageID, name string) flows.Effect {
		return flows.Save{Page: page, Form: Form(string(flows.KeyName), name, string(flows.KeyRecipient), name)}
	}
	effects := []flows.Effect{save("person.page", "甲"), flows.Cancel{}, save("service.delivery", "乙")}
	due := pending(a.talk, "e", effects...)
	for range 2 {
		if err := l.Enter(t.Context(), due); err != nil {
			t.Fatalf("Enter = %v", err)
		}
		a.closes(due[1].Ref)
	}
	f := a.facts()
	if f.Cancelled || f.Form.Text(flows.KeyName) != "乙" || f.Form.Text(flows.KeyRecipient) != "乙" {
		t.Errorf("after beginning anew: cancelled %t, known %v; want the page saved last", f.Cancelled, keys(f.Form))
	}
	if _, err := l.Cancel(t.Context(), a.ref(), Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Cancel of what was never entered = %v, want ErrUnknown", err)
	}
}

func endOwnPayments(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	var numbers []string
	var refs []desk.Ref
	for range 2 {
		a.chooses()
		a.orders()
		numbers = append(numbers, a.opens(Noon).Number)
		refs = append(refs, a.ref())
		a.cancels(refs[len(refs)-1])
	}
	for i, ref := range refs {
		if got := a.closes(ref); !slices.Equal(got, numbers[i:i+1]) {
			t.Errorf("ending %d closes %v, want its own %s", i+1, got, numbers[i])
		}
	}
}

// endFace repeats the request to prove a person after the person gave up.
func endFace(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("person.page", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	ref := a.ref()
	check, err := l.OpenCheck(t.Context(), ref, flows.WayFace, Noon)
	if err != nil {
		t.Fatal(err)
	}
	a.cancels(a.ref())
	if err := l.CheckOpened(t.Context(), ref, check, Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("CheckOpened after the cancellation = %v, want ErrUnknown", err)
	}
	if _, err := l.OpenCheck(t.Context(), ref, flows.WayFace, Noon); !errors.Is(err, desk.ErrUsed) || a.heard(ref.Answer()).Kind() != flows.KindFaceRefused {
		t.Errorf("OpenCheck after the cancellation = %v, told %v, want ErrUsed and FaceRefused", err, a.heard(ref.Answer()))
	}
	if _, err := l.OpenCheckOf(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenCheckOf after the cancellation = %v, want ErrUnknown", err)
	}
	if f := a.facts().Form; f.Has(flows.KeyName) || f.Has(flows.KeyIDNumber) {
		t.Errorf("known after the cancellation: %v", keys(f))
	}
}

// keys lists what a form answers, without the answers.
func keys(f flows.Form) []flows.Key { return slices.Sorted(maps.Keys(f)) }

func endMoney(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	p := a.opens(Noon)
	a.cancels(a.ref())
	a.settles(trade(p), Noon)
	a.settles(trade(p), Noon)
	if a.facts().Paid || a.count(flows.KindPaid) != 0 || a.calls() != "money" {
		t.Errorf("money after the cancellation: paid %t, agent called for %q", a.facts().Paid, a.calls())
	}
}

func endProof(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	opened := a.asksForTransfer(Noon)
	a.cancels(a.ref())
	a.credited(cent("late", opened))
	if a.facts().CompanyVerified || a.calls() == "" {
		t.Error("money on a closed account is for a person to look at")
	}
	if again := a.asksForTransfer(Noon); again.To.Account == opened.To.Account {
		t.Error("a closed account is given out again")
	}
}

// withdraws takes consents back, a minute past noon.
func (a *applicant) withdraws(documents ...string) {
	a.t.Helper()
	var effects []flows.Effect
	for _, d := range documents {
		effects = append(effects, flows.Withdraw{Document: d, At: Noon.Add(time.Minute)})
	}
	Enter(a.t, a.l, a.talk, a.ref().Event, effects...)
}

func withdrawUnproved(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("person.page", map[flows.Key]string{flows.KeyName: "王小明", flows.KeyIDNumber: "330106199003071236", flows.KeyLogin: "13800138000"})
	agrees := func(after time.Duration) {
		t.Helper()
		Enter(t, l, a.talk, a.ref().Event, flows.Agree{Document: "face", Version: "1", Via: flows.WeChat, At: Noon.Add(after)})
	}
	agrees(0)
	check, err := l.OpenCheck(t.Context(), a.ref(), flows.WayFace, Noon)
	if err != nil {
		t.Fatalf("OpenCheck = %v", err)
	}
	a.withdraws("grant", "face")
	if f := a.facts(); len(f.Agreed) != 0 || f.Form.Has(flows.KeyName) || f.Form.Has(flows.KeyIDNumber) || !f.Form.Has(flows.KeyLogin) {
		t.Errorf("agreed %v, known %v; want no consent, no person, and the account", f.Agreed, keys(f.Form))
	}
	if err := l.CheckEnded(t.Context(), check.Number, desk.CheckEnd{State: flows.FacePassed}, Noon.Add(2*time.Minute)); err != nil && !errors.Is(err, desk.ErrUnknown) {
		t.Fatalf("CheckEnded = %v", err)
	}
	if a.facts().PersonVerified {
		t.Error("a face that passed after the consent was taken back proves somebody")
	}
	agrees(2 * time.Minute)
	a.withdraws("face") // of the first consent, told again and late
	if got := a.facts().Agreed["face"]; got.Version != "1" || !got.At.Equal(Noon.Add(2*time.Minute)) {
		t.Errorf("agreed again: %+v, want the later consent in force", got)
	}
}

func withdrawProved(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	order := a.orders()
	a.withdraws("face")
	f := a.facts()
	if !f.PersonVerified || !f.Ordered || !f.Form.Has(flows.KeyName) || !f.Form.Has(flows.KeyTotal) {
		t.Errorf("Facts = %+v, want the person and order %s as before", f, order.No)
	}
}

// forgetCard compares somebody by a card: the number is there for as long as
// that takes.
func forgetCard(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.registers()
	for _, end := range []desk.CheckEnd{{Why: "不一致。"}, {State: flows.FacePassed}} {
		a.saves("person.card", map[flows.Key]string{
			flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X", flows.KeyBankCard: "6222020000000000000",
		})
		check, err := l.OpenCheck(t.Context(), a.ref(), flows.WayCard, Noon)
		if err != nil {
			t.Fatalf("OpenCheck = %v", err)
		}
		mobile, card, err := l.Factors(t.Context(), a.talk)
		if err != nil || card.Reveal() != "6222020000000000000" || mobile.IsZero() || mobile != a.facts().Form[flows.KeyMobile] {
			t.Errorf("Factors = %v, card known %v, want the account's mobile and the card", err, !card.IsZero())
		}
		if err := l.CheckEnded(t.Context(), check.Number, end, Noon); err != nil {
			t.Fatalf("CheckEnded = %v", err)
		}
		if _, card, _ := l.Factors(t.Context(), a.talk); !card.IsZero() || a.facts().Form.Has(flows.KeyBankCard) {
			t.Errorf("after %q the card is still known", end.Why)
		}
	}
}
