package talks

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Shelf keeps the access token of the official account for all processes, as
// its client asks for it, the names of the pictures that were uploaded, which
// partners do not answer, and the flow in which branches are searched for. What
// it loses is fetched, uploaded, opened, or found out again.
type Shelf struct {
	redis redis.UniversalClient
	keys  *sealed.Keys
}

// Shelf returns the shelf in the same Redis.
func (s *Store) Shelf() *Shelf { return &Shelf{redis: s.redis, keys: s.keys} }

const (
	turnLasts   = 10 * time.Second
	forceGap    = time.Minute
	forceADay   = 15
	forceWindow = 24 * time.Hour
)

// kept is the token as it rests.
type kept struct {
	Token flows.Secret `cbor:"1,keyasint,omitempty"`
	Until time.Time    `cbor:"2,keyasint,omitempty"`
}

// Token returns the token and until when it may be used, or the zero Secret.
func (f *Shelf) Token(ctx context.Context) (flows.Secret, time.Time, error) {
	box, err := f.redis.Get(ctx, tokenKey).Bytes()
	if errors.Is(err, redis.Nil) {
		return flows.Secret{}, time.Time{}, nil
	}
	if err != nil {
		return flows.Secret{}, time.Time{}, fmt.Errorf("talks: shelf: %w", err)
	}
	var k kept
	if err := sealed.Decode(f.keys, tokenKey, box, &k); err != nil {
		return flows.Secret{}, time.Time{}, fmt.Errorf("talks: shelf: %w", err)
	}
	return k.Token, k.Until, nil
}

// Keep replaces the token.
func (f *Shelf) Keep(ctx context.Context, token flows.Secret, until time.Time) error {
	box, err := sealed.Encode(f.keys, tokenKey, kept{token, until})
	if err != nil {
		return err
	}
	if err := f.redis.Set(ctx, tokenKey, box, 2*time.Hour).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// giveBack removes a turn only if it is still its owner's: a slow one has lost
// it to somebody else.
var giveBack = redis.NewScript(`if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`)

// Turn lets one caller at a time fetch a token, for ten seconds at most.
func (f *Shelf) Turn(ctx context.Context) (done func(), ok bool, err error) {
	mine := rand.Text()
	ok, err = f.redis.SetNX(ctx, tokenTurnKey, mine, turnLasts).Result()
	if err != nil {
		return nil, false, fmt.Errorf("talks: shelf: %w", err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		giveBack.Run(ctx, f.redis, []string{tokenTurnKey}, mine) // what fails here ends by its time
	}, ok, nil
}

// MayForce counts a forced renewal, if it is allowed now: a minute after the
// last and at most fifteen times a day.
func (f *Shelf) MayForce(ctx context.Context) (bool, error) {
	apart, err := f.redis.SetNX(ctx, tokenGapKey, 1, forceGap).Result()
	if err != nil || !apart {
		return false, err
	}
	if err := f.redis.SetNX(ctx, tokenForcedKey, 0, forceWindow).Err(); err != nil {
		return false, fmt.Errorf("talks: shelf: %w", err)
	}
	n, err := f.redis.Incr(ctx, tokenForcedKey).Result()
	if err != nil {
		return false, fmt.Errorf("talks: shelf: %w", err)
	}
	return n <= forceADay, nil
}

// pictureLasts is a little less than WeChat keeps an upload: three days.
const pictureLasts = 70 * time.Hour

func pictureKey(content string) string {
	sum := sha256.Sum256([]byte(content))
	return pictureKeys + base64.RawURLEncoding.EncodeToString(sum[:18])
}

// Picture returns the name under which WeChat has the picture of a code, or
// nothing.
func (f *Shelf) Picture(ctx context.Context, content string) (media string, err error) {
	media, err = f.redis.Get(ctx, pictureKey(content)).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("talks: shelf: %w", err)
	}
	return media, nil
}

// KeepPicture notes the name of a picture for as long as WeChat keeps it.
func (f *Shelf) KeepPicture(ctx context.Context, content, media string) error {
	if err := f.redis.Set(ctx, pictureKey(content), media, pictureLasts).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// Told is what a template message said, and to whom.
type Told struct {
	Talk desk.TalkID `cbor:"1,keyasint,omitempty"`
	Say  flows.Say   `cbor:"2,keyasint,omitempty"`
}

// KeepAway tells every process that a partner does not answer, for a while.
func (f *Shelf) KeepAway(ctx context.Context, partner string, lasts time.Duration) error {
	if err := f.redis.Set(ctx, awayKeys+partner, "1", lasts).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// Away reports whether some process has told so.
func (f *Shelf) Away(ctx context.Context, partner string) (bool, error) {
	n, err := f.redis.Exists(ctx, awayKeys+partner).Result()
	if err != nil {
		return false, fmt.Errorf("talks: shelf: %w", err)
	}
	return n > 0, nil
}

// toldLasts is longer than the platform takes to say what became of a message.
const toldLasts = 24 * time.Hour

// KeepTold notes what the template message with an identifier said.
func (f *Shelf) KeepTold(ctx context.Context, id string, told Told) error {
	key := toldKeys + id
	box, err := sealed.Encode(f.keys, key, told)
	if err != nil {
		return err
	}
	if err := f.redis.Set(ctx, key, box, toldLasts).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// Told returns what a template message said, or nothing when that is not known.
func (f *Shelf) Told(ctx context.Context, id string) (told Told, err error) {
	key := toldKeys + id
	box, err := f.redis.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return Told{}, nil
	}
	if err != nil {
		return Told{}, fmt.Errorf("talks: shelf: %w", err)
	}
	if err := sealed.Decode(f.keys, key, box, &told); err != nil {
		return Told{}, fmt.Errorf("talks: shelf: %w", err)
	}
	return told, nil
}

// DropTold forgets what a template message said, once its loss was made up for.
func (f *Shelf) DropTold(ctx context.Context, id string) error {
	if err := f.redis.Del(ctx, toldKeys+id).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// A flow of e签宝 lives for thirty days. Opening one costs money, also when it
// fails, so it is tried once an hour at most.
const (
	flowLasts = 29 * 24 * time.Hour
	flowGap   = time.Hour
)

// Flow returns the flow in which branches are searched for, or nothing.
func (f *Shelf) Flow(ctx context.Context) (string, error) {
	flow, err := f.redis.Get(ctx, flowKey).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("talks: shelf: %w", err)
	}
	return flow, nil
}

// KeepFlow replaces it.
func (f *Shelf) KeepFlow(ctx context.Context, flow string) error {
	if err := f.redis.Set(ctx, flowKey, flow, flowLasts).Err(); err != nil {
		return fmt.Errorf("talks: shelf: %w", err)
	}
	return nil
}

// MayOpen counts the opening of a flow, if it is allowed now.
func (f *Shelf) MayOpen(ctx context.Context) (bool, error) {
	may, err := f.redis.SetNX(ctx, flowGapKey, 1, flowGap).Result()
	if err != nil {
		return false, fmt.Errorf("talks: shelf: %w", err)
	}
	return may, nil
}
