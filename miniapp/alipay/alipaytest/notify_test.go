package alipaytest_test

// The sender of notifications: its patience, its faults, and what outlives a
// restart.

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay/alipaytest"
)

// shop counts what reaches it.
type shop struct {
	mu     sync.Mutex
	ids    []string
	orders []string
	says   string
}

func (p *shop) answer(form url.Values) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids = append(p.ids, form.Get("notify_id"))
	p.orders = append(p.orders, form.Get("out_trade_no"))
	return p.says
}

func (p *shop) got() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ids)
}

// Eight deliveries in the pauses of the manual, under one notify_id; any
// answer but exactly "success" is none.
func TestRetrySchedule(t *testing.T) {
	pauses := []time.Duration{
		4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour,
	}
	for _, hurry := range []int{1, 60} {
		for _, says := range []string{"fail", "success\n", `"success"`, "SUCCESS", ""} {
			s := newStand(t, alipaytest.Config{Hurry: hurry})
			p := &shop{says: says}
			s.answer = p.answer
			s.paid(t, "A")
			s.Deliver(t.Context())
			for i, pause := range pauses {
				pause /= time.Duration(hurry)
				s.pass(pause - time.Millisecond)
				if n := s.Deliver(t.Context()); n != 0 {
					t.Fatalf("delivery %d came before its time", i+2)
				}
				s.pass(time.Millisecond)
				s.Deliver(t.Context())
				if got := p.got(); got != i+2 {
					t.Fatalf("hurry %d, answer %q: %d deliveries after pause %d, want %d", hurry, says, got, i+1, i+2)
				}
			}
			s.pass(100 * time.Hour)
			if n := s.Deliver(t.Context()); n != 0 || p.ids[0] != p.ids[7] {
				t.Errorf("%d deliveries after the last, first and last under %s and %s; want none, one identifier", n, p.ids[0], p.ids[7])
			}
		}
	}
}

func TestSuccessEndsIt(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	s.paid(t, "A")
	s.Deliver(t.Context())
	s.pass(time.Hour)
	if n := s.Deliver(t.Context()); n != 0 {
		t.Errorf("%d deliveries after success, want none", n)
	}
	sent := s.Books().Notices
	if len(sent) != 1 || len(sent[0].Deliveries) != 1 || sent[0].Deliveries[0].Answer != "200 success" {
		t.Errorf("books say %+v, want one delivery answered by 200 success", sent)
	}
}

func TestFaultsOfNotifications(t *testing.T) {
	tests := []struct {
		fault string
		first int           // deliveries that reach the shop at once
		pause time.Duration // until the next look
		then  int           // deliveries after it
	}{
		{"duplicate", 2, time.Hour, 2},
		{"delay", 0, 4 * time.Minute, 1},
		{"drop", 0, 4 * time.Minute, 1},
		{"reorder", 0, 4 * time.Minute, 1},
		{"Wrong Signature", 1, time.Hour, 1}, // this shop believes anything
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			s := newStand(t, alipaytest.Config{})
			p := &shop{says: "success"}
			s.answer = p.answer
			if err := s.Fault(tt.fault, 1); err != nil {
				t.Fatal(err)
			}
			s.paid(t, "A")
			s.Deliver(t.Context())
			if got := p.got(); got != tt.first {
				t.Errorf("%d deliveries at once, want %d", got, tt.first)
			}
			s.pass(tt.pause)
			s.Deliver(t.Context())
			if got := p.got(); got != tt.then {
				t.Errorf("%d deliveries after %s, want %d", got, tt.pause, tt.then)
			}
		})
	}
	s := newStand(t, alipaytest.Config{})
	if err := s.Fault("earthquake", 1); !errors.Is(err, alipaytest.ErrFault) {
		t.Errorf("Fault = %v, want ErrFault", err)
	}
}

func TestReorderedNoticeFollowsTheNext(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	p := &shop{says: "success"}
	s.answer = p.answer
	if err := s.Fault(alipaytest.FaultReorder, 1); err != nil {
		t.Fatal(err)
	}
	s.paid(t, "A")
	s.paid(t, "B")
	s.Deliver(t.Context())
	s.Deliver(t.Context())
	if got := strings.Join(p.orders, " "); got != "B A" {
		t.Errorf("notices came as %q, want B A", got)
	}
}

func TestRunSendsAndStops(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	came := make(chan string, 1)
	s.answer = func(form url.Values) string { came <- form.Get("out_trade_no"); return "success" }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.paid(t, "A")
	if got := <-came; got != "A" {
		t.Errorf("shop was told about %q, want A", got)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestBooksOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	s := newStand(t, alipaytest.Config{Dir: dir})
	s.call(t, "alipay.user.certify.open.initialize", `{"outer_order_no":"F1","biz_code":"FACE",
		"identity_param":{"identity_type":"CERT_INFO","cert_type":"IDENTITY_CARD","cert_name":"张三","cert_no":"11010519491231002X"},
		"merchant_config":{"return_url":""}}`)
	s.paid(t, "A")
	code, err := s.AuthCode(buyer)
	if err != nil {
		t.Fatal(err)
	}
	next := newStand(t, alipaytest.Config{Dir: dir})
	before, after := asJSON(t, s.Books()), asJSON(t, next.Books())
	if before != after {
		t.Errorf("books after the restart are\n%s\nwant\n%s", after, before)
	}
	form := s.request("alipay.system.oauth.token", "")
	form.Set("grant_type", "authorization_code")
	form.Set("code", code)
	if got := next.send(t, next.sign(t, form)); got.fields["open_id"] != "0buyer" || !got.signed {
		t.Errorf("login after the restart = %v, want 0buyer", got.fields)
	}
	if n := next.Deliver(t.Context()); n != 1 {
		t.Errorf("%d notices are due after the restart, want 1", n)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "alipay-books.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(kept), "张三") || strings.Contains(string(kept), "110105") {
		t.Error("the books hold a name or an identity number")
	}
}

func TestCredentialsAreKept(t *testing.T) {
	dir := t.TempDir()
	first, err := alipaytest.New(alipaytest.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	second, err := alipaytest.New(alipaytest.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if first.Credentials() != second.Credentials() || first.Credentials().AppKey.IsZero() {
		t.Error("a restart made other credentials")
	}
	if err := os.Remove(filepath.Join(dir, alipaytest.FileRootCert)); err != nil {
		t.Fatal(err)
	}
	if _, err := alipaytest.LoadCredentials(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("LoadCredentials without a root = %v, want ErrNotExist", err)
	}
}

func TestLoginByScan(t *testing.T) {
	s := newStand(t, alipaytest.Config{Hosts: []string{"desk.example"}, Address: "http://alipay.example"})
	const page = "http://alipay.example/oauth2/publicAppAuthorize.htm?app_id=2021000000000001&scope=auth_base&state=s1&redirect_uri="
	got, err := s.Scan(t.Context(), buyer, page+url.QueryEscape("http://desk.example/h5/oauth/alipay"))
	if err != nil || got.Kind != alipaytest.KindLogin {
		t.Fatalf("Scan = %+v, %v, want a login", got, err)
	}
	want := "http://desk.example/h5/oauth/alipay?app_id=2021000000000001&auth_code=" + got.ID + "&scope=auth_base&source=alipay_wallet&state=s1"
	if got.URL != want {
		t.Errorf("browser goes to %s, want %s", got.URL, want)
	}
	if _, err := s.Scan(t.Context(), buyer, page+url.QueryEscape("http://elsewhere.example/")); !errors.Is(err, alipaytest.ErrScan) {
		t.Errorf("Scan towards another host = %v, want ErrScan", err)
	}
	app, err := s.Scan(t.Context(), buyer, "alipays://platformapi/startapp?appId=2021000000000001&page=pages%2Findex")
	if err != nil || app.Kind != alipaytest.KindApp || app.URL != "pages/index" {
		t.Errorf("Scan of the mini-program = %+v, %v, want a login", app, err)
	}
	const scheme = "alipays://platformapi/startapp?appId=2021000000000001&query=scene%3D363%26x%3D1"
	app, err = s.Scan(t.Context(), buyer, "https://ds.alipay.com/?scheme="+url.QueryEscape(scheme))
	if err != nil || app.Kind != alipaytest.KindApp || app.Query != "scene=363&x=1" {
		t.Errorf("Scan of the way to the mini-program = %+v, %v, want a login with its query", app, err)
	}
	for _, other := range []string{"https://ds.alipay.com/", "https://ds.alipay.com/?scheme=" + url.QueryEscape("https://evil.example/")} {
		if _, err := s.Scan(t.Context(), buyer, other); !errors.Is(err, alipaytest.ErrScan) {
			t.Errorf("Scan of %s = %v, want ErrScan", other, err)
		}
	}
}

// Nothing that a test or a log prints may show who a user is.
func TestUsersPrintSafely(t *testing.T) {
	u := alipaytest.User{ID: buyer, Name: flows.Conceal("张三"), IDNumber: flows.Conceal("11010519491231002X")}
	if text := asJSON(t, u); strings.Contains(text, "张三") || strings.Contains(text, "110105") {
		t.Errorf("user prints as %s", text)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
