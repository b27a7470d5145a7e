package ledger

// The inbox: what a partner told us, authentic, that we cannot place. It is
// kept, alarmed and put before a person, and the partner hears that we have it.

import (
	"context"
	"crypto/rand"
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

// keep puts a letter into the inbox, once, and before a person.
func (l *Ledger) keep(ctx context.Context, tx bun.Tx, in letter, at time.Time) error {
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

// KeepLetter keeps an authentic message of a partner that belongs to nothing
// we know, for a person to look at. Keeping it again changes nothing.
func (l *Ledger) KeepLetter(ctx context.Context, kind, id, why string, at time.Time) error {
	return l.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return l.keep(ctx, tx, letter{ID: kind + "/" + id, Kind: kind, Why: why, Body: why}, at)
	})
}
