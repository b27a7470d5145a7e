package ledger

// Attempts: whatever was tried to prove an applicant, each way with tables and
// states of its own, told in the one vocabulary of [flows.Status].

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Attempts lists what was tried to prove a talk's person and company, oldest
// first. At is now: whose time has run out has expired, though nobody has
// noted it yet.
func (l *Ledger) Attempts(ctx context.Context, talk desk.TalkID, at time.Time) ([]flows.Attempt, error) {
	var all []flows.Attempt
	for _, tried := range []func(context.Context, desk.TalkID) ([]flows.Attempt, error){
		l.checksTried, l.reviewsTried, l.proofsTried, l.payoutsTried, l.grantsTried,
	} {
		some, err := tried(ctx, talk)
		if err != nil {
			return nil, fmt.Errorf("ledger: attempts of %s: %w", talk, err)
		}
		all = append(all, some...)
	}
	for i, a := range all {
		if (a.Status == flows.AwaitingUser || a.Status == flows.InProgress) && !a.Until.IsZero() && !at.Before(a.Until) {
			all[i].Status = flows.Expired
		}
	}
	slices.SortStableFunc(all, func(a, b flows.Attempt) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Number, b.Number)) })
	return all, nil
}

func (l *Ledger) checksTried(ctx context.Context, talk desk.TalkID) ([]flows.Attempt, error) {
	rows, err := rowsOf[checkRow](ctx, l.read, "talk = ?", talk)
	var all []flows.Attempt
	for _, row := range rows {
		status := map[string]flows.Status{
			checkOpen: flows.AwaitingUser, checkPassed: flows.Approved, checkRefused: flows.Declined,
			checkExpired: flows.Expired, checkClosed: flows.Abandoned, checkLapsed: flows.Lapsed,
		}[row.State]
		if row.State == checkOpen && row.Provider == "" {
			status = flows.InProgress
		}
		all = append(all, flows.Attempt{Way: row.Way, Number: row.Number, Status: status, At: moment(row.At), Until: moment(row.Until)})
	}
	return all, err
}

// reviewsTried leaves out those that have proved a person: they are checks.
func (l *Ledger) reviewsTried(ctx context.Context, talk desk.TalkID) ([]flows.Attempt, error) {
	rows, err := rowsOf[reviewRow](ctx, l.read, "talk = ? AND NOT (party = ? AND state = ?)", talk, flows.PartyPerson, ReviewPassed)
	if err != nil {
		return nil, err
	}
	var all []flows.Attempt
	for _, row := range rows {
		way := flows.WayPapers
		if row.Party == flows.PartyCompany {
			way = flows.WayReview
		}
		all = append(all, flows.Attempt{Way: way, Number: row.Number, At: moment(row.At), Status: map[ReviewState]flows.Status{
			ReviewAsked: flows.InReview, ReviewSeconded: flows.InReview, ReviewPassed: flows.Approved,
			ReviewRefused: flows.ToResubmit, ReviewClosed: flows.Abandoned,
		}[row.State]})
	}
	return all, l.stand(ctx, all)
}

// proofsTried are the company's own transfers, and what the register said at
// once: its proofs are not noted anywhere else.
func (l *Ledger) proofsTried(ctx context.Context, talk desk.TalkID) ([]flows.Attempt, error) {
	rows, err := rowsOf[proofRow](ctx, l.read, "talk = ?", talk)
	var all []flows.Attempt
	for _, row := range rows {
		way, ok := map[string]flows.Way{proofOfTransfer: flows.WayTransfer, proofOfRegister: flows.WayRegister}[row.Number[:1]]
		if !ok {
			continue
		}
		a := flows.Attempt{Way: way, Number: row.Number, Wrong: row.Wrong, At: moment(row.At), Status: row.State.status()}
		if way == flows.WayTransfer {
			a.Until = moment(row.Until)
		}
		all = append(all, a)
	}
	return all, err
}

func (s proofState) status() flows.Status {
	return map[proofState]flows.Status{
		proofOpen: flows.AwaitingUser, proofSeen: flows.Approved, proofExpired: flows.Expired,
		proofClosed: flows.Abandoned, proofLapsed: flows.Lapsed, proofRevoked: flows.Revoked,
	}[s]
}

func (l *Ledger) payoutsTried(ctx context.Context, talk desk.TalkID) ([]flows.Attempt, error) {
	rows, err := rowsOf[payoutRow](ctx, l.read, "talk = ?", talk)
	if err != nil {
		return nil, err
	}
	var all []flows.Attempt
	for _, row := range rows {
		status := map[payoutState]flows.Status{
			payoutOpen: flows.InProgress, payoutSent: flows.InProgress, payoutArrived: flows.AwaitingUser,
			payoutReturned: flows.Declined, payoutSpent: flows.Declined, payoutClosed: flows.Abandoned,
		}[row.State]
		all = append(all, flows.Attempt{Way: flows.WayPayout, Number: row.Number, Status: status, Wrong: row.Wrong, At: moment(row.At), Until: moment(row.Until)})
	}
	return all, l.stand(ctx, all)
}

func (l *Ledger) grantsTried(ctx context.Context, talk desk.TalkID) ([]flows.Attempt, error) {
	rows, err := rowsOf[grantRow](ctx, l.read, "talk = ?", talk)
	if err != nil {
		return nil, err
	}
	var all []flows.Attempt
	for _, row := range rows {
		status := map[grantState]flows.Status{
			grantOpen: flows.AwaitingUser, grantSpent: flows.Declined, grantClosed: flows.Abandoned,
		}[row.State]
		all = append(all, flows.Attempt{Way: flows.WayAlipay, Number: row.Number, Status: status, Wrong: row.Wrong, At: moment(row.At), Until: moment(row.Until)})
	}
	return all, l.stand(ctx, all)
}

// stand asks of attempts that have proved a company how their proofs stand now:
// one may have lapsed or been revoked.
func (l *Ledger) stand(ctx context.Context, all []flows.Attempt) error {
	for i, a := range all {
		proof := proofRow{Number: a.Number}
		err := found(l.read.NewSelect().Model(&proof).WherePK().Scan(ctx), "proof "+a.Number)
		if err == nil && proof.State == proofSeen && a.Status == flows.Declined {
			all[i].Status = flows.Disputed // the money came back when there was a certificate
		} else if err == nil {
			all[i].Status = proof.State.status()
		} else if !errors.Is(err, desk.ErrUnknown) {
			return err
		}
	}
	return nil
}
