package alipay_test

// Another party's cryptography: the openssl command checks what each side has
// signed, and computes the serial numbers anew.

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"certdesk/miniapp/alipay/alipaytest"
)

func openssl(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("the openssl command is not installed")
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
	}
	return string(out)
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func opensslVerifies(t *testing.T, publicKey, text, signature string) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	out := openssl(t, "dgst", "-sha256", "-verify", file(t, "key.pem", publicKey),
		"-signature", file(t, "signature", string(raw)), file(t, "text", text))
	if !strings.Contains(out, "Verified OK") {
		t.Errorf("openssl says %q, want Verified OK", out)
	}
}

func TestOpenSSLVerifiesANotice(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	c.paid(t, bill)
	form, err := url.ParseQuery(string(c.lastForm(t)))
	if err != nil {
		t.Fatal(err)
	}
	made, _ := credentials()
	opensslVerifies(t, made.AlipayPublic, v1(form), form.Get("sign"))
}

func TestOpenSSLVerifiesARequest(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	if _, err := c.QR(t.Context(), bill); err != nil {
		t.Fatal(err)
	}
	sent := *c.requests[0]
	var pairs []string
	for name := range sent {
		if name != "sign" && sent.Get(name) != "" {
			pairs = append(pairs, name+"="+sent.Get(name))
		}
	}
	slices.Sort(pairs)
	made, _ := credentials()
	app := openssl(t, "x509", "-in", file(t, "app.pem", made.AppCert), "-noout", "-pubkey")
	opensslVerifies(t, app, strings.Join(pairs, "&"), sent.Get("sign"))
}

// The serial numbers in a request are those that openssl's reading of the
// certificates gives.
func TestOpenSSLComputesTheSerialNumbers(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	if _, err := c.QR(t.Context(), bill); err != nil {
		t.Fatal(err)
	}
	made, _ := credentials()
	if got, want := c.requests[0].Get("app_cert_sn"), opensslSN(t, made.AppCert); got != want {
		t.Errorf("app_cert_sn = %s, want %s", got, want)
	}
	roots := strings.SplitAfter(strings.TrimSpace(made.RootCert), "-----END CERTIFICATE-----")
	want := opensslSN(t, roots[0]) + "_" + opensslSN(t, strings.TrimSpace(roots[2]))
	if got := c.requests[0].Get("alipay_root_cert_sn"); got != want {
		t.Errorf("alipay_root_cert_sn = %s, want %s", got, want)
	}
}

func opensslSN(t *testing.T, cert string) string {
	t.Helper()
	out := openssl(t, "x509", "-in", file(t, "cert.pem", cert), "-noout", "-issuer", "-serial", "-nameopt", "RFC2253")
	issuer, rest, _ := strings.Cut(strings.TrimPrefix(out, "issuer="), "\n")
	serial, ok := new(big.Int).SetString(strings.TrimSpace(strings.TrimPrefix(rest, "serial=")), 16)
	if !ok {
		t.Fatalf("openssl says %q, want issuer and serial", out)
	}
	sum := md5.Sum([]byte(issuer + serial.String()))
	return hex.EncodeToString(sum[:])
}

// TestOpenSSLOpensANumber opens what the stand-in seals for the mini-program.
func TestOpenSSLOpensANumber(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	var said struct{ Response, Sign string }
	if err := json.Unmarshal([]byte(c.told(t, zhang)), &said); err != nil {
		t.Fatal(err)
	}
	made, _ := credentials()
	opensslVerifies(t, made.AlipayPublic, `"`+said.Response+`"`, said.Sign)
	key, err := base64.StdEncoding.DecodeString(aesKey)
	if err != nil {
		t.Fatal(err)
	}
	box, err := base64.StdEncoding.DecodeString(said.Response)
	if err != nil {
		t.Fatal(err)
	}
	out := openssl(t, "enc", "-d", "-aes-128-cbc", "-K", hex.EncodeToString(key), "-iv", strings.Repeat("0", 32), "-in", file(t, "box", string(box)))
	if !strings.Contains(out, `"mobile":"13800138000"`) {
		t.Errorf("openssl opens %q", out)
	}
}
