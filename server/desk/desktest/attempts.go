package desktest

// The suite of the one vocabulary: whatever way an applicant goes, how far it is
// is told in the same words, and giving up or cancelling ends each.

import (
	"errors"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Attempts runs the suite of [desk.Attempts].
func Attempts(t *testing.T, open func(t *testing.T) Ledger) {
	run(t, open, map[string]func(*testing.T, Ledger){
		"a face":                     faceTried,
		"a mobile":                   mobileTried,
		"a way that was left":        wayLeft,
		"a transfer":                 transferTried,
		"a payout":                   payoutTried,
		"a grant":                    grantTried,
		"a register":                 registerTried,
		"cancelling gives up all":    allGivenUp,
		"what is proved may lapse":   proofsLapse,
		"nobody sees another's ways": attemptsApart,
	})
}

// stands holds that the last attempt of one way is as far as that.
func (a *applicant) stands(way flows.Way, want flows.Status, at time.Time) flows.Attempt {
	a.t.Helper()
	all, err := a.l.Attempts(a.t.Context(), a.talk, at)
	if err != nil {
		a.t.Fatalf("Attempts = %v", err)
	}
	var last flows.Attempt
	for _, tried := range all {
		if tried.Way == way {
			last = tried
		}
	}
	if last.Status != want || last.Number == "" || last.At.IsZero() {
		a.t.Errorf("the last %s is %+v, want it %q", way, last, want)
	}
	return last
}

func faceTried(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("person.page", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	check, err := l.OpenCheck(t.Context(), a.ref(), flows.WayFace, Noon)
	if err != nil {
		t.Fatal(err)
	}
	a.stands(flows.WayFace, flows.InProgress, Noon)
	check.Provider = "p1"
	if err := l.CheckOpened(t.Context(), a.ref(), check, Noon); err != nil {
		t.Fatal(err)
	}
	if got := a.stands(flows.WayFace, flows.AwaitingUser, Noon); !got.Until.Equal(check.Until) {
		t.Errorf("it may succeed until %v, want %v", got.Until, check.Until)
	}
	a.stands(flows.WayFace, flows.Expired, check.Until) // though nobody has noted it
	a.saves("person.page", map[flows.Key]string{flows.KeyName: "李雷", flows.KeyIDNumber: "11010519491231002X"})
	second, err := l.OpenCheck(t.Context(), a.ref(), flows.WayFace, Noon.Add(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.Attempts(t.Context(), a.talk, Noon)
	if err != nil || len(all) != 2 || all[0].Status != flows.Abandoned {
		t.Errorf("after other particulars: %+v, %v, want the first given up", all, err)
	}
	a.ended(second.Number, desk.CheckEnd{Why: "没有通过。"})
	a.stands(flows.WayFace, flows.Declined, Noon)
	third, err := l.OpenCheck(t.Context(), a.ref(), flows.WayFace, Noon.Add(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	a.ended(third.Number, desk.CheckEnd{State: flows.FacePassed})
	a.stands(flows.WayFace, flows.Approved, third.Until)
}

func (a *applicant) ended(number string, end desk.CheckEnd) {
	a.t.Helper()
	if err := a.l.CheckEnded(a.t.Context(), number, end, Noon); err != nil {
		a.t.Fatalf("CheckEnded = %v", err)
	}
}

func mobileTried(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("person.mobile", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	opens := func(way flows.Way, at time.Time) desk.Check {
		t.Helper()
		check, err := l.OpenCheck(t.Context(), a.ref(), way, at)
		if err != nil {
			t.Fatal(err)
		}
		return check
	}
	face := opens(flows.WayFace, Noon)
	mobile := opens(flows.WayMobile, Noon.Add(time.Second))
	if mobile.Number == face.Number {
		t.Fatal("two ways are one attempt")
	}
	a.stands(flows.WayFace, flows.Abandoned, Noon)
	a.ended(mobile.Number, desk.CheckEnd{Ref: a.ref(), Why: "不一致。"})
	a.stands(flows.WayMobile, flows.Declined, Noon)
	a.ended(opens(flows.WayMobile, Noon.Add(2*time.Second)).Number, desk.CheckEnd{Ref: a.ref()}) // nobody to ask
	a.stands(flows.WayMobile, flows.Abandoned, Noon)
	a.ended(opens(flows.WayCard, Noon.Add(3*time.Second)).Number, desk.CheckEnd{Ref: a.ref(), State: flows.FacePassed})
	a.stands(flows.WayCard, flows.Approved, Noon)
}

// wayLeft: whoever is asked about a way that was left since opens nothing, and
// does not end what was begun in its place.
func wayLeft(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("person.page", map[flows.Key]string{flows.KeyName: someName, flows.KeyIDNumber: "11010519491231002X"})
	a.saves(flows.PageID(flows.KeyFactor), map[flows.Key]string{flows.KeyFactor: flows.FactorFace})
	face, err := l.OpenCheck(t.Context(), a.ref(), flows.WayFace, Noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.OpenCheck(t.Context(), a.ref(), flows.WayMobile, Noon); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("OpenCheck of a way that was left = %v, want ErrUsed", err)
	}
	if open, err := l.OpenCheckOf(t.Context(), a.talk); err != nil || open.Number != face.Number {
		t.Errorf("open is %s, %v, want %s", open.Number, err, face.Number)
	}
}

func transferTried(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	to := a.asksForTransfer(Noon)
	a.stands(flows.WayTransfer, flows.AwaitingUser, Noon)
	wrong := cent("1", to)
	wrong.Amount = 2
	a.credited(wrong)
	if got := a.stands(flows.WayTransfer, flows.AwaitingUser, Noon); got.Wrong != 1 {
		t.Errorf("%d lines did not count, want 1", got.Wrong)
	}
	a.stands(flows.WayTransfer, flows.Expired, to.Until)
	a.credited(cent("2", to))
	a.stands(flows.WayTransfer, flows.Approved, Noon)
}

func payoutTried(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	a.asksForPayout(Noon)
	a.stands(flows.WayPayout, flows.InProgress, Noon)
	p := a.arrives(Noon)
	a.stands(flows.WayPayout, flows.AwaitingUser, Noon)
	a.says(other(p), Noon)
	if got := a.stands(flows.WayPayout, flows.AwaitingUser, Noon); got.Wrong != 1 {
		t.Errorf("%d amounts were wrong, want 1", got.Wrong)
	}
	a.says(p.Amount, Noon)
	a.stands(flows.WayPayout, flows.Approved, Noon)
	if err := l.PayoutReturned(t.Context(), p.Number, "账号不对。", Noon); err != nil {
		t.Fatal(err)
	}
	a.stands(flows.WayPayout, flows.Revoked, Noon)
}

func grantTried(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	g := a.granting(Noon)
	a.stands(flows.WayAlipay, flows.AwaitingUser, Noon)
	a.stands(flows.WayAlipay, flows.Expired, g.Until)
	for range 5 {
		a.ends(g, "这是个人支付宝。", Noon)
	}
	if got := a.stands(flows.WayAlipay, flows.Declined, Noon); got.Wrong != 5 {
		t.Errorf("%d accounts were wrong, want 5", got.Wrong)
	}
	a.ends(a.granting(Noon.Add(time.Minute)), "", Noon.Add(time.Minute))
	a.stands(flows.WayAlipay, flows.Approved, Noon)
}

func registerTried(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	org := flows.Organisation{Name: flows.Conceal(someOrg), CreditCode: flows.Conceal("91330106MA0000015K")}
	a.tells(func(ref desk.Ref) error { return l.Represented(t.Context(), ref, org, Noon) })
	a.stands(flows.WayRegister, flows.Approved, Noon)
}

func allGivenUp(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	a.asksForTransfer(Noon)
	a.granting(Noon)
	a.asksForPayout(Noon)
	Enter(t, l, a.talk, "cancel", flows.Cancel{})
	for _, way := range []flows.Way{flows.WayTransfer, flows.WayAlipay, flows.WayPayout} {
		a.stands(way, flows.Abandoned, Noon)
	}
	a.stands(flows.WayFace, flows.Approved, Noon) // stays the applicant's
}

func proofsLapse(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	a.credited(cent("1", a.asksForTransfer(Noon)))
	a.chooses()
	a.tells(func(ref desk.Ref) error { return l.PlaceOrder(t.Context(), ref, Noon.AddDate(2, 0, 0)) })
	a.stands(flows.WayFace, flows.Lapsed, Noon)
	a.stands(flows.WayTransfer, flows.Lapsed, Noon)
}

func attemptsApart(t *testing.T, l Ledger) {
	a, b := newHandler(t, l, "a"), newApplicant(t, l, "b")
	a.granting(Noon)
	if all, err := l.Attempts(t.Context(), b.talk, Noon); err != nil || len(all) != 0 {
		t.Errorf("Attempts of who has tried nothing = %+v, %v", all, err)
	}
}
