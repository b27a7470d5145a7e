// Access tokens: two kinds, which live apart.

package wechattest

import (
	"crypto/rand"
	"crypto/subtle"
	"sync"
	"time"
)

const (
	tokenLife  = 7200 * time.Second
	tokenGrace = 5 * time.Minute // a replaced token of the old kind lives on so long; a stable one is renewed so early
	forceGap   = 30 * time.Second
)

// issued is a token that was given out.
type issued struct {
	value   string
	expires time.Time
	revoked time.Time // zero while it is the latest
}

// tokens is the table of tokens.
type tokens struct {
	now func() time.Time
	cfg Config

	mu      sync.Mutex
	issued  map[string]*issued
	old     *issued // latest of /cgi-bin/token
	stable  *issued // latest of /cgi-bin/stable_token
	killed  time.Time
	fetched int // tokens given out so far
}

// check returns the code with which a call under the token is refused, or 0.
func (t *tokens) check(value string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if value == "" {
		return 41001
	}
	known, ok := t.issued[value]
	switch {
	case !ok:
		return 40014
	case !known.revoked.IsZero() && !t.now().Before(known.revoked):
		return 40001
	case !t.now().Before(known.expires):
		return 42001
	}
	return 0
}

// credentials returns the code with which an account is refused, or 0.
func (t *tokens) credentials(grant, appID, secret string) int {
	switch {
	case grant != "client_credential":
		return 40002
	case appID == "":
		return 41002
	case secret == "":
		return 41004
	case appID != t.cfg.AppID:
		return 40013
	case subtle.ConstantTimeCompare([]byte(secret), []byte(t.cfg.AppSecret)) != 1:
		return 40125
	}
	return 0
}

// replace issues a token of the old kind; the one before lives five minutes on.
func (t *tokens) replace() *issued {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.old != nil {
		t.old.revoked = t.now().Add(tokenGrace)
	}
	t.old = t.issue()
	return t.old
}

// share returns the stable token, and the next one when that is about to end.
func (t *tokens) share() *issued {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stable == nil || !t.stable.revoked.IsZero() || t.stable.expires.Sub(t.now()) <= tokenGrace {
		t.stable = t.issue()
	}
	return t.stable
}

// kill revokes the stable token, which a forced renewal does. It returns false
// when that was done less than 30 seconds ago.
func (t *tokens) kill() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now().Sub(t.killed) < forceGap {
		return false
	}
	t.killed = t.now()
	if t.stable != nil {
		t.stable.revoked = t.now()
	}
	return true
}

func (t *tokens) issue() *issued {
	t.fetched++
	i := &issued{value: "T_" + rand.Text() + rand.Text() + rand.Text(), expires: t.now().Add(tokenLife)}
	t.issued[i.value] = i
	return i
}

// Revoke makes every token invalid at once, as a change of the AppSecret does.
func (p *Platform) Revoke() {
	p.tokens.mu.Lock()
	defer p.tokens.mu.Unlock()
	for _, i := range p.tokens.issued {
		i.revoked = p.tokens.now()
	}
}
