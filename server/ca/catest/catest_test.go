// The lab authority against openssl as a separate program, and its strictness.

package catest_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"certdesk/server/ca/catest"
)

type caller struct {
	url    string
	client *http.Client
}

func open(t *testing.T, dir string) (*catest.CA, caller) {
	t.Helper()
	authority, err := catest.Open(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	url, err := authority.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { authority.Close() })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.RootPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return authority, caller{url, &http.Client{Transport: transport}}
}

func (c caller) post(t *testing.T, path, body string, change func(*http.Request)) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url+"/.well-known/est/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(catest.User, catest.Password)
	r.Header.Set("Content-Type", "application/pkcs10")
	r.Header.Set("Content-Transfer-Encoding", "base64")
	subject, err := asn1.Marshal(pkix.Name{Country: []string{"CN"}, CommonName: "张三丰"}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(catest.SubjectHeader, base64.StdEncoding.EncodeToString(subject))
	r.Header.Set(catest.RequestHeader, "N-1")
	if change != nil {
		change(r)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, text
}

func request(t *testing.T, bits int) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func TestStrict(t *testing.T) {
	authority, c := open(t, t.TempDir())
	good := request(t, 2048)
	tests := []struct {
		name   string
		path   string
		body   string
		change func(*http.Request)
		want   int
	}{
		{name: "wrong password", path: "sign/simpleenroll", body: good, want: 401, change: func(r *http.Request) { r.SetBasicAuth(catest.User, "x") }},
		{name: "no credentials", path: "sign/simpleenroll", body: good, want: 401, change: func(r *http.Request) { r.Header.Del("Authorization") }},
		{name: "unknown label", path: "vip/simpleenroll", body: good, want: 404},
		{name: "no label", path: "simpleenroll", body: good, want: 404},
		{name: "unknown operation", path: "sign/fullcmc", body: good, want: 404},
		{name: "key generation under the signing profile", path: "sign/serverkeygen", body: good, want: 404},
		{name: "wrong method", path: "sign/simpleenroll", body: good, want: 405, change: func(r *http.Request) { r.Method = http.MethodPut }},
		{name: "wrong content type", path: "sign/simpleenroll", body: good, want: 415, change: func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }},
		{name: "no transfer encoding", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Del("Content-Transfer-Encoding") }},
		{name: "not base64", path: "sign/simpleenroll", body: "***", want: 400},
		{name: "not PKCS#10", path: "sign/simpleenroll", body: "AAAA", want: 400},
		{name: "too long", path: "sign/simpleenroll", body: strings.Repeat("A", 100<<10), want: 413},
		{name: "short key", path: "sign/simpleenroll", body: request(t, 1024), want: 400},
		{name: "no subject", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Del(catest.SubjectHeader) }},
		{name: "two subjects", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Add(catest.SubjectHeader, "AAAA") }},
		{name: "no number", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Del(catest.RequestHeader) }},
		{name: "two numbers", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Add(catest.RequestHeader, "N-2") }},
		{name: "number is a path", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Set(catest.RequestHeader, "../N") }},
		{name: "subject is no name", path: "sign/simpleenroll", body: good, want: 400, change: func(r *http.Request) { r.Header.Set(catest.SubjectHeader, "AAAA") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, text := c.post(t, tt.path, tt.body, tt.change); got != tt.want {
				t.Errorf("status %d %s, want %d", got, text, tt.want)
			}
		})
	}
	if n := len(authority.Books()); n > 0 {
		t.Errorf("%d certificates issued on the way", n)
	}
}

// TestOpensslAgrees has the answer read and verified by another program.
func TestOpensslAgrees(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is absent: install the Debian package openssl")
	}
	dir := t.TempDir()
	_, c := open(t, dir)
	status, text := c.post(t, "sign/simpleenroll", request(t, 2048), nil)
	if status != 200 {
		t.Fatalf("status %d: %s", status, text)
	}
	p7 := filepath.Join(dir, "answer.p7")
	der, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p7, der, 0o600); err != nil {
		t.Fatal(err)
	}
	leaf := openssl(t, nil, "pkcs7", "-inform", "DER", "-in", p7, "-print_certs")
	if err := os.WriteFile(filepath.Join(dir, "leaf.pem"), leaf, 0o600); err != nil {
		t.Fatal(err)
	}
	verified := openssl(t, nil, "verify", "-x509_strict", "-CAfile", filepath.Join(dir, "root.pem"),
		"-untrusted", filepath.Join(dir, "issuing.pem"), filepath.Join(dir, "leaf.pem"))
	if !bytes.Contains(verified, []byte(": OK")) {
		t.Errorf("openssl verify says %s", verified)
	}
	about := openssl(t, nil, "x509", "-in", filepath.Join(dir, "leaf.pem"), "-noout", "-subject", "-nameopt", "utf8,sep_comma_plus", "-ext", "keyUsage")
	for _, want := range []string{"CN=张三丰", "Digital Signature, Non Repudiation"} {
		if !bytes.Contains(about, []byte(want)) {
			t.Errorf("openssl reads %s, want %s", about, want)
		}
	}
}

func openssl(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %v: %v: %s", args, err, out)
	}
	return out
}
