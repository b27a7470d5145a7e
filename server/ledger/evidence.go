package ledger

// Evidence: what the law wants kept of how somebody was proved, as a list that
// an auditor can read and nobody can be found by: times, results, numbers of
// partners, versions and hashes of what was agreed to. No name and no number of
// a person is in it but by its ends.

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Record is one thing that happened.
type Record struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`             // "consent", "attempt", "check", "proof", "review", "order", "payment", "certificate", "audit"
	Number string    `json:"number,omitempty"` // ours, or of a document
	State  string    `json:"state,omitempty"`  // of an attempt, a Status of package flows
	By     string    `json:"by,omitempty"`     // a partner, a member of staff, a channel
	Detail string    `json:"detail,omitempty"` // a partner's number, a hash, an amount, a masked name
}

// Evidence lists what is kept of an order, or of a talk, oldest first:
// [desk.ErrUnknown] when there is none of that number. Who asked is noted.
func (l *Ledger) Evidence(ctx context.Context, number, by string, at time.Time) ([]Record, error) {
	talk, err := l.talkOf(ctx, number)
	if err != nil {
		return nil, err
	}
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		return l.audit(ctx, tx, audited{Actor: by, Did: "took the evidence", Talk: talk, About: number, At: at})
	})
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, part := range []func(context.Context, desk.TalkID) ([]Record, error){
		l.consentRecords, l.attemptRecords(at), l.checkRecords, l.proofRecords, l.reviewRecords, l.orderRecords, l.certificateRecords, l.auditRecords,
	} {
		records, err := part(ctx, talk)
		if err != nil {
			return nil, fmt.Errorf("ledger: evidence of %s: %w", talk, err)
		}
		all = append(all, records...)
	}
	slices.SortStableFunc(all, func(a, b Record) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.What, b.What)) })
	return all, nil
}

// talkOf is whose an order is, or the talk itself.
func (l *Ledger) talkOf(ctx context.Context, number string) (desk.TalkID, error) {
	order := orderRow{No: number}
	err := found(l.read.NewSelect().Model(&order).WherePK().Scan(ctx), "order "+number)
	if !errors.Is(err, desk.ErrUnknown) {
		return order.Talk, err
	}
	talk := talkRow{ID: desk.TalkID(number)}
	return talk.ID, found(l.read.NewSelect().Model(&talk).WherePK().Scan(ctx), "talk "+number)
}

// rowsOf reads the rows of a talk, or of what hangs on it.
func rowsOf[T any](ctx context.Context, db bun.IDB, where string, args ...any) (rows []T, err error) {
	return rows, db.NewSelect().Model(&rows).Where(where, args...).Scan(ctx)
}

func (l *Ledger) consentRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[consentRow](ctx, l.read, "talk = ?", talk)
	var all []Record
	for _, row := range rows {
		r := Record{At: moment(row.At), What: "consent", Number: row.Document + " " + row.Version, State: "given", By: string(row.Via), Detail: "sha256 " + row.SHA256}
		all = append(all, r)
		if row.WithdrawnAt != 0 {
			r.At, r.State = moment(row.WithdrawnAt), "withdrawn"
			all = append(all, r)
		}
	}
	return all, err
}

// attemptRecords are all tries, also those in vain.
func (l *Ledger) attemptRecords(at time.Time) func(context.Context, desk.TalkID) ([]Record, error) {
	return func(ctx context.Context, talk desk.TalkID) ([]Record, error) {
		tried, err := l.Attempts(ctx, talk, at)
		var all []Record
		for _, a := range tried {
			r := Record{At: a.At, What: "attempt", Number: a.Number, State: string(a.Status), By: string(a.Way)}
			if a.Wrong > 0 {
				r.Detail = fmt.Sprint(a.Wrong, " wrong")
			}
			all = append(all, r)
		}
		return all, err
	}
}

func (l *Ledger) checkRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[checkRow](ctx, l.read, "talk = ?", talk)
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, row := range rows {
		check, err := l.checkOf(row)
		if err != nil {
			return nil, err
		}
		r := Record{At: moment(row.At), What: "check", Number: row.Number, State: row.State}
		r.By, _, _ = strings.Cut(row.Provider, " ") // the rest is an address
		if row.State == checkPassed {
			r.Detail = flows.MaskName(check.Person.Name.Reveal()) + " " + flows.MaskID(check.Person.IDNumber.Reveal())
		}
		all = append(all, r)
	}
	return all, nil
}

func (l *Ledger) proofRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[proofRow](ctx, l.read, "talk = ?", talk)
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, row := range rows {
		org, err := l.companyOf(row)
		if err != nil {
			return nil, err
		}
		all = append(all, Record{At: moment(row.At), What: "proof", Number: row.Number, State: string(row.State), Detail: flows.MaskName(org.Name.Reveal()) + " " + org.CreditCode.Reveal()})
	}
	return all, nil
}

func (l *Ledger) reviewRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[reviewRow](ctx, l.read, "talk = ?", talk)
	var all []Record
	for _, row := range rows {
		all = append(all, Record{At: moment(row.At), What: "review", Number: row.Number, State: "asked", Detail: string(row.Party)})
		if row.FirstBy != "" {
			all = append(all, Record{At: moment(row.FirstAt), What: "review", Number: row.Number, State: string(ReviewSeconded), By: row.FirstBy})
		}
		if row.DecidedBy != "" {
			all = append(all, Record{At: moment(row.DecidedAt), What: "review", Number: row.Number, State: string(row.State), By: row.DecidedBy})
		}
	}
	return all, err
}

func (l *Ledger) orderRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[orderRow](ctx, l.read, "talk = ?", talk)
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, row := range rows {
		all = append(all, Record{At: moment(row.At), What: "order", Number: row.No, State: string(row.State), Detail: row.Total.String() + " CNY"})
		payments, err := rowsOf[paymentRow](ctx, l.read, "order_no = ?", row.No)
		if err != nil {
			return nil, err
		}
		for _, p := range payments {
			all = append(all, Record{At: moment(p.At), What: "payment", Number: p.Number, State: string(p.State), By: p.Trade, Detail: p.Amount.String() + " CNY"})
		}
	}
	return all, nil
}

func (l *Ledger) certificateRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[certificateRow](ctx, l.read, "talk = ? AND finished_at > 0", talk)
	if err != nil {
		return nil, err
	}
	var all []Record
	for _, row := range rows {
		var issued flows.Issued
		if err := l.unseal("issued/"+row.OrderNo, row.Issued, &issued); err != nil {
			return nil, err
		}
		all = append(all, Record{
			At: moment(row.FinishedAt), What: "certificate", Number: row.OrderNo, State: "activated",
			Detail: fmt.Sprintf("UKey %s, sha256 %x and %x", row.Serial, sha256.Sum256(issued.SignCert), sha256.Sum256(issued.EncCert)),
		})
	}
	return all, nil
}

func (l *Ledger) auditRecords(ctx context.Context, talk desk.TalkID) ([]Record, error) {
	rows, err := rowsOf[auditRow](ctx, l.read, "talk = ?", talk)
	var all []Record
	for _, row := range rows {
		all = append(all, Record{At: moment(row.At), What: "audit", Number: row.About, State: row.Did, By: cmp.Or(row.Actor, "applicant")})
	}
	return all, err
}
