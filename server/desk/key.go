package desk

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"certdesk/flows"
)

// The making of a certificate, as the tool on the applicant's PC asks for it,
// step by step. The ledger keeps the order of the steps, the one device and the
// one key of an order; this file asks the authority and checks the proofs.

// RedeemTicket begins: the code from the chat opens one session.
func (d *Desk) RedeemTicket(ctx context.Context, code flows.Secret, pc string) (Session, error) {
	return d.cfg.Ledger.Redeem(ctx, code, pc, d.cfg.Now())
}

// KeySession returns the open session of a bearer token.
func (d *Desk) KeySession(ctx context.Context, token flows.Secret) (Session, error) {
	return d.cfg.Ledger.Session(ctx, token, d.cfg.Now())
}

// ChangeKey notes a device or a step.
func (d *Desk) ChangeKey(ctx context.Context, s Session, change KeyChange) (Session, error) {
	return d.cfg.Ledger.Change(ctx, s, change, d.cfg.Now())
}

// TextKeyCode sends the authorisation code to the handler's telephone (M111,
// M112). Asked again within a minute it leaves the code that is on its way, and
// sends the one that did not get out. A [*flows.RefusedError] says when another
// can be had. The word is the one in the message; empty when it has none.
func (d *Desk) TextKeyCode(ctx context.Context, s Session) (word string, err error) {
	code, err := d.newCode(ctx, s.Talk, flows.SendCode{Purpose: flows.PurposeActivate}, "key/"+s.OrderNo+"/"+rand.Text())
	if err != nil || code.Sent {
		return code.Word, err
	}
	if err := d.cfg.Partners.Texter.Code(ctx, code.OneTime); err != nil {
		return "", err
	}
	return code.Word, d.cfg.Ledger.CodeSent(ctx, code.ID)
}

// AuthoriseKey takes the code that the telephone received, once: who did not
// hear the answer may say it again. [ErrWrong] comes with the tries that are
// left.
func (d *Desk) AuthoriseKey(ctx context.Context, s Session, code flows.Secret) (left int, err error) {
	if s.Authorised {
		return 0, nil
	}
	left, err = d.cfg.Ledger.CheckCode(ctx, s.Talk, flows.PurposeActivate, code, d.cfg.Now())
	if err != nil {
		return left, err
	}
	_, err = d.ChangeKey(ctx, s, KeyChange{Authorise: &struct{}{}})
	return left, err
}

// CertifyKey has the token's public key certified. The key is bound to the
// order before the authority is asked, and its answer is stored before it is
// used; the same request gets the same answer, another key is [ErrOther]. When
// the answer was lost before it was stored, the authority is asked again under
// the order's number and gives what it issued then.
func (d *Desk) CertifyKey(ctx context.Context, s Session, csr []byte, formats []string) (flows.Issued, error) {
	request, err := x509.ParseCertificateRequest(csr)
	if err != nil || request.CheckSignature() != nil {
		return flows.Issued{}, fmt.Errorf("%w: the certificate request", ErrWrong)
	}
	s, err = d.ChangeKey(ctx, s, KeyChange{PublicKey: request.RawSubjectPublicKeyInfo})
	if err != nil {
		return flows.Issued{}, err
	}
	if s.Issued != nil {
		return *s.Issued, nil
	}
	issued, err := d.cfg.Partners.Authority.Issue(ctx, s.OrderNo, s.Subject, csr, formats)
	if err != nil {
		return flows.Issued{}, err
	}
	s, err = d.ChangeKey(ctx, s, KeyChange{Issued: &issued})
	if err != nil {
		return flows.Issued{}, err
	}
	return *s.Issued, nil
}

// ChallengeKey sets what both keys must prove: a nonce to be signed, and a
// secret under the encryption certificate to be recovered.
func (d *Desk) ChallengeKey(ctx context.Context, s Session) (nonce, ciphertext []byte, err error) {
	if s.Issued == nil {
		return nil, nil, ErrUnknown
	}
	public, err := rsaKey(s.Issued.EncCert)
	if err != nil {
		return nil, nil, err
	}
	c := Challenge{Nonce: make([]byte, 32), Plain: make([]byte, 32)}
	rand.Read(c.Nonce)
	rand.Read(c.Plain)
	//lint:ignore SA1019 every UKey has PKCS #1 v1.5, few have OAEP; the secret is random, used once, and nothing answers to its padding
	ciphertext, err = rsa.EncryptPKCS1v15(rand.Reader, public, c.Plain)
	if err != nil {
		return nil, nil, fmt.Errorf("desk: challenge: %w", err)
	}
	if _, err := d.ChangeKey(ctx, s, KeyChange{Challenge: &c}); err != nil {
		return nil, nil, err
	}
	return c.Nonce, ciphertext, nil
}

// ProveKey checks the answer to the challenge. When both keys are where they
// belong, the certificate is activated.
func (d *Desk) ProveKey(ctx context.Context, s Session, signature, plain []byte) error {
	if s.Issued == nil || len(s.Nonce) == 0 {
		return ErrUnknown
	}
	public, err := rsaKey(s.Issued.SignCert)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(s.Nonce)
	if rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) != nil {
		return fmt.Errorf("%w: the signature of the UKey", ErrWrong)
	}
	if subtle.ConstantTimeCompare(plain, s.Plain) != 1 {
		return fmt.Errorf("%w: the encryption key of the UKey", ErrWrong)
	}
	_, err = d.ChangeKey(ctx, s, KeyChange{Finished: &struct{}{}})
	return err
}

func rsaKey(der []byte) (*rsa.PublicKey, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("desk: stored certificate: %w", err)
	}
	public, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("desk: stored certificate: not an RSA key")
	}
	return public, nil
}

// Chain returns the certificates above those of a session, the authority's
// root last.
func (s Session) Chain() [][]byte {
	if s.Issued == nil {
		return nil
	}
	return slices.Clone(s.Issued.Chain)
}
