package ledger

// Joining: an identity of another channel goes over to a case that is under way.
// Cases never become one: who joins leaves nothing behind.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type joinRow struct {
	bun.BaseModel `bun:"table:join_code"`

	CodeBlind string      `bun:"code_blind,pk"`
	Talk      desk.TalkID `bun:"talk"`
	Until     int64       `bun:"until"`
	UsedAt    int64       `bun:"used_at"`
}

// OfferJoin implements [desk.Joins].
func (l *Ledger) OfferJoin(ctx context.Context, ref desk.Ref, offer flows.JoinReady, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		if _, err := tx.NewDelete().Model((*joinRow)(nil)).Where("talk = ? AND used_at = 0", ref.Talk).Exec(ctx); err != nil {
			return fmt.Errorf("ledger: codes of %s: %w", ref.Talk, err)
		}
		row := joinRow{CodeBlind: l.joinBlind(offer.Code), Talk: ref.Talk, Until: millis(offer.Until)}
		if fresh, err := once(ctx, tx, &row); err != nil || !fresh {
			return errors.Join(err, fmt.Errorf("ledger: code of %s: %w", ref.Talk, errTaken))
		}
		return l.answer(ctx, tx, ref, offer, at)
	})
}

func (l *Ledger) joinBlind(code flows.Secret) string { return l.blind("join", bareCode(code)) }

// What a code that joins nothing is answered with, besides [flows.JoinUnknown].
const (
	joinHere  = "这就是您正在办理的地方，直接继续就可以。"
	joinTaken = "那边的办理在这个渠道已经有人接上了，不能再接。不是您本人的，请回复“人工”。"
	joinOften = "试的次数太多了，请一小时后再试，或回复“人工”。"
	joinOwn   = "这里已经注册了账号，不能再接到别的办理上。需要合并，请回复“人工”。"
)

// FindJoin implements [desk.Joins].
func (l *Ledger) FindJoin(ctx context.Context, ref desk.Ref, code flows.Secret, at time.Time) error {
	return l.byCode(ctx, ref, code, at, func(ctx context.Context, tx txn, row joinRow) error {
		form, err := l.saved(ctx, tx, row.Talk)
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, flows.JoinFound{Code: code, Whose: flows.Whose(form)}, at)
	})
}

// Join implements [desk.Joins].
func (l *Ledger) Join(ctx context.Context, ref desk.Ref, code flows.Secret, at time.Time) error {
	return l.byCode(ctx, ref, code, at, func(ctx context.Context, tx txn, row joinRow) error {
		return l.join(ctx, tx, ref, row, at)
	})
}

// byCode does something with a code that joins ref's talk, or reports why it
// joins nothing.
func (l *Ledger) byCode(ctx context.Context, ref desk.Ref, code flows.Secret, at time.Time, do func(context.Context, txn, joinRow) error) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		row := joinRow{CodeBlind: l.joinBlind(code)}
		err := found(tx.NewSelect().Model(&row).WherePK().Scan(ctx), "join code")
		if err != nil && !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		why, err := l.whyNotJoin(ctx, tx, ref.Talk, row, at)
		if err != nil {
			return err
		}
		if why != "" {
			return l.answer(ctx, tx, ref, flows.JoinRefused{Why: why}, at)
		}
		return do(ctx, tx, row)
	})
}

// joinsAnHour are enough for slips of the finger, and no way to find a code.
const joinsAnHour = 5

func (l *Ledger) joinsOften(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (bool, error) {
	n, err := tx.NewSelect().Model((*effectRow)(nil)).
		Where("talk = ? AND verb = ? AND at > ?", talk, flows.VerbFindJoin, millis(at.Add(-l.hurried(time.Hour)))).Count(ctx)
	if err != nil {
		return false, fmt.Errorf("ledger: joins of %s: %w", talk, err)
	}
	return n > joinsAnHour, nil
}

// whyNotJoin says why a code does not join a talk; a row without a talk is of no
// code. One channel has one identity in a case: another one there would be
// somebody else.
func (l *Ledger) whyNotJoin(ctx context.Context, tx txn, from desk.TalkID, row joinRow, at time.Time) (string, error) {
	often, err := l.joinsOften(ctx, tx, from, at)
	switch {
	case err != nil || often:
		return joinOften, err
	case row.Talk == from:
		return joinHere, nil
	case row.Talk == "", row.UsedAt != 0, !at.Before(moment(row.Until)):
		return flows.JoinUnknown, nil
	}
	own, err := tx.NewSelect().Model((*accountRow)(nil)).Where("talk = ?", from).Exists(ctx)
	if err != nil || own {
		return joinOwn, err
	}
	left, err := tx.NewSelect().Model((*talkRow)(nil)).Where("id = ? AND moved_to <> ''", row.Talk).Exists(ctx)
	if err != nil || left {
		return flows.JoinUnknown, err // whoever gave the code has gone on with another case
	}
	taken, err := tx.NewSelect().Model((*identityRow)(nil)).
		Where("talk = ? AND channel IN (SELECT channel FROM identity WHERE talk = ?)", row.Talk, from).Exists(ctx)
	if err != nil || taken {
		return joinTaken, err
	}
	return "", nil
}

func (l *Ledger) join(ctx context.Context, tx txn, ref desk.Ref, row joinRow, at time.Time) error {
	var who []identityRow
	if err := tx.NewSelect().Model(&who).Where("talk = ?", ref.Talk).Scan(ctx); err != nil {
		return fmt.Errorf("ledger: identities of %s: %w", ref.Talk, err)
	}
	_, moved := tx.NewUpdate().Model((*identityRow)(nil)).Set("talk = ?", row.Talk).Where("talk = ?", ref.Talk).Exec(ctx)
	_, left := tx.NewUpdate().Model((*talkRow)(nil)).Set("moved_to = ?", row.Talk).Where("id = ?", ref.Talk).Exec(ctx)
	_, own := tx.NewDelete().Model((*joinRow)(nil)).Where("talk = ? AND used_at = 0", ref.Talk).Exec(ctx)
	_, used := tx.NewUpdate().Model((*joinRow)(nil)).Set("used_at = ?", max(millis(at), 1)).Where("code_blind = ?", row.CodeBlind).Exec(ctx)
	errs := []error{moved, left, own, used, l.answer(ctx, tx, ref, flows.Joined{}, at)}
	for _, identity := range who {
		errs = append(errs,
			l.report(ctx, tx, "joined/"+ref.String()+"/"+string(identity.Channel), row.Talk, flows.JoinedBy{Channel: identity.Channel}, at),
			l.audit(ctx, tx, audited{Did: "joined by " + string(identity.Channel), Talk: row.Talk, About: string(ref.Talk), At: at}),
		)
	}
	return errors.Join(errs...)
}
