// Package sealed is how everything personal rests: encoded compactly, then
// encrypted. The stores of talks and of the ledger use it alike; nothing else
// turns a form, an event or an effect into bytes.
//
// It promises that a changed byte, a value moved to another place, or a key
// that is not configured is an error, and that values written by the previous
// release can be read, and the other way round: fields are numbered, unknown
// ones are passed over.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSealed is returned for bytes that were not sealed by these keys, for this
// place, or not whole.
var ErrSealed = errors.New("sealed: cannot be opened")

// Keys seals with the newest key and opens with any. They are safe for
// concurrent use.
type Keys struct {
	newest byte
	aeads  map[byte]cipher.AEAD
	index  []byte
}

// ParseKeys reads "2:base64,1:base64": versions from 1 to 255 with 32 random
// bytes each, in any order. The highest version seals. The lowest makes blind
// indexes and must therefore stay listed as long as the data it indexed.
func ParseKeys(text string) (*Keys, error) {
	k := &Keys{aeads: map[byte]cipher.AEAD{}}
	oldest := byte(255)
	for part := range strings.SplitSeq(text, ",") {
		version, encoded, _ := strings.Cut(strings.TrimSpace(part), ":")
		n, err := strconv.ParseUint(version, 10, 8)
		if err != nil || n == 0 {
			return nil, errors.New("sealed: each key is written as version:base64, version 1 to 255")
		}
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(secret) != 32 {
			return nil, fmt.Errorf("sealed: key %d is not 32 bytes in base64", n)
		}
		aead, err := newAEAD(secret)
		if err != nil {
			return nil, err
		}
		v := byte(n)
		k.aeads[v] = aead
		k.newest = max(k.newest, v)
		if v <= oldest {
			oldest = v
			if k.index, err = hkdf.Key(sha256.New, secret, nil, "certdesk blind index", 32); err != nil {
				return nil, fmt.Errorf("sealed: index key: %w", err)
			}
		}
	}
	return k, nil
}

func newAEAD(secret []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, fmt.Errorf("sealed: key: %w", err)
	}
	return cipher.NewGCM(block)
}

// NewKeys makes one fresh key, in the form that [ParseKeys] reads.
func NewKeys() string {
	secret := make([]byte, 32)
	rand.Read(secret)
	return "1:" + base64.StdEncoding.EncodeToString(secret)
}

// Seal encrypts plain for one place. The result is a version byte, a nonce of
// 12 bytes, the ciphertext, and a tag of 16 bytes.
func (k *Keys) Seal(place string, plain []byte) []byte {
	out := make([]byte, 13, 13+len(plain)+16)
	out[0] = k.newest
	rand.Read(out[1:13])
	return k.aeads[k.newest].Seal(out, out[1:13], plain, []byte(place))
}

// Open is the inverse of [Keys.Seal]. It returns [ErrSealed] for anything else.
func (k *Keys) Open(place string, box []byte) ([]byte, error) {
	if len(box) < 13+16 {
		return nil, ErrSealed
	}
	aead, ok := k.aeads[box[0]]
	if !ok {
		return nil, fmt.Errorf("%w: no key %d", ErrSealed, box[0])
	}
	plain, err := aead.Open(nil, box[1:13], box[13:], []byte(place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Blind makes an index by which a secret can be looked for without being
// stored: equal secrets of one place have equal indexes.
func (k *Keys) Blind(place, secret string) string {
	mac := hmac.New(sha256.New, k.index)
	fmt.Fprintf(mac, "%s\x00%s", place, secret)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
