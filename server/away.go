package server

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"certdesk/flows"
	"certdesk/server/talks"
)

// Which ways of proving somebody are open now: applicants are offered no way whose
// partner nobody is configured for, or does not answer. A process that gives a
// partner up tells the others, because the ones that talk to applicants are not
// the ones that ask partners.

// proves lists the ways that a partner is behind. The bank is none: money that is
// sent counts when it was booked, whenever its statement can be read.
var proves = map[string]flows.Ways{
	"alipay": flows.WaysOf(flows.WayFace, flows.WayAlipay, flows.WayPayout),
	"esign":  flows.WaysOf(flows.WayRegister, flows.WayMobile, flows.WayCard),
}

const (
	awayLook  = 2 * time.Second        // between two looks
	awayLasts = leftAlone + 5*awayLook // for the others, after the last word
)

// health is what a process knows of the partners.
type health struct {
	watch  *gauges
	shelf  *talks.Shelf
	absent []string // partners nobody is configured for
	closed atomic.Uint32
	deaf   atomic.Bool // the last look could not ask Redis
	log    *slog.Logger
}

// away are the ways that cannot be gone now.
func (h *health) away() flows.Ways { return flows.Ways(h.closed.Load()) }

// keep looks again and again, until ctx ends.
func (h *health) keep(ctx context.Context) {
	tick := time.NewTicker(awayLook)
	defer tick.Stop()
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look asks of each partner whether this process, or another, has given it up.
// What Redis does not tell, this process must know by itself.
func (h *health) look(ctx context.Context) {
	var closed flows.Ways
	var failed error
	for partner, ways := range proves {
		gone := slices.Contains(h.absent, partner)
		if !gone && h.watch.givenUp(partner) {
			gone = true
			failed = errors.Join(failed, h.shelf.KeepAway(ctx, partner, awayLasts))
		}
		if !gone {
			told, err := h.shelf.Away(ctx, partner)
			failed, gone = errors.Join(failed, err), told
		}
		if gone {
			closed |= ways
		}
	}
	h.closed.Store(uint32(closed))
	if was := h.deaf.Swap(failed != nil); failed != nil && !was {
		h.log.Warn("partners who are away are not told of", slog.Any("error", failed))
	}
}
