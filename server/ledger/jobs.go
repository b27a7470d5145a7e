package ledger

// Jobs: what is to be done later, kept by river in the ledger's own
// transaction. Nothing outside of this file knows the queue.

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"

	"certdesk/flows"
	"certdesk/server/desk"
)

// The arguments of jobs are names only: what they stand for is in a table.
type (
	effectArgs struct {
		Talk  desk.TalkID `json:"talk"`
		Event string      `json:"event"`
		Index int         `json:"index"`
	}
	reportArgs struct {
		ID string `json:"id"`
	}
	timerArgs struct {
		Talk  desk.TalkID `json:"talk"`
		Entry string      `json:"entry"`
		Nudge int         `json:"nudge,omitempty"`
		At    int64       `json:"at"`
	}
	pollArgs struct {
		Poll desk.Poll `json:"poll"`
	}
)

func (effectArgs) Kind() string { return "effect" }
func (reportArgs) Kind() string { return "report" }
func (timerArgs) Kind() string  { return "timer" }
func (pollArgs) Kind() string   { return "poll" }

// An effect that failed for half an hour is a person's business: see
// [Ledger.Stuck]. The others are tried until they succeed.
const (
	effectTries = 14
	otherTries  = 10_000
)

// job is something to be done at a time, or at once when there is none.
type job struct {
	args  river.JobArgs
	at    time.Time
	tries int
}

func effectJob(ref desk.Ref) job {
	return job{effectArgs{ref.Talk, ref.Event, ref.Index}, time.Time{}, effectTries}
}

func reportJob(id string) job { return job{reportArgs{id}, time.Time{}, otherTries} }

func timerJob(talk desk.TalkID, w flows.Wait, at time.Time) job {
	return job{timerArgs{talk, w.Entry, w.Nudge, millis(at)}, at, otherTries}
}

func pollJob(p desk.Poll, at time.Time) job { return job{pollArgs{p}, at, otherTries} }

// enqueue makes a job exist when, and only when, the transaction commits.
func (l *Ledger) enqueue(ctx context.Context, tx txn, j job) error {
	_, err := l.insertJob(ctx, tx, j)
	return err
}

func (l *Ledger) insertJob(ctx context.Context, tx txn, j job) (int64, error) {
	result, err := tx.insert(ctx, j.args, &river.InsertOpts{MaxAttempts: j.tries, ScheduledAt: j.at})
	if err != nil {
		return 0, fmt.Errorf("ledger: enqueue %s: %w", j.args.Kind(), err)
	}
	return result.Job.ID, nil
}

const (
	atOnce       = 50 // jobs worked at a time by one process
	fetchEvery   = 10 * time.Millisecond
	pollEvery    = 500 * time.Millisecond
	jobTime      = 20 * time.Second
	rescuedAfter = 60 * time.Second
	firstRetry   = time.Second
	slowestRetry = 5 * time.Minute
	keptFinished = time.Hour
)

// newQueue makes a client of the queue: one that only inserts when it has no
// work to give its jobs to.
func newQueue[T any](driver riverdriver.Driver[T], work desk.Work, cfg Config) (*river.Client[T], error) {
	settings := &river.Config{Logger: silent}
	if work != nil {
		settings = &river.Config{
			Queues:                      map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}},
			Workers:                     workers(work),
			FetchCooldown:               fetchEvery,
			FetchPollInterval:           pollEvery,
			JobTimeout:                  jobTime,
			RescueStuckJobsAfter:        rescuedAfter,
			SoftStopTimeout:             jobTime,
			CompletedJobRetentionPeriod: keptFinished,
			RetryPolicy:                 retries{hurry: cfg.Hurry, now: cfg.Now},
			Logger:                      cfg.Log,
		}
	}
	queue, err := river.NewClient(driver, settings)
	if err != nil {
		return nil, fmt.Errorf("ledger: queue: %w", err)
	}
	return queue, nil
}

// perform works through the queue until ctx ends.
func perform[T any](ctx context.Context, driver riverdriver.Driver[T], work desk.Work, cfg Config) error {
	queue, err := newQueue(driver, work, cfg)
	if err != nil {
		return err
	}
	if err := queue.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // the end came during the start
		}
		return fmt.Errorf("ledger: start the queue: %w", err)
	}
	<-queue.Stopped()
	return nil
}

// silent is the log of those parts of the queue whose errors we return.
var silent = slog.New(slog.DiscardHandler)

func workers(w desk.Work) *river.Workers {
	all := river.NewWorkers()
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, j *river.Job[effectArgs]) error {
		return inTime(w.Perform(ctx, desk.Ref{Talk: j.Args.Talk, Event: j.Args.Event, Index: j.Args.Index}))
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, j *river.Job[reportArgs]) error {
		return inTime(w.Deliver(ctx, j.Args.ID))
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, j *river.Job[timerArgs]) error {
		return w.Ring(ctx, j.Args.Talk, flows.Waited{Entry: j.Args.Entry, Nudge: j.Args.Nudge}, moment(j.Args.At))
	}))
	river.AddWorker(all, river.WorkFunc(func(ctx context.Context, j *river.Job[pollArgs]) error {
		again, err := w.Poll(ctx, j.Args.Poll)
		if err == nil && again > 0 {
			return river.JobSnooze(again)
		}
		return err
	}))
	return all
}

const turnPause = 50 * time.Millisecond

// inTime lets a job whose turn has not come wait a moment: that is no failure.
func inTime(err error) error {
	if errors.Is(err, desk.ErrBusy) {
		return river.JobSnooze(turnPause)
	}
	return err
}

// retries waits twice as long after each failure.
type retries struct {
	hurry int
	now   func() time.Time
}

// NextRetry implements [river.ClientRetryPolicy].
func (r retries) NextRetry(j *rivertype.JobRow) time.Time {
	pause := slowestRetry
	if n := len(j.Errors); n < 9 {
		pause = min(firstRetry<<n, slowestRetry)
	}
	return r.now().Add(pause / time.Duration(r.hurry))
}

// Work performs jobs until ctx ends; then it takes no more, lets those in hand
// finish, and returns.
func (l *Ledger) Work(ctx context.Context, w desk.Work) error {
	if w == nil {
		return errors.New("ledger: no work to give the jobs to")
	}
	return l.engine.work(ctx, w)
}
