package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
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
	cfg   Config
	pool  *pgxpool.Pool
	db    *bun.DB // over the pool
	queue *river.Client[pgx.Tx]
}

const (
	conflictTries = 30
	conflictPause = 2 * time.Millisecond // grows with each try, to a tenth of a second
)

func openPostgres(ctx context.Context, cfg Config) (*Ledger, error) {
	settings, err := pgxpool.ParseConfig(cfg.DSN)
	if err != nil {
		return nil, fmt.Errorf("ledger: the database's address: %w", err) // pgx hides the password
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("ledger: open: %w", err)
	}
	p := &postgres{cfg: cfg, pool: pool, db: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())}
	if p.queue, err = newQueue(riverpgxv5.New(pool), nil, cfg); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return &Ledger{cfg: cfg, engine: p, db: p.db, read: p.db}, nil
}

func (p *postgres) within(ctx context.Context, fn func(context.Context, txn) error) error {
	for try := 1; ; try++ {
		err := p.attempt(ctx, fn)
		if !conflict(err) || try == conflictTries {
			return err
		}
		pause := min(conflictPause<<min(try, 6), 100*time.Millisecond)
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// conflict reports whether another transaction was in the way: the same again
// may succeed.
func conflict(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01") // serialization_failure, deadlock_detected
}

// attempt runs fn in one transaction, which bun's queries and the queue's share:
// they are on one connection.
func (p *postgres) attempt(ctx context.Context, fn func(context.Context, txn) error) error {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("ledger: connection: %w", err)
	}
	defer conn.Close()
	tx, err := begin(ctx, conn)
	if err != nil {
		return fmt.Errorf("ledger: begin: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // says so when it was committed
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

// begin begins a transaction on the connection below conn.
func begin(ctx context.Context, conn bun.Conn) (tx pgx.Tx, err error) {
	err = conn.Raw(func(driver any) (err error) {
		tx, err = driver.(*stdlib.Conn).Conn().BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable})
		return err
	})
	return tx, err
}

func (p *postgres) snapshot() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
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
