// Package ledger is what must never be lost, in SQL: who the applicants are
// and what they agreed to, orders and money, parcels and certificates, and
// every promise that is still to be kept, as a row and a job.
//
// It promises that nothing happens twice, because each business fact is a row
// under a unique constraint; that a fact and the job which tells of it are
// written in one transaction; and that personal data rests sealed. It decides
// nothing about the conversation and calls no partner: what to say and whom to
// ask is the desk's.
package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Config is where the ledger lives and what it is sealed with.
type Config struct {
	DSN       string           // "sqlite:/path/to/ledger.db" or "postgres://user@host/name"; required
	Keys      *sealed.Keys     // required
	Hurry     int              // divides every deadline, as the demo does; 1
	Retention Retention        // how long what is personal stays
	PublicURL string           // where our own pages are, without a slash at the end
	Log       *slog.Logger     // required
	Now       func() time.Time // for what no event tells the time of; time.Now
}

// Ledger serves every port that package desk calls a ledger. It is safe for
// concurrent use, by any number of processes when it is on PostgreSQL.
type Ledger struct {
	cfg      Config
	engine   engine
	db       *bun.DB        // single statements that write
	read     *bun.DB        // what is committed; writing through it is an error
	snapshot *sql.TxOptions // of a transaction that reads everything at one moment
	retried  *atomic.Int64  // transactions that began again
}

// engine is the database below. There are two: SQLite for one process, and
// PostgreSQL.
type engine interface {
	// within runs fn in one transaction, as if no other ran meanwhile. It may
	// run fn again from the start: fn keeps nothing from an attempt before.
	within(ctx context.Context, fn func(context.Context, txn) error) error

	// schema brings the tables to a version; see [Migrate].
	schema(ctx context.Context, to int64) (Schema, error)

	// work performs jobs until ctx ends and those in hand are finished.
	work(ctx context.Context, w desk.Work) error

	close() error
}

// txn is one transaction: its queries, and the jobs that come to exist when,
// and only when, it commits.
type txn struct {
	bun.IDB
	insert func(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
	cancel func(ctx context.Context, job int64) error // rivertype.ErrNotFound when it is gone
}

// ErrDSN is returned for an address of a database that we cannot serve.
var ErrDSN = errors.New("ledger: the database's address must begin with postgres:, or with sqlite: and name a file")

// Open opens the database, makes its tables when there are none, and brings
// them up to date. Several processes may do so at once.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	l, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if _, err := l.engine.schema(ctx, Newest); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// connect opens the database as it is.
func connect(ctx context.Context, cfg Config) (*Ledger, error) {
	cfg.Hurry = max(cfg.Hurry, 1)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	kind, rest, _ := strings.Cut(cfg.DSN, ":")
	switch {
	case kind == "sqlite" && rest != "":
		return openSQLite(rest, cfg)
	case kind == "postgres" || kind == "postgresql":
		return openPostgres(ctx, cfg)
	}
	return nil, ErrDSN
}

// Close closes the database. Work must have returned.
func (l *Ledger) Close() error { return l.engine.close() }

// Ping reports whether the database answers.
func (l *Ledger) Ping(ctx context.Context) error {
	if err := l.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ledger: ping: %w", err)
	}
	return nil
}

// tx runs fn in one transaction. Whatever fn reads or writes goes through its
// tx: a query beside it would not see what it wrote, and on SQLite would wait
// for the connection that the transaction holds.
func (l *Ledger) tx(ctx context.Context, fn func(ctx context.Context, tx txn) error) error {
	return l.engine.within(ctx, fn)
}

// once inserts a row unless a unique constraint says that it, or another that
// excludes it, is there. It is the one place where doubles are recognised, and
// it leaves the transaction usable on every database.
func once(ctx context.Context, tx txn, row any) (fresh bool, err error) {
	result, err := tx.NewInsert().Model(row).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("ledger: insert %T: %w", row, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("ledger: insert %T: %w", row, err)
	}
	return n == 1, nil
}

// hurried shortens a deadline as the demo wants it.
func (l *Ledger) hurried(d time.Duration) time.Duration { return d / time.Duration(l.cfg.Hurry) }

// millis is how times are stored; the zero time is 0, "not yet".
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the inverse of millis.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// seal makes a column of any value. The place binds it to its row.
func (l *Ledger) seal(place string, v any) (string, error) {
	box, err := sealed.Encode(l.cfg.Keys, place, v)
	return base64.StdEncoding.EncodeToString(box), err
}

// unseal is the inverse of seal.
func (l *Ledger) unseal(place, column string, v any) error {
	box, err := base64.StdEncoding.DecodeString(column)
	if err != nil {
		return fmt.Errorf("ledger: %s: %w", place, sealed.ErrSealed)
	}
	if err := sealed.Decode(l.cfg.Keys, place, box, v); err != nil {
		return fmt.Errorf("ledger: %s: %w", place, err)
	}
	return nil
}

// blind is the index of a secret of one place.
func (l *Ledger) blind(place string, s flows.Secret) string {
	return l.cfg.Keys.Blind(place, s.Reveal())
}
