package ledger

// Payments: attempts to collect for an order, and the one transition by which
// an order becomes paid, whichever door the news came through.

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type paymentRow struct {
	bun.BaseModel `bun:"table:payment"`

	Number   string       `bun:"number,pk"`
	OrderNo  string       `bun:"order_no"`
	Amount   flows.Fen    `bun:"amount"`
	Buyer    string       `bun:"buyer"`
	State    paymentState `bun:"state"`
	QR       string       `bun:"qr"`
	Trade    string       `bun:"trade"`
	Replaces string       `bun:"replaces"`
	At       int64        `bun:"at"`
	Until    int64        `bun:"until"`

	PayerBlind string `bun:"payer_blind"` // who paid; empty when nobody said
}

type paymentState string

// Lapsed attempts were ended by us and may still bring money; surplus ones
// brought money that the order no longer wanted.
const (
	paymentOpen    paymentState = "open"
	paymentPaid    paymentState = "paid"
	paymentLapsed  paymentState = "lapsed"
	paymentClosed  paymentState = "closed"
	paymentRefused paymentState = "refused"
	paymentSurplus paymentState = "surplus"
)

// OpenPayment implements [desk.Orders]. Without an order it is
// [desk.ErrUnknown]. An attempt that is late, or for another app than the one
// the applicant uses now, gives way to a new one, which names it in Replaces.
func (l *Ledger) OpenPayment(ctx context.Context, ref desk.Ref, at time.Time) (desk.Payment, error) {
	buyer, err := l.buyer(ctx, ref.Talk)
	if err != nil {
		return desk.Payment{}, err
	}
	var attempt desk.Payment
	done := false
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		order, err := l.liveOrder(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		if done = order.State == orderPaid; done {
			return l.answer(ctx, tx, ref, paid(order), at)
		}
		row, err := l.openAttempt(ctx, tx, order.No)
		if err != nil && !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		if err == nil {
			if attempt, err = l.attempt(row, order); err != nil {
				return err
			}
			if attempt.Buyer == buyer && at.Before(attempt.Until) {
				return nil
			}
		}
		attempt, err = l.newAttempt(ctx, tx, order, buyer, at)
		return err
	})
	if err == nil && done {
		err = fmt.Errorf("ledger: payment of %s: %w", ref.Talk, desk.ErrUsed)
	}
	return attempt, err
}

// buyer is the applicant's name at the cashier when they speak to us in the
// mini-program, and nothing when they need a code to scan.
func (l *Ledger) buyer(ctx context.Context, talk desk.TalkID) (string, error) {
	people, err := l.Identities(ctx, talk)
	if err != nil || len(people) == 0 || people[0].Channel != flows.Alipay {
		return "", err
	}
	return people[0].ID, nil
}

func (l *Ledger) newAttempt(ctx context.Context, tx txn, order orderRow, buyer string, at time.Time) (desk.Payment, error) {
	if err := l.lapse(ctx, tx, order.No); err != nil {
		return desk.Payment{}, err
	}
	number, err := numbered("P", second, at, 10)
	if err != nil {
		return desk.Payment{}, err
	}
	row := paymentRow{
		Number: number, OrderNo: order.No, Amount: order.Total, State: paymentOpen,
		At: millis(at), Until: millis(at.Add(l.hurried(flows.PayWithin))),
	}
	if row.Replaces, err = lastLapsed(ctx, tx, order.No); err != nil {
		return desk.Payment{}, err
	}
	if buyer != "" {
		if row.Buyer, err = l.seal(buyerPlace(row), buyer); err != nil {
			return desk.Payment{}, err
		}
	}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: payment of order %s: %w", order.No, errTaken)
	}
	if err != nil {
		return desk.Payment{}, err
	}
	return l.attempt(row, order)
}

// lastLapsed is the attempt to be closed at the cashier before a new one.
func lastLapsed(ctx context.Context, tx txn, orderNo string) (string, error) {
	var number string
	err := tx.NewSelect().Model((*paymentRow)(nil)).Column("number").
		Where("order_no = ? AND state = ?", orderNo, paymentLapsed).
		OrderBy("at", bun.OrderDesc).OrderBy("number", bun.OrderDesc).Limit(1).Scan(ctx, &number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("ledger: payments of order %s: %w", orderNo, err)
	}
	return number, nil
}

// lapse ends the open attempt of an order on our side.
func (l *Ledger) lapse(ctx context.Context, tx txn, orderNo string) error {
	_, err := tx.NewUpdate().Model((*paymentRow)(nil)).Set("state = ?", paymentLapsed).
		Where("order_no = ? AND state = ?", orderNo, paymentOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: payments of order %s: %w", orderNo, err)
	}
	return nil
}

// PaymentOpened implements [desk.Orders]. The cashier's first answer stays.
// An attempt that was ended meanwhile is [desk.ErrExpired]: open another.
func (l *Ledger) PaymentOpened(ctx context.Context, ref desk.Ref, p desk.Payment, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, order, err := l.payment(ctx, tx, p.Number)
		if err != nil {
			return err
		}
		if order.State == orderPaid {
			return l.answer(ctx, tx, ref, paid(order), at)
		}
		if row.State != paymentOpen {
			return fmt.Errorf("ledger: payment %s is %s: %w", row.Number, row.State, desk.ErrExpired)
		}
		if row.QR == "" && row.Trade == "" {
			row.QR, row.Trade = p.QR, p.Trade
			if _, err := tx.NewUpdate().Model(&row).Column("qr", "trade").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("ledger: payment %s: %w", row.Number, err)
			}
			if err := l.ask(ctx, tx, desk.Poll{Partner: desk.PartnerCashier, Number: row.Number, Talk: order.Talk, Since: at}); err != nil {
				return err
			}
		}
		opened := flows.PayOpened{QR: row.QR, Trade: row.Trade, Until: moment(row.Until)}
		return l.answer(ctx, tx, ref, opened, at)
	})
}

// ask starts to ask a partner how far something is.
func (l *Ledger) ask(ctx context.Context, tx txn, p desk.Poll) error {
	return l.enqueue(ctx, tx, pollJob(p, p.Since))
}

// SettlePayment implements [desk.Orders].
func (l *Ledger) SettlePayment(ctx context.Context, t flows.Trade, source string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, order, err := l.payment(ctx, tx, t.Number)
		switch {
		case t.State == flows.TradeOpen:
			return nil
		case errors.Is(err, desk.ErrUnknown):
			return l.misplaced(ctx, tx, t, "unknown number", "", at)
		case err != nil:
			return err
		case t.State == flows.TradeClosed:
			return l.paymentEnded(ctx, tx, row)
		case t.State == flows.TradePaid:
			return l.collected(ctx, tx, row, order, t, source, at)
		}
		return nil
	})
}

// paymentEnded notes that the cashier takes no money for an attempt any more.
func (l *Ledger) paymentEnded(ctx context.Context, tx txn, row paymentRow) error {
	if row.State == paymentOpen || row.State == paymentLapsed {
		return l.setPayment(ctx, tx, row, paymentClosed)
	}
	return nil
}

// collected books money that came in. An attempt that we had given up counts
// while its order waits for money.
func (l *Ledger) collected(ctx context.Context, tx txn, row paymentRow, order orderRow, t flows.Trade, source string, at time.Time) error {
	switch {
	case t.Amount != row.Amount:
		return l.misplaced(ctx, tx, t, "wrong amount", order.Talk, at)
	case row.State == paymentPaid || row.State == paymentSurplus:
		return nil
	case order.State != orderOpen:
		return errors.Join(
			l.setPayment(ctx, tx, row, paymentSurplus),
			l.misplaced(ctx, tx, t, "the order is "+string(order.State), order.Talk, at),
		)
	case row.Amount != order.Total:
		return errors.Join(
			l.setPayment(ctx, tx, row, paymentSurplus),
			l.misplaced(ctx, tx, t, "the order costs something else now", order.Talk, at),
		)
	}
	row.Trade = cmp.Or(t.No, row.Trade)
	if err := errors.Join(l.setPayment(ctx, tx, row, paymentPaid), l.watchPayer(ctx, tx, row, t.Payer, order.Talk, at)); err != nil {
		return err
	}
	return l.orderPaid(ctx, tx, order, t, source, at)
}

// orderPaid is the transition: the order, the attempts beside the one that
// brought the money, and the news, all or nothing.
func (l *Ledger) orderPaid(ctx context.Context, tx txn, order orderRow, t flows.Trade, source string, at time.Time) error {
	when := t.At
	if when.IsZero() {
		when = at
	}
	order.State, order.PaidAt, order.ShipsBy = orderPaid, millis(when), millis(flows.ShipsBy(when))
	if err := l.turnOrder(ctx, tx, order); err != nil {
		return err
	}
	news := paid(order)
	return errors.Join(
		l.lapse(ctx, tx, order.No),
		l.learned(ctx, tx, order.Talk, news, at),
		l.report(ctx, tx, "order/"+order.No+"/paid", order.Talk, news, at),
		l.audit(ctx, tx, audited{Actor: "cashier", Did: "paid", Talk: order.Talk, About: order.No, Detail: t.Number + " by " + source, At: at}),
	)
}

// misplaced keeps money, or news of it, that fits no attempt of ours.
func (l *Ledger) misplaced(ctx context.Context, tx txn, t flows.Trade, why string, talk desk.TalkID, at time.Time) error {
	id := fmt.Sprintf("payment/%s/%s/%s/%d", t.Number, t.No, t.State, t.Amount)
	return l.keep(ctx, tx, letter{ID: id, Kind: "payment", Why: why, Talk: talk, Body: t}, at)
}

// OpenPaymentOf implements [desk.Payments]. An attempt stays open, and is
// asked for, after its time: the cashier's clock is not ours.
func (l *Ledger) OpenPaymentOf(ctx context.Context, talk desk.TalkID) (desk.Payment, error) {
	order, err := l.liveOrder(ctx, l.read, talk)
	if err != nil {
		return desk.Payment{}, err
	}
	row, err := l.openAttempt(ctx, l.read, order.No)
	if err != nil {
		return desk.Payment{}, err
	}
	return l.attempt(row, order)
}

// PaymentRefused implements [desk.Payments].
func (l *Ledger) PaymentRefused(ctx context.Context, ref desk.Ref, number, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, order, err := l.payment(ctx, tx, number)
		if err != nil {
			return err
		}
		if order.State == orderPaid {
			return l.answer(ctx, tx, ref, paid(order), at)
		}
		if row.State == paymentOpen {
			if err := l.setPayment(ctx, tx, row, paymentRefused); err != nil {
				return err
			}
		}
		return l.answer(ctx, tx, ref, flows.PayRefused{Why: why}, at)
	})
}

// PaymentStatus implements [desk.Payments].
func (l *Ledger) PaymentStatus(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		order, err := l.liveOrder(ctx, tx, ref.Talk)
		if err != nil && !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		if order.State == orderPaid {
			return l.answer(ctx, tx, ref, paid(order), at)
		}
		return l.answer(ctx, tx, ref, flows.PayNotYet{}, at)
	})
}

func (l *Ledger) openAttempt(ctx context.Context, db bun.IDB, orderNo string) (paymentRow, error) {
	var row paymentRow
	err := db.NewSelect().Model(&row).Where("order_no = ? AND state = ?", orderNo, paymentOpen).Scan(ctx)
	return row, found(err, "payment of order "+orderNo)
}

// payment finds an attempt and its order, or [desk.ErrUnknown].
func (l *Ledger) payment(ctx context.Context, tx txn, number string) (paymentRow, orderRow, error) {
	row := paymentRow{Number: number}
	err := tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err := found(err, "payment "+number); err != nil {
		return paymentRow{}, orderRow{}, err
	}
	order, err := l.orderNo(ctx, tx, row.OrderNo)
	return row, order, err
}

func (l *Ledger) setPayment(ctx context.Context, tx txn, row paymentRow, state paymentState) error {
	row.State = state
	if _, err := tx.NewUpdate().Model(&row).Column("state", "trade").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: payment %s: %w", row.Number, err)
	}
	return nil
}

// attempt is a row in the words of the port.
func (l *Ledger) attempt(row paymentRow, order orderRow) (desk.Payment, error) {
	form, err := l.termsOf(order)
	if err != nil {
		return desk.Payment{}, err
	}
	buyer := ""
	if row.Buyer != "" {
		if err := l.unseal(buyerPlace(row), row.Buyer, &buyer); err != nil {
			return desk.Payment{}, err
		}
	}
	return desk.Payment{
		Number: row.Number, OrderNo: row.OrderNo, Amount: row.Amount, Subject: form.Text(flows.KeyService),
		Buyer: buyer, QR: row.QR, Trade: row.Trade, Replaces: row.Replaces, Until: moment(row.Until),
	}, nil
}

func buyerPlace(row paymentRow) string { return "payment/" + row.Number }
