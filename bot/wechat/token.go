// The access token: kept in the process, fetched by one goroutine at a time.

package wechat

import (
	"context"
	"errors"
	"time"
)

// The endpoint stable_token gives all processes the same token while it is
// valid, so they share it without knowing each other. A forced renewal kills
// that token for all of them and is allowed 20 times a day, 30 seconds apart
// (WeChat manual, chapter 获取稳定版接口调用凭据); we stay below.
const (
	renewBefore = 5 * time.Minute
	forceGap    = time.Minute
	forceADay   = 15
)

// token is the access token of one account.
type token struct {
	now    func() time.Time
	turn   chan struct{} // holds one value while somebody looks or fetches
	value  string
	until  time.Time
	forced []time.Time // of the last day, oldest first
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
	if t.value != "" && t.value != refused && t.now().Before(t.until) {
		return t.value, nil
	}
	if err := c.fetch(ctx, stable); err != nil {
		return "", err
	}
	if t.value == refused && t.mayForce() {
		t.forced = append(t.forced, t.now())
		if err := c.fetch(ctx, forced); err != nil {
			return "", err
		}
	}
	return t.value, nil
}

func (t *token) mayForce() bool {
	now := t.now()
	for len(t.forced) > 0 && now.Sub(t.forced[0]) >= 24*time.Hour {
		t.forced = t.forced[1:]
	}
	n := len(t.forced)
	return n == 0 || n < forceADay && now.Sub(t.forced[n-1]) >= forceGap
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
