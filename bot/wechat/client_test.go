// Tests of the client against the platform's stand-in.

package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	encoder "image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/bot/wechat"
	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
	"certdesk/server/sealed"
	"certdesk/server/talks"
)

const (
	appID     = "wx1234567890abcdef"
	appSecret = "0123456789abcdef0123456789abcdef"
	person    = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
)

var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

// clock is a time that tests move, and a Redis in which it passes.
type clock struct {
	mu    sync.Mutex
	now   time.Time
	redis *miniredis.Miniredis
	shelf *talks.Shelf
}

func newClock(t *testing.T) *clock {
	t.Helper()
	r := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: r.Addr()})
	t.Cleanup(func() { must(t, client.Close()) })
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	must(t, err)
	store, err := talks.Open(t.Context(), client, keys, talks.Defaults)
	must(t, err)
	return &clock{now: time.Unix(1700000000, 0), redis: r, shelf: store.Shelf()}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	c.redis.FastForward(d)
}

// platform starts the stand-in with one person who has just written, and a
// client of it.
func platform(t *testing.T) (*wechattest.Platform, *wechat.Client, *clock) {
	t.Helper()
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(service.Close)
	now := newClock(t)
	p, err := wechattest.New(wechattest.Config{
		AppID: appID, AppSecret: appSecret, OriginalID: "gh_1", Token: "tok3n", Mode: wechattest.Plain,
		CallbackURL: service.URL, Clock: now.Now, Deadline: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { must(t, p.Close()) })
	api := httptest.NewServer(p)
	t.Cleanup(api.Close)
	must(t, p.Say(person, "一"))
	must(t, p.Settle(t.Context()))
	return p, client(api.URL+"/", appSecret, now), now
}

func client(api, secret string, now *clock) *wechat.Client {
	cfg := wechat.Config{AppID: appID, AppSecret: flows.Conceal(secret), APIURL: api, OpenURL: api, MPURL: api}
	return wechat.New(cfg, &http.Client{Timeout: 5 * time.Second}, now.shelf, now.Now)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMessages(t *testing.T) {
	p, c, _ := platform(t)
	must(t, c.Text(t.Context(), person, `<a href="https://a.example/?a=1&b=2">打开</a>`))
	id, err := c.Upload(t.Context(), "code.png", png)
	must(t, err)
	must(t, c.Image(t.Context(), person, id))
	inbox := p.Inbox(person, 0)
	if len(inbox) != 2 || inbox[0].URLs[0] != "https://a.example/?a=1&b=2" || inbox[1].ImageURL != "/world/wechat/media/"+id {
		t.Errorf("the person reads %+v", inbox)
	}
	if content, _ := p.Media(id); !bytes.Equal(content, png) {
		t.Errorf("the picture arrives as %d bytes, want %d", len(content), len(png))
	}
	if _, err := c.Upload(t.Context(), "code.png", make([]byte, 2<<20+1)); err == nil {
		t.Error("Upload of more than two megabytes = nil, want an error")
	}
}

func TestReadsAPicture(t *testing.T) {
	p, c, now := platform(t)
	var picture bytes.Buffer
	must(t, encoder.Encode(&picture, image.NewGray(image.Rect(0, 0, 1, 1))))
	must(t, p.SendPicture(person, picture.Bytes(), "营业执照\n91330106MA0000015K"))
	id, err := c.Upload(t.Context(), "same.png", picture.Bytes())
	must(t, err)
	must(t, p.Fault(wechattest.StaleToken, 1))
	text, err := c.Read(t.Context(), flows.Conceal(id))
	if err != nil || text.Reveal() != "营业执照\n91330106MA0000015K\n" {
		t.Errorf("Read = %q, %v", text.Reveal(), err)
	}
	now.add(72 * time.Hour)
	if _, err := c.Read(t.Context(), flows.Conceal(id)); !errors.Is(err, wechat.ErrMedia) {
		t.Errorf("Read of a picture that is gone = %v, want ErrMedia", err)
	}
	broken, err := c.Upload(t.Context(), "broken.png", png)
	must(t, err)
	var refused *wechat.Error
	if _, err := c.Read(t.Context(), flows.Conceal(broken)); !errors.As(err, &refused) || refused.Code != 101002 {
		t.Errorf("Read of a torn picture = %v, want 101002", err)
	}
}

func TestErrors(t *testing.T) {
	p, c, now := platform(t)
	var wrong *wechat.Error
	if err := c.Text(t.Context(), "oB", "x"); !errors.As(err, &wrong) || wrong.Code != 40003 || wrong.RID == "" || wrong.Path != "/cgi-bin/message/custom/send" {
		t.Errorf("Text to somebody unknown = %+v", err)
	}
	for range 5 {
		must(t, c.Text(t.Context(), person, "x"))
	}
	if err := c.Text(t.Context(), person, "x"); !errors.Is(err, wechat.ErrQuota) || errors.Is(err, wechat.ErrClosed) {
		t.Errorf("sixth Text = %v, want ErrQuota", err)
	}
	now.add(49 * time.Hour)
	if err := c.Text(t.Context(), person, "x"); !errors.Is(err, wechat.ErrClosed) {
		t.Errorf("Text after two days = %v, want ErrClosed", err)
	}
	must(t, p.Fault("busy", 1))
	if err := c.Text(t.Context(), person, "x"); !errors.Is(err, wechat.ErrBusy) {
		t.Errorf("Text to a busy platform = %v, want ErrBusy", err)
	}
	must(t, p.Fault("500", 1))
	if err := c.Text(t.Context(), person, "x"); err == nil || errors.As(err, &wrong) {
		t.Errorf("Text answered with 500 = %v, want an error that is no refusal", err)
	}
}

func TestCodesOfErrors(t *testing.T) {
	for code, want := range map[int]error{
		-1: wechat.ErrBusy, 45009: wechat.ErrBusy, 45011: wechat.ErrBusy, 45015: wechat.ErrClosed, 43004: wechat.ErrClosed,
		45047: wechat.ErrQuota, 40001: wechat.ErrToken, 40014: wechat.ErrToken, 42001: wechat.ErrToken, 40163: wechat.ErrCode,
	} {
		if err := error(&wechat.Error{Code: code}); !errors.Is(err, want) {
			t.Errorf("code %d is not %v", code, want)
		}
	}
	if errors.Is(&wechat.Error{Code: 40003}, nil) {
		t.Error("a code without a sentinel matches nil")
	}
}

func TestTokenIsFetchedOnce(t *testing.T) {
	p, c, now := platform(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := c.Upload(t.Context(), "x.png", png); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := p.Books().Tokens; n != 1 {
		t.Errorf("twenty callers were given %d tokens, want 1", n)
	}
	now.add(6899 * time.Second)
	_, err := c.Upload(t.Context(), "x.png", png)
	must(t, err)
	if n := p.Books().Tokens; n != 1 {
		t.Errorf("before its last five minutes the token was replaced %d times", n-1)
	}
	now.add(2 * time.Second)
	_, err = c.Upload(t.Context(), "x.png", png)
	must(t, err)
	if n := p.Books().Tokens; n != 2 {
		t.Errorf("in its last five minutes the token was replaced %d times, want 1", n-1)
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	p, c, now := platform(t)
	must(t, c.Text(t.Context(), person, "x"))
	p.Revoke()
	must(t, c.Text(t.Context(), person, "x"))
	if n := p.Books().Tokens; n != 2 {
		t.Errorf("the client was given %d tokens, want 2", n)
	}
	must(t, p.Fault("stale-token", 1)) // refused although it is the latest: only force helps
	must(t, c.Text(t.Context(), person, "x"))
	if n := p.Books().Tokens; n != 3 {
		t.Errorf("the client was given %d tokens, want 3", n)
	}
	must(t, p.Fault("stale-token", 10))
	if err := c.Text(t.Context(), person, "x"); !errors.Is(err, wechat.ErrToken) {
		t.Errorf("Text when every token is refused = %v, want ErrToken", err)
	}
	if refused := p.Books().Refused["/cgi-bin/message/custom/send 40001"]; refused != 4 {
		t.Errorf("the platform refused %d calls, want 1 + 1 + 2", refused)
	}
	if n := p.Books().Tokens; n != 3 {
		t.Errorf("within a minute the client forced %d renewals, want 1", n-2)
	}
	now.add(time.Minute)
	_ = c.Text(t.Context(), person, "x")
	if n := p.Books().Tokens; n != 4 {
		t.Errorf("after a minute the client was given %d tokens, want 4", n)
	}
}

// TestProcessesShareOneToken lets two clients of one account, each with callers
// at once, go through a renewal and a refusal.
func TestProcessesShareOneToken(t *testing.T) {
	p, _, now := platform(t)
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" {
			asked.Add(1)
		}
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	one, two := client(api.URL, appSecret, now), client(api.URL, appSecret, now)
	send := func() {
		var all sync.WaitGroup
		for _, c := range []*wechat.Client{one, two, one, two} {
			all.Go(func() {
				if _, err := c.Upload(t.Context(), "x.png", png); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	send()
	if n := asked.Load(); n != 1 {
		t.Errorf("two processes asked for a token %d times, want 1", n)
	}
	now.add(7000 * time.Second)
	send()
	if n := asked.Load(); n != 2 {
		t.Errorf("after its end they asked %d times, want 2", n)
	}
	p.Revoke()
	send()
	if n := asked.Load(); n != 3 {
		t.Errorf("after a refusal they asked %d times, want 3", n)
	}
	now.redis.Close()
	must(t, one.Text(t.Context(), person, "x")) // what it has is good without the shelf
	p.Revoke()
	must(t, one.Text(t.Context(), person, "x"))
}

func TestWaitingForATokenEndsWithTheContext(t *testing.T) {
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { close(started) })
		<-release
		_, _ = w.Write([]byte(`{"access_token":"t","expires_in":7200}`))
	}))
	defer api.Close()
	c := client(api.URL, appSecret, newClock(t))
	var first sync.WaitGroup
	first.Go(func() { _ = c.Text(t.Context(), person, "x") })
	<-started
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Text(ctx, person, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("Text with a context that ended = %v, want context.Canceled", err)
	}
	close(release)
	first.Wait()
}

func TestMenuAndScene(t *testing.T) {
	p, c, _ := platform(t)
	must(t, c.Menu(t.Context(), []wechat.Button{
		{Name: "办理", Type: "click", Key: "办理"},
		{Name: "更多", Sub: []wechat.Button{{Name: "打开", Type: "view", URL: "https://a.example/?a=1&b=2"}}},
	}))
	if err := c.Menu(t.Context(), nil); err == nil {
		t.Error("Menu without buttons = nil, want the platform's refusal")
	}
	address, ticket, err := c.Scene(t.Context(), "case-7", time.Minute)
	must(t, err)
	must(t, p.Scan(person, address))
	if printed, _, err := c.Scene(t.Context(), "363", wechat.Forever); err != nil || printed == address {
		t.Errorf("a code for ever: %q, %v", printed, err)
	}
	if last := p.Books().Pushes; last[len(last)-1].Kind != "SCAN" {
		t.Errorf("the books say %+v", last)
	}
	if picture := c.ScenePicture(ticket); strings.ContainsAny(picture[len("http://"):], "+ ") || !strings.Contains(picture, "%2B") {
		t.Errorf("ScenePicture = %s, whose ticket is not escaped", picture)
	}
	for _, ttl := range []time.Duration{time.Millisecond, 31 * 24 * time.Hour} {
		if _, _, err := c.Scene(t.Context(), "x", ttl); err == nil {
			t.Errorf("Scene for %v = nil, want an error", ttl)
		}
	}
	must(t, p.Settle(t.Context()))
}

func TestSignIn(t *testing.T) {
	_, c, _ := platform(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	open := c.SignIn("http://127.0.0.1:1/h5/oauth/wechat?x=1", "abc")
	res, err := browser.Get(strings.Replace(open, "#", "&as="+person+"#", 1))
	must(t, err)
	must(t, res.Body.Close())
	back, err := url.Parse(res.Header.Get("Location"))
	must(t, err)
	who, err := c.Who(t.Context(), back.Query().Get("code"))
	if err != nil || who != person || back.Query().Get("state") != "abc" {
		t.Errorf("Who = %q, %v after %s", who, err, back)
	}
	if _, err := c.Who(t.Context(), back.Query().Get("code")); !errors.Is(err, wechat.ErrCode) {
		t.Errorf("Who again = %v, want ErrCode", err)
	}
}

// TestHostileAnswers gives answers that no platform gives.
func TestHostileAnswers(t *testing.T) {
	tests := map[string]string{
		"nothing":           ``,
		"no JSON":           `<html>`,
		"another form":      `[]`,
		"a token of no use": `{"access_token":"","expires_in":7200}`,
		"a dead token":      `{"access_token":"t","expires_in":0}`,
		"a list":            `{"access_token":["t"]}`,
		"two megabytes":     `{"access_token":"` + strings.Repeat("t", 2<<20) + `","expires_in":7200}`,
	}
	for name, answer := range tests {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) }))
		c := client(api.URL, appSecret, newClock(t))
		if err := c.Text(t.Context(), person, "x"); err == nil {
			t.Errorf("%s: Text = nil, want an error", name)
		}
		if _, err := c.Who(t.Context(), "code"); err == nil {
			t.Errorf("%s: Who = nil, want an error", name)
		}
		api.Close()
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"openid":"oX","is_snapshotuser":1}`))
	}))
	defer api.Close()
	if _, err := client(api.URL, appSecret, newClock(t)).Who(t.Context(), "code"); !errors.Is(err, wechat.ErrVirtual) {
		t.Errorf("Who of a snapshot = %v, want ErrVirtual", err)
	}
}

// TestErrorsTellNoSecrets makes calls fail in every way there is and looks for
// secret, token and person in the texts.
func TestErrorsTellNoSecrets(t *testing.T) {
	const leaked = "T_0123456789"
	bodies := map[string]int{
		`{"errcode":40013,"errmsg":"invalid appid ` + appSecret + ` ` + leaked + ` ` + person + ` rid: 0123abcd-0123abcd-0123abcd"}`: 200,
		`{"errcode":40001,"errmsg":"invalid credential ` + leaked + `"}`:                                                             200,
		leaked + appSecret: 200,
		`{}`:               500,
	}
	now := newClock(t)
	var addresses []string
	for body, status := range bodies {
		api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/cgi-bin/stable_token" {
				fmt.Fprintf(w, `{"access_token":%q,"expires_in":7200}`, leaked)
				return
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		defer api.Close()
		addresses = append(addresses, api.URL)
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, address := range append(addresses, closed.URL, "http://bad host", "http://[::1") {
		c := client(address, appSecret, now)
		_, who := c.Who(t.Context(), appSecret)
		_, up := c.Upload(t.Context(), "x.png", png)
		_, _, scene := c.Scene(t.Context(), "x", time.Minute)
		_, read := c.Read(t.Context(), flows.Conceal(person))
		for _, err := range []error{c.Text(t.Context(), person, person), who, up, scene, read, c.Menu(t.Context(), nil)} {
			if err == nil {
				t.Fatalf("a call to %s succeeds", address)
			}
			text := fmt.Sprintf("%v %+v %#v", err, err, err)
			for _, secret := range []string{appSecret, leaked, person} {
				if strings.Contains(text, secret) {
					t.Errorf("the error %q tells %q", text, secret)
				}
			}
		}
	}
	if text := fmt.Sprintf("%+v", wechat.Config{AppSecret: flows.Conceal(appSecret)}); strings.Contains(text, appSecret) {
		t.Errorf("the configuration prints as %s", text)
	}
}
