// The one way in which calls are made.

package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"certdesk/flows"
)

// maxAnswer bounds what is read of an answer, in bytes: the largest is a picture.
const maxAnswer = maxImage

// Config says which account, and where the platform is.
type Config struct {
	AppID     string
	AppSecret flows.Secret
	APIURL    string // https://api.weixin.qq.com when empty
	OpenURL   string // where a browser asks who its user is; https://open.weixin.qq.com when empty
	MPURL     string // where pictures of codes are; https://mp.weixin.qq.com when empty
}

// Client calls the platform for one account. It may be used by many goroutines.
type Client struct {
	cfg   Config
	http  *http.Client
	token token
}

// New returns a client. The HTTP client should have a time-out of a few
// seconds; the shelf keeps the token for all processes; now is used to tell how
// old it is.
func New(cfg Config, client *http.Client, shelf Shelf, now func() time.Time) *Client {
	cfg.APIURL = base(cfg.APIURL, "https://api.weixin.qq.com")
	cfg.OpenURL = base(cfg.OpenURL, "https://open.weixin.qq.com")
	cfg.MPURL = base(cfg.MPURL, "https://mp.weixin.qq.com")
	return &Client{cfg: cfg, http: client, token: token{now: now, shelf: shelf, turn: make(chan struct{}, 1)}}
}

func base(address, standard string) string {
	if address == "" {
		return standard
	}
	return strings.TrimRight(address, "/")
}

// call is one request: a body to be sent again when the token was refused.
type call struct {
	method string
	path   string
	query  url.Values
	kind   string // content type of the body
	body   []byte
}

// post makes a call with a JSON body. HTML is not escaped, because WeChat shows
// the escapes of some fields as they stand.
func post(path string, body any) (call, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return call{}, fmt.Errorf("wechat: %s: body: %w", path, err)
	}
	return call{method: http.MethodPost, path: path, kind: "application/json; charset=utf-8", body: buf.Bytes()}, nil
}

// do makes a call with the token, and once more with a new one when the
// platform refuses the first. The answer is decoded into out unless that is nil;
// into a *[]byte goes a picture.
func (c *Client) do(ctx context.Context, k call, out any) error {
	old, err := c.current(ctx, "")
	if err != nil {
		return err
	}
	err = c.try(ctx, k.with(old), out)
	if !errors.Is(err, ErrToken) {
		return err
	}
	fresh, err := c.current(ctx, old)
	if err != nil {
		return err
	}
	return c.try(ctx, k.with(fresh), out)
}

// with returns the call with the token in its address.
func (k call) with(token string) call {
	query := url.Values{"access_token": {token}}
	for name, values := range k.query {
		query[name] = values
	}
	k.query = query
	return k
}

// try makes a call as it stands.
func (c *Client) try(ctx context.Context, k call, out any) error {
	req, err := http.NewRequestWithContext(ctx, k.method, c.cfg.APIURL+k.path+"?"+k.query.Encode(), bytes.NewReader(k.body))
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", k.path, withoutURL(err))
	}
	if k.kind != "" {
		req.Header.Set("Content-Type", k.kind)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("wechat: %s: %w", k.path, withoutURL(err))
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("wechat: %s: answer: %w", k.path, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("wechat: %s: HTTP status %d", k.path, res.StatusCode)
	}
	return decode(k.path, body, out)
}

// decode reads an answer. Success has an errcode of 0 or none at all.
func decode(path string, body []byte, out any) error {
	if len(body) > maxAnswer {
		return fmt.Errorf("wechat: %s: answer is longer than %d bytes", path, maxAnswer)
	}
	var status struct {
		ErrCode int    `json:"errcode"`
		ErrMsg  string `json:"errmsg"`
	}
	if file, ok := out.(*[]byte); ok && strings.HasPrefix(http.DetectContentType(body), "image/") {
		*file = body
		return nil
	}
	if err := json.Unmarshal(body, &status); err != nil {
		return fmt.Errorf("wechat: %s: answer is not JSON", path)
	}
	if status.ErrCode != 0 {
		return refusal(path, status.ErrCode, status.ErrMsg)
	}
	if out == nil {
		return nil
	}
	if _, ok := out.(*[]byte); ok {
		return fmt.Errorf("wechat: %s: answer is no picture", path)
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("wechat: %s: answer is not as documented", path)
	}
	return nil
}
