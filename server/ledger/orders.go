package ledger

// Orders: who is proved may buy (M21), at the price that we compute from the
// saved pages, invoiced to the name that was proved (M80, M89-M91).

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type orderRow struct {
	bun.BaseModel `bun:"table:orders"`

	No      string      `bun:"no,pk"`
	Talk    desk.TalkID `bun:"talk"`
	KeyFee  flows.Fen   `bun:"key_fee"`
	Courier flows.Fen   `bun:"courier"`
	Total   flows.Fen   `bun:"total"`
	Sealed  string      `bun:"sealed"`
	State   orderState  `bun:"state"`
	At      int64       `bun:"at"`
	PaidAt  int64       `bun:"paid_at"`
	ShipsBy int64       `bun:"ships_by"`
}

type orderState string

const (
	orderOpen      orderState = "open"
	orderPaid      orderState = "paid"
	orderCancelled orderState = "cancelled"
)

// terms are the answers that an order is made on. They are copied into it:
// what is typed later changes no order that is paid.
var terms = []flows.Key{
	flows.KeyKind, flows.KeyScene, flows.KeyService, flows.KeyName, flows.KeyOrgName, flows.KeyCreditCode,
	flows.KeyTitle, flows.KeyTaxNumber, flows.KeyBank, flows.KeyBankAccount, flows.KeyOrgAddress, flows.KeyOrgPhone,
	flows.KeyRecipient, flows.KeyProvince, flows.KeyCity, flows.KeyDistrict, flows.KeyDetail, flows.KeyLandline, flows.KeyToMobile,
}

// needed are those without which there is no order.
var needed = []flows.Key{
	flows.KeyKind, flows.KeyService, flows.KeyTitle,
	flows.KeyRecipient, flows.KeyProvince, flows.KeyCity, flows.KeyDistrict, flows.KeyDetail, flows.KeyToMobile,
}

// PlaceOrder implements [desk.Orders]. Who is not proved, or has not given
// everything that an order needs, is [desk.ErrWrong].
func (l *Ledger) PlaceOrder(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		order, err := l.liveOrder(ctx, tx, ref.Talk)
		if err != nil && !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		if order.State == orderPaid {
			return l.answer(ctx, tx, ref, paid(order), at)
		}
		if order.No == "" {
			lapsed, err := l.lapseProofs(ctx, tx, ref.Talk, at)
			if err != nil {
				return err
			}
			if lapsed {
				return l.answer(ctx, tx, ref, flows.ProofLapsed{}, at)
			}
		}
		form, err := l.agreed(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		if order.No == "" {
			order, err = l.newOrder(ctx, tx, ref.Talk, form, at)
		} else {
			order, err = l.amended(ctx, tx, order, form)
		}
		if err != nil {
			return err
		}
		ordered := flows.Ordered{No: order.No, Key: order.KeyFee, Courier: order.Courier, Total: order.Total}
		return errors.Join(
			l.learned(ctx, tx, ref.Talk, ordered, at),
			l.answer(ctx, tx, ref, ordered, at),
		)
	})
}

// lapseProofs ends what proves a talk when any of it is too old for an order, and
// reports whether it was. Whoever acted for a company then may act for it no more.
func (l *Ledger) lapseProofs(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (bool, error) {
	if l.cfg.Retention.Proof <= 0 {
		return false, nil
	}
	before := millis(at.Add(-l.cfg.Retention.Proof))
	person, err := tx.NewSelect().Model((*checkRow)(nil)).Where("talk = ? AND state = ? AND at < ?", talk, checkPassed, before).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("ledger: checks of %s: %w", talk, err)
	}
	company, err := tx.NewSelect().Model((*proofRow)(nil)).Where("talk = ? AND state = ? AND at < ?", talk, proofSeen, before).Exists(ctx)
	if err != nil || !person && !company {
		return false, err
	}
	_, checks := tx.NewUpdate().Model((*checkRow)(nil)).Set("state = ?", checkLapsed).Where("talk = ? AND state = ?", talk, checkPassed).Exec(ctx)
	_, proofs := tx.NewUpdate().Model((*proofRow)(nil)).Set("state = ?", proofLapsed).Where("talk = ? AND state = ?", talk, proofSeen).Exec(ctx)
	return true, errors.Join(
		checks, proofs, l.forget(ctx, tx, talk, flows.KeyPersonProved, flows.KeyCompanyProved),
		l.audit(ctx, tx, audited{Did: "proofs lapsed", Talk: talk, At: at}),
	)
}

// agreed returns the terms as the saved pages give them, under the names that
// were proved.
func (l *Ledger) agreed(ctx context.Context, tx txn, talk desk.TalkID) (flows.Form, error) {
	saved, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	form := flows.Form{}
	for _, k := range terms {
		if saved.Has(k) {
			form[k] = saved[k]
		}
	}
	if err := l.proveNames(ctx, tx, talk, form); err != nil {
		return nil, err
	}
	for _, k := range needed {
		if !form.Has(k) {
			return nil, fmt.Errorf("ledger: order of %s: no %s: %w", talk, k, desk.ErrWrong)
		}
	}
	if _, courier := flows.Quote(form); courier == 0 {
		return nil, fmt.Errorf("ledger: order of %s: no courier goes there: %w", talk, desk.ErrWrong)
	}
	return form, nil
}

// proveNames puts the proved names, and the code that was proved with the
// organisation's, into the terms, whatever the pages say.
// Nobody orders who is not proved.
func (l *Ledger) proveNames(ctx context.Context, tx txn, talk desk.TalkID, form flows.Form) error {
	person, err := l.provedPerson(ctx, tx, talk)
	if errors.Is(err, desk.ErrUnknown) {
		return fmt.Errorf("ledger: order of %s: the person is not proved: %w", talk, desk.ErrWrong)
	}
	if err != nil {
		return err
	}
	form[flows.KeyName] = person.Name
	if form.Text(flows.KeyKind) != flows.KindCompany {
		form[flows.KeyTitle] = person.Name
		delete(form, flows.KeyOrgName)
		delete(form, flows.KeyCreditCode)
		return nil
	}
	proof, err := l.proofIn(ctx, tx, talk, proofSeen)
	if errors.Is(err, desk.ErrUnknown) {
		return fmt.Errorf("ledger: order of %s: the company is not proved: %w", talk, desk.ErrWrong)
	}
	if err != nil {
		return err
	}
	org, err := l.companyOf(proof)
	form[flows.KeyOrgName], form[flows.KeyTitle], form[flows.KeyCreditCode] = org.Name, org.Name, org.CreditCode
	return err
}

func (l *Ledger) newOrder(ctx context.Context, tx txn, talk desk.TalkID, form flows.Form, at time.Time) (orderRow, error) {
	no, err := numbered("D", "20060102", at, 8)
	if err != nil {
		return orderRow{}, err
	}
	row := orderRow{No: no, Talk: talk, State: orderOpen, At: millis(at)}
	if row, err = l.priced(row, form); err != nil {
		return orderRow{}, err
	}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: order of %s: %w", talk, errTaken)
	}
	if err != nil {
		return orderRow{}, err
	}
	return row, l.audit(ctx, tx, audited{Did: "ordered", Talk: talk, About: row.No, At: at})
}

// amended brings an unpaid order up to the terms that were agreed last. When
// they cost something else, the code on the applicant's screen is void.
func (l *Ledger) amended(ctx context.Context, tx txn, order orderRow, form flows.Form) (orderRow, error) {
	before, err := l.termsOf(order)
	if err != nil {
		return orderRow{}, err
	}
	if maps.Equal(before, form) {
		return order, nil
	}
	row, err := l.priced(order, form)
	if err != nil {
		return orderRow{}, err
	}
	_, err = tx.NewUpdate().Model(&row).Column("key_fee", "courier", "total", "sealed").WherePK().Exec(ctx)
	if err != nil {
		return orderRow{}, fmt.Errorf("ledger: order %s: %w", order.No, err)
	}
	if row.Total != order.Total {
		err = l.lapse(ctx, tx, order.No)
	}
	return row, err
}

// priced puts terms and their price into an order. The price is ours, not what
// the applicant's page says.
func (l *Ledger) priced(row orderRow, form flows.Form) (orderRow, error) {
	row.KeyFee, row.Courier = flows.Quote(form)
	row.Total = row.KeyFee + row.Courier
	var err error
	row.Sealed, err = l.seal(termsPlace(row), form)
	return row, err
}

func (l *Ledger) termsOf(order orderRow) (flows.Form, error) {
	form := flows.Form{}
	err := l.unseal(termsPlace(order), order.Sealed, &form)
	return form, err
}

func termsPlace(order orderRow) string { return "order/" + order.No }

// liveOrder finds the order of a talk that is not cancelled, or
// [desk.ErrUnknown].
func (l *Ledger) liveOrder(ctx context.Context, db bun.IDB, talk desk.TalkID) (orderRow, error) {
	var row orderRow
	err := db.NewSelect().Model(&row).Where("talk = ? AND state <> ?", talk, orderCancelled).Scan(ctx)
	return row, found(err, "order of "+string(talk))
}

func (l *Ledger) orderNo(ctx context.Context, db bun.IDB, no string) (orderRow, error) {
	row := orderRow{No: no}
	err := db.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row, found(err, "order "+no)
}

// turnOrder takes an open order to its new state; [errTaken] when somebody else
// did so first.
func (l *Ledger) turnOrder(ctx context.Context, tx txn, order orderRow) error {
	result, err := tx.NewUpdate().Model(&order).Column("state", "paid_at", "ships_by").
		WherePK().Where("state = ?", orderOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: order %s: %w", order.No, err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("ledger: order %s: %w", order.No, errors.Join(err, errTaken))
	}
	return nil
}

// orderFacts reads how far the order of a talk is, for [Ledger.Facts].
func (l *Ledger) orderFacts(ctx context.Context, db bun.IDB, talk desk.TalkID, f *flows.Facts) error {
	if err := l.companyFacts(ctx, db, talk, f); err != nil {
		return err
	}
	order, err := l.liveOrder(ctx, db, talk)
	if errors.Is(err, desk.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Ordered, f.Paid = true, order.State == orderPaid
	if err := l.parcelFacts(ctx, db, order.No, f); err != nil {
		return err
	}
	return l.keyFacts(ctx, db, order.No, f)
}

// paid is the news of a paid order.
func paid(order orderRow) flows.Paid {
	return flows.Paid{No: order.No, Amount: order.Total, Ships: flows.DayWords(moment(order.ShipsBy))}
}
