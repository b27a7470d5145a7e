package desk

import (
	"context"
	"time"
)

// Retention lets go of what is personal.
type Retention interface {
	// Forget forgets a part of what is due, each thing once, and says of how
	// many talks, transcripts and codes. To be called every hour or so, by any
	// number of processes.
	Forget(ctx context.Context, at time.Time) (int, error)
}

// forget lets go of what has been kept long enough.
func (d *Desk) forget(ctx context.Context) error {
	_, err := d.cfg.Ledger.Forget(ctx, d.cfg.Now())
	return err
}
