package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"certdesk/server/desk"
)

// PostgreSQL: the ledger of any number of processes. Every transaction is
// serializable, so that what is true of one writer at a time stays true of
// many; the database says when two got into each other's way, and one of them
// begins again.

type postgres struct {
	cfg     Config
	pool    *pgxpool.Pool
	db      *bun.DB // over the pool
	queue   *river.Client[pgx.Tx]
	retried atomic.Int64
}

const (
	conflictTries = 30
	conflictPause = 20 * time.Millisecond // at most, before the next try
)

func openPostgres(ctx context.Context, cfg Config) (*Ledger, error) {
	settings, err := poolOf(cfg.DSN)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("ledger: open: %w", err)
	}
	p := &postgres{cfg: cfg, pool: pool, db: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())}
	if p.queue, err = newQueue(riverpgxv5.New(pool), nil, cfg); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &Ledger{cfg: cfg, engine: p, db: p.db, read: p.db, snapshot: moments, retried: &p.retried}, nil
}

// Connections of one process, unless the address says pool_max_conns. More do
// not make jobs faster (measured: 0008), and a server of default size takes a
// hundred. Two are the least: whoever changes the schema holds one and uses
// another.
const (
	connections      = 16
	leastConnections = 2
)

// onConnect is what is set on each connection that the address does not set
// otherwise. A process that froze in the middle of a transaction holds up
// nobody for longer than it says; nor does one whose machine is gone.
var onConnect = map[string]string{
	"application_name":                    "certdesk",
	"idle_in_transaction_session_timeout": "30s",
	"tcp_keepalives_idle":                 "30",
	"tcp_keepalives_interval":             "10",
	"tcp_keepalives_count":                "3",
}

// moments is the isolation of what only reads.
var moments = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}

// poolOf reads the address: a URL of PostgreSQL, with pgxpool's own parameters.
func poolOf(dsn string) (*pgxpool.Config, error) {
	settings, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("ledger: the database's address: %w", err) // pgx hides the password
	}
	if !strings.Contains(dsn, "pool_max_conns=") {
		settings.MaxConns = connections
	}
	settings.MaxConns = max(settings.MaxConns, leastConnections)
	for name, value := range onConnect {
		if _, set := settings.ConnConfig.RuntimeParams[name]; !set {
			settings.ConnConfig.RuntimeParams[name] = value
		}
	}
	return settings, nil
}

func (p *postgres) within(ctx context.Context, fn func(context.Context, txn) error) error {
	err := p.attempt(ctx, fn)
	for try := 2; conflict(err) && try <= conflictTries; try++ {
		p.retried.Add(1)
		select {
		case <-time.After(rand.N(conflictPause)):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
		err = p.inTurn(ctx, fn)
	}
	return err
}

// conflict reports whether another transaction was in the way: the same again
// may succeed. A double is among it, because two that overlap may both have
// found a place free; a real one is found by the next try, or told at last.
func conflict(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01" || e.Code == "23505") // serialization_failure, deadlock_detected, unique_violation
}

// attempt runs fn in a transaction of its own.
func (p *postgres) attempt(ctx context.Context, fn func(context.Context, txn) error) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("ledger: connection: %w", err)
	}
	defer conn.Close()
	return p.run(ctx, conn, fn)
}

// turns is the lock of those who lost once. The number means nothing but
// itself.
const turns = 7_205_118_125

// inTurn is an attempt that waits for every other one that has lost before, of
// all processes: those who were in each other's way once would be again. Who
// has not lost waits for nobody. The lock is taken before the transaction
// begins, because what a transaction sees is as old as its first statement.
func (p *postgres) inTurn(ctx context.Context, fn func(context.Context, txn) error) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("ledger: connection: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(?)", turns); err != nil {
		return fmt.Errorf("ledger: wait for a turn: %w", err)
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(?)", turns) //nolint:errcheck // ends with the connection at the latest
	return p.run(ctx, conn, fn)
}

// run runs fn in one transaction, which bun's queries and the queue's share:
// they are on one connection. Once begun it ends by itself, whether or not its
// caller waits: a statement whose context has ended makes database/sql give the
// connection away while the transaction still uses it.
func (p *postgres) run(ctx context.Context, conn bun.Conn, fn func(context.Context, txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := begin(ctx, conn)
	if err != nil {
		return fmt.Errorf("ledger: begin: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // says so when it was committed
	err = fn(ctx, txn{conn, func(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error) {
		return p.queue.InsertTx(ctx, tx, args, opts)
	}, func(ctx context.Context, job int64) error {
		_, err := p.queue.JobCancelTx(ctx, tx, job)
		return err
	}})
	if err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("ledger: commit: %w", err)
	}
	return nil
}

// serializable begins a transaction in which no statement, waiting for a lock
// included, takes longer than a job may.
const serializable = "BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL statement_timeout = '15s'"

// begin begins a transaction on the connection below conn.
func begin(ctx context.Context, conn bun.Conn) (tx pgx.Tx, err error) {
	err = conn.Raw(func(driver any) (err error) {
		tx, err = driver.(*stdlib.Conn).Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: serializable})
		return err
	})
	return tx, err
}

// schemaLock lets one process at a time change the tables. The number means
// nothing but itself.
const schemaLock = 7_205_118_124

func (p *postgres) schema(ctx context.Context, to int64) (Schema, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return Schema{}, fmt.Errorf("ledger: connection: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", schemaLock); err != nil {
		return Schema{}, fmt.Errorf("ledger: lock the schema: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", schemaLock) //nolint:errcheck // ends with the connection at the latest
	return migrate(ctx, goose.DialectPostgres, p.db.DB, riverpgxv5.New(p.pool), to)
}

func (p *postgres) work(ctx context.Context, w desk.Work) error {
	return perform(ctx, riverpgxv5.New(p.pool), w, p.cfg)
}

func (p *postgres) close() error {
	err := p.db.Close()
	p.pool.Close()
	return err
}
