package ledger

// Companies proved by money that we send them (M70-M77). How much it is follows
// from the payout's number and our keys: nothing that is stored, backed up or
// logged tells it, and a payout that is asked for again is the same.

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type payoutRow struct {
	bun.BaseModel `bun:"table:payout"`

	Number  string      `bun:"number,pk"`
	Talk    desk.TalkID `bun:"talk"`
	Company string      `bun:"company"`
	Account string      `bun:"account"`
	Org     string      `bun:"org"`
	Low     flows.Fen   `bun:"low"`
	High    flows.Fen   `bun:"high"`
	State   payoutState `bun:"state"`
	Wrong   int         `bun:"wrong"`
	At      int64       `bun:"at"`
	Until   int64       `bun:"until"`
}

type payoutState string

// The bank has taken a sent payout, and says of an arrived one that the money is
// there: its amount may be told. A returned payout did not arrive, a spent one
// has no try left, a closed one was given up or is too late.
const (
	payoutOpen     payoutState = "open"
	payoutSent     payoutState = "sent"
	payoutArrived  payoutState = "arrived"
	payoutReturned payoutState = "returned"
	payoutSpent    payoutState = "spent"
	payoutClosed   payoutState = "closed"
	payoutProved   payoutState = "proved"
)

// companyAccount is where a payout goes.
type companyAccount struct {
	Number, Bank, Province, City, Branch flows.Secret
	Code                                 flows.Secret // of the branch, when somebody knows it
}

const (
	amountTries     = 3 // of one payout
	payoutsADay     = 3 // to one organisation, whoever asks
	wrongAMonth     = 6 // amounts told for one organisation, before another way must be gone
	firstPayoutPoll = 10 * time.Second
	accountTail     = 4
)

const (
	whyAmount   = "amount"   // an organisation does not find the amount
	whyReturned = "returned" // money that proved an organisation came back
	whyMade     = "made"     // and there may be a certificate, to be revoked
	whyUnproved = "unproved" // somebody wants to activate for an organisation that is not proved
)

// OpenPayout implements [desk.Payouts].
func (l *Ledger) OpenPayout(ctx context.Context, ref desk.Ref, between desk.Range, at time.Time) (flows.Payout, error) {
	var row payoutRow
	err := l.openOrTell(ctx, ref, at, func(ctx context.Context, tx txn) (outcome flows.Happening, err error) {
		row, outcome, err = l.openPayout(ctx, tx, ref.Talk, between, at)
		return outcome, err
	})
	if err != nil {
		return flows.Payout{}, err
	}
	return l.payoutOf(row)
}

// openPayout returns the payout that is to be sent, or the report of a talk that
// needs none, or can have none, now.
func (l *Ledger) openPayout(ctx context.Context, tx txn, talk desk.TalkID, between desk.Range, at time.Time) (payoutRow, flows.Happening, error) {
	if seen, err := l.alreadyProved(ctx, tx, talk); err != nil || seen != nil {
		return payoutRow{}, seen, err
	}
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return payoutRow{}, nil, err
	}
	org, to := payoutTarget(form)
	if org.Name.IsZero() || org.CreditCode.IsZero() || to.Number.IsZero() {
		return payoutRow{}, flows.PayoutRefused{Why: "请先填写贵单位的对公账户。"}, nil
	}
	live, err := l.livePayout(ctx, tx, talk)
	switch {
	case err == nil:
		same, err := l.sameTarget(live, org, to)
		if err != nil {
			return payoutRow{}, nil, err
		}
		if same && at.Before(moment(live.Until)) {
			if live.State != payoutOpen {
				return live, l.sentReport(live, to), nil
			}
			return live, nil, nil
		}
		if err := l.turnPayout(ctx, tx, live, payoutClosed); err != nil {
			return payoutRow{}, nil, err
		}
	case !errors.Is(err, desk.ErrUnknown):
		return payoutRow{}, nil, err
	}
	return l.newPayout(ctx, tx, talk, org, to, between, at)
}

// payoutTarget is what the saved answers ask to be proved, and by which account.
func payoutTarget(form flows.Form) (flows.Organisation, companyAccount) {
	return form.Organisation(), companyAccount{
		Number: form[flows.KeyProofAccount], Bank: form[flows.KeyProofBank],
		Province: form[flows.KeyProofProvince], City: form[flows.KeyProofCity], Branch: form[flows.KeyProofBranch],
		Code: form[flows.KeyProofCode],
	}
}

func (l *Ledger) newPayout(ctx context.Context, tx txn, talk desk.TalkID, org flows.Organisation, to companyAccount, between desk.Range, at time.Time) (payoutRow, flows.Happening, error) {
	blind := l.blind("payout/org", org.CreditCode)
	n, err := tx.NewSelect().Model((*payoutRow)(nil)).Where("org = ? AND at > ?", blind, millis(at.Add(-24*time.Hour))).Count(ctx)
	if err != nil {
		return payoutRow{}, nil, fmt.Errorf("ledger: payouts to an organisation: %w", err)
	}
	if n >= payoutsADay {
		return payoutRow{}, flows.PayoutRefused{Why: "今天已经向贵单位汇款3次，请明天再试，或者改为由贵单位汇款。"}, nil
	}
	wrong, err := l.wrongAmounts(ctx, tx, blind, at)
	if err != nil {
		return payoutRow{}, nil, err
	}
	if wrong >= wrongAMonth {
		return payoutRow{}, flows.PayoutRefused{Why: "这种方式本月不能再用了，请改为由贵单位汇款，或上传材料由人工核验。"}, nil
	}
	number, err := numbered("O", second, at, 10)
	if err != nil {
		return payoutRow{}, nil, err
	}
	row := payoutRow{
		Number: number, Talk: talk, Org: blind, Low: between.Low, High: between.High, State: payoutOpen,
		At: millis(at), Until: millis(at.Add(l.hurried(flows.AmountWithin))),
	}
	if row.Company, err = l.seal(payoutPlace(number, "company"), org); err != nil {
		return payoutRow{}, nil, err
	}
	if row.Account, err = l.seal(payoutPlace(number, "account"), to); err != nil {
		return payoutRow{}, nil, err
	}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: payout for %s: %w", talk, errTaken)
	}
	return row, nil, err
}

// PayoutTaken implements [desk.Payouts].
func (l *Ledger) PayoutTaken(ctx context.Context, ref desk.Ref, number string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		row, err := l.payout(ctx, tx, number)
		if err != nil {
			return err
		}
		if !row.State.live() {
			return nil // given up meanwhile
		}
		if row.State == payoutOpen {
			poll := desk.Poll{Partner: desk.PartnerPayer, Number: number, Talk: row.Talk, Since: at}
			if err := errors.Join(
				l.turnPayout(ctx, tx, row, payoutSent),
				l.enqueue(ctx, tx, pollJob(poll, at.Add(l.hurried(firstPayoutPoll)))),
				l.audit(ctx, tx, audited{Did: "paid out", Talk: row.Talk, About: number, At: at}),
			); err != nil {
				return err
			}
		}
		_, to, err := l.targetOf(row)
		if err != nil {
			return err
		}
		sent := l.sentReport(row, to)
		return errors.Join(l.learned(ctx, tx, row.Talk, sent, at), l.answer(ctx, tx, ref, sent, at))
	})
}

func (l *Ledger) sentReport(row payoutRow, to companyAccount) flows.PayoutSent {
	account := to.Number.Reveal()
	return flows.PayoutSent{Tail: account[max(0, len(account)-accountTail):], Until: moment(row.Until), Left: amountTries - row.Wrong}
}

func (s payoutState) live() bool { return s == payoutOpen || s == payoutSent || s == payoutArrived }

// PayoutArrived implements [desk.Payouts].
func (l *Ledger) PayoutArrived(ctx context.Context, number string) error {
	_, err := l.db.NewUpdate().Model((*payoutRow)(nil)).Set("state = ?", payoutArrived).
		Where("number = ? AND state = ?", number, payoutSent).Exec(ctx) // an open one is not noted as taken yet
	if err != nil {
		return fmt.Errorf("ledger: payout %s: %w", number, err)
	}
	return nil
}

// PayoutReturned implements [desk.Payouts].
func (l *Ledger) PayoutReturned(ctx context.Context, number, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, err := l.payout(ctx, tx, number)
		switch {
		case err != nil:
			return err
		case row.State == payoutProved:
			return errors.Join(l.turnPayout(ctx, tx, row, payoutReturned), l.proofReturned(ctx, tx, row, at))
		case !row.State.live():
			return nil
		}
		return errors.Join(
			l.turnPayout(ctx, tx, row, payoutReturned),
			l.report(ctx, tx, "payout/"+number+"/returned", row.Talk, flows.PayoutRefused{Why: why}, at),
		)
	})
}

// proofReturned takes back what an amount proved whose money came back after all:
// it was never in the company's account. A paid order stays, and waits until the
// company is proved again; of a certificate that is made already, a person
// decides.
func (l *Ledger) proofReturned(ctx context.Context, tx txn, row payoutRow, at time.Time) error {
	made, err := l.stopMaking(ctx, tx, row.Talk)
	if err != nil {
		return err
	}
	if made {
		return l.call(ctx, tx, row.Talk, whyMade, at)
	}
	if err := l.call(ctx, tx, row.Talk, whyReturned, at); err != nil {
		return err
	}
	if err := l.dropUnpaidOrder(ctx, tx, row.Talk); err != nil {
		return err
	}
	proof := proofRow{Number: row.Number}
	if err := found(tx.NewSelect().Model(&proof).WherePK().Scan(ctx), "proof "+row.Number); err != nil || proof.State != proofSeen {
		return err
	}
	return errors.Join(
		l.takeBack(ctx, tx, proof, at),
		l.forget(ctx, tx, row.Talk, flows.KeyProofAccount), // it is not the company's
		l.audit(ctx, tx, audited{Did: "proof taken back", Talk: row.Talk, About: row.Number, At: at}),
	)
}

// dropUnpaidOrder ends the order of a company that nobody has paid for. A
// person's own order stands on no company.
func (l *Ledger) dropUnpaidOrder(ctx context.Context, tx txn, talk desk.TalkID) error {
	order, err := l.companyOrder(ctx, tx, talk)
	if errors.Is(err, desk.ErrUnknown) || err == nil && order.State == orderPaid {
		return nil
	}
	if err != nil {
		return err
	}
	order.State = orderCancelled
	return errors.Join(l.turnOrder(ctx, tx, order), l.lapse(ctx, tx, order.No))
}

// CheckAmount implements [desk.Payouts].
func (l *Ledger) CheckAmount(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		outcome, err := l.compare(ctx, tx, ref.Talk, at)
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, outcome, at)
	})
}

// compare uses one try up, unless the company is proved.
func (l *Ledger) compare(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (flows.Happening, error) {
	if seen, err := l.alreadyProved(ctx, tx, talk); err != nil || seen != nil {
		return seen, err
	}
	row, err := l.livePayout(ctx, tx, talk)
	if errors.Is(err, desk.ErrUnknown) || err == nil && !at.Before(moment(row.Until)) {
		return flows.AmountWrong{Why: "这笔汇款已经失效。"}, nil
	}
	if err != nil {
		return nil, err
	}
	if row.State != payoutArrived {
		return flows.PayoutNotYet{Why: "银行显示这笔汇款还没有到账。到账后请再填一次，这次不算次数。"}, nil
	}
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	told, err := flows.ParseFen(form.Text(flows.KeyAmount))
	if err != nil {
		return nil, fmt.Errorf("ledger: amount of %s: %w", talk, desk.ErrWrong)
	}
	if told == l.amount(row) {
		return l.provedByAmount(ctx, tx, row, at)
	}
	return l.wrongAmount(ctx, tx, row, at)
}

func (l *Ledger) wrongAmount(ctx context.Context, tx txn, row payoutRow, at time.Time) (flows.Happening, error) {
	_, err := tx.NewUpdate().Model(&row).Set("wrong = wrong + 1").WherePK().Returning("wrong").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: payout %s: %w", row.Number, err)
	}
	all, err := l.wrongAmounts(ctx, tx, row.Org, at)
	if err == nil && all%amountTries == 0 { // however many payouts they are spread over
		err = l.call(ctx, tx, row.Talk, whyAmount, at)
	}
	if err != nil {
		return nil, err
	}
	if left := amountTries - row.Wrong; left > 0 {
		return flows.AmountWrong{Left: left, Why: fmt.Sprintf("金额不对，还可以填%d次。请财务按网银显示的金额填写。", left)}, nil
	}
	return flows.AmountWrong{Why: "金额不对，3次机会已用完。"}, errors.Join(
		l.turnPayout(ctx, tx, row, payoutSpent), l.call(ctx, tx, row.Talk, whyAmount, at),
	)
}

// wrongAmounts counts what was told wrongly for an organisation in thirty days, by
// whomever, also of payouts that were given up.
func (l *Ledger) wrongAmounts(ctx context.Context, tx txn, org string, at time.Time) (n int, err error) {
	err = tx.NewSelect().Model((*payoutRow)(nil)).ColumnExpr("COALESCE(SUM(wrong), 0)").
		Where("org = ? AND at > ?", org, millis(at.Add(-30*24*time.Hour))).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("ledger: wrong amounts: %w", err)
	}
	return n, nil
}

// provedByAmount closes a payout with success.
func (l *Ledger) provedByAmount(ctx context.Context, tx txn, row payoutRow, at time.Time) (flows.Happening, error) {
	org, _, err := l.targetOf(row)
	if err != nil {
		return nil, err
	}
	seen, err := l.provedOtherwise(ctx, tx, otherProof{Number: row.Number, Talk: row.Talk, Org: org, Actor: "amount", At: at})
	return seen, errors.Join(err, l.turnPayout(ctx, tx, row, payoutProved))
}

// LivePayout implements [desk.Payouts].
func (l *Ledger) LivePayout(ctx context.Context, talk desk.TalkID) (number string, err error) {
	row, err := l.livePayout(ctx, l.read, talk)
	return row.Number, err
}

func (l *Ledger) livePayout(ctx context.Context, db bun.IDB, talk desk.TalkID) (payoutRow, error) {
	var row payoutRow
	err := db.NewSelect().Model(&row).Where("talk = ? AND state IN (?, ?, ?)", talk, payoutOpen, payoutSent, payoutArrived).Scan(ctx)
	return row, found(err, "payout of "+string(talk))
}

func (l *Ledger) payout(ctx context.Context, db bun.IDB, number string) (payoutRow, error) {
	row := payoutRow{Number: number}
	err := db.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row, found(err, "payout "+number)
}

func (l *Ledger) turnPayout(ctx context.Context, tx txn, row payoutRow, state payoutState) error {
	row.State = state
	if _, err := tx.NewUpdate().Model(&row).Column("state").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: payout %s: %w", row.Number, err)
	}
	return nil
}

// amount is a keyed hash of the number, brought into the range.
func (l *Ledger) amount(row payoutRow) flows.Fen {
	hash := sha256.Sum256([]byte(l.cfg.Keys.Blind("payout/amount", row.Number)))
	n := binary.BigEndian.Uint64(hash[:8])
	return row.Low + flows.Fen(n%uint64(row.High-row.Low+1))
}

func (l *Ledger) payoutOf(row payoutRow) (flows.Payout, error) {
	org, to, err := l.targetOf(row)
	return flows.Payout{
		Number: row.Number, Amount: l.amount(row), Name: org.Name, Account: to.Number,
		Bank: to.Bank.Reveal(), Province: to.Province.Reveal(), City: to.City.Reveal(), Branch: to.Branch.Reveal(),
		BranchCode: to.Code.Reveal(),
	}, err
}

func (l *Ledger) targetOf(row payoutRow) (org flows.Organisation, to companyAccount, err error) {
	err = errors.Join(
		l.unseal(payoutPlace(row.Number, "company"), row.Company, &org),
		l.unseal(payoutPlace(row.Number, "account"), row.Account, &to),
	)
	return org, to, err
}

func (l *Ledger) sameTarget(row payoutRow, org flows.Organisation, to companyAccount) (bool, error) {
	wasOrg, wasTo, err := l.targetOf(row)
	if to.Code.IsZero() {
		wasTo.Code = flows.Secret{} // earlier releases looked the code up themselves
	}
	return wasOrg == org && wasTo == to, err
}

func payoutPlace(number, column string) string { return "payout/" + number + "/" + column }
