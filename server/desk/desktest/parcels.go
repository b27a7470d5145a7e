package desktest

// The suite of the port that ships UKeys.

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Parcels runs the suite of [desk.Parcels]. The function open returns an empty
// store and closes it with t.Cleanup.
func Parcels(t *testing.T, open func(t *testing.T) Ledger) {
	tests := map[string]func(*testing.T, Ledger){
		"only a paid order is shipped":                  parcelUnpaid,
		"many at once make one shipment":                parcelCrowd,
		"the first waybill stays":                       parcelWaybill,
		"lines in any order end in the same place":      parcelPermuted,
		"what is told of a usual parcel":                parcelUsual,
		"many enter the same lines":                     parcelScanCrowd,
		"on the way back a signature is the sender's":   parcelReturned,
		"trouble is told once a line, and may pass":     parcelTrouble,
		"trouble that is over when heard of is no news": parcelOldTrouble,
		"a line that comes before the booking is noted": parcelEarly,
		"a line of an unknown parcel is taken":          parcelUnknown,
	}
	run(t, open, tests)
}

// waybill is what the courier calls the parcel that we gave a number.
func waybill(number string) string { return "SF" + number[max(0, len(number)-13):] }

func newBuyer(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	a := newPerson(t, l, name)
	a.pays()
	return a
}

// books brings the applicant to a booked parcel and returns its number.
func (a *applicant) books() string {
	a.t.Helper()
	parcel, err := a.l.OpenShipment(a.t.Context(), a.ref(), Noon)
	if err != nil {
		a.t.Fatalf("OpenShipment = %v", err)
	}
	got := a.tells(func(ref desk.Ref) error {
		return a.l.ShipmentBooked(a.t.Context(), ref, parcel.Number, waybill(parcel.Number), Noon)
	})
	if got != (flows.Booked{Waybill: waybill(parcel.Number)}) {
		a.t.Fatalf("ShipmentBooked told %#v, want Booked", got)
	}
	return parcel.Number
}

func (a *applicant) scanned(scans ...flows.Scan) {
	a.t.Helper()
	if err := a.l.Scanned(a.t.Context(), scans, Noon); err != nil {
		a.t.Fatalf("Scanned = %v", err)
	}
}

// progress is what a booked parcel's shipment answers now.
func (a *applicant) progress() flows.Happening {
	a.t.Helper()
	ref := a.ref()
	if _, err := a.l.OpenShipment(a.t.Context(), ref, Noon); !errors.Is(err, desk.ErrUsed) {
		a.t.Fatalf("OpenShipment of a booked parcel = %v, want ErrUsed", err)
	}
	return a.heard(ref.Answer())
}

// way makes lines an hour apart, each at a place of its own.
func way(number string, states ...flows.ParcelState) []flows.Scan {
	var all []flows.Scan
	for i, s := range states {
		all = append(all, flows.Scan{
			ID: fmt.Sprintf("%s-%d", number, i), Parcel: number, Waybill: waybill(number),
			At: Noon.Add(time.Duration(i) * time.Hour), State: s, Place: fmt.Sprintf("第%d站", i), Remark: string(s),
		})
	}
	return all
}

func parcelUnpaid(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	if _, err := l.OpenShipment(t.Context(), a.ref(), Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenShipment of an unpaid order = %v, want ErrUnknown", err)
	}
}

func parcelCrowd(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	var numbers [Rivals]string
	if err := together(nil, func(n int) error {
		p, err := l.OpenShipment(t.Context(), refs[n], Noon)
		numbers[n] = p.Number
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(numbers[:], func(n string) bool { return n != numbers[0] || n == "" }) {
		t.Errorf("shipments %q, want one", numbers)
	}
}

func parcelWaybill(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	got := a.tells(func(ref desk.Ref) error {
		return l.ShipmentBooked(t.Context(), ref, number, "SF0000000000000", Noon)
	})
	if got != (flows.Booked{Waybill: waybill(number)}) {
		t.Errorf("ShipmentBooked again told %#v, want the first waybill", got)
	}
	if got := a.progress(); got != (flows.Booked{Waybill: waybill(number)}) {
		t.Errorf("a booked parcel is %#v, want Booked", got)
	}
}

func parcelPermuted(t *testing.T, l Ledger) {
	states := []flows.ParcelState{flows.ParcelPicked, flows.ParcelMoving, flows.ParcelOut, flows.ParcelDelivered}
	for i, order := range permutations(len(states)) {
		a := newBuyer(t, l, fmt.Sprint("a", i))
		number := a.books()
		lines := way(number, states...)
		for n := range lines {
			lines[n].Waybill = "" // one number is enough to know a parcel by
		}
		for _, n := range order {
			a.scanned(lines[n])
		}
		a.scanned(lines...)
		f := a.facts()
		shipped, delivered := a.count(flows.KindShipped), a.count(flows.KindDelivered)
		if !f.Shipped || !f.Delivered || shipped != 1 || delivered != 1 || a.count(flows.KindParcelTrouble) != 0 {
			t.Errorf("order %v: shipped %t (told %d times), delivered %t (told %d times)", order, f.Shipped, shipped, f.Delivered, delivered)
		}
		if got := a.progress(); got.Kind() != flows.KindDelivered {
			t.Errorf("order %v: the parcel is %#v, want Delivered", order, got)
		}
	}
}

// permutations lists every order of the numbers below n.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

func parcelUsual(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	lines := way(number, flows.ParcelPicked, flows.ParcelMoving, flows.ParcelMoving, flows.ParcelOut, flows.ParcelDelivered)
	lines[2].Place = lines[1].Place
	for _, line := range lines {
		line.Parcel = "" // the waybill is enough, too
		a.scanned(line)
	}
	if got := a.heard("parcel/" + number + "/shipped"); got != (flows.Shipped{Waybill: waybill(number)}) {
		t.Errorf("told %#v, want Shipped", got)
	}
	if n := a.count(flows.KindParcelMoved); n != 3 {
		t.Errorf("ParcelMoved was told %d times, want 3: picked up, one new place, out", n)
	}
	want := flows.Delivered{Where: "11月24日 16:00 第4站 delivered"}
	if got := a.heard("parcel/" + number + "/delivered"); got != want {
		t.Errorf("told %#v, want %#v", got, want)
	}
	if got := a.facts().Form.Text(flows.KeyWhere); got != want.Where {
		t.Errorf("Facts know the place %q, want %q", got, want.Where)
	}
	late := way(number, flows.ParcelMoving)[0]
	late.ID, late.At = "late", Noon.Add(9*time.Hour)
	a.scanned(late)
	if !a.facts().Delivered {
		t.Error("a line after the delivery took it back")
	}
}

func parcelScanCrowd(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	lines := way(number, flows.ParcelPicked, flows.ParcelProblem, flows.ParcelOut, flows.ParcelDelivered)
	if err := together(nil, func(n int) error { return l.Scanned(t.Context(), lines[:1+n%4], Noon) }); err != nil {
		t.Fatal(err)
	}
	if a.count(flows.KindShipped) != 1 || a.count(flows.KindDelivered) != 1 || a.count(flows.KindParcelTrouble) > 1 {
		t.Errorf("told %v, want Shipped and Delivered once", a.told())
	}
}

func parcelReturned(t *testing.T, l Ledger) {
	states := []flows.ParcelState{flows.ParcelPicked, flows.ParcelReturning, flows.ParcelDelivered}
	for i, order := range permutations(len(states)) {
		a := newBuyer(t, l, fmt.Sprint("a", i))
		number := a.books()
		lines := way(number, states...)
		for _, n := range order {
			a.scanned(lines[n])
		}
		if a.facts().Delivered || a.count(flows.KindParcelTrouble) == 0 {
			t.Errorf("order %v: the sender's signature was the applicant's, or nobody heard of it: %v", order, a.told())
		}
		if got := a.progress(); got.Kind() != flows.KindParcelTrouble {
			t.Errorf("order %v: the parcel is %#v, want ParcelTrouble", order, got)
		}
	}
}

func parcelTrouble(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	lines := way(number, flows.ParcelPicked, flows.ParcelProblem, flows.ParcelProblem, flows.ParcelOut, flows.ParcelDelivered)
	for _, line := range lines[:3] {
		a.scanned(line, line)
	}
	if n := a.count(flows.KindParcelTrouble); n != 2 {
		t.Errorf("ParcelTrouble was told %d times, want once for each of two lines", n)
	}
	if got := a.progress(); got.Kind() != flows.KindParcelTrouble || !a.facts().Shipped {
		t.Errorf("the parcel is %#v, want ParcelTrouble, and shipped", got)
	}
	a.scanned(lines...)
	if !a.facts().Delivered || a.count(flows.KindParcelTrouble) != 2 {
		t.Errorf("after the trouble: %v, want Delivered", a.told())
	}
}

func parcelOldTrouble(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	lines := way(number, flows.ParcelPicked, flows.ParcelProblem, flows.ParcelOut)
	a.scanned(lines[0], lines[2])
	where := a.facts().Form.Text(flows.KeyWhere)
	a.scanned(lines[1])
	if a.count(flows.KindParcelTrouble) != 0 || a.facts().Form.Text(flows.KeyWhere) != where {
		t.Errorf("a line that came late was told as the latest: %v", a.told())
	}
	if got := a.progress(); got != (flows.Shipped{Waybill: waybill(number)}) {
		t.Errorf("the parcel is %#v, want Shipped", got)
	}
}

func parcelEarly(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	parcel, err := l.OpenShipment(t.Context(), a.ref(), Noon)
	if err != nil {
		t.Fatal(err)
	}
	a.scanned(way(parcel.Number, flows.ParcelPicked)...)
	if got := a.books(); got != parcel.Number {
		t.Fatalf("a second shipment %s was made", got)
	}
	if got := a.progress(); got != (flows.Shipped{Waybill: waybill(parcel.Number)}) {
		t.Errorf("the parcel is %#v, want Shipped", got)
	}
}

func parcelUnknown(t *testing.T, l Ledger) {
	a := newBuyer(t, l, "a")
	number := a.books()
	stray := way("S0", flows.ParcelPicked)[0]
	nameless := way("", flows.ParcelPicked)[0]
	nameless.Waybill = ""
	a.scanned(append(way(number, flows.ParcelPicked), stray, stray, nameless)...)
	if !a.facts().Shipped {
		t.Error("an unknown parcel in a batch kept the others from being entered")
	}
}
