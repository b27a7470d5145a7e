package ledger

// Companies proved by their own 0.01 yuan (M58-M69): each proof has a
// receiving account of its own, so that a line of the statement says whose it
// is.

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

// proofRow proves one organisation: nobody else's certificate is made on it.
type proofRow struct {
	bun.BaseModel `bun:"table:proof"`

	Number  string      `bun:"number,pk"`
	Talk    desk.TalkID `bun:"talk"`
	Company string      `bun:"company"`
	Payee   string      `bun:"payee"`
	Account string      `bun:"account"`
	Bank    string      `bun:"bank"`
	State   proofState  `bun:"state"`
	Wrong   int         `bun:"wrong"`
	At      int64       `bun:"at"`
	Until   int64       `bun:"until"`
}

type proofState string

// An expired proof missed its time; a closed one was given up, or another one
// succeeded. A lapsed one succeeded too long ago, and a revoked one wrongly.
const (
	proofOpen    proofState = "open"
	proofSeen    proofState = "seen"
	proofExpired proofState = "expired"
	proofClosed  proofState = "closed"
	proofLapsed  proofState = "lapsed"
	proofRevoked proofState = "revoked"
)

// How the numbers of proofs begin that stand for themselves; any other proof has
// the number of what gave it.
const (
	proofOfTransfer = "T"
	proofOfRegister = "R"
)

const (
	transferWithin = 7 * 24 * time.Hour
	subAccount     = 6 // digits after our account
	wrongPatience  = 3 // lines that do not count before an agent is called
)

const whyTransfer = "transfer" // an organisation sends what does not count, again and again

// OpenTransfer implements [desk.Transfers].
func (l *Ledger) OpenTransfer(ctx context.Context, ref desk.Ref, base flows.Payee, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		seen, err := l.proofIn(ctx, tx, ref.Talk, proofSeen)
		if err == nil {
			return l.answerSeen(ctx, tx, ref, seen, at)
		}
		if !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		proof, err := l.openProof(ctx, tx, ref.Talk, base, at)
		if err != nil {
			return err
		}
		opened := flows.TransferOpened{
			To:    flows.Payee{Name: proof.Payee, Account: proof.Account, Bank: proof.Bank},
			Until: moment(proof.Until),
		}
		return errors.Join(
			l.learned(ctx, tx, ref.Talk, opened, at),
			l.answer(ctx, tx, ref, opened, at),
		)
	})
}

// openProof returns the open proof of the organisation that the pages name,
// or makes one. An older one, late or for another name or code, gives way to it.
func (l *Ledger) openProof(ctx context.Context, tx txn, talk desk.TalkID, base flows.Payee, at time.Time) (proofRow, error) {
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return proofRow{}, err
	}
	org := form.Organisation()
	if org.Name.IsZero() || org.CreditCode.IsZero() {
		return proofRow{}, fmt.Errorf("ledger: proof for %s: no organisation: %w", talk, desk.ErrWrong)
	}
	old, err := l.proofIn(ctx, tx, talk, proofOpen)
	if err == nil {
		before, err := l.companyOf(old)
		if err != nil {
			return proofRow{}, err
		}
		if before == org && at.Before(moment(old.Until)) {
			return old, nil
		}
		state := proofExpired
		if before != org {
			state = proofClosed
		}
		if err := l.endProof(ctx, tx, old, state); err != nil {
			return proofRow{}, err
		}
	} else if !errors.Is(err, desk.ErrUnknown) {
		return proofRow{}, err
	}
	return l.newProof(ctx, tx, talk, org, base, at)
}

func (l *Ledger) newProof(ctx context.Context, tx txn, talk desk.TalkID, org flows.Organisation, base flows.Payee, at time.Time) (proofRow, error) {
	number, err := numbered(proofOfTransfer, second, at, 10)
	if err != nil {
		return proofRow{}, err
	}
	sub, err := randomDigits(subAccount)
	if err != nil {
		return proofRow{}, err
	}
	row := proofRow{
		Number: number, Talk: talk, Payee: base.Name, Account: base.Account + sub, Bank: base.Bank,
		State: proofOpen, At: millis(at), Until: millis(at.Add(l.hurried(transferWithin))),
	}
	if row.Company, err = l.seal(companyPlace(row), org); err != nil {
		return proofRow{}, err
	}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: proof for %s: %w", talk, errTaken)
	}
	return row, err
}

// weigh decides what a line does for the proof whose account it came to. A
// line that the bank shows late counts when it was booked in time.
func (l *Ledger) weigh(ctx context.Context, tx txn, proof proofRow, c flows.Credit, at time.Time) (lineState, error) {
	org, err := l.companyOf(proof)
	if err != nil {
		return "", err
	}
	why := c.WhyNot(org.Name, moment(proof.Until))
	switch {
	case proof.State == proofSeen && why == "":
		return lineMatched, nil // the same good news twice
	case proof.State != proofOpen && proof.State != proofExpired:
		return lineUnmatched, l.keep(ctx, tx, letter{
			ID: bankPlace(c.Ref), Kind: "bank", Why: "the proof is " + string(proof.State), Talk: proof.Talk, Body: c,
		}, at)
	case why != "":
		return lineWrong, l.wrongTransfer(ctx, tx, proof, c, why, at)
	}
	return lineMatched, l.provedCompany(ctx, tx, proof, c, "bank", at)
}

func (l *Ledger) wrongTransfer(ctx context.Context, tx txn, proof proofRow, c flows.Credit, why string, at time.Time) error {
	_, err := tx.NewUpdate().Model(&proof).Set("wrong = wrong + 1").WherePK().Returning("wrong").Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: proof %s: %w", proof.Number, err)
	}
	if proof.Wrong >= wrongPatience {
		if err := l.call(ctx, tx, proof.Talk, whyTransfer, at); err != nil {
			return err
		}
	}
	id := fmt.Sprintf("proof/%s/wrong/%s", proof.Number, c.Ref)
	return l.report(ctx, tx, id, proof.Talk, flows.TransferWrong{Why: why}, at)
}

// provedCompany closes a proof with success, and any later one that was begun
// meanwhile. Actor is who says that the money is the company's.
func (l *Ledger) provedCompany(ctx context.Context, tx txn, proof proofRow, c flows.Credit, actor string, at time.Time) error {
	other, err := l.proofIn(ctx, tx, proof.Talk, proofOpen)
	switch {
	case err == nil && other.Number != proof.Number:
		err = l.endProof(ctx, tx, other, proofClosed)
	case errors.Is(err, desk.ErrUnknown):
		err = nil
	}
	if err != nil {
		return err
	}
	org, err := l.companyOf(proof)
	if err != nil {
		return err
	}
	seen := flows.CompanyProved{Payer: c.Payer, Org: org.Name, Code: org.CreditCode}
	return errors.Join(
		l.endProof(ctx, tx, proof, proofSeen),
		l.learned(ctx, tx, proof.Talk, seen, at),
		l.report(ctx, tx, "proof/"+proof.Number+"/seen", proof.Talk, seen, at),
		l.audit(ctx, tx, audited{Actor: actor, Did: "proved", Talk: proof.Talk, About: proof.Number, At: at}),
	)
}

// otherProof is what proves a company without a transfer of its own. The number
// is of what was asked for instead.
type otherProof struct {
	Number string
	Talk   desk.TalkID
	Org    flows.Organisation
	Actor  string // who says so
	At     time.Time
}

// provedOtherwise enters a proof that stands where that of a company's own
// transfer would; a transfer that is awaited is awaited no longer.
func (l *Ledger) provedOtherwise(ctx context.Context, tx txn, p otherProof) (flows.CompanyProved, error) {
	proof := proofRow{Number: p.Number, Talk: p.Talk, Account: p.Number, State: proofSeen, At: millis(p.At), Until: millis(p.At)}
	var err error
	if proof.Company, err = l.seal(companyPlace(proof), p.Org); err != nil {
		return flows.CompanyProved{}, err
	}
	open, err := l.proofIn(ctx, tx, p.Talk, proofOpen)
	switch {
	case err == nil:
		err = l.endProof(ctx, tx, open, proofClosed)
	case errors.Is(err, desk.ErrUnknown):
		err = nil
	}
	if err != nil {
		return flows.CompanyProved{}, err
	}
	if fresh, err := once(ctx, tx, &proof); err != nil || !fresh {
		return flows.CompanyProved{}, errors.Join(err, fmt.Errorf("ledger: proof of %s: %w", p.Talk, errTaken))
	}
	seen := p.Org.Proved()
	return seen, errors.Join(
		l.learned(ctx, tx, p.Talk, seen, p.At),
		l.audit(ctx, tx, audited{Actor: p.Actor, Did: "proved", Talk: p.Talk, About: p.Number, At: p.At}),
	)
}

// TransferStatus implements [desk.Transfers].
func (l *Ledger) TransferStatus(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		seen, err := l.proofIn(ctx, tx, ref.Talk, proofSeen)
		if errors.Is(err, desk.ErrUnknown) {
			return l.answer(ctx, tx, ref, flows.TransferNotYet{}, at)
		}
		if err != nil {
			return err
		}
		return l.answerSeen(ctx, tx, ref, seen, at)
	})
}

// alreadyProved returns the report for a talk whose company is proved, or nil.
func (l *Ledger) alreadyProved(ctx context.Context, tx txn, talk desk.TalkID) (flows.Happening, error) {
	seen, err := l.proofIn(ctx, tx, talk, proofSeen)
	if errors.Is(err, desk.ErrUnknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	org, err := l.companyOf(seen)
	return org.Proved(), err
}

func (l *Ledger) answerSeen(ctx context.Context, tx txn, ref desk.Ref, seen proofRow, at time.Time) error {
	org, err := l.companyOf(seen)
	if err != nil {
		return err
	}
	return l.answer(ctx, tx, ref, org.Proved(), at)
}

// companyFacts reads whether the organisation is proved; then its name and code
// are the proved ones, whatever was typed since.
func (l *Ledger) companyFacts(ctx context.Context, db bun.IDB, talk desk.TalkID, f *flows.Facts) error {
	switch live, err := l.livePayout(ctx, db, talk); {
	case errors.Is(err, desk.ErrUnknown):
		delete(f.Form, flows.KeyAmountUntil) // no amount is waited for
	case err != nil:
		return err
	default:
		org, to := payoutTarget(f.Form)
		same, err := l.sameTarget(live, org, to)
		if err != nil {
			return err
		}
		if !same {
			delete(f.Form, flows.KeyAmountUntil) // another account was named since, and nobody has confirmed it
		}
	}
	switch _, err := l.openGrantOf(ctx, db, talk); {
	case errors.Is(err, desk.ErrUnknown):
		delete(f.Form, flows.KeyGrantUntil) // nobody is waited for
	case err != nil:
		return err
	}
	seen, err := l.proofIn(ctx, db, talk, proofSeen)
	if errors.Is(err, desk.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	f.CompanyVerified = true
	org, err := l.companyOf(seen)
	f.Form[flows.KeyOrgName], f.Form[flows.KeyCreditCode] = org.Name, org.CreditCode
	return err
}

// proofIn finds the proof of a talk in one of the states that only one can be
// in, or [desk.ErrUnknown].
func (l *Ledger) proofIn(ctx context.Context, db bun.IDB, talk desk.TalkID, state proofState) (proofRow, error) {
	var row proofRow
	err := db.NewSelect().Model(&row).Where("talk = ? AND state = ?", talk, state).Scan(ctx)
	return row, found(err, "proof of "+string(talk))
}

func (l *Ledger) endProof(ctx context.Context, tx txn, proof proofRow, state proofState) error {
	proof.State = state
	if _, err := tx.NewUpdate().Model(&proof).Column("state").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: proof %s: %w", proof.Number, err)
	}
	return nil
}

func (l *Ledger) companyOf(proof proofRow) (flows.Organisation, error) {
	var org flows.Organisation
	err := l.unseal(companyPlace(proof), proof.Company, &org)
	return org, err
}

func companyPlace(proof proofRow) string { return "proof/" + proof.Number }

// errTaken is a number drawn twice, or a row that somebody else made a moment
// ago: the caller's job comes again.
var errTaken = errors.New("ledger: made by somebody else just now")

// found tells a row that is not there from a store that cannot be asked.
func found(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("ledger: %s: %w", what, desk.ErrUnknown)
	}
	return fmt.Errorf("ledger: %s: %w", what, err)
}
