package desktest

// The suite of the port that proves companies by money that we send.

import (
	"errors"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Payouts runs the suite of [desk.Payouts]. The function open returns an empty
// store and closes it with t.Cleanup.
func Payouts(t *testing.T, open func(t *testing.T) Ledger) {
	run(t, open, map[string]func(*testing.T, Ledger){
		"a payout is the same until it is told":       payoutFoundAgain,
		"another account needs another payout":        payoutToAnother,
		"the right amount proves the company":         amountProves,
		"three wrong amounts end a payout":            amountWrong,
		"a try is counted once":                       amountOnce,
		"nobody guesses before the money is there":    amountGuessed,
		"money that comes back takes its proof back":  provedReturned,
		"nor is a certificate made on it":             provedReturnedLate,
		"an account named since is not waited for":    payoutElsewhere,
		"payouts that were given up count":            amountsGivenUp,
		"a payout that came back proves nothing":      payoutReturned,
		"an expired payout proves nothing":            payoutExpires,
		"three payouts a day":                         payoutLimit,
		"a cancelled case has no payout":              payoutCancelled,
		"many at once make one payout and one answer": payoutCrowd,
	})
}

var between = desk.Range{Low: 10, High: 99}

// banking is a handler whose company has named its account.
func banking(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	a := newHandler(t, l, name)
	a.accounts("33001616781053000001")
	return a
}

func (a *applicant) accounts(number string) {
	a.t.Helper()
	a.saves(flows.PageID(flows.CompanyAccount), map[flows.Key]string{
		flows.KeyProofAccount: number, flows.KeyProofBank: "中国建设银行", flows.KeyProofProvince: "浙江省",
		flows.KeyProofCity: "杭州市", flows.KeyProofBranch: "杭州西湖支行",
	})
}

// asksForPayout asks for the payout, under a name of its own; told is what was
// reported when there is none to be sent.
func (a *applicant) asksForPayout(at time.Time) (p flows.Payout, told flows.Happening) {
	a.t.Helper()
	ref := a.ref()
	p, err := a.l.OpenPayout(a.t.Context(), ref, between, at)
	if errors.Is(err, desk.ErrUsed) {
		return p, a.heard(ref.Answer())
	}
	if err != nil {
		a.t.Fatalf("OpenPayout = %v", err)
	}
	return p, nil
}

// sends opens a payout and has it taken.
func (a *applicant) sends(at time.Time) flows.Payout {
	a.t.Helper()
	p, told := a.asksForPayout(at)
	if told != nil {
		a.t.Fatalf("OpenPayout told %#v, want a payout", told)
	}
	got := a.tells(func(ref desk.Ref) error { return a.l.PayoutTaken(a.t.Context(), ref, p.Number, at) })
	if sent, ok := got.(flows.PayoutSent); !ok || sent.Tail != "0001" && sent.Tail != "0002" {
		a.t.Fatalf("PayoutTaken told %#v, want PayoutSent", got)
	}
	return p
}

// arrives sends a payout that the bank says is there.
func (a *applicant) arrives(at time.Time) flows.Payout {
	a.t.Helper()
	p := a.sends(at)
	if err := a.l.PayoutArrived(a.t.Context(), p.Number); err != nil {
		a.t.Fatal(err)
	}
	return p
}

func (a *applicant) says(amount flows.Fen, at time.Time) flows.Happening {
	a.t.Helper()
	a.saves(flows.PageID(flows.CompanyAmount), map[flows.Key]string{flows.KeyAmount: amount.String()})
	return a.tells(func(ref desk.Ref) error { return a.l.CheckAmount(a.t.Context(), ref, at) })
}

// other is an amount that was not sent.
func other(p flows.Payout) flows.Fen { return p.Amount%90 + 10 }

func payoutFoundAgain(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	first, _ := a.asksForPayout(Noon)
	if first.Amount < between.Low || first.Amount > between.High || first.Bank != "中国建设银行" || first.Account.Reveal() != "33001616781053000001" || first.Name.IsZero() {
		t.Errorf("the payout is %+v", first)
	}
	if again, told := a.asksForPayout(Noon.Add(time.Hour)); again != first || told != nil {
		t.Errorf("OpenPayout again = %+v, %v, want the same: %+v", again, told, first)
	}
	a.sends(Noon)
	if _, told := a.asksForPayout(Noon.Add(time.Hour)); told == nil || told.Kind() != flows.KindPayoutSent {
		t.Errorf("OpenPayout after it was sent told %#v, want PayoutSent", told)
	}
	if f := a.facts().Form; !f.Has(flows.KeyAmountUntil) || f.Text(flows.KeyPayoutTail) != "0001" {
		t.Error("Facts do not know that an amount is waited for")
	}
}

func payoutToAnother(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	first := a.sends(Noon)
	a.accounts("33001616781053000002")
	second := a.arrives(Noon)
	if second.Number == first.Number || second.Account.Reveal() != "33001616781053000002" {
		t.Errorf("the second payout is %+v", second)
	}
	if first.Amount != second.Amount {
		if got := a.says(first.Amount, Noon); got.Kind() != flows.KindAmountWrong {
			t.Errorf("the amount of the first payout told %#v, want AmountWrong", got)
		}
	}
}

func amountProves(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	a.asksForTransfer(Noon) // both ways at once
	p := a.arrives(Noon)
	if got := a.says(p.Amount, Noon.Add(time.Hour)); got.Kind() != flows.KindCompanyProved {
		t.Fatalf("the right amount told %#v, want CompanyProved", got)
	}
	if f := a.facts(); !f.CompanyVerified || f.Form.Text(flows.KeyOrgName) != p.Name.Reveal() || f.Form.Has(flows.KeyAmountUntil) {
		t.Errorf("Facts: proved %t, %q", f.CompanyVerified, f.Form.Text(flows.KeyOrgName))
	}
	if got := a.says(other(p), Noon.Add(time.Hour)); got.Kind() != flows.KindCompanyProved {
		t.Errorf("an amount after the proof told %#v, want CompanyProved", got)
	}
	if _, told := a.asksForPayout(Noon); told == nil || told.Kind() != flows.KindCompanyProved {
		t.Errorf("OpenPayout of a proved company told %#v, want CompanyProved", told)
	}
	if got := a.status(); got != flows.KindCompanyProved {
		t.Errorf("TransferStatus told %s, want CompanyProved", got)
	}
}

func amountWrong(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.arrives(Noon)
	for left := 2; left >= 0; left-- {
		got, ok := a.says(other(p), Noon).(flows.AmountWrong)
		if !ok || got.Left != left || got.Why == "" {
			t.Errorf("a wrong amount told %#v, want %d tries left", got, left)
		}
	}
	if got := a.says(p.Amount, Noon); got.Kind() != flows.KindAmountWrong {
		t.Errorf("the right amount after three wrong ones told %#v, want AmountWrong", got)
	}
	if a.facts().CompanyVerified {
		t.Error("the company is proved")
	}
	again := a.arrives(Noon.Add(time.Minute))
	if again.Number == p.Number {
		t.Error("a spent payout is sent again")
	}
	for range 3 {
		a.says(other(again), Noon.Add(time.Minute))
	}
	if _, told := a.asksForPayout(Noon.Add(29 * 24 * time.Hour)); told == nil || told.Kind() != flows.KindPayoutRefused {
		t.Errorf("after two that nobody found, a third payout of a month told %#v, want PayoutRefused", told)
	}
	a.sends(Noon.Add(31 * 24 * time.Hour))
}

func amountGuessed(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.sends(Noon)
	for _, amount := range []flows.Fen{p.Amount, other(p)} {
		if got := a.says(amount, Noon); got.Kind() != flows.KindPayoutNotYet || a.facts().CompanyVerified {
			t.Errorf("an amount before the money is there told %#v, want PayoutNotYet", got)
		}
	}
	if err := l.PayoutArrived(t.Context(), p.Number); err != nil {
		t.Fatal(err)
	}
	if got, ok := a.says(other(p), Noon).(flows.AmountWrong); !ok || got.Left != 2 {
		t.Errorf("the first amount that counts told %#v, want 2 tries left", got)
	}
}

func provedReturned(t *testing.T, l Ledger) {
	alone, unpaid, paid := banking(t, l, "a"), banking(t, l, "b"), banking(t, l, "c")
	for _, who := range []*applicant{alone, unpaid, paid} {
		p := who.arrives(Noon)
		if got := who.says(p.Amount, Noon); got.Kind() != flows.KindCompanyProved {
			t.Fatalf("the right amount told %#v", got)
		}
		switch who {
		case unpaid:
			who.chooses()
			who.orders()
			who.opens(Noon)
		case paid:
			who.pays()
		}
		for range 2 {
			if err := l.PayoutReturned(t.Context(), p.Number, "银行退回。", Noon.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Contains(who.reasons(), "returned") {
			t.Errorf("%s: the money came back, and an agent is called for %q", who.talk, who.calls())
		}
		n, f := who.count(flows.KindCompanyUnproved), who.facts()
		if f.CompanyVerified || f.Ordered != (who == paid) || n != 1 {
			t.Errorf("%s: the money came back: proved %t, ordered %t, told %d times", who.talk, f.CompanyVerified, f.Ordered, n)
		}
	}
}

// provedReturnedLate: a certificate is not made for a company whose money came
// back, nor is another one proved in its place. One that may be made stays, and an
// agent is told.
func provedReturnedLate(t *testing.T, l Ledger) {
	a, made, silent := banking(t, l, "a"), banking(t, l, "b"), banking(t, l, "c")
	for _, who := range []*applicant{a, made, silent} {
		p := who.arrives(Noon)
		who.says(p.Amount, Noon)
		who.registers()
		who.pays()
		begun := who.redeems(who.ticket(Noon), Noon)
		switch who {
		case made:
			who.changes(who.changes(begun, upToProof...), challenge, finished)
		case silent: // the tool has the certificate, and does not say so
			who.changes(begun, device, authorise, did(1), publicKey)
		}
		if err := l.PayoutReturned(t.Context(), p.Number, "银行退回。", Noon.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if who != a {
			if !who.facts().CompanyVerified || who.count(flows.KindCompanyUnproved) > 0 || !slices.Contains(who.reasons(), "made") {
				t.Errorf("%s: the proof of a certificate that may be made was taken back, or an agent is called for %q", who.talk, who.calls())
			}
			who.stands(flows.WayPayout, flows.Disputed, Noon)
			continue
		}
		if _, err := l.Session(t.Context(), begun.Token, Noon.Add(time.Hour)); !errors.Is(err, desk.ErrUnknown) {
			t.Errorf("the tool goes on: %v, want ErrUnknown", err)
		}
		offers := func() flows.Kind {
			return who.tells(func(ref desk.Ref) error { return l.OfferTicket(t.Context(), ref, Noon) }).Kind()
		}
		if got := offers(); got != flows.KindCompanyUnproved {
			t.Errorf("OfferTicket told %s, want CompanyUnproved", got)
		}
		who.saves("company.page", map[flows.Key]string{flows.KeyCreditCode: "91330106MA0000023F"}) // another company
		who.ends(who.granting(Noon.Add(2*time.Hour)), "", Noon.Add(2*time.Hour))
		if f := who.facts(); !f.CompanyVerified || f.Form.Text(flows.KeyCreditCode) != "91330106MA0000015K" {
			t.Errorf("proved again is %s: %t, want the company of the order", f.Form.Text(flows.KeyCreditCode), f.CompanyVerified)
		}
		if got := offers(); got != flows.KindTicketReady {
			t.Errorf("after the company is proved again OfferTicket told %s, want TicketReady", got)
		}
	}
}

// payoutElsewhere: after the loss of a talk nobody sends money where nobody has
// confirmed it.
func payoutElsewhere(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	a.sends(Noon)
	if !a.facts().Form.Has(flows.KeyAmountUntil) {
		t.Error("Facts do not know that an amount is waited for")
	}
	a.accounts("33001616781053000002")
	if a.facts().Form.Has(flows.KeyAmountUntil) {
		t.Error("an amount is waited for, and another account is named since")
	}
}

// amountsGivenUp: a payout that was given up keeps its wrong amounts.
func amountsGivenUp(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	for n := range 3 {
		at := Noon.Add(time.Duration(n) * time.Minute)
		p := a.arrives(at)
		a.says(other(p), at)
		a.says(other(p), at)
		a.accounts("3300161678105300000" + string(rune('1'+(n+1)%2)))
	}
	if !slices.Contains(a.reasons(), "amount") {
		t.Errorf("after six wrong amounts an agent is called for %q, want amount", a.calls())
	}
	tomorrow := Noon.Add(25 * time.Hour)
	if _, told := a.asksForPayout(tomorrow); told == nil || told.Kind() != flows.KindPayoutRefused {
		t.Errorf("after six wrong amounts a payout told %#v, want PayoutRefused", told)
	}
}

func amountOnce(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.arrives(Noon)
	a.saves(flows.PageID(flows.CompanyAmount), map[flows.Key]string{flows.KeyAmount: other(p).String()})
	ref := a.ref()
	for range 3 {
		if err := l.CheckAmount(t.Context(), ref, Noon); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.says(other(p), Noon).(flows.AmountWrong); got.Left != 1 {
		t.Errorf("after one try done three times, and another, %d are left, want 1", got.Left)
	}
}

func payoutReturned(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.sends(Noon)
	for range 2 {
		if err := l.PayoutReturned(t.Context(), p.Number, "银行退回。", Noon); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.count(flows.KindPayoutRefused); n != 1 {
		t.Errorf("PayoutRefused was told %d times, want once", n)
	}
	if got := a.says(p.Amount, Noon); got.Kind() != flows.KindAmountWrong || a.facts().CompanyVerified {
		t.Errorf("the amount of a payout that came back told %#v", got)
	}
	if a.sends(Noon.Add(time.Minute)).Number == p.Number {
		t.Error("a payout that came back is sent again under its number")
	}
}

func payoutExpires(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.arrives(Noon)
	late := Noon.Add(flows.AmountWithin)
	if got := a.says(p.Amount, late); got.Kind() != flows.KindAmountWrong {
		t.Errorf("the right amount, too late, told %#v, want AmountWrong", got)
	}
	if a.sends(late).Number == p.Number {
		t.Error("an expired payout is sent again")
	}
}

func payoutLimit(t *testing.T, l Ledger) {
	a, b := banking(t, l, "a"), banking(t, l, "b") // both for one company
	for i := range 3 {
		who := []*applicant{a, b}[i%2]
		p := who.sends(Noon)
		if err := l.PayoutReturned(t.Context(), p.Number, "银行退回。", Noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, told := b.asksForPayout(Noon.Add(time.Hour)); told == nil || told.Kind() != flows.KindPayoutRefused {
		t.Errorf("the fourth payout of a day told %#v, want PayoutRefused", told)
	}
	b.sends(Noon.Add(25 * time.Hour))
}

func payoutCancelled(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	p := a.sends(Noon)
	Enter(t, l, a.talk, "cancel", flows.Cancel{})
	if _, err := l.LivePayout(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("LivePayout of a cancelled case = %v, want ErrUnknown", err)
	}
	if err := l.PayoutReturned(t.Context(), p.Number, "银行退回。", Noon); err != nil || a.count(flows.KindPayoutRefused) != 0 {
		t.Errorf("PayoutReturned of a cancelled case = %v, and is told", err)
	}
}

func payoutCrowd(t *testing.T, l Ledger) {
	a := banking(t, l, "a")
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	payouts := make([]flows.Payout, Rivals)
	err := together(nil, func(n int) (err error) {
		payouts[n], err = l.OpenPayout(t.Context(), refs[n], between, Noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range payouts[1:] {
		if p != payouts[0] {
			t.Errorf("payouts %+v and %+v of one talk", p, payouts[0])
		}
	}
}
