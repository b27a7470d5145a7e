// Package wechattest plays the WeChat official account platform, both halves of
// it: the calls that a service makes, and the people who write to the account
// from their telephones.
//
// It refuses what the platform would refuse, in the platform's order and with
// its codes, and it takes nothing on trust that it can check: signatures,
// envelopes, the form of an answer, quotas and windows. Its cryptography is
// written separately from package bot, so that a mistake there cannot cancel
// itself out. It promises that what a person may read is in the inbox, once, and
// that whatever an answer does wrong is there too, as the notice that a real
// telephone shows.
package wechattest

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"
)

// Mode is how an account receives its pushes.
type Mode string

// The modes, as the account's console names them. Safe is the default.
const (
	Plain      Mode = "plain"
	Compatible Mode = "compatible"
	Safe       Mode = "safe"
)

// Config says which account is played, and for whom.
type Config struct {
	AppID       string
	AppSecret   string
	OriginalID  string // gh_...
	Token       string
	AESKey      string // 43 characters; not needed in plain mode
	Mode        Mode
	CallbackURL string           // where pushes go
	Clock       func() time.Time // time.Now when nil
	Hurry       int              // divides the messaging windows and the life of media; 1 when 0
	Dir         string           // where state is kept over a restart; nowhere when empty
	Deadline    time.Duration    // how long a push waits for its answer; 5 s when 0
}

// retries is how often a push is repeated that got no answer (WeChat manual,
// chapter 接收普通消息: three retries in all).
const retries = 3

// Platform is the platform with one account. It serves the calls as an
// http.Handler; its other methods are what people do. It may be used by many
// goroutines.
type Platform struct {
	cfg     Config
	calls   http.Handler
	sealer  sealer
	tokens  *tokens
	codes   *codes
	faults  *faults
	courier *courier
	saver   *saver

	mu    sync.Mutex
	state state
}

// New starts a platform. It fails when the AES key is none or when the state in
// Dir cannot be read. Stop it with [Platform.Close].
func New(cfg Config) (*Platform, error) {
	cfg.Mode = cmp.Or(cfg.Mode, Safe)
	cfg.Hurry = cmp.Or(cfg.Hurry, 1)
	cfg.Deadline = cmp.Or(cfg.Deadline, 5*time.Second)
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	seal, err := newSealer(cfg)
	if err != nil {
		return nil, err
	}
	p := &Platform{cfg: cfg, sealer: seal, faults: newFaults(), codes: &codes{known: map[string]*code{}}}
	if p.state, err = load(cfg.Dir); err != nil {
		return nil, err
	}
	p.tokens = &tokens{now: cfg.Clock, cfg: cfg, issued: map[string]*issued{}}
	p.calls = routes(p)
	p.courier = newCourier(p)
	p.saver = startSaver(p)
	return p, nil
}

// ServeHTTP answers the calls of a service, and the browser that asks who its
// user is.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.calls.ServeHTTP(w, r) }

// Settle waits until every push so far is delivered or given up.
func (p *Platform) Settle(ctx context.Context) error { return p.courier.settle(ctx) }

// Close cuts the pushes that are under way and writes the state down. It may be
// called again.
func (p *Platform) Close() error {
	p.courier.close()
	return p.saver.close()
}

// Media returns a picture that was uploaded, however old. Its world address is
// /world/wechat/media/ and the identifier, as in [Item.ImageURL].
func (p *Platform) Media(id string) (content []byte, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, ok := p.state.Media[id]
	if !ok {
		return nil, false
	}
	return m.content, true
}

// change runs f with the state locked, and has the state saved.
func (p *Platform) change(f func(s *state, now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.state, p.cfg.Clock())
	p.saver.soon()
}

// hurried divides a time that a customer may have to wait for.
func (p *Platform) hurried(d time.Duration) time.Duration { return d / time.Duration(p.cfg.Hurry) }
