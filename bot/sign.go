// Signatures of pushes: who may speak to us.

package bot

import (
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrForged is returned for a push that WeChat did not sign, or that it
	// signed for somebody else.
	ErrForged = errors.New("bot: push is not from WeChat")

	// ErrExpired is returned for a push that is signed, but long ago.
	ErrExpired = errors.New("bot: push is too old")
)

// Query is what WeChat appends to the address of each push, unescaped.
type Query struct {
	Signature    string
	Timestamp    string // seconds since 1970, in decimal
	Nonce        string
	OpenID       string // who sent the message; absent when an address is verified
	EncryptType  string // "aes" when the body is in an envelope
	MsgSignature string // covers the envelope; Signature does not
}

// CheckSignature returns nil when a push really comes from WeChat. It says
// nothing of the body: in safe mode [Envelope.Open] checks that.
//
// The signature is the lower-case hexadecimal SHA-1 of token, timestamp and
// nonce, sorted as bytes and joined without a separator; it is compared in
// constant time. An empty token signs nothing.
//
// CheckSignature returns [ErrForged] when the signature differs, and
// [ErrExpired] when it is right but its time lies more than maxSkew from now.
// A maxSkew of zero accepts any time.
//
// Source: WeChat official account manual, chapter 接入指南.
func CheckSignature(token string, q Query, now time.Time, maxSkew time.Duration) error {
	if !signed(q.Signature, token, q.Timestamp, q.Nonce) {
		return ErrForged
	}
	seconds, err := strconv.ParseInt(q.Timestamp, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: timestamp is not a number", ErrForged)
	}
	if maxSkew > 0 && now.Sub(time.Unix(seconds, 0)).Abs() > maxSkew {
		return ErrExpired
	}
	return nil
}

func signed(signature, token string, parts ...string) bool {
	want := sign(token, parts...)
	return token != "" && subtle.ConstantTimeCompare([]byte(signature), []byte(want)) == 1
}

func sign(token string, parts ...string) string {
	all := append([]string{token}, parts...)
	slices.Sort(all)
	sum := sha1.Sum([]byte(strings.Join(all, "")))
	return hex.EncodeToString(sum[:])
}
