package ledger

// Endings: an applicant gives up. What was paid for is never ended here.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type endingRow struct {
	bun.BaseModel `bun:"table:ending"`

	Ref  string      `bun:"ref,pk"`
	Talk desk.TalkID `bun:"talk"`
	At   int64       `bun:"at"`
}

// dropped is what an applicant typed, or was told, of the service they no
// longer want. The account and the proofs stay.
var dropped = []flows.Key{
	flows.KeyService, flows.KeyTitle, flows.KeyTaxNumber, flows.KeyBank, flows.KeyBankAccount,
	flows.KeyOrgAddress, flows.KeyOrgPhone,
	flows.KeyRecipient, flows.KeyProvince, flows.KeyCity, flows.KeyDistrict, flows.KeyDetail, flows.KeyLandline, flows.KeyToMobile,
	flows.KeyKeyFee, flows.KeyCourierFee, flows.KeyTotal, flows.KeyOrderNo, flows.KeyPayQR, flows.KeyTrade,
}

// Cancel implements [desk.Endings]. The same ref cancels once: what was begun
// after it stays. With a paid order it changes nothing.
func (l *Ledger) Cancel(ctx context.Context, ref desk.Ref, at time.Time) (payments []string, err error) {
	err = l.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		fresh, err := once(ctx, tx, &endingRow{Ref: ref.String(), Talk: ref.Talk, At: millis(at)})
		if err != nil {
			return err
		}
		if fresh {
			if err := l.end(ctx, tx, ref.Talk, at); err != nil {
				return err
			}
		}
		payments, err = l.toClose(ctx, tx, ref.Talk)
		return err
	})
	return payments, err
}

func (l *Ledger) end(ctx context.Context, tx bun.Tx, talk desk.TalkID, at time.Time) error {
	order, err := l.liveOrder(ctx, tx, talk)
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	if order.State == orderPaid {
		return nil
	}
	if err == nil {
		order.State = orderCancelled
		if err := errors.Join(l.turnOrder(ctx, tx, order), l.lapse(ctx, tx, order.No)); err != nil {
			return err
		}
	}
	if err := l.endAttempts(ctx, tx, talk); err != nil {
		return err
	}
	if err := l.forget(ctx, tx, talk, dropped...); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*talkRow)(nil)).Set("cancelled_at = ?", millis(at)).Where("id = ?", talk).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: cancel %s: %w", talk, err)
	}
	return l.audit(ctx, tx, audited{Did: "cancelled", Talk: talk, About: order.No, At: at})
}

// endAttempts closes the open attempts to prove somebody.
func (l *Ledger) endAttempts(ctx context.Context, tx bun.Tx, talk desk.TalkID) error {
	_, err := tx.NewUpdate().Model((*checkRow)(nil)).Set("state = ?", checkExpired).
		Where("talk = ? AND state = ?", talk, checkOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: checks of %s: %w", talk, err)
	}
	_, err = tx.NewUpdate().Model((*proofRow)(nil)).Set("state = ?", proofClosed).
		Where("talk = ? AND state = ?", talk, proofOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: proofs of %s: %w", talk, err)
	}
	return nil
}

// toClose lists the attempts of cancelled orders for which the cashier may
// still take money.
func (l *Ledger) toClose(ctx context.Context, tx bun.Tx, talk desk.TalkID) ([]string, error) {
	var numbers []string
	err := tx.NewSelect().Model((*paymentRow)(nil)).Column("number").
		Where("state = ?", paymentLapsed).
		Where("order_no IN (SELECT no FROM orders WHERE talk = ? AND state = ?)", talk, orderCancelled).
		OrderBy("number", bun.OrderAsc).Scan(ctx, &numbers)
	if err != nil {
		return nil, fmt.Errorf("ledger: payments of %s: %w", talk, err)
	}
	return numbers, nil
}
