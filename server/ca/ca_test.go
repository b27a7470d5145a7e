// The client against the lab authority over TLS, with every way of going wrong.

package ca_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/ca"
	"certdesk/server/ca/catest"
)

var tokenKey, strangerKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func lab(t *testing.T) (*catest.CA, string) {
	t.Helper()
	authority, err := catest.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	url, err := authority.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := authority.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return authority, url
}

func config(authority *catest.CA, url string) ca.Config {
	return ca.Config{URL: url, RootPEM: authority.RootPEM(), User: catest.User, Password: flows.Conceal(catest.Password)}
}

func client(t *testing.T, cfg ca.Config) *ca.Client {
	t.Helper()
	c, err := ca.New(cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func request(t *testing.T) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "container-1"}}, tokenKey())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

var (
	person  = flows.Subject{Name: flows.Conceal("张三丰")}
	company = flows.Subject{
		Name: flows.Conceal("杭州示例科技有限公司"), Handler: flows.Conceal("李四"),
		Organisation: true, CreditCode: "91330100MA0EXAMPLE",
	}
	number  = "D2026112300000001"
	formats = []string{"gmt0009-sm2", ca.FormatRSA}
)

func TestIssue(t *testing.T) {
	authority, url := lab(t)
	c := client(t, config(authority, url))
	for _, tt := range []struct {
		name    string
		number  string
		subject flows.Subject
		want    string
	}{
		{name: "person", number: "D-1", subject: person, want: "CN=张三丰,C=CN"},
		{
			name: "organisation, without its handler", number: "D-2", subject: company,
			want: "CN=杭州示例科技有限公司,O=杭州示例科技有限公司,C=CN,2.5.4.97=#",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			issued, err := c.Issue(t.Context(), tt.number, tt.subject, request(t), formats)
			if err != nil {
				t.Fatalf("Issue: %v", err)
			}
			sign, enc := parse(t, issued.SignCert), parse(t, issued.EncCert)
			if !tokenKey().PublicKey.Equal(sign.PublicKey) {
				t.Error("signing certificate does not have the token's key")
			}
			if tokenKey().PublicKey.Equal(enc.PublicKey) {
				t.Error("encryption certificate has the signing key")
			}
			for _, cert := range []*x509.Certificate{sign, enc} {
				if got := cert.Subject.String(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "李四") {
					t.Errorf("subject %q, want %q", got, tt.want)
				}
			}
			if want := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment; sign.KeyUsage != want {
				t.Errorf("signing key usage %b, want %b", sign.KeyUsage, want)
			}
			if want := x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment; enc.KeyUsage != want {
				t.Errorf("encryption key usage %b, want %b", enc.KeyUsage, want)
			}
			if len(issued.Chain) != 2 || string(issued.Chain[1]) != string(c.Root()) {
				t.Errorf("chain has %d certificates, want issuer and root", len(issued.Chain))
			}
			if issued.Envelope.Format != ca.FormatRSA {
				t.Errorf("envelope %q, want %q", issued.Envelope.Format, ca.FormatRSA)
			}
		})
	}
}

func TestIssueRefusesRequests(t *testing.T) {
	authority, url := lab(t)
	c := client(t, config(authority, url))
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	forged := request(t)
	forged[len(forged)-1] ^= 1
	weak, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, small)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, curve)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		subject flows.Subject
		csr     []byte
		formats []string
		want    error
	}{
		{name: "not PKCS#10", subject: person, csr: []byte("hello"), formats: formats, want: ca.ErrRequest},
		{name: "endless", subject: person, csr: make([]byte, 1<<20), formats: formats, want: ca.ErrRequest},
		{name: "signature of somebody else", subject: person, csr: forged, formats: formats, want: ca.ErrRequest},
		{name: "1024 bits", subject: person, csr: weak, formats: formats, want: ca.ErrRequest},
		{name: "not RSA", subject: person, csr: ec, formats: formats, want: ca.ErrRequest},
		{name: "nobody", csr: request(t), formats: formats, want: ca.ErrRequest},
		{name: "organisation without code", subject: flows.Subject{Name: person.Name, Organisation: true}, csr: request(t), formats: formats, want: ca.ErrRequest},
		{name: "no common envelope", subject: person, csr: request(t), formats: []string{"gmt0009-sm2"}, want: ca.ErrFormat},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.Issue(t.Context(), number, tt.subject, tt.csr, tt.formats); !errors.Is(err, tt.want) {
				t.Errorf("Issue = %v, want %v", err, tt.want)
			}
		})
	}
	if n := len(authority.Books()); n > 0 {
		t.Errorf("authority issued %d certificates for refused requests", n)
	}
}

func TestIssueWhenTheAuthorityFails(t *testing.T) {
	for _, fault := range []catest.Fault{catest.Down, catest.Error500, catest.Timeout, catest.LostAnswer} {
		t.Run(string(fault), func(t *testing.T) {
			authority, url := lab(t)
			cfg := config(authority, url)
			cfg.Timeout = 5 * time.Second
			if fault == catest.Timeout {
				cfg.Timeout = 300 * time.Millisecond
			}
			c := client(t, cfg)
			if err := c.Check(t.Context()); err != nil {
				t.Fatalf("Check: %v", err)
			}
			authority.Fail(fault, 1)
			_, err := c.Issue(t.Context(), number, person, request(t), formats)
			if err == nil {
				t.Fatal("Issue succeeded")
			}
			if _, no := errors.AsType[*flows.RefusedError](err); no {
				t.Errorf("Issue = %v, a definite no; want an error that may be tried again", err)
			}
			want := 0
			if fault == catest.LostAnswer {
				want = 1
			}
			if n := len(authority.Books()); n != want {
				t.Errorf("books have %d certificates, want %d", n, want)
			}
		})
	}
}

func TestIssueWrongPasswordIsNotTheCustomersFault(t *testing.T) {
	authority, url := lab(t)
	cfg := config(authority, url)
	cfg.Password = flows.Conceal("guess")
	_, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats)
	if err == nil || strings.Contains(err.Error(), "guess") {
		t.Fatalf("Issue = %v, want an error without the password", err)
	}
	if _, no := errors.AsType[*flows.RefusedError](err); no {
		t.Errorf("Issue = %v, want no refusal", err)
	}
}

func TestIssueDefiniteNo(t *testing.T) {
	authority, url := lab(t)
	cfg := config(authority, url)
	cfg.SignLabel = "unknown"
	_, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats)
	no, ok := errors.AsType[*flows.RefusedError](err)
	if !ok || no.Public == "" {
		t.Errorf("Issue = %v, want a refusal with words", err)
	}
}

// TestIssueFindsOutUnfitCertificates puts a man between, who changes what the
// authority is asked.
func TestIssueFindsOutUnfitCertificates(t *testing.T) {
	other := name(t, "王五")
	tests := []struct {
		name   string
		change func(*http.Request)
	}{
		{name: "another subject", change: func(r *http.Request) { r.Header.Set(catest.SubjectHeader, other) }},
		{name: "another subject on the encryption certificate only", change: func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "serverkeygen") {
				r.Header.Set(catest.SubjectHeader, other)
			}
		}},
		{name: "another key", change: func(r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "simpleenroll") {
				der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, strangerKey())
				if err != nil {
					panic(err)
				}
				r.Body = io.NopCloser(strings.NewReader(base64.StdEncoding.EncodeToString(der)))
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			authority, _ := lab(t)
			cfg := between(t, authority, tt.change)
			_, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats)
			if !errors.Is(err, ca.ErrUnfit) {
				t.Errorf("Issue = %v, want ErrUnfit", err)
			}
			if strings.Contains(err.Error(), "张三丰") || strings.Contains(err.Error(), "王五") {
				t.Errorf("error %q names somebody", err)
			}
		})
	}
}

// TestIssueAnotherRoot: an authority that took over the address is not ours.
func TestIssueAnotherRoot(t *testing.T) {
	ours, _ := lab(t)
	theirs, url := lab(t)
	cfg := config(ours, url)
	if _, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats); err == nil {
		t.Error("Issue succeeded at a server under another root")
	}
	cfg.ServerPEM = theirs.RootPEM()
	if _, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats); !errors.Is(err, ca.ErrUnfit) {
		t.Errorf("Issue = %v, want ErrUnfit", err)
	}
}

func TestIssueEndsWithItsContext(t *testing.T) {
	authority, url := lab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, config(authority, url)).Issue(ctx, number, person, request(t), formats); !errors.Is(err, context.Canceled) {
		t.Errorf("Issue = %v, want context.Canceled", err)
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := ca.New(ca.Config{URL: "http://ca.example", RootPEM: []byte("x"), RequestHeader: "x-ra-subject"}, time.Now)
	if err == nil {
		t.Fatal("New accepted nonsense")
	}
	for _, want := range []string{"https", "root", "password", "one header"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want a word about %s", err, want)
		}
	}
}

func FuzzIssueRequest(f *testing.F) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, tokenKey())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add([]byte{0x30, 0x80})
	authority, err := catest.Open(f.TempDir(), time.Now)
	if err != nil {
		f.Fatal(err)
	}
	c, err := ca.New(ca.Config{
		URL: "https://127.0.0.1:1", RootPEM: authority.RootPEM(), User: "u", Password: flows.Conceal("p"),
	}, time.Now)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, csr []byte) {
		if _, err := c.Issue(t.Context(), number, person, csr, formats); err == nil {
			t.Error("Issue succeeded without an authority")
		}
	})
}

func name(t *testing.T, common string) string {
	t.Helper()
	der, err := asn1.Marshal(pkix.Name{Country: []string{"CN"}, CommonName: common}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
