package desktest

// The suite of the port that closes cases.

import (
	"errors"
	"slices"
	"testing"

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
		"money for a cancelled order is for a person":    endMoney,
		"a company's open proof is closed":               endProof,
	}
	run(t, open, tests)
}

func (a *applicant) cancels(ref desk.Ref) []string {
	a.t.Helper()
	numbers, err := a.l.Cancel(a.t.Context(), ref, Noon)
	if err != nil {
		a.t.Fatalf("Cancel = %v", err)
	}
	return numbers
}

func endOpen(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	old := a.opens(Noon)
	p := a.opens(old.Until)
	want := []string{old.Number, p.Number}
	slices.Sort(want)
	ref := a.ref()
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
	for _, k := range []flows.Key{flows.KeyService, flows.KeyTitle, flows.KeyRecipient, flows.KeyDetail, flows.KeyToMobile, flows.KeyTotal, flows.KeyOrderNo} {
		if f.Form.Has(k) {
			t.Errorf("%s is still known after the cancellation", k)
		}
	}
	if !f.Form.Has(flows.KeyKind) || !f.Form.Has(flows.KeyName) {
		t.Error("the cancellation dropped who the applicant is")
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
