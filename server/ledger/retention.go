package ledger

// Retention: what is personal goes when its time is over (M40; the law's table
// is in facts/domain.md 9). What happened stays: results, times, numbers and
// consents, which the law wants kept, with nobody's data in clear or sealed.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Retention says how long what is personal is kept. Zero keeps it for ever.
type Retention struct {
	Identity  time.Duration // an identity number, after the certificate is activated
	Abandoned time.Duration // everything of who never ordered, after they were last here
	Delivery  time.Duration // a receiver's address, after the parcel was shipped
	Words     time.Duration // transcripts, and one-time codes
	Proof     time.Duration // who was proved, before another order
}

// forgetAtOnce bounds one round; the next one goes on.
const forgetAtOnce = 200

// Forget implements [desk.Retention].
func (l *Ledger) Forget(ctx context.Context, at time.Time) (int, error) {
	rules := []struct {
		after time.Duration
		due   func(ctx context.Context, before int64) ([]desk.TalkID, error)
		drop  func(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) error
	}{
		{l.cfg.Retention.Identity, l.identitiesDue, l.dropIdentity},
		{l.cfg.Retention.Delivery, l.deliveriesDue, l.dropDelivery},
		{l.cfg.Retention.Abandoned, l.abandonedDue, l.dropApplicant},
	}
	forgotten := 0
	var errs []error
	for _, rule := range rules {
		if rule.after <= 0 {
			continue
		}
		talks, err := rule.due(ctx, millis(at.Add(-rule.after)))
		errs = append(errs, err)
		for _, talk := range talks {
			err := l.tx(ctx, func(ctx context.Context, tx txn) error { return rule.drop(ctx, tx, talk, at) })
			if err != nil {
				errs = append(errs, fmt.Errorf("ledger: forget of %s: %w", talk, err))
				continue
			}
			forgotten++
		}
	}
	n, err := l.dropWords(ctx, at)
	return forgotten + n, errors.Join(append(errs, err, l.dropTries(ctx, at))...)
}

// dropTries forgets who was not proved, once they count for no limit any more.
func (l *Ledger) dropTries(ctx context.Context, at time.Time) error {
	_, err := l.db.NewUpdate().Model((*checkRow)(nil)).Set("id_blind = ''").
		Where("state NOT IN (?, ?) AND id_blind <> '' AND at < ?", checkPassed, checkOpen, millis(at.Add(-24*time.Hour))).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: old tries: %w", err)
	}
	if _, err := l.db.NewDelete().Model((*lookupRow)(nil)).Where("at < ?", millis(at.Add(-24*time.Hour))).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: old look-ups: %w", err)
	}
	return nil
}

// identitiesDue are talks whose certificate was activated before a time and
// whose identity number is still here.
func (l *Ledger) identitiesDue(ctx context.Context, before int64) (talks []desk.TalkID, err error) {
	err = l.read.NewSelect().Model((*certificateRow)(nil)).Column("talk").
		Where("finished_at BETWEEN 1 AND ?", before).
		Where("EXISTS (SELECT 1 FROM face_check c WHERE c.talk = certificate_row.talk AND c.forgotten_at = 0)").
		Limit(forgetAtOnce).Scan(ctx, &talks)
	return talks, dueError(err, "identities")
}

// dropIdentity keeps of an identity number its ends and a keyed hash.
func (l *Ledger) dropIdentity(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) error {
	return errors.Join(
		l.maskChecks(ctx, tx, talk, at, func(p flows.Person) flows.Person {
			return flows.Person{Name: p.Name, IDNumber: flows.Conceal(flows.MaskID(p.IDNumber.Reveal()))}
		}),
		l.forget(ctx, tx, talk, flows.KeyIDNumber, flows.KeyPaperNumber),
		l.dropPapers(ctx, tx, talk),
		l.audit(ctx, tx, audited{Actor: "retention", Did: "forgot the identity number", Talk: talk, At: at}),
	)
}

func (l *Ledger) maskChecks(ctx context.Context, tx txn, talk desk.TalkID, at time.Time, mask func(flows.Person) flows.Person) error {
	var rows []checkRow
	if err := tx.NewSelect().Model(&rows).Where("talk = ? AND forgotten_at = 0", talk).Scan(ctx); err != nil {
		return fmt.Errorf("ledger: checks of %s: %w", talk, err)
	}
	for _, row := range rows {
		check, err := l.checkOf(row)
		if err != nil {
			return err
		}
		row.ForgottenAt = max(millis(at), 1)
		if row.Person != "" { // who was not proved is forgotten already
			row.IDBlind = l.personBlind(check.Person.IDNumber)
			if row.Person, err = l.seal(checkPlace(row.Number), mask(check.Person)); err != nil {
				return err
			}
		}
		if _, err := tx.NewUpdate().Model(&row).Column("person", "id_blind", "forgotten_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("ledger: check %s: %w", row.Number, err)
		}
	}
	return nil
}

// receiver are the answers that only a courier needed.
var receiver = []flows.Key{flows.KeyRecipient, flows.KeyDetail, flows.KeyLandline, flows.KeyToMobile}

func (l *Ledger) deliveriesDue(ctx context.Context, before int64) (talks []desk.TalkID, err error) {
	err = l.read.NewSelect().Model((*shipmentRow)(nil)).Column("talk").
		Where("shipped_at BETWEEN 1 AND ? AND forgotten_at = 0", before).
		Where("state IN (?, ?)", flows.ParcelDelivered, flows.ParcelReturned).Limit(forgetAtOnce).Scan(ctx, &talks)
	return talks, dueError(err, "deliveries")
}

// dropDelivery forgets whom a parcel went to and where, and leaves when it did.
func (l *Ledger) dropDelivery(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) error {
	var orders []orderRow
	if err := tx.NewSelect().Model(&orders).Where("talk = ?", talk).Scan(ctx); err != nil {
		return fmt.Errorf("ledger: orders of %s: %w", talk, err)
	}
	for _, order := range orders {
		form, err := l.termsOf(order)
		if err != nil {
			return err
		}
		for _, k := range receiver {
			delete(form, k)
		}
		if order.Sealed, err = l.seal(termsPlace(order), form); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&order).Column("sealed").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("ledger: order %s: %w", order.No, err)
		}
	}
	_, scans := tx.NewDelete().Model((*scanRow)(nil)).Where("shipment IN (SELECT number FROM shipment WHERE talk = ?)", talk).Exec(ctx)
	_, noted := tx.NewUpdate().Model((*shipmentRow)(nil)).Set("forgotten_at = ?", max(millis(at), 1)).Where("talk = ?", talk).Exec(ctx)
	return errors.Join(scans, noted, l.forget(ctx, tx, talk, receiver...),
		l.audit(ctx, tx, audited{Actor: "retention", Did: "forgot the address", Talk: talk, At: at}))
}

// abandonedDue are talks in which nothing has happened since a time and nothing
// was ever paid.
func (l *Ledger) abandonedDue(ctx context.Context, before int64) (talks []desk.TalkID, err error) {
	err = l.read.NewSelect().Model((*talkRow)(nil)).Column("id").
		Where("created_at < ? AND forgotten_at = 0", before).
		Where("NOT EXISTS (SELECT 1 FROM effect e WHERE e.talk = talk_row.id AND e.at >= ?)", before).
		Where("NOT EXISTS (SELECT 1 FROM page p WHERE p.talk = talk_row.id AND p.at >= ?)", before).
		Where("NOT EXISTS (SELECT 1 FROM orders o WHERE o.talk = talk_row.id AND o.state <> ?)", orderCancelled).
		Limit(forgetAtOnce).Scan(ctx, &talks)
	return talks, dueError(err, "applicants")
}

// dropApplicant forgets who somebody was that never bought anything. They may
// come again as a stranger, and their login name is free.
func (l *Ledger) dropApplicant(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) error {
	errs := []error{l.maskChecks(ctx, tx, talk, at, func(flows.Person) flows.Person { return flows.Person{} }), l.endReviews(ctx, tx, talk)}
	for _, row := range []any{(*pageRow)(nil), (*accountRow)(nil), (*codeRow)(nil), (*transcriptRow)(nil), (*identityRow)(nil)} {
		_, err := tx.NewDelete().Model(row).Where("talk = ?", talk).Exec(ctx)
		errs = append(errs, err)
	}
	// Whoever still finds the talk finds nobody proved in it.
	_, checks := tx.NewUpdate().Model((*checkRow)(nil)).Set("state = ?", checkClosed).Where("talk = ? AND state IN (?, ?)", talk, checkOpen, checkPassed).Exec(ctx)
	_, proofs := tx.NewUpdate().Model((*proofRow)(nil)).Set("state = ?", proofClosed).Where("talk = ? AND state IN (?, ?)", talk, proofOpen, proofSeen).Exec(ctx)
	_, noted := tx.NewUpdate().Model((*talkRow)(nil)).Set("forgotten_at = ?", max(millis(at), 1)).Where("id = ?", talk).Exec(ctx)
	return errors.Join(append(errs, checks, proofs, noted, l.audit(ctx, tx, audited{Actor: "retention", Did: "forgot the applicant", Talk: talk, At: at}))...)
}

// dropWords deletes what was said, and the codes that were sent, long ago.
func (l *Ledger) dropWords(ctx context.Context, at time.Time) (n int, err error) {
	if l.cfg.Retention.Words <= 0 {
		return 0, nil
	}
	before := millis(at.Add(-l.cfg.Retention.Words))
	for _, row := range []any{(*transcriptRow)(nil), (*codeRow)(nil)} {
		gone, err := l.db.NewDelete().Model(row).Where("at < ?", before).Exec(ctx)
		if err != nil {
			return n, fmt.Errorf("ledger: forget of words: %w", err)
		}
		rows, _ := gone.RowsAffected() // for a count only
		n += int(rows)
	}
	return n, nil
}

func dueError(err error, what string) error {
	if err != nil {
		return fmt.Errorf("ledger: %s to be forgotten: %w", what, err)
	}
	return nil
}
