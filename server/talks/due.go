package talks

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Effects between the commit and the ledger.

// Pending implements [desk.Talks].
func (s *Store) Pending(ctx context.Context, id desk.TalkID) ([]desk.Pending, error) {
	fields, err := s.redis.HGetAll(ctx, dueKey(id)).Result()
	if err != nil {
		return nil, fmt.Errorf("talks: pending of %s: %w", id, err)
	}
	due := make([]desk.Pending, 0, len(fields))
	for field, box := range fields {
		p, err := s.pending(id, field, box)
		if err != nil {
			return nil, err
		}
		due = append(due, p)
	}
	slices.SortFunc(due, func(a, b desk.Pending) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if c := strings.Compare(a.Ref.Event, b.Ref.Event); c != 0 {
			return c
		}
		return a.Ref.Index - b.Ref.Index
	})
	return due, nil
}

func (s *Store) pending(id desk.TalkID, field, box string) (desk.Pending, error) {
	ms, rest, _ := strings.Cut(field, "/")
	index, event, _ := strings.Cut(rest, "/")
	at, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return desk.Pending{}, fmt.Errorf("talks: pending of %s: field %q: %w", id, field, err)
	}
	n, err := strconv.Atoi(index)
	if err != nil {
		return desk.Pending{}, fmt.Errorf("talks: pending of %s: field %q: %w", id, field, err)
	}
	effect, err := sealed.DecodeEffect(s.keys, dueKey(id), []byte(box))
	if err != nil {
		return desk.Pending{}, fmt.Errorf("talks: pending of %s: %w", id, err)
	}
	return desk.Pending{Ref: desk.Ref{Talk: id, Event: event, Index: n}, Effect: effect, At: time.UnixMilli(at)}, nil
}

var settledScript = redis.NewScript(`
for i = 2, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end
return 0`)

// Settled implements [desk.Talks].
func (s *Store) Settled(ctx context.Context, id desk.TalkID, done []desk.Pending) error {
	args := []any{string(id)}
	for _, p := range done {
		args = append(args, strconv.FormatInt(p.At.UnixMilli(), 10)+"/"+strconv.Itoa(p.Ref.Index)+"/"+p.Ref.Event)
	}
	err := settledScript.Run(ctx, s.redis, []string{dueKey(id), todoKey(Partition(id))}, args...).Err()
	if err != nil {
		return fmt.Errorf("talks: settled %s: %w", id, err)
	}
	return nil
}

const atOnce = 100 // talks looked at in one turn of a sweep

// Unsettled implements [desk.Todo].
func (s *Store) Unsettled(ctx context.Context, partition int) ([]desk.TalkID, error) {
	ids, err := s.redis.SRandMemberN(ctx, todoKey(partition), atOnce).Result()
	if err != nil {
		return nil, fmt.Errorf("talks: unsettled of partition %d: %w", partition, err)
	}
	talks := make([]desk.TalkID, len(ids))
	for i, id := range ids {
		talks[i] = desk.TalkID(id)
	}
	return talks, nil
}
