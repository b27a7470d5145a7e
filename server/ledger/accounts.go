package ledger

// Accounts: a login name, a mobile number proved by a code, and the hash of a
// password.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// account is what an account says of its owner.
type account struct {
	Login  flows.Secret
	Mobile flows.Secret
	Kind   string
}

// account returns the account of a talk, or [desk.ErrUnknown].
func (l *Ledger) account(ctx context.Context, db bun.IDB, talk desk.TalkID) (account, error) {
	var row accountRow
	err := db.NewSelect().Model(&row).Where("talk = ?", talk).Scan(ctx)
	if missing(err) {
		return account{}, desk.ErrUnknown
	}
	if err != nil {
		return account{}, fmt.Errorf("ledger: account of %s: %w", talk, err)
	}
	a := account{Kind: row.Kind}
	return a, errors.Join(
		l.unseal(accountPlace(row.ID, "login"), row.Login, &a.Login),
		l.unseal(accountPlace(row.ID, "mobile"), row.Mobile, &a.Mobile),
	)
}

func accountPlace(id, column string) string { return "account/" + id + "/" + column }

// Register implements [desk.Accounts]. The code and the hash of the password
// stay in the saved pages no longer than it takes.
func (l *Ledger) Register(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		outcome, err := l.register(ctx, tx, ref.Talk, at)
		if err != nil {
			return err
		}
		if err := l.forget(ctx, tx, ref.Talk, used(outcome)...); err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, outcome, at)
	})
}

// used lists the answers that are not needed any more.
func used(outcome flows.Happening) []flows.Key {
	if _, made := outcome.(flows.Registered); made {
		return []flows.Key{flows.KeyCode, flows.KeyPassword, flows.KeyPassword2}
	}
	return []flows.Key{flows.KeyCode}
}

// register makes the account or says why there is none.
func (l *Ledger) register(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (flows.Happening, error) {
	known, err := l.account(ctx, tx, talk)
	if err == nil {
		return flows.Registered{Login: known.Login}, nil
	}
	if !errors.Is(err, desk.ErrUnknown) {
		return nil, err
	}
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	if refusal := incomplete(form); refusal != nil {
		return *refusal, nil
	}
	try, err := l.try(ctx, tx, talk, flows.PurposeRegister, form[flows.KeyCode], at)
	if err != nil {
		return nil, err
	}
	if try.verdict != nil {
		return flows.NotRegistered{Field: flows.KeyCode, Why: try.words()}, nil
	}
	return l.makeAccount(ctx, tx, talk, form, at)
}

const hashedPassword = "$argon2id$"

// incomplete says which answer is to be given again before there can be an
// account, or nil.
func incomplete(form flows.Form) *flows.NotRegistered {
	switch {
	case !form.Has(flows.KeyLogin), !form.Has(flows.KeyMobile):
		return &flows.NotRegistered{Field: flows.KeyLogin, Why: "请重新填写登录名和手机号码。"}
	case !strings.HasPrefix(form.Text(flows.KeyPassword), hashedPassword):
		return &flows.NotRegistered{Why: "请重新设置密码。"}
	case !form.Has(flows.KeyCode):
		return &flows.NotRegistered{Field: flows.KeyCode, Why: "请填写短信里的6位验证码。"}
	}
	return nil
}

func (l *Ledger) makeAccount(ctx context.Context, tx txn, talk desk.TalkID, form flows.Form, at time.Time) (flows.Happening, error) {
	row := accountRow{
		ID: randomName(), Talk: talk, Kind: form.Text(flows.KeyKind), At: millis(at),
		PasswordHash: form.Text(flows.KeyPassword),
		LoginBlind:   l.blind("login", form[flows.KeyLogin]),
	}
	var err, err2 error
	row.Login, err = l.seal(accountPlace(row.ID, "login"), form[flows.KeyLogin])
	row.Mobile, err2 = l.seal(accountPlace(row.ID, "mobile"), form[flows.KeyMobile])
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	fresh, err := once(ctx, tx, &row)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return flows.NotRegistered{Field: flows.KeyLogin, Why: "这个登录名不能使用，请换一个。"}, nil
	}
	made := flows.Registered{Login: form[flows.KeyLogin]}
	return made, errors.Join(
		l.learned(ctx, tx, talk, made, at),
		l.audit(ctx, tx, audited{Did: "registered", Talk: talk, About: row.ID, At: at}),
	)
}
