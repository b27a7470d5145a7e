// This file issues once for each number and label, and finds what was issued
// when the number comes again.

package catest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"regexp"
	"time"
)

var numberForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// order is what one call asks for.
type order struct {
	number  string
	label   string
	subject []byte // DER name
	request *x509.CertificateRequest
}

// issued is what an order gets, the first time and every time.
type issued struct {
	cert []byte          // DER
	key  *rsa.PrivateKey // under EncLabel only: the half that the key management keeps
}

func readNumber(r *http.Request) (string, error) {
	values := r.Header.Values(RequestHeader)
	if len(values) != 1 || !numberForm.MatchString(values[0]) {
		return "", refuse(http.StatusBadRequest, "exactly one number of the request is needed")
	}
	return values[0], nil
}

// once issues, or finds what was issued under the number. Calls wait for each
// other, so two at once get the same.
func (c *CA) once(o order) (issued, error) {
	c.issuing.Lock()
	defer c.issuing.Unlock()
	serial := ""
	for _, e := range c.Books() {
		if e.Number != o.number {
			continue
		}
		if e.RequestBy != fingerprint(o.request.RawSubjectPublicKeyInfo) {
			return issued{}, refuse(http.StatusConflict, "this number was used for another key")
		}
		if e.Label == o.label {
			serial = e.Serial
		}
	}
	if serial == "" {
		return c.issue(o)
	}
	made, err := c.find(serial, o.label)
	if err != nil {
		return issued{}, err
	}
	cert, err := x509.ParseCertificate(made.cert)
	if err != nil {
		return issued{}, fmt.Errorf("certificate %s: %w", serial, err)
	}
	if string(cert.RawSubject) != string(o.subject) {
		return issued{}, refuse(http.StatusConflict, "this number was used for another subject")
	}
	return made, nil
}

// issue signs, keeps and enters a certificate, in this order: what is in the
// books can be found.
func (c *CA) issue(o order) (issued, error) {
	var made issued
	public := o.request.PublicKey
	if o.label == EncLabel {
		var err error
		if made.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return issued{}, fmt.Errorf("encryption key: %w", err)
		}
		public = &made.key.PublicKey
	}
	serial, err := newSerial()
	if err != nil {
		return issued{}, err
	}
	if made.cert, err = c.sign(serial, o, public); err != nil {
		return issued{}, err
	}
	cert, err := x509.ParseCertificate(made.cert)
	if err != nil {
		return issued{}, fmt.Errorf("certificate: %w", err)
	}
	if err := c.keep(serial.Text(16), made); err != nil {
		return issued{}, err
	}
	return made, c.enter(Entry{
		Serial:    serial.Text(16),
		Label:     o.label,
		Number:    o.number,
		Subject:   cert.Subject.String(),
		KeySHA256: fingerprint(cert.RawSubjectPublicKeyInfo),
		RequestBy: fingerprint(o.request.RawSubjectPublicKeyInfo),
		At:        c.now(),
	})
}

func (c *CA) sign(serial *big.Int, o order, public any) ([]byte, error) {
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            o.subject,
		NotBefore:             c.now().Add(-5 * time.Minute),
		NotAfter:              c.now().AddDate(1, 0, 0),
		KeyUsage:              profiles[o.label],
		BasicConstraintsValid: true,
	}, c.issuer, public, c.key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return der, nil
}

// keep writes issued-<serial>.pem, and issued-<serial>.key.pem for a pair made
// here.
func (c *CA) keep(serial string, made issued) error {
	certPath, keyPath := c.paths(serial)
	if made.key == nil {
		return saveCert(certPath, made.cert)
	}
	return savePair(certPath, keyPath, made.cert, made.key)
}

func (c *CA) find(serial, label string) (issued, error) {
	certPath, keyPath := c.paths(serial)
	if label == EncLabel {
		cert, key, err := loadPair(certPath, keyPath)
		if err != nil {
			return issued{}, err
		}
		return issued{cert.Raw, key}, nil
	}
	der, err := readPEM(certPath)
	return issued{cert: der}, err
}

func (c *CA) paths(serial string) (certPath, keyPath string) {
	return c.path("issued-" + serial + ".pem"), c.path("issued-" + serial + ".key.pem")
}
