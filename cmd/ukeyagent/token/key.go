//go:build cgo

// This file makes a private key in the UKey look like one of package crypto.

package token

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"

	"github.com/miekg/pkcs11"
)

// sha256Info is the DER of a DigestInfo before the 32 bytes of a SHA-256.
//
// Source: RFC 8017, section 9.2, note 1.
var sha256Info = []byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20")

var errRole = errors.New("token: key is not for that")

type privateKey struct {
	s      *Session
	handle pkcs11.ObjectHandle
	public *rsa.PublicKey
	role   Role
}

// Public returns the [*rsa.PublicKey].
func (k *privateKey) Public() crypto.PublicKey { return k.public }

// Sign signs a SHA-256 digest, RSA PKCS#1 v1.5.
func (k *privateKey) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, pss := opts.(*rsa.PSSOptions); pss || k.role != Sign || opts.HashFunc() != crypto.SHA256 || len(digest) != 32 {
		return nil, errRole
	}
	signature, err := with(context.Background(), k.s, "sign", func() ([]byte, error) {
		if err := k.s.m.p.SignInit(k.s.handle, k.mechanism(), k.handle); err != nil {
			return nil, err
		}
		return k.s.m.p.Sign(k.s.handle, append(append([]byte(nil), sha256Info...), digest...))
	})
	if err != nil {
		return nil, err
	}
	if err := rsa.VerifyPKCS1v15(k.public, crypto.SHA256, digest, signature); err != nil {
		return nil, fmt.Errorf("token: signature of the key: %w", err)
	}
	return signature, nil
}

// Decrypt opens RSA PKCS#1 v1.5.
func (k *privateKey) Decrypt(_ io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	if k.role != Enc || opts != nil || len(ciphertext) != k.public.Size() {
		return nil, errRole
	}
	return with(context.Background(), k.s, "decrypt", func() ([]byte, error) {
		if err := k.s.m.p.DecryptInit(k.s.handle, k.mechanism(), k.handle); err != nil {
			return nil, err
		}
		return k.s.m.p.Decrypt(k.s.handle, ciphertext)
	})
}

func (k *privateKey) mechanism() []*pkcs11.Mechanism {
	return []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS, nil)}
}
