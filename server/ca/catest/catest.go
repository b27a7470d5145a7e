// Package catest is the certificate authority's stand-in: a lab authority with
// a root, an issuing certificate and books, that speaks EST (RFC 7030) over
// TLS to one registration authority. Tests and the demo's world run it.
//
// It is strict: wrong credentials, content types, encodings, request
// signatures, short keys, unknown labels and a missing or malformed subject
// are refused as a real authority would. The subject in a request is ignored;
// the verified one arrives in the header [SubjectHeader].
//
// The caller's number of the request arrives in the header [RequestHeader]. A
// number that was served under a label is answered with the same certificate,
// and the same encryption key, across restarts; for another key or another
// subject it is refused. So [CA.Books] never holds two entries of one number
// and label. The same key under two numbers is certified twice, as a real
// authority would, and the books show it.
//
// It is written by hand over crypto/x509 and encoding/asn1 and shares no code
// with package ca or its library. Its keys lie in the clear in its directory:
// it protects nothing.
package catest

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// The credentials and names that the lab authority knows.
const (
	User          = "certdesk-ra"
	Password      = "lab-ra-password"
	SignLabel     = "sign"
	EncLabel      = "enc"
	SubjectHeader = "X-RA-Subject"
	RequestHeader = "X-RA-Request"
)

// Entry is one certificate in the books.
type Entry struct {
	Serial    string    `json:"serial"` // hexadecimal
	Label     string    `json:"label"`  // SignLabel or EncLabel
	Number    string    `json:"number"` // the caller's, of the request
	Subject   string    `json:"subject"`
	KeySHA256 string    `json:"key_sha256"` // of the SubjectPublicKeyInfo, hexadecimal
	RequestBy string    `json:"request_by"` // the same of the request's key: both certificates of a pair share it
	At        time.Time `json:"at"`
}

// CA is the lab authority.
type CA struct {
	dir     string
	now     func() time.Time
	root    *x509.Certificate
	issuer  *x509.Certificate
	rootKey *rsa.PrivateKey
	key     *rsa.PrivateKey

	issuing sync.Mutex // held from looking a number up until it is in the books

	mu     sync.Mutex
	books  []Entry
	faults []Fault
	served *served
}

// Open loads the authority that lives in dir, or founds one there.
func Open(dir string, now func() time.Time) (*CA, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("catest: directory: %w", err)
	}
	c := &CA{dir: dir, now: now}
	var err error
	if c.root, c.rootKey, err = c.authority("root", "certdesk lab root", nil, nil); err != nil {
		return nil, err
	}
	if c.issuer, c.key, err = c.authority("issuing", "certdesk lab issuing authority", c.root, c.rootKey); err != nil {
		return nil, err
	}
	if c.books, err = readBooks(c.path("books.jsonl")); err != nil {
		return nil, err
	}
	return c, nil
}

// RootPEM is the root certificate, to be trusted by others.
func (c *CA) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.root.Raw})
}

// Books lists every certificate that was issued, oldest first, those of
// earlier runs in the same directory too.
func (c *CA) Books() []Entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Entry(nil), c.books...)
}

func (c *CA) path(name string) string { return filepath.Join(c.dir, name) }

// authority loads name.pem and name.key.pem or makes them; without a parent
// the certificate signs itself.
func (c *CA) authority(name, common string, parent *x509.Certificate, parentKey *rsa.PrivateKey) (*x509.Certificate, *rsa.PrivateKey, error) {
	cert, key, err := loadPair(c.path(name+".pem"), c.path(name+".key.pem"))
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return cert, key, err
	}
	if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, nil, fmt.Errorf("catest: key of %s: %w", name, err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{Country: []string{"CN"}, Organization: []string{"certdesk lab"}, CommonName: common},
		NotBefore:             c.now().Add(-time.Hour),
		NotAfter:              c.now().AddDate(20, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if parent == nil {
		parent, parentKey = template, key
	} else {
		template.MaxPathLenZero = true
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, fmt.Errorf("catest: certificate of %s: %w", name, err)
	}
	if err := savePair(c.path(name+".pem"), c.path(name+".key.pem"), der, key); err != nil {
		return nil, nil, err
	}
	return loadPair(c.path(name+".pem"), c.path(name+".key.pem"))
}

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("catest: serial: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func loadPair(certPath, keyPath string) (*x509.Certificate, *rsa.PrivateKey, error) {
	certDER, err := readPEM(certPath)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := readPEM(keyPath)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return nil, nil, fmt.Errorf("catest: %s: %w", certPath, err)
	}
	key, err := x509.ParsePKCS1PrivateKey(keyDER)
	if err != nil {
		return nil, nil, fmt.Errorf("catest: %s: %w", keyPath, err)
	}
	return cert, key, nil
}

func readPEM(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("catest: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("catest: %s is not PEM", path)
	}
	return block.Bytes, nil
}

func savePair(certPath, keyPath string, cert []byte, key *rsa.PrivateKey) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(keyPath, text, 0o600); err != nil {
		return fmt.Errorf("catest: %w", err)
	}
	return saveCert(certPath, cert)
}

func saveCert(certPath string, cert []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	if err := os.WriteFile(certPath, text, 0o600); err != nil {
		return fmt.Errorf("catest: %w", err)
	}
	return nil
}

func readBooks(path string) ([]Entry, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("catest: books: %w", err)
	}
	defer f.Close()
	var books []Entry
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil { // a line cut by a crash was never answered
			books = append(books, e)
		}
	}
	return books, nil
}

// enter writes an entry before its certificate is answered.
func (c *CA) enter(e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("catest: books: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.OpenFile(c.path("books.jsonl"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("catest: books: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(slices.Concat([]byte("\n"), line, []byte("\n"))); err != nil { // away from a line that a crash cut
		return fmt.Errorf("catest: books: %w", err)
	}
	c.books = append(c.books, e)
	return nil
}
