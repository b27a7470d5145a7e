package talks

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/server/desk"
)

// Allowance is how many messages a channel carries unasked after something that
// the applicant did.
type Allowance struct {
	For      string // what was done
	At       time.Time
	Lasts    time.Duration
	Messages int
}

// Allowances are those of one talk, oldest first. They do not add up: the larger
// number counts, and the later end.
type Allowances struct {
	Talk desk.TalkID
	Of   []Allowance
}

//go:embed said.lua
var saidSource string

var said = redis.NewScript(saidSource)

// What is taken of the messages that are left.
const (
	takeOne  = "one"
	takeNone = "none"
	takeAll  = "all"
)

// MaySay counts one message, if more are left than are to be kept.
func (f *Shelf) MaySay(ctx context.Context, a Allowances, keep int, now time.Time) (bool, error) {
	left, _, err := f.said(ctx, a, keep, takeOne, now)
	return left > keep, err
}

// MayNot counts all messages as said: the channel has refused one.
func (f *Shelf) MayNot(ctx context.Context, a Allowances, now time.Time) error {
	_, _, err := f.said(ctx, a, 0, takeAll, now)
	return err
}

// Left returns how many messages may be said, and until when.
func (f *Shelf) Left(ctx context.Context, a Allowances, now time.Time) (messages int, until time.Time, err error) {
	return f.said(ctx, a, 0, takeNone, now)
}

func (f *Shelf) said(ctx context.Context, a Allowances, keep int, take string, now time.Time) (int, time.Time, error) {
	args := []any{now.UnixMilli(), keep, take}
	for _, w := range a.Of {
		args = append(args, w.For, w.At.UnixMilli(), w.Lasts.Milliseconds(), w.Messages)
	}
	got, err := said.Run(ctx, f.redis, []string{saidKey(a.Talk)}, args...).Int64Slice()
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("talks: messages to %s: %w", a.Talk, err)
	}
	return int(got[0]), time.UnixMilli(got[1]), nil
}
