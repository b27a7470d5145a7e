package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// What may be fraud when it happens often (I12): one person who is proved again
// and again may be lending their face, and one payer for many accounts may be
// buying certificates in other people's names. An agent is called to look, and
// nothing is refused, because agencies do both for a living.
const (
	watched     = 30 * 24 * time.Hour
	usual       = 3 // in that time
	whyPersonal = "many applications"
	whyPayer    = "many paid"
)

// watchPerson calls an agent when the person of a passed check was proved
// unusually often.
func (l *Ledger) watchPerson(ctx context.Context, tx txn, c desk.Check, at time.Time) error {
	blind := l.personBlind(c.Person.IDNumber)
	return l.callIfMany(ctx, tx, c.Talk, whyPersonal, at, tx.NewSelect().Model((*checkRow)(nil)).ColumnExpr("COUNT(*)").
		Where("id_blind = ? AND state = ? AND at > ?", blind, checkPassed, millis(at.Add(-watched))))
}

// watchPayer marks a payment with the blind index of who paid, and calls an
// agent when they paid for unusually many applicants. Who paid is not always
// told.
func (l *Ledger) watchPayer(ctx context.Context, tx txn, row paymentRow, payer flows.Secret, talk desk.TalkID, at time.Time) error {
	if payer.IsZero() {
		return nil
	}
	row.PayerBlind = l.blind("payer", payer)
	if _, err := tx.NewUpdate().Model(&row).Column("payer_blind").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: payment %s: %w", row.Number, err)
	}
	return l.callIfMany(ctx, tx, talk, whyPayer, at, tx.NewSelect().Model((*paymentRow)(nil)).ColumnExpr("COUNT(DISTINCT orders.talk)").
		Join("JOIN orders ON orders.no = payment_row.order_no").
		Where("payment_row.payer_blind = ? AND payment_row.at > ?", row.PayerBlind, millis(at.Add(-watched))))
}

func (l *Ledger) callIfMany(ctx context.Context, tx txn, talk desk.TalkID, why string, at time.Time, counted *bun.SelectQuery) error {
	var n int
	if err := counted.Scan(ctx, &n); err != nil {
		return fmt.Errorf("ledger: %s like that of %s: %w", why, talk, err)
	}
	if n <= usual {
		return nil
	}
	return l.call(ctx, tx, talk, why, at)
}
