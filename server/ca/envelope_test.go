// The key wrap against the vectors of its RFC, and the envelope opened by hand.

package ca

import (
	"bytes"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"testing"
)

func TestWrapVectors(t *testing.T) {
	// RFC 5649, section 6.
	kek := unhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
	tests := []struct{ name, key, want string }{
		{
			name: "20 octets",
			key:  "c37b7e6492584340bed12207808941155068f738",
			want: "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		},
		{
			name: "7 octets, one block",
			key:  "466f7250617369",
			want: "afbeb0f07dfbf5419200f2ccb50bb24f",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := wrap(kek, unhex(t, tt.key))
			if err != nil {
				t.Fatalf("wrap: %v", err)
			}
			if hex.EncodeToString(got) != tt.want {
				t.Errorf("wrap(%s) = %x, want %s", tt.key, got, tt.want)
			}
		})
	}
}

func TestSealOpens(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{[]byte("x"), bytes.Repeat([]byte("k"), 1216), bytes.Repeat([]byte("k"), 1217)} {
		envelope, err := seal(&key.PublicKey, secret)
		if err != nil {
			t.Fatalf("seal: %v", err)
		}
		if envelope.Format != FormatRSA {
			t.Errorf("format %q, want %q", envelope.Format, FormatRSA)
		}
		kek, err := rsa.DecryptOAEP(sha1.New(), nil, key, envelope.KEK, nil)
		if err != nil {
			t.Fatalf("open the key-encryption key: %v", err)
		}
		if len(kek) != 32 {
			t.Errorf("key-encryption key has %d bytes, want 32", len(kek))
		}
		if got := unwrap(t, kek, envelope.Key); !bytes.Equal(got, secret) {
			t.Errorf("opened %d bytes that are not the %d sealed", len(got), len(secret))
		}
	}
}

// unwrap is RFC 3394 backwards, and the checks of RFC 5649, section 3.
func unwrap(t *testing.T, kek, wrapped []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	n := len(wrapped)/8 - 1
	if n == 1 {
		out := make([]byte, 16)
		block.Decrypt(out, wrapped)
		return unpad(t, out[:8], out[8:])
	}
	a, r := bytes.Clone(wrapped[:8]), bytes.Clone(wrapped[8:])
	for j := 5; j >= 0; j-- {
		for i := n; i >= 1; i-- {
			b := binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(a)^uint64(n*j+i))
			b = append(b, r[8*(i-1):8*i]...)
			block.Decrypt(b, b)
			copy(a, b[:8])
			copy(r[8*(i-1):], b[8:])
		}
	}
	return unpad(t, a, r)
}

func unpad(t *testing.T, head, padded []byte) []byte {
	t.Helper()
	if !bytes.Equal(head[:4], []byte{0xA6, 0x59, 0x59, 0xA6}) {
		t.Fatalf("head %x is not that of RFC 5649", head)
	}
	size := int(binary.BigEndian.Uint32(head[4:]))
	if size > len(padded) || len(padded)-size > 7 || len(bytes.Trim(padded[size:], "\x00")) > 0 {
		t.Fatalf("padding of %d bytes to %d is wrong", size, len(padded))
	}
	return padded[:size]
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
