// A small double of the service's side of an activation: one order, the real
// authority client, and a lab authority behind it. It keeps the promises of
// package activation that the tool relies on.

package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/activation"
	"certdesk/server/ca"
	"certdesk/server/ca/catest"
)

const smsCode = "246810"

type desk struct {
	authority *catest.CA
	client    *ca.Client
	web       *httptest.Server

	mu        sync.Mutex
	codes     map[string]bool // activation codes, true when used
	bearer    string
	serial    string
	allowed   bool
	key       []byte // SubjectPublicKeyInfo
	answer    *activation.CertifyAnswer
	step      activation.Step
	nonce     []byte
	secret    []byte
	activated bool
	heard     []activation.StepRequest
	smsTries  int

	spoil func(*activation.CertifyAnswer) // changes what is sent, not what is stored
	trick func(*activation.ChallengeAnswer)
	hold  func(path string, s activation.StepRequest, after bool) // called before and after each call is served
}

// newDesk starts the service on plain HTTP at a loopback address.
func newDesk(t *testing.T) *desk {
	t.Helper()
	authority, err := catest.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	url, err := authority.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { authority.Close() })
	client, err := ca.New(ca.Config{
		URL: url, RootPEM: authority.RootPEM(), User: catest.User, Password: flows.Conceal(catest.Password),
	}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{authority: authority, client: client, codes: map[string]bool{}}
	d.web = httptest.NewServer(d)
	t.Cleanup(d.web.Close)
	return d
}

// code makes a fresh activation code.
func (d *desk) code() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := fmt.Sprintf("CODE-%04d", len(d.codes)+1)
	d.codes[code] = false
	return code
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, activation.MaxBody)).Decode(&body); err != nil || r.Method != http.MethodPost {
		refuse(w, 400, activation.BadRequest)
		return
	}
	var step activation.StepRequest
	if r.URL.Path == activation.StepPath {
		json.Unmarshal(body, &step)
	}
	if d.hold != nil {
		d.hold(r.URL.Path, step, false)
	}
	status, answer := d.serve(r, body)
	if d.hold != nil {
		d.hold(r.URL.Path, step, true)
	}
	if no, ok := answer.(activation.Error); ok {
		no.Message = "拒绝：" + string(no.Code)
		answer = no
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, status int, code activation.Code) {
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(activation.Error{Code: code, Message: "拒绝"})
}

func no(status int, code activation.Code) (int, any) { return status, activation.Error{Code: code} }

func (d *desk) serve(r *http.Request, body []byte) (int, any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.URL.Path == activation.BeginPath {
		return d.begin(body)
	}
	if d.bearer == "" || r.Header.Get("Authorization") != "Bearer "+d.bearer {
		return no(401, activation.Unauthorised)
	}
	switch r.URL.Path {
	case activation.DevicePath:
		var q activation.DeviceRequest
		json.Unmarshal(body, &q)
		if d.serial != "" && d.serial != q.Serial {
			return no(409, activation.OtherDevice)
		}
		d.serial = q.Serial
		return 200, activation.Empty{}
	case activation.CodePath:
		return 200, activation.CodeAnswer{Mobile: "138****0000", Word: "青松", ResendInSeconds: 60}
	case activation.AuthorisePath:
		var q activation.AuthoriseRequest
		json.Unmarshal(body, &q)
		if q.Code != smsCode {
			d.smsTries++
			return 403, activation.Error{Code: activation.WrongSMSCode, TriesLeft: 5 - d.smsTries}
		}
		d.allowed = true
		return 200, activation.AuthoriseAnswer{TriesLeft: 5}
	}
	if !d.allowed {
		return no(403, activation.NotAllowed)
	}
	switch r.URL.Path {
	case activation.StepPath:
		return d.report(body)
	case activation.CertifyPath:
		return d.certify(r.Context(), body)
	case activation.ChallengePath:
		return d.challenge()
	case activation.ProvePath:
		return d.prove(body)
	}
	return no(404, activation.BadRequest)
}

func (d *desk) begin(body []byte) (int, any) {
	var q activation.BeginRequest
	json.Unmarshal(body, &q)
	used, known := d.codes[q.Code]
	if !known {
		return no(404, activation.UnknownCode)
	}
	if used {
		return no(410, activation.UsedCode)
	}
	d.codes[q.Code] = true
	d.bearer, d.allowed = rand.Text(), false
	return 200, activation.BeginAnswer{
		Token: d.bearer, OrderNo: "20261123-0001", Account: "zh****@example.com", Subject: "张*", Mobile: "138****0000",
		Container: "order-0001", Step: int(d.step), ChainSHA256: d.client.Fingerprint(), ExpiresAt: time.Now().Add(time.Hour),
	}
}

func (d *desk) report(body []byte) (int, any) {
	var q activation.StepRequest
	json.Unmarshal(body, &q)
	if q.Step < 1 || q.Step > 5 || q.Step > d.step+1 {
		return no(409, activation.OutOfOrder)
	}
	d.heard = append(d.heard, q)
	if q.State == activation.Done {
		d.step = max(d.step, q.Step)
	}
	return 200, activation.Empty{}
}

func (d *desk) certify(ctx context.Context, body []byte) (int, any) {
	var q activation.CertifyRequest
	json.Unmarshal(body, &q)
	csr, err := x509.ParseCertificateRequest(q.CSR)
	if err != nil || q.Serial != d.serial {
		return no(400, activation.BadRequest)
	}
	if d.key != nil && !bytes.Equal(d.key, csr.RawSubjectPublicKeyInfo) {
		return no(409, activation.OtherKey)
	}
	if d.answer == nil {
		got, err := d.client.Issue(context.WithoutCancel(ctx), "20261123-0001", flows.Subject{Name: flows.Conceal("张三丰")}, q.CSR, q.Formats)
		if err != nil {
			return no(503, activation.Unavailable)
		}
		d.key = csr.RawSubjectPublicKeyInfo
		d.answer = &activation.CertifyAnswer{
			SignCert: got.SignCert, EncCert: got.EncCert, Chain: got.Chain,
			Envelope: activation.Envelope{Format: got.Envelope.Format, KEK: got.Envelope.KEK, Key: got.Envelope.Key},
		}
	}
	sent := *d.answer
	if d.spoil != nil {
		d.spoil(&sent)
	}
	return 200, sent
}

func (d *desk) challenge() (int, any) {
	if d.answer == nil {
		return no(409, activation.OutOfOrder)
	}
	enc, err := x509.ParseCertificate(d.answer.EncCert)
	if err != nil {
		return no(500, activation.Unavailable)
	}
	d.nonce, d.secret = []byte(rand.Text()), []byte(rand.Text())
	//lint:ignore SA1019 the service challenges with PKCS #1 v1.5, because every UKey has it
	ciphertext, err := rsa.EncryptPKCS1v15(rand.Reader, enc.PublicKey.(*rsa.PublicKey), d.secret)
	if err != nil {
		return no(500, activation.Unavailable)
	}
	asked := activation.ChallengeAnswer{Nonce: d.nonce, Ciphertext: ciphertext}
	if d.trick != nil {
		d.trick(&asked)
	}
	return 200, asked
}

func (d *desk) prove(body []byte) (int, any) {
	var q activation.ProveRequest
	json.Unmarshal(body, &q)
	if d.step < activation.ImportEncKey {
		return no(409, activation.OutOfOrder)
	}
	sign, err := x509.ParseCertificate(d.answer.SignCert)
	if err != nil {
		return no(500, activation.Unavailable)
	}
	digest := sha256.Sum256(d.nonce)
	if rsa.VerifyPKCS1v15(sign.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], q.Signature) != nil || !bytes.Equal(q.Plaintext, d.secret) {
		return no(422, activation.WrongProof)
	}
	d.activated = true
	return 200, activation.ProveAnswer{Activated: true}
}

func (d *desk) isActivated() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.activated
}

// progress is what the chat would have shown, "1 started, 1 done, ...".
func (d *desk) progress() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var words []string
	for _, s := range d.heard {
		words = append(words, fmt.Sprintf("%d %s", s.Step, s.State))
	}
	return strings.Join(words, ", ")
}

// counts is how many certificates of each kind the authority issued.
func (d *desk) counts() map[string]int {
	counts := map[string]int{}
	for _, entry := range d.authority.Books() {
		counts[entry.Label]++
	}
	return counts
}
