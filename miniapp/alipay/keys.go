package alipay

// Keys and certificates are checked before the library sees them, because it
// accepts in silence what fails only with the first customer: a root bundle
// without a certificate, or the application's own public key for Alipay's.

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// minimumBits is the size that RSA2 demands.
const minimumBits = 2048

func (cfg Config) checkKeys(keyMode bool) error {
	private, err := privateKey(cfg.PrivateKey.Reveal())
	if err != nil {
		err = fmt.Errorf("alipay: private key: %w", err)
	}
	if keyMode {
		return errors.Join(err, cfg.checkPublicKey(private))
	}
	return errors.Join(err, cfg.checkCertificates(private))
}

func (cfg Config) checkPublicKey(private *rsa.PrivateKey) error {
	if cfg.PublicKey == "" {
		return errors.New("alipay: neither certificates nor a public key are set")
	}
	public, err := publicKey(cfg.PublicKey)
	if err != nil {
		return fmt.Errorf("alipay: public key: %w", err)
	}
	if private != nil && private.PublicKey.Equal(public) {
		return errors.New("alipay: public key is the application's own, not Alipay's")
	}
	return nil
}

func (cfg Config) checkCertificates(private *rsa.PrivateKey) error {
	var errs []error
	if cfg.PublicKey != "" {
		errs = append(errs, errors.New("alipay: a public key is set beside certificates; an application has one mode"))
	}
	app, err := rsaCertificate(cfg.AppCert)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("alipay: application certificate: %w", err))
	case private != nil && !private.PublicKey.Equal(app):
		errs = append(errs, errors.New("alipay: application certificate is not for the private key"))
	}
	theirs, err := rsaCertificate(cfg.AlipayCert)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("alipay: alipay certificate: %w", err))
	case private != nil && private.PublicKey.Equal(theirs):
		errs = append(errs, errors.New("alipay: alipay certificate is the application's own"))
	}
	if !hasRSARoot(cfg.RootCert) {
		errs = append(errs, errors.New("alipay: root certificates: none with an RSA signature"))
	}
	return errors.Join(errs...)
}

// theirKey is what Alipay signs with.
func (cfg Config) theirKey(keyMode bool) (*rsa.PublicKey, error) {
	if keyMode {
		return publicKey(cfg.PublicKey)
	}
	return rsaCertificate(cfg.AlipayCert)
}

func privateKey(text string) (*rsa.PrivateKey, error) {
	der, err := derOf(text)
	if err != nil {
		return nil, err
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, large(&key.PublicKey)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("neither PKCS#1 nor PKCS#8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, large(&key.PublicKey)
}

func publicKey(text string) (*rsa.PublicKey, error) {
	der, err := derOf(text)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("not a public key: %w", err)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, large(key)
}

func rsaCertificate(text string) (*rsa.PublicKey, error) {
	der, err := derOf(text)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("not a certificate: %w", err)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA certificate")
	}
	return key, large(key)
}

// hasRSARoot looks past certificates that Go cannot read: the real bundle
// holds some for SM2.
func hasRSARoot(bundle string) bool {
	rest := []byte(bundle)
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return false
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			continue
		}
		if root.SignatureAlgorithm == x509.SHA256WithRSA || root.SignatureAlgorithm == x509.SHA1WithRSA {
			return true
		}
	}
}

func derOf(text string) ([]byte, error) {
	if text == "" {
		return nil, errors.New("not set")
	}
	if strings.HasPrefix(text, "-") {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("not a PEM text")
		}
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("neither PEM nor base64")
	}
	return der, nil
}

func large(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minimumBits {
		return fmt.Errorf("%d bits, want at least %d", bits, minimumBits)
	}
	return nil
}
