package talks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Transcripts: the last lines of a talk, until the archive has them. What one
// event led to is one entry.

// Append implements [desk.Transcripts].
func (s *Store) Append(ctx context.Context, id desk.TalkID, lines ...desk.Line) error {
	if len(lines) == 0 {
		return nil
	}
	box, err := sealed.Encode(s.keys, linesKey(id), lines)
	if err != nil {
		return err
	}
	pipe := s.redis.Pipeline()
	pipe.XAdd(ctx, &redis.XAddArgs{Stream: linesKey(id), MaxLen: s.cfg.Lines, Approx: true, Values: []any{"l", box}})
	pipe.ZAddNX(ctx, freshKey(Partition(id)), redis.Z{Score: float64(lines[len(lines)-1].At.UnixMilli()), Member: string(id)})
	pipe.PExpire(ctx, linesKey(id), s.cfg.Idle)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("talks: append to %s: %w", id, err)
	}
	return nil
}

// Lines implements [desk.Transcripts].
func (s *Store) Lines(ctx context.Context, id desk.TalkID, after string) ([]desk.Line, string, error) {
	passages, err := s.Passages(ctx, map[desk.TalkID]string{id: after})
	if err != nil {
		return nil, after, err
	}
	return passages[0].Lines, passages[0].Mark, nil
}

// Passages returns what was said in each talk after its mark, in one round trip
// to each server. Those that can be read come with the error of those that
// cannot.
func (s *Store) Passages(ctx context.Context, marks map[desk.TalkID]string) ([]desk.Passage, error) {
	pipe := s.redis.Pipeline()
	answers := make(map[desk.TalkID]*redis.XMessageSliceCmd, len(marks))
	for id, after := range marks {
		start := "-"
		if after != "" {
			start = "(" + after
		}
		answers[id] = pipe.XRange(ctx, linesKey(id), start, "+")
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("talks: lines of %d talks: %w", len(marks), err)
	}
	var passages []desk.Passage
	var errs []error
	for id, answer := range answers {
		p, err := s.passage(desk.Passage{Talk: id, After: marks[id], Mark: marks[id]}, answer.Val())
		if err != nil {
			errs = append(errs, fmt.Errorf("talks: lines of %s: %w", id, err))
			continue
		}
		passages = append(passages, p)
	}
	return passages, errors.Join(errs...)
}

// passage adds what the entries of a stream hold.
func (s *Store) passage(p desk.Passage, entries []redis.XMessage) (desk.Passage, error) {
	for _, e := range entries {
		box, _ := e.Values["l"].(string)
		var said []desk.Line
		if err := sealed.Decode(s.keys, linesKey(p.Talk), []byte(box), &said); err != nil {
			return p, err
		}
		p.Lines = append(p.Lines, said...)
		p.Mark = e.ID
	}
	return p, nil
}

// Fresh returns talks with a line that is older than the given time and not
// archived, at most a hundred of each partition. Somebody who never pauses is
// among them: the stream keeps their last lines only.
func (s *Store) Fresh(ctx context.Context, before time.Time) ([]desk.TalkID, error) {
	until := strconv.FormatInt(before.UnixMilli(), 10)
	talks, err := s.everywhere(ctx, func(pipe redis.Pipeliner, partition int) *redis.StringSliceCmd {
		return pipe.ZRangeByScore(ctx, freshKey(partition), &redis.ZRangeBy{Min: "-inf", Max: until, Count: atOnce})
	})
	if err != nil {
		return nil, fmt.Errorf("talks: fresh: %w", err)
	}
	return talks, nil
}

var archivedScript = redis.NewScript(`
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if not last or last[1] == ARGV[2] then
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('ZADD', KEYS[1], 'XX', ARGV[3], ARGV[1])
end
return 0`)

// Archived forgets that talks are fresh whose last line is the archive's. What
// the others said since is fresh from the given time on.
func (s *Store) Archived(ctx context.Context, at time.Time, marks map[desk.TalkID]string) error {
	pipe := s.redis.Pipeline()
	for id, mark := range marks {
		archivedScript.Eval(ctx, pipe, []string{freshKey(Partition(id)), linesKey(id)}, string(id), mark, at.UnixMilli())
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("talks: archived %d talks: %w", len(marks), err)
	}
	return nil
}
