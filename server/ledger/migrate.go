package ledger

// How the tables come to be: ours by numbered files, the job queue's by its
// own migrator. Both are repeatable, and a newer file never changes an older.

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Versions to go to that are not numbers.
const (
	Newest int64 = -1 // this release's
	AsIs   int64 = -2 // the present one: nothing is changed
)

// ErrVersion is returned for a version that this release cannot go to. Version
// 0 is among them: it would be a ledger without tables.
var ErrVersion = errors.New("ledger: this release does not know that version of the tables")

// Schema says at which version the tables are, and which is this release's.
type Schema struct{ At, Release int64 }

// Migrate brings the tables of a database to a version: [Newest], an older one
// before going back to an older release, or [AsIs] to look only. Going back
// drops what only the newer release knows.
func Migrate(ctx context.Context, cfg Config, to int64) (Schema, error) {
	l, err := connect(ctx, cfg)
	if err != nil {
		return Schema{}, err
	}
	s, err := l.engine.schema(ctx, to)
	return s, errors.Join(err, l.Close())
}

// migrate brings ours to the version, and the queue's to this release's: those
// tables are never taken back, because older releases of the queue know them.
func migrate[T any](ctx context.Context, dialect goose.Dialect, db *sql.DB, driver riverdriver.Driver[T], to int64) (Schema, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return Schema{}, fmt.Errorf("ledger: migrations: %w", err)
	}
	ours, err := goose.NewProvider(dialect, db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return Schema{}, fmt.Errorf("ledger: migrations: %w", err)
	}
	s, err := move(ctx, ours, to)
	if err != nil {
		return s, fmt.Errorf("ledger: migrate: %w", err)
	}
	if to == AsIs {
		return s, nil
	}
	jobs, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: silent})
	if err != nil {
		return s, fmt.Errorf("ledger: migrations of the queue: %w", err)
	}
	if _, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return s, fmt.Errorf("ledger: migrate the queue: %w", err)
	}
	return s, nil
}

// move goes up or down to a version.
func move(ctx context.Context, ours *goose.Provider, to int64) (s Schema, err error) {
	var at int64
	if at, s.Release, err = ours.GetVersions(ctx); err != nil {
		return s, err
	}
	switch {
	case to == AsIs:
	case to != Newest && (to < 1 || to > s.Release):
		err = fmt.Errorf("%w: %d is not from 1 to %d", ErrVersion, to, s.Release)
	case to != Newest && at > s.Release:
		err = fmt.Errorf("%w: the tables are at %d, from where only a newer release can go back", ErrVersion, at)
	case to == Newest && at > s.Release:
		// a newer release has been here: what it added does not hinder us
	case to == Newest:
		_, err = ours.Up(ctx)
	case to > at:
		_, err = ours.UpTo(ctx, to)
	case to < at:
		_, err = ours.DownTo(ctx, to)
	}
	if err != nil {
		return s, err
	}
	s.At, err = ours.GetDBVersion(ctx)
	return s, err
}
