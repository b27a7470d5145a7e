// This file is the five steps (M115 to M119). Each looks at what is there and
// does what is missing, so that a run may be cut off anywhere and repeated.

package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/server/activation"
)

var (
	// errKeyLost is returned when the service has a certificate for a key pair
	// that is no longer in the UKey.
	errKeyLost = errors.New("ukeyagent: the order's key pair is gone")
	// errUnproven is returned when the service does not take the proof.
	errUnproven = errors.New("ukeyagent: service did not activate")
)

// maker makes one order in one key.
type maker struct {
	*world
	api   *service
	room  container
	begun activation.BeginAnswer
	info  token.Info

	key    token.Key      // after step 1
	public *rsa.PublicKey // of key
	issued issued         // after step 2
}

// run does the steps in order and reports each.
func (m *maker) run(ctx context.Context) error {
	steps := []func(context.Context) error{m.makeKey, m.request, m.importCert, m.importKey, m.prove}
	for i, act := range steps {
		if err := m.step(ctx, activation.Step(i+1), act); err != nil {
			return err
		}
	}
	return nil
}

// step prints a step as the manual shows it: its line, and a tick once done.
func (m *maker) step(ctx context.Context, step activation.Step, act func(context.Context) error) error {
	fmt.Fprintf(m.out, "%d.%s", step, step.Name())
	err := m.report(ctx, activation.StepRequest{Step: step, State: activation.Started})
	if err == nil {
		err = act(ctx)
	}
	if err == nil {
		err = m.report(ctx, activation.StepRequest{Step: step, State: activation.Done})
	}
	if err == nil {
		fmt.Fprintln(m.out, " ✓")
		return nil
	}
	fmt.Fprintln(m.out, " ✗")
	words, _ := explain(err)
	// The applicant's chat should hear of it, but what went wrong stays what it is.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	failed := activation.StepRequest{Step: step, State: activation.Failed, Detail: words}
	m.api.once(last, activation.StepPath, failed, &activation.Empty{}) //nolint:errcheck // see above
	return fmt.Errorf("step %d: %w", step, err)
}

func (m *maker) report(ctx context.Context, r activation.StepRequest) error {
	return m.api.again(ctx, activation.StepPath, r, &activation.Empty{})
}

// makeKey makes the signing pair. Once the service holds a certificate for it,
// a missing pair is not replaced: the order belongs to the old one.
func (m *maker) makeKey(ctx context.Context) error {
	key, err := m.room.Key(ctx, token.Sign)
	if errors.Is(err, token.ErrNoKey) {
		if m.begun.Step >= int(activation.RequestCerts) {
			return errKeyLost
		}
		key, err = m.room.Generate(ctx)
	}
	if err != nil {
		return err
	}
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return token.ErrUnsupported
	}
	m.key, m.public = key, public
	return nil
}

// request has both certificates made, or sent again. The request names the
// container and nobody: the service knows who it is for.
func (m *maker) request(ctx context.Context) error {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:            pkix.Name{CommonName: m.begun.Container},
		SignatureAlgorithm: x509.SHA256WithRSA,
	}, m.key)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	var answer activation.CertifyAnswer
	question := activation.CertifyRequest{CSR: csr, Formats: m.info.Formats, Serial: m.info.Serial}
	if err := m.api.again(ctx, activation.CertifyPath, question, &answer); err != nil {
		return err
	}
	m.issued, err = verify(answer, m.public, m.begun.ChainSHA256, m.now())
	return err
}

func (m *maker) importCert(ctx context.Context) error {
	return m.room.Put(ctx, token.Sign, m.issued.sign)
}

// importKey writes the encryption certificate last: its presence says that the
// step is done.
func (m *maker) importKey(ctx context.Context) error {
	if err := m.room.Import(ctx, m.issued.envelope, m.issued.encKey); err != nil {
		return err
	}
	return m.room.Put(ctx, token.Enc, m.issued.enc)
}

// prove shows the service that both private keys work, which activates.
func (m *maker) prove(ctx context.Context) error {
	enc, err := m.room.Key(ctx, token.Enc)
	if err != nil {
		return err
	}
	var asked activation.ChallengeAnswer
	if err := m.api.again(ctx, activation.ChallengePath, activation.Empty{}, &asked); err != nil {
		return err
	}
	if len(asked.Nonce) < minNonce || len(asked.Nonce) > maxNonce || len(asked.Ciphertext) != m.issued.encKey.Size() {
		return fmt.Errorf("challenge: %w", errUnfit)
	}
	digest := sha256.Sum256(asked.Nonce)
	signature, err := m.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return err
	}
	plaintext, err := enc.Decrypt(rand.Reader, asked.Ciphertext, nil)
	if err != nil {
		return err
	}
	var proven activation.ProveAnswer
	answer := activation.ProveRequest{Signature: signature, Plaintext: plaintext}
	if err := m.api.again(ctx, activation.ProvePath, answer, &proven); err != nil {
		return err
	}
	if !proven.Activated {
		return errUnproven
	}
	return nil
}
