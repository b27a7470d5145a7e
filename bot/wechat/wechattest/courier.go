// How pushes travel: in order for one person, side by side for all, repeated
// until they are answered.

package wechattest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// courier delivers pushes. A person with letters waiting has a goroutine, which
// ends with the last of them.
type courier struct {
	p      *Platform
	client *http.Client
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu    sync.Mutex
	idle  *sync.Cond
	lines map[string]*line // of those whose goroutine runs
}

// line is what waits for one person's goroutine.
type line struct {
	letters []*letter
	more    chan struct{} // holds a value when a letter came
}

func newCourier(p *Platform) *courier {
	c := &courier{p: p, lines: map[string]*line{}, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.idle = sync.NewCond(&c.mu)
	return c
}

func (c *courier) close() {
	c.cancel()
	c.mu.Lock()
	c.lines = nil
	c.idle.Broadcast()
	c.mu.Unlock()
	c.work.Wait()
	c.client.CloseIdleConnections()
}

// settle waits until no letter is on its way.
func (c *courier) settle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.idle.Broadcast()
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.lines) > 0 && ctx.Err() == nil {
		c.idle.Wait()
	}
	return context.Cause(ctx)
}

// take accepts a letter; after the courier was closed it is lost.
func (c *courier) take(l *letter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	if waiting := c.lines[l.openid]; waiting != nil {
		waiting.letters = append(waiting.letters, l)
		select {
		case waiting.more <- struct{}{}:
		default:
		}
		return
	}
	c.lines[l.openid] = &line{letters: []*letter{l}, more: make(chan struct{}, 1)}
	c.work.Go(func() { c.run(l.openid) })
}

func (c *courier) run(openid string) {
	for l := c.next(openid); l != nil; l = c.next(openid) {
		c.deliver(l)
	}
}

// next takes the first letter of a line, and ends the line when there is none.
func (c *courier) next(openid string) *letter {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.lines[openid]
	if q == nil {
		return nil
	}
	if len(q.letters) == 0 {
		delete(c.lines, openid)
		c.idle.Broadcast()
		return nil
	}
	if c.p.faults.take(Reorder) {
		c.overtake(q)
	}
	l := q.letters[0]
	q.letters = q.letters[1:]
	return l
}

// overtake lets the second letter go first. When there is none yet, it is waited
// for, without the lock, for as long as a push may take.
func (c *courier) overtake(q *line) {
	patience := time.NewTimer(c.p.cfg.Deadline)
	defer patience.Stop()
	for waiting := true; waiting && len(q.letters) < 2; {
		c.mu.Unlock()
		select {
		case <-q.more:
		case <-patience.C:
			waiting = false
		case <-c.ctx.Done():
			waiting = false
		}
		c.mu.Lock()
	}
	if len(q.letters) >= 2 {
		q.letters[0], q.letters[1] = q.letters[1], q.letters[0]
	}
}

// deliver pushes until there is an answer or the retries are used up. A retry
// leaves when the time for the answer before is over, not sooner.
func (c *courier) deliver(l *letter) {
	if c.p.faults.take(Delay) {
		c.wait(time.NewTimer(2 * c.p.cfg.Deadline))
	}
	if c.p.faults.take(WrongSignature) {
		c.forge(l)
	}
	for range 1 + retries {
		over := time.NewTimer(c.p.cfg.Deadline)
		answer, err := c.attempts(l)
		if err == nil && !c.p.faults.take(Drop) {
			over.Stop()
			c.p.receive(l, answer)
			return
		}
		if c.wait(over); c.ctx.Err() != nil {
			return
		}
	}
	c.p.giveUp(l)
}

func (c *courier) wait(t *time.Timer) {
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
	}
}

// attempts is one delivery, or two at the same time. Of two the connection of
// one is cut, so only one answer is ever shown: the first that says something.
func (c *courier) attempts(l *letter) (answer []byte, err error) {
	if !c.p.faults.take(Duplicate) {
		return c.attempt(l)
	}
	var copied []byte
	var copyErr error
	var both sync.WaitGroup
	both.Go(func() { copied, copyErr = c.attempt(l) })
	answer, err = c.attempt(l)
	both.Wait()
	if err != nil || copyErr == nil && acknowledges(answer) {
		return copied, copyErr
	}
	return answer, err
}

// attempt posts a letter once.
func (c *courier) attempt(l *letter) ([]byte, error) {
	c.p.change(func(*state, time.Time) { l.record.Deliveries++ })
	status, body, err := c.post(l, c.p.sealer)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("wechattest: callback answers HTTP status %d", status)
	}
	return body, nil
}

// forge posts a copy signed by somebody who does not know the token.
func (c *courier) forge(l *letter) {
	stranger := c.p.sealer
	stranger.token = rand.Text()
	status, _, err := c.post(l, stranger)
	if err != nil {
		return
	}
	c.p.change(func(*state, time.Time) { l.record.Forged = status })
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

func (c *courier) post(l *letter, s sealer) (status int, body []byte, err error) {
	address, content, err := c.p.wrapped(l, s)
	if err != nil {
		return 0, nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.p.cfg.Deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(content))
	if err != nil {
		return 0, nil, fmt.Errorf("wechattest: callback: %w", err)
	}
	req.Header.Set("Content-Type", "text/xml")
	res, err := c.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("wechattest: callback: %w", err)
	}
	defer res.Body.Close()
	body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res.StatusCode, body, err
}

// Verify asks the callback to prove that it knows the token, as WeChat does when
// an address is entered in the account's console.
func (p *Platform) Verify(ctx context.Context) error {
	stamp, echo := strconv.FormatInt(p.cfg.Clock().Unix(), 10), rand.Text()
	q := url.Values{"timestamp": {stamp}, "nonce": {"1320562132"}, "echostr": {echo}}
	q.Set("signature", p.sealer.signature(stamp, q.Get("nonce")))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.cfg.CallbackURL+"?"+q.Encode(), nil)
	if err != nil {
		return fmt.Errorf("wechattest: callback: %w", err)
	}
	res, err := p.courier.client.Do(req)
	if err != nil {
		return fmt.Errorf("wechattest: callback: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("wechattest: callback: %w", err)
	}
	if res.StatusCode != http.StatusOK || string(body) != echo {
		return errors.New("wechattest: callback does not echo")
	}
	return nil
}
