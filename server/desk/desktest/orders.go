package desktest

// The suites of the ports that take orders and collect for them.

import (
	"errors"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Orders runs the suite of [desk.Orders] and [desk.Payments]. The function
// open returns an empty store and closes it with t.Cleanup.
func Orders(t *testing.T, open func(t *testing.T) Ledger) {
	tests := map[string]func(*testing.T, Ledger){
		"nobody orders who is not proved":                  orderUnproved,
		"the company is proved, not only its handler":      orderCompanyUnproved,
		"the price and the title are ours":                 orderPrice,
		"a company's order bears its proved name":          orderCompany,
		"an order lacking an address is refused":           orderIncomplete,
		"many at once place one order":                     orderCrowd,
		"new terms change an unpaid order, not a paid one": orderAmended,
		"many at once open one payment":                    paymentCrowd,
		"an open attempt is used again until its time":     paymentAgain,
		"in the mini-program the buyer is named":           paymentBuyer,
		"what the cashier answered first stays":            paymentFirstAnswer,
		"a refused attempt gives way to another":           paymentRefused,
		"paid is told once, through however many doors":    paidOnce,
		"a given up attempt that is paid all the same":     paidLapsed,
		"a wrong amount goes before a person":              paidWrong,
		"money for a paid order goes before a person":      paidTwice,
		"money under an unknown number is taken":           paidUnknown,
		"an attempt that the cashier closed is not open":   paymentClosed,
		"one payer of many is shown, and not refused":      onePayer,
	}
	run(t, open, tests)
}

// onePayer pays for three applicants unnoticed, and for a fourth, to whom an agent is
// called for something else already.
func onePayer(t *testing.T, l Ledger) {
	for n, name := range []string{"a", "b", "c", "d"} {
		a := newPerson(t, l, name)
		a.chooses()
		a.orders()
		paid := trade(a.opens(Noon))
		paid.Payer = flows.Conceal("2088000000000001")
		a.settles(paid, Noon)
		if called := slices.Contains(a.reasons(), "many paid"); called != (n == 3) {
			t.Errorf("after the order of %s an agent is called because one account paid for many: %t", name, called)
		}
		if !a.facts().Paid {
			t.Errorf("the order of %s is not paid", name)
		}
	}
	e := newPerson(t, l, "e")
	e.pays() // nobody says by whom
	if slices.Contains(e.reasons(), "many paid") {
		t.Error("an agent is called because one account paid for many, and nobody says which paid")
	}
}

func newPerson(t *testing.T, l Ledger, name string) *applicant {
	t.Helper()
	a := newApplicant(t, l, name)
	a.person()
	return a
}

func (a *applicant) orderRefused() {
	a.t.Helper()
	ref := a.ref()
	if err := a.l.PlaceOrder(a.t.Context(), ref, Noon); !errors.Is(err, desk.ErrWrong) {
		a.t.Errorf("PlaceOrder = %v, want ErrWrong", err)
	}
	if got := a.heard(ref.Answer()); got != nil || a.facts().Ordered {
		a.t.Errorf("a refused order was told as %#v", got)
	}
}

func orderUnproved(t *testing.T, l Ledger) {
	a := newApplicant(t, l, "a")
	a.saves("welcome", map[flows.Key]string{flows.KeyKind: flows.KindPerson, flows.KeyName: someName})
	a.chooses()
	a.orderRefused()
}

func orderCompanyUnproved(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	a.asksForTransfer(Noon)
	a.chooses()
	a.orderRefused()
}

func orderPrice(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	got := a.orders()
	want := flows.Ordered{No: got.No, Key: flows.PricePerson, Courier: 18_00, Total: flows.PricePerson + 18_00}
	if got != want || got.No == "" {
		t.Errorf("PlaceOrder told %+v, want %+v", got, want)
	}
	if f := a.facts(); !f.Ordered || f.Paid || f.Form.Text(flows.KeyTotal) != "118.00" {
		t.Errorf("Facts: ordered %t, paid %t, total %s", f.Ordered, f.Paid, f.Form.Text(flows.KeyTotal))
	}
}

func orderCompany(t *testing.T, l Ledger) {
	a := newHandler(t, l, "a")
	a.registers()
	a.credited(cent("line", a.asksForTransfer(Noon)))
	a.saves("register.company", map[flows.Key]string{flows.KeyOrgName: "宁波乙贸易有限公司"})
	if got := a.facts().Form.Text(flows.KeyOrgName); got != someOrg {
		t.Errorf("Facts name the company %q, want the proved name", got)
	}
	a.pays()
	s := a.redeems(a.ticket(Noon), Noon)
	if got := s.Subject; got.Name.Reveal() != someOrg || got.Handler.Reveal() != someName || !got.Organisation {
		t.Errorf("the certificate would speak of %q by %q, want the proved names", got.Name.Reveal(), got.Handler.Reveal())
	}
}

func orderIncomplete(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.orderRefused()
	a.chooses()
	a.livesIn("月球")
	a.orderRefused()
}

func orderCrowd(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	if err := together(nil, func(n int) error { return l.PlaceOrder(t.Context(), refs[n], Noon) }); err != nil {
		t.Fatal(err)
	}
	numbers := map[string]bool{}
	for _, ref := range refs {
		numbers[a.heard(ref.Answer()).(flows.Ordered).No] = true
	}
	if len(numbers) != 1 {
		t.Errorf("%d orders were made, want one", len(numbers))
	}
}

func orderAmended(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	first := a.orders()
	old := a.opens(Noon)
	a.livesIn("浙江省")
	second := a.orders()
	if second.No != first.No || second.Total != flows.PricePerson+12_00 {
		t.Fatalf("PlaceOrder with a nearer address told %+v, want %s with its own price", second, first.No)
	}
	p := a.opens(Noon)
	if p.Number == old.Number || p.Amount != second.Total || p.Replaces != old.Number {
		t.Errorf("OpenPayment = %+v, want a new attempt over %s that replaces %s", p, second.Total, old.Number)
	}
	a.settles(trade(old), Noon)
	if a.facts().Paid || a.calls() != "money" {
		t.Error("the old price paid the order")
	}
	a.settles(trade(p), Noon)
	a.livesIn("西藏自治区")
	got := a.tells(func(ref desk.Ref) error { return l.PlaceOrder(t.Context(), ref, Noon) })
	if paid, ok := got.(flows.Paid); !ok || paid.Amount != second.Total {
		t.Errorf("PlaceOrder after the payment told %#v, want Paid over %s", got, second.Total)
	}
	parcel, err := l.OpenShipment(t.Context(), a.ref(), Noon)
	if err != nil || parcel.To.Province != "浙江省" {
		t.Errorf("OpenShipment goes to %s (%v), want the province that was paid for", parcel.To.Province, err)
	}
}

func paymentCrowd(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	refs := make([]desk.Ref, Rivals)
	for i := range refs {
		refs[i] = a.ref()
	}
	var numbers [Rivals]string
	if err := together(nil, func(n int) error {
		p, err := l.OpenPayment(t.Context(), refs[n], Noon)
		numbers[n] = p.Number
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, number := range numbers {
		if number != numbers[0] || len(number) > 32 || number == "" {
			t.Fatalf("attempts %q, want one with at most 32 letters", numbers)
		}
	}
}

func paymentAgain(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	if _, err := l.OpenPayment(t.Context(), a.ref(), Noon); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenPayment without an order = %v, want ErrUnknown", err)
	}
	a.chooses()
	a.orders()
	first := a.opens(Noon)
	again, err := l.OpenPayment(t.Context(), a.ref(), first.Until.Add(-time.Second))
	if err != nil || again.Number != first.Number || again.QR != first.QR {
		t.Errorf("OpenPayment in time = %+v, %v; want %+v", again, err, first)
	}
	after, err := l.OpenPayment(t.Context(), a.ref(), first.Until)
	if err != nil || after.Number == first.Number || after.Replaces != first.Number || after.QR != "" {
		t.Errorf("OpenPayment after its time = %+v, %v; want another that replaces %s", after, err, first.Number)
	}
	open, err := l.OpenPaymentOf(t.Context(), a.talk)
	if err != nil || open.Number != after.Number {
		t.Errorf("OpenPaymentOf = %+v, %v; want %s", open, err, after.Number)
	}
	if err := l.PaymentOpened(t.Context(), a.ref(), first, Noon); !errors.Is(err, desk.ErrExpired) {
		t.Errorf("PaymentOpened of a replaced attempt = %v, want ErrExpired", err)
	}
}

func paymentBuyer(t *testing.T, l Ledger) {
	talk, err := l.Talk(t.Context(), desk.Identity{Channel: flows.Alipay, ID: "openid-1"})
	if err != nil {
		t.Fatal(err)
	}
	a := &applicant{t: t, l: l, talk: talk}
	a.person()
	a.chooses()
	a.orders()
	if p := a.opens(Noon); p.Buyer != "openid-1" || p.Subject == "" {
		t.Errorf("OpenPayment = %+v, want a buyer and a subject", p)
	}
	again, err := l.OpenPaymentOf(t.Context(), a.talk)
	if err != nil || again.Buyer != "openid-1" {
		t.Errorf("OpenPaymentOf = %+v, %v; want the same buyer", again, err)
	}
}

func paymentFirstAnswer(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	first := a.opens(Noon)
	second := first
	second.QR = "https://qr.example/other"
	got := a.tells(func(ref desk.Ref) error { return l.PaymentOpened(t.Context(), ref, second, Noon) })
	if opened, ok := got.(flows.PayOpened); !ok || opened.QR != first.QR {
		t.Errorf("PaymentOpened again told %#v, want the first code", got)
	}
}

func paymentRefused(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	p, err := l.OpenPayment(t.Context(), a.ref(), Noon)
	if err != nil {
		t.Fatal(err)
	}
	got := a.tells(func(ref desk.Ref) error {
		return l.PaymentRefused(t.Context(), ref, p.Number, "请稍后再试。", Noon)
	})
	if got != (flows.PayRefused{Why: "请稍后再试。"}) {
		t.Errorf("PaymentRefused told %#v", got)
	}
	if _, err := l.OpenPaymentOf(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenPaymentOf after a refusal = %v, want ErrUnknown", err)
	}
	if other := a.opens(Noon); other.Number == p.Number {
		t.Error("a refused attempt is offered again")
	}
}

func paidOnce(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	order := a.orders()
	p := a.opens(Noon)
	if got := a.tells(func(ref desk.Ref) error { return l.PaymentStatus(t.Context(), ref, Noon) }); got.Kind() != flows.KindPayNotYet {
		t.Errorf("PaymentStatus before told %#v, want PayNotYet", got)
	}
	doors := []string{"notify", "notify", "poll", "applicant"}
	if err := together(nil, func(n int) error {
		return l.SettlePayment(t.Context(), trade(p), doors[n%len(doors)], Noon)
	}); err != nil {
		t.Fatal(err)
	}
	want := flows.Paid{No: order.No, Amount: order.Total, Ships: "11月26日"}
	if got := a.heard("order/" + order.No + "/paid"); got != want {
		t.Errorf("told %#v, want %#v", got, want)
	}
	if n := a.count(flows.KindPaid); n != 1 || a.calls() != "" {
		t.Errorf("Paid was told %d times, agent called for %q; want once and nobody", n, a.calls())
	}
	ref := a.ref()
	if _, err := l.OpenPayment(t.Context(), ref, Noon); !errors.Is(err, desk.ErrUsed) || a.heard(ref.Answer()) != want {
		t.Errorf("OpenPayment of a paid order = %v, told %#v", err, a.heard(ref.Answer()))
	}
	if got := a.tells(func(ref desk.Ref) error { return l.PaymentStatus(t.Context(), ref, Noon) }); got != want {
		t.Errorf("PaymentStatus told %#v, want %#v", got, want)
	}
	if f := a.facts(); !f.Paid || f.Form.Text(flows.KeyShips) != "11月26日" {
		t.Errorf("Facts: paid %t, ships %q", f.Paid, f.Form.Text(flows.KeyShips))
	}
}

func paidLapsed(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	old := a.opens(Noon)
	a.opens(old.Until)
	a.settles(trade(old), old.Until)
	if !a.facts().Paid || a.calls() != "" {
		t.Error("money for an attempt that we gave up did not pay the order")
	}
	if _, err := l.OpenPaymentOf(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenPaymentOf a paid order = %v, want ErrUnknown", err)
	}
}

func paidWrong(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	p := a.opens(Noon)
	cheap := trade(p)
	cheap.Amount = 1
	a.settles(cheap, Noon)
	a.settles(cheap, Noon)
	if a.facts().Paid || a.count(flows.KindPaid) != 0 {
		t.Error("one fen paid the order")
	}
	if a.calls() != "money" {
		t.Errorf("an agent is called for %q, want money", a.calls())
	}
}

func paidTwice(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	first := a.opens(Noon)
	second := a.opens(first.Until)
	both := []flows.Trade{trade(first), trade(second)}
	if err := together(nil, func(n int) error {
		return l.SettlePayment(t.Context(), both[n%2], "notify", first.Until)
	}); err != nil {
		t.Fatal(err)
	}
	if n := a.count(flows.KindPaid); n != 1 {
		t.Errorf("Paid was told %d times, want once", n)
	}
	if a.calls() != "money" {
		t.Errorf("an agent is called for %q, want money", a.calls())
	}
}

func paidUnknown(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	stray := flows.Trade{Number: "P0", State: flows.TradePaid, Amount: 100, No: "1", At: Noon}
	a.settles(stray, Noon)
	a.settles(stray, Noon)
}

func paymentClosed(t *testing.T, l Ledger) {
	a := newPerson(t, l, "a")
	a.chooses()
	a.orders()
	p := a.opens(Noon)
	closed := trade(p)
	closed.State, closed.Amount = flows.TradeClosed, 0
	a.settles(closed, Noon)
	if _, err := l.OpenPaymentOf(t.Context(), a.talk); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("OpenPaymentOf after the cashier closed = %v, want ErrUnknown", err)
	}
	open := trade(a.opens(Noon))
	open.State = flows.TradeOpen
	a.settles(open, Noon)
	if a.facts().Paid {
		t.Error("an unpaid trade paid the order")
	}
}
