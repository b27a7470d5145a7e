// Package couriertest is the stand-in of SF Express: it answers the platform's
// address with the platform's own strictness and codes, moves parcels when it
// is told to, and pushes their routes until somebody acknowledges them.
//
// It refuses what the platform would refuse: a wrong digest, a stale time, a
// repeated request, a missing field, an order number that was used before. It
// shares no code with the client it checks. What it does not know of the
// platform it does not invent: there are three services and one way to push.
package couriertest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"certdesk/flows"
)

// Config is the customer's account at the courier, and how the stand-in runs.
type Config struct {
	PartnerID   string
	Checkword   flows.Secret
	SignMode    string // "standard" when empty, or "simple"
	MonthlyCard string
	PushURL     string // where routes are pushed; nothing is pushed when empty
	HTTP        *http.Client
	Clock       func() time.Time
	Hurry       int    // divides every wait; 1 when zero
	Dir         string // an existing directory that keeps the state; none when empty
}

// Courier is the stand-in. It is safe for use by many goroutines.
type Courier struct {
	cfg  Config
	wake chan struct{}

	mu     sync.Mutex
	state  state
	faults map[string]int
	seen   map[string]time.Time // request identifiers
	pace   map[string]pace      // calls of each service in the running second
}

// state is what survives a restart.
type state struct {
	Last   int               `json:"last"` // running number of the last waybill
	Orders map[string]*Order `json:"orders"`
	Pushes []Push            `json:"pushes"`
}

// Order is one booking in the courier's books.
type Order struct {
	Number   string    `json:"number"`
	Waybill  string    `json:"waybill"` // empty when it cannot be delivered
	Filter   string    `json:"filter"`  // 2 deliverable, 3 not
	Province string    `json:"province"`
	City     string    `json:"city"`
	At       time.Time `json:"at"`
	Routes   []Route   `json:"routes"`
}

// Route is one line of a parcel's history.
type Route struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Place    string    `json:"place"`
	Remark   string    `json:"remark"`
	Code     string    `json:"code"`
	Accepted bool      `json:"accepted"` // the push of it was acknowledged
	Due      time.Time `json:"due"`      // when it is pushed next
}

// Push is one attempt to push routes.
type Push struct {
	At       time.Time `json:"at"`
	Order    string    `json:"order"`
	Routes   []string  `json:"routes"`
	Accepted bool      `json:"accepted"`
	Answer   string    `json:"answer"` // what came back, or why nothing did
}

// Books are the courier's own records.
type Books struct {
	Orders []Order `json:"orders"` // by number
	Pushes []Push  `json:"pushes"` // the latest, oldest first
}

// New opens the stand-in with the state of cfg.Dir, when there is one.
func New(cfg Config) (*Courier, error) {
	if cfg.SignMode == "" {
		cfg.SignMode = "standard"
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 5 * time.Second}
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Hurry = max(cfg.Hurry, 1)
	c := &Courier{
		cfg:    cfg,
		wake:   make(chan struct{}, 1),
		faults: map[string]int{},
		seen:   map[string]time.Time{},
		pace:   map[string]pace{},
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	if c.state.Orders == nil {
		c.state.Orders = map[string]*Order{}
	}
	return c, nil
}

// Step is what one move did to a parcel.
type Step struct {
	Order   string   `json:"order"`
	Waybill string   `json:"waybill"`
	Codes   []string `json:"codes"`
	Signed  bool     `json:"signed"` // it cannot move any more
}

// journey is the way of a parcel that meets no trouble, one move a row.
var journey = [][]Route{
	{{Code: "50", Remark: "顺丰速运 已收取快件"}},
	{{Code: "30", Remark: "快件在【转运中心】完成分拣，准备发往下一站"}, {Code: "31", Remark: "快件到达【目的地集散中心】"}},
	{{Code: "44", Remark: "快件交给快递员，正在派送途中"}},
	{{Code: "80", Remark: "快件已签收，感谢使用顺丰，期待再次为您服务"}},
}

// Advance moves a parcel one step along: picked up, on its way, out for
// delivery, signed. It refuses an order that is unknown, undeliverable or
// signed.
func (c *Courier) Advance(order string) (Step, error) {
	return c.move(order, func(o *Order) []Route {
		for _, row := range journey {
			if !o.has(row[len(row)-1].Code) {
				return row
			}
		}
		return nil
	})
}

// Mark adds a line of the caller's choice to a parcel's history: 70 for a
// failed delivery, 99 for a return, or any other code.
func (c *Courier) Mark(order, code, remark string) (Step, error) {
	return c.move(order, func(*Order) []Route { return []Route{{Code: code, Remark: remark}} })
}

func (c *Courier) move(number string, choose func(*Order) []Route) (Step, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.state.Orders[number]
	if o == nil {
		return Step{}, fmt.Errorf("couriertest: order %q is unknown", number)
	}
	if o.Waybill == "" || o.has("80") {
		return Step{}, fmt.Errorf("couriertest: order %s does not move", number)
	}
	step := Step{Order: o.Number, Waybill: o.Waybill}
	now := c.cfg.Clock()
	for i, r := range choose(o) {
		// Two lines of one move are a second apart, as the platform has them.
		r.At = later(now.Add(time.Duration(i)*time.Second), o.Routes)
		r.ID = fmt.Sprintf("%s%03d", strings.TrimPrefix(o.Waybill, "SF"), len(o.Routes)+1)
		r.Place, r.Due = o.City, now
		o.Routes = append(o.Routes, r)
		step.Codes = append(step.Codes, r.Code)
	}
	step.Signed = o.has("80")
	c.delay(o, len(step.Codes))
	c.rouse()
	return step, c.save()
}

// later keeps a history in order on the platform's clock, which has seconds.
func later(at time.Time, before []Route) time.Time {
	if len(before) == 0 {
		return at
	}
	last := before[len(before)-1].At
	if at.Truncate(time.Second).After(last.Truncate(time.Second)) {
		return at
	}
	return last.Add(time.Second)
}

// has tells whether a parcel's history has a line with this code.
func (o *Order) has(code string) bool {
	return slices.ContainsFunc(o.Routes, func(r Route) bool { return r.Code == code })
}

// Books returns a copy of the courier's records.
func (c *Courier) Books() Books {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := Books{Pushes: slices.Clone(c.state.Pushes)}
	for _, number := range slices.Sorted(maps.Keys(c.state.Orders)) {
		o := *c.state.Orders[number]
		o.Routes = slices.Clone(o.Routes)
		b.Orders = append(b.Orders, o)
	}
	return b
}

// Run pushes routes until ctx ends, and then returns nil.
func (c *Courier) Run(ctx context.Context) error {
	for {
		next := c.Push(ctx)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-c.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// rouse tells Run that there may be something to push.
func (c *Courier) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
