package desktest

// The suite of the port that lets go of what is personal.

import (
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Kept is how long a store of this suite keeps things: identity numbers,
// applicants who never paid, addresses, and words.
var Kept = struct{ Identity, Abandoned, Delivery, Words, Proof time.Duration }{
	Identity: 30 * day, Abandoned: 180 * day, Delivery: 365 * day, Words: 400 * day,
}

const day = 24 * time.Hour

// Retention runs the suite of [desk.Retention]. The function open returns an
// empty store that keeps things as [Kept] says.
func Retention(t *testing.T, open func(t *testing.T) Ledger) {
	run(t, open, map[string]func(*testing.T, Ledger){
		"an identity number goes after the activation": forgetIdentity,
		"an address goes after the delivery":           forgetAddress,
		"who never paid is forgotten whole":            forgetApplicant,
		"whoever is here is not forgotten":             forgetNobody,
	})
}

// forgets lets time pass, and checks how much is forgotten then and that it is
// forgotten once.
func (a *applicant) forgets(after time.Duration, want int) {
	a.t.Helper()
	for _, n := range []int{want, 0} {
		got, err := a.l.Forget(a.t.Context(), Noon.Add(after))
		if err != nil || got != n {
			a.t.Fatalf("Forget after %s = %d, %v, want %d", after, got, err, n)
		}
	}
}

// refusedOnce leaves an attempt behind that proved nobody.
func (a *applicant) refusedOnce() {
	a.t.Helper()
	a.saves("person.page", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	check, err := a.l.OpenCheck(a.t.Context(), a.ref(), flows.WayFace, Noon)
	if err != nil {
		a.t.Fatalf("OpenCheck = %v", err)
	}
	if err := a.l.CheckEnded(a.t.Context(), check.Number, desk.CheckEnd{Why: "不一致。"}, Noon); err != nil {
		a.t.Fatalf("CheckEnded = %v", err)
	}
}

func forgetIdentity(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.registers()
	a.refusedOnce()
	a.person()
	a.pays()
	a.changes(a.redeems(a.ticket(Noon), Noon), append(slices.Clone(upToProof), challenge, finished)...)
	a.forgets(Kept.Identity-time.Hour, 0)
	if got := a.facts().Form.Text(flows.KeyIDNumber); got != "11010519491231002X" {
		t.Fatalf("the identity number before its time: %q", got)
	}
	a.forgets(Kept.Identity+time.Hour, 1)
	f := a.facts()
	if got := f.Form.Text(flows.KeyIDNumber); got != "1****************X" || f.Form.Text(flows.KeyName) != someName || !f.PersonVerified || !f.Activated {
		t.Errorf("after its time: %q, proved %v, activated %v; want the ends of it, and the results", got, f.PersonVerified, f.Activated)
	}
}

func forgetAddress(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	a.scanned(
		flows.Scan{ID: "1", Parcel: number, State: flows.ParcelPicked, At: Noon.Add(time.Hour), Place: "杭州市"},
		flows.Scan{ID: "2", Parcel: number, State: flows.ParcelDelivered, At: Noon.Add(2 * time.Hour), Place: "北京市"},
	)
	a.forgets(Kept.Delivery-day, 0)
	a.forgets(Kept.Delivery+day, 1)
	f := a.facts()
	if f.Form.Has(flows.KeyDetail) || f.Form.Has(flows.KeyToMobile) || f.Form.Has(flows.KeyRecipient) || !f.Form.Has(flows.KeyProvince) {
		t.Errorf("known of the delivery: %v, want no receiver and no street", keys(f.Form))
	}
	if !f.Paid || !f.Delivered || !f.Form.Has(flows.KeyTitle) {
		t.Errorf("Facts = %+v, want the order and that it was delivered", f)
	}
}

func forgetApplicant(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.registers()
	a.refusedOnce()
	a.person()
	a.forgets(Kept.Abandoned-day, 0)
	a.forgets(Kept.Abandoned+day, 1)
	if f := a.facts(); len(f.Form) > 0 && (f.Form.Has(flows.KeyName) || f.Form.Has(flows.KeyIDNumber) || f.Form.Has(flows.KeyMobile)) || f.Registered || f.PersonVerified {
		t.Errorf("known of who was forgotten: %v, registered %v", keys(f.Form), f.Registered)
	}
	if again := newApplicant(t, l, "a"); again.talk == a.talk {
		t.Error("who comes back after that has the old talk")
	}
}

func forgetNobody(t *testing.T, l Ledger) {
	idle, buyer := newApplicant(t, l, "a"), newBuyer(t, l, "b")
	idle.registers()
	buyer.forgets(Kept.Abandoned-day, 0)
	buyer.forgets(Kept.Abandoned+day, 1) // the idle one
	if f := buyer.facts(); !f.Paid || !f.Form.Has(flows.KeyDetail) {
		t.Errorf("Facts of who has paid = %+v", f)
	}
}
