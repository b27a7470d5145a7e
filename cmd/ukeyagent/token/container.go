//go:build cgo

// This file is the container: what the five steps do to the key.

package token

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"
)

// modulusBits is the size of the signing key; the authority takes no less.
const modulusBits = 2048

// Container is the room in a key for one order.
type Container struct {
	s    *Session
	name string
}

// Container names the room; it is made by what is put into it.
func (s *Session) Container(name string) *Container { return &Container{s, name} }

// named adds identifier and label to a template.
func (c *Container) named(role Role, rest ...*pkcs11.Attribute) []*pkcs11.Attribute {
	return append(rest,
		pkcs11.NewAttribute(pkcs11.CKA_ID, ID(c.name, role)),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, c.name))
}

func (c *Container) objects(class uint, role Role) ([]pkcs11.ObjectHandle, error) {
	return c.s.find(
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_ID, ID(c.name, role)))
}

// Key returns the private key of a role. [ErrNoKey] means that there is none,
// or, for signing, that the pair is not whole.
func (c *Container) Key(ctx context.Context, role Role) (Key, error) {
	k, err := with(ctx, c.s, "find key", func() (*privateKey, error) { return c.key(role) })
	if err != nil {
		return nil, err
	}
	return k, nil
}

func (c *Container) key(role Role) (*privateKey, error) {
	private, err := c.objects(pkcs11.CKO_PRIVATE_KEY, role)
	if err != nil {
		return nil, err
	}
	if len(private) != 1 {
		return nil, ErrNoKey
	}
	public, err := c.publicOf(private[0])
	if err != nil {
		return nil, err
	}
	if role == Sign {
		halves, err := c.objects(pkcs11.CKO_PUBLIC_KEY, role)
		if err != nil {
			return nil, err
		}
		if len(halves) != 1 {
			return nil, ErrNoKey
		}
		other, err := c.publicOf(halves[0])
		if err != nil {
			return nil, err
		}
		if !other.Equal(public) {
			return nil, ErrNoKey
		}
	}
	return &privateKey{s: c.s, handle: private[0], public: public, role: role}, nil
}

func (c *Container) publicOf(object pkcs11.ObjectHandle) (*rsa.PublicKey, error) {
	modulus, err := c.s.attribute(object, pkcs11.CKA_MODULUS)
	if err != nil {
		return nil, err
	}
	exponent, err := c.s.attribute(object, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes(exponent)
	if len(modulus) == 0 || !e.IsInt64() || e.Int64() < 3 || e.BitLen() > 31 {
		return nil, errors.New("public key cannot be read")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e.Int64())}, nil
}

// Generate makes the signing pair inside the key, where it stays. A whole pair
// is left alone and returned. A half one is removed first, with its
// certificate: call it only while nobody relies on that pair.
func (c *Container) Generate(ctx context.Context) (Key, error) {
	k, err := with(ctx, c.s, "generate key pair", func() (*privateKey, error) {
		if k, err := c.key(Sign); !errors.Is(err, ErrNoKey) {
			return k, err
		}
		left, err := c.s.find(pkcs11.NewAttribute(pkcs11.CKA_ID, ID(c.name, Sign)))
		if err != nil {
			return nil, err
		}
		if err := c.s.destroy(left); err != nil {
			return nil, err
		}
		_, _, err = c.s.m.p.GenerateKeyPair(c.s.handle,
			[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, nil)},
			c.named(Sign,
				pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
				pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
				pkcs11.NewAttribute(pkcs11.CKA_MODULUS_BITS, modulusBits),
				pkcs11.NewAttribute(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}),
				pkcs11.NewAttribute(pkcs11.CKA_VERIFY, true),
				pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, false),
				pkcs11.NewAttribute(pkcs11.CKA_WRAP, false)),
			c.named(Sign,
				pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
				pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
				pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
				pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
				pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
				pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
				pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, false),
				pkcs11.NewAttribute(pkcs11.CKA_SIGN_RECOVER, false)))
		if err != nil {
			return nil, err
		}
		return c.key(Sign)
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// Put writes the certificate of a role. The same one is not written twice;
// another one under our identifier is replaced.
func (c *Container) Put(ctx context.Context, role Role, cert *x509.Certificate) error {
	_, err := with(ctx, c.s, "write certificate", func() (struct{}, error) { return struct{}{}, c.put(role, cert) })
	return err
}

func (c *Container) put(role Role, cert *x509.Certificate) error {
	found, err := c.objects(pkcs11.CKO_CERTIFICATE, role)
	if err != nil {
		return err
	}
	written := false
	var stale []pkcs11.ObjectHandle
	for _, object := range found {
		value, err := c.s.attribute(object, pkcs11.CKA_VALUE)
		if err != nil {
			return err
		}
		if !written && bytes.Equal(value, cert.Raw) {
			written = true
			continue
		}
		stale = append(stale, object)
	}
	if err := c.s.destroy(stale); err != nil || written {
		return err
	}
	serial, err := asn1.Marshal(cert.SerialNumber)
	if err != nil {
		return fmt.Errorf("serial number: %w", err)
	}
	_, err = c.s.m.p.CreateObject(c.s.handle, c.named(role,
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
		pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, cert.RawSubject),
		pkcs11.NewAttribute(pkcs11.CKA_ISSUER, cert.RawIssuer),
		pkcs11.NewAttribute(pkcs11.CKA_SERIAL_NUMBER, serial),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE, cert.Raw)))
	return err
}
