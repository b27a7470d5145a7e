// This file issues: from a request made in a token to two certificates and an
// envelope.

package ca

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/globalsign/est"

	"certdesk/flows"
)

// Limits of a request made in a token, and of our number of it.
const (
	maxCSR    = 16 << 10 // bytes
	minBits   = 2048
	maxBits   = 4096
	maxNumber = 64 // bytes
)

// Errors of [Client.Issue]. A definite no of the authority is a
// [*flows.RefusedError]; any error that is none of these may be tried again.
var (
	// ErrRequest is returned for a request that no authority should see.
	ErrRequest = errors.New("ca: request is not acceptable")
	// ErrFormat is returned when the token opens none of our envelopes.
	ErrFormat = errors.New("ca: no common envelope format")
	// ErrUnfit is returned when the authority's answer is not what was asked for.
	ErrUnfit = errors.New("ca: certificate does not fit the request")
)

// The profiles, as the key usage that a certificate must have.
const (
	signUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	encUsage  = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
)

// Issue certifies the public key of a PKCS#10 request for the subject, has the
// encryption pair made, and wraps its private half for that public key. The
// subject in the request is ignored. Formats lists the envelopes that the
// token opens, best first; [FormatRSA] is the one we make.
//
// Number is ours, one for each certificate job: 1 to 64 ASCII letters, digits,
// "-", "." and "_". When a call to the authority goes wrong, or its answer is
// lost, the same number gets what was issued already; only the envelope is
// wrapped anew. The same number for another key is a [*flows.RefusedError].
func (c *Client) Issue(ctx context.Context, number string, subject flows.Subject, csr []byte, formats []string) (flows.Issued, error) {
	request, key, err := parseRequest(csr)
	if err != nil {
		return flows.Issued{}, err
	}
	if err := checkNumber(number); err != nil {
		return flows.Issued{}, err
	}
	if !slices.Contains(formats, FormatRSA) {
		return flows.Issued{}, ErrFormat
	}
	name, err := nameOf(subject)
	if err != nil {
		return flows.Issued{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()

	chain, err := c.authorities(ctx)
	if err != nil {
		return flows.Issued{}, err
	}
	headers := map[string]string{c.cfg.SubjectHeader: base64Of(name.der), c.cfg.RequestHeader: number}
	sign, err := c.enrol(ctx, headers, request)
	if err != nil {
		return flows.Issued{}, explain("simpleenroll", err)
	}
	if chain, err = c.leading(ctx, sign, chain); err != nil {
		return flows.Issued{}, err
	}
	if err := c.fits(sign, name.parts, signUsage, chain); err != nil {
		return flows.Issued{}, fmt.Errorf("signing certificate: %w", err)
	}
	if !key.Equal(sign.PublicKey) {
		return flows.Issued{}, fmt.Errorf("signing certificate: %w: it has another key", ErrUnfit)
	}
	enc, pkcs8, err := c.keygen(ctx, headers, request)
	defer clear(pkcs8)
	if err != nil {
		return flows.Issued{}, explain("serverkeygen", err)
	}
	if err := c.fits(enc, name.parts, encUsage, chain); err != nil {
		return flows.Issued{}, fmt.Errorf("encryption certificate: %w", err)
	}
	if err := pairs(enc, pkcs8, key); err != nil {
		return flows.Issued{}, err
	}
	envelope, err := seal(key, pkcs8)
	if err != nil {
		return flows.Issued{}, err
	}
	return flows.Issued{SignCert: sign.Raw, EncCert: enc.Raw, Chain: raws(chain), Envelope: envelope}, nil
}

func (c *Client) enrol(ctx context.Context, headers map[string]string, request *x509.CertificateRequest) (*x509.Certificate, error) {
	done, err := takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return c.ask(c.cfg.SignLabel, headers).Enroll(ctx, request)
}

func (c *Client) keygen(ctx context.Context, headers map[string]string, request *x509.CertificateRequest) (cert *x509.Certificate, pkcs8 []byte, err error) {
	done, err := takeTurn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	return c.ask(c.cfg.EncLabel, headers).ServerKeyGen(ctx, request)
}

func checkNumber(number string) error {
	if len(number) == 0 || len(number) > maxNumber {
		return fmt.Errorf("%w: its number has %d characters", ErrRequest, len(number))
	}
	for _, b := range []byte(number) {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '.', b == '_':
		default:
			return fmt.Errorf("%w: its number is not letters, digits, -, . and _", ErrRequest)
		}
	}
	return nil
}

func parseRequest(der []byte) (*x509.CertificateRequest, *rsa.PublicKey, error) {
	if len(der) > maxCSR {
		return nil, nil, fmt.Errorf("%w: it is too long", ErrRequest)
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	key, ok := request.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, nil, fmt.Errorf("%w: its key is not RSA", ErrRequest)
	}
	if bits := key.N.BitLen(); bits < minBits || bits > maxBits {
		return nil, nil, fmt.Errorf("%w: its key has %d bits", ErrRequest, bits)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return request, key, nil
}

// leading returns the chain that cert leads up, asking for the authority's
// certificates once more when the kept ones are of an earlier issuer.
func (c *Client) leading(ctx context.Context, cert *x509.Certificate, chain []*x509.Certificate) ([]*x509.Certificate, error) {
	if c.verify(cert, chain) == nil {
		return chain, nil
	}
	c.forget()
	return c.authorities(ctx)
}

func (c *Client) verify(cert *x509.Certificate, chain []*x509.Certificate) error {
	between := x509.NewCertPool()
	for _, authority := range chain {
		between.AddCert(authority)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots:         c.roots,
		Intermediates: between,
		CurrentTime:   c.now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

// fits checks chain, validity, holder and usage.
func (c *Client) fits(cert *x509.Certificate, want pkix.RDNSequence, usage x509.KeyUsage, chain []*x509.Certificate) error {
	if err := c.verify(cert, chain); err != nil {
		return fmt.Errorf("%w: it does not lead to our root", ErrUnfit)
	}
	if cert.IsCA || cert.KeyUsage != usage {
		return fmt.Errorf("%w: its key usage is %b", ErrUnfit, cert.KeyUsage)
	}
	for _, set := range want {
		for _, part := range set {
			if !slices.ContainsFunc(cert.Subject.Names, func(has pkix.AttributeTypeAndValue) bool {
				return has.Type.Equal(part.Type) && has.Value == part.Value
			}) {
				return fmt.Errorf("%w: its subject is not the one we verified", ErrUnfit)
			}
		}
	}
	return nil
}

// pairs checks that the delivered private key is the certificate's, and not
// the signing key.
func pairs(enc *x509.Certificate, pkcs8 []byte, sign *rsa.PublicKey) error {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return fmt.Errorf("%w: its private key cannot be read", ErrUnfit)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok || !private.PublicKey.Equal(enc.PublicKey) {
		return fmt.Errorf("%w: its private key is another's", ErrUnfit)
	}
	if private.PublicKey.Equal(sign) {
		return fmt.Errorf("%w: both certificates have one key", ErrUnfit)
	}
	return nil
}

// explain keeps the authority's own text out of our errors: it may quote the
// subject.
func explain(call string, err error) error {
	answer, ok := errors.AsType[est.Error](err)
	if !ok {
		return fmt.Errorf("ca: %s: %w", call, transportOf(err))
	}
	switch status := answer.StatusCode(); status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusConflict, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return fmt.Errorf("ca: %s: %w", call, &flows.RefusedError{
			Partner: "ca",
			Code:    fmt.Sprintf("%s %d", call, status),
			Public:  "证书机构没有通过这次申请。您不用重新付款，我们的客服会尽快联系您。",
		})
	default:
		return fmt.Errorf("ca: %s: status %d", call, status)
	}
}

// errAnswer stands for what the library says of an answer that it cannot read.
var errAnswer = errors.New("answer cannot be read")

// transportOf passes on what the network said and nothing of the answer.
func transportOf(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	if network, ok := errors.AsType[net.Error](err); ok {
		return network
	}
	return errAnswer
}
