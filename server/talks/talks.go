// Package talks keeps conversations in Redis: the talk itself, its transcript,
// the answers given in the last ten minutes, and the effects that the ledger
// has not taken yet.
//
// It promises one commit point: [Store.Commit] is one script that checks
// everything before it writes anything. It refuses a save that was decided
// from anything but what is stored, which it tells by a random revision; a
// counter would come round again after a lost write. Everything personal is
// sealed. Redis may lose all of it: the ledger knows how far each applicant is.
package talks

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Config says how long things are kept and how much one applicant may send.
type Config struct {
	Idle   time.Duration // a talk without events is forgotten; 720h
	Answer time.Duration // an answer can be given again; 10m
	Burst  int           // messages of one applicant in a window; 30
	Window time.Duration // 10s
	Lines  int64         // entries of a transcript kept in Redis, one for each event; 200
}

// Defaults are the values in the comments of [Config].
var Defaults = Config{Idle: 720 * time.Hour, Answer: 10 * time.Minute, Burst: 30, Window: 10 * time.Second, Lines: 200}

// Store implements the ports of package desk that Redis serves.
type Store struct {
	redis   redis.UniversalClient
	scripts redis.Scripter // sends commits of many talks together
	keys    *sealed.Keys
	cfg     Config
	process string // begins every revision that this process writes
}

// Open returns the store on a Redis, and writes or compares the number of
// partitions.
func Open(ctx context.Context, client redis.UniversalClient, keys *sealed.Keys, cfg Config) (*Store, error) {
	if err := client.SetNX(ctx, partitionsKey, Partitions, 0).Err(); err != nil {
		return nil, fmt.Errorf("talks: partitions: %w", err)
	}
	n, err := client.Get(ctx, partitionsKey).Int()
	if err != nil {
		return nil, fmt.Errorf("talks: partitions: %w", err)
	}
	if n != Partitions {
		return nil, fmt.Errorf("talks: this Redis has %d partitions, this release %d", n, Partitions)
	}
	s := &Store{redis: client, scripts: client, keys: keys, cfg: cfg, process: random(2)}
	if p, ok := client.(interface {
		AutoPipeline() (*redis.AutoPipeliner, error)
	}); ok {
		if s.scripts, err = p.AutoPipeline(); err != nil {
			return nil, fmt.Errorf("talks: pipeline: %w", err)
		}
	}
	return s, nil
}

// stored is a talk as it rests, without its revision.
type stored struct {
	Case flows.Case `cbor:"1,keyasint,omitempty"`
	Seen []string   `cbor:"2,keyasint,omitempty"`
}

// A revision is three letters for the process that wrote it, and eight random
// ones.
const revisionLen = 11

func (s *Store) newRevision() string { return s.process + random(6) }

func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s *Store) decode(id desk.TalkID, value string) (desk.Talk, error) {
	if len(value) < revisionLen {
		return desk.Talk{}, fmt.Errorf("talks: %s: %w", id, sealed.ErrSealed)
	}
	var t stored
	if err := sealed.Decode(s.keys, talkKey(id), []byte(value[revisionLen:]), &t); err != nil {
		return desk.Talk{}, fmt.Errorf("talks: %s: %w", id, err)
	}
	return desk.Talk{ID: id, Revision: value[:revisionLen], Case: t.Case, Seen: t.Seen}, nil
}

// Load implements [desk.Talks].
func (s *Store) Load(ctx context.Context, id desk.TalkID) (desk.Talk, error) {
	value, err := s.redis.Get(ctx, talkKey(id)).Result()
	if errors.Is(err, redis.Nil) {
		return desk.Talk{}, desk.ErrNoTalk
	}
	if err != nil {
		return desk.Talk{}, fmt.Errorf("talks: load %s: %w", id, err)
	}
	return s.decode(id, value)
}

//go:embed commit.lua
var commitLua string

var commitScript = redis.NewScript(commitLua)

// The outcomes of the script.
const (
	committed = iota
	duplicate
	stale
	flooded
)

// Commit implements [desk.Talks].
func (s *Store) Commit(ctx context.Context, chain ...desk.Commit) (desk.Talk, desk.Answer, error) {
	last := chain[len(chain)-1]
	id, next := last.Talk.ID, last.Talk
	next.Revision = s.newRevision()
	args, err := s.commitArgs(chain, next)
	if err != nil {
		return desk.Talk{}, desk.Answer{}, err
	}
	p := Partition(id)
	keys := []string{talkKey(id), linesKey(id), dueKey(id), rateKey(id), todoKey(p), freshKey(p)}
	for _, c := range chain {
		keys = append(keys, doneKey(id, c.Event.ID))
	}
	result, err := commitScript.Run(ctx, s.scripts, keys, args...).Slice()
	if err != nil {
		return desk.Talk{}, desk.Answer{}, fmt.Errorf("talks: commit %s: %w", id, err)
	}
	code, value := result[0].(int64), result[1].(string)
	switch code {
	case committed:
		return next, last.Answer, nil
	case duplicate:
		if len(chain) > 1 {
			return desk.Talk{}, desk.Answer{}, desk.ErrDuplicate // of which one, it does not say
		}
		var a desk.Answer
		if err := sealed.Decode(s.keys, doneKey(id, last.Event.ID), []byte(value), &a); err != nil {
			return desk.Talk{}, desk.Answer{}, fmt.Errorf("talks: answer to %s: %w", last.Event.ID, err)
		}
		return desk.Talk{}, a, desk.ErrDuplicate
	case flooded:
		return desk.Talk{}, desk.Answer{}, desk.ErrFlood
	}
	if value == "" {
		return desk.Talk{}, desk.Answer{}, desk.ErrNoTalk
	}
	now, err := s.decode(id, value)
	if err != nil {
		return desk.Talk{}, desk.Answer{}, err
	}
	return now, desk.Answer{}, desk.ErrStale
}

// renewEvery is how many events pass before a transcript's time to live is set
// again.
const renewEvery = 16

func (s *Store) commitArgs(chain []desk.Commit, next desk.Talk) ([]any, error) {
	id, last := next.ID, chain[len(chain)-1]
	talk, err := sealed.Encode(s.keys, talkKey(id), stored{Case: next.Case, Seen: next.Seen})
	if err != nil {
		return nil, err
	}
	var limited, renew int
	var events, effects []any
	for _, c := range chain {
		if c.Limited {
			limited++
		}
		if c.Talk.Case.Seq%renewEvery == 1 {
			renew = 1
		}
		answer, err := sealed.Encode(s.keys, doneKey(id, c.Event.ID), c.Answer)
		if err != nil {
			return nil, err
		}
		var entry []byte
		if len(c.Lines) > 0 {
			if entry, err = sealed.Encode(s.keys, linesKey(id), c.Lines); err != nil {
				return nil, err
			}
		}
		events = append(events, answer, entry)
		// The same event may come to a talk that was lost more than once: what is
		// owed from before is never taken for what the event led to.
		for _, due := range []struct {
			event   string
			seq     int64
			effects []flows.Effect
		}{
			{"resume/" + next.Revision, c.Talk.Case.Seq - 1, c.Owed},
			{c.Event.ID, c.Talk.Case.Seq, c.Effects},
		} {
			for i, e := range due.effects {
				box, err := sealed.EncodeEffect(s.keys, dueKey(id), e)
				if err != nil {
					return nil, err
				}
				p := desk.Pending{Ref: desk.Ref{Event: due.event, Index: i}, At: c.Event.At, Seq: due.seq}
				effects = append(effects, dueField(p), box)
			}
		}
	}
	args := []any{
		chain[0].Was, next.Revision + string(talk), s.cfg.Idle.Milliseconds(), s.cfg.Answer.Milliseconds(),
		string(id), last.Event.At.UnixMilli(), s.cfg.Burst, limited, s.cfg.Window.Milliseconds(), s.cfg.Lines, renew,
	}
	return append(append(args, events...), effects...), nil
}
