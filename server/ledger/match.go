package ledger

// What a person decides about a line of the statement. A person may say whose
// money it is; the rules about name, amount and time are not theirs to bend.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// ErrBuiltOn is returned for a line that cannot be taken back because an order
// stands on the proof that it gave.
var ErrBuiltOn = errors.New("ledger: an order stands on that")

const (
	didMatch   = "matched a line"
	didUnmatch = "unmatched a line"
)

// MatchLine says that a line is the money that a proof waits for, on the word
// of a member of staff, whose reason is kept. It returns [desk.ErrUsed] when the
// line proves a company already or the proof waits no more, and [desk.ErrWrong]
// when the line does not fit: see [flows.Credit.Fits].
func (l *Ledger) MatchLine(ctx context.Context, ref, number, by, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		line, credit, err := l.line(ctx, tx, ref)
		if err != nil {
			return err
		}
		proof := proofRow{Number: number}
		if err := found(tx.NewSelect().Model(&proof).WherePK().Scan(ctx), "proof "+number); err != nil {
			return err
		}
		_, err = l.proofIn(ctx, tx, proof.Talk, proofSeen)
		switch {
		case err != nil && !errors.Is(err, desk.ErrUnknown):
			return err
		case err == nil, line.State == lineMatched, proof.State != proofOpen && proof.State != proofExpired:
			return fmt.Errorf("ledger: line %s for proof %s: %w", ref, number, desk.ErrUsed)
		}
		waits, err := l.awaited(proof)
		if err != nil {
			return err
		}
		if !credit.Fits(waits.Awaited) {
			return fmt.Errorf("ledger: line %s for proof %s: %w", ref, number, desk.ErrWrong)
		}
		line.State, line.Proof = lineMatched, number
		return errors.Join(
			l.decide(ctx, tx, line, audited{Actor: by, Did: didMatch, Talk: proof.Talk, Detail: why, At: at}),
			l.provedCompany(ctx, tx, proof, credit, by, at),
		)
	})
}

// UnmatchLine says that a line is nobody's, on the word of a member of staff,
// whose reason is kept. A proof that has no other line loses its success, and
// an agent is called to the talk. It returns [ErrBuiltOn] when an order stands on
// that proof, and [desk.ErrUsed] when the line is nobody's already.
func (l *Ledger) UnmatchLine(ctx context.Context, ref, by, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		line, _, err := l.line(ctx, tx, ref)
		if err != nil {
			return err
		}
		was := audited{Actor: by, Did: didUnmatch, Detail: why, At: at}
		switch line.State {
		case lineMatched:
			if was.Talk, err = l.unprove(ctx, tx, line, at); err != nil {
				return err
			}
		case lineAmbiguous:
		default:
			return fmt.Errorf("ledger: line %s: %w", ref, desk.ErrUsed)
		}
		line.State, line.Proof = lineUnmatched, ""
		return l.decide(ctx, tx, line, was)
	})
}

// decide writes a line's new state with who decided it. Its letter, if it had
// one, is answered by that.
func (l *Ledger) decide(ctx context.Context, tx txn, line bankLineRow, by audited) error {
	by.About = bankPlace(line.Ref)
	if _, err := tx.NewUpdate().Model(&line).Column("state", "proof").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: line %s: %w", line.Ref, err)
	}
	if _, err := tx.NewDelete().Model((*inboxRow)(nil)).Where("id = ?", by.About).Exec(ctx); err != nil {
		return fmt.Errorf("ledger: letter of line %s: %w", line.Ref, err)
	}
	return l.audit(ctx, tx, by)
}

// unprove takes the success from the proof of a line that loses it, unless
// another line gives it too. It returns whose proof it is.
func (l *Ledger) unprove(ctx context.Context, tx txn, line bankLineRow, at time.Time) (desk.TalkID, error) {
	proof := proofRow{Number: line.Proof}
	if err := found(tx.NewSelect().Model(&proof).WherePK().Scan(ctx), "proof "+line.Proof); err != nil {
		return "", err
	}
	others, err := tx.NewSelect().Model((*bankLineRow)(nil)).
		Where("proof = ? AND state = ? AND ref <> ?", proof.Number, lineMatched, line.Ref).Exists(ctx)
	if err != nil {
		return "", fmt.Errorf("ledger: lines of proof %s: %w", proof.Number, err)
	}
	if others || proof.State != proofSeen {
		return proof.Talk, nil
	}
	_, err = l.liveOrder(ctx, tx, proof.Talk)
	if err == nil {
		return "", fmt.Errorf("ledger: line %s: %w", line.Ref, ErrBuiltOn)
	}
	if !errors.Is(err, desk.ErrUnknown) {
		return "", err
	}
	return proof.Talk, errors.Join(l.takeBack(ctx, tx, proof, at), l.call(ctx, tx, proof.Talk, whyTransfer, at))
}

// takeBack ends a proof that counts no more, and tells its talk.
func (l *Ledger) takeBack(ctx context.Context, tx txn, proof proofRow, at time.Time) error {
	forgotten := flows.LearnedPage(flows.KindCompanyProved)
	return errors.Join(
		l.endProof(ctx, tx, proof, proofRevoked),
		l.save(ctx, tx, proof.Talk, forgotten, flows.Form{flows.KeyCompanyProved: flows.Secret{}}, at),
		l.report(ctx, tx, "unproved/"+proof.Number, proof.Talk, flows.CompanyUnproved{}, at),
	)
}
