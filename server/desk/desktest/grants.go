package desktest

// The suite of the port that proves companies without money.

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Grants runs the suite of [desk.Grants]. The function open returns an empty
// store and closes it with t.Cleanup.
func Grants(t *testing.T, open func(t *testing.T) Ledger) {
	run(t, open, map[string]func(*testing.T, Ledger){
		"a grant is the same until it is used":       grantFoundAgain,
		"another company or way needs another grant": grantToAnother,
		"the company's account proves it":            holderProves,
		"five wrong accounts end a grant":            holderWrong,
		"an expired grant proves nothing":            grantExpires,
		"five grants a day":                          grantLimit,
		"a cancelled case has no grant":              grantCancelled,
		"nobody grants before the person is proved":  grantUnproved,
		"a representative passes at once":            representativePasses,
		"a name is looked up once":                   nameLookedUpOnce,
		"many at once make one grant and one proof":  grantCrowd,
	})
}

// asksForGrant asks for the grant, under a name of its own; told is what was
// reported when there is nothing to ask for.
func (a *applicant) asksForGrant(at time.Time) (g desk.Grant, told flows.Happening) {
	a.t.Helper()
	ref := a.ref()
	g, err := a.l.OpenGrant(a.t.Context(), ref, at)
	if errors.Is(err, desk.ErrUsed) {
		return g, a.heard(ref.Answer())
	}
	if err != nil {
		a.t.Fatalf("OpenGrant = %v", err)
	}
	return g, nil
}

// granting opens a grant and has the holder asked.
func (a *applicant) granting(at time.Time) desk.Grant {
	a.t.Helper()
	g, told := a.asksForGrant(at)
	if told != nil {
		a.t.Fatalf("OpenGrant told %#v, want a grant", told)
	}
	got := a.tells(func(ref desk.Ref) error { return a.l.GrantOpened(a.t.Context(), ref, g, at) })
	if opened, ok := got.(flows.GrantOpened); !ok || opened.URL != g.URL || !opened.Until.Equal(g.Until) {
		a.t.Fatalf("GrantOpened told %#v, want GrantOpened with %s", got, g.URL)
	}
	return g
}

func (a *applicant) ends(g desk.Grant, why string, at time.Time) {
	a.t.Helper()
	if err := a.l.GrantEnded(a.t.Context(), g.Number, why, at); err != nil {
		a.t.Fatalf("GrantEnded = %v", err)
	}
}

// cannotEnd holds that the right account, shown for a grant that is over, is
// told so and proves nothing.
func (a *applicant) cannotEnd(g desk.Grant, at time.Time) {
	a.t.Helper()
	if err := a.l.GrantEnded(a.t.Context(), g.Number, "", at); !errors.Is(err, desk.ErrExpired) {
		a.t.Errorf("GrantEnded = %v, want ErrExpired", err)
	}
	if a.facts().CompanyVerified {
		a.t.Error("the company is proved")
	}
}

// usable is what Grant says of a grant.
func (a *applicant) usable(g desk.Grant, at time.Time) error {
	_, err := a.l.Grant(a.t.Context(), g.Number, at)
	return err
}

func grantFoundAgain(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	first := a.granting(Noon)
	if first.Org.Name.Reveal() != someOrg || first.Handler.Name.Reveal() != someName || bool(first.Own) || !first.Until.Equal(Noon.Add(flows.GrantWithin)) {
		t.Errorf("the grant is %+v", first)
	}
	if again, told := a.asksForGrant(Noon.Add(time.Hour)); again != first || told != nil {
		t.Errorf("OpenGrant again = %+v, %v, want the same: %+v", again, told, first)
	}
	if got, err := l.Grant(t.Context(), first.Number, Noon.Add(time.Hour)); got != first || err != nil {
		t.Errorf("Grant = %+v, %v, want %+v", got, err, first)
	}
	if f := a.facts().Form; f.Text(flows.KeyGrantURL) != first.URL || !f.Has(flows.KeyGrantUntil) {
		t.Error("Facts do not know that the holder is waited for")
	}
	if _, err := l.Grant(t.Context(), "Gunknown", Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Grant of no number = %v, want ErrUnknown", err)
	}
}

func grantToAnother(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	first := a.granting(Noon)
	a.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: "91330106MA0000023F"})
	second := a.granting(Noon)
	if err := a.usable(first, Noon); second.Number == first.Number || !errors.Is(err, desk.ErrExpired) {
		t.Errorf("the grant for the company before is usable: %v", err)
	}
	a.saves(flows.PageID(flows.KeyMethod), map[flows.Key]string{flows.KeyMethod: flows.MethodRepresentative})
	own, _ := a.asksForGrant(Noon)
	if own.Number == second.Number || !bool(own.Own) || own.Verify != "" {
		t.Fatalf("the representative's grant is %+v", own)
	}
	own.Verify = "v1"
	a.tells(func(ref desk.Ref) error { return l.GrantOpened(t.Context(), ref, own, Noon) })
	if got, err := l.Grant(t.Context(), own.Number, Noon); got != own || err != nil {
		t.Errorf("Grant = %+v, %v, want %+v", got, err, own)
	}
}

func holderProves(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	a.asksForTransfer(Noon) // both ways at once
	g := a.granting(Noon)
	a.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: "91330106MA0000023F"}) // typed since
	for range 2 {
		a.ends(g, "", Noon.Add(time.Hour))
	}
	if n := a.count(flows.KindCompanyProved); n != 1 {
		t.Errorf("CompanyProved was told %d times, want once", n)
	}
	if f := a.facts(); !f.CompanyVerified || f.Form.Text(flows.KeyCreditCode) != "91330106MA0000015K" || f.Form.Has(flows.KeyGrantUntil) {
		t.Errorf("Facts: proved %t, %q", f.CompanyVerified, f.Form.Text(flows.KeyCreditCode))
	}
	a.ends(g, "晚了。", Noon.Add(time.Hour))
	if a.count(flows.KindGrantRefused) != 0 || !errors.Is(a.usable(g, Noon), desk.ErrUsed) {
		t.Error("a grant that proved its company is refused afterwards")
	}
	if _, told := a.asksForGrant(Noon); told == nil || told.Kind() != flows.KindCompanyProved {
		t.Errorf("OpenGrant of a proved company told %#v, want CompanyProved", told)
	}
	if got := a.status(); got != flows.KindCompanyProved {
		t.Errorf("TransferStatus told %s, want CompanyProved", got)
	}
}

func holderWrong(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	g := a.granting(Noon)
	for n := 1; n <= 5; n++ {
		if err := a.usable(g, Noon); err != nil {
			t.Fatalf("after %d wrong accounts: %v", n-1, err)
		}
		a.ends(g, "这是个人支付宝。", Noon)
		if got := a.count(flows.KindGrantRefused); got != n {
			t.Fatalf("GrantRefused was told %d times, want %d", got, n)
		}
	}
	if !errors.Is(a.usable(g, Noon), desk.ErrExpired) || a.calls() != "grant" {
		t.Errorf("a grant that was tried too often is usable, or an agent is called for %q", a.calls())
	}
	a.cannotEnd(g, Noon)
	if again := a.granting(Noon.Add(time.Minute)); again.Number == g.Number {
		t.Error("a spent grant is used again")
	}
}

func grantExpires(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	g := a.granting(Noon)
	late := Noon.Add(flows.GrantWithin)
	if err := a.usable(g, late); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("Grant, too late, = %v, want ErrExpired", err)
	}
	a.cannotEnd(g, late)
	if a.granting(late).Number == g.Number {
		t.Error("an expired grant is opened again")
	}
}

func grantLimit(t *testing.T, l Ledger) {
	a, b := newHandler(t, l, "a"), newHandler(t, l, "b") // both for one company
	for i := range 5 {
		who := []*applicant{a, b}[i%2]
		g := who.granting(Noon)
		for range 5 {
			who.ends(g, "这是个人支付宝。", Noon)
		}
	}
	if _, told := b.asksForGrant(Noon.Add(time.Hour)); told == nil || told.Kind() != flows.KindGrantRefused {
		t.Errorf("the sixth grant of a day told %#v, want GrantRefused", told)
	}
	b.granting(Noon.Add(25 * time.Hour))
}

func grantCancelled(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	g := a.granting(Noon)
	Enter(t, l, a.talk, "cancel", flows.Cancel{})
	if err := a.usable(g, Noon); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("Grant of a cancelled case = %v, want ErrExpired", err)
	}
	a.cannotEnd(g, Noon)
}

func grantUnproved(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindCompany, flows.KeyOrgName: someOrg})
	a.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: "91330106MA0000015K"})
	if _, told := a.asksForGrant(Noon); told == nil || told.Kind() != flows.KindGrantRefused {
		t.Errorf("OpenGrant before the person is proved told %#v, want GrantRefused", told)
	}
}

func representativePasses(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	a.asksForTransfer(Noon)
	org := flows.Organisation{Name: flows.Conceal(someOrg), CreditCode: flows.Conceal("91330106MA0000015K")}
	for range 2 { // asked twice
		got := a.tells(func(ref desk.Ref) error { return l.Represented(t.Context(), ref, org, Noon) })
		if got == nil || got.Kind() != flows.KindCompanyProved {
			t.Fatalf("Represented told %#v, want CompanyProved", got)
		}
	}
	if f := a.facts(); !f.CompanyVerified || f.Form.Text(flows.KeyOrgName) != someOrg {
		t.Errorf("Facts: proved %t, %q", f.CompanyVerified, f.Form.Text(flows.KeyOrgName))
	}
}

func grantCrowd(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	grants := make([]desk.Grant, Rivals)
	err := together(nil, func(n int) (err error) {
		grants[n], err = l.OpenGrant(t.Context(), refs[n], Noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants[1:] {
		if g != grants[0] {
			t.Errorf("grants %+v and %+v of one talk", g, grants[0])
		}
	}
	if err := together(nil, func(int) error { return l.GrantEnded(t.Context(), grants[0].Number, "", Noon) }); err != nil {
		t.Fatal(err)
	}
	if n := a.count(flows.KindCompanyProved); n != 1 {
		t.Errorf("CompanyProved was told %d times, want once", n)
	}
}

// nameLookedUpOnce asks for one name and code again and again, and for so many
// others that it is enough for a day.
func nameLookedUpOnce(t *testing.T, l Ledger) {
	a, b := newHandler(t, l, "a"), newHandler(t, l, "b")
	may := func(who *applicant, name string, at time.Time, want bool) {
		t.Helper()
		org := flows.Organisation{Name: flows.Conceal(name), CreditCode: flows.Conceal("91330106MA0000015K")}
		if got, err := l.MayLookUp(t.Context(), who.talk, org, at); got != want || err != nil {
			t.Errorf("MayLookUp(%s) = %v, %v, want %v", name, got, err, want)
		}
	}
	may(a, "杭州某某有限公司", Noon, true)
	may(a, "杭州某某有限公司", Noon, false)
	may(a, "杭州某某有限公司", Noon.Add(48*time.Hour), false)
	may(b, "杭州某某有限公司", Noon, true)
	for n := range 4 {
		may(a, fmt.Sprintf("杭州某某%d有限公司", n), Noon, true)
	}
	may(a, "杭州某某软件有限公司", Noon, false)
	may(a, "杭州某某软件有限公司", Noon.Add(25*time.Hour), true)
	org, who := flows.Organisation{CreditCode: flows.Conceal("91330106MA0000015K")}, flows.Person{IDNumber: flows.Conceal("11010519491231002X")}
	if compared, err := l.MayCompare(t.Context(), a.ref(), org, who, Noon); !compared || err != nil {
		t.Errorf("MayCompare after names only = %v, %v, want true", compared, err)
	}
}
