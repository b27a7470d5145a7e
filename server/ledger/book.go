package ledger

// The book: who is who, and what was decided, each once for ever.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/riverqueue/river/rivertype"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Talk implements [desk.Book].
func (l *Ledger) Talk(ctx context.Context, who desk.Identity) (desk.TalkID, error) {
	row := identityRow{Channel: who.Channel, IDBlind: l.blind(identityPlace(who.Channel), flows.Conceal(who.ID))}
	err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err == nil {
		return row.Talk, nil
	}
	if !missing(err) {
		return "", fmt.Errorf("ledger: identity on %s: %w", who.Channel, err)
	}
	err = l.tx(ctx, func(ctx context.Context, tx txn) error { return l.meet(ctx, tx, who, &row) })
	return row.Talk, err
}

// meet makes an identity and its talk, unless somebody was faster.
func (l *Ledger) meet(ctx context.Context, tx txn, who desk.Identity, row *identityRow) error {
	now := millis(l.cfg.Now())
	row.Talk, row.At = desk.TalkID(randomName()), now
	var err error
	if row.Sealed, err = l.seal(identityPlace(who.Channel), who.ID); err != nil {
		return err
	}
	fresh, err := once(ctx, tx, row)
	if err != nil {
		return err
	}
	if !fresh {
		return tx.NewSelect().Model(row).WherePK().Scan(ctx)
	}
	talk := talkRow{ID: row.Talk, CreatedAt: now, LastChannel: who.Channel}
	if _, err := tx.NewInsert().Model(&talk).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: talk: %w", err)
	}
	return nil
}

func identityPlace(channel flows.Channel) string { return "identity/" + string(channel) }

// Identities implements [desk.People].
func (l *Ledger) Identities(ctx context.Context, talk desk.TalkID) ([]desk.Identity, error) {
	var rows []identityRow
	err := l.read.NewSelect().Model(&rows).Join("JOIN talk ON talk.id = identity_row.talk").
		Where("identity_row.talk = ?", talk).
		OrderExpr("CASE WHEN channel = talk.last_channel THEN 0 ELSE 1 END, at DESC, channel").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: identities of %s: %w", talk, err)
	}
	all := make([]desk.Identity, len(rows))
	for i, row := range rows {
		all[i].Channel = row.Channel
		if err := l.unseal(identityPlace(row.Channel), row.Sealed, &all[i].ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Enter implements [desk.Book].
func (l *Ledger) Enter(ctx context.Context, effects []desk.Pending) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		for _, p := range effects {
			if err := l.enter(ctx, tx, p); err != nil {
				return fmt.Errorf("ledger: enter %s %s: %w", p.Effect.Verb(), p.Ref, err)
			}
		}
		return nil
	})
}

// enter gives every effect a row, notes as well: the row is what makes a
// second entering harmless, also when newer notes have been entered since.
// Cancelling is a note here and a job for what remains to be done at the cashier.
func (l *Ledger) enter(ctx context.Context, tx txn, p desk.Pending) error {
	row := effectRow{Talk: p.Ref.Talk, Event: p.Ref.Event, Index: p.Ref.Index, Verb: p.Effect.Verb(), At: millis(p.At)}
	note := l.note(p)
	if note != nil {
		row.DoneAt = max(row.At, 1)
	} else {
		var err error
		if row.Sealed, err = l.sealEffect(effectPlace(p.Ref), p.Effect); err != nil {
			return err
		}
	}
	fresh, err := once(ctx, tx, &row)
	if err != nil || !fresh {
		return err
	}
	if note != nil {
		return note(ctx, tx)
	}
	if _, cancel := p.Effect.(flows.Cancel); cancel {
		if err := l.noteCancel(ctx, tx, p); err != nil {
			return err
		}
	}
	return l.employ(ctx, tx, &row)
}

// note returns how to write down an effect that needs nobody to perform it,
// or nil for one that does.
func (l *Ledger) note(p desk.Pending) func(context.Context, txn) error {
	switch e := p.Effect.(type) {
	case flows.Save:
		return func(ctx context.Context, tx txn) error { return l.noteSave(ctx, tx, p, e) }
	case flows.Agree:
		return func(ctx context.Context, tx txn) error { return l.noteConsent(ctx, tx, p, e) }
	case flows.Withdraw:
		return func(ctx context.Context, tx txn) error { return l.noteWithdrawal(ctx, tx, p, e) }
	case flows.Own:
		return func(ctx context.Context, tx txn) error { return l.noteOwner(ctx, tx, p, e.Owner) }
	case flows.Wait:
		return func(ctx context.Context, tx txn) error {
			return l.noteWait(ctx, tx, p, e)
		}
	}
	return nil
}

// noteWait sets a clock, and takes away the talk's last one of its sort: that
// would ring for a step which has been left.
func (l *Ledger) noteWait(ctx context.Context, tx txn, p desk.Pending, e flows.Wait) error {
	at := p.At.Add(l.hurried(e.For))
	if e.ByDay && l.cfg.Hurry == 1 {
		at = flows.ByDay(at)
	}
	row := clockRow{Talk: p.Ref.Talk, Reminder: e.Nudge > 0}
	err := tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err == nil {
		err = tx.cancel(ctx, row.Job)
	}
	if err != nil && !missing(err) && !errors.Is(err, rivertype.ErrNotFound) {
		return fmt.Errorf("ledger: clock of %s: %w", p.Ref.Talk, err)
	}
	if row.Job, err = l.insertJob(ctx, tx, timerJob(p.Ref.Talk, e, at)); err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&row).On("CONFLICT (talk, reminder) DO UPDATE").Set("job = EXCLUDED.job").Exec(ctx)
	return err
}

// noteSave also ends a cancellation: who fills in a page has begun again.
func (l *Ledger) noteSave(ctx context.Context, tx txn, p desk.Pending, e flows.Save) error {
	if err := l.save(ctx, tx, p.Ref.Talk, e.Page, e.Form, p.At); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*talkRow)(nil)).Set("cancelled_at = 0").
		Where("id = ? AND cancelled_at <> 0", p.Ref.Talk).Exec(ctx)
	return err
}

func (l *Ledger) noteConsent(ctx context.Context, tx txn, p desk.Pending, e flows.Agree) error {
	row := consentRow{
		Talk: p.Ref.Talk, Document: e.Document, Version: e.Version,
		SHA256: digest(e), Via: e.Via, At: millis(e.At),
	}
	if e.At.IsZero() {
		row.At = millis(p.At)
	}
	if _, err := once(ctx, tx, &row); err != nil {
		return err
	}
	_, err := tx.NewUpdate().Model((*talkRow)(nil)).Set("last_channel = ?", e.Via).
		Where("id = ? AND EXISTS (SELECT 1 FROM identity WHERE talk = ? AND channel = ?)", p.Ref.Talk, p.Ref.Talk, e.Via).Exec(ctx)
	return err
}

// digest is the SHA-256 of the text agreed to, or empty when this release does
// not have that version of it.
func digest(e flows.Agree) string {
	all := flows.Agreements()
	i := slices.IndexFunc(all, func(a flows.Agreement) bool { return a.ID == e.Document && a.Version == e.Version })
	if i < 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(all[i].Text))
	return hex.EncodeToString(sum[:])
}

// noteOwner writes an owner unless a newer one is known.
func (l *Ledger) noteOwner(ctx context.Context, tx txn, p desk.Pending, o flows.Owner) error {
	_, err := tx.NewUpdate().Model((*talkRow)(nil)).
		Set("owner_kind = ?", o.Kind).Set("owner_agent = ?", o.Agent).Set("owner_name = ?", o.Name).
		Set("owner_epoch = ?", o.Epoch).Set("owned_at = ?", millis(p.At)).
		Where("id = ? AND owner_epoch < ?", p.Ref.Talk, o.Epoch).Exec(ctx)
	if err != nil || o.Kind != flows.OwnerBot {
		return err
	}
	// Who goes on by themselves has taken their own call back. Calls for other reasons stay.
	_, err = tx.NewUpdate().Model((*helpRow)(nil)).Set("answered_at = ?", millis(p.At)).
		Where("talk = ? AND why = ? AND answered_at = 0", p.Ref.Talk, flows.WhyApplicant).Exec(ctx)
	return err
}
