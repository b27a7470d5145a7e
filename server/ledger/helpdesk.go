package ledger

// The agents' queue: who waits for a person, and whom a person holds.

import (
	"context"
	"fmt"
	"strings"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Why the ledger itself calls an agent. The conversation has its own reasons.
const (
	WhyStuck = "stuck" // something we owe the applicant is not getting done
	WhyMoney = "money" // money came in that we cannot place
)

// CallAgent implements [desk.Helpdesk].
func (l *Ledger) CallAgent(ctx context.Context, ref desk.Ref, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		if err := l.call(ctx, tx, ref.Talk, why, at); err != nil {
			return err
		}
		before, err := l.waitingBefore(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, flows.AgentCalled{Before: before}, at)
	})
}

// also stands between the reasons of one call.
const also = "\n"

// call puts a talk into the queue. When it is there already, the reason is added
// to those that an agent reads.
func (l *Ledger) call(ctx context.Context, tx txn, talk desk.TalkID, why string, at time.Time) error {
	fresh, err := once(ctx, tx, &helpRow{ID: randomName(), Talk: talk, Why: why, Since: millis(at)})
	if err != nil || fresh {
		return err
	}
	_, err = tx.NewUpdate().Model((*helpRow)(nil)).Set("why = why || ?", also+why).
		Where("talk = ? AND answered_at = 0", talk).
		Where("? || why || ? NOT LIKE ?", also, also, "%"+also+why+also+"%").Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: call to %s: %w", talk, err)
	}
	return nil
}

// waitingBefore counts who called before and has nobody to speak to yet.
func (l *Ledger) waitingBefore(ctx context.Context, tx txn, talk desk.TalkID) (int, error) {
	n, err := tx.NewSelect().Model((*helpRow)(nil)).Where("answered_at = 0 AND talk <> ?", talk).
		Where("since <= (SELECT since FROM help WHERE talk = ? AND answered_at = 0)", talk).
		Where("talk NOT IN (SELECT id FROM talk WHERE owner_kind = ?)", flows.OwnerAgent).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("ledger: waiting before %s: %w", talk, err)
	}
	return int(n), nil
}

// Answered implements [desk.Helpdesk].
func (l *Ledger) Answered(ctx context.Context, talk desk.TalkID, at time.Time) error {
	_, err := l.db.NewUpdate().Model((*helpRow)(nil)).Set("answered_at = ?", millis(at)).
		Where("talk = ? AND answered_at = 0", talk).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: answered %s: %w", talk, err)
	}
	return nil
}

const shownAtOnce = 200 // talks on the agents' desk

// waitingRow is a talk with its open call, if it has one.
type waitingRow struct {
	ID         desk.TalkID     `bun:"id"`
	OwnerKind  flows.OwnerKind `bun:"owner_kind"`
	OwnerAgent string          `bun:"owner_agent"`
	OwnerName  string          `bun:"owner_name"`
	OwnerEpoch int64           `bun:"owner_epoch"`
	Why        string          `bun:"why"`
	Since      int64           `bun:"since"`
}

// Waiting implements [desk.Helpdesk]. It returns 200: those who are
// cheated or in distress first, then those who wait longest.
func (l *Ledger) Waiting(ctx context.Context) ([]desk.Help, error) {
	var rows []waitingRow
	err := l.read.NewSelect().TableExpr("talk").
		ColumnExpr("talk.id, owner_kind, owner_agent, owner_name, owner_epoch").
		ColumnExpr("COALESCE(help.why, '') AS why, COALESCE(help.since, talk.owned_at) AS since").
		Join("LEFT JOIN help ON help.talk = talk.id AND help.answered_at = 0").
		Where("help.id IS NOT NULL OR owner_kind <> ''").
		OrderExpr("CASE WHEN help.why LIKE ? OR help.why LIKE ? THEN 0 ELSE 1 END, since, talk.id", "%"+flows.WhyFraud+"%", "%"+flows.WhyDistress+"%").Limit(shownAtOnce).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("ledger: waiting: %w", err)
	}
	all := make([]desk.Help, len(rows))
	for i, row := range rows {
		form, err := l.saved(ctx, l.read, row.ID)
		if err != nil {
			return nil, err
		}
		all[i] = desk.Help{
			Talk: row.ID, Why: whys(row.Why), Since: moment(row.Since), Name: nameOf(form),
			Owner: flows.Owner{Kind: row.OwnerKind, Agent: row.OwnerAgent, Name: row.OwnerName, Epoch: row.OwnerEpoch},
		}
	}
	return all, nil
}

func whys(why string) []string {
	if why == "" {
		return nil
	}
	return strings.Split(why, also)
}

func nameOf(form flows.Form) flows.Secret {
	if form.Has(flows.KeyOrgName) && form.Text(flows.KeyKind) != flows.KindPerson {
		return form[flows.KeyOrgName]
	}
	return form[flows.KeyName]
}
