package desk

import (
	"context"
	"errors"

	"certdesk/flows"
)

// Payer sends money to companies' accounts.
type Payer interface {
	// Pay sends a payout, once by its number, however often it is asked. No
	// error means that it was taken; a [*flows.RefusedError], that it never will be.
	Pay(ctx context.Context, p flows.Payout) error

	// PaidOut tells how far a payout is, and of one that came back, why.
	PaidOut(ctx context.Context, number string) (state flows.PayoutState, why string, err error)
}

func (d *Desk) sendPayout(ctx context.Context, ref Ref) error {
	p, err := d.cfg.Ledger.OpenPayout(ctx, ref, d.cfg.Partners.Amounts, d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	err = d.cfg.Partners.Payer.Pay(ctx, p)
	if why, no := refused(err); no {
		return d.cfg.Ledger.PayoutReturned(ctx, p.Number, why, d.cfg.Now())
	}
	if err != nil {
		return err
	}
	return d.cfg.Ledger.PayoutTaken(ctx, ref, p.Number, d.cfg.Now())
}

// checkPayout looks because somebody has not found the money.
func (d *Desk) checkPayout(ctx context.Context, ref Ref) error {
	number, err := d.cfg.Ledger.LivePayout(ctx, ref.Talk)
	if errors.Is(err, ErrUnknown) {
		facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
		if err != nil {
			return err
		}
		if facts.CompanyVerified {
			return d.answer(ctx, ref, facts.Form.Organisation().Proved())
		}
		return d.answer(ctx, ref, flows.PayoutRefused{Why: "这笔汇款已经失效，请重新提交。"})
	}
	if err != nil {
		return err
	}
	state, err := d.lookAtPayout(ctx, number)
	if err != nil || state == flows.PayoutReturned {
		return err
	}
	why := "这笔汇款银行正在处理，一般几分钟到账，最长1个工作日。"
	if state == flows.PayoutArrived {
		why = "银行显示这笔汇款已经到账。请财务查一下附言是“账户验证”、金额在 1 元以内的收款。"
	}
	return d.answer(ctx, ref, flows.PayoutNotYet{Why: why})
}

// PayoutChanged asks how far a payout is, because somebody says that there is
// news. A number that is nobody's changes nothing.
func (d *Desk) PayoutChanged(ctx context.Context, number string) error {
	_, err := d.lookAtPayout(ctx, number)
	return ignore(err, ErrUnknown)
}

func (d *Desk) lookAtPayout(ctx context.Context, number string) (flows.PayoutState, error) {
	state, why, err := d.cfg.Partners.Payer.PaidOut(ctx, number)
	switch {
	case err != nil:
	case state == flows.PayoutArrived:
		err = d.cfg.Ledger.PayoutArrived(ctx, number)
	case state == flows.PayoutReturned:
		err = d.cfg.Ledger.PayoutReturned(ctx, number, why, d.cfg.Now())
	}
	return state, err
}

// checkAmount asks the bank first: who tells an amount before the money is there
// has guessed it.
func (d *Desk) checkAmount(ctx context.Context, ref Ref) error {
	number, err := d.cfg.Ledger.LivePayout(ctx, ref.Talk)
	if err == nil {
		var state flows.PayoutState
		if state, err = d.lookAtPayout(ctx, number); state == flows.PayoutReturned {
			return err // it has been told
		}
	}
	if err := ignore(err, ErrUnknown); err != nil {
		return err
	}
	return d.cfg.Ledger.CheckAmount(ctx, ref, d.cfg.Now())
}
