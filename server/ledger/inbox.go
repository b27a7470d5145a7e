package ledger

// The inbox: what a partner told us, authentic, that we cannot place. It is
// kept and alarmed in the log, and the partner hears that we have it. When we
// know whose it is, an agent is called to that talk; otherwise the alarm is all
// that brings a person to it.

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type inboxRow struct {
	bun.BaseModel `bun:"table:inbox"`

	ID     string `bun:"id,pk"`
	Kind   string `bun:"kind"`
	Why    string `bun:"why"`
	Sealed string `bun:"sealed"`
	At     int64  `bun:"at"`
}

// letter is something that we cannot place. The same ID is the same letter,
// by whichever door and however often it comes. Talk is empty when we do not
// even know whose it is.
type letter struct {
	ID   string
	Kind string // "payment", "bank", "parcel"
	Why  string
	Talk desk.TalkID
	Body any
}

// keep puts a letter into the inbox, once, and calls an agent to the talk whose
// it is.
func (l *Ledger) keep(ctx context.Context, tx txn, in letter, at time.Time) error {
	body, err := l.seal("inbox/"+in.ID, in.Body)
	if err != nil {
		return err
	}
	fresh, err := once(ctx, tx, &inboxRow{ID: in.ID, Kind: in.Kind, Why: in.Why, Sealed: body, At: millis(at)})
	if err != nil || !fresh {
		return err
	}
	l.cfg.Log.Error("a partner's message needs a person",
		slog.String("kind", in.Kind), slog.String("id", in.ID), slog.String("why", in.Why))
	if in.Talk == "" {
		return nil
	}
	return l.call(ctx, tx, in.Talk, WhyMoney, at)
}

// numbered makes a number of our own for a partner's books: a letter, the
// Beijing time in a layout, and random digits.
func numbered(letter, layout string, at time.Time, digits int) (string, error) {
	random, err := randomDigits(digits)
	if err != nil {
		return "", err
	}
	return letter + at.In(flows.Beijing).Format(layout) + random, nil
}

// randomDigits draws n decimal digits, at most 18.
func randomDigits(n int) (string, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	drawn, err := rand.Int(rand.Reader, limit)
	if err != nil {
		return "", fmt.Errorf("ledger: random number: %w", err)
	}
	return fmt.Sprintf("%0*d", n, drawn), nil
}

// second is the layout of the moment in a number.
const second = "20060102150405"

// KeepLetter keeps an authentic message of a partner that we cannot count, with
// its body sealed. When it speaks of a payment of ours by its number, an agent
// is called to that talk; number is empty when it speaks of none. Keeping it
// again changes nothing.
func (l *Ledger) KeepLetter(ctx context.Context, kind, id, why, number string, body any, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		_, order, err := l.payment(ctx, tx, number)
		if err != nil && !errors.Is(err, desk.ErrUnknown) {
			return err
		}
		return l.keep(ctx, tx, letter{ID: kind + "/" + id, Kind: kind, Why: why, Talk: order.Talk, Body: body}, at)
	})
}
