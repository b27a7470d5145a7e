// This file is the protocol: RFC 7030, sections 4.1, 4.2 and 4.4.

package catest

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	prefix   = "/.well-known/est/"
	maxBody  = 64 << 10
	certOnly = "application/pkcs7-mime; smime-type=certs-only"
)

// profiles are the key usages by label.
var profiles = map[string]x509.KeyUsage{
	SignLabel: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	EncLabel:  x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
}

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, text string) error { return &refusal{status, text} }

// ServeHTTP answers EST calls.
func (c *CA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "body is too long", http.StatusRequestEntityTooLarge)
		return
	}
	fault := c.nextFault()
	switch fault {
	case Down:
		panic(http.ErrAbortHandler)
	case Error500:
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	case Timeout:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	answer, err := c.answer(r, body)
	if fault == LostAnswer {
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		status := http.StatusInternalServerError
		if no, ok := errors.AsType[*refusal](err); ok {
			status = no.status
		}
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="lab"`)
		}
		http.Error(w, err.Error(), status)
		return
	}
	w.Header().Set("Content-Type", answer.kind)
	if !strings.HasPrefix(answer.kind, "multipart/") {
		w.Header().Set("Content-Transfer-Encoding", "base64")
	}
	w.Write(answer.body) //nolint:errcheck // the caller may be gone; the books have it
}

type answer struct {
	kind string
	body []byte
}

func (c *CA) answer(r *http.Request, body []byte) (answer, error) {
	rest, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		return answer{}, refuse(http.StatusNotFound, "not an EST address")
	}
	label, call := "", rest
	if before, after, ok := strings.Cut(rest, "/"); ok {
		label, call = before, after
	}
	switch {
	case call == "cacerts" && r.Method == http.MethodGet:
		p7, err := certsOnly(c.issuer.Raw, c.root.Raw)
		return answer{certOnly, wrapLines(p7)}, err
	case (call == "simpleenroll" || call == "serverkeygen") && r.Method == http.MethodPost:
	case call == "cacerts", call == "simpleenroll", call == "serverkeygen":
		return answer{}, refuse(http.StatusMethodNotAllowed, "wrong method")
	default:
		return answer{}, refuse(http.StatusNotFound, "unknown operation")
	}
	if !known(r) {
		return answer{}, refuse(http.StatusUnauthorized, "who are you")
	}
	if _, ok := profiles[label]; !ok || (call == "serverkeygen") != (label == EncLabel) {
		return answer{}, refuse(http.StatusNotFound, "no such profile for this operation")
	}
	request, err := readRequest(r, body)
	if err != nil {
		return answer{}, err
	}
	subject, err := readSubject(r)
	if err != nil {
		return answer{}, err
	}
	number, err := readNumber(r)
	if err != nil {
		return answer{}, err
	}
	made, err := c.once(order{number: number, label: label, subject: subject, request: request})
	if err != nil {
		return answer{}, err
	}
	if call == "serverkeygen" {
		return pair(made)
	}
	p7, err := certsOnly(made.cert)
	return answer{certOnly, wrapLines(p7)}, err
}

func known(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	right := subtle.ConstantTimeCompare([]byte(user), []byte(User)) & subtle.ConstantTimeCompare([]byte(password), []byte(Password))
	return ok && right == 1
}

func readRequest(r *http.Request, body []byte) (*x509.CertificateRequest, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/pkcs10" {
		return nil, refuse(http.StatusUnsupportedMediaType, "content is not application/pkcs10")
	}
	if !strings.EqualFold(r.Header.Get("Content-Transfer-Encoding"), "base64") {
		return nil, refuse(http.StatusBadRequest, "content is not base64")
	}
	der, err := base64.StdEncoding.DecodeString(string(body))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "content is not base64")
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "content is not PKCS#10")
	}
	if request.CheckSignature() != nil {
		return nil, refuse(http.StatusBadRequest, "the request's signature is wrong")
	}
	key, ok := request.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 || key.N.Bit(0) == 0 {
		return nil, refuse(http.StatusBadRequest, "the key is not RSA of 2048 bits or more")
	}
	return request, nil
}

// readSubject reads the verified subject: the base64 of a DER Name with one
// country and one common name.
func readSubject(r *http.Request) ([]byte, error) {
	values := r.Header.Values(SubjectHeader)
	if len(values) != 1 {
		return nil, refuse(http.StatusBadRequest, "exactly one verified subject is needed")
	}
	der, err := base64.StdEncoding.DecodeString(values[0])
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the subject is not base64")
	}
	var parts pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &parts); err != nil || len(rest) > 0 {
		return nil, refuse(http.StatusBadRequest, "the subject is not a DER name")
	}
	var name pkix.Name
	name.FillFromRDNSequence(&parts)
	if name.CommonName == "" || len(name.Country) != 1 || name.Country[0] != "CN" {
		return nil, refuse(http.StatusBadRequest, "the subject lacks country or name")
	}
	return der, nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// pair answers both halves of a pair made here: section 4.4.2, without
// encryption beyond TLS.
func pair(made issued) (answer, error) {
	p7, err := certsOnly(made.cert)
	if err != nil {
		return answer{}, err
	}
	p8, err := x509.MarshalPKCS8PrivateKey(made.key)
	if err != nil {
		return answer{}, fmt.Errorf("encryption key: %w", err)
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for _, part := range []answer{{"application/pkcs8", p8}, {certOnly, p7}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{
			"Content-Type":              {part.kind},
			"Content-Transfer-Encoding": {"base64"},
		})
		if err != nil {
			return answer{}, err
		}
		w.Write(wrapLines(part.body)) //nolint:errcheck // a buffer does not fail
	}
	if err := parts.Close(); err != nil {
		return answer{}, err
	}
	return answer{"multipart/mixed; boundary=" + parts.Boundary(), body.Bytes()}, nil
}

// wrapLines is base64 in lines of 64 characters, as RFC 7030 shows it.
func wrapLines(der []byte) []byte {
	text := base64.StdEncoding.EncodeToString(der)
	var out bytes.Buffer
	for len(text) > 64 {
		out.WriteString(text[:64] + "\r\n")
		text = text[64:]
	}
	out.WriteString(text + "\r\n")
	return out.Bytes()
}

// certsOnly is a PKCS#7 SignedData without signers (RFC 5652, section 5,
// "degenerate"), holding certificates.
func certsOnly(certs ...[]byte) ([]byte, error) {
	type encapsulated struct{ ContentType asn1.ObjectIdentifier }
	type signed struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      encapsulated
		Certificates asn1.RawValue
		Signers      []asn1.RawValue `asn1:"set"`
	}
	type content struct {
		ContentType asn1.ObjectIdentifier
		Content     signed `asn1:"explicit,tag:0"`
	}
	return asn1.Marshal(content{
		ContentType: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		Content: signed{
			Version: 1,
			Content: encapsulated{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
			Certificates: asn1.RawValue{
				Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: bytes.Join(certs, nil),
			},
		},
	})
}
