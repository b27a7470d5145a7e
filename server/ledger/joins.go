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

// OfferJoin implements [desk.Joins]. The newest code of a talk is the only one.
func (l *Ledger) OfferJoin(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		if _, err := tx.NewDelete().Model((*joinRow)(nil)).Where("talk = ? AND used_at = 0", ref.Talk).Exec(ctx); err != nil {
			return fmt.Errorf("ledger: codes of %s: %w", ref.Talk, err)
		}
		code, err := ticketCode()
		if err != nil {
			return err
		}
		until := at.Add(l.hurried(flows.JoinWithin))
		row := joinRow{CodeBlind: l.joinBlind(code), Talk: ref.Talk, Until: millis(until)}
		if fresh, err := once(ctx, tx, &row); err != nil || !fresh {
			return errors.Join(err, fmt.Errorf("ledger: code of %s: %w", ref.Talk, errTaken))
		}
		return l.answer(ctx, tx, ref, flows.JoinReady{Code: code, Until: until}, at)
	})
}

func (l *Ledger) joinBlind(code flows.Secret) string { return l.blind("join", bareCode(code)) }

// What a code that joins nothing is answered with.
const (
	joinUnknown = "接续码不对或已过期，请在原来的地方重新获取。"
	joinHere    = "这就是您正在办理的地方，直接继续就可以。"
	joinTaken   = "那边的办理在这个渠道已经有人接上了，不能再接。不是您本人的，请回复“人工”。"
	joinOften   = "试的次数太多了，请一小时后再试，或回复“人工”。"
	joinOwn     = "这里已经注册了账号，不能再接到别的办理上。需要合并，请回复“人工”。"
)

// Join implements [desk.Joins].
func (l *Ledger) Join(ctx context.Context, ref desk.Ref, code flows.Secret, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		often, err := l.joinsOften(ctx, tx, ref.Talk, at)
		if err != nil {
			return err
		}
		if often {
			return l.answer(ctx, tx, ref, flows.JoinRefused{Why: joinOften}, at)
		}
		row := joinRow{CodeBlind: l.joinBlind(code)}
		err = found(tx.NewSelect().Model(&row).WherePK().Scan(ctx), "join code")
		if errors.Is(err, desk.ErrUnknown) {
			return l.answer(ctx, tx, ref, flows.JoinRefused{Why: joinUnknown}, at)
		}
		if err != nil {
			return err
		}
		why, err := l.whyNotJoin(ctx, tx, ref.Talk, row, at)
		if err != nil {
			return err
		}
		if why != "" {
			return l.answer(ctx, tx, ref, flows.JoinRefused{Why: why}, at)
		}
		return l.join(ctx, tx, ref, row, at)
	})
}

// joinsAnHour are enough for slips of the finger, and no way to find a code.
const joinsAnHour = 5

func (l *Ledger) joinsOften(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (bool, error) {
	n, err := tx.NewSelect().Model((*effectRow)(nil)).
		Where("talk = ? AND verb = ? AND at > ?", talk, flows.VerbJoin, millis(at.Add(-l.hurried(time.Hour)))).Count(ctx)
	if err != nil {
		return false, fmt.Errorf("ledger: joins of %s: %w", talk, err)
	}
	return n > joinsAnHour, nil
}

// whyNotJoin says why a code does not join a talk. One channel has one identity
// in a case: another one there would be somebody else.
func (l *Ledger) whyNotJoin(ctx context.Context, tx txn, from desk.TalkID, row joinRow, at time.Time) (string, error) {
	switch {
	case row.UsedAt != 0, !at.Before(moment(row.Until)):
		return joinUnknown, nil
	case row.Talk == from:
		return joinHere, nil
	}
	own, err := tx.NewSelect().Model((*accountRow)(nil)).Where("talk = ?", from).Exists(ctx)
	if err != nil || own {
		return joinOwn, err
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
	_, used := tx.NewUpdate().Model((*joinRow)(nil)).Set("used_at = ?", max(millis(at), 1)).Where("code_blind = ?", row.CodeBlind).Exec(ctx)
	errs := []error{moved, left, used, l.answer(ctx, tx, ref, flows.Joined{}, at)}
	for _, identity := range who {
		errs = append(errs,
			l.report(ctx, tx, "joined/"+ref.String()+"/"+string(identity.Channel), row.Talk, flows.JoinedBy{Channel: identity.Channel}, at),
			l.audit(ctx, tx, audited{Did: "joined by " + string(identity.Channel), Talk: row.Talk, About: string(ref.Talk), At: at}),
		)
	}
	return errors.Join(errs...)
}
