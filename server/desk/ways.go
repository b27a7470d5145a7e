package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
)

// The ways of proving somebody, one contract for all of them (I1). A partner is
// replaced behind a row of the table, and nothing else knows which one it is.
//
// Cancel is not in a row, because no way has a say in it: a [flows.Cancel] and a
// [flows.Withdraw] end every attempt of a talk in the ledger, and [Attempts]
// tells of each how far it is, which is also the evidence.

// way is what the desk asks of one way.
type way struct {
	starts, checks flows.Verb

	// start opens an attempt, or goes on with the open one: to resume is to
	// start. It reports to ref what the applicant is to do, why there can be no
	// attempt, or what is proved already.
	start func(*Desk, context.Context, Ref, flows.Effect) error

	// check asks at once how far the attempt is, and reports that to ref. A way
	// whose answer comes with its start has none.
	check func(*Desk, context.Context, Ref) error

	// poll asks without being asked, until the attempt is over. A way whose news
	// comes by itself has none.
	polls string
	poll  func(*Desk, context.Context, Poll) (ended bool, err error)
}

var ways = []way{
	{
		starts: flows.VerbVerifyFace, start: plainly((*Desk).verifyFace),
		checks: flows.VerbCheckFace, check: (*Desk).checkFace,
		polls: PartnerFace, poll: (*Desk).pollFace,
	},
	{starts: flows.VerbCompareFactors, start: (*Desk).compareFactors},
	{starts: flows.VerbAskReview, start: (*Desk).askReview},
	{starts: flows.VerbCompareRepresentative, start: plainly((*Desk).compareRepresentative)},
	{
		starts: flows.VerbOpenGrant, start: plainly((*Desk).openGrant),
		checks: flows.VerbCheckGrant, check: (*Desk).checkGrant,
	},
	{
		starts: flows.VerbOpenTransfer, start: plainly((*Desk).openTransfer),
		checks: flows.VerbCheckTransfer, check: (*Desk).checkTransfer,
	},
	{
		starts: flows.VerbSendPayout, start: plainly((*Desk).sendPayout),
		checks: flows.VerbCheckPayout, check: (*Desk).checkPayout,
		polls: PartnerPayer, poll: (*Desk).pollPayout,
	},
}

// plainly is a start that needs to know nothing of what was asked.
func plainly(start func(*Desk, context.Context, Ref) error) func(*Desk, context.Context, Ref, flows.Effect) error {
	return func(d *Desk, ctx context.Context, ref Ref, _ flows.Effect) error { return start(d, ctx, ref) }
}

// Attempts tells how far everything is that was tried to prove an applicant.
type Attempts interface {
	// Attempts lists what was tried in a talk, oldest first, as it stands at a time.
	Attempts(ctx context.Context, talk TalkID, at time.Time) ([]flows.Attempt, error)
}

// away are the ways that an event finds closed.
func (d *Desk) away() flows.Ways {
	if d.cfg.Partners.Away == nil {
		return 0
	}
	return d.cfg.Partners.Away()
}

// prove does what is asked of a way, and reports whether it was one's.
func (d *Desk) prove(ctx context.Context, ref Ref, effect flows.Effect) (ours bool, err error) {
	for _, w := range ways {
		switch effect.Verb() {
		case w.starts:
			return true, w.start(d, ctx, ref, effect)
		case w.checks:
			return true, w.check(d, ctx, ref)
		}
	}
	return false, nil
}

// Proving lists what is asked of the ways: it is not performed any more when a
// case is cancelled, or its consents are taken back, for it would begin anew what
// was ended, or look in vain for what was forgotten.
func Proving() []flows.Verb {
	verbs := []flows.Verb{flows.VerbCheckAmount, flows.VerbCompareName}
	for _, w := range ways {
		verbs = append(verbs, w.starts)
		if w.check != nil {
			verbs = append(verbs, w.checks)
		}
	}
	return verbs
}

// pollWay asks a way's partner, and reports whether there is such a way.
func (d *Desk) pollWay(ctx context.Context, p Poll) (ours, ended bool, err error) {
	for _, w := range ways {
		if w.poll != nil && w.polls == p.Partner {
			ended, err = w.poll(d, ctx, p)
			return true, ended, err
		}
	}
	return false, false, nil
}

func (d *Desk) pollFace(ctx context.Context, p Poll) (ended bool, err error) {
	check, err := d.cfg.Ledger.OpenCheckOf(ctx, p.Talk)
	if errors.Is(err, ErrUnknown) || check.Number != p.Number {
		return true, ignore(err, ErrUnknown)
	}
	_, err = d.lookAtFace(ctx, check)
	return false, err
}

func (d *Desk) pollPayout(ctx context.Context, p Poll) (ended bool, err error) {
	live, err := d.cfg.Ledger.LivePayout(ctx, p.Talk)
	if errors.Is(err, ErrUnknown) || live != p.Number || d.cfg.Now().Sub(p.Since) > flows.AmountWithin {
		return true, ignore(err, ErrUnknown)
	}
	_, err = d.lookAtPayout(ctx, p.Number)
	return false, err
}

func (d *Desk) openTransfer(ctx context.Context, ref Ref) error {
	return d.cfg.Ledger.OpenTransfer(ctx, ref, d.cfg.Partners.Payee, d.cfg.Now())
}

func (d *Desk) askReview(ctx context.Context, ref Ref, effect flows.Effect) error {
	e, ok := effect.(flows.AskReview)
	if !ok {
		return fmt.Errorf("desk: %s is no review", effect.Verb())
	}
	return d.cfg.Ledger.OpenReview(ctx, ref, e.Party, d.cfg.Now())
}
