package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
)

// Perform does one entered effect: it asks a partner, or the ledger, and what
// comes back is a report in the ledger. It may run twice, at once, or long
// after: the rows it works on are the ledger's, and each has one number at the
// partner. An error means that it is tried again.
func (d *Desk) Perform(ctx context.Context, ref Ref) error {
	effect, err := d.cfg.Ledger.Effect(ctx, ref)
	if errors.Is(err, ErrUnknown) {
		return nil // done before
	}
	if err != nil {
		return err
	}
	ctx, end := d.cfg.Watch.Begin(ctx, "perform "+string(effect.Verb()), ref.Talk, StoryOf(ref.Talk, ref.Event))
	began := time.Now()
	err = d.perform(ctx, ref, effect)
	d.cfg.Watch.Performed(effect.Verb(), time.Since(began), err)
	end(err)
	if err != nil {
		return fmt.Errorf("desk: %s %s: %w", effect.Verb(), ref, err)
	}
	return d.cfg.Ledger.Done(ctx, ref, d.cfg.Now())
}

func (d *Desk) perform(ctx context.Context, ref Ref, effect flows.Effect) error {
	if ours, err := d.prove(ctx, ref, effect); ours {
		return err
	}
	now := d.cfg.Now()
	switch e := effect.(type) {
	case flows.SendCode:
		return d.sendCode(ctx, ref, e)
	case flows.Register:
		return d.cfg.Ledger.Register(ctx, ref, now)
	case flows.FindBranch:
		return d.findBranch(ctx, ref)
	case flows.CheckAmount:
		return d.checkAmount(ctx, ref)
	case flows.CompareName:
		return d.compareName(ctx, ref)
	case flows.ChangePhone:
		return d.changePhone(ctx, ref)
	case flows.OfferJoin:
		return d.offerJoin(ctx, ref, e.To)
	case flows.FindJoin:
		return d.cfg.Ledger.FindJoin(ctx, ref, e.Code, now)
	case flows.Join:
		return d.cfg.Ledger.Join(ctx, ref, e.Code, now)
	case flows.WarnPhone:
		return d.warnPhone(ctx, ref, e.Mobile)
	case flows.PlaceOrder:
		return d.cfg.Ledger.PlaceOrder(ctx, ref, now)
	case flows.OpenPayment:
		return d.openPayment(ctx, ref)
	case flows.CheckPayment:
		return d.checkPayment(ctx, ref)
	case flows.BookCourier:
		return d.bookCourier(ctx, ref)
	case flows.OfferActivation:
		return d.cfg.Ledger.OfferTicket(ctx, ref, now)
	case flows.Cancel:
		return d.cancel(ctx, ref)
	case flows.CallAgent:
		return d.cfg.Ledger.CallAgent(ctx, ref, e.Why, now)
	case flows.Orphan:
		return d.cfg.Ledger.CallAgent(ctx, ref, "orphan "+string(e.Report), now)
	case flows.ReadPicture:
		return d.readPicture(ctx, ref, e)
	case flows.Say:
		if err := d.cfg.Ledger.SayTurn(ctx, ref); err != nil {
			return err
		}
		return d.say(ctx, ref, e)
	}
	return fmt.Errorf("nobody performs %s", effect.Verb())
}

// answer reports to the talk what performing an effect gave.
func (d *Desk) answer(ctx context.Context, ref Ref, what flows.Happening) error {
	return d.cfg.Ledger.Report(ctx, ref.Answer(), ref.Talk, what, d.cfg.Now())
}

// refused returns the words of a partner's definite no.
func refused(err error) (why string, ok bool) {
	var r *flows.RefusedError
	if errors.As(err, &r) {
		return r.Public, true
	}
	return "", false
}

// verifyFace opens an attempt. One that was begun is looked at first, because
// another may take its place.
func (d *Desk) verifyFace(ctx context.Context, ref Ref) error {
	old, err := d.cfg.Ledger.OpenCheckOf(ctx, ref.Talk)
	if err == nil {
		var state flows.FaceState
		if state, err = d.lookAtFace(ctx, old); state == flows.FaceFailed {
			return err // it has been told
		}
	}
	if err := ignore(err, ErrUnknown); err != nil {
		return err
	}
	check, err := d.cfg.Ledger.OpenCheck(ctx, ref, flows.WayFace, d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	if check.Provider == "" {
		check.Provider, err = d.cfg.Partners.Face.Begin(ctx, check.Number, check.Person)
		if why, no := refused(err); no {
			return d.cfg.Ledger.CheckEnded(ctx, check.Number, CheckEnd{Why: why}, d.cfg.Now())
		}
		if err != nil {
			return err
		}
	}
	return d.cfg.Ledger.CheckOpened(ctx, ref, check, d.cfg.Now())
}

// checkFace asks Alipay because somebody says that they are done.
func (d *Desk) checkFace(ctx context.Context, ref Ref) error {
	check, err := d.cfg.Ledger.OpenCheckOf(ctx, ref.Talk)
	if err == nil {
		var state flows.FaceState
		if state, err = d.lookAtFace(ctx, check); err != nil {
			return err
		}
		if state == flows.FacePassed || state == flows.FaceFailed {
			return nil // it has been told
		}
	} else if !errors.Is(err, ErrUnknown) {
		return err
	}
	facts, err := d.cfg.Ledger.Facts(ctx, ref.Talk)
	if err != nil {
		return err
	}
	if facts.PersonVerified {
		return d.answer(ctx, ref, flows.FaceDone{Name: facts.Form[flows.KeyName]})
	}
	return d.answer(ctx, ref, flows.FaceNotYet{})
}

// lookAtFace asks how far an attempt is and notes when it has passed. Only our
// own deadline ends an attempt that has not.
func (d *Desk) lookAtFace(ctx context.Context, check Check) (flows.FaceState, error) {
	if check.Provider == "" {
		return flows.FacePending, nil
	}
	state, err := d.cfg.Partners.Face.Result(ctx, check.Provider)
	if err != nil {
		return "", err
	}
	now := d.cfg.Now()
	switch state {
	case flows.FacePassed:
		return state, d.cfg.Ledger.CheckEnded(ctx, check.Number, CheckEnd{State: state}, now)
	case flows.FaceFailed:
		return state, d.cfg.Ledger.CheckEnded(ctx, check.Number, CheckEnd{Why: faceFailed}, now)
	}
	if now.After(check.Until) {
		return state, d.cfg.Ledger.CheckEnded(ctx, check.Number, CheckEnd{}, now)
	}
	return state, nil
}

func (d *Desk) checkTransfer(ctx context.Context, ref Ref) error {
	if err := d.readStatement(ctx); err != nil {
		return err
	}
	return d.cfg.Ledger.TransferStatus(ctx, ref, d.cfg.Now())
}

// readStatement enters what came in. Lines come again and again; each is
// entered once by its reference.
func (d *Desk) readStatement(ctx context.Context) error {
	now := d.cfg.Now()
	credits, err := d.cfg.Partners.Bank.Credits(ctx, now.AddDate(0, 0, -8))
	if err != nil {
		return fmt.Errorf("desk: statement: %w", err)
	}
	for _, c := range credits {
		if err := d.cfg.Ledger.Credited(ctx, c, now); err != nil {
			return fmt.Errorf("desk: line %s: %w", c.Ref, err)
		}
	}
	return nil
}

// openPayment opens an attempt in the cashier of the applicant's own app: a
// trade for whoever is in the mini-program, a code to scan for everybody else.
func (d *Desk) openPayment(ctx context.Context, ref Ref) error {
	p, err := d.cfg.Ledger.OpenPayment(ctx, ref, d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.replace(ctx, p.Replaces); err != nil {
		return err
	}
	if p.QR == "" && p.Trade == "" {
		bill := flows.Bill{Number: p.Number, Amount: p.Amount, Subject: p.Subject, Expires: flows.PayWithin / time.Duration(d.cfg.Hurry)}
		if p.Buyer != "" {
			p.Trade, err = d.cfg.Partners.Cashier.Order(ctx, bill, p.Buyer)
		} else {
			p.QR, err = d.cfg.Partners.Cashier.QR(ctx, bill)
		}
		if why, no := refused(err); no {
			return d.cfg.Ledger.PaymentRefused(ctx, ref, p.Number, why, d.cfg.Now())
		}
		if err != nil {
			return err
		}
	}
	return d.cfg.Ledger.PaymentOpened(ctx, ref, p, d.cfg.Now())
}

// replace closes the attempt before the present one, so that only one can be
// paid. What was paid already is settled instead.
func (d *Desk) replace(ctx context.Context, number string) error {
	if number == "" {
		return nil
	}
	err := d.cfg.Partners.Cashier.Close(ctx, number)
	if _, no := refused(err); no {
		_, err = d.lookAtPayment(ctx, number, "replaced")
	}
	return err
}

func (d *Desk) checkPayment(ctx context.Context, ref Ref) error {
	p, err := d.cfg.Ledger.OpenPaymentOf(ctx, ref.Talk)
	if err == nil {
		if _, err := d.lookAtPayment(ctx, p.Number, "applicant"); err != nil {
			return err
		}
	} else if !errors.Is(err, ErrUnknown) {
		return err
	}
	return d.cfg.Ledger.PaymentStatus(ctx, ref, d.cfg.Now())
}

func (d *Desk) lookAtPayment(ctx context.Context, number, door string) (flows.TradeState, error) {
	trade, err := d.cfg.Partners.Cashier.Query(ctx, number)
	if err != nil {
		return "", err
	}
	if trade.State == flows.TradeOpen {
		return trade.State, nil
	}
	return trade.State, d.cfg.Ledger.SettlePayment(ctx, trade, door, d.cfg.Now())
}

func (d *Desk) bookCourier(ctx context.Context, ref Ref) error {
	parcel, err := d.cfg.Ledger.OpenShipment(ctx, ref, d.cfg.Now())
	if errors.Is(err, ErrUsed) {
		return nil
	}
	if err != nil {
		return err
	}
	waybill, err := d.cfg.Partners.Courier.Book(ctx, parcel)
	if why, no := refused(err); no {
		return d.answer(ctx, ref, flows.ParcelTrouble{Where: why}) // whose row calls an agent
	}
	if err != nil {
		return err
	}
	return d.cfg.Ledger.ShipmentBooked(ctx, ref, parcel.Number, waybill, d.cfg.Now())
}

// cancel closes at the cashier what the ledger ended when it entered the
// effect. An unscanned code cannot be closed there: money that comes all the
// same goes before a person.
func (d *Desk) cancel(ctx context.Context, ref Ref) error {
	payments, err := d.cfg.Ledger.Cancel(ctx, ref, d.cfg.Now())
	if err != nil {
		return err
	}
	for _, number := range payments {
		if err := d.cfg.Partners.Cashier.Close(ctx, number); err != nil {
			if _, no := refused(err); !no {
				return err
			}
		}
	}
	return nil
}
