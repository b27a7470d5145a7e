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

	Ref     string      `bun:"ref,pk"`
	Talk    desk.TalkID `bun:"talk"`
	OrderNo string      `bun:"order_no"`
	At      int64       `bun:"at"`
}

// Cancel implements [desk.Endings]. The ending itself was written when the
// effect was entered: see [Ledger.Enter].
func (l *Ledger) Cancel(ctx context.Context, ref desk.Ref, _ time.Time) (payments []string, err error) {
	row := endingRow{Ref: ref.String()}
	err = l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err = found(err, "ending "+row.Ref); err != nil || row.OrderNo == "" {
		return nil, err
	}
	err = l.read.NewSelect().Model((*paymentRow)(nil)).Column("number").
		Where("order_no = ? AND state = ?", row.OrderNo, paymentLapsed).
		OrderBy("number", bun.OrderAsc).Scan(ctx, &payments)
	if err != nil {
		return nil, fmt.Errorf("ledger: payments of order %s: %w", row.OrderNo, err)
	}
	return payments, nil
}

// noteCancel ends what is open and unpaid of a talk. With a paid order it
// changes nothing. It happens in the order of the notes, not when the job
// comes: a page that is saved after it belongs to what is begun anew.
func (l *Ledger) noteCancel(ctx context.Context, tx txn, p desk.Pending) error {
	order, err := l.liveOrder(ctx, tx, p.Ref.Talk)
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	ending := endingRow{Ref: p.Ref.String(), Talk: p.Ref.Talk, At: millis(p.At)}
	if order.State != orderPaid {
		ending.OrderNo = order.No
		if err := l.end(ctx, tx, p.Ref.Talk, order, p.At); err != nil {
			return err
		}
	}
	if _, err := tx.NewInsert().Model(&ending).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: ending %s: %w", ending.Ref, err)
	}
	return nil
}

// proving is what is not performed any more when a case is cancelled, or its
// consents are taken back: it would begin anew what was ended, or look in vain
// for what was forgotten. Voided is what a cancelled case does not order either.
var (
	proving = []flows.Verb{
		flows.VerbVerifyFace, flows.VerbCheckFace, flows.VerbCompareFactors, flows.VerbAskReview, flows.VerbOpenTransfer, flows.VerbCheckTransfer,
		flows.VerbSendPayout, flows.VerbCheckPayout, flows.VerbCheckAmount,
		flows.VerbCompareName, flows.VerbCompareRepresentative, flows.VerbOpenGrant, flows.VerbCheckGrant,
	}
	voided = append([]flows.Verb{flows.VerbPlaceOrder, flows.VerbOpenPayment, flows.VerbCheckPayment}, proving...)
)

// void takes back what was asked for a case and is not done.
func void(ctx context.Context, tx txn, talk desk.TalkID, verbs []flows.Verb, at time.Time) error {
	_, err := tx.NewUpdate().Model((*effectRow)(nil)).Set("done_at = ?", max(millis(at), 1)).Set("sealed = ''").
		Where("talk = ? AND done_at = 0 AND verb IN (?)", talk, bun.List(verbs)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: effects of %s: %w", talk, err)
	}
	return nil
}

// end closes an unpaid order, if there is one, and whatever else is open.
func (l *Ledger) end(ctx context.Context, tx txn, talk desk.TalkID, order orderRow, at time.Time) error {
	if order.No != "" {
		order.State = orderCancelled
		if err := errors.Join(l.turnOrder(ctx, tx, order), l.lapse(ctx, tx, order.No)); err != nil {
			return err
		}
	}
	if err := errors.Join(void(ctx, tx, talk, voided, at), l.endAttempts(ctx, tx, talk)); err != nil {
		return err
	}
	if err := l.keepOnly(ctx, tx, talk, at); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*talkRow)(nil)).Set("cancelled_at = ?", millis(at)).Where("id = ?", talk).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: cancel %s: %w", talk, err)
	}
	return l.audit(ctx, tx, audited{Did: "cancelled", Talk: talk, About: order.No, At: at})
}

// keepOnly forgets what the conversation forgets of a cancelled case. One list,
// [flows.Form.Kept], says what stays, so that the two never differ.
func (l *Ledger) keepOnly(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) error {
	kept, err := l.reduce(ctx, tx, talk, flows.Form.Kept)
	if err != nil || !kept.Has(flows.KeyDropped) {
		return err
	}
	dropped := flows.Form{flows.KeyDropped: kept[flows.KeyDropped]}
	return l.save(ctx, tx, talk, "cancelled", dropped, at)
}

// reduce forgets what is saved of a talk, but for what is to be kept.
func (l *Ledger) reduce(ctx context.Context, tx txn, talk desk.TalkID, keep func(flows.Form) flows.Form) (kept flows.Form, err error) {
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	kept = keep(form)
	var gone []flows.Key
	for k := range form {
		if !kept.Has(k) {
			gone = append(gone, k)
		}
	}
	return kept, l.forget(ctx, tx, talk, gone...)
}

// noteWithdrawal takes a consent back, and with it whatever was under way to
// prove somebody and what was typed for it. What is proved stays.
func (l *Ledger) noteWithdrawal(ctx context.Context, tx txn, p desk.Pending, e flows.Withdraw) error {
	talk := p.Ref.Talk
	result, err := tx.NewUpdate().Model((*consentRow)(nil)).Set("withdrawn_at = ?", max(millis(e.At), 1)).
		Where("talk = ? AND document = ? AND withdrawn_at = 0 AND at <= ?", talk, e.Document, millis(e.At)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: consent of %s: %w", talk, err)
	}
	if err := errors.Join(void(ctx, tx, talk, proving, p.At), l.endAttempts(ctx, tx, talk)); err != nil {
		return err
	}
	if _, err := l.reduce(ctx, tx, talk, flows.Form.Withdrawn); err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return l.audit(ctx, tx, audited{Did: "withdrew consent", Talk: talk, About: e.Document, At: p.At})
}

// endAttempts closes the open attempts to prove somebody.
func (l *Ledger) endAttempts(ctx context.Context, tx txn, talk desk.TalkID) error {
	check, err := l.checkWhere(ctx, tx, "talk = ? AND state = ?", talk, checkOpen)
	if err == nil {
		err = endCheck(ctx, tx, check.Number, checkExpired)
	}
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	proof, err := l.proofIn(ctx, tx, talk, proofOpen)
	if err == nil {
		err = l.endProof(ctx, tx, proof, proofClosed)
	}
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	payout, err := l.livePayout(ctx, tx, talk)
	if err == nil {
		err = l.turnPayout(ctx, tx, payout, payoutClosed)
	}
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	if err := l.endReviews(ctx, tx, talk); err != nil {
		return err
	}
	grant, err := l.openGrantOf(ctx, tx, talk)
	if err == nil {
		err = l.turnGrant(ctx, tx, grant, grantClosed)
	}
	if err != nil && !errors.Is(err, desk.ErrUnknown) {
		return err
	}
	return nil
}
