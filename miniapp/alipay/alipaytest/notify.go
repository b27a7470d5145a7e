package alipaytest

// The sender of payment notifications: it repeats each until the application
// answers with exactly "success".

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// retries are the pauses after a delivery that was not acknowledged.
//
// Source: facts/alipay.md 1.6.
func retries() []time.Duration {
	return []time.Duration{
		4 * time.Minute, 10 * time.Minute, 10 * time.Minute,
		time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour,
	}
}

// notify queues the notification of a payment. The caller holds the lock.
func (g *Gateway) notify(t Trade) {
	if t.NotifyURL == "" {
		return
	}
	yuan := t.Amount.String()
	n := Notice{
		ID:         g.now().Format("20060102") + drawn(decimal, 26),
		OutTradeNo: t.OutTradeNo,
		URL:        t.NotifyURL,
		Next:       g.now(),
		Twice:      g.strikes(FaultDuplicate),
		Params: map[string]string{
			"notify_type": "trade_status_sync", "charset": "utf-8", "version": "1.0", "sign_type": "RSA2",
			"app_id": g.cfg.AppID, "auth_app_id": g.cfg.AppID,
			"trade_no": t.TradeNo, "out_trade_no": t.OutTradeNo, "trade_status": t.Status,
			"buyer_open_id": t.Buyer, "buyer_logon_id": g.logonID(t.Buyer), "seller_id": g.cfg.SellerID,
			"total_amount": yuan, "receipt_amount": yuan, "invoice_amount": yuan, "buyer_pay_amount": yuan,
			"point_amount": "0.00", "subject": t.Subject,
			"gmt_create": t.Created.Format(clockLayout), "gmt_payment": t.Paid.Format(clockLayout),
			"fund_bill_list": `[{"amount":"` + yuan + `","fundChannel":"ALIPAYACCOUNT"}]`,
		},
	}
	// Alipay posts no empty parameter.
	maps.DeleteFunc(n.Params, func(_, value string) bool { return value == "" })
	n.Params["notify_id"] = n.ID
	if g.cfg.Mode == ModeCertificate {
		n.Params["alipay_cert_sn"] = g.alipaySN
	}
	if g.strikes(FaultReorder) {
		n.Held = true
	}
	if n.Held || g.strikes(FaultDelay) {
		n.Next = n.Next.Add(g.span(retries()[0]))
	}
	g.queue(n)
}

// queue takes a notice to be sent. The caller holds the lock.
func (g *Gateway) queue(n Notice) {
	g.books.Notices = append(g.books.Notices, n)
	select {
	case g.wake <- struct{}{}:
	default: // Run is about to look anyway
	}
}

// Run sends notifications until ctx ends, and waits for those under way. It
// always returns nil.
func (g *Gateway) Run(ctx context.Context) error {
	for {
		g.Deliver(ctx)
		timer := time.NewTimer(g.pause())
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-g.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// pause is how long nothing is due; a clock of one's own may jump meanwhile.
func (g *Gateway) pause() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := time.Second
	for i := range g.books.Notices {
		if n := &g.books.Notices[i]; !n.Done {
			out = min(out, n.Next.Sub(g.now()))
		}
	}
	return max(out, time.Millisecond)
}

// Deliver sends every notification that is due, once, and returns how many
// there were.
func (g *Gateway) Deliver(ctx context.Context) int {
	due := g.due()
	var sending sync.WaitGroup
	for _, n := range due {
		sending.Go(func() { g.deliver(ctx, n) })
	}
	sending.Wait()
	return len(due)
}

// batch keeps a crowd of notices from opening as many connections.
const batch = 32

func (g *Gateway) due() []Notice {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []Notice
	for _, n := range g.books.Notices {
		if n.Done || g.busy[n.ID] || n.Next.After(g.now()) || len(out) == batch {
			continue
		}
		g.busy[n.ID] = true
		out = append(out, n)
	}
	return out
}

// deliver makes one attempt, or two at once for a duplicate.
func (g *Gateway) deliver(ctx context.Context, n Notice) {
	made := make([]Delivery, 1, 2)
	if n.Twice && len(n.Deliveries) == 0 {
		made = made[:2]
	}
	var sending sync.WaitGroup
	for i := range made {
		sending.Go(func() { made[i] = g.attempt(ctx, n) })
	}
	sending.Wait()
	g.record(n.ID, made)
}

func (g *Gateway) attempt(ctx context.Context, n Notice) Delivery {
	out := Delivery{At: g.now()}
	form, lost := g.form(n, out.At)
	if lost {
		out.Answer = "lost on the way"
		return out
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, strings.NewReader(form.Encode()))
	if err != nil {
		out.Answer = "the address is not one"
		return out
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	answer, err := g.calls.Do(r)
	if err != nil {
		out.Answer = err.Error()
		return out
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 128))
	if err != nil {
		out.Answer = err.Error()
		return out
	}
	out.Answer = fmt.Sprintf("%d %s", answer.StatusCode, body)
	out.OK = answer.StatusCode == http.StatusOK && string(body) == "success"
	return out
}

// form signs a notice for one delivery, or spoils it.
func (g *Gateway) form(n Notice, at time.Time) (form url.Values, lost bool) {
	params := maps.Clone(n.Params)
	if _, dated := params["utc_timestamp"]; !dated {
		params["notify_time"] = at.Format(clockLayout)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	text := noticeText(params)
	switch {
	case g.strikes(FaultDrop):
		return nil, true
	case g.strikes(FaultWrongSignature):
		text += "0"
	case g.strikes(FaultRuleV2):
		delete(params, "alipay_cert_sn")
		text = requestText(params)
	}
	params["sign"] = g.sign([]byte(text))
	form = url.Values{}
	for name, value := range params {
		form.Set(name, value)
	}
	return form, false
}

// record writes attempts down and sets the time of the next one.
func (g *Gateway) record(id string, made []Delivery) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.busy, id)
	through := false
	for i := range g.books.Notices {
		n := &g.books.Notices[i]
		if n.ID != id {
			continue
		}
		n.Held = false
		n.Deliveries = append(n.Deliveries, made...)
		for _, d := range made {
			through = through || d.OK
		}
		tried := len(n.Deliveries) - len(made)
		if pauses := retries(); !through && tried < len(pauses) {
			n.Next = g.now().Add(g.span(pauses[tried]))
		} else {
			n.Done = true
		}
	}
	for i := range g.books.Notices {
		if n := &g.books.Notices[i]; through && n.Held {
			n.Held, n.Next = false, g.now()
		}
	}
	// A book that cannot be written costs at worst one more delivery.
	_ = g.save()
}
