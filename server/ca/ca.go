// Package ca asks a certificate authority for the two certificates of a UKey,
// over EST (RFC 7030): simpleenroll certifies the key that was made in the
// token, serverkeygen makes and certifies the encryption pair. The authority
// hands out that private key inside TLS only, so this package acts as the
// front of its key management: it wraps the key for the token and wipes it.
//
// # The subject
//
// The request made in the token carries CN=<container> and nothing about
// anybody, because personal data stays on the server. Whom the certificate
// speaks of is decided by this side, which proved it: each request carries the
// verified name as a header (Config.SubjectHeader, base64 of the DER Name),
// beside the credentials of the registration authority. The lab authority
// reads it; in front of EJBCA or a domestic authority stands the adapter that
// registers the end entity under that name before it passes the request on.
// Which profile issues is the EST label, one for signing and one for
// encryption. An authority that copies the subject from the request, ignores
// the profile or certifies another key is found out: a certificate that does
// not fit is never handed on.
//
// # Promises
//
// EST has no key that makes a request repeatable, so each request also carries
// our number of it as a header (Config.RequestHeader), and the authority, or
// the adapter in front of it, answers a number that it knows under that label
// with what it issued then: the same certificate, and for serverkeygen the same
// key pair, which its key management keeps. Issue may therefore be repeated
// after a lost answer or a crash, and called twice at once, and still no number
// gets a second certificate. That rests on the authority: one that overlooks
// the header issues anew each time, and this side cannot tell.
//
// No name, key, password or text of the authority gets into an error. The
// library builds a connection per call and reads its answer to the end, so the
// authority is trusted with the size of what it says too.
package ca

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/globalsign/est"

	"certdesk/flows"
)

// FormatRSA is the envelope that this package makes: RSA-OAEP (SHA-1,
// MGF1-SHA1, no label) over an AES-256 key, RFC 5649 under that over PKCS#8.
const FormatRSA = "rsa-oaep-sha1+aes256-kwp"

// Config says where the authority is and how we are known there.
type Config struct {
	URL           string        // "https://host:port" of the EST server; required
	RootPEM       []byte        // the root that issued certificates must lead to; required
	ServerPEM     []byte        // roots of the server's own TLS certificate; RootPEM when empty
	User          string        // of the registration authority
	Password      flows.Secret  // HTTP Basic
	SignLabel     string        // EST label of the signing profile; "sign" when empty
	EncLabel      string        // EST label of the encryption profile; "enc" when empty
	SubjectHeader string        // name of the header with the verified subject; "X-RA-Subject" when empty
	RequestHeader string        // name of the header with our number of the request; "X-RA-Request" when empty
	Timeout       time.Duration // of one Issue, all calls together; 15 s when zero
}

// Client is a registration authority's connection to its certificate
// authority. It is safe for concurrent use; calls to the authority take turns.
type Client struct {
	cfg    Config
	host   string
	root   *x509.Certificate
	roots  *x509.CertPool
	server *x509.CertPool
	now    func() time.Time

	mu    sync.Mutex
	chain []*x509.Certificate // issuer first, root last; nil until first fetched
}

// New checks the configuration and reports every mistake at once. It makes no
// call.
func New(cfg Config, now func() time.Time) (*Client, error) {
	if cfg.SignLabel == "" {
		cfg.SignLabel = "sign"
	}
	if cfg.EncLabel == "" {
		cfg.EncLabel = "enc"
	}
	if cfg.SubjectHeader == "" {
		cfg.SubjectHeader = "X-RA-Subject"
	}
	if cfg.RequestHeader == "" {
		cfg.RequestHeader = "X-RA-Request"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.ServerPEM == nil {
		cfg.ServerPEM = cfg.RootPEM
	}
	c := &Client{cfg: cfg, now: now, roots: x509.NewCertPool(), server: x509.NewCertPool()}
	var errs []error
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") {
		errs = append(errs, errors.New("ca: address is not of the form https://host:port"))
	} else {
		c.host = u.Host
	}
	if c.root, err = rootFrom(cfg.RootPEM); err != nil {
		errs = append(errs, err)
	} else {
		c.roots.AddCert(c.root)
	}
	if !c.server.AppendCertsFromPEM(cfg.ServerPEM) {
		errs = append(errs, errors.New("ca: no root for the server's certificate"))
	}
	if cfg.User == "" || cfg.Password.IsZero() {
		errs = append(errs, errors.New("ca: user or password is missing"))
	}
	if strings.EqualFold(cfg.SubjectHeader, cfg.RequestHeader) {
		errs = append(errs, errors.New("ca: subject and request number have one header"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

func rootFrom(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("ca: root is not a PEM certificate")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("ca: root: %w", err)
	}
	if !root.IsCA {
		return nil, errors.New("ca: root is not the certificate of an authority")
	}
	return root, nil
}

// Root returns the DER of the root that everything leads to.
func (c *Client) Root() []byte { return c.root.Raw }

// Fingerprint is the SHA-256 of [Client.Root] in lower-case hexadecimal, which
// the tool on the applicant's computer is told to expect.
func (c *Client) Fingerprint() string {
	sum := sha256.Sum256(c.root.Raw)
	return hex.EncodeToString(sum[:])
}

// Chain returns the authority's certificates as DER, issuer first, root last.
// They are asked for once and kept.
func (c *Client) Chain(ctx context.Context) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	certs, err := c.authorities(ctx)
	if err != nil {
		return nil, err
	}
	return raws(certs), nil
}

// Check asks the authority for its certificates, to see that address, roots
// and network are right.
func (c *Client) Check(ctx context.Context) error {
	c.forget()
	_, err := c.Chain(ctx)
	return err
}

func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.chain = nil
}

func (c *Client) authorities(ctx context.Context) ([]*x509.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chain != nil {
		return c.chain, nil
	}
	done, err := takeTurn(ctx)
	if err != nil {
		return nil, explain("cacerts", err)
	}
	defer done()
	certs, err := c.ask("", nil).CACerts(ctx)
	if err != nil {
		return nil, explain("cacerts", err)
	}
	var chain []*x509.Certificate
	for _, cert := range certs {
		if cert.IsCA && !cert.Equal(c.root) {
			chain = append(chain, cert)
		}
	}
	c.chain = append(chain, c.root)
	return c.chain, nil
}

// turn is held during a call, one in the process: go.mozilla.org/pkcs7, with
// which the library reads answers, counts in a global variable without a lock.
var turn = make(chan struct{}, 1)

// takeTurn waits until no other call is under way, or ctx ends.
func takeTurn(ctx context.Context) (done func(), err error) {
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ask prepares one call under a label; headers may be nil.
func (c *Client) ask(label string, headers map[string]string) *est.Client {
	return &est.Client{
		Host:                  c.host,
		AdditionalPathSegment: label,
		ExplicitAnchor:        c.server,
		Username:              c.cfg.User,
		Password:              c.cfg.Password.Reveal(),
		AdditionalHeaders:     headers,
		DisableKeepAlives:     true, // the library makes a transport per call and closes none
	}
}

func raws(certs []*x509.Certificate) [][]byte {
	der := make([][]byte, len(certs))
	for i, cert := range certs {
		der[i] = cert.Raw
	}
	return der
}
