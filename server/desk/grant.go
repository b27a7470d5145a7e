package desk

import (
	"context"
	"errors"
	"fmt"

	"certdesk/flows"
)

// Holders tells whose an Alipay account is, when its holder lets us ask. A
// definite no to a code is a [*flows.RefusedError]; after any other error the
// holder has to agree again, because a code is good for one use.
type Holders interface {
	// Authorise returns the address at which the holder agrees to be shown; the
	// browser comes back with a code for Holder, and the state. No call is made.
	Authorise(back, state string) (url string)

	// Holder tells whose the account is.
	Holder(ctx context.Context, code string) (flows.Holder, error)

	// Prepare names a person whom a holder can be compared with, for
	// AuthoriseAs, which is like Authorise, and Same.
	Prepare(ctx context.Context, who flows.Person) (verify string, err error)
	AuthoriseAs(verify, back, state string) (url string)

	// Same tells whether the account is that person's.
	Same(ctx context.Context, code, verify string) (bool, error)
}

// Register is a register of companies.
type Register interface {
	// Represents tells whether a person is the legal representative of an
	// organisation. A company or number that the register does not take is a
	// [*flows.RefusedError]; any other error may be tried again.
	Represents(ctx context.Context, org flows.Organisation, who flows.Person) (flows.Match, error)

	// Differs tells whether it has an organisation's code under another name.
	Differs(ctx context.Context, org flows.Organisation) (bool, error)
}

const (
	registerSilent = "暂时查不到贵单位的登记信息，请换一种方式认证。"
	registerNo     = "登记的法定代表人不是您本人。法定代表人刚变更的，登记信息要过几天才会更新；请换一种方式认证。"
	registerOften  = "今天核对的次数太多了，请明天再试，或换一种方式认证。"
	accountOther   = "这个支付宝不是您本人实名的。请用您本人的支付宝，或换一种方式认证。"
)

// compareName warns of a name and a code that do not belong together (M16), when
// there is somebody to ask. A name that was looked up is not looked up again,
// not even when nothing was heard: nobody waits for it, and a warning that comes
// late is none.
func (d *Desk) compareName(ctx context.Context, ref Ref) error {
	if d.cfg.Partners.Register == nil {
		return nil
	}
	facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
	if err != nil {
		return err
	}
	org := facts.Form.Organisation()
	if facts.CompanyVerified || org.Name.IsZero() || org.CreditCode.IsZero() {
		return nil
	}
	may, err := d.cfg.Ledger.MayLookUp(ctx, ref.Talk, org, d.cfg.Now())
	if err != nil || !may {
		return err
	}
	differs, err := d.cfg.Partners.Register.Differs(ctx, org)
	if err != nil || !differs {
		return err
	}
	return d.answer(ctx, ref, flows.NameDiffers{Org: org})
}

// compareRepresentative passes a legal representative who applies in person (M41).
func (d *Desk) compareRepresentative(ctx context.Context, ref Ref) error {
	facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
	if err != nil {
		return err
	}
	org := facts.Form.Organisation()
	switch {
	case facts.CompanyVerified:
		return d.answer(ctx, ref, org.Proved())
	case !facts.PersonVerified:
		return d.answer(ctx, ref, flows.NotRepresentative{Why: "请先完成个人实名认证。"})
	}
	if d.cfg.Partners.Register == nil { // which costs nothing
		return d.answer(ctx, ref, flows.NotRepresentative{Why: registerSilent})
	}
	who := flows.Person{Name: facts.Form[flows.KeyName], IDNumber: facts.Form[flows.KeyIDNumber]}
	may, err := d.cfg.Ledger.MayCompare(ctx, ref, org, who, d.cfg.Now())
	if err != nil {
		return err
	}
	if !may {
		return d.answer(ctx, ref, flows.NotRepresentative{Why: registerOften})
	}
	match, err := d.represents(ctx, org, who)
	if why, no := refused(err); no {
		return d.answer(ctx, ref, flows.NotRepresentative{Why: why})
	}
	if err != nil {
		return err
	}
	switch match {
	case flows.MatchPerson:
		return d.cfg.Ledger.Represented(ctx, ref, org, d.cfg.Now())
	case flows.MatchName:
		return d.answer(ctx, ref, flows.RepresentativeNamed{})
	}
	return d.answer(ctx, ref, flows.NotRepresentative{Why: registerNo})
}

func (d *Desk) represents(ctx context.Context, org flows.Organisation, who flows.Person) (flows.Match, error) {
	if d.cfg.Partners.Register == nil {
		return "", &flows.RefusedError{Partner: "register", Code: "none", Public: registerSilent}
	}
	return d.cfg.Partners.Register.Represents(ctx, org, who)
}

func (d *Desk) openGrant(ctx context.Context, ref Ref) error {
	g, err := d.cfg.Ledger.OpenGrant(ctx, ref, d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	if g.Own && g.Verify == "" {
		g.Verify, err = d.cfg.Partners.Holders.Prepare(ctx, g.Handler)
		if why, no := refused(err); no {
			return d.answer(ctx, ref, flows.GrantRefused{Why: why})
		}
		if err != nil {
			return err
		}
	}
	return d.cfg.Ledger.GrantOpened(ctx, ref, g, d.cfg.Now())
}

// checkGrant answers from the ledger: Alipay knows nothing that the holder's
// browser has not brought.
func (d *Desk) checkGrant(ctx context.Context, ref Ref) error {
	facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
	if err != nil {
		return err
	}
	if facts.CompanyVerified {
		return d.answer(ctx, ref, facts.Form.Organisation().Proved())
	}
	return d.answer(ctx, ref, flows.GrantNotYet{})
}

// Agreement returns the address at which the holder agrees to a grant.
func (d *Desk) Agreement(g Grant, back, state string) string {
	if g.Own {
		return d.cfg.Partners.Holders.AuthoriseAs(g.Verify, back, state)
	}
	return d.cfg.Partners.Holders.Authorise(back, state)
}

// Granted takes the code with which the holder of an account came back, and
// says why the account does not prove the company, or nothing when it does.
// [ErrWrong] is a code that Alipay does not take: nothing has been learned, and
// the holder may agree again. A grant that cannot be used is an error of
// [Grants].
func (d *Desk) Granted(ctx context.Context, number, code string) (why string, err error) {
	g, err := d.cfg.Ledger.Grant(ctx, number, d.cfg.Now())
	if err != nil {
		return "", err
	}
	if why, err = d.weigh(ctx, g, code); err != nil {
		return "", fmt.Errorf("desk: grant: %w", err)
	}
	return why, d.cfg.Ledger.GrantEnded(ctx, number, why, d.cfg.Now())
}

// weigh says what is wrong with the account that was shown.
func (d *Desk) weigh(ctx context.Context, g Grant, code string) (why string, err error) {
	if !g.Own {
		holder, err := d.cfg.Partners.Holders.Holder(ctx, code)
		if err != nil {
			return "", wrongCode(err)
		}
		return holder.WhyNot(g.Org), nil
	}
	same, err := d.cfg.Partners.Holders.Same(ctx, code, g.Verify)
	if err != nil {
		return "", wrongCode(err)
	}
	if !same {
		return accountOther, nil
	}
	match, err := d.represents(ctx, g.Org, g.Handler)
	if why, no := refused(err); no {
		return why, nil
	}
	if err != nil || match == flows.MatchPerson || match == flows.MatchName {
		return "", err
	}
	return registerNo, nil
}

func wrongCode(err error) error {
	if _, no := refused(err); no {
		return ErrWrong
	}
	return err
}
