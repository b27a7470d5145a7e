package ledger

// Numbers that change: an account's mobile is where authorisation codes go, so
// a new one takes its place only with a code that went there.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

const (
	didChangePhone = "changed the mobile"
	phoneAgain     = 24 * time.Hour // after a change before another
)

// NewPhone implements [desk.Accounts].
func (l *Ledger) NewPhone(ctx context.Context, talk desk.TalkID) (flows.Person, flows.Secret, error) {
	who, err := l.provedPerson(ctx, l.read, talk)
	if err != nil {
		return flows.Person{}, flows.Secret{}, err
	}
	form, err := l.saved(ctx, l.read, talk)
	if err == nil && !form.Has(flows.KeyNewMobile) {
		err = desk.ErrUnknown
	}
	return who, form[flows.KeyNewMobile], err
}

// ChangePhone implements [desk.Accounts].
func (l *Ledger) ChangePhone(ctx context.Context, ref desk.Ref, mobile flows.Secret, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		outcome, err := l.changePhone(ctx, tx, ref.Talk, mobile, at)
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, outcome, at)
	})
}

func (l *Ledger) changePhone(ctx context.Context, tx txn, talk desk.TalkID, mobile flows.Secret, at time.Time) (flows.Happening, error) {
	recent, err := tx.NewSelect().Model((*auditRow)(nil)).
		Where("talk = ? AND did = ? AND at > ?", talk, didChangePhone, millis(at.Add(-l.hurried(phoneAgain)))).Exists(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: audit of %s: %w", talk, err)
	}
	if recent {
		return flows.PhoneRefused{Why: "手机号刚换过，一天只能换一次。请明天再试，或回复“人工”。"}, nil
	}
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	if form[flows.KeyNewMobile] != mobile {
		return flows.PhoneRefused{Why: "请重新填写新手机号码。"}, nil
	}
	try, err := l.try(ctx, tx, talk, flows.PurposePhone, form[flows.KeyCode], at)
	if err != nil {
		return nil, err
	}
	if try.verdict != nil {
		return flows.PhoneRefused{Why: try.words()}, nil
	}
	var row accountRow
	if err := found(tx.NewSelect().Model(&row).Where("talk = ?", talk).Scan(ctx), "account of "+string(talk)); err != nil {
		return nil, err
	}
	var old flows.Secret
	if err := l.unseal(accountPlace(row.ID, "mobile"), row.Mobile, &old); err != nil {
		return nil, err
	}
	if row.Mobile, err = l.seal(accountPlace(row.ID, "mobile"), mobile); err != nil {
		return nil, err
	}
	if _, err := tx.NewUpdate().Model(&row).Column("mobile").WherePK().Exec(ctx); err != nil {
		return nil, fmt.Errorf("ledger: account of %s: %w", talk, err)
	}
	changed := flows.PhoneChanged{Mobile: mobile, Old: old}
	return changed, errors.Join(
		l.forget(ctx, tx, talk, flows.KeyNewMobile, flows.KeyCode),
		closeCode(ctx, tx, talk, flows.PurposeActivate, at), // it went to the old number
		l.learned(ctx, tx, talk, changed, at),
		l.audit(ctx, tx, audited{Did: didChangePhone, Talk: talk, At: at}),
	)
}
