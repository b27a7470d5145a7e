package desk_test

import (
	"context"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// onePayment is a ledger that knows one effect and one attempt to pay.
type onePayment struct {
	desk.Ledger
	attempt, opened desk.Payment
}

func (l *onePayment) Effect(context.Context, desk.Ref) (flows.Effect, error) {
	return flows.OpenPayment{}, nil
}

func (l *onePayment) Done(context.Context, desk.Ref, time.Time) error { return nil }

func (l *onePayment) OpenPayment(context.Context, desk.Ref, time.Time) (desk.Payment, error) {
	return l.attempt, nil
}

func (l *onePayment) PaymentOpened(_ context.Context, _ desk.Ref, p desk.Payment, _ time.Time) error {
	l.opened = p
	return nil
}

// twoDoors is a cashier that notes which of its doors was used, and for whom.
type twoDoors struct {
	desk.Cashier
	asked string
}

func (c *twoDoors) QR(context.Context, flows.Bill) (string, error) {
	c.asked += "QR;"
	return "https://qr.alipay.test/1", nil
}

func (c *twoDoors) Order(_ context.Context, _ flows.Bill, buyer string) (string, error) {
	c.asked += "trade for " + buyer + ";"
	return "2026112322001", nil
}

func TestAPaymentOpensInTheApplicantsOwnApp(t *testing.T) {
	for _, tt := range []struct{ name, buyer, asked, qr, trade string }{
		{name: "in the mini-program", buyer: "openid-7", asked: "trade for openid-7;", trade: "2026112322001"},
		{name: "anywhere else", asked: "QR;", qr: "https://qr.alipay.test/1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			book, cashier := &onePayment{attempt: desk.Payment{Number: "P1", Amount: 10000, Buyer: tt.buyer}}, &twoDoors{}
			d := desk.New(desk.Config{Ledger: book, Now: time.Now, Partners: desk.Partners{Cashier: cashier}})
			if err := d.Perform(t.Context(), desk.Ref{Talk: "t", Event: "e"}); err != nil {
				t.Fatal(err)
			}
			if cashier.asked != tt.asked || book.opened.QR != tt.qr || book.opened.Trade != tt.trade {
				t.Errorf("asked %q, opened %+v; want %q, QR %q, trade %q", cashier.asked, book.opened, tt.asked, tt.qr, tt.trade)
			}
		})
	}
}
