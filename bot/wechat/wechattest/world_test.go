// A small world for the tests: the platform, and a service at its callback that
// speaks through package bot, which shares no cryptography with the platform.

package wechattest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
)

const (
	appID      = "wx1234567890abcdef"
	appSecret  = "0123456789abcdef0123456789abcdef"
	originalID = "gh_0123456789ab"
	token      = "tok3n"
	aesKey     = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	person     = "oABCDEFGHIJKLMNOPQRSTUVWXYZ1"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
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
}

// world is one test's platform and service.
type world struct {
	*wechattest.Platform
	api     string
	account bot.Account
	clock   *clock

	mu     sync.Mutex
	heard  []bot.Message
	answer func(bot.Message) string
	raw    func(w http.ResponseWriter, r *http.Request) bool // answers by itself when true
}

// newWorld starts a world. Change edits the configuration before that.
func newWorld(t *testing.T, change func(*wechattest.Config)) *world {
	t.Helper()
	w := &world{clock: &clock{now: time.Unix(1700000000, 0)}, answer: func(bot.Message) string { return "" }}
	service := httptest.NewServer(w)
	t.Cleanup(service.Close)
	cfg := wechattest.Config{
		AppID: appID, AppSecret: appSecret, OriginalID: originalID, Token: token, AESKey: aesKey,
		Mode: wechattest.Safe, CallbackURL: service.URL + "/wechat", Clock: w.clock.Now, Deadline: 150 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	w.account = bot.Account{OriginalID: originalID, Token: flows.Conceal(token), MaxSkew: bot.MaxSkew}
	if cfg.Mode != wechattest.Plain {
		e, err := bot.NewEnvelope(token, flows.Conceal(aesKey), appID)
		if err != nil {
			t.Fatal(err)
		}
		w.account.Envelope = e
	}
	p, err := wechattest.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	w.Platform = p
	api := httptest.NewServer(p)
	t.Cleanup(api.Close)
	w.api = api.URL
	return w
}

// ServeHTTP is the service at the callback.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	q := bot.Query{
		Signature: query.Get("signature"), Timestamp: query.Get("timestamp"), Nonce: query.Get("nonce"),
		OpenID: query.Get("openid"), EncryptType: query.Get("encrypt_type"), MsgSignature: query.Get("msg_signature"),
	}
	if r.Method == http.MethodGet {
		if bot.CheckSignature(token, q, w.clock.Now(), bot.MaxSkew) == nil {
			_, _ = io.WriteString(rw, query.Get("echostr"))
		}
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	m, err := w.account.Receive(q, body, w.clock.Now())
	switch {
	case errors.Is(err, bot.ErrUnknown):
		_, _ = io.WriteString(rw, bot.NoAnswer)
		return
	case err != nil:
		rw.WriteHeader(http.StatusForbidden)
		return
	}
	w.mu.Lock()
	w.heard = append(w.heard, m)
	answer, raw := w.answer, w.raw
	w.mu.Unlock()
	if raw != nil && raw(rw, r) {
		return
	}
	said, err := w.account.Answer(m, answer(m), w.clock.Now(), q.Nonce, rand.Reader)
	if err != nil {
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = rw.Write(said)
}

// hear returns what the service has heard so far.
func (w *world) hear() []bot.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.heard)
}

// settle waits for every push.
func (w *world) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		t.Fatalf("Settle: %v", err)
	}
}

// must fails the test when a person could not do something.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echo answers a text with itself.
func echo(m bot.Message) string {
	if said, ok := m.Event.What.(flows.Said); ok {
		return said.Text
	}
	return ""
}
