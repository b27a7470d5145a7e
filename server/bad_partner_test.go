package server

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
)

// What partners say that is forged, meant for others, or cannot be right.

func TestBadNotices(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.registers()
	c.consents()
	c.proves()
	c.orders()
	t.Run("refused", c.in(t).refusedNotices)
	t.Run("kept", c.in(t).keptNotices)
	t.Run("duplicate", c.in(t).duplicateNotice)
	t.Run("messages", c.in(t).badMessages)
	t.Run("routes", c.in(t).badRoutes)
}

// notice is a notification of the present payment as Alipay would make it.
func (c *citizen) notice() url.Values {
	c.t.Helper()
	payment, err := c.book.OpenPaymentOf(c.t.Context(), c.talkOf(c.t, c.OpenID))
	if err != nil {
		c.t.Fatal(err)
	}
	now := time.Now().In(flows.Beijing).Format(time.DateTime)
	return url.Values{
		"notify_type": {"trade_status_sync"}, "charset": {"utf-8"}, "version": {"1.0"}, "sign_type": {"RSA2"},
		"notify_id": {rand.Text()}, "notify_time": {now}, "gmt_create": {now}, "gmt_payment": {now},
		"app_id": {c.cfg.Alipay.AppID}, "auth_app_id": {c.cfg.Alipay.AppID}, "seller_id": {c.cfg.Alipay.SellerID},
		"trade_no": {"2026112322001400000000000001"}, "out_trade_no": {payment.Number}, "trade_status": {"TRADE_SUCCESS"},
		"total_amount": {payment.Amount.String()}, "buyer_pay_amount": {payment.Amount.String()}, "subject": {payment.Subject},
	}
}

// signed signs a notification with Alipay's key, and with the serial number
// that a real one carries.
func (c *citizen) signed(notice url.Values) url.Values {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "world", "alipay", "alipay-key.pem"))
	if err != nil {
		c.t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		c.t.Fatal(err)
	}
	pairs := make([]string, 0, len(notice))
	for _, name := range slices.Sorted(maps.Keys(notice)) {
		if name != "sign" && name != "sign_type" && name != "alipay_cert_sn" {
			pairs = append(pairs, name+"="+notice.Get(name))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	mark, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		c.t.Fatal(err)
	}
	notice.Set("sign", base64.StdEncoding.EncodeToString(mark))
	return notice
}

// told posts a notification and returns what was answered.
func (c *citizen) told(notice string) string {
	c.t.Helper()
	return c.posts("/alipay/notify", notice)
}

func (c *citizen) posts(path, notice string) string {
	c.t.Helper()
	got, body := c.ask(c.t, "POST", path, notice, http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}})
	if got.StatusCode != http.StatusOK {
		c.t.Errorf("a notification was answered with %d", got.StatusCode)
	}
	return body
}

func (c *citizen) unpaid() {
	c.t.Helper()
	if n := c.count(c.t, "SELECT count(*) FROM orders WHERE state <> 'open'"); n != 0 {
		c.t.Error("the order is paid")
	}
}

// gatewayMessage tells the application's gateway of a payout that is none of ours.
func (c *citizen) gatewayMessage() url.Values {
	return url.Values{
		"msg_method": {"alipay.fund.trans.order.changed"}, "biz_content": {`{"out_biz_no":"O20260101000000","status":"REFUND"}`},
		"charset": {"UTF-8"}, "version": {"1.1"}, "sign_type": {"RSA2"}, "app_id": {c.cfg.Alipay.AppID},
		"notify_id": {rand.Text()}, "utc_timestamp": {"1795000000000"},
	}
}

// badMessages change nothing. Those that will not be better when they come
// again are acknowledged.
func (c *citizen) badMessages(t *testing.T) {
	changed := func(name, value string) url.Values {
		m := c.gatewayMessage()
		m.Set(name, value)
		return c.signed(m)
	}
	forged := c.signed(c.gatewayMessage())
	forged.Set("biz_content", `{"out_biz_no":"O1"}`)
	for _, tt := range []struct {
		name string
		form url.Values
		want string
	}{
		{"a stranger's", c.gatewayMessage(), "fail"},
		{"changed on the way", forged, "fail"},
		{"another application's", changed("app_id", "2021000000000009"), "fail"},
		{"of a payout that is nobody's", c.signed(c.gatewayMessage()), "success"},
		{"of another kind", changed("msg_method", "alipay.open.auth.appauth.cancelled"), "success"},
		{"that cannot be read", changed("biz_content", "{"), "success"},
	} {
		c.stays(func() {
			if got := c.posts("/alipay/gateway", tt.form.Encode()); got != tt.want {
				t.Errorf("a message %s was answered with %q, want %q", tt.name, got, tt.want)
			}
		})
	}
}

// refusedNotices are no news of Alipay's to us.
func (c *citizen) refusedNotices(t *testing.T) {
	spoilt := func(spoil func(url.Values)) string {
		n := c.signed(c.notice())
		spoil(n)
		return n.Encode()
	}
	other := c.notice()
	other.Set("app_id", "2021000000000009")
	twice := c.signed(c.notice()).Encode() + "&total_amount=0.01"
	for name, notice := range map[string]string{
		"no signature":        spoilt(func(n url.Values) { n.Del("sign") }),
		"wrong signature":     spoilt(func(n url.Values) { n.Set("sign", base64.StdEncoding.EncodeToString(make([]byte, 256))) }),
		"amount changed":      spoilt(func(n url.Values) { n.Set("total_amount", "0.01") }),
		"number changed":      spoilt(func(n url.Values) { n.Set("out_trade_no", "P1") }),
		"amount twice":        twice,
		"another application": c.signed(other).Encode(),
		"nothing":             "",
		"not a form":          "%zz=\x00",
		"over-long":           "sign=" + strings.Repeat("A", 100<<10),
	} {
		c.stays(func() {
			if answer := c.told(notice); answer != "fail" {
				t.Errorf("%s was answered with %q, want fail", name, answer)
			}
		})
	}
	c.unpaid()
	if n := c.count(t, "SELECT count(*) FROM inbox"); n != 0 {
		t.Errorf("%d letters of strangers were kept", n)
	}
}

// keptNotices are Alipay's, but cannot be counted: they are acknowledged, kept,
// and put before a person, however often they come.
func (c *citizen) keptNotices(t *testing.T) {
	for _, tt := range []struct{ name, field, value, why string }{
		{"unknown number", "out_trade_no", "P20260101000000", "unknown number"},
		{"another seller", "seller_id", "2088000000000009", "alipay: notification is about another seller"},
		{"unknown state", "trade_status", "TRADE_MELTED", "%TRADE_MELTED%"},
		{"an amount that is none", "total_amount", "1e3", "%not an amount%"},
		{"wrong amount", "total_amount", "0.01", "wrong amount"},
		{"a refund", "refund_fee", "1.00", "refunded, in total 1.00"},
	} {
		notice := c.notice()
		notice.Set(tt.field, tt.value)
		sent := c.signed(notice).Encode()
		c.stays(func() {
			for range 2 {
				if answer := c.told(sent); answer != "success" {
					t.Errorf("%s was answered with %q, want success", tt.name, answer)
				}
			}
		})
		if n := c.count(t, "SELECT count(*) FROM inbox WHERE why LIKE ?", tt.why); n != 1 {
			t.Errorf("%s is %d times in the inbox", tt.name, n)
		}
		c.unpaid()
	}
	waiting, err := c.book.Waiting(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Talk != c.talk().ID || !slices.Equal(waiting[0].Why, []string{"money"}) {
		t.Errorf("waiting for an agent: %v %v, want this talk because of money", waiting, err)
	}
}

// duplicateNotice is the right one, told four times at once and once more.
func (c *citizen) duplicateNotice(t *testing.T) {
	sent := c.signed(c.notice()).Encode()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if answer := c.told(sent); answer != "success" {
				t.Errorf("answered with %q, want success", answer)
			}
		})
	}
	all.Wait()
	c.reaches(flows.DeliveryPacking)
	if answer := c.told(sent); answer != "success" {
		t.Errorf("answered with %q, want success", answer)
	}
	for what, query := range map[string]string{
		"reports":  "SELECT count(*) FROM report WHERE kind = 'paid'",
		"payments": "SELECT count(*) FROM payment WHERE state = 'paid'",
		"orders":   "SELECT count(*) FROM orders WHERE state = 'paid'",
	} {
		if n := c.count(t, query); n != 1 {
			t.Errorf("%d paid %s", n, what)
		}
	}
	if n := strings.Count(c.heard(), "world paid\n"); n != 1 {
		t.Errorf("paid is %d times in the transcript\n%s", n, c.heard())
	}
	c.wait(t, "the parcel to be booked", func() bool { return c.talk().Case.Form.Has(flows.KeyWaybill) })
}

// badRoutes come to the courier's address.
func (c *citizen) badRoutes(t *testing.T) {
	right := "/sf/routes?token=" + url.QueryEscape(c.cfg.SF.PushToken.Reveal())
	const plain, form = "application/json", "application/x-www-form-urlencoded"
	const delivered = `{"Body":{"WaybillRoute":[{"mailno":"SF0000000000000","opCode":"80","acceptTime":"2026-11-23 12:00:00","orderid":"S1","remark":"已签收","id":"1"}]}}`
	for _, tt := range []struct {
		name, path, kind, body string
		status                 int
		answer                 string
	}{
		{"no token", "/sf/routes", plain, delivered, 403, ""},
		{"wrong token", right + "x", plain, delivered, 403, ""},
		{"garbage", right, plain, "\x00\x01garbage", 200, `"return_code":"1000"`},
		{"empty", right, plain, "", 200, `"return_code":"1000"`},
		{"no routes", right, plain, `{"Body":{"WaybillRoute":[]}}`, 200, `"return_code":"1000"`},
		{"another type", right, "text/plain", delivered, 200, `"return_code":"1000"`},
		{"garbage in a form", right, form, "content=%3Cgarbage", 200, "<Head>ERR</Head>"},
		{"a parcel of nobody's", right, plain, delivered, 200, `"return_code"`},
	} {
		c.stays(func() {
			got, body := c.ask(t, "POST", tt.path, tt.body, http.Header{"Content-Type": {tt.kind}})
			if got.StatusCode != tt.status || !strings.Contains(body, tt.answer) {
				t.Errorf("%s = %d %s, want %d %s", tt.name, got.StatusCode, body, tt.status, tt.answer)
			}
		})
	}
	if n := c.count(t, "SELECT count(*) FROM shipment WHERE state = 'delivered'"); n != 0 {
		t.Error("a stranger's word delivered a parcel")
	}
}
