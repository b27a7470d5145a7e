package couriertest_test

// The stand-in's own promises: what it refuses and with which code, and that a
// push is repeated until it is acknowledged and not a moment longer.

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/courier"
	"certdesk/server/courier/couriertest"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// vector is the request of facts 3.1 with its published digest.
func vector() url.Values {
	return url.Values{
		"partnerID": {"P"}, "requestID": {"r1"}, "serviceCode": {"EXP_RECE_CREATE_ORDER"},
		"timestamp": {"1763889600000"}, "msgDigest": {"oWuE34dm2IKs4GXj2UjrvA=="},
		"msgData": {`{"language":"zh-CN","orderId":"TEST-0001","cargoDetails":[{"name":"UKey 数字证书*~"}]}`},
	}
}

func TestGatewayCodes(t *testing.T) {
	now := time.UnixMilli(1763889600000)
	change := func(name, value string) url.Values {
		v := vector()
		v.Set(name, value)
		return v
	}
	tests := []struct {
		name string
		form url.Values
		want string
	}{
		{"the published digest passes, the sender's address is missing", vector(), `"errorCode\":\"1010`},
		{"a field is missing", change("msgData", ""), `"A1001"`},
		{"another customer", change("partnerID", "Q"), `"A1004"`},
		{"a service not subscribed", change("serviceCode", "EXP_RECE_OTHER"), `"A1004"`},
		{"an old request", change("timestamp", strconv.FormatInt(now.Add(-time.Hour).UnixMilli(), 10)), `"A1002"`},
		{"a digest of something else", change("msgData", "{}"), `"A1006"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sf, err := couriertest.New(couriertest.Config{
				PartnerID: "P", Checkword: flows.Conceal("checkword123"), Clock: func() time.Time { return now },
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := post(sf, tt.form); !strings.Contains(got, tt.want) {
				t.Errorf("answer %s, want %s", got, tt.want)
			}
		})
	}
}

func TestGatewayRefusesARepeatedRequest(t *testing.T) {
	now := time.UnixMilli(1763889600000)
	sf, err := couriertest.New(couriertest.Config{
		PartnerID: "P", Checkword: flows.Conceal("checkword123"), Clock: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	post(sf, vector())
	if got := post(sf, vector()); !strings.Contains(got, `"A1007"`) {
		t.Errorf("answer %s, want A1007", got)
	}
}

func post(h http.Handler, form url.Values) string {
	r := httptest.NewRequest(http.MethodPost, "/std/service", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}

// desk is the customer's system: it keeps what was pushed.
type desk struct {
	mu     sync.Mutex
	refuse int // how many pushes are not acknowledged
	scans  []flows.Scan
	calls  int
	called chan struct{}
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	scans, err := courier.ParsePush(body, r.Header.Get("Content-Type"))
	d.calls++
	if d.calls <= d.refuse {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		d.scans = append(d.scans, scans...)
	}
	kind, answer := courier.PushAnswer(r.Header.Get("Content-Type"), err)
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(answer)
	if d.called != nil {
		d.called <- struct{}{}
	}
}

func (d *desk) codes() string {
	var codes []string
	for _, s := range d.scans {
		codes = append(codes, s.Code)
	}
	return strings.Join(codes, " ")
}

// town is a courier with one order P1, and the desk it pushes to.
type town struct {
	sf   *couriertest.Courier
	desk *desk
	now  time.Time
	cfg  couriertest.Config
}

func newTown(t *testing.T, d *desk) *town {
	t.Helper()
	w := &town{desk: d, now: start}
	pushed := httptest.NewServer(d)
	t.Cleanup(pushed.Close)
	w.cfg = couriertest.Config{
		PartnerID: "P", Checkword: flows.Conceal("c"), MonthlyCard: "7551234567", PushURL: pushed.URL,
		Clock: func() time.Time { return w.now }, Dir: t.TempDir(), Hurry: 10,
	}
	var err error
	if w.sf, err = couriertest.New(w.cfg); err != nil {
		t.Fatal(err)
	}
	service := httptest.NewServer(w.sf)
	t.Cleanup(service.Close)
	client, err := courier.New(courier.Config{
		URL: service.URL, PartnerID: "P", Checkword: flows.Conceal("c"), MonthlyCard: "7551234567", ExpressType: 1,
		Sender: courier.Sender{
			Company: "证书中心", Contact: flows.Conceal("发件室"), Phone: flows.Conceal("0512"),
			Province: "江苏省", City: "苏州市", Address: "星湖街1号",
		},
	}, service.Client(), w.cfg.Clock)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Book(t.Context(), flows.Parcel{Number: "P1", Goods: "UKey", To: flows.Recipient{
		Name: flows.Conceal("收件人"), Mobile: flows.Conceal("13800000000"),
		Province: "江苏省", City: "南京市", Detail: flows.Conceal("中山路1号"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *town) advance(t *testing.T, times int) {
	t.Helper()
	for range times {
		if _, err := w.sf.Advance("P1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPushIsRepeatedUntilAcknowledged(t *testing.T) {
	w := newTown(t, &desk{refuse: 2})
	w.advance(t, 2)
	for range 5 {
		w.sf.Push(t.Context())
		w.now = w.now.Add(time.Minute) // ten minutes at hurry 10
	}
	if w.desk.calls != 3 || w.desk.codes() != "50 30 31" {
		t.Errorf("%d calls, codes %s, want 3 calls and every line once", w.desk.calls, w.desk.codes())
	}
}

func TestPushWaitsBeforeItTriesAgain(t *testing.T) {
	w := newTown(t, &desk{refuse: 1})
	w.advance(t, 1)
	w.sf.Push(t.Context())
	if wait := w.sf.Push(t.Context()); wait != time.Minute || w.desk.calls != 1 {
		t.Errorf("wait %v after %d calls, want a minute after 1", wait, w.desk.calls)
	}
}

func TestFaultsOfPushes(t *testing.T) {
	tests := []struct {
		fault string
		first string // after the first push
		later string // after a minute
	}{
		{"duplicate", "50 30 31 50 30 31", "50 30 31 50 30 31"},
		{"delay", "30 31", "30 31 50"},
		{"drop", "", "50 30 31"},
		{"reorder", "31 30 50", "31 30 50"},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			w := newTown(t, &desk{})
			if err := w.sf.Fault(tt.fault, 1); err != nil {
				t.Fatal(err)
			}
			w.advance(t, 2)
			w.sf.Push(t.Context())
			if got := w.desk.codes(); got != tt.first {
				t.Errorf("first %q, want %q", got, tt.first)
			}
			w.now = w.now.Add(time.Minute)
			w.sf.Push(t.Context())
			if got := w.desk.codes(); got != tt.later {
				t.Errorf("later %q, want %q", got, tt.later)
			}
		})
	}
}

func TestPushedAndAskedForIsOneLine(t *testing.T) {
	w := newTown(t, &desk{})
	if err := w.sf.Fault("duplicate", 1); err != nil {
		t.Fatal(err)
	}
	w.advance(t, 4)
	w.sf.Push(t.Context())
	ids := map[string]bool{}
	for _, s := range w.desk.scans {
		ids[s.ID] = true
	}
	if len(w.desk.scans) != 10 || len(ids) != 5 {
		t.Errorf("%d lines with %d identifiers, want 10 with 5", len(w.desk.scans), len(ids))
	}
}

func TestRunPushesAtOnceAndStops(t *testing.T) {
	w := newTown(t, &desk{called: make(chan struct{}, 1)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.sf.Run(ctx) }()
	w.advance(t, 1)
	<-w.desk.called
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	w := newTown(t, &desk{})
	w.advance(t, 1)
	w.sf.Push(t.Context())
	again, err := couriertest.New(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(w.sf.Books())
	after, _ := json.Marshal(again.Books())
	if string(before) != string(after) {
		t.Errorf("books after a restart %s, want %s", after, before)
	}
	again.Push(t.Context())
	if w.desk.calls != 1 {
		t.Errorf("%d pushes, want none after the acknowledged one", w.desk.calls)
	}
}

func TestMovesRefused(t *testing.T) {
	w := newTown(t, &desk{})
	if _, err := w.sf.Advance("P2"); err == nil {
		t.Error("Advance of an unknown order: no error")
	}
	w.advance(t, 4)
	if _, err := w.sf.Advance("P1"); err == nil {
		t.Error("Advance of a signed parcel: no error")
	}
	if err := w.sf.Fault("earthquake", 1); err == nil {
		t.Error("Fault of an unknown name: no error")
	}
	if codes := w.sf.Books().Orders[0].Routes; !slices.ContainsFunc(codes, func(r couriertest.Route) bool { return r.Code == "80" }) {
		t.Errorf("routes %v, want a signature", codes)
	}
}
