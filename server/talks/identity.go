package talks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/server/desk"
)

// A copy of whose talk is whose, so that a new process need not ask the ledger
// for everybody who writes. An identity is kept as a keyed hash.

const acquaintance = 24 * time.Hour

func (s *Store) identityKey(who desk.Identity) string {
	return identityKey(string(who.Channel), s.keys.Blind("talks/identity", who.ID))
}

// Known implements [desk.Acquaintances].
func (s *Store) Known(ctx context.Context, who desk.Identity) (desk.TalkID, error) {
	id, err := s.redis.Get(ctx, s.identityKey(who)).Result()
	if errors.Is(err, redis.Nil) {
		return "", desk.ErrUnknown
	}
	if err != nil {
		return "", fmt.Errorf("talks: identity on %s: %w", who.Channel, err)
	}
	return desk.TalkID(id), nil
}

// Meet implements [desk.Acquaintances].
func (s *Store) Meet(ctx context.Context, who desk.Identity, id desk.TalkID) error {
	if err := s.redis.Set(ctx, s.identityKey(who), string(id), acquaintance).Err(); err != nil {
		return fmt.Errorf("talks: identity on %s: %w", who.Channel, err)
	}
	return nil
}

// Strayed implements [desk.Acquaintances]. A process that was away for a moment
// may miss some: the commit finds those out.
func (s *Store) Strayed(ctx context.Context, forget func(desk.TalkID)) {
	moved := s.redis.Subscribe(ctx, movedChannel+s.process)
	defer moved.Close()
	messages := moved.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case m, open := <-messages:
			if !open {
				return
			}
			forget(desk.TalkID(m.Payload))
		}
	}
}
