// What the tool refuses to write, and that no answer of the service breaks it.

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"sync"
	"testing"
	"time"

	"certdesk/server/activation"
)

// lab is an authority of three lines for answers of every shape.
type lab struct {
	root      *x509.Certificate
	key       *rsa.PrivateKey
	sign, enc *rsa.PrivateKey
}

var theLab = sync.OnceValue(func() lab {
	var l lab
	l.key, l.sign, l.enc = mustKey(2048), mustKey(2048), mustKey(2048)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: labTime.Add(-time.Hour), NotAfter: labTime.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	l.root = mustCert(template, template, &l.key.PublicKey, l.key)
	return l
})

var labTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	forSigning = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	forKeys    = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
)

func mustKey(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func mustCert(template, parent *x509.Certificate, public *rsa.PublicKey, signer *rsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func (l lab) leaf(key *rsa.PublicKey, usage x509.KeyUsage, subject string) []byte {
	return mustCert(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: subject}, KeyUsage: usage,
		NotBefore: labTime.Add(-time.Hour), NotAfter: labTime.AddDate(1, 0, 0),
	}, l.root, key, l.key).Raw
}

func (l lab) answer() activation.CertifyAnswer {
	return activation.CertifyAnswer{
		SignCert: l.leaf(&l.sign.PublicKey, forSigning, "张三丰"),
		EncCert:  l.leaf(&l.enc.PublicKey, forKeys, "张三丰"),
		Chain:    [][]byte{l.root.Raw},
		Envelope: activation.Envelope{Format: activation.EnvelopeRSA, KEK: make([]byte, 256), Key: make([]byte, 1224)},
	}
}

func (l lab) pin() string {
	sum := sha256.Sum256(l.root.Raw)
	return hex.EncodeToString(sum[:])
}

func TestVerify(t *testing.T) {
	l := theLab()
	stranger := mustCert(&x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "root"}, NotBefore: labTime.Add(-time.Hour), NotAfter: labTime.AddDate(9, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, l.root, &l.enc.PublicKey, l.key)
	tests := []struct {
		name  string
		spoil func(*activation.CertifyAnswer)
		at    time.Time
		good  bool
	}{
		{name: "as it should be", spoil: func(*activation.CertifyAnswer) {}, good: true},
		{name: "expired", spoil: func(*activation.CertifyAnswer) {}, at: labTime.AddDate(2, 0, 0)},
		{name: "nothing", spoil: func(a *activation.CertifyAnswer) { *a = activation.CertifyAnswer{} }},
		{name: "signing certificate for another key", spoil: func(a *activation.CertifyAnswer) {
			a.SignCert = l.leaf(&l.key.PublicKey, forSigning, "张三丰")
		}},
		{name: "one key for both", spoil: func(a *activation.CertifyAnswer) {
			a.EncCert = l.leaf(&l.sign.PublicKey, forKeys, "张三丰")
		}},
		{name: "signing certificate that also encrypts", spoil: func(a *activation.CertifyAnswer) {
			a.SignCert = l.leaf(&l.sign.PublicKey, forSigning|forKeys, "张三丰")
		}},
		{name: "encryption certificate that also signs", spoil: func(a *activation.CertifyAnswer) {
			a.EncCert = l.leaf(&l.enc.PublicKey, forSigning|forKeys, "张三丰")
		}},
		{name: "two holders", spoil: func(a *activation.CertifyAnswer) {
			a.EncCert = l.leaf(&l.enc.PublicKey, forKeys, "王五")
		}},
		{name: "another root", spoil: func(a *activation.CertifyAnswer) { a.Chain = [][]byte{stranger.Raw} }},
		{name: "endless chain", spoil: func(a *activation.CertifyAnswer) {
			for range 9 {
				a.Chain = append(a.Chain, l.root.Raw)
			}
		}},
		{name: "short encryption key", spoil: func(a *activation.CertifyAnswer) {
			a.EncCert = l.leaf(&mustKey(1024).PublicKey, forKeys, "张三丰")
		}},
		{name: "unknown envelope", spoil: func(a *activation.CertifyAnswer) { a.Envelope.Format = "plain" }},
		{name: "key-encryption key of another size", spoil: func(a *activation.CertifyAnswer) { a.Envelope.KEK = make([]byte, 128) }},
		{name: "wrapped key that is no multiple of 8", spoil: func(a *activation.CertifyAnswer) { a.Envelope.Key = make([]byte, 1225) }},
		{name: "empty wrapped key", spoil: func(a *activation.CertifyAnswer) { a.Envelope.Key = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := l.answer()
			tt.spoil(&a)
			at := labTime
			if !tt.at.IsZero() {
				at = tt.at
			}
			_, err := verify(a, &l.sign.PublicKey, l.pin(), at)
			if (err == nil) != tt.good || (err != nil && !errors.Is(err, errUnfit)) {
				t.Errorf("verify = %v, want good %t", err, tt.good)
			}
		})
	}
}

func TestCheckBegun(t *testing.T) {
	good := activation.BeginAnswer{Token: "t", Container: "order-1", ChainSHA256: theLab().pin()}
	if err := checkBegun(good); err != nil {
		t.Errorf("checkBegun = %v", err)
	}
	for name, spoil := range map[string]func(*activation.BeginAnswer){
		"no token":          func(b *activation.BeginAnswer) { b.Token = "" },
		"step 6":            func(b *activation.BeginAnswer) { b.Step = 6 },
		"strange container": func(b *activation.BeginAnswer) { b.Container = "a/b" },
		"no container":      func(b *activation.BeginAnswer) { b.Container = "" },
		"short print":       func(b *activation.BeginAnswer) { b.ChainSHA256 = "ab" },
	} {
		b := good
		spoil(&b)
		if err := checkBegun(b); !errors.Is(err, errUnfit) {
			t.Errorf("%s: checkBegun = %v, want errUnfit", name, err)
		}
	}
}

func FuzzCertifyAnswer(f *testing.F) {
	l := theLab()
	good, err := json.Marshal(l.answer())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"chain":[null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var a activation.CertifyAnswer
		if json.Unmarshal(text, &a) != nil {
			return
		}
		got, err := verify(a, &l.sign.PublicKey, l.pin(), labTime)
		if err != nil {
			if !errors.Is(err, errUnfit) {
				t.Errorf("verify = %v, want errUnfit", err)
			}
			return
		}
		if !l.sign.PublicKey.Equal(got.sign.PublicKey) || len(got.envelope.KEK) != 256 {
			t.Error("verify passed an answer that does not fit")
		}
	})
}
