package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// settleSoon asks for a talk's effects to be taken into the ledger. It never
// waits: what finds no room is found by the sweep.
func (d *Desk) settleSoon(id TalkID, effects int) {
	if effects == 0 {
		return
	}
	select {
	case d.wake <- id:
	default:
	}
}

// Backlog is how full the queue of talks to be settled is, from 0 to 1. What
// finds no room in it waits for a sweep.
func (d *Desk) Backlog() float64 { return float64(len(d.wake)) / float64(cap(d.wake)) }

// settle takes the pending effects of a talk into the ledger and forgets
// exactly those. It may be done twice and at once: each effect is entered once
// by its name. It does not touch the talk, and no answer waits for it.
func (d *Desk) settle(ctx context.Context, id TalkID) error {
	due, err := d.cfg.Talks.Pending(ctx, id)
	if err != nil {
		return fmt.Errorf("desk: settle %s: %w", id, err)
	}
	if len(due) > 0 {
		if err := d.cfg.Ledger.Enter(ctx, due); err != nil {
			return fmt.Errorf("desk: settle %s: %w", id, err)
		}
		d.cfg.Watch.Settled(len(due), d.cfg.Now().Sub(due[0].At))
	}
	return d.cfg.Talks.Settled(ctx, id, due)
}

const (
	settlers   = 4
	sweepEvery = 2 * time.Second
	bankEvery  = 30 * time.Second
	stuckEvery = time.Minute
	forgetEach = time.Hour
)

// Run settles, sweeps, and reads the bank's statement until ctx ends. Each
// part has ended when it returns.
func (d *Desk) Run(ctx context.Context) {
	var parts sync.WaitGroup
	for range settlers {
		parts.Go(func() { d.settling(ctx) })
	}
	parts.Go(func() { d.cfg.Known.Strayed(ctx, d.memory.drop) })
	parts.Go(func() { d.every(ctx, sweepEvery, d.sweep) })
	parts.Go(func() { d.every(ctx, stuckEvery/time.Duration(d.cfg.Hurry), d.rescue) })
	parts.Go(func() { d.every(ctx, forgetEach/time.Duration(d.cfg.Hurry), d.forget) })
	parts.Go(func() { d.every(ctx, bankEvery/time.Duration(d.cfg.Hurry), d.readStatement) })
	parts.Wait()
}

func (d *Desk) settling(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-d.wake:
			if err := d.settle(ctx, id); err != nil && ctx.Err() == nil {
				d.cfg.Log.Warn("settling is left to the sweep", slog.String("talk", string(id)), slog.Any("error", err))
			}
		}
	}
}

func (d *Desk) every(ctx context.Context, pause time.Duration, do func(context.Context) error) {
	tick := time.NewTicker(max(pause, 100*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := do(ctx); err != nil && ctx.Err() == nil {
				d.cfg.Log.Warn("a round was not finished", slog.Any("error", err))
			}
		}
	}
}

// sweep settles what nobody settled: a process died, or the ledger was down.
// It asks the to-do sets only and never scans.
func (d *Desk) sweep(ctx context.Context) error {
	ids, err := d.cfg.Todo.Unsettled(ctx)
	errs := []error{err}
	for _, id := range ids {
		errs = append(errs, d.settle(ctx, id))
	}
	return errors.Join(errs...)
}

// rescue looks for effects that nobody is going to perform.
func (d *Desk) rescue(ctx context.Context) error {
	stuck, err := d.cfg.Ledger.Stuck(ctx, d.cfg.Now())
	for _, ref := range stuck {
		d.cfg.Log.Error("an effect was stuck; an agent is called", slog.String("effect", ref.String()))
	}
	return err
}
