package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"certdesk/server/desk"
)

// How much there is to do, for whoever watches over the service.

// Stats is what the pool of connections says of itself.
func (l *Ledger) Stats() sql.DBStats { return l.db.Stats() }

// Retried counts the transactions of this process that another was in the way
// of, and that began again.
func (l *Ledger) Retried() int64 { return l.retried.Load() }

// Load counts what is due, failing, stuck or waiting at a moment.
func (l *Ledger) Load(ctx context.Context, now time.Time) (desk.Load, error) {
	var load desk.Load
	var oldest, since int64
	for _, q := range []struct {
		into *int64
		sql  string
	}{
		{&load.Due, "SELECT COUNT(*) FROM river_job WHERE state = 'available'"},
		{&load.Retrying, "SELECT COUNT(*) FROM river_job WHERE state = 'retryable'"},
		{&load.Stuck, "SELECT COUNT(*) FROM effect WHERE done_at = 0 AND flagged_at > 0"},
		{&load.Waiting, "SELECT COUNT(*) FROM help WHERE answered_at = 0"},
		{&load.Letters, "SELECT COUNT(*) FROM inbox"},
		{&oldest, "SELECT COALESCE(MIN(at), 0) FROM effect WHERE done_at = 0 AND flagged_at = 0"},
		{&since, "SELECT COALESCE(MIN(since), 0) FROM help WHERE answered_at = 0"},
	} {
		if err := l.read.NewRaw(q.sql).Scan(ctx, q.into); err != nil {
			return desk.Load{}, fmt.Errorf("ledger: load: %w", err)
		}
	}
	if oldest > 0 {
		load.Lag = now.Sub(moment(oldest))
	}
	if since > 0 {
		load.Wait = now.Sub(moment(since))
	}
	return load, nil
}
