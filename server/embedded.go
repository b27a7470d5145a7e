package server

import (
	"context"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"

	"certdesk/flows"
)

// The Redis inside the process, for the demo and for trying things out. Time
// does not pass in it by itself.

const embeddedTick = 250 * time.Millisecond

func (s *Server) embedRedis() error {
	r, err := miniredis.Run()
	if err != nil {
		return fmt.Errorf("server: embedded Redis: %w", err)
	}
	s.embedded = r
	s.cfg.RedisURL = flows.Conceal("redis://" + r.Addr())
	s.log.Warn("Redis and the ledger are inside this process: not for production")
	return nil
}

// tick lets time pass in the embedded Redis until ctx ends.
func (s *Server) tick(ctx context.Context) {
	every(ctx, embeddedTick, func() { s.embedded.FastForward(embeddedTick) })
}

// every does something again and again until ctx ends.
func every(ctx context.Context, period time.Duration, do func()) {
	t := time.NewTicker(period)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			do()
		}
	}
}
