package talks

import (
	"context"
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
	pipe.ZAdd(ctx, freshKey(Partition(id)), redis.Z{Score: float64(lines[len(lines)-1].At.UnixMilli()), Member: string(id)})
	pipe.PExpire(ctx, linesKey(id), s.cfg.Idle)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("talks: append to %s: %w", id, err)
	}
	return nil
}

// Lines implements [desk.Transcripts].
func (s *Store) Lines(ctx context.Context, id desk.TalkID, after string) ([]desk.Line, string, error) {
	start := "-"
	if after != "" {
		start = "(" + after
	}
	entries, err := s.redis.XRange(ctx, linesKey(id), start, "+").Result()
	if err != nil {
		return nil, after, fmt.Errorf("talks: lines of %s: %w", id, err)
	}
	lines := make([]desk.Line, 0, len(entries))
	for _, e := range entries {
		box, _ := e.Values["l"].(string)
		var said []desk.Line
		if err := sealed.Decode(s.keys, linesKey(id), []byte(box), &said); err != nil {
			return nil, after, fmt.Errorf("talks: lines of %s: %w", id, err)
		}
		lines = append(lines, said...)
		after = e.ID
	}
	return lines, after, nil
}

// Fresh returns talks whose last line is older than the given time and not
// archived, at most a hundred of each partition.
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
local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if last and tonumber(last) <= tonumber(ARGV[2]) then redis.call('ZREM', KEYS[1], ARGV[1]) end
return 0`)

// Archived forgets that a talk is fresh, unless it spoke after the given time.
func (s *Store) Archived(ctx context.Context, id desk.TalkID, before time.Time) error {
	err := archivedScript.Run(ctx, s.redis, []string{freshKey(Partition(id))}, string(id), before.UnixMilli()).Err()
	if err != nil {
		return fmt.Errorf("talks: archived %s: %w", id, err)
	}
	return nil
}
