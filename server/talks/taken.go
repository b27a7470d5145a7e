package talks

import (
	"context"
	"fmt"
	"time"
)

// TakeLink gives a link to the browser that asks first, until a time, and says
// whether it is this one's. Both are digests: what rests here opens nothing. Of
// several that ask at once, one has it.
func (f *Shelf) TakeLink(ctx context.Context, link, browser string, life time.Duration) (mine bool, err error) {
	key := linkKeys + link
	mine, err = f.redis.SetNX(ctx, key, browser, life).Result()
	if err != nil {
		return false, fmt.Errorf("talks: link: %w", err)
	}
	if mine {
		return true, nil
	}
	owner, err := f.redis.Get(ctx, key).Result()
	if err != nil {
		return false, fmt.Errorf("talks: link: %w", err) // also when it ended just now
	}
	return owner == browser, nil
}
