//go:build cgo

// This file opens an envelope inside the key: neither the key-encryption key
// nor the private key is ever in this program's memory.

package token

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"
)

// Import brings the private key of public into the key. One that is there
// already is left alone; another one under our identifier is replaced. An
// envelope that cannot be opened or holds another key is [ErrMismatch], and
// leaves nothing behind.
func (c *Container) Import(ctx context.Context, envelope Envelope, public *rsa.PublicKey) error {
	if len(envelope.KEK) == 0 || len(envelope.Key) == 0 {
		return fmt.Errorf("%w: envelope is empty", ErrMismatch)
	}
	_, err := with(ctx, c.s, "import encryption key", func() (struct{}, error) {
		return struct{}{}, c.importKey(envelope, public)
	})
	return err
}

func (c *Container) importKey(envelope Envelope, public *rsa.PublicKey) error {
	k, err := c.key(Enc)
	if err == nil && k.public.Equal(public) {
		return nil
	}
	if err != nil && !errors.Is(err, ErrNoKey) {
		return err
	}
	stale, err := c.objects(pkcs11.CKO_PRIVATE_KEY, Enc)
	if err != nil {
		return err
	}
	if err := c.s.destroy(stale); err != nil {
		return err
	}
	kek, err := c.unwrapKEK(envelope.KEK)
	if err != nil {
		return err
	}
	defer c.s.m.p.DestroyObject(c.s.handle, kek) //nolint:errcheck // a session object goes with the session
	fresh, err := c.unwrapPrivate(kek, envelope.Key)
	if err != nil {
		return err
	}
	if got, err := c.publicOf(fresh); err != nil || !got.Equal(public) {
		return errors.Join(ErrMismatch, err, c.s.destroy([]pkcs11.ObjectHandle{fresh}))
	}
	return nil
}

func (c *Container) unwrapKEK(sealed []byte) (pkcs11.ObjectHandle, error) {
	sign, err := c.key(Sign)
	if err != nil {
		return 0, err
	}
	oaep := pkcs11.NewOAEPParams(pkcs11.CKM_SHA_1, pkcs11.CKG_MGF1_SHA1, pkcs11.CKZ_DATA_SPECIFIED, nil)
	kek, err := c.s.m.p.UnwrapKey(c.s.handle,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_OAEP, oaep)}, sign.handle, sealed,
		[]*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
			pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
			pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
			pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, false),
			pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, false),
		})
	if err != nil {
		return 0, fmt.Errorf("%w: key-encryption key: %w", ErrMismatch, err)
	}
	return kek, nil
}

// unwrapPrivate tries each number under which the key may know RFC 5649. What
// code a wrong one gives differs from maker to maker, so every code moves on.
func (c *Container) unwrapPrivate(kek pkcs11.ObjectHandle, wrapped []byte) (pkcs11.ObjectHandle, error) {
	err := error(ErrUnsupported)
	for _, kwp := range c.s.kwp {
		var fresh pkcs11.ObjectHandle
		fresh, err = c.s.m.p.UnwrapKey(c.s.handle,
			[]*pkcs11.Mechanism{pkcs11.NewMechanism(kwp, nil)}, kek, wrapped,
			c.named(Enc,
				pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY),
				pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_RSA),
				pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
				pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
				pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
				pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
				pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
				pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
				pkcs11.NewAttribute(pkcs11.CKA_SIGN, false)))
		if err == nil {
			return fresh, nil
		}
	}
	return 0, fmt.Errorf("%w: private key: %w", ErrMismatch, err)
}
