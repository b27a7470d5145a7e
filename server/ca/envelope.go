// This file wraps a private key so that only the token can open it.

package ca

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // OAEP with SHA-1 is the only one that tokens open; its security does not rest on collisions
	"encoding/binary"
	"fmt"

	"certdesk/flows"
)

// seal wraps pkcs8 under a fresh AES-256 key, and that under the token's
// public key. It wipes the key it made; pkcs8 is the caller's to wipe.
func seal(key *rsa.PublicKey, pkcs8 []byte) (flows.Envelope, error) {
	kek := make([]byte, 32)
	defer clear(kek)
	if _, err := rand.Read(kek); err != nil {
		return flows.Envelope{}, fmt.Errorf("ca: key-encryption key: %w", err)
	}
	wrapped, err := wrap(kek, pkcs8)
	if err != nil {
		return flows.Envelope{}, fmt.Errorf("ca: wrap the encryption key: %w", err)
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key, kek, nil) //nolint:gosec // see the import
	if err != nil {
		return flows.Envelope{}, fmt.Errorf("ca: wrap the key-encryption key: %w", err)
	}
	return flows.Envelope{Format: FormatRSA, KEK: sealed, Key: wrapped}, nil
}

// wrap is AES key wrap with padding. Key may have any length above zero.
//
// Source: RFC 5649, sections 3 and 4.1, over RFC 3394, section 2.2.1.
func wrap(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	padded := (len(key) + 7) / 8 * 8
	out := make([]byte, 8+padded)
	binary.BigEndian.PutUint32(out, 0xA65959A6)
	binary.BigEndian.PutUint32(out[4:], uint32(len(key))) //nolint:gosec // a key is far shorter than 4 GB
	copy(out[8:], key)
	if padded == 8 {
		block.Encrypt(out, out)
		return out, nil
	}
	var b [16]byte
	defer clear(b[:])
	copy(b[:8], out)
	count := uint64(0)
	for range 6 {
		for at := 8; at < len(out); at += 8 {
			count++
			copy(b[8:], out[at:])
			block.Encrypt(b[:], b[:])
			binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(b[:8])^count)
			copy(out[at:], b[8:])
		}
	}
	copy(out, b[:8])
	return out, nil
}
