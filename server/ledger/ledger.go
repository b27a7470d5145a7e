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
	"net/url"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver called "sqlite"

	"certdesk/flows"
	"certdesk/server/sealed"
)

// Config is where the ledger lives and what it is sealed with.
type Config struct {
	DSN       string           // "sqlite:/path/to/ledger.db"; required
	Keys      *sealed.Keys     // required
	Hurry     int              // divides every deadline, as the demo does; 1
	PublicURL string           // where our own pages are, without a slash at the end
	Log       *slog.Logger     // required
	Now       func() time.Time // for what no event tells the time of; time.Now
}

// Ledger serves every port that package desk calls a ledger. It is safe for
// concurrent use.
type Ledger struct {
	cfg   Config
	db    *bun.DB // one connection, so that writers queue up here and not in SQLite
	read  *bun.DB // reads what is committed; writing through it is an error
	queue *river.Client[*sql.Tx]
}

// ErrDSN is returned for an address of a database that we cannot serve.
var ErrDSN = errors.New("ledger: the database's address must begin with sqlite: and name a file")

const readers = 4

// Open opens the database, makes it when there is none, and brings its tables
// up to date.
func Open(ctx context.Context, cfg Config) (*Ledger, error) {
	cfg.Hurry = max(cfg.Hurry, 1)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	path, ok := strings.CutPrefix(cfg.DSN, "sqlite:")
	if !ok || path == "" {
		return nil, ErrDSN
	}
	db, err := openSQLite(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openSQLite(path, "_pragma=query_only(1)", readers)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	l := &Ledger{cfg: cfg, db: db, read: read}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Ledger) prepare(ctx context.Context) error {
	if err := migrate(ctx, l.db.DB); err != nil {
		return err
	}
	queue, err := newQueue(l.db.DB, nil, l.cfg)
	if err != nil {
		return err
	}
	l.queue = queue
	return nil
}

// openSQLite opens a pool. The address is escaped, because a path may contain
// what separates options.
func openSQLite(path, option string, connections int) (*bun.DB, error) {
	address := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)&" + option
	db, err := sql.Open("sqlite", address)
	if err != nil {
		return nil, fmt.Errorf("ledger: open: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return bun.NewDB(db, sqlitedialect.New()), nil
}

// Close closes the database. Work must have returned.
func (l *Ledger) Close() error {
	return errors.Join(l.db.Close(), l.read.Close())
}

// Ping reports whether the database answers.
func (l *Ledger) Ping(ctx context.Context) error {
	if err := l.read.PingContext(ctx); err != nil {
		return fmt.Errorf("ledger: ping: %w", err)
	}
	return nil
}

// tx runs fn in one transaction. Whatever fn reads or writes goes through its
// tx: a query beside it would wait for the connection that the transaction
// holds.
func (l *Ledger) tx(ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error) error {
	return l.db.RunInTx(ctx, nil, fn)
}

// once inserts a row unless a unique constraint says that it, or another that
// excludes it, is there. It is the one place where doubles are recognised, and
// it leaves the transaction usable on every database.
func once(ctx context.Context, tx bun.Tx, row any) (fresh bool, err error) {
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
