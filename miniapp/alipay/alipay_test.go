package alipay_test

// The client against the gateway's stand-in, which verifies every request with
// its own code.

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

const (
	seller = "2088000000000001"
	zhang  = "2088111111111111"
	wang   = "2088222222222222"
	works  = "2088333333333333" // a company's
	fresh  = "2088444444444444" // a company's that Alipay has not proved yet
)

var (
	person = flows.Person{Name: flows.Conceal("张三"), IDNumber: flows.Conceal("11010519491231002X")}
	bill   = flows.Bill{Number: "P_1", Amount: 8800, Subject: "数字证书 1/2&=", Expires: 30 * time.Minute}
)

// credentials are made once: RSA keys take their time.
var credentials = sync.OnceValues(func() (alipaytest.Credentials, error) {
	return alipaytest.NewCredentials(time.Now())
})

// city is a client with a gateway to talk to, and a shop that receives its
// notifications.
type city struct {
	*alipay.Client
	gateway *alipaytest.Gateway
	address string
	clock   *clock

	mu       sync.Mutex
	requests []*url.Values // as the gateway got them
	forms    [][]byte      // as the shop got them
	answer   string        // of the shop
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newCity(t *testing.T, mode alipaytest.Mode) *city {
	t.Helper()
	c := &city{answer: "success", clock: &clock{t: time.Now()}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.address = server.URL
	made, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	c.gateway, err = alipaytest.New(alipaytest.Config{
		Credentials: made, Mode: mode, Clock: c.clock.now, SellerID: seller,
		AESKey: flows.Conceal(aesKey), Address: server.URL, MessageURL: server.URL + "/alipay/gateway", Hosts: []string{strings.TrimPrefix(server.URL, "http://")},
		Users: []alipaytest.User{
			{ID: zhang, Name: person.Name, IDNumber: person.IDNumber, LogonID: "138****0000", Mobile: flows.Conceal("13800138000")},
			{ID: wang, Name: flows.Conceal("王五"), IDNumber: flows.Conceal("110105194912310038"), LogonID: "139****0000"},
			{ID: works, Name: flows.Conceal("杭州某某信息科技有限公司"), CreditCode: flows.Conceal("91330106MA0000015K")},
			{ID: fresh, Name: flows.Conceal("宁波某某贸易有限公司"), CreditCode: flows.Conceal("91350100M000100Y43"), Uncertified: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Client, err = alipay.New(c.config(t, mode), server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// aesKey protects nothing.
const aesKey = "MDEyMzQ1Njc4OWFiY2RlZg=="

func (c *city) config(t *testing.T, mode alipaytest.Mode) alipay.Config {
	t.Helper()
	made, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	cfg := alipay.Config{
		AppID: "2021000000000001", SellerID: seller, PrivateKey: made.AppKey, AESKey: flows.Conceal(aesKey),
		Gateway: c.address + "/gateway.do", OAuth: c.address + "/oauth2/publicAppAuthorize.htm", NotifyURL: c.address + "/alipay/notify", ReturnURL: c.address + "/h5/alipay/return",
	}
	if mode == alipaytest.ModeKey {
		cfg.PublicKey = made.AlipayPublic
	} else {
		cfg.AppCert, cfg.AlipayCert, cfg.RootCert = made.AppCert, "\n"+made.AlipayCert, made.RootCert
	}
	return cfg
}

// ServeHTTP is the gateway and the shop on one port.
func (c *city) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/alipay/notify", "/alipay/gateway":
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.forms = append(c.forms, body)
		io.WriteString(w, c.answer)
	case "/f/round":
		http.Redirect(w, r, "/f/round", http.StatusFound)
	default:
		if r.Method == http.MethodPost {
			body, _ := io.ReadAll(r.Body)
			values, _ := url.ParseQuery(string(body))
			c.mu.Lock()
			c.requests = append(c.requests, &values)
			c.mu.Unlock()
			r.Body = io.NopCloser(strings.NewReader(string(body)))
		}
		c.gateway.ServeHTTP(w, r)
	}
}

// lastForm is the latest notification.
func (c *city) lastForm(t *testing.T) []byte {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.forms) == 0 {
		t.Fatal("no notification has come")
	}
	return c.forms[len(c.forms)-1]
}

// paid opens a QR payment, scans and pays it, and has the gateway tell.
func (c *city) paid(t *testing.T, b flows.Bill) {
	t.Helper()
	code, err := c.QR(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	scanned, err := c.gateway.Scan(t.Context(), zhang, code)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.gateway.Pay(t.Context(), scanned.ID); err != nil {
		t.Fatal(err)
	}
	c.gateway.Deliver(t.Context())
}

func TestNewReportsEveryMistakeAtOnce(t *testing.T) {
	_, err := alipay.New(alipay.Config{AppID: "wx1", SellerID: "2088", Gateway: "ftp://x", NotifyURL: "http://x/?a=1"}, nil)
	if err == nil {
		t.Fatal("New accepted an empty configuration")
	}
	for _, want := range []string{"app id", "seller id", "gateway", "notify url", "private key", "public key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %q, want a word about %q", err, want)
		}
	}
}

func TestNewRefusesKeysThatWouldFailWithTheFirstCustomer(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	made, _ := credentials()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	short := base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PrivateKey(weak))
	tests := []struct {
		name   string
		mode   alipaytest.Mode
		change func(*alipay.Config)
		want   string
	}{
		{"own public key for Alipay's", alipaytest.ModeKey, func(cfg *alipay.Config) { cfg.PrivateKey = made.AlipayKey }, "application's own"},
		{"certificate of another key", alipaytest.ModeCertificate, func(cfg *alipay.Config) { cfg.AppCert = made.AlipayCert }, "not for the private key"},
		{"own certificate for Alipay's", alipaytest.ModeCertificate, func(cfg *alipay.Config) { cfg.AlipayCert = made.AppCert }, "application's own"},
		{"roots without a certificate", alipaytest.ModeCertificate, func(cfg *alipay.Config) { cfg.RootCert = "none" }, "root certificates"},
		{"certificate missing", alipaytest.ModeCertificate, func(cfg *alipay.Config) { cfg.AlipayCert = "" }, "alipay certificate: not set"},
		{"a short key", alipaytest.ModeKey, func(cfg *alipay.Config) { cfg.PrivateKey = flows.Conceal(short) }, "1024 bits"},
		{"both modes", alipaytest.ModeCertificate, func(cfg *alipay.Config) { cfg.PublicKey = made.AlipayPublic }, "one mode"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := c.config(t, tt.mode)
			tt.change(&cfg)
			_, err := alipay.New(cfg, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want a word about %q", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "MII") {
				t.Error("New quotes a key")
			}
		})
	}
}

// The console hands keys out without PEM's first and last line.
func TestNewReadsBareKeys(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	cfg := c.config(t, alipaytest.ModeKey)
	bare := func(text string) string {
		block, _ := pem.Decode([]byte(text))
		return base64.StdEncoding.EncodeToString(block.Bytes)
	}
	cfg.PrivateKey = flows.Conceal(bare(cfg.PrivateKey.Reveal()))
	cfg.PublicKey = bare(cfg.PublicKey)
	client, err := alipay.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.QR(t.Context(), bill); err != nil {
		t.Errorf("QR = %v, want nil", err)
	}
}

// Both modes carry a request and its answer; each names its certificates or
// does not.
func TestModes(t *testing.T) {
	for _, mode := range []alipaytest.Mode{alipaytest.ModeCertificate, alipaytest.ModeKey} {
		t.Run(string(mode), func(t *testing.T) {
			c := newCity(t, mode)
			c.paid(t, bill)
			got, err := c.Notice(c.lastForm(t))
			if err != nil || got.Trade.State != flows.TradePaid {
				t.Fatalf("Notice = %+v, %v, want paid", got, err)
			}
			sent := maps.Clone(*c.requests[0])
			if named := sent.Has("app_cert_sn") && sent.Has("alipay_root_cert_sn"); named != (mode == alipaytest.ModeCertificate) {
				t.Errorf("request names certificates: %v in %s mode", named, mode)
			}
			if n := c.gateway.Books().CertDownloads; n != 0 {
				t.Errorf("the client downloaded %d certificates, want none", n)
			}
		})
	}
}
