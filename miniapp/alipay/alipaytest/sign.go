package alipaytest

// Signatures, written apart from the client's: RSA2 is PKCS#1 v1.5 with
// SHA-256 over name=value pairs, sorted and joined by an ampersand.

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// requestText is what the application signs: empty values left out, sign_type
// kept. Source: facts/alipay.md 1.2.
func requestText(values map[string]string) string {
	var pairs []string
	for name, value := range values {
		if name != "sign" && value != "" {
			pairs = append(pairs, name+"="+value)
		}
	}
	return joined(pairs)
}

// noticeText is what Alipay signs in a notification (rule V1): sign_type and
// the certificate left out. Source: facts/alipay.md 1.6.
func noticeText(values map[string]string) string {
	var pairs []string
	for name, value := range values {
		if name != "sign" && name != "sign_type" && name != "alipay_cert_sn" {
			pairs = append(pairs, name+"="+value)
		}
	}
	return joined(pairs)
}

// joined sorts by name, not by pair: "a=" sorts before "a1=" only so.
func joined(pairs []string) string {
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return strings.Join(pairs, "&")
}

func (g *Gateway) sign(text []byte) string {
	sum := sha256.Sum256(text)
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.alipayKey, crypto.SHA256, sum[:])
	if err != nil {
		panic(fmt.Sprintf("alipaytest: a 2048-bit key cannot sign: %v", err))
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// genuine reports whether the application signed these values.
func (g *Gateway) genuine(values map[string]string) bool {
	signature, err := base64.StdEncoding.DecodeString(values["sign"])
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(requestText(values)))
	return rsa.VerifyPKCS1v15(g.appKey, crypto.SHA256, sum[:], signature) == nil
}

func rsaKey(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("alipaytest: key is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("alipaytest: key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("alipaytest: key is not RSA")
	}
	return key, nil
}
