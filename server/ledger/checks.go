package ledger

// Checks: attempts to prove that the applicant is the person they name. One is
// open at a time, one passes at most, and what was proved stays as it was.

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

const (
	checkOpen    = "open"
	checkPassed  = "passed"
	checkRefused = "refused"
	checkExpired = "expired"
	checkClosed  = "closed" // given up, or another one succeeded
	checkLapsed  = "lapsed" // passed too long ago
)

const (
	checkGood      = 23 * time.Hour
	firstFacePoll  = 5 * time.Second
	checkRandom    = 12 // characters of a number, after its time
	checkNumbering = "20060102150405"
	refusedADay    = 5  // attempts of one talk, or about one person; guessing at somebody's data ends there
	openedADay     = 20 // by one talk; each costs the operator
)

// OpenCheck implements [desk.Checks]. An attempt that is too old, or that was
// opened for another way or other particulars than are saved now, is replaced,
// and so is one whose code was dropped. Without
// particulars there is nothing to open: FaceRefused asks for them.
func (l *Ledger) OpenCheck(ctx context.Context, ref desk.Ref, way flows.Way, at time.Time) (desk.Check, error) {
	var check desk.Check
	err := l.openOrTell(ctx, ref, at, func(ctx context.Context, tx txn) (flows.Happening, error) {
		form, err := l.saved(ctx, tx, ref.Talk)
		if err != nil {
			return nil, err
		}
		if chosen := flows.Way(form.Text(flows.KeyFactor)); chosen != "" && chosen != way {
			return nil, desk.ErrUsed // another way was chosen since, and nobody waits for this one
		}
		outcome, err := l.needsNoCheck(ctx, tx, ref.Talk, at)
		if outcome != nil {
			err = l.forget(ctx, tx, ref.Talk, flows.KeyBankCard) // nothing will be compared with it
		}
		if err != nil || outcome != nil {
			return outcome, err
		}
		check, err = l.openCheck(ctx, tx, ref.Talk, way, at)
		return nil, err
	})
	return check, err
}

// needsNoCheck returns the report for a talk that can have no attempt now, or
// nil.
func (l *Ledger) needsNoCheck(ctx context.Context, tx txn, talk desk.TalkID, at time.Time) (flows.Happening, error) {
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return nil, err
	}
	person, err := l.provedPerson(ctx, tx, talk)
	switch {
	case err == nil:
		return flows.FaceDone{Name: person.Name}, nil
	case !errors.Is(err, desk.ErrUnknown):
		return nil, err
	case !form.Has(flows.KeyName), !form.Has(flows.KeyIDNumber):
		return flows.FaceRefused{Why: "请先填写姓名和身份证号。"}, nil
	}
	lately := millis(at.Add(-l.hurried(24 * time.Hour)))
	refused, err := tx.NewSelect().Model((*checkRow)(nil)).Where("state = ? AND at > ?", checkRefused, lately).
		Where("(talk = ? OR id_blind = ?)", talk, l.personBlind(form[flows.KeyIDNumber])).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: refused checks of %s: %w", talk, err)
	}
	opened, err := tx.NewSelect().Model((*checkRow)(nil)).Where("talk = ? AND at > ?", talk, lately).Count(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: checks of %s: %w", talk, err)
	}
	if refused >= refusedADay || opened >= openedADay {
		return flows.FaceRefused{Why: "今天尝试的次数太多了，请明天再试，或回复“人工”。"}, nil
	}
	return nil, nil
}

// personBlind is the blind index by which attempts about one person are counted,
// whoever makes them.
func (l *Ledger) personBlind(idNumber flows.Secret) string {
	return l.blind("identity number", idNumber)
}

func (l *Ledger) openCheck(ctx context.Context, tx txn, talk desk.TalkID, way flows.Way, at time.Time) (desk.Check, error) {
	form, err := l.saved(ctx, tx, talk)
	if err != nil {
		return desk.Check{}, err
	}
	person := flows.Person{Name: form[flows.KeyName], IDNumber: form[flows.KeyIDNumber]}
	open, err := l.checkWhere(ctx, tx, "talk = ? AND state = ?", talk, checkOpen)
	if errors.Is(err, desk.ErrUnknown) {
		return l.makeCheck(ctx, tx, talk, way, person, at)
	}
	if err != nil {
		return desk.Check{}, err
	}
	dropped := way == flows.WayFace && open.Provider != "" && !form.Has(flows.KeyFaceURL)
	if open.Way == way && open.Person == person && at.Before(open.Until) && !dropped {
		return open, nil
	}
	state := checkClosed
	if !at.Before(open.Until) {
		state = checkExpired
	}
	if err := endCheck(ctx, tx, open.Number, state); err != nil {
		return desk.Check{}, err
	}
	return l.makeCheck(ctx, tx, talk, way, person, at)
}

func (l *Ledger) makeCheck(ctx context.Context, tx txn, talk desk.TalkID, way flows.Way, person flows.Person, at time.Time) (desk.Check, error) {
	number := "F" + at.In(flows.Beijing).Format(checkNumbering) + strings.ToUpper(randomName()[:checkRandom])
	row := checkRow{
		Number: number, Talk: talk, State: checkOpen, At: millis(at), Until: millis(at.Add(l.hurried(checkGood))),
		URL: l.cfg.PublicURL + "/h5/face/" + number, Way: way, IDBlind: l.personBlind(person.IDNumber),
	}
	var err error
	if row.Person, err = l.seal(checkPlace(number), person); err != nil {
		return desk.Check{}, err
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return desk.Check{}, fmt.Errorf("ledger: check of %s: %w", talk, err)
	}
	return l.checkOf(row)
}

func checkPlace(number string) string { return "check/" + number }

// checkWhere returns the one check that a condition describes, or
// [desk.ErrUnknown].
func (l *Ledger) checkWhere(ctx context.Context, db bun.IDB, where string, args ...any) (desk.Check, error) {
	var row checkRow
	err := db.NewSelect().Model(&row).Where(where, args...).Scan(ctx)
	if missing(err) {
		return desk.Check{}, desk.ErrUnknown
	}
	if err != nil {
		return desk.Check{}, fmt.Errorf("ledger: check: %w", err)
	}
	return l.checkOf(row)
}

func (l *Ledger) checkOf(row checkRow) (desk.Check, error) {
	check := desk.Check{Number: row.Number, Talk: row.Talk, Way: row.Way, Provider: row.Provider, URL: row.URL, Until: moment(row.Until)}
	if row.Person == "" {
		return check, nil
	}
	return check, l.unseal(checkPlace(row.Number), row.Person, &check.Person)
}

// CheckOpened implements [desk.Checks].
func (l *Ledger) CheckOpened(ctx context.Context, ref desk.Ref, c desk.Check, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		if done, err := l.answered(ctx, tx, ref); err != nil || done {
			return err
		}
		open, err := l.checkWhere(ctx, tx, "number = ? AND state = ?", c.Number, checkOpen)
		if err != nil {
			return err
		}
		if open.Provider == "" {
			if err := l.begin(ctx, tx, open, c.Provider, at); err != nil {
				return err
			}
		}
		opened := flows.FaceOpened{URL: open.URL, Until: open.Until}
		if err := l.learned(ctx, tx, open.Talk, opened, at); err != nil {
			return err
		}
		return l.answer(ctx, tx, ref, opened, at)
	})
}

// begin notes the provider's identifier, once, and starts the polls.
func (l *Ledger) begin(ctx context.Context, tx txn, c desk.Check, provider string, at time.Time) error {
	_, err := tx.NewUpdate().Model((*checkRow)(nil)).Set("provider = ?", provider).Where("number = ?", c.Number).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: check %s: %w", c.Number, err)
	}
	poll := desk.Poll{Partner: desk.PartnerFace, Number: c.Number, Talk: c.Talk, Since: at}
	return l.enqueue(ctx, tx, pollJob(poll, at.Add(l.hurried(firstFacePoll))))
}

// CheckEnded implements [desk.Checks].
func (l *Ledger) CheckEnded(ctx context.Context, number string, end desk.CheckEnd, at time.Time) error {
	state := checkExpired
	switch {
	case end.State == flows.FacePassed:
		state = checkPassed
	case end.Why != "":
		state = checkRefused
	}
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		open, err := l.checkWhere(ctx, tx, "number = ? AND state = ?", number, checkOpen)
		if errors.Is(err, desk.ErrUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		if state == checkExpired && at.Before(open.Until) {
			state = checkClosed // nobody was asked
		}
		if err := endCheck(ctx, tx, number, state); err != nil {
			return err
		}
		if err := l.forget(ctx, tx, open.Talk, flows.KeyBankCard); err != nil {
			return err
		}
		return l.tellEnd(ctx, tx, open, state, end, at)
	})
}

// endCheck closes an open check. The particulars of a person who was not
// proved are not kept with it.
func endCheck(ctx context.Context, tx txn, number, state string) error {
	update := tx.NewUpdate().Model((*checkRow)(nil)).Set("state = ?", state).Where("number = ? AND state = ?", number, checkOpen)
	if state != checkPassed {
		update = update.Set("person = ''")
	}
	if _, err := update.Exec(ctx); err != nil {
		return fmt.Errorf("ledger: check %s: %w", number, err)
	}
	return nil
}

func (l *Ledger) tellEnd(ctx context.Context, tx txn, c desk.Check, state string, end desk.CheckEnd, at time.Time) error {
	id := "check/" + c.Number + "/" + state
	if end.Ref != (desk.Ref{}) {
		id = end.Ref.Answer()
	}
	switch state {
	case checkPassed:
		done := flows.FaceDone{Name: c.Person.Name}
		if err := errors.Join(l.learned(ctx, tx, c.Talk, done, at), l.watchPerson(ctx, tx, c, at)); err != nil {
			return err
		}
		note := audited{Actor: "alipay", Did: "proved", Talk: c.Talk, About: c.Number, At: at}
		if c.Way != flows.WayFace {
			note.Actor, note.Did = "esign", "proved by "+string(c.Way)
		}
		if err := l.audit(ctx, tx, note); err != nil {
			return err
		}
		return l.report(ctx, tx, id, c.Talk, done, at)
	case checkRefused:
		return l.report(ctx, tx, id, c.Talk, flows.FaceRefused{Why: end.Why}, at)
	}
	return nil
}

// Factors implements [desk.Checks].
func (l *Ledger) Factors(ctx context.Context, talk desk.TalkID) (mobile, card flows.Secret, err error) {
	a, err := l.account(ctx, l.read, talk)
	if err != nil {
		return mobile, card, err
	}
	form, err := l.saved(ctx, l.read, talk)
	return a.Mobile, form[flows.KeyBankCard], err
}

// OpenCheckOf implements [desk.Checks].
func (l *Ledger) OpenCheckOf(ctx context.Context, talk desk.TalkID) (desk.Check, error) {
	return l.checkWhere(ctx, l.read, "talk = ? AND state = ?", talk, checkOpen)
}

// ProviderOf returns the provider's identifier of an open attempt, for the
// page that the QR code leads to: [desk.ErrUnknown] when there is no such
// attempt any more, [desk.ErrExpired] when it is too old.
func (l *Ledger) ProviderOf(ctx context.Context, number string, at time.Time) (string, error) {
	check, err := l.checkWhere(ctx, l.read, "number = ? AND state = ? AND provider <> ''", number, checkOpen)
	if err == nil && !at.Before(check.Until) {
		err = desk.ErrExpired
	}
	return check.Provider, err
}

// provedPerson returns the person that a talk has proved, or [desk.ErrUnknown].
func (l *Ledger) provedPerson(ctx context.Context, db bun.IDB, talk desk.TalkID) (flows.Person, error) {
	check, err := l.checkWhere(ctx, db, "talk = ? AND state = ?", talk, checkPassed)
	return check.Person, err
}

// proveForm puts the proved person over whatever was typed since.
func (l *Ledger) proveForm(ctx context.Context, db bun.IDB, talk desk.TalkID, form flows.Form) error {
	person, err := l.provedPerson(ctx, db, talk)
	if errors.Is(err, desk.ErrUnknown) {
		return nil
	}
	if err == nil {
		form[flows.KeyName], form[flows.KeyIDNumber] = person.Name, person.IDNumber
	}
	return err
}
