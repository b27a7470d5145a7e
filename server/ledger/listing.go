package ledger

// Lines of the statement as staff see them: some at a time, and found by what
// stands on the bank's own paper.

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Line is a line of the statement as staff see it.
type Line struct {
	Credit     flows.Credit
	State      string      // "ambiguous", "unmatched", "wrong", "matched"
	Talk       desk.TalkID // whose it is
	Org        flows.Secret
	Candidates []Candidate // whose it may be
	Alike      []string    // lines that may be the same
	Decisions  []Decision  // oldest first
}

// Candidate is a proof that a line may be matched with.
type Candidate struct {
	Proof   string
	Talk    desk.TalkID
	Org     flows.Secret
	Account string // to which the money was asked for
}

// Decision is what a member of staff decided about a line.
type Decision struct {
	At      time.Time
	By      string
	Matched bool
	Why     string
}

// Pile is one of the three in which lines lie before staff.
type Pile string

// What needs a person, what is nobody's or did not count, and what proves a
// company.
const (
	PileOpen    Pile = "open"
	PileNobodys Pile = "nobodys"
	PileMatched Pile = "matched"
)

var piles = map[Pile][]lineState{
	PileOpen: {lineAmbiguous}, PileNobodys: {lineUnmatched, lineWrong}, PileMatched: {lineMatched},
}

// Sought says which lines of a pile are listed.
type Sought struct {
	Pile  Pile
	Text  string // part of a reference, name or account, or an amount, or a day: 2026-11-28; empty for all
	After string // the mark at which the last list ended
	Most  int
}

// linesRead bounds how many lines one search looks at: names are sealed, so that
// no index finds them.
const linesRead = 2000

// Lines lists lines, newest first. When there are more, it returns the mark at
// which to go on; of a search there can be a mark and few lines, or none.
func (l *Ledger) Lines(ctx context.Context, s Sought, at time.Time) (lines []Line, mark string, err error) {
	waiting, err := l.proofsWaiting(ctx, l.read, at)
	if err != nil {
		return nil, "", err
	}
	most := int64(s.Most) + 1
	if s.Text != "" {
		most = linesRead + 1
	}
	rows, err := l.linesOf(ctx, s, most)
	if err != nil {
		return nil, "", err
	}
	for i, row := range rows {
		if len(lines) == s.Most || int64(i) == most-1 {
			return lines, rows[i-1].mark(), nil
		}
		found, err := l.answers(ctx, row, s.Text)
		if err != nil {
			return nil, "", err
		}
		if !found {
			continue
		}
		line, err := l.listed(ctx, row, waiting)
		if err != nil {
			return nil, "", err
		}
		lines = append(lines, line)
	}
	return lines, "", nil
}

// mark names the place of a line in the list.
func (row bankLineRow) mark() string { return strconv.FormatInt(row.At, 10) + "/" + row.Ref }

func (l *Ledger) linesOf(ctx context.Context, s Sought, most int64) (rows []bankLineRow, err error) {
	query := l.read.NewSelect().Model(&rows).Where("state IN (?)", bun.List(piles[s.Pile])).Order("at DESC", "ref").Limit(most)
	if when, ref, ok := strings.Cut(s.After, "/"); ok {
		at, err := strconv.ParseInt(when, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("ledger: lines: %w", desk.ErrUnknown)
		}
		query = query.Where("at < ? OR at = ? AND ref > ?", at, at, ref)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("ledger: lines: %w", err)
	}
	return rows, nil
}

// answers reports whether a line is what somebody looks for.
func (l *Ledger) answers(ctx context.Context, row bankLineRow, text string) (bool, error) {
	if text == "" {
		return true, nil
	}
	var c flows.Credit
	if err := l.unseal(bankPlace(row.Ref), row.Sealed, &c); err != nil {
		return false, err
	}
	if text == c.Amount.String() || text == c.At.In(flows.Beijing).Format(time.DateOnly) {
		return true, nil
	}
	for _, part := range []string{c.Ref, c.Payer.Reveal(), c.PayerAccount.Reveal(), c.To} {
		if strings.Contains(part, text) {
			return true, nil
		}
	}
	if row.Proof == "" {
		return false, nil
	}
	_, org, err := l.provedBy(ctx, row)
	return strings.Contains(org.Name.Reveal(), text), err
}

// provedBy is the proof that a line is for, and the organisation.
func (l *Ledger) provedBy(ctx context.Context, row bankLineRow) (proofRow, flows.Organisation, error) {
	proof := proofRow{Number: row.Proof}
	if err := found(l.read.NewSelect().Model(&proof).WherePK().Scan(ctx), "proof "+row.Proof); err != nil {
		return proof, flows.Organisation{}, err
	}
	org, err := l.companyOf(proof)
	return proof, org, err
}

func (l *Ledger) listed(ctx context.Context, row bankLineRow, waiting []waitingProof) (line Line, err error) {
	line.State = string(row.State)
	if err := l.unseal(bankPlace(row.Ref), row.Sealed, &line.Credit); err != nil {
		return line, err
	}
	if row.Proof != "" {
		proof, org, err := l.provedBy(ctx, row)
		if err != nil {
			return line, err
		}
		line.Talk, line.Org = proof.Talk, org.Name
	}
	if row.State != lineMatched {
		for _, w := range waiting {
			if line.Credit.Fits(w.Awaited) {
				line.Candidates = append(line.Candidates, Candidate{w.proof.Number, w.proof.Talk, w.Org, w.proof.Account})
			}
		}
	}
	if row.State == lineAmbiguous && row.Likeness != "" {
		if line.Alike, err = likes(ctx, l.read, row); err != nil {
			return line, err
		}
	}
	line.Decisions, err = l.decisions(ctx, row.Ref)
	return line, err
}

func (l *Ledger) decisions(ctx context.Context, ref string) ([]Decision, error) {
	var rows []auditRow
	err := l.read.NewSelect().Model(&rows).Where("about = ? AND did IN (?, ?)", bankPlace(ref), didMatch, didUnmatch).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: decisions about line %s: %w", ref, err)
	}
	all := make([]Decision, len(rows))
	for i, row := range rows {
		all[i] = Decision{At: moment(row.At), By: row.Actor, Matched: row.Did == didMatch}
		if err := l.unseal("audit/"+row.ID, row.Sealed, &all[i].Why); err != nil {
			return nil, err
		}
	}
	return all, nil
}
