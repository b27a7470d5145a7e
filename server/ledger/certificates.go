package ledger

// Tickets and sessions: how the tool on the applicant's PC comes to work on
// one order, and never two tools on one.

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type ticketRow struct {
	bun.BaseModel `bun:"table:ticket"`

	CodeBlind string      `bun:"code_blind,pk"`
	OrderNo   string      `bun:"order_no"`
	State     ticketState `bun:"state"`
	At        int64       `bun:"at"`
	Until     int64       `bun:"until"`
}

type ticketState string

const (
	ticketOpen ticketState = "open"
	ticketUsed ticketState = "used"
	ticketVoid ticketState = "void"
)

type makingRow struct {
	bun.BaseModel `bun:"table:making"`

	TokenBlind string      `bun:"token_blind,pk"`
	OrderNo    string      `bun:"order_no"`
	PC         string      `bun:"pc"`
	State      makingState `bun:"state"`
	Authorised bool        `bun:"authorised"`
	Challenge  string      `bun:"challenge"`
	At         int64       `bun:"at"`
	Until      int64       `bun:"until"`
}

type makingState string

const (
	makingOpen   makingState = "open"
	makingClosed makingState = "closed"
)

const (
	ticketWithin  = 30 * time.Minute
	sessionWithin = 2 * time.Hour
)

// OfferTicket implements [desk.Certificates]. Without a paid order it is
// [desk.ErrUnknown].
func (l *Ledger) OfferTicket(ctx context.Context, ref desk.Ref, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		order, err := l.liveOrder(ctx, tx, ref.Talk)
		if err != nil {
			return err
		}
		if order.State != orderPaid {
			return fmt.Errorf("ledger: ticket for order %s: not paid: %w", order.No, desk.ErrUnknown)
		}
		cert, err := l.certificateFor(ctx, tx, order)
		if err != nil {
			return err
		}
		if cert.FinishedAt != 0 {
			return l.answer(ctx, tx, ref, flows.Activated{Serial: cert.Serial}, at)
		}
		if stands, err := l.stands(ctx, tx, order); err != nil {
			return err
		} else if !stands {
			return errors.Join(l.call(ctx, tx, ref.Talk, whyUnproved, at), l.answer(ctx, tx, ref, flows.CompanyUnproved{}, at))
		}
		ready, err := l.newTicket(ctx, tx, order, at)
		if err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, ready, at)
	})
}

// stands reports whether whoever an order names is proved now. A person stays
// proved; a company may lose its proof, or have been proved under another name
// since.
func (l *Ledger) stands(ctx context.Context, tx txn, order orderRow) (bool, error) {
	form, err := l.termsOf(order)
	if err != nil || form.Text(flows.KeyKind) != flows.KindCompany {
		return err == nil, err
	}
	proof, err := l.proofIn(ctx, tx, order.Talk, proofSeen)
	if errors.Is(err, desk.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	org, err := l.companyOf(proof)
	return org == form.Organisation(), err
}

// paidForm puts the company of a paid order over whatever was typed since: it is
// proved again when its proof is lost, and no other in its place.
func (l *Ledger) paidForm(ctx context.Context, db bun.IDB, talk desk.TalkID, form flows.Form) error {
	order, err := l.liveOrder(ctx, db, talk)
	if errors.Is(err, desk.ErrUnknown) || err == nil && order.State != orderPaid {
		return nil
	}
	if err != nil {
		return err
	}
	terms, err := l.termsOf(order)
	if err != nil || terms.Text(flows.KeyKind) != flows.KindCompany {
		return err
	}
	org := terms.Organisation()
	form[flows.KeyOrgName], form[flows.KeyCreditCode], form[flows.KeyOrgNumber] = org.Name, org.CreditCode, org.CreditCode
	return nil
}

// companyOrder is the order of a talk that stands on a company's proof, or
// [desk.ErrUnknown].
func (l *Ledger) companyOrder(ctx context.Context, db bun.IDB, talk desk.TalkID) (orderRow, error) {
	order, err := l.liveOrder(ctx, db, talk)
	if err != nil {
		return order, err
	}
	form, err := l.termsOf(order)
	if err == nil && form.Text(flows.KeyKind) != flows.KindCompany {
		err = desk.ErrUnknown
	}
	return order, err
}

// stopMaking ends what would make the certificate of a company's paid order, and
// reports whether there may be one already: once a public key is bound the
// authority is asked, and what is in the UKey works whatever its owner reports.
func (l *Ledger) stopMaking(ctx context.Context, tx txn, talk desk.TalkID) (made bool, err error) {
	order, err := l.companyOrder(ctx, tx, talk)
	if errors.Is(err, desk.ErrUnknown) || err == nil && order.State != orderPaid {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	cert, err := l.certificate(ctx, tx, order.No)
	if errors.Is(err, desk.ErrUnknown) {
		return false, nil // nobody has asked for it yet
	}
	if err != nil || cert.PublicKey != "" {
		return err == nil, err
	}
	return false, errors.Join(l.voidTickets(ctx, tx, order.No), closeMaking(ctx, tx, order.No))
}

func closeMaking(ctx context.Context, tx txn, orderNo string) error {
	_, err := tx.NewUpdate().Model((*makingRow)(nil)).Set("state = ?", makingClosed).
		Where("order_no = ? AND state = ?", orderNo, makingOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: sessions of order %s: %w", orderNo, err)
	}
	return nil
}

func (l *Ledger) newTicket(ctx context.Context, tx txn, order orderRow, at time.Time) (flows.TicketReady, error) {
	if err := l.voidTickets(ctx, tx, order.No); err != nil {
		return flows.TicketReady{}, err
	}
	code, err := desk.NewTicket()
	if err != nil {
		return flows.TicketReady{}, err
	}
	until := at.Add(l.hurried(ticketWithin))
	row := ticketRow{CodeBlind: l.ticketBlind(code), OrderNo: order.No, State: ticketOpen, At: millis(at), Until: millis(until)}
	fresh, err := once(ctx, tx, &row)
	if err == nil && !fresh {
		err = fmt.Errorf("ledger: ticket for order %s: %w", order.No, errTaken)
	}
	return flows.TicketReady{Code: code, Until: until}, err
}

func (l *Ledger) voidTickets(ctx context.Context, tx txn, orderNo string) error {
	_, err := tx.NewUpdate().Model((*ticketRow)(nil)).Set("state = ?", ticketVoid).
		Where("order_no = ? AND state = ?", orderNo, ticketOpen).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: tickets of order %s: %w", orderNo, err)
	}
	return nil
}

// ticketBlind is the index of a code however it is typed.
func (l *Ledger) ticketBlind(code flows.Secret) string { return l.blind("ticket", bareCode(code)) }

// bareCode is a code without what people put between its letters.
func bareCode(code flows.Secret) flows.Secret {
	return flows.Conceal(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(code.Reveal())))
}

// Redeem implements [desk.Certificates].
func (l *Ledger) Redeem(ctx context.Context, code flows.Secret, pc string, at time.Time) (desk.Session, error) {
	var session desk.Session
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		orderNo, err := l.useTicket(ctx, tx, code, at)
		if err != nil {
			return err
		}
		if err := closeMaking(ctx, tx, orderNo); err != nil {
			return err
		}
		token := flows.Conceal(rand.Text())
		row := makingRow{
			TokenBlind: l.blind("session", token), OrderNo: orderNo, State: makingOpen,
			At: millis(at), Until: millis(at.Add(l.hurried(sessionWithin))),
		}
		if row.PC, err = l.seal("making/"+row.TokenBlind, pc); err != nil {
			return err
		}
		fresh, err := once(ctx, tx, &row)
		if err == nil && !fresh {
			err = fmt.Errorf("ledger: session of order %s: %w", orderNo, errTaken)
		}
		if err != nil {
			return err
		}
		session, err = l.session(ctx, tx, row, token)
		return err
	})
	return session, err
}

// useTicket uses a ticket up and returns the order it is for.
func (l *Ledger) useTicket(ctx context.Context, tx txn, code flows.Secret, at time.Time) (orderNo string, err error) {
	row := ticketRow{CodeBlind: l.ticketBlind(code)}
	err = tx.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err := found(err, "ticket"); err != nil {
		return "", err
	}
	switch {
	case row.State == ticketUsed:
		return "", fmt.Errorf("ledger: ticket: %w", desk.ErrUsed)
	case row.State == ticketVoid || !at.Before(moment(row.Until)):
		return "", fmt.Errorf("ledger: ticket: %w", desk.ErrExpired)
	}
	row.State = ticketUsed
	result, err := tx.NewUpdate().Model(&row).Column("state").WherePK().Where("state = ?", ticketOpen).Exec(ctx)
	if err != nil {
		return "", fmt.Errorf("ledger: ticket: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return "", fmt.Errorf("ledger: ticket: %w", errors.Join(err, desk.ErrUsed))
	}
	return row.OrderNo, nil
}

// Session implements [desk.Certificates].
func (l *Ledger) Session(ctx context.Context, token flows.Secret, at time.Time) (desk.Session, error) {
	row, err := l.openMaking(ctx, l.read, token, at)
	if err != nil {
		return desk.Session{}, err
	}
	return l.session(ctx, l.read, row, token)
}

func (l *Ledger) openMaking(ctx context.Context, db bun.IDB, token flows.Secret, at time.Time) (makingRow, error) {
	row := makingRow{TokenBlind: l.blind("session", token)}
	err := db.NewSelect().Model(&row).WherePK().Where("state = ? AND until > ?", makingOpen, millis(at)).Scan(ctx)
	return row, found(err, "session")
}

// session is a row, and all that it stands on, in the words of the port.
func (l *Ledger) session(ctx context.Context, db bun.IDB, row makingRow, token flows.Secret) (desk.Session, error) {
	order, err := l.orderNo(ctx, db, row.OrderNo)
	if err != nil {
		return desk.Session{}, err
	}
	owner, err := l.account(ctx, db, order.Talk)
	if err != nil {
		return desk.Session{}, err
	}
	form, err := l.termsOf(order)
	if err != nil {
		return desk.Session{}, err
	}
	cert, err := l.certificate(ctx, db, order.No)
	if err != nil {
		return desk.Session{}, err
	}
	s := desk.Session{
		Token: token, Talk: order.Talk, OrderNo: order.No, Account: owner.Login, Mobile: owner.Mobile,
		Subject: subject(form), Container: cert.Container, Serial: cert.Serial, Authorised: row.Authorised,
		Step: cert.Step, Until: moment(row.Until),
	}
	return s, errors.Join(l.keysOf(cert, &s), l.challengeOf(row, &s))
}

// subject is whom the certificate speaks of: the names that were proved.
func subject(form flows.Form) flows.Subject {
	if form.Text(flows.KeyKind) != flows.KindCompany {
		return flows.Subject{Name: form[flows.KeyName]}
	}
	return flows.Subject{
		Name: form[flows.KeyOrgName], Handler: form[flows.KeyName],
		Organisation: true, CreditCode: form.Text(flows.KeyCreditCode),
	}
}

// keysOf reads what is bound to the order.
func (l *Ledger) keysOf(cert certificateRow, s *desk.Session) (err error) {
	if s.PublicKey, err = base64.StdEncoding.DecodeString(cert.PublicKey); err != nil {
		return fmt.Errorf("ledger: key of order %s: %w", cert.OrderNo, err)
	}
	if cert.Issued == "" {
		return nil
	}
	s.Issued = new(flows.Issued)
	return l.unseal(issuedPlace(cert), cert.Issued, s.Issued)
}

func (l *Ledger) challengeOf(row makingRow, s *desk.Session) error {
	if row.Challenge == "" {
		return nil
	}
	var c desk.Challenge
	err := l.unseal(challengePlace(row), row.Challenge, &c)
	s.Nonce, s.Plain = c.Nonce, c.Plain
	return err
}
