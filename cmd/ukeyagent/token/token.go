// Package token holds the UKey of the applicant: what keys and certificates
// are in it, and how they get there. It drives the maker's PKCS#11 module and
// needs cgo for that; without cgo only the words of this file are there.
//
// The unit is a container, as in the Chinese SKF interface: one signing pair
// that is made in the key and never leaves it, one encryption pair that
// arrives under an envelope, and a certificate for each. Every operation on a
// container may be repeated: it looks at what is there, by an identifier made
// from the container's name, and does what is missing. Objects under other
// identifiers are never touched.
//
// One goroutine owns the module, because modules crash when sessions are
// shared. A PIN is tried once per call and never again by itself: keys lock
// after a few. The package stores nothing, prints nothing, and no PIN gets
// into its errors.
package token

import (
	"crypto"
	"crypto/sha256"
	"errors"
)

// PINState is what the key says of its PIN.
type PINState string

// The states. Few keys tell how many tries are left.
const (
	PINFine   PINState = ""
	PINLow    PINState = "low"    // somebody typed it wrong lately
	PINLast   PINState = "last"   // one more wrong try locks
	PINLocked PINState = "locked" // only the service can unlock
)

// Info describes a key that is plugged in.
type Info struct {
	Serial  string
	Label   string
	Model   string
	PIN     PINState
	Formats []string // envelopes that it opens, best first; empty when it opens none
}

// FormatRSA is the envelope that PKCS#11 keys open: RSA-OAEP (SHA-1,
// MGF1-SHA1, no label) over an AES-256 key, RFC 5649 under that over PKCS#8.
const FormatRSA = "rsa-oaep-sha1+aes256-kwp"

// Envelope carries the private encryption key.
type Envelope struct {
	KEK []byte // the key-encryption key, under the signing key
	Key []byte // PKCS#8, under the key-encryption key
}

// Role tells the two pairs of a container apart.
type Role string

// The roles; they are part of the identifiers in the key.
const (
	Sign Role = "sign"
	Enc  Role = "enc"
)

// ID is the CKA_ID of the objects of one role: the first 20 bytes of the
// SHA-256 of "<container>/<role>".
func ID(container string, role Role) []byte {
	sum := sha256.Sum256([]byte(container + "/" + string(role)))
	return sum[:20]
}

// Key is a private key that stays in the UKey. A signing key refuses to
// decrypt and an encryption key refuses to sign.
type Key interface {
	crypto.Signer
	crypto.Decrypter
}

// What can go wrong, in words that hold for every maker. The cause is wrapped
// behind them.
var (
	ErrModule      = errors.New("token: module cannot be loaded")
	ErrNotBuilt    = errors.New("token: built without PKCS#11")
	ErrRemoved     = errors.New("token: key is not plugged in")
	ErrPINWrong    = errors.New("token: PIN is wrong")
	ErrPINLast     = errors.New("token: one try is left and was not used")
	ErrPINLocked   = errors.New("token: PIN is locked")
	ErrPINLength   = errors.New("token: PIN is too short or too long")
	ErrFull        = errors.New("token: key is full")
	ErrUnsupported = errors.New("token: key lacks a mechanism")
	ErrNoKey       = errors.New("token: no such key pair")
	ErrMismatch    = errors.New("token: envelope does not give the certificate's key")
	ErrSlow        = errors.New("token: key does not answer")
)
