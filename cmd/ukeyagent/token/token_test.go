//go:build cgo

// The container against SoftHSM2 in this process: what is there afterwards,
// and what a key that is pulled out looks like.

package token

import (
	"bytes"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"certdesk/cmd/ukeyagent/token/tokentest"
)

var pin = []byte(tokentest.PIN)

// plug makes a key and opens it; the returned directory holds it.
func plug(t *testing.T) (*Session, string) {
	t.Helper()
	dir := t.TempDir()
	key, err := tokentest.Make(t.Context(), dir, "UKEY-0001")
	if errors.Is(err, tokentest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", key.Conf)
	m, err := Load(key.Module)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	s, err := m.Open(t.Context(), key.Serial)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func unlocked(t *testing.T) (*Container, string) {
	t.Helper()
	s, dir := plug(t)
	if err := s.Unlock(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	return s.Container("order-1"), dir
}

func TestID(t *testing.T) {
	// printf 'order-1/sign' | sha256sum | cut -c1-40
	if got, want := hex.EncodeToString(ID("order-1", Sign)), "6628826b478a92958cec5f98dc658fc2ff8ebf3e"; got != want {
		t.Errorf("ID = %s, want %s", got, want)
	}
	if bytes.Equal(ID("order-1", Sign), ID("order-1", Enc)) {
		t.Error("both roles have one identifier")
	}
}

func TestUnlockTriesOnceAndTellsWhy(t *testing.T) {
	s, _ := plug(t)
	if err := s.Unlock(t.Context(), []byte("999999")); !errors.Is(err, ErrPINWrong) {
		t.Errorf("wrong PIN: %v, want ErrPINWrong", err)
	}
	if err := s.Unlock(t.Context(), nil); !errors.Is(err, ErrPINLength) {
		t.Errorf("empty PIN: %v, want ErrPINLength", err)
	}
	if err := s.Unlock(t.Context(), pin); err != nil {
		t.Fatalf("right PIN: %v", err)
	}
	if err := s.Unlock(t.Context(), []byte("999999")); !errors.Is(err, ErrPINWrong) {
		t.Errorf("wrong PIN on an open key: %v, want ErrPINWrong", err)
	}
}

func TestChangePIN(t *testing.T) {
	s, _ := plug(t)
	if err := s.Unlock(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	if err := s.ChangePIN(t.Context(), pin, []byte("1")); !errors.Is(err, ErrPINLength) {
		t.Errorf("short PIN: %v, want ErrPINLength", err)
	}
	if err := s.ChangePIN(t.Context(), pin, []byte("270815")); err != nil {
		t.Fatalf("ChangePIN: %v", err)
	}
	if err := s.Unlock(t.Context(), pin); !errors.Is(err, ErrPINWrong) {
		t.Errorf("old PIN: %v, want ErrPINWrong", err)
	}
}

func TestGenerateOnceAndForGood(t *testing.T) {
	c, _ := unlocked(t)
	if _, err := c.Key(t.Context(), Sign); !errors.Is(err, ErrNoKey) {
		t.Fatalf("Key of an empty container: %v, want ErrNoKey", err)
	}
	first := generate(t, c)
	if second := generate(t, c); !second.Equal(first) {
		t.Error("a whole pair was replaced")
	}
	k, err := c.key(Sign)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		kind uint
		yes  bool
	}{
		"LOCAL":             {pkcs11.CKA_LOCAL, true},
		"SENSITIVE":         {pkcs11.CKA_SENSITIVE, true},
		"NEVER_EXTRACTABLE": {pkcs11.CKA_NEVER_EXTRACTABLE, true},
		"SIGN":              {pkcs11.CKA_SIGN, true},
		"UNWRAP":            {pkcs11.CKA_UNWRAP, true},
		"DECRYPT":           {pkcs11.CKA_DECRYPT, false},
		"SIGN_RECOVER":      {pkcs11.CKA_SIGN_RECOVER, false},
		"EXTRACTABLE":       {pkcs11.CKA_EXTRACTABLE, false},
	} {
		if got, err := c.s.attribute(k.handle, want.kind); err != nil || (got[0] == 1) != want.yes {
			t.Errorf("%s = %v, %v; want %t", name, got, err, want.yes)
		}
	}
	if _, err := c.s.attribute(k.handle, pkcs11.CKA_PRIVATE_EXPONENT); err == nil {
		t.Error("the private exponent can be read")
	}
}

func TestHalfAPairIsMadeAgain(t *testing.T) {
	for name, class := range map[string]uint{"public left": pkcs11.CKO_PRIVATE_KEY, "private left": pkcs11.CKO_PUBLIC_KEY} {
		t.Run(name, func(t *testing.T) {
			c, _ := unlocked(t)
			other := c.s.Container("order-2")
			kept := generate(t, other)
			first := generate(t, c)
			lost, err := c.objects(class, Sign)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.s.destroy(lost); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Key(t.Context(), Sign); !errors.Is(err, ErrNoKey) {
				t.Errorf("Key = %v, want ErrNoKey", err)
			}
			if second := generate(t, c); second.Equal(first) {
				t.Error("half a pair came back to life")
			}
			count(t, c, Sign, 1, 1, 0)
			if again := generate(t, other); !again.Equal(kept) {
				t.Error("the pair of another order was touched")
			}
		})
	}
}

func TestPutWritesOnceAndReplaces(t *testing.T) {
	c, _ := unlocked(t)
	old, fresh := selfSigned(t, 1), selfSigned(t, 2)
	var last pkcs11.ObjectHandle
	for i, cert := range []*x509.Certificate{old, old, fresh, fresh} {
		if err := c.Put(t.Context(), Sign, cert); err != nil {
			t.Fatalf("Put: %v", err)
		}
		found, err := c.objects(pkcs11.CKO_CERTIFICATE, Sign)
		if err != nil || len(found) != 1 {
			t.Fatalf("%d certificates, %v; want 1", len(found), err)
		}
		if value, err := c.s.attribute(found[0], pkcs11.CKA_VALUE); err != nil || !bytes.Equal(value, cert.Raw) {
			t.Errorf("another certificate is there (%v)", err)
		}
		if again := i%2 == 1; again && found[0] != last {
			t.Error("the same certificate was written again")
		}
		last = found[0]
	}
	// A twin, as an interrupted writer of another make might leave it.
	if err := c.put(Enc, old); err != nil {
		t.Fatal(err)
	}
	found, err := c.objects(pkcs11.CKO_CERTIFICATE, Enc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.s.m.p.CopyObject(c.s.handle, found[0], c.named(Enc)); err != nil {
		t.Fatal(err)
	}
	if err := c.Put(t.Context(), Enc, old); err != nil {
		t.Fatal(err)
	}
	count(t, c, Enc, 0, 0, 1)
}

func TestImport(t *testing.T) {
	c, _ := unlocked(t)
	sign := generate(t, c)
	private, other := rsaKey(t), rsaKey(t)
	if err := c.Import(t.Context(), seal(t, sign, private), &private.PublicKey); err != nil {
		t.Fatalf("Import: %v", err)
	}
	// The same key again, in an envelope that could not be opened: nothing is
	// done, so nothing goes wrong.
	if err := c.Import(t.Context(), Envelope{KEK: []byte{1}, Key: []byte{1}}, &private.PublicKey); err != nil {
		t.Errorf("Import of what is there: %v", err)
	}
	count(t, c, Enc, 1, 0, 0)
	key, err := c.Key(t.Context(), Enc)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 the service challenges with PKCS #1 v1.5, because every UKey has it
	ciphertext, err := rsa.EncryptPKCS1v15(rand.Reader, &private.PublicKey, []byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := key.Decrypt(nil, ciphertext, nil); err != nil || string(got) != "hello" {
		t.Errorf("Decrypt = %q, %v", got, err)
	}
	if _, err := key.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
		t.Error("the encryption key signs")
	}
	if k, err := c.key(Enc); err != nil {
		t.Error(err)
	} else if local, err := c.s.attribute(k.handle, pkcs11.CKA_LOCAL); err != nil || local[0] != 0 {
		t.Errorf("the imported key says it was made here (%v)", err)
	}
	if err := c.Import(t.Context(), seal(t, sign, other), &other.PublicKey); err != nil {
		t.Fatalf("Import of another key: %v", err)
	}
	count(t, c, Enc, 1, 0, 0)
	secrets, err := c.s.find(pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY))
	if err != nil || len(secrets) != 0 {
		t.Errorf("%d key-encryption keys are left (%v)", len(secrets), err)
	}
}

func TestImportRefusesWhatDoesNotFit(t *testing.T) {
	c, _ := unlocked(t)
	sign := generate(t, c)
	private, other := rsaKey(t), rsaKey(t)
	good := seal(t, sign, private)
	spoiled := func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b }
	tests := []struct {
		name     string
		envelope Envelope
	}{
		{name: "empty"},
		{name: "another key", envelope: seal(t, sign, other)},
		{name: "sealed for another token", envelope: seal(t, &other.PublicKey, private)},
		{name: "spoiled key-encryption key", envelope: Envelope{KEK: spoiled(good.KEK), Key: good.Key}},
		{name: "spoiled key", envelope: Envelope{KEK: good.KEK, Key: spoiled(good.Key)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := c.Import(t.Context(), tt.envelope, &private.PublicKey); !errors.Is(err, ErrMismatch) {
				t.Errorf("Import = %v, want ErrMismatch", err)
			}
			count(t, c, Enc, 0, 0, 0)
		})
	}
}

// TestPulledOut takes the key away as SoftHSM can: searches then find nothing
// and say nothing, and that must never look like an empty key.
func TestPulledOut(t *testing.T) {
	c, dir := unlocked(t)
	generate(t, c)
	tokens := filepath.Join(dir, "tokens")
	entries, err := os.ReadDir(tokens)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d keys in the directory, %v", len(entries), err)
	}
	at, away := filepath.Join(tokens, entries[0].Name()), filepath.Join(dir, "drawer")
	if err := os.Rename(at, away); err != nil {
		t.Fatal(err)
	}
	for name, act := range map[string]func() error{
		"Key":      func() error { _, err := c.Key(t.Context(), Sign); return err },
		"Generate": func() error { _, err := c.Generate(t.Context()); return err },
		"Put":      func() error { return c.Put(t.Context(), Sign, selfSigned(t, 1)) },
		"Unlock":   func() error { return c.s.Unlock(t.Context(), pin) },
	} {
		if err := act(); !errors.Is(err, ErrRemoved) {
			t.Errorf("%s = %v, want ErrRemoved", name, err)
		}
	}
}

func TestManyAskersOneOwner(t *testing.T) {
	c, _ := unlocked(t)
	generate(t, c)
	key, err := c.Key(t.Context(), Sign)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				if _, err := key.Sign(nil, make([]byte, 32), crypto.SHA256); err != nil {
					t.Errorf("Sign: %v", err)
				}
			}
		})
	}
	all.Wait()
}

func TestGivingUpDoesNotWait(t *testing.T) {
	c, _ := unlocked(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Generate(ctx); !errors.Is(err, ErrSlow) || !errors.Is(err, context.Canceled) {
		t.Errorf("Generate = %v, want ErrSlow for the cause", err)
	}
}

// TestFault covers what SoftHSM never says and real keys do.
func TestFault(t *testing.T) {
	for code, want := range map[uint]error{
		0xA0: ErrPINWrong, 0xA4: ErrPINLocked, 0xA2: ErrPINLength,
		0x32: ErrRemoved, 0xE0: ErrRemoved, 0xB3: ErrRemoved, 0x30: ErrRemoved,
		0x31: ErrFull, 0x70: ErrUnsupported,
	} {
		t.Run(fmt.Sprintf("%#x", code), func(t *testing.T) {
			if err := fault("work", pkcs11.Error(code)); !errors.Is(err, want) || !errors.Is(err, pkcs11.Error(code)) {
				t.Errorf("fault = %v, want %v and the code", err, want)
			}
		})
	}
}

func TestPINState(t *testing.T) {
	for flags, want := range map[uint]PINState{
		0: PINFine, 0x10000: PINLow, 0x30000: PINLast, 0x70000: PINLocked, 0x40000: PINLocked,
	} {
		if got := pinState(flags); got != want {
			t.Errorf("pinState(%#x) = %q, want %q", flags, got, want)
		}
	}
}

func generate(t *testing.T, c *Container) *rsa.PublicKey {
	t.Helper()
	key, err := c.Generate(t.Context())
	if err != nil {
		t.Fatalf("Generate: %v", err)
	}
	return key.Public().(*rsa.PublicKey)
}

func count(t *testing.T, c *Container, role Role, private, public, certificates int) {
	t.Helper()
	for class, want := range map[uint]int{
		pkcs11.CKO_PRIVATE_KEY: private, pkcs11.CKO_PUBLIC_KEY: public, pkcs11.CKO_CERTIFICATE: certificates,
	} {
		if found, err := c.objects(class, role); err != nil || len(found) != want {
			t.Errorf("%d objects of class %d for %s, %v; want %d", len(found), class, role, err, want)
		}
	}
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func selfSigned(t *testing.T, serial int64) *x509.Certificate {
	t.Helper()
	key := rsaKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "张三丰"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// seal makes an envelope, apart from the code of the authority's side.
func seal(t *testing.T, to *rsa.PublicKey, private *rsa.PrivateKey) Envelope {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	kek := make([]byte, 32)
	rand.Read(kek)
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, to, kek, nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	a, err := hex.DecodeString("a65959a6")
	if err != nil {
		t.Fatal(err)
	}
	a = binary.BigEndian.AppendUint32(a, uint32(len(pkcs8)))
	r := append(pkcs8, make([]byte, -len(pkcs8)&7)...)
	n := len(r) / 8
	for j := range 6 {
		for i := range n {
			b := append(bytes.Clone(a), r[8*i:8*i+8]...)
			block.Encrypt(b, b)
			a = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(b)^uint64(n*j+i+1))
			copy(r[8*i:], b[8:])
		}
	}
	return Envelope{KEK: sealed, Key: append(a, r...)}
}
