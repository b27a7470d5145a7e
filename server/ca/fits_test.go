// Certificates that an authority in error could send.

package ca

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"time"

	"certdesk/flows"
)

func TestFits(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := func(change func(*x509.Certificate)) *x509.Certificate {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"CN"}, CommonName: "张三丰"},
			NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour), KeyUsage: signUsage, BasicConstraintsValid: true,
		}
		change(c)
		return c
	}
	authority := template(func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.Subject = true, x509.KeyUsageCertSign, pkix.Name{CommonName: "root"}
	})
	root := create(t, authority, authority, key)
	c, err := New(Config{
		URL: "https://127.0.0.1", User: "u", Password: flows.Conceal("p"),
		RootPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}),
	}, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	want, err := nameOf(flows.Subject{Name: flows.Conceal("张三丰")})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*x509.Certificate)
		good   bool
	}{
		{name: "as asked", change: func(*x509.Certificate) {}, good: true},
		{name: "with more in its name", change: func(c *x509.Certificate) { c.Subject.SerialNumber = "7" }, good: true},
		{name: "for encryption", change: func(c *x509.Certificate) { c.KeyUsage = encUsage }},
		{name: "for everything", change: func(c *x509.Certificate) { c.KeyUsage |= encUsage }},
		{name: "without usage", change: func(c *x509.Certificate) { c.KeyUsage = 0 }},
		{name: "an authority", change: func(c *x509.Certificate) { c.IsCA = true }},
		{name: "expired", change: func(c *x509.Certificate) { c.NotAfter = at.Add(-time.Minute) }},
		{name: "not yet valid", change: func(c *x509.Certificate) { c.NotBefore = at.Add(time.Minute) }},
		{name: "named as in the request", change: func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "container-1"} }},
		{name: "of another country", change: func(c *x509.Certificate) { c.Subject.Country = []string{"XX"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cert := create(t, template(tt.change), root, key)
			err := c.fits(cert, want.parts, signUsage, []*x509.Certificate{root})
			if (err == nil) != tt.good || (err != nil && !errors.Is(err, ErrUnfit)) {
				t.Errorf("fits = %v, want good %t", err, tt.good)
			}
		})
	}
}

func TestPairs(t *testing.T) {
	at := time.Now()
	keys := make([]*rsa.PrivateKey, 3)
	for i := range keys {
		var err error
		if keys[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: at, NotAfter: at.Add(time.Hour)}
	cert := create(t, template, template, keys[0])
	tests := []struct {
		name  string
		pkcs8 any
		sign  *rsa.PrivateKey
		good  bool
	}{
		{name: "its own", pkcs8: keys[0], sign: keys[1], good: true},
		{name: "another's", pkcs8: keys[2], sign: keys[1]},
		{name: "the signing key", pkcs8: keys[0], sign: keys[0]},
		{name: "none", sign: keys[1]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var pkcs8 []byte
			if tt.pkcs8 != nil {
				var err error
				if pkcs8, err = x509.MarshalPKCS8PrivateKey(tt.pkcs8); err != nil {
					t.Fatal(err)
				}
			}
			err := pairs(cert, pkcs8, &tt.sign.PublicKey)
			if (err == nil) != tt.good || (err != nil && !errors.Is(err, ErrUnfit)) {
				t.Errorf("pairs = %v, want good %t", err, tt.good)
			}
		})
	}
}

// create makes a certificate for key, signed by key.
func create(t *testing.T, template, parent *x509.Certificate, key *rsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}
