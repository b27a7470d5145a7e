package alipay_test

// Collecting money: each state of a trade, each kind of answer.

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

func TestQRLifeOfATrade(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	code, err := c.QR(t.Context(), bill)
	if err != nil {
		t.Fatal(err)
	}
	want := flows.Trade{Number: "P_1", State: flows.TradeOpen}
	if got, err := c.Query(t.Context(), "P_1"); got != want || err != nil {
		t.Fatalf("Query before the scan = %+v, %v, want %+v", got, err, want)
	}
	scanned, err := c.gateway.Scan(t.Context(), zhang, code)
	if err != nil {
		t.Fatal(err)
	}
	if scanned.Amount != bill.Amount || scanned.Title != "数字证书 1 2  " {
		t.Errorf("customer sees %q for %s, want the bill without special characters", scanned.Title, scanned.Amount)
	}
	if got, err := c.Query(t.Context(), "P_1"); got.State != flows.TradeOpen || got.Amount != bill.Amount || err != nil {
		t.Fatalf("Query after the scan = %+v, %v, want open", got, err)
	}
	if err := c.gateway.Pay(t.Context(), scanned.ID); err != nil {
		t.Fatal(err)
	}
	got, err := c.Query(t.Context(), "P_1")
	if err != nil || got.State != flows.TradePaid || got.No != scanned.ID || got.At.Unix() != c.clock.now().Unix() {
		t.Fatalf("Query after payment = %+v, %v, want paid now", got, err)
	}
	if got.Payer.IsZero() {
		t.Error("Query does not tell who paid")
	}
	wantRefusal(t, c.Close(t.Context(), "P_1"), "ACQ.TRADE_STATUS_ERROR")
	_, err = c.QR(t.Context(), bill)
	wantRefusal(t, err, "ACQ.TRADE_HAS_SUCCESS")
}

func TestClose(t *testing.T) {
	tests := []struct {
		name  string
		until func(*city, *testing.T)
	}{
		{"never asked for", func(*city, *testing.T) {}},
		{"never scanned", func(c *city, t *testing.T) { mustQR(t, c) }},
		{"scanned", func(c *city, t *testing.T) { mustScan(t, c) }},
		{"closed already", func(c *city, t *testing.T) {
			mustScan(t, c)
			if err := c.Close(t.Context(), "P_1"); err != nil {
				t.Fatal(err)
			}
		}},
		{"expired", func(c *city, t *testing.T) { mustScan(t, c); c.clock.pass(time.Hour) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newCity(t, alipaytest.ModeCertificate)
			tt.until(c, t)
			if err := c.Close(t.Context(), "P_1"); err != nil {
				t.Errorf("Close = %v, want nil", err)
			}
		})
	}
}

func mustQR(t *testing.T, c *city) string {
	t.Helper()
	code, err := c.QR(t.Context(), bill)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func mustScan(t *testing.T, c *city) alipaytest.Scanned {
	t.Helper()
	out, err := c.gateway.Scan(t.Context(), zhang, mustQR(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTimeIsAlipays(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	code := mustQR(t, c)
	c.clock.pass(20 * time.Minute)
	scanned, err := c.gateway.Scan(t.Context(), zhang, code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.gateway.Scan(t.Context(), wang, code); !errors.Is(err, alipaytest.ErrScan) {
		t.Errorf("Scan by a second person = %v, want ErrScan", err)
	}
	c.clock.pass(10 * time.Minute) // counted from the code, not from the scan
	if err := c.gateway.Pay(t.Context(), scanned.ID); err == nil {
		t.Error("a bill of 30 minutes was paid after 30 minutes")
	}
	if got, err := c.Query(t.Context(), "P_1"); got.State != flows.TradeClosed || !got.At.IsZero() || err != nil {
		t.Errorf("Query = %+v, %v, want closed and never paid", got, err)
	}
	long := flows.Bill{Number: "P_2", Amount: 1, Subject: "x", Expires: 24 * time.Hour}
	code, err = c.QR(t.Context(), long)
	if err != nil {
		t.Fatal(err)
	}
	c.clock.pass(2 * time.Hour)
	if _, err := c.gateway.Scan(t.Context(), zhang, code); !errors.Is(err, alipaytest.ErrScan) {
		t.Errorf("Scan after two hours = %v, want ErrScan", err)
	}
}

func TestOrder(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	code, err := c.gateway.AuthCode(zhang)
	if err != nil {
		t.Fatal(err)
	}
	buyer, err := c.Login(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if buyer == zhang || len(buyer) != 47 {
		t.Errorf("Login = %q, want an open_id", buyer)
	}
	_, err = c.Login(t.Context(), code)
	wantRefusal(t, err, "isv.code-invalid")

	no, err := c.Order(t.Context(), bill, buyer)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Order(t.Context(), bill, buyer); again != no || err != nil {
		t.Errorf("Order again = %q, %v, want %q", again, err, no)
	}
	dearer := bill
	dearer.Amount++
	_, err = c.Order(t.Context(), dearer, buyer)
	wantRefusal(t, err, "ACQ.CONTEXT_INCONSISTENT")
	if err := c.gateway.Pay(t.Context(), no); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Query(t.Context(), bill.Number); got.State != flows.TradePaid || err != nil {
		t.Errorf("Query = %+v, %v, want paid", got, err)
	}
	_, err = c.Order(t.Context(), flows.Bill{Number: "P_2", Amount: 1, Subject: "x"}, seller)
	wantRefusal(t, err, "ACQ.BUYER_SELLER_EQUAL")
}

// The open_id of another application than the caller's travels under another
// name.
func TestOrderForAnotherMiniProgram(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	made, _ := credentials()
	other, err := alipaytest.New(alipaytest.Config{
		Credentials: made, MiniAppID: "2021000000000002", SellerID: seller,
		Users: []alipaytest.User{{ID: zhang}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.gateway = other
	cfg := c.config(t, alipaytest.ModeCertificate)
	cfg.MiniAppID = "2021000000000002"
	client, err := alipay.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	code, err := other.AuthCode(zhang)
	if err != nil {
		t.Fatal(err)
	}
	buyer, err := client.Login(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Order(t.Context(), bill, buyer); err != nil {
		t.Errorf("Order = %v, want nil", err)
	}
	_, err = c.Order(t.Context(), flows.Bill{Number: "P_2", Amount: 1, Subject: "x"}, buyer)
	wantRefusal(t, err, "ACQ.ACCESS_FORBIDDEN")
}

// Whatever does not settle the matter is an ordinary error, never a refusal
// and never a payment.
func TestUnknownResultsStayOpen(t *testing.T) {
	tests := []struct {
		fault string
		is    error
	}{
		{alipaytest.Fault500, nil},
		{alipaytest.FaultTimeout, nil},
		{alipaytest.FaultUnknown, alipay.ErrUnclear},
		{alipaytest.FaultSystemError, alipay.ErrUnclear},
		{alipaytest.FaultUnsigned, alipay.ErrUnsigned},
		{alipaytest.FaultForgedAnswer, nil},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			c := newCity(t, alipaytest.ModeCertificate)
			c.paid(t, bill)
			if err := c.gateway.Fault(tt.fault, 1); err != nil {
				t.Fatal(err)
			}
			got, err := c.Query(t.Context(), bill.Number)
			if err == nil || got.State != "" {
				t.Fatalf("Query = %+v, %v, want only an error", got, err)
			}
			if _, refused := errors.AsType[*flows.RefusedError](err); refused {
				t.Errorf("Query = %v, which reads as a refusal", err)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("Query = %v, want %v", err, tt.is)
			}
			if got, err := c.Query(t.Context(), bill.Number); got.State != flows.TradePaid || err != nil {
				t.Errorf("Query again = %+v, %v, want paid", got, err)
			}
		})
	}
}

func TestLostAnswerThenQuery(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	if err := c.gateway.Fault(alipaytest.FaultTimeout, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := c.QR(t.Context(), bill); err == nil {
		t.Fatal("QR = nil, want the loss of the answer")
	}
	if got, err := c.Query(t.Context(), bill.Number); got.State != flows.TradeOpen || err != nil {
		t.Fatalf("Query = %+v, %v, want open", got, err)
	}
	mustScan(t, c)
	if n := len(c.gateway.Books().Trades); n != 1 {
		t.Errorf("gateway has %d trades, want 1", n)
	}
}

// An empty real_amount and an amount written as a number fail the library's
// own struct although the trade is paid.
func TestQueryToleratesAlipaysNumbers(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	c.paid(t, bill)
	if err := c.gateway.Fault(alipaytest.FaultNumbers, 1); err != nil {
		t.Fatal(err)
	}
	got, err := c.Query(t.Context(), bill.Number)
	if err != nil || got.State != flows.TradePaid || got.Amount != 8800 {
		t.Errorf("Query = %+v, %v, want 88.00 paid", got, err)
	}
}

func TestBillsThatAreNeverSent(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	for _, b := range []flows.Bill{
		{Number: "P-1", Amount: 1}, {Number: "", Amount: 1}, {Number: strings.Repeat("1", 65), Amount: 1},
		{Number: "P_1", Amount: 0}, {Number: "P_1", Amount: -1}, {Number: "P_1", Amount: 100_000_000_01},
	} {
		if _, err := c.QR(t.Context(), b); err == nil {
			t.Errorf("QR(%+v) = nil, want an error", b)
		}
	}
	if _, err := c.Begin(t.Context(), "F_1", person); err == nil {
		t.Error("Begin accepted an underscore, which Alipay does not")
	}
	if len(c.requests) != 0 {
		t.Errorf("%d requests were sent, want none", len(c.requests))
	}
}
