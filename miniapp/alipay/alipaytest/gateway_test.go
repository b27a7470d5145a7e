package alipaytest_test

// The stand-in refuses what Alipay refuses. Requests are built and answers are
// checked here by code of the test's own.

import (
	"cmp"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay/alipaytest"
)

const buyer = "2088111111111111"

var credentials = sync.OnceValues(func() (alipaytest.Credentials, error) {
	return alipaytest.NewCredentials(time.Now())
})

// stand is a gateway on a port, with a shop for its notifications.
type stand struct {
	*alipaytest.Gateway
	server *httptest.Server
	key    *rsa.PrivateKey
	answer func(form url.Values) string // of the shop

	mu    sync.Mutex
	clock time.Time
}

func newStand(t *testing.T, cfg alipaytest.Config) *stand {
	t.Helper()
	made, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{answer: func(url.Values) string { return "success" }, clock: time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)}
	cfg.Credentials, cfg.Clock = made, s.now
	cfg.Mode = cmp.Or(cfg.Mode, alipaytest.ModeKey)
	cfg.Users = []alipaytest.User{{ID: buyer, OpenID: "0buyer", Name: flows.Conceal("张三"), IDNumber: flows.Conceal("11010519491231002X")}}
	if s.Gateway, err = alipaytest.New(cfg); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(made.AppKey.Reveal()))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	s.key = parsed.(*rsa.PrivateKey)
	mux := http.NewServeMux()
	mux.Handle("/gateway.do", s.Gateway)
	mux.HandleFunc("/notify", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		io.WriteString(w, s.answer(r.PostForm))
	})
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	return s
}

func (s *stand) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *stand) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// request is what a good application sends.
func (s *stand) request(method, biz string) url.Values {
	return url.Values{
		"app_id": {"2021000000000001"}, "method": {method}, "charset": {"utf-8"}, "format": {"JSON"}, "version": {"1.0"},
		"sign_type": {"RSA2"}, "timestamp": {"2026-11-23 12:00:00"}, "biz_content": {biz}, "notify_url": {s.server.URL + "/notify"},
	}
}

func (s *stand) sign(t *testing.T, form url.Values) url.Values {
	t.Helper()
	var pairs []string
	for name := range form {
		if form.Get(name) != "" {
			pairs = append(pairs, name+"="+form.Get(name))
		}
	}
	slices.Sort(pairs)
	sum := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return form
}

// said is an answer, taken apart.
type said struct {
	status string // code and sub_code
	fields map[string]any
	raw    string
	signed bool // and the signature is right
}

func (s *stand) send(t *testing.T, form url.Values) said {
	t.Helper()
	response, err := http.PostForm(s.server.URL+"/gateway.do", form)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/html;charset=utf-8" {
		t.Fatalf("HTTP %d %s: %v", response.StatusCode, response.Header.Get("Content-Type"), err)
	}
	return s.takeApart(t, body)
}

func (s *stand) takeApart(t *testing.T, body []byte) said {
	t.Helper()
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(body, &envelope); err != nil {
		t.Fatalf("answer %q: %v", body, err)
	}
	var out said
	for name, raw := range envelope {
		if !strings.HasSuffix(name, "_response") {
			continue
		}
		out.raw = string(raw)
		if err := json.Unmarshal(raw, &out.fields); err != nil {
			t.Fatal(err)
		}
	}
	code, _ := out.fields["code"].(string)
	sub, _ := out.fields["sub_code"].(string)
	out.status = strings.TrimSpace(code + " " + sub)
	if envelope["sign"] == nil {
		return out
	}
	made, _ := credentials()
	block, _ := pem.Decode([]byte(made.AlipayPublic))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(strings.Trim(string(envelope["sign"]), `"`))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(out.raw))
	out.signed = rsa.VerifyPKCS1v15(key.(*rsa.PublicKey), crypto.SHA256, sum[:], signature) == nil
	return out
}

func (s *stand) call(t *testing.T, method, biz string) said {
	t.Helper()
	return s.send(t, s.sign(t, s.request(method, biz)))
}

func TestChecksInAlipaysOrder(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	tests := []struct {
		name   string
		change map[string]string // before signing
		spoil  map[string]string // after signing
		want   string
		signed bool
	}{
		{"unknown application, before all else", map[string]string{"app_id": "1", "method": "x", "charset": "x"}, map[string]string{"sign": ""}, "40002 isv.invalid-app-id", false},
		{"unknown method", map[string]string{"method": "alipay.trade.give"}, map[string]string{"sign": "QUJD"}, "40002 isv.invalid-method", true},
		{"charset", map[string]string{"charset": "GBK"}, nil, "40002 isv.invalid-charset", true},
		{"signature type", map[string]string{"sign_type": "RSA"}, nil, "40002 isv.invalid-signature-type", true},
		{"time", map[string]string{"timestamp": "2026-11-23T12:00:00Z"}, nil, "40002 isv.invalid-timestamp", true},
		{"no signature", nil, map[string]string{"sign": ""}, "40001 isv.missing-signature", true},
		{"wrong signature", nil, map[string]string{"biz_content": "{}"}, "40002 isv.invalid-signature", true},
		{"encryption without a key", map[string]string{"encrypt_type": "AES"}, nil, "40001 isv.missing-encrypt-key", true},
		{"no JSON", map[string]string{"biz_content": "{"}, nil, "40002 isv.invalid-parameter", true},
		{"a query in notify_url", map[string]string{"notify_url": "http://x/?a=1"}, nil, "40002 isv.invalid-parameter", true},
		{"good", nil, nil, "10000", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := s.request("alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1.00","subject":"x"}`)
			for name, value := range tt.change {
				form.Set(name, value)
			}
			s.sign(t, form)
			for name, value := range tt.spoil {
				form.Set(name, value)
			}
			got := s.send(t, form)
			if got.status != tt.want || got.signed != tt.signed {
				t.Errorf("answer %s, signed %v; want %s, %v", got.status, got.signed, tt.want, tt.signed)
			}
		})
	}
}

func TestCertificateModeWantsBothNumbers(t *testing.T) {
	s := newStand(t, alipaytest.Config{Mode: alipaytest.ModeCertificate})
	made, _ := credentials()
	roots := strings.SplitAfter(made.RootCert, "-----END CERTIFICATE-----\n")
	app, root := number(t, made.AppCert), number(t, roots[0])+"_"+number(t, roots[2])
	tests := []struct{ name, app, root, want string }{
		{"neither", "", "", "40001 isv.missing-app-cert-sn"},
		{"another application's", number(t, made.AlipayCert), root, "40002 isv.app-cert-not-exist"},
		{"no root", app, "", "40001 isv.missing-alipay-root-cert-sn"},
		{"all roots, whatever their kind", app, number(t, roots[0]) + "_" + number(t, roots[1]) + "_" + number(t, roots[2]), "40002 isv.invalid-parameter"},
		{"both", app, root, "40004 ACQ.TRADE_NOT_EXIST"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := s.request("alipay.trade.query", `{"out_trade_no":"A"}`)
			form.Set("app_cert_sn", tt.app)
			form.Set("alipay_root_cert_sn", tt.root)
			if got := s.send(t, s.sign(t, form)); got.status != tt.want || !got.signed {
				t.Errorf("answer %s, signed %v; want %s", got.status, got.signed, tt.want)
			}
		})
	}
}

func number(t *testing.T, text string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum([]byte(cert.Issuer.String() + cert.SerialNumber.String()))
	return hex.EncodeToString(sum[:])
}

func TestSlashesAreEscapedInsideTheSignedBytes(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	got := s.call(t, "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1.00","subject":"x"}`)
	if !strings.Contains(got.raw, `https:\/\/qr.alipay.com\/bax`) || !got.signed {
		t.Errorf("answer %s, want escaped slashes under a good signature", got.raw)
	}
}

// Alipay's Node library puts the common parameters into the address.
func TestQueryAndBodyAreMerged(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	form := s.sign(t, s.request("alipay.trade.query", `{"out_trade_no":"none"}`))
	body := url.Values{"biz_content": form["biz_content"]}
	form.Del("biz_content")
	response, err := http.PostForm(s.server.URL+"/gateway.do?"+form.Encode(), body)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.takeApart(t, text); got.status != "40004 ACQ.TRADE_NOT_EXIST" {
		t.Errorf("answer %s, want ACQ.TRADE_NOT_EXIST", got.status)
	}
}

func TestTradesAreRefused(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	const create = "alipay.trade.create"
	tests := []struct{ name, method, biz, want string }{
		{"amount without cents", "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1","subject":"x"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"amount as a number", "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":1.00,"subject":"x"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"hyphen in the number", "alipay.trade.precreate", `{"out_trade_no":"A-1","total_amount":"1.00","subject":"x"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"ampersand in the subject", "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1.00","subject":"a&b"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"parameter's name in the subject", "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1.00","subject":"total_fee"}`, "40002 isv.suspected-attack"},
		{"half a minute", "alipay.trade.precreate", `{"out_trade_no":"A","total_amount":"1.00","subject":"x","timeout_express":"0.5m"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"no buyer", create, `{"out_trade_no":"A","total_amount":"1.00","subject":"x","product_code":"JSAPI_PAY","op_app_id":"2021000000000001"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"unknown buyer", create, `{"out_trade_no":"A","total_amount":"1.00","subject":"x","product_code":"JSAPI_PAY","op_app_id":"2021000000000001","buyer_open_id":"0nobody"}`, "40004 ACQ.INVALID_PARAMETER"},
		{"another mini-program", create, `{"out_trade_no":"A","total_amount":"1.00","subject":"x","product_code":"JSAPI_PAY","op_app_id":"2021000000000009","buyer_open_id":"0buyer"}`, "40004 ACQ.ACCESS_FORBIDDEN"},
		{"question without a number", "alipay.trade.query", `{}`, "40004 ACQ.INVALID_PARAMETER"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := s.call(t, tt.method, tt.biz); got.status != tt.want {
				t.Errorf("%s = %s, want %s", tt.method, got.status, tt.want)
			}
		})
	}
	if n := len(s.Books().Trades); n != 0 {
		t.Errorf("the books hold %d trades, want none", n)
	}
}

// paid makes a paid trade of 10 yuan and queues its notification.
func (s *stand) paid(t *testing.T, number string) {
	t.Helper()
	got := s.call(t, "alipay.trade.precreate", `{"out_trade_no":"`+number+`","total_amount":"10.00","subject":"x"}`)
	code, _ := got.fields["qr_code"].(string)
	scanned, err := s.Scan(t.Context(), buyer, code)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Pay(t.Context(), scanned.ID); err != nil {
		t.Fatal(err)
	}
}

func TestRefunds(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	s.paid(t, "A")
	const refund, ask = "alipay.trade.refund", "alipay.trade.fastpay.refund.query"
	steps := []struct{ name, method, biz, want, change, fee string }{
		{"too much", refund, `{"out_trade_no":"A","refund_amount":"10.01","out_request_no":"1"}`, "40004 ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "", ""},
		{"a part", refund, `{"out_trade_no":"A","refund_amount":"4.00","out_request_no":"1"}`, "10000", "Y", "4.00"},
		{"the part again", refund, `{"out_trade_no":"A","refund_amount":"4.00","out_request_no":"1"}`, "10000", "N", "4.00"},
		{"the part with another amount", refund, `{"out_trade_no":"A","refund_amount":"5.00","out_request_no":"1"}`, "40004 ACQ.DISCORDANT_REPEAT_REQUEST", "", ""},
		{"the rest", refund, `{"out_trade_no":"A","refund_amount":"6.00","out_request_no":"2"}`, "10000", "Y", "10.00"},
		{"more", refund, `{"out_trade_no":"A","refund_amount":"0.01","out_request_no":"3"}`, "40004 ACQ.TRADE_HAS_CLOSE", "", ""},
		{"unknown trade", refund, `{"out_trade_no":"B","refund_amount":"0.01","out_request_no":"3"}`, "40004 ACQ.TRADE_NOT_EXIST", "", ""},
	}
	for _, tt := range steps {
		got := s.call(t, tt.method, tt.biz)
		change, _ := got.fields["fund_change"].(string)
		fee, _ := got.fields["refund_fee"].(string)
		if got.status != tt.want || change != tt.change || fee != tt.fee {
			t.Errorf("%s = %s, fund_change %q, refund_fee %q; want %s, %q, %q", tt.name, got.status, change, fee, tt.want, tt.change, tt.fee)
		}
	}
	if got := s.call(t, ask, `{"out_trade_no":"A","out_request_no":"1"}`); got.fields["refund_status"] != "REFUND_SUCCESS" || got.fields["refund_amount"] != "4.00" {
		t.Errorf("refund query = %v, want 4.00 refunded", got.fields)
	}
	if got := s.call(t, ask, `{"out_trade_no":"A","out_request_no":"9"}`); got.status != "10000" || got.fields["refund_status"] != nil {
		t.Errorf("query of an unknown refund = %v, want a success that says nothing", got.fields)
	}
	if got := s.call(t, "alipay.trade.query", `{"out_trade_no":"A"}`); got.fields["trade_status"] != "TRADE_CLOSED" {
		t.Errorf("trade = %v, want TRADE_CLOSED after a full refund", got.fields["trade_status"])
	}
}

func TestCertifyPageShowsWhetherItIsGood(t *testing.T) {
	s := newStand(t, alipaytest.Config{})
	got := s.call(t, "alipay.user.certify.open.initialize", `{"outer_order_no":"F1","biz_code":"FACE",
		"identity_param":"{\"identity_type\":\"CERT_INFO\",\"cert_type\":\"IDENTITY_CARD\",\"cert_name\":\"张三\",\"cert_no\":\"11010519491231002X\"}",
		"merchant_config":{"return_url":""}}`)
	id, _ := got.fields["certify_id"].(string)
	form := s.sign(t, s.request("alipay.user.certify.open.certify", `{"certify_id":"`+id+`"}`))
	if text := s.page(t, form); !strings.Contains(text, id) || strings.Contains(text, "张三") {
		t.Errorf("page %q, want the identifier and no name", text)
	}
	form.Set("timestamp", "2026-11-23 12:00:01")
	if text := s.page(t, form); strings.Contains(text, id) {
		t.Errorf("page %q after a change, want none", text)
	}
}

func (s *stand) page(t *testing.T, form url.Values) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/gateway.do?"+form.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
