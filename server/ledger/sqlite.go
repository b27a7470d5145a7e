package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver called "sqlite"

	"certdesk/server/desk"
)

// SQLite: the ledger of one process. All that writes goes over one connection,
// so that writers queue up here and not in the database.

type sqlite struct {
	cfg   Config
	db    *bun.DB // one connection
	read  *bun.DB
	queue *river.Client[*sql.Tx]
}

const readers = 4

func openSQLite(path string, cfg Config) (*Ledger, error) {
	db, err := openFile(path, "_txlock=immediate", 1)
	if err != nil {
		return nil, err
	}
	read, err := openFile(path, "_pragma=query_only(1)", readers)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := &sqlite{cfg: cfg, db: db, read: read}
	if s.queue, err = newQueue(riversqlite.New(db.DB), nil, cfg); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &Ledger{cfg: cfg, engine: s, db: db, read: read, retried: new(atomic.Int64)}, nil
}

// openFile opens a pool. The address is escaped, because a path may contain
// what separates options.
func openFile(path, option string, connections int) (*bun.DB, error) {
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

func (s *sqlite) within(ctx context.Context, fn func(context.Context, txn) error) error {
	return s.db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return fn(ctx, txn{tx, func(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
			return s.queue.InsertTx(ctx, tx.Tx, args, opts)
		}, func(ctx context.Context, job int64) error {
			_, err := s.queue.JobCancelTx(ctx, tx.Tx, job)
			return err
		}})
	})
}

func (s *sqlite) schema(ctx context.Context, to int64) (Schema, error) {
	return migrate(ctx, goose.DialectSQLite3, s.db.DB, riversqlite.New(s.db.DB), to)
}

func (s *sqlite) work(ctx context.Context, w desk.Work) error {
	return perform(ctx, riversqlite.New(s.db.DB), w, s.cfg)
}

func (s *sqlite) close() error { return errors.Join(s.db.Close(), s.read.Close()) }
