package ledger

// The making of certificates, step by step. Each step is checked against the
// rows, so that no order of calls stores two certificates for one order, or one
// for a UKey or a key pair that the order was not bound to. That the authority
// issues no second one either is its promise, kept by the order's number.

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type certificateRow struct {
	bun.BaseModel `bun:"table:certificate"`

	OrderNo    string      `bun:"order_no,pk"`
	Talk       desk.TalkID `bun:"talk"`
	Container  string      `bun:"container"`
	Serial     string      `bun:"serial"`
	PublicKey  string      `bun:"public_key"`
	Issued     string      `bun:"issued"`
	Step       int         `bun:"step"`
	FinishedAt int64       `bun:"finished_at"`
}

// The steps of the tool that the ledger itself takes notice of, in the
// numbers of the manual (M115-M119).
const (
	stepRequest = 2 // done when the certificates have come
	stepImport  = 4 // done when everything is in the UKey
	stepFinish  = 5 // done when both keys were proved
)

// States of a step, as the tool tells them.
const (
	stepStarted = "started"
	stepDone    = "done"
	stepFailed  = "failed"
)

// certificateFor returns the certificate job of a paid order, or makes it.
func (l *Ledger) certificateFor(ctx context.Context, tx txn, order orderRow) (certificateRow, error) {
	row := certificateRow{OrderNo: order.No, Talk: order.Talk, Container: "cert-" + order.No}
	if _, err := once(ctx, tx, &row); err != nil {
		return certificateRow{}, err
	}
	return l.certificate(ctx, tx, order.No)
}

func (l *Ledger) certificate(ctx context.Context, db bun.IDB, orderNo string) (certificateRow, error) {
	row := certificateRow{OrderNo: orderNo}
	err := db.NewSelect().Model(&row).WherePK().Scan(ctx)
	return row, found(err, "certificate of order "+orderNo)
}

// keyFacts reads how far the certificate of an order is.
func (l *Ledger) keyFacts(ctx context.Context, db bun.IDB, orderNo string, f *flows.Facts) error {
	row, err := l.certificate(ctx, db, orderNo)
	if errors.Is(err, desk.ErrUnknown) {
		return nil
	}
	f.Activated = row.FinishedAt != 0
	return err
}

// Change implements [desk.Certificates].
func (l *Ledger) Change(ctx context.Context, s desk.Session, change desk.KeyChange, at time.Time) (desk.Session, error) {
	var changed desk.Session
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		run, err := l.openMaking(ctx, tx, s.Token, at)
		if err != nil {
			return err
		}
		cert, err := l.certificate(ctx, tx, run.OrderNo)
		if err != nil {
			return err
		}
		m := making{ledger: l, tx: tx, run: run, cert: cert, at: at}
		if err := m.apply(ctx, change); err != nil {
			return fmt.Errorf("ledger: certificate of order %s: %w", cert.OrderNo, err)
		}
		changed, err = l.session(ctx, tx, m.run, s.Token)
		return err
	})
	return changed, err
}

// making is one change under way.
type making struct {
	ledger *Ledger
	tx     txn
	run    makingRow
	cert   certificateRow
	at     time.Time
}

func (m *making) apply(ctx context.Context, change desk.KeyChange) error {
	switch {
	case change.Serial != "":
		return m.bindDevice(ctx, change.Serial)
	case change.Authorise != nil:
		return m.authorise(ctx)
	case change.PublicKey != nil:
		return m.bindKey(ctx, change.PublicKey)
	case change.Issued != nil:
		return m.store(ctx, *change.Issued)
	case change.Step != nil:
		return m.step(ctx, *change.Step)
	case change.Challenge != nil:
		return m.challenge(ctx, *change.Challenge)
	case change.Finished != nil:
		return m.finish(ctx)
	}
	return fmt.Errorf("a change of nothing: %w", desk.ErrWrong)
}

func (m *making) bindDevice(ctx context.Context, serial string) error {
	if m.cert.Serial != "" {
		return same("UKey", m.cert.Serial, serial)
	}
	m.cert.Serial = serial
	return m.saveCert(ctx, "serial")
}

func (m *making) authorise(ctx context.Context) error {
	if m.cert.Serial == "" {
		return early("the code before the UKey")
	}
	m.run.Authorised = true
	return m.saveRun(ctx, "authorised")
}

func (m *making) bindKey(ctx context.Context, spki []byte) error {
	if !m.run.Authorised {
		return early("the key before the code")
	}
	key := base64.StdEncoding.EncodeToString(spki)
	if m.cert.PublicKey != "" {
		return same("key", m.cert.PublicKey, key)
	}
	m.cert.PublicKey = key
	return m.saveCert(ctx, "public_key")
}

// store keeps what the authority issued. The first answer stays: of two asked
// for at once, the second is thrown away and the first is what both give out.
func (m *making) store(ctx context.Context, issued flows.Issued) error {
	if m.cert.PublicKey == "" || !m.run.Authorised {
		return early("certificates before the key")
	}
	if m.cert.Issued != "" {
		return nil
	}
	var err error
	if m.cert.Issued, err = m.ledger.seal(issuedPlace(m.cert), issued); err != nil {
		return err
	}
	return errors.Join(
		m.saveCert(ctx, "issued"),
		m.ledger.audit(ctx, m.tx, audited{Actor: "authority", Did: "issued", Talk: m.cert.Talk, About: m.cert.OrderNo, At: m.at}),
	)
}

// step notes what the tool does and mirrors it into the chat. A later run of
// the tool begins again at the first step, so a lower one is always welcome.
func (m *making) step(ctx context.Context, s flows.KeyStep) error {
	switch {
	case s.Step < 1 || s.Step > stepFinish,
		s.State != stepStarted && s.State != stepDone && s.State != stepFailed:
		return fmt.Errorf("no such step: %w", desk.ErrWrong)
	case !m.run.Authorised:
		return early("a step before the code")
	case s.Step > m.cert.Step+1:
		return early(fmt.Sprintf("step %d before step %d", s.Step, s.Step-1))
	case s.State == stepDone && s.Step >= stepRequest && m.cert.Issued == "":
		return early("a request done before the certificates")
	case s.State == stepDone && s.Step == stepFinish && m.cert.FinishedAt == 0:
		return early("the end before the proof")
	}
	if s.State == stepDone && s.Step > m.cert.Step {
		m.cert.Step = s.Step
		if err := m.saveCert(ctx, "step"); err != nil {
			return err
		}
	}
	id := fmt.Sprintf("cert/%s/%.8s/%d/%s", m.cert.OrderNo, m.run.TokenBlind, s.Step, s.State)
	return m.ledger.report(ctx, m.tx, id, m.cert.Talk, s, m.at)
}

// challenge sets what the two keys must prove. A new one replaces the old.
func (m *making) challenge(ctx context.Context, c desk.Challenge) error {
	if !m.run.Authorised || m.cert.Step < stepImport {
		return early("the proof before the import")
	}
	var err error
	if m.run.Challenge, err = m.ledger.seal(challengePlace(m.run), c); err != nil {
		return err
	}
	return m.saveRun(ctx, "challenge")
}

// finish closes the order. The challenge stays, so that a tool which did not
// hear the answer may prove the same again.
func (m *making) finish(ctx context.Context) error {
	if m.run.Challenge == "" {
		return early("the end before the proof")
	}
	if m.cert.FinishedAt != 0 {
		return nil
	}
	m.cert.FinishedAt = millis(m.at)
	activated := flows.Activated{Serial: m.cert.Serial}
	return errors.Join(
		m.saveCert(ctx, "finished_at"),
		m.ledger.voidTickets(ctx, m.tx, m.cert.OrderNo),
		m.ledger.learned(ctx, m.tx, m.cert.Talk, activated, m.at),
		m.ledger.report(ctx, m.tx, "cert/"+m.cert.OrderNo+"/activated", m.cert.Talk, activated, m.at),
		m.ledger.audit(ctx, m.tx, audited{Did: "activated", Talk: m.cert.Talk, About: m.cert.OrderNo, At: m.at}),
	)
}

func (m *making) saveCert(ctx context.Context, column string) error {
	_, err := m.tx.NewUpdate().Model(&m.cert).Column(column).WherePK().Exec(ctx)
	return err
}

func (m *making) saveRun(ctx context.Context, column string) error {
	_, err := m.tx.NewUpdate().Model(&m.run).Column(column).WherePK().Exec(ctx)
	return err
}

func same(what, bound, given string) error {
	if bound != given {
		return fmt.Errorf("another %s: %w", what, desk.ErrOther)
	}
	return nil
}

func early(what string) error { return fmt.Errorf("%s: %w", what, desk.ErrWrong) }

func issuedPlace(cert certificateRow) string { return "issued/" + cert.OrderNo }

func challengePlace(run makingRow) string { return "challenge/" + run.TokenBlind }
