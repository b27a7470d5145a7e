package talks

import (
	"cmp"
	"context"
	"errors"
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
		return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Ref.Index, b.Ref.Index))
	})
	return due, nil
}

// dueField names a pending effect: the sequence of its event in the case,
// which is the order of events, the event's time, which the sealed effect does
// not have, the index, and the event's identifier, which may hold anything.
func dueField(p desk.Pending) string {
	return fmt.Sprintf("%019d/%d/%d/%s", p.Seq, p.At.UnixMilli(), p.Ref.Index, p.Ref.Event)
}

func (s *Store) pending(id desk.TalkID, field, box string) (desk.Pending, error) {
	p, err := readDueField(id, field)
	if err != nil {
		return desk.Pending{}, fmt.Errorf("talks: pending of %s: field %q: %w", id, field, err)
	}
	if p.Effect, err = sealed.DecodeEffect(s.keys, dueKey(id), []byte(box)); err != nil {
		return desk.Pending{}, fmt.Errorf("talks: pending of %s: %w", id, err)
	}
	return p, nil
}

// readDueField is the inverse of dueField; the effect is not in it.
func readDueField(id desk.TalkID, field string) (desk.Pending, error) {
	parts := strings.SplitN(field, "/", 4)
	if len(parts) < 4 {
		return desk.Pending{}, errors.New("not four parts")
	}
	seq, err := strconv.ParseInt(parts[0], 10, 64)
	at, err2 := strconv.ParseInt(parts[1], 10, 64)
	index, err3 := strconv.Atoi(parts[2])
	return desk.Pending{
		Ref: desk.Ref{Talk: id, Event: parts[3], Index: index}, At: time.UnixMilli(at), Seq: seq,
	}, errors.Join(err, err2, err3)
}

var settledScript = redis.NewScript(`
for i = 2, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
if redis.call('HLEN', KEYS[1]) == 0 then redis.call('SREM', KEYS[2], ARGV[1]) end
return 0`)

// Settled implements [desk.Talks].
func (s *Store) Settled(ctx context.Context, id desk.TalkID, done []desk.Pending) error {
	args := []any{string(id)}
	for _, p := range done {
		args = append(args, dueField(p))
	}
	err := settledScript.Run(ctx, s.redis, []string{dueKey(id), todoKey(Partition(id))}, args...).Err()
	if err != nil {
		return fmt.Errorf("talks: settled %s: %w", id, err)
	}
	return nil
}

const atOnce = 100 // talks of a partition looked at in one turn of a sweep

// Unsettled implements [desk.Todo]. All partitions are asked in one round trip.
func (s *Store) Unsettled(ctx context.Context) ([]desk.TalkID, error) {
	talks, err := s.everywhere(ctx, func(pipe redis.Pipeliner, partition int) *redis.StringSliceCmd {
		return pipe.SRandMemberN(ctx, todoKey(partition), atOnce)
	})
	if err != nil {
		return nil, fmt.Errorf("talks: unsettled: %w", err)
	}
	return talks, nil
}

// everywhere asks every partition for talks, in one round trip to each server.
func (s *Store) everywhere(ctx context.Context, ask func(redis.Pipeliner, int) *redis.StringSliceCmd) ([]desk.TalkID, error) {
	pipe := s.redis.Pipeline()
	answers := make([]*redis.StringSliceCmd, Partitions)
	for p := range answers {
		answers[p] = ask(pipe, p)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var talks []desk.TalkID
	for _, answer := range answers {
		for _, id := range answer.Val() {
			talks = append(talks, desk.TalkID(id))
		}
	}
	return talks, nil
}
