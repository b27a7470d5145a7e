// This file judges what the service sends, before any of it is believed.

package main

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"time"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/server/activation"
)

// errUnfit is returned for anything received that must not be written.
var errUnfit = errors.New("ukeyagent: what was received does not fit")

const (
	maxCert    = 16 << 10 // bytes of one certificate
	maxChain   = 8        // certificates
	maxWrapped = 8 << 10  // bytes of a wrapped key
	minNonce   = 16       // bytes
	maxNonce   = 64       // bytes; too few to be a document or a certificate
)

var (
	goodContainer = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	goodPrint     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func checkBegun(b activation.BeginAnswer) error {
	if b.Token == "" || len(b.Token) > 4096 || b.Step < 0 || b.Step > 5 ||
		!goodContainer.MatchString(b.Container) || !goodPrint.MatchString(b.ChainSHA256) {
		return errUnfit
	}
	return nil
}

// issued is a verified answer.
type issued struct {
	sign, enc *x509.Certificate
	encKey    *rsa.PublicKey
	envelope  token.Envelope
}

// verify checks an answer against the key that asked, the root that was
// announced (its SHA-256 in hexadecimal) and the roles of the two
// certificates.
func verify(a activation.CertifyAnswer, key *rsa.PublicKey, root string, now time.Time) (issued, error) {
	sign, err := certificate(a.SignCert)
	if err != nil {
		return issued{}, fmt.Errorf("signing certificate: %w", err)
	}
	enc, err := certificate(a.EncCert)
	if err != nil {
		return issued{}, fmt.Errorf("encryption certificate: %w", err)
	}
	trust, err := anchored(a.Chain, root, now)
	if err != nil {
		return issued{}, err
	}
	for _, cert := range []*x509.Certificate{sign, enc} {
		if _, err := cert.Verify(trust); err != nil || cert.IsCA {
			return issued{}, fmt.Errorf("%w: a certificate does not lead to the announced root", errUnfit)
		}
	}
	const forSigning = x509.KeyUsageDigitalSignature
	const forKeys = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	if sign.KeyUsage&forSigning == 0 || sign.KeyUsage&forKeys != 0 {
		return issued{}, fmt.Errorf("%w: usage of the signing certificate", errUnfit)
	}
	if enc.KeyUsage&forKeys == 0 || enc.KeyUsage&forSigning != 0 {
		return issued{}, fmt.Errorf("%w: usage of the encryption certificate", errUnfit)
	}
	encKey, ok := enc.PublicKey.(*rsa.PublicKey)
	if !ok || encKey.N.BitLen() < 2048 || encKey.Equal(key) {
		return issued{}, fmt.Errorf("%w: key of the encryption certificate", errUnfit)
	}
	if !key.Equal(sign.PublicKey) {
		return issued{}, fmt.Errorf("%w: the signing certificate has another key", errUnfit)
	}
	if string(sign.RawSubject) != string(enc.RawSubject) {
		return issued{}, fmt.Errorf("%w: the certificates speak of different holders", errUnfit)
	}
	if a.Envelope.Format != token.FormatRSA || len(a.Envelope.KEK) != key.Size() ||
		len(a.Envelope.Key) < 24 || len(a.Envelope.Key) > maxWrapped || len(a.Envelope.Key)%8 != 0 {
		return issued{}, fmt.Errorf("%w: envelope", errUnfit)
	}
	return issued{sign, enc, encKey, token.Envelope{KEK: a.Envelope.KEK, Key: a.Envelope.Key}}, nil
}

func certificate(der []byte) (*x509.Certificate, error) {
	if len(der) > maxCert {
		return nil, fmt.Errorf("%w: it is too long", errUnfit)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnfit, err)
	}
	return cert, nil
}

// anchored makes the terms of verification. Exactly the announced root is
// trusted, whatever else is in the chain or on this computer.
func anchored(chain [][]byte, root string, now time.Time) (x509.VerifyOptions, error) {
	if len(chain) > maxChain {
		return x509.VerifyOptions{}, fmt.Errorf("%w: chain is too long", errUnfit)
	}
	trust := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	found := false
	for _, der := range chain {
		cert, err := certificate(der)
		if err != nil {
			return trust, fmt.Errorf("chain: %w", err)
		}
		if sum := sha256.Sum256(der); hex.EncodeToString(sum[:]) == root {
			trust.Roots.AddCert(cert)
			found = true
			continue
		}
		trust.Intermediates.AddCert(cert)
	}
	if !found {
		return trust, fmt.Errorf("%w: chain lacks the announced root", errUnfit)
	}
	return trust, nil
}
