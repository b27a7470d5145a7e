package ledger

// Lines of the bank's statement: each is taken once, by whatever door it comes,
// and says by its account whose money it is. When the account does not say it,
// a person does.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
)

type bankLineRow struct {
	bun.BaseModel `bun:"table:bank_line"`

	Ref      string    `bun:"ref,pk"`
	Sealed   string    `bun:"sealed"`
	Amount   flows.Fen `bun:"amount"`
	At       int64     `bun:"at"`
	State    lineState `bun:"state"`
	Proof    string    `bun:"proof"`
	Document string    `bun:"document"`
	Likeness string    `bun:"likeness"`
}

type lineState string

const (
	lineMatched   lineState = "matched"
	lineWrong     lineState = "wrong"     // told to the applicant as money that does not count
	lineAmbiguous lineState = "ambiguous" // a person has to say whose it is
	lineUnmatched lineState = "unmatched"

	// What else a line can turn out to be; it is not entered then.
	lineKnown        lineState = "known"
	lineContradicted lineState = "contradicted" // other money is known under its reference
)

func bankPlace(ref string) string { return "bank/" + ref }

// Statement is a file of the bank that somebody brought.
type Statement struct {
	Digest  string // of the file
	Credits []flows.Credit
	By      string // who brought it
}

// Tally counts what became of the lines of a file.
type Tally struct {
	Matched      int // they prove a company
	Wrong        int // they are for a company, and do not count
	Ambiguous    int // a person has to say whose they are
	Unmatched    int // nobody waits for them
	Known        int // they were known already
	Contradicted int // the bank has shown other money under their reference
}

func (t *Tally) add(state lineState) {
	switch state {
	case lineMatched:
		t.Matched++
	case lineWrong:
		t.Wrong++
	case lineAmbiguous:
		t.Ambiguous++
	case lineUnmatched:
		t.Unmatched++
	case lineKnown:
		t.Known++
	case lineContradicted:
		t.Contradicted++
	}
}

const linesAtOnce = 200 // in one transaction, so that a long file holds up nobody

// EnterStatement enters the lines of a file, each once, as [Ledger.Credited]
// does, and says what became of them. When it fails, what it has entered stays
// entered: the same file may be entered again.
func (l *Ledger) EnterStatement(ctx context.Context, s Statement, at time.Time) (Tally, error) {
	shown := make(map[string]bool, len(s.Credits))
	for _, c := range s.Credits {
		shown[c.Ref] = true
	}
	var tally Tally
	for part := range slices.Chunk(s.Credits, linesAtOnce) {
		var states []lineState
		err := l.tx(ctx, func(ctx context.Context, tx txn) error {
			states = states[:0]
			in := intake{Ledger: l, tx: tx, document: s.Digest, shown: shown, at: at}
			for _, c := range part {
				state, err := in.enter(ctx, c)
				if err != nil {
					return err
				}
				states = append(states, state)
			}
			return nil
		})
		if err != nil {
			return tally, err
		}
		for _, state := range states {
			tally.add(state)
		}
	}
	return tally, l.tx(ctx, func(ctx context.Context, tx txn) error {
		return l.audit(ctx, tx, audited{
			Actor: s.By, Did: "imported a statement", About: "statement/" + s.Digest, Detail: fmt.Sprintf("%+v", tally), At: at,
		})
	})
}

// Credited implements [desk.Transfers].
func (l *Ledger) Credited(ctx context.Context, c flows.Credit, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		_, err := (&intake{Ledger: l, tx: tx, at: at}).enter(ctx, c)
		return err
	})
}

// intake enters lines of one document in one transaction.
type intake struct {
	*Ledger

	tx       txn
	document string          // digest; empty for the bank's own feed
	shown    map[string]bool // the references in the document
	at       time.Time
	waiting  []waitingProof // once it was needed
	asked    bool
}

func (in *intake) enter(ctx context.Context, c flows.Credit) (lineState, error) {
	line := bankLineRow{
		Ref: c.Ref, Amount: c.Amount, At: millis(c.At), State: lineUnmatched,
		Document: in.document, Likeness: in.blind("bank likeness", c.Likeness()),
	}
	var err error
	if line.Sealed, err = in.seal(bankPlace(c.Ref), c); err != nil {
		return "", err
	}
	fresh, err := once(ctx, in.tx, &line)
	if err != nil {
		return "", err
	}
	if !fresh {
		return in.known(ctx, line, c)
	}
	if line.State, line.Proof, err = in.place(ctx, line, c); err != nil {
		return "", err
	}
	if _, err := in.tx.NewUpdate().Model(&line).Column("state", "proof").WherePK().Exec(ctx); err != nil {
		return "", fmt.Errorf("ledger: line %s: %w", c.Ref, err)
	}
	return line.State, nil
}

// known makes sure that a line is the one that its reference stands for. If
// not, money would be passed over in silence.
func (in *intake) known(ctx context.Context, line bankLineRow, c flows.Credit) (lineState, error) {
	_, credit, err := in.line(ctx, in.tx, c.Ref)
	if err != nil || !c.Contradicts(credit) {
		return lineKnown, err
	}
	return lineContradicted, in.keep(ctx, in.tx, letter{
		ID: bankPlace(c.Ref) + "/" + line.Likeness, Kind: "bank", Why: "other money is known under this reference",
		Body: []flows.Credit{credit, c},
	}, in.at)
}

// place decides whose a new line is.
func (in *intake) place(ctx context.Context, line bankLineRow, c flows.Credit) (lineState, string, error) {
	alike, err := in.alike(ctx, line)
	if err != nil {
		return "", "", err
	}
	if alike != "" {
		return lineAmbiguous, "", in.keepLine(ctx, c, "perhaps the same as "+alike)
	}
	proof := proofRow{}
	err = in.tx.NewSelect().Model(&proof).Where("account = ?", c.To).Scan(ctx)
	if err == nil {
		state, err := in.weigh(ctx, in.tx, proof, c, in.at)
		return state, proof.Number, err
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", "", fmt.Errorf("ledger: proof of line %s: %w", c.Ref, err)
	}
	if !in.asked {
		if in.waiting, err = in.proofsWaiting(ctx, in.tx, in.at); err != nil {
			return "", "", err
		}
		in.asked = true
	}
	if slices.ContainsFunc(in.waiting, func(w waitingProof) bool { return c.Fits(w.Awaited) }) {
		return lineAmbiguous, "", in.keepLine(ctx, c, "unknown account, but a company waits for such money")
	}
	return lineUnmatched, "", in.keepLine(ctx, c, "unknown account")
}

func (in *intake) keepLine(ctx context.Context, c flows.Credit, why string) error {
	return in.keep(ctx, in.tx, letter{ID: bankPlace(c.Ref), Kind: "bank", Why: why, Body: c}, in.at)
}

// alike finds a line that another document showed under another reference,
// and that may be this one. A document that shows both means two.
func (in *intake) alike(ctx context.Context, line bankLineRow) (string, error) {
	refs, err := likes(ctx, in.tx, line)
	if err != nil {
		return "", err
	}
	for _, ref := range refs {
		if !in.shown[ref] {
			return ref, nil
		}
	}
	return "", nil
}

// likes are the references of the lines of other documents that are like a
// line.
func likes(ctx context.Context, db bun.IDB, line bankLineRow) (refs []string, err error) {
	err = db.NewSelect().Model((*bankLineRow)(nil)).Column("ref").
		Where("likeness = ? AND document <> ? AND ref <> ?", line.Likeness, line.Document, line.Ref).
		Order("at", "ref").Scan(ctx, &refs)
	if err != nil {
		return nil, fmt.Errorf("ledger: lines like %s: %w", line.Ref, err)
	}
	return refs, nil
}

// line reads a line with its content, or [desk.ErrUnknown].
func (l *Ledger) line(ctx context.Context, db bun.IDB, ref string) (bankLineRow, flows.Credit, error) {
	row := bankLineRow{Ref: ref}
	if err := found(db.NewSelect().Model(&row).WherePK().Scan(ctx), "line "+ref); err != nil {
		return row, flows.Credit{}, err
	}
	var c flows.Credit
	err := l.unseal(bankPlace(ref), row.Sealed, &c)
	return row, c, err
}

// waitingProof is a proof that money may still succeed for.
type waitingProof struct {
	flows.Awaited

	proof proofRow
}

const matchWithin = 30 * 24 * time.Hour // after a proof's end a late line may still be found to be its

// proofsWaiting lists the proofs of the talks that are not proved.
func (l *Ledger) proofsWaiting(ctx context.Context, db bun.IDB, at time.Time) ([]waitingProof, error) {
	var rows []proofRow
	err := db.NewSelect().Model(&rows).Where("state IN (?, ?) AND until > ?", proofOpen, proofExpired, millis(at.Add(-matchWithin))).
		Where("talk NOT IN (SELECT talk FROM proof WHERE state = ?)", proofSeen).Order("at", "number").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: proofs that wait: %w", err)
	}
	all := make([]waitingProof, len(rows))
	for i, row := range rows {
		if all[i], err = l.awaited(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (l *Ledger) awaited(row proofRow) (waitingProof, error) {
	org, err := l.companyOf(row)
	return waitingProof{flows.Awaited{Org: org.Name, Since: moment(row.At), Until: moment(row.Until)}, row}, err
}
