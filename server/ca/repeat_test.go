// One number gets one certificate of each kind, whatever goes wrong on the way.

package ca_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/ca"
	"certdesk/server/ca/catest"
)

// between puts a man between who is told of each call before it is served.
func between(t *testing.T, authority *catest.CA, before func(*http.Request)) ca.Config {
	t.Helper()
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before(r)
		authority.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	cfg := config(authority, web.URL)
	cfg.ServerPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	return cfg
}

// oneOfEach fails unless the books have one certificate of each kind.
func oneOfEach(t *testing.T, authority *catest.CA) {
	t.Helper()
	counts := map[string]int{}
	for _, entry := range authority.Books() {
		if entry.Number != number {
			t.Errorf("books have number %q, want %q", entry.Number, number)
		}
		counts[entry.Label]++
	}
	if counts[catest.SignLabel] != 1 || counts[catest.EncLabel] != 1 {
		t.Errorf("books have %v, want one of each", counts)
	}
}

func TestIssueAgainAfterAFault(t *testing.T) {
	for _, call := range []string{"simpleenroll", "serverkeygen"} {
		for _, fault := range []catest.Fault{catest.Down, catest.Error500, catest.Timeout, catest.LostAnswer} {
			t.Run(call+" "+string(fault), func(t *testing.T) {
				authority, _ := lab(t)
				var once sync.Once
				cfg := between(t, authority, func(r *http.Request) {
					if strings.HasSuffix(r.URL.Path, call) {
						once.Do(func() { authority.Fail(fault, 1) })
					}
				})
				if fault == catest.Timeout {
					cfg.Timeout = 2 * time.Second
				}
				_, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats)
				if _, no := errors.AsType[*flows.RefusedError](err); err == nil || no {
					t.Fatalf("Issue = %v, want an error that may be tried again", err)
				}
				before := authority.Books()
				cfg.Timeout = 0
				issued, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats)
				if err != nil {
					t.Fatalf("Issue again: %v", err)
				}
				oneOfEach(t, authority)
				for _, entry := range before {
					der := issued.SignCert
					if entry.Label == catest.EncLabel {
						der = issued.EncCert
					}
					if got := parse(t, der).SerialNumber.Text(16); got != entry.Serial {
						t.Errorf("%s certificate %s, want %s of the first time", entry.Label, got, entry.Serial)
					}
				}
			})
		}
	}
}

func TestIssueTwiceAtOnce(t *testing.T) {
	authority, url := lab(t)
	c, csr := client(t, config(authority, url)), request(t)
	var answers [2]flows.Issued
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			var err error
			if answers[i], err = c.Issue(t.Context(), number, person, csr, formats); err != nil {
				t.Errorf("Issue: %v", err)
			}
		})
	}
	group.Wait()
	oneOfEach(t, authority)
	if !bytes.Equal(answers[0].SignCert, answers[1].SignCert) || !bytes.Equal(answers[0].EncCert, answers[1].EncCert) {
		t.Error("two at once got different certificates")
	}
}

func TestIssueOneNumberForAnotherKey(t *testing.T) {
	authority, url := lab(t)
	c := client(t, config(authority, url))
	if _, err := c.Issue(t.Context(), number, person, request(t), formats); err != nil {
		t.Fatalf("Issue: %v", err)
	}
	_, err := c.Issue(t.Context(), number, person, requestOf(t, strangerKey()), formats)
	if no, ok := errors.AsType[*flows.RefusedError](err); !ok || no.Public == "" {
		t.Errorf("Issue = %v, want a refusal with words", err)
	}
	oneOfEach(t, authority)
}

func TestIssueRefusesNumbers(t *testing.T) {
	authority, url := lab(t)
	c := client(t, config(authority, url))
	for _, bad := range []string{"", "a b", "a\r\nX-RA-Subject: b", "订单", strings.Repeat("1", 65)} {
		if _, err := c.Issue(t.Context(), bad, person, request(t), formats); !errors.Is(err, ca.ErrRequest) {
			t.Errorf("Issue of number %q = %v, want ErrRequest", bad, err)
		}
	}
	if n := len(authority.Books()); n > 0 {
		t.Errorf("authority issued %d certificates", n)
	}
}

func TestIssueUnderAnotherHeader(t *testing.T) {
	authority, _ := lab(t)
	var numbers []string
	cfg := between(t, authority, func(r *http.Request) {
		if r.Method == http.MethodPost {
			numbers = append(numbers, r.Header.Get("X-Job"))
			r.Header.Set(catest.RequestHeader, r.Header.Get("X-Job"))
		}
	})
	cfg.RequestHeader = "X-Job"
	if _, err := client(t, cfg).Issue(t.Context(), number, person, request(t), formats); err != nil {
		t.Fatalf("Issue: %v", err)
	}
	if len(numbers) != 2 || numbers[0] != number || numbers[1] != number {
		t.Errorf("numbers %q, want that of the job on both calls", numbers)
	}
}

func requestOf(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
