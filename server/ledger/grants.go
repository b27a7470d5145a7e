package ledger

// Companies proved without money (M41, M44-M57): by their own Alipay account,
// or by the applicant being their legal representative.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type grantRow struct {
	bun.BaseModel `bun:"table:company_grant"`

	Number  string      `bun:"number,pk"`
	Talk    desk.TalkID `bun:"talk"`
	Company string      `bun:"company"`
	Org     string      `bun:"org"`
	By      grantBy     `bun:"method"`
	Verify  string      `bun:"verify"`
	State   grantState  `bun:"state"`
	Wrong   int         `bun:"wrong"`
	At      int64       `bun:"at"`
	Until   int64       `bun:"until"`
}

type (
	grantBy    string
	grantState string
)

const (
	byCompany        grantBy = "company"
	byRepresentative grantBy = "representative"
)

// A spent grant was shown too many accounts that are not the company's; a
// closed one is too late, or was given up.
const (
	grantOpen   grantState = "open"
	grantProved grantState = "proved"
	grantSpent  grantState = "spent"
	grantClosed grantState = "closed"
)

const (
	holderTries = 5 // accounts that may be shown for one grant
	grantsADay  = 5 // for one organisation, whoever asks
)

const whyGrant = "grant" // an organisation shows accounts that are not its own

// OpenGrant implements [desk.Grants].
func (l *Ledger) OpenGrant(ctx context.Context, ref desk.Ref, at time.Time) (desk.Grant, error) {
	var grant desk.Grant
	err := l.openOrTell(ctx, ref, at, func(ctx context.Context, tx txn) (flows.Happening, error) {
		row, outcome, err := l.openGrant(ctx, tx, ref.Talk, at)
		if err != nil || outcome != nil {
			return outcome, err
		}
		grant, err = l.grantOf(ctx, tx, row)
		return nil, err
	})
	return grant, err
}

// openGrant returns the grant that the holder is to be asked for, or the report
// of a talk that needs none, or can have none, now.
func (l *Ledger) openGrant(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (grantRow, flows.Happening, error) {
	if seen, err := l.alreadyProved(ctx, tx, talk); err != nil || seen != nil {
		return grantRow{}, seen, err
	}
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return grantRow{}, nil, err
	}
	org := form.Organisation()
	by := byCompany
	if form.Text(flows.KeyMethod) == flows.MethodRepresentative {
		by = byRepresentative
	}
	if org.Name.IsZero() || org.CreditCode.IsZero() {
		return grantRow{}, flows.GrantRefused{Why: "请先填写贵单位的信息。"}, nil
	}
	switch _, err := l.provedPerson(ctx, tx, talk); {
	case errors.Is(err, desk.ErrUnknown):
		return grantRow{}, flows.GrantRefused{Why: "请先完成个人实名认证。"}, nil
	case err != nil:
		return grantRow{}, nil, err
	}
	old, err := l.openGrantOf(ctx, tx, talk)
	switch {
	case err == nil:
		was, err := l.granting(old)
		if err != nil {
			return grantRow{}, nil, err
		}
		if was == org && old.By == by && at.Before(moment(old.Until)) {
			return old, nil, nil
		}
		if err := l.turnGrant(ctx, tx, old, grantClosed); err != nil {
			return grantRow{}, nil, err
		}
	case !errors.Is(err, desk.ErrUnknown):
		return grantRow{}, nil, err
	}
	return l.newGrant(ctx, tx, talk, org, by, at)
}

func (l *Ledger) newGrant(ctx context.Context, tx txn, talk desk.TalkID, org flows.Organisation, by grantBy, at time.Time) (grantRow, flows.Happening, error) {
	blind := l.blind("grant/org", org.CreditCode)
	n, err := tx.NewSelect().Model((*grantRow)(nil)).Where("org = ? AND at > ?", blind, millis(at.Add(-24*time.Hour))).Count(ctx)
	if err != nil {
		return grantRow{}, nil, fmt.Errorf("ledger: grants of an organisation: %w", err)
	}
	if n >= grantsADay {
		return grantRow{}, flows.GrantRefused{Why: "今天已经为贵单位试过多次，请明天再试，或者改用对公汇款。"}, nil
	}
	row := grantRow{
		Number: "G" + randomName(), Talk: talk, Org: blind, By: by, State: grantOpen,
		At: millis(at), Until: millis(at.Add(l.hurried(flows.GrantWithin))),
	}
	if row.Company, err = l.seal(grantPlace(row), org); err != nil {
		return grantRow{}, nil, err
	}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: grant for %s: %w", talk, errTaken)
	}
	return row, nil, err
}

// GrantOpened implements [desk.Grants].
func (l *Ledger) GrantOpened(ctx context.Context, ref desk.Ref, g desk.Grant, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		row, err := l.grant(ctx, tx, g.Number)
		if err != nil || row.State != grantOpen {
			return err // given up meanwhile
		}
		if row.Verify == "" && g.Verify != "" {
			row.Verify = g.Verify
			if _, err := tx.NewUpdate().Model(&row).Column("verify").WherePK().Exec(ctx); err != nil {
				return fmt.Errorf("ledger: grant %s: %w", row.Number, err)
			}
		}
		opened := flows.GrantOpened{URL: l.grantURL(row), Until: moment(row.Until)}
		return errors.Join(l.learned(ctx, tx, row.Talk, opened, at), l.answer(ctx, tx, ref, opened, at))
	})
}

// Grant implements [desk.Grants].
func (l *Ledger) Grant(ctx context.Context, number string, at time.Time) (desk.Grant, error) {
	row, err := l.grant(ctx, l.read, number)
	if err != nil {
		return desk.Grant{}, err
	}
	grant, err := l.grantOf(ctx, l.read, row)
	return grant, errors.Join(err, row.usable(at))
}

// usable says why a grant cannot be used any more.
func (r grantRow) usable(at time.Time) error {
	switch {
	case r.State == grantProved:
		return desk.ErrUsed
	case r.State != grantOpen, !at.Before(moment(r.Until)):
		return desk.ErrExpired
	}
	return nil
}

// GrantEnded implements [desk.Grants].
func (l *Ledger) GrantEnded(ctx context.Context, number, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		row, err := l.grant(ctx, tx, number)
		if err == nil {
			err = row.usable(at)
		}
		if errors.Is(err, desk.ErrUsed) {
			return nil
		}
		if err != nil {
			return err
		}
		if why != "" {
			return l.wrongHolder(ctx, tx, row, why, at)
		}
		org, err := l.granting(row)
		if err != nil {
			return err
		}
		seen, err := l.provedOtherwise(ctx, tx, otherProof{Number: number, Talk: row.Talk, Org: org, Actor: "alipay holder", At: at})
		if err != nil {
			return err
		}
		return errors.Join(
			l.turnGrant(ctx, tx, row, grantProved),
			l.report(ctx, tx, "grant/"+number+"/proved", row.Talk, seen, at),
		)
	})
}

func (l *Ledger) wrongHolder(ctx context.Context, tx txn, row grantRow, why string, at time.Time) error {
	_, err := tx.NewUpdate().Model(&row).Set("wrong = wrong + 1").WherePK().Returning("wrong").Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: grant %s: %w", row.Number, err)
	}
	if row.Wrong >= holderTries {
		why += "已经试过" + fmt.Sprint(row.Wrong) + "次，二维码已失效，已请客服核实。"
		if err := errors.Join(l.turnGrant(ctx, tx, row, grantSpent), l.call(ctx, tx, row.Talk, whyGrant, at)); err != nil {
			return err
		}
	}
	id := fmt.Sprintf("grant/%s/wrong/%d", row.Number, row.Wrong)
	return l.report(ctx, tx, id, row.Talk, flows.GrantRefused{Why: why}, at)
}

// What the register was asked.
const (
	didCompare = "asked the register"
	didLookUp  = "looked a name up"
)

// MayCompare implements [desk.Grants].
func (l *Ledger) MayCompare(ctx context.Context, talk desk.TalkID, most int, at time.Time) (may bool, err error) {
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		may, err = l.mayAsk(ctx, tx, audited{Did: didCompare, Talk: talk, At: at}, most)
		return err
	})
	return may, err
}

// MayLookUp implements [desk.Grants].
func (l *Ledger) MayLookUp(ctx context.Context, talk desk.TalkID, org flows.Organisation, most int, at time.Time) (may bool, err error) {
	pair := l.blind("looked up", flows.Conceal(org.CreditCode.Reveal()+org.Name.Reveal()))
	err = l.tx(ctx, func(ctx context.Context, tx txn) error {
		may = false // this is begun again when another transaction was in the way
		before, err := tx.NewSelect().Model((*auditRow)(nil)).Where("talk = ? AND did = ? AND about = ?", talk, didLookUp, pair).Exists(ctx)
		if err != nil || before {
			return err
		}
		may, err = l.mayAsk(ctx, tx, audited{Did: didLookUp, Talk: talk, About: pair, At: at}, most)
		return err
	})
	return may, err
}

// mayAsk notes a question, unless so many of its sort were put in the day before.
func (l *Ledger) mayAsk(ctx context.Context, tx txn, a audited, most int) (bool, error) {
	n, err := tx.NewSelect().Model((*auditRow)(nil)).
		Where("talk = ? AND did = ? AND at > ?", a.Talk, a.Did, millis(a.At.Add(-l.hurried(24*time.Hour)))).Count(ctx)
	if err != nil {
		return false, fmt.Errorf("ledger: questions of %s: %w", a.Talk, err)
	}
	if int(n) >= most {
		return false, nil
	}
	return true, l.audit(ctx, tx, a)
}

// Represented implements [desk.Grants].
func (l *Ledger) Represented(ctx context.Context, ref desk.Ref, org flows.Organisation, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		seen, err := l.alreadyProved(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		if seen != nil {
			return l.answer(ctx, tx, ref, seen, at)
		}
		number, err := numbered("R", second, at, 10)
		if err != nil {
			return err
		}
		proved, err := l.provedOtherwise(ctx, tx, otherProof{Number: number, Talk: ref.Talk, Org: org, Actor: "register", At: at})
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, proved, at)
	})
}

// grantOf adds whom a representative's account is to belong to: the person that
// the talk has proved.
func (l *Ledger) grantOf(ctx context.Context, db bun.IDB, row grantRow) (desk.Grant, error) {
	org, err := l.granting(row)
	if err != nil {
		return desk.Grant{}, err
	}
	handler, err := l.provedPerson(ctx, db, row.Talk)
	return desk.Grant{
		Number: row.Number, Org: org, Handler: handler, Own: desk.Own(row.By == byRepresentative), Verify: row.Verify,
		URL: l.grantURL(row), Until: moment(row.Until),
	}, err
}

func (l *Ledger) grantURL(row grantRow) string { return l.cfg.PublicURL + "/h5/grant/" + row.Number }

func (l *Ledger) grant(ctx context.Context, db bun.IDB, number string) (grantRow, error) {
	row := grantRow{Number: number}
	err := db.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row, found(err, "grant")
}

func (l *Ledger) openGrantOf(ctx context.Context, db bun.IDB, talk desk.TalkID) (grantRow, error) {
	var row grantRow
	err := db.NewSelect().Model(&row).Where("talk = ? AND state = ?", talk, grantOpen).Scan(ctx)
	return row, found(err, "grant of "+string(talk))
}

func (l *Ledger) turnGrant(ctx context.Context, tx txn, row grantRow, state grantState) error {
	row.State = state
	if _, err := tx.NewUpdate().Model(&row).Column("state").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("ledger: grant of %s: %w", row.Talk, err)
	}
	return nil
}

func (l *Ledger) granting(row grantRow) (org flows.Organisation, err error) {
	return org, l.unseal(grantPlace(row), row.Company, &org)
}

func grantPlace(row grantRow) string { return "grant/" + row.Number }
