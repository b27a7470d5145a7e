package desk

import (
	"context"
	"errors"
	"fmt"

	"certdesk/flows"
)

// A person proved without a face, and a number that changes hands: both ask
// whose a mobile is.

// Factors compares a person with what a telephone company, or a bank, knows of
// whoever holds a mobile number or a card.
type Factors interface {
	// Holds tells whether all of it is one person's. Without a card the mobile
	// alone is compared. A definite no to the question itself is a
	// [*flows.RefusedError]; after any other error it may be asked again.
	Holds(ctx context.Context, who flows.Person, mobile, card flows.Secret) (bool, error)
}

const (
	factorsSilent = "这种方式暂时用不了，请换一种方式。"
	factorsDiffer = "登记的信息与您填写的不一致。请核对姓名和身份证号；手机号不在您本人名下，或不是这张卡的预留手机号的，请换一种方式。"
	faceFailed    = "人脸识别没有通过。要由身份证本人、用本人实名的支付宝刷脸；可以再试一次，或换一种方式。"
)

// compareFactors proves a person without a face, by the mobile of their account.
// It is an attempt like one with a face, and ends at once.
func (d *Desk) compareFactors(ctx context.Context, ref Ref, effect flows.Effect) error {
	e, ok := effect.(flows.CompareFactors)
	if !ok {
		return fmt.Errorf("desk: %s compares nothing", effect.Verb())
	}
	check, err := d.cfg.Ledger.OpenCheck(ctx, ref, flows.Way(e.Factor), d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	mobile, card, err := d.cfg.Ledger.Factors(ctx, ref.Talk)
	switch {
	case err != nil:
		return err
	case d.cfg.Partners.Factors == nil: // nobody was asked: that is no refusal to be counted
		if err := d.cfg.Ledger.CheckEnded(ctx, check.Number, CheckEnd{}, d.cfg.Now()); err != nil {
			return err
		}
		return d.answer(ctx, ref, flows.FaceRefused{Why: factorsSilent})
	case e.Factor != flows.FactorCard:
		card = flows.Secret{}
	case card.IsZero():
		return d.answer(ctx, ref, flows.FaceRefused{Why: "请重新填写银行卡号。"})
	}
	end := CheckEnd{Ref: ref}
	same, err := d.cfg.Partners.Factors.Holds(ctx, check.Person, mobile, card)
	why, no := refused(err)
	switch {
	case no:
		end.Why = why
	case err != nil:
		return err
	case same:
		end.State = flows.FacePassed
	default:
		end.Why = factorsDiffer
	}
	return d.cfg.Ledger.CheckEnded(ctx, check.Number, end, d.cfg.Now())
}

// changePhone asks whose the new number is before the code is used up.
func (d *Desk) changePhone(ctx context.Context, ref Ref) error {
	who, mobile, err := d.cfg.Ledger.NewPhone(ctx, ref.Talk)
	if errors.Is(err, ErrUnknown) {
		return d.answer(ctx, ref, flows.PhoneRefused{Why: "请重新填写新手机号码。"})
	}
	if err != nil {
		return err
	}
	if d.cfg.Partners.Factors == nil {
		return d.answer(ctx, ref, flows.PhoneRefused{Why: "暂时不能核对新号码，请回复“人工”。"})
	}
	same, err := d.cfg.Partners.Factors.Holds(ctx, who, mobile, flows.Secret{})
	if why, no := refused(err); no {
		return d.answer(ctx, ref, flows.PhoneRefused{Why: why})
	}
	if err != nil {
		return err
	}
	if !same {
		return d.answer(ctx, ref, flows.PhoneRefused{Why: "新号码不是您本人实名办理的，不能更换。请换一个号码，或回复“人工”。"})
	}
	return d.cfg.Ledger.ChangePhone(ctx, ref, mobile, d.cfg.Now())
}

// warnPhone lets whoever had the number know, in case it was not them. It is
// told once or twice. When it cannot be told, the desk sees that.
func (d *Desk) warnPhone(ctx context.Context, ref Ref, old flows.Secret) error {
	if old.IsZero() {
		return nil
	}
	err := d.cfg.Partners.Texter.Moved(ctx, old, ref.String())
	if why, no := refused(err); no {
		return d.cfg.Lines.Append(ctx, ref.Talk, Line{At: d.cfg.Now(), Who: WhoUnsent, Text: "没有通知到原来的手机号：" + why})
	}
	return err
}
