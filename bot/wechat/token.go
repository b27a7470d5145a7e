// The access token: one for all processes, fetched by one of them at a time.

package wechat

import (
	"context"
	"errors"
	"time"

	"certdesk/flows"
)

// Shelf is where the processes that serve one account keep its token. It may
// lose everything at any time: then the token is fetched again. A shelf that
// answers with an error is passed by, because the endpoint stable_token gives
// all processes the same token while it is valid.
type Shelf interface {
	// Token returns the token and until when it may be used, or the zero Secret.
	Token(ctx context.Context) (flows.Secret, time.Time, error)

	// Keep replaces the token.
	Keep(ctx context.Context, token flows.Secret, until time.Time) error

	// Turn lets one caller at a time fetch a token, for ten seconds at most. It
	// is false while somebody else fetches; done gives the turn back.
	Turn(ctx context.Context) (done func(), ok bool, err error)

	// MayForce counts a forced renewal, if it is allowed now: a minute after the
	// last and at most fifteen times a day. The platform allows 20 a day, 30
	// seconds apart (WeChat manual, chapter 获取稳定版接口调用凭据), and kills
	// the token of every process each time.
	MayForce(ctx context.Context) (bool, error)
}

const (
	renewBefore = 5 * time.Minute
	turnPause   = 50 * time.Millisecond
)

// token is what this process knows of the account's token.
type token struct {
	now   func() time.Time
	turn  chan struct{} // holds one value while somebody of this process looks or fetches
	shelf Shelf
	value string
	until time.Time
}

// current returns a token that is not the refused one, and fetches it when there
// is none. Others wait for the fetch, each as long as its own context lets it.
func (c *Client) current(ctx context.Context, refused string) (string, error) {
	t := &c.token
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	for !t.good(refused) {
		t.adopt(ctx)
		if t.good(refused) {
			break
		}
		fetched, err := c.fetchInTurn(ctx, refused)
		if err != nil {
			return "", err
		}
		if fetched {
			break
		}
		select {
		case <-time.After(turnPause):
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	return t.value, nil
}

func (t *token) good(refused string) bool {
	return t.value != "" && t.value != refused && t.now().Before(t.until)
}

// adopt takes the token from the shelf.
func (t *token) adopt(ctx context.Context) {
	if kept, until, err := t.shelf.Token(ctx); err == nil && !kept.IsZero() {
		t.value, t.until = kept.Reveal(), until
	}
}

// fetchInTurn fetches a token unless another process does. It looks at the shelf
// once more, because the turn before may have been for the same token.
func (c *Client) fetchInTurn(ctx context.Context, refused string) (fetched bool, err error) {
	t := &c.token
	done, ok, err := t.shelf.Turn(ctx)
	if err == nil {
		if !ok {
			return false, nil
		}
		defer done()
	}
	if t.adopt(ctx); t.good(refused) {
		return true, nil
	}
	if err := c.fetch(ctx, stable); err != nil {
		return false, err
	}
	if t.value == refused {
		if may, err := t.shelf.MayForce(ctx); err == nil && may {
			if err := c.fetch(ctx, forced); err != nil {
				return false, err
			}
		}
	}
	_ = t.shelf.Keep(ctx, flows.Conceal(t.value), t.until) // a shelf that fails costs the others a fetch
	return true, nil
}

// renewal is how a token is asked for.
type renewal bool

const (
	stable renewal = false // the one that is valid, if there is one
	forced renewal = true  // a new one, killing that
)

// fetch asks the platform for a token. Near its end the platform gives out the
// next one, so we ask from then on; a token shorter than that lives by halves.
func (c *Client) fetch(ctx context.Context, how renewal) error {
	t := &c.token
	t.value = ""
	k, err := post("/cgi-bin/stable_token", map[string]any{
		"grant_type":    "client_credential",
		"appid":         c.cfg.AppID,
		"secret":        c.cfg.AppSecret.Reveal(),
		"force_refresh": bool(how),
	})
	if err != nil {
		return err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"` // seconds
	}
	asked := t.now()
	if err := c.try(ctx, k, &answer); err != nil {
		return err
	}
	if answer.AccessToken == "" || answer.ExpiresIn <= 0 {
		return errors.New("wechat: /cgi-bin/stable_token: answer holds no token")
	}
	life := time.Duration(min(answer.ExpiresIn, 7200)) * time.Second
	t.value, t.until = answer.AccessToken, asked.Add(life-min(renewBefore, life/2))
	return nil
}
