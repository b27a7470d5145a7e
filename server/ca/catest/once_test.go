// One number and label, one certificate: across calls, faults and restarts.

package catest_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"certdesk/server/ca/catest"
)

func numbered(number string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(catest.RequestHeader, number) }
}

// good posts and returns the answer without the boundary, which is another
// each time.
func (c caller) good(t *testing.T, path, csr string, change func(*http.Request)) []byte {
	t.Helper()
	status, text := c.post(t, path, csr, change)
	if status != 200 {
		t.Fatalf("%s: status %d: %s", path, status, text)
	}
	if boundary, _, ok := bytes.Cut(text, []byte("\r\n")); ok && bytes.HasPrefix(boundary, []byte("--")) {
		text = bytes.ReplaceAll(text, boundary, nil)
	}
	return text
}

func TestOneNumberIsServedOnce(t *testing.T) {
	dir := t.TempDir()
	first, c := open(t, dir)
	csr := request(t, 2048)
	want := map[string][]byte{}
	for _, path := range []string{"sign/simpleenroll", "enc/serverkeygen"} {
		want[path] = c.good(t, path, csr, nil)
		if again := c.good(t, path, csr, nil); !bytes.Equal(again, want[path]) {
			t.Errorf("%s answered %s the second time, want %s", path, again, want[path])
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, c := open(t, dir)
	if !bytes.Equal(first.RootPEM(), second.RootPEM()) {
		t.Error("root changed")
	}
	for path, text := range want {
		if again := c.good(t, path, csr, nil); !bytes.Equal(again, text) {
			t.Errorf("%s answered %s after a restart, want %s", path, again, text)
		}
	}
	books := second.Books()
	if len(books) != 2 {
		t.Fatalf("books have %d entries, want one of each", len(books))
	}
	sign, enc := books[0], books[1]
	if sign.Label != catest.SignLabel || sign.Number != "N-1" || sign.Subject != "CN=张三丰,C=CN" || sign.RequestBy != sign.KeySHA256 {
		t.Errorf("entry %+v", sign)
	}
	if enc.Label != catest.EncLabel || enc.Number != "N-1" || enc.RequestBy != sign.KeySHA256 || enc.KeySHA256 == sign.KeySHA256 {
		t.Errorf("entry %+v", enc)
	}
}

func TestOneNumberAtOnce(t *testing.T) {
	authority, c := open(t, t.TempDir())
	csr := request(t, 2048)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if status, text := c.post(t, "enc/serverkeygen", csr, nil); status != 200 {
				t.Errorf("status %d: %s", status, text)
			}
		})
	}
	group.Wait()
	if n := len(authority.Books()); n != 1 {
		t.Errorf("books have %d entries, want 1", n)
	}
}

func TestOneKeyUnderTwoNumbersIsCertifiedTwice(t *testing.T) {
	authority, c := open(t, t.TempDir())
	csr := request(t, 2048)
	c.good(t, "sign/simpleenroll", csr, nil)
	c.good(t, "sign/simpleenroll", csr, numbered("N-2"))
	books := authority.Books()
	if len(books) != 2 || books[0].KeySHA256 != books[1].KeySHA256 || books[0].Serial == books[1].Serial {
		t.Errorf("books %+v, want one key with two serials", books)
	}
}

func TestOneNumberForSomethingElseIsRefused(t *testing.T) {
	authority, c := open(t, t.TempDir())
	csr, other := request(t, 2048), request(t, 2048)
	c.good(t, "sign/simpleenroll", csr, nil)
	tests := []struct {
		name   string
		path   string
		csr    string
		change func(*http.Request)
	}{
		{name: "another key", path: "sign/simpleenroll", csr: other},
		{name: "another key for the pair", path: "enc/serverkeygen", csr: other},
		{name: "another subject", path: "sign/simpleenroll", csr: csr, change: func(r *http.Request) {
			der, err := asn1.Marshal(pkix.Name{Country: []string{"CN"}, CommonName: "李四"}.ToRDNSequence())
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set(catest.SubjectHeader, base64.StdEncoding.EncodeToString(der))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, text := c.post(t, tt.path, tt.csr, tt.change); got != http.StatusConflict {
				t.Errorf("status %d %s, want 409", got, text)
			}
		})
	}
	if n := len(authority.Books()); n != 1 {
		t.Errorf("books have %d entries, want 1", n)
	}
}

// TestLineCutByACrash: the entry after it is found again all the same.
func TestLineCutByACrash(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books.jsonl"), []byte(`{"serial":"1","la`), 0o600); err != nil {
		t.Fatal(err)
	}
	first, c := open(t, dir)
	csr := request(t, 2048)
	want := c.good(t, "sign/simpleenroll", csr, nil)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, c := open(t, dir)
	if again := c.good(t, "sign/simpleenroll", csr, nil); !bytes.Equal(again, want) {
		t.Errorf("answered %s after the restart, want %s", again, want)
	}
	if n := len(second.Books()); n != 1 {
		t.Errorf("books have %d entries, want 1", n)
	}
}
