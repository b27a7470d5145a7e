package ledger

// Promises: effects to be performed and reports to be delivered. Their rows
// outlive the jobs of the queue, so that a promise whose job is lost is found.

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Report implements [desk.Book].
func (l *Ledger) Report(ctx context.Context, id string, talk desk.TalkID, what flows.Happening, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error { return l.report(ctx, tx, id, talk, what, at) })
}

// report stores what happened to a talk, once for ever by id, and the job that
// tells the talk of it.
func (l *Ledger) report(ctx context.Context, tx txn, id string, talk desk.TalkID, what flows.Happening, at time.Time) error {
	box, err := sealed.EncodeHappening(l.cfg.Keys, reportPlace(id), what)
	if err != nil {
		return fmt.Errorf("ledger: report %s: %w", id, err)
	}
	row := reportRow{
		ID: id, Talk: talk, Kind: what.Kind(), At: millis(at),
		Sealed: base64.StdEncoding.EncodeToString(box),
	}
	fresh, err := once(ctx, tx, &row)
	if err != nil || !fresh {
		return err
	}
	return l.post(ctx, tx, &row)
}

// answer reports what came of an effect. Whoever performs an effect in one
// transaction asks [Ledger.answered] first.
func (l *Ledger) answer(ctx context.Context, tx txn, ref desk.Ref, what flows.Happening, at time.Time) error {
	return l.report(ctx, tx, ref.Answer(), ref.Talk, what, at)
}

// answered reports whether an effect has its answer: then a repetition of its
// job has nothing left to do.
func (l *Ledger) answered(ctx context.Context, tx txn, ref desk.Ref) (bool, error) {
	return tx.NewSelect().Model((*reportRow)(nil)).Where("id = ?", ref.Answer()).Exists(ctx)
}

// openOrTell opens something for whoever asked under ref. When there is nothing
// to open, or it was answered before, it reports the outcome and returns
// [desk.ErrUsed].
func (l *Ledger) openOrTell(ctx context.Context, ref desk.Ref, at time.Time, open func(context.Context, txn) (outcome flows.Happening, err error)) error {
	over := false
	err := l.tx(ctx, func(ctx context.Context, tx txn) (err error) {
		over, err = l.answered(ctx, tx, ref)
		if err != nil || over {
			return err
		}
		outcome, err := open(ctx, tx)
		if err != nil || outcome == nil {
			return err
		}
		over = true
		return l.answer(ctx, tx, ref, outcome, at)
	})
	if err == nil && over {
		err = desk.ErrUsed
	}
	return err
}

func effectPlace(ref desk.Ref) string { return "effect/" + ref.String() }

func reportPlace(id string) string { return "report/" + id }

func (r effectRow) ref() desk.Ref { return desk.Ref{Talk: r.Talk, Event: r.Event, Index: r.Index} }

func rowOf(ref desk.Ref) effectRow {
	return effectRow{Talk: ref.Talk, Event: ref.Event, Index: ref.Index}
}

func missing(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Effect implements [desk.Jobs].
func (l *Ledger) Effect(ctx context.Context, ref desk.Ref) (flows.Effect, error) {
	row := rowOf(ref)
	err := l.read.NewSelect().Model(&row).WherePK().Where("done_at = 0").Scan(ctx)
	if missing(err) {
		return nil, desk.ErrUnknown
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: effect %s: %w", ref, err)
	}
	box, err := base64.StdEncoding.DecodeString(row.Sealed)
	if err != nil {
		return nil, fmt.Errorf("ledger: effect %s: %w", ref, sealed.ErrSealed)
	}
	return sealed.DecodeEffect(l.cfg.Keys, effectPlace(ref), box)
}

// Done implements [desk.Jobs]. What was to be done is forgotten with it: a
// message to the applicant need not be kept twice.
func (l *Ledger) Done(ctx context.Context, ref desk.Ref, at time.Time) error {
	row := rowOf(ref)
	_, err := l.db.NewUpdate().Model(&row).Set("done_at = ?", millis(at)).Set("sealed = ''").
		WherePK().Where("done_at = 0").Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: done %s: %w", ref, err)
	}
	return nil
}

// Reported implements [desk.Jobs].
func (l *Ledger) Reported(ctx context.Context, id string) (desk.TalkID, flows.Event, error) {
	row := reportRow{ID: id}
	err := l.read.NewSelect().Model(&row).WherePK().Where("accepted_at = 0").Scan(ctx)
	if missing(err) {
		return "", flows.Event{}, desk.ErrUnknown
	}
	if err != nil {
		return "", flows.Event{}, fmt.Errorf("ledger: report %s: %w", id, err)
	}
	box, err := base64.StdEncoding.DecodeString(row.Sealed)
	if err != nil {
		return "", flows.Event{}, fmt.Errorf("ledger: report %s: %w", id, sealed.ErrSealed)
	}
	what, err := sealed.DecodeHappening(l.cfg.Keys, reportPlace(id), box)
	if err != nil {
		return "", flows.Event{}, fmt.Errorf("ledger: report %s: %w", id, err)
	}
	return row.Talk, flows.Event{ID: id, At: moment(row.At), Via: flows.Within, What: what}, nil
}

// turnFor is how long a promise waits for an older one of its talk, so that one
// that cannot be kept does not hold up the rest.
const turnFor = time.Minute

// SayTurn implements [desk.Turns].
func (l *Ledger) SayTurn(ctx context.Context, ref desk.Ref) error {
	row := rowOf(ref)
	if err := l.read.NewSelect().Model(&row).Column("job").WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("ledger: turn of %s: %w", ref, err)
	}
	return l.inTurn(ctx, l.read.NewSelect().Model((*effectRow)(nil)).
		Where("talk = ? AND verb = ? AND done_at = 0", ref.Talk, flows.VerbSay), row.Job)
}

// ReportTurn implements [desk.Turns].
func (l *Ledger) ReportTurn(ctx context.Context, id string) error {
	row := reportRow{ID: id}
	if err := l.read.NewSelect().Model(&row).Column("talk", "job").WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("ledger: turn of %s: %w", id, err)
	}
	return l.inTurn(ctx, l.read.NewSelect().Model((*reportRow)(nil)).
		Where("talk = ? AND accepted_at = 0", row.Talk), row.Job)
}

// inTurn looks for an older promise of a sort that is still to be kept.
func (l *Ledger) inTurn(ctx context.Context, older *bun.SelectQuery, job int64) error {
	waits, err := older.Where("job < ? AND at > ?", job, millis(l.cfg.Now().Add(-turnFor))).Exists(ctx)
	if err == nil && waits {
		err = desk.ErrBusy
	}
	return err
}

// Accepted implements [desk.Jobs].
func (l *Ledger) Accepted(ctx context.Context, id string, at time.Time) error {
	_, err := l.db.NewUpdate().Model((*reportRow)(nil)).Set("accepted_at = ?", millis(at)).Set("sealed = ''").
		Where("id = ? AND accepted_at = 0", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("ledger: accepted %s: %w", id, err)
	}
	return nil
}

// employ makes the job that performs an effect, and notes it at the effect.
func (l *Ledger) employ(ctx context.Context, tx txn, row *effectRow) error {
	var err error
	if row.Job, err = l.insertJob(ctx, tx, effectJob(row.ref())); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).Column("job", "flagged_at").WherePK().Exec(ctx)
	return err
}

// post makes the job that delivers a report, and notes it at the report.
func (l *Ledger) post(ctx context.Context, tx txn, row *reportRow) error {
	var err error
	if row.Job, err = l.insertJob(ctx, tx, reportJob(row.ID)); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model(row).Column("job").WherePK().Exec(ctx)
	return err
}

const (
	stuckAfter  = 10 * time.Minute
	stuckAtOnce = 100
)

// Stuck finds promises older than ten minutes that no job will keep any more:
// its tries are used up, or it is lost. Each gets a new job; for an effect an
// agent is called as well, the first time, and its name is returned. To be
// called every minute or so, by any number of processes.
func (l *Ledger) Stuck(ctx context.Context, at time.Time) ([]desk.Ref, error) {
	var found []desk.Ref
	before := millis(at.Add(-l.hurried(stuckAfter)))
	err := l.tx(ctx, func(ctx context.Context, tx txn) error {
		var err error
		if found, err = l.stuckEffects(ctx, tx, before, at); err != nil {
			return err
		}
		return l.stuckReports(ctx, tx, before)
	})
	if err != nil {
		return nil, fmt.Errorf("ledger: stuck: %w", err)
	}
	return found, nil
}

// jobless is true of a row whose last job is finished or gone.
const jobless = "NOT EXISTS (SELECT 1 FROM river_job WHERE river_job.id = job AND river_job.finalized_at IS NULL)"

func (l *Ledger) stuckEffects(ctx context.Context, tx txn, before int64, at time.Time) ([]desk.Ref, error) {
	var rows []effectRow
	err := tx.NewSelect().Model(&rows).Where("done_at = 0 AND at < ?", before).Where(jobless).
		Order("at").Limit(stuckAtOnce).Scan(ctx)
	if err != nil {
		return nil, err
	}
	var flagged []desk.Ref
	for _, row := range rows {
		if row.FlaggedAt == 0 {
			row.FlaggedAt = millis(at)
			flagged = append(flagged, row.ref())
			if err := l.call(ctx, tx, row.Talk, WhyStuck, at); err != nil {
				return nil, err
			}
		}
		if err := l.employ(ctx, tx, &row); err != nil {
			return nil, err
		}
	}
	return flagged, nil
}

func (l *Ledger) stuckReports(ctx context.Context, tx txn, before int64) error {
	var rows []reportRow
	err := tx.NewSelect().Model(&rows).Where("accepted_at = 0 AND at < ?", before).Where(jobless).
		Order("at").Limit(stuckAtOnce).Scan(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := l.post(ctx, tx, &row); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) sealEffect(place string, e flows.Effect) (string, error) {
	box, err := sealed.EncodeEffect(l.cfg.Keys, place, e)
	return base64.StdEncoding.EncodeToString(box), err
}
