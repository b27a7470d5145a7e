package alipaytest

// The people: what happens when somebody with Alipay scans a code, and pays.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"certdesk/flows"
)

// Kinds of what a scan leads to.
const (
	KindFace  = "face"
	KindPay   = "pay"
	KindLogin = "login"
	KindApp   = "app" // the mini-program, which has asked for a code to log in with
	KindWeb   = "web" // a page for people, to go on in a browser
)

// Scanned is what the user sees after a scan, and how to go on.
type Scanned struct {
	Kind   string
	ID     string // certify_id for Face, trade_no for Pay, or the code of a login
	Title  string
	Amount flows.Fen
	URL    string // of a login: where the browser goes next; of a face: the way back; of a page: its address
	Query  string // with which the mini-program was opened
}

// ErrScan is returned when a code leads nowhere in Alipay.
var ErrScan = errors.New("alipaytest: Alipay cannot open this")

const maxHops = 5

// Scan lets a user open the content of a QR code or a link in Alipay: a code
// of this gateway, a login page, a mini-program, or an http(s) address of an
// allowed host that redirects to a certify page of this gateway in at most
// five steps.
func (g *Gateway) Scan(ctx context.Context, user, content string) (Scanned, error) {
	u, err := g.user(user)
	if err != nil {
		return Scanned{}, err
	}
	for range maxHops + 1 {
		at, err := url.Parse(strings.TrimSpace(content))
		if err != nil {
			return Scanned{}, fmt.Errorf("%w: not an address", ErrScan)
		}
		params := map[string]string{}
		for name, given := range at.Query() {
			params[name] = given[0]
		}
		switch {
		case at.Scheme == "alipays":
			if params["url"] == "" {
				return g.openMiniProgram(u, params)
			}
			content = params["url"]
			continue
		case at.Host == "ds.alipay.com" && strings.HasPrefix(params["scheme"], "alipays:"):
			content = params["scheme"]
			continue
		case at.Host == "qr.alipay.com":
			return g.scanCode(u, content)
		case at.Path == pathGateway && g.mine(at):
			return g.scanFace(u, params)
		case at.Path == pathOAuth && g.mine(at):
			return g.scanLogin(u, params)
		case at.Path == pathFace && g.mine(at):
			return g.scanVerification(u, at)
		}
		next, err := g.hop(ctx, at)
		if err != nil {
			return Scanned{}, err
		}
		if next == "" {
			return Scanned{Kind: KindWeb, Title: at.Host, URL: at.String()}, nil
		}
		content = next
	}
	return Scanned{}, fmt.Errorf("%w: more than %d redirects", ErrScan, maxHops)
}

func (g *Gateway) mine(at *url.URL) bool {
	return g.cfg.Address == "" || at.Scheme+"://"+at.Host == strings.TrimSuffix(g.cfg.Address, "/")
}

// hop asks an address where it leads, as Alipay's own browser: nowhere when it
// is a page.
func (g *Gateway) hop(ctx context.Context, at *url.URL) (string, error) {
	if at.Scheme != "http" && at.Scheme != "https" || !slices.Contains(g.cfg.Hosts, at.Host) {
		return "", fmt.Errorf("%w: %s://%s is not allowed", ErrScan, at.Scheme, at.Host)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrScan, err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 AlipayClient/10.6.0 Language/zh-Hans")
	answer, err := g.calls.Do(r)
	if err != nil {
		return "", fmt.Errorf("alipaytest: scanned address: %w", err)
	}
	if err := answer.Body.Close(); err != nil {
		return "", fmt.Errorf("alipaytest: scanned address: %w", err)
	}
	if answer.StatusCode == http.StatusOK && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		return "", nil
	}
	next, err := answer.Location()
	if err != nil {
		return "", fmt.Errorf("%w: %s answers HTTP %d and leads nowhere", ErrScan, at.Host, answer.StatusCode)
	}
	return next.String(), nil
}

// scanCode makes the trade exist, for whoever is first.
func (g *Gateway) scanCode(u User, content string) (Scanned, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	i := slices.IndexFunc(g.books.Trades, func(t Trade) bool { return t.QR == content })
	if i < 0 {
		return Scanned{}, fmt.Errorf("%w: the code is not ours", ErrScan)
	}
	t := &g.books.Trades[i]
	switch {
	case t.Status == "" && !g.now().Before(t.QRDies):
		return Scanned{}, fmt.Errorf("%w: the code is too old", ErrScan)
	case t.Status == "":
		t.Buyer = u.OpenID
		g.begin(t)
	case t.Status != waitBuyerPay:
		return Scanned{}, fmt.Errorf("%w: the trade is %s", ErrScan, t.Status)
	case t.Buyer != u.OpenID:
		return Scanned{}, fmt.Errorf("%w: somebody else has scanned it", ErrScan)
	}
	return Scanned{Kind: KindPay, ID: t.TradeNo, Title: t.Subject, Amount: t.Amount}, g.save()
}

func (g *Gateway) scanFace(u User, params map[string]string) (Scanned, error) {
	if params["method"] != certifyPage {
		return Scanned{}, fmt.Errorf("%w: not a page", ErrScan)
	}
	id, err := g.openCertify(params, u.ID)
	if err != nil {
		return Scanned{}, fmt.Errorf("%w: %w", ErrScan, err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return Scanned{Kind: KindFace, ID: id, Title: "身份验证", URL: g.certify(id).ReturnURL}, nil
}

// scanLogin agrees to a login; the browser goes on to URL.
func (g *Gateway) scanLogin(u User, params map[string]string) (Scanned, error) {
	back, err := url.Parse(params["redirect_uri"])
	if err != nil || params["app_id"] != g.cfg.AppID || !slices.Contains(g.cfg.Hosts, back.Host) {
		return Scanned{}, fmt.Errorf("%w: unknown application, or another's redirect_uri", ErrScan)
	}
	if !g.granted(params) {
		return Scanned{}, fmt.Errorf("%w: unknown scope, or nobody named for it", ErrScan)
	}
	code, err := g.agrees(login{User: u.ID, OpenID: u.OpenID, Scope: params["scope"], Verify: params["cert_verify_id"]})
	if err != nil {
		return Scanned{}, err
	}
	query := back.Query()
	for name, value := range map[string]string{
		"app_id": g.cfg.AppID, "scope": params["scope"], "state": params["state"],
		"source": "alipay_wallet", "auth_code": code,
	} {
		query.Set(name, value)
	}
	back.RawQuery = query.Encode()
	return Scanned{Kind: KindLogin, ID: code, Title: "登录", URL: back.String()}, nil
}

// openMiniProgram starts the mini-program, which asks for a code at once, the ID;
// URL is the page inside it.
func (g *Gateway) openMiniProgram(u User, params map[string]string) (Scanned, error) {
	if params["appId"] != g.cfg.MiniAppID {
		return Scanned{}, fmt.Errorf("%w: unknown mini-program", ErrScan)
	}
	code, err := g.AuthCode(u.ID)
	if err != nil {
		return Scanned{}, err
	}
	return Scanned{Kind: KindApp, ID: code, Title: "小程序", URL: params["page"], Query: params["query"]}, nil
}

// Pay lets the buyer of a trade pay it, by trade_no or out_trade_no, and
// queues the notification, which [Gateway.Run] or [Gateway.Deliver] sends.
func (g *Gateway) Pay(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("alipaytest: pay: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	t := g.trade("", id)
	if t == nil || id == "" {
		t = g.trade(id, "")
	}
	if t == nil || t.Status != waitBuyerPay {
		return fmt.Errorf("%w: the trade cannot be paid: unknown, not scanned, closed or paid", ErrOutcome)
	}
	t.Status, t.Paid = tradeSuccess, g.now()
	g.notify(*t)
	return g.save()
}
