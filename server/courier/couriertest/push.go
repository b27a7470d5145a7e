package couriertest

// The RoutePushService from the platform's side: new lines are pushed at once,
// at most ten a call, and again and again until the customer's system says
// 0000. What is accepted is never pushed twice, unless a fault asks for it.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// The waits of the platform before they are divided by Hurry. Source: facts
// 3.3 for the ten minutes.
const (
	retryAfter = 10 * time.Minute
	delayBy    = time.Minute
	idle       = time.Minute
	maxBatch   = 10
	maxPushes  = 1000 // attempts that the books keep
)

// pushedRoute is one line as the platform pushes it.
type pushedRoute struct {
	ID      string `json:"id"`
	Waybill string `json:"mailno"`
	OrderID string `json:"orderid"`
	Time    string `json:"acceptTime"`
	Place   string `json:"acceptAddress"`
	Remark  string `json:"remark"`
	Code    string `json:"opCode"`
}

type pushBody struct {
	Body struct {
		Routes []pushedRoute `json:"WaybillRoute"`
	} `json:"Body"`
}

// batch is what one call carries.
type batch struct {
	order  string
	lines  []pushedRoute
	copies int  // how often it is delivered
	lost   bool // on the way to the customer
}

// Push delivers what is due by the clock and returns how long it is until
// something is due again. Run calls it; a test with a clock of its own may.
func (c *Courier) Push(ctx context.Context) time.Duration {
	if c.cfg.PushURL == "" {
		return idle
	}
	for _, b := range c.batches() {
		accepted, answer := false, "lost on the way"
		if !b.lost {
			for range b.copies {
				accepted, answer = c.deliver(ctx, b.lines)
			}
		}
		c.settle(b, accepted, answer)
	}
	return c.untilNext()
}

// batches collects the due lines of every order, in order of the orders.
func (c *Courier) batches() []batch {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Clock()
	var all []batch
	for _, number := range slices.Sorted(maps.Keys(c.state.Orders)) {
		o := c.state.Orders[number]
		var lines []pushedRoute
		for _, r := range o.Routes {
			if !r.Accepted && !r.Due.After(now) && len(lines) < maxBatch {
				lines = append(lines, pushedRoute{
					r.ID, o.Waybill, o.Number, r.At.In(beijing).Format(time.DateTime), r.Place, r.Remark, r.Code,
				})
			}
		}
		all = append(all, c.spoil(number, lines)...)
	}
	return all
}

// spoil applies the faults that are set to the lines of one order.
func (c *Courier) spoil(order string, lines []pushedRoute) []batch {
	if len(lines) == 0 {
		return nil
	}
	if len(lines) > 1 && c.take("reorder") {
		var single []batch
		for _, l := range slices.Backward(lines) {
			single = append(single, batch{order: order, lines: []pushedRoute{l}, copies: 1})
		}
		return single
	}
	b := batch{order: order, lines: lines, copies: 1}
	if c.take("duplicate") {
		b.copies = 2
	}
	b.lost = c.take("drop")
	return []batch{b}
}

// deliver makes one call, and tells whether the customer's system said yes.
func (c *Courier) deliver(ctx context.Context, lines []pushedRoute) (accepted bool, answer string) {
	var body pushBody
	body.Body.Routes = lines
	encoded, err := json.Marshal(body)
	if err != nil {
		return false, err.Error()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.PushURL, bytes.NewReader(encoded))
	if err != nil {
		return false, "push URL is no address"
	}
	request.Header.Set("Content-Type", "application/json;charset=UTF-8")
	response, err := c.cfg.HTTP.Do(request)
	if err != nil {
		return false, "no answer"
	}
	defer response.Body.Close()
	var ack struct {
		Code string `json:"return_code"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&ack); err != nil {
		return false, fmt.Sprintf("HTTP status %d, not JSON", response.StatusCode)
	}
	return response.StatusCode == http.StatusOK && ack.Code == "0000", fmt.Sprintf("HTTP status %d, %s", response.StatusCode, ack.Code)
}

// settle writes down what came of a call.
func (c *Courier) settle(b batch, accepted bool, answer string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Clock()
	push := Push{At: now, Order: b.order, Accepted: accepted, Answer: answer}
	o := c.state.Orders[b.order]
	for _, l := range b.lines {
		push.Routes = append(push.Routes, l.ID)
		i := slices.IndexFunc(o.Routes, func(r Route) bool { return r.ID == l.ID })
		o.Routes[i].Accepted = accepted
		o.Routes[i].Due = now.Add(c.hurried(retryAfter))
	}
	c.state.Pushes = append(c.state.Pushes, push)
	c.state.Pushes = c.state.Pushes[max(0, len(c.state.Pushes)-maxPushes):]
	_ = c.save() // the next change tries again
}

// untilNext is how long it is until the first line is due.
func (c *Courier) untilNext() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, wait := c.cfg.Clock(), idle
	for _, o := range c.state.Orders {
		for _, r := range o.Routes {
			if !r.Accepted {
				wait = min(wait, max(r.Due.Sub(now), time.Millisecond))
			}
		}
	}
	return wait
}

// delay holds the last n lines of an order back when the fault is set.
func (c *Courier) delay(o *Order, n int) {
	if n == 0 || !c.take("delay") {
		return
	}
	for i := len(o.Routes) - n; i < len(o.Routes); i++ {
		o.Routes[i].Due = o.Routes[i].Due.Add(c.hurried(delayBy))
	}
}

func (c *Courier) hurried(d time.Duration) time.Duration { return d / time.Duration(c.cfg.Hurry) }
