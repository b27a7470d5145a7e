//go:build cgo

// This file opens one key and its PIN.

package token

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"
)

// Session is one key, opened. It ends with its [Module].
type Session struct {
	m      *Module
	handle pkcs11.SessionHandle
	slot   uint
	serial string
	kwp    []uint // numbers to try for RFC 5649
}

// Open opens the key with a serial. A key that is not there is [ErrRemoved].
func (m *Module) Open(ctx context.Context, serial string) (*Session, error) {
	return call(ctx, m, func() (*Session, error) {
		slots, err := m.p.GetSlotList(true)
		if err != nil {
			return nil, fault("list keys", err)
		}
		for _, slot := range slots {
			s := &Session{m: m, slot: slot, serial: serial}
			if _, err := s.present(); err != nil {
				continue
			}
			_, s.kwp = m.unwrapping(slot)
			s.handle, err = m.p.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
			if err != nil {
				return nil, fault("open key", err)
			}
			return s, nil
		}
		return nil, ErrRemoved
	})
}

// present looks whether our key is still in its slot. An empty search proves
// nothing before that: modules find nothing in a key that was pulled out.
func (s *Session) present() (pkcs11.TokenInfo, error) {
	about, err := s.m.p.GetTokenInfo(s.slot)
	if err != nil {
		return about, fmt.Errorf("%w: %w", ErrRemoved, err)
	}
	if about.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 || strings.TrimSpace(about.SerialNumber) != s.serial {
		return about, ErrRemoved
	}
	return about, nil
}

// with runs a task while our key is in its slot, and tells a key that was
// pulled out in the middle from one that is broken.
func with[T any](ctx context.Context, s *Session, doing string, task func() (T, error)) (T, error) {
	return call(ctx, s.m, func() (T, error) {
		var none T
		if _, err := s.present(); err != nil {
			return none, err
		}
		value, err := task()
		if err == nil {
			return value, nil
		}
		if _, gone := s.present(); gone != nil {
			return none, gone
		}
		return none, fault(doing, err)
	})
}

// Unlock tries the PIN, once. It refuses with [ErrPINLength], [ErrPINLocked]
// and [ErrPINLast] before the key has counted a try, and returns
// [ErrPINWrong] after it did; a try that locked the key is ErrPINLocked.
func (s *Session) Unlock(ctx context.Context, pin []byte) error {
	_, err := with(ctx, s, "log in", func() (struct{}, error) {
		about, err := s.present()
		if err != nil {
			return struct{}{}, err
		}
		switch pinState(about.Flags) {
		case PINLocked:
			return struct{}{}, ErrPINLocked
		case PINLast:
			return struct{}{}, ErrPINLast
		}
		if !lengthFits(pin, about) {
			return struct{}{}, ErrPINLength
		}
		// A key that is already open answers without looking at the PIN.
		s.m.p.Logout(s.handle) //nolint:errcheck // not being logged in is what we want
		return struct{}{}, s.m.p.Login(s.handle, pkcs11.CKU_USER, string(pin))
	})
	if errors.Is(err, ErrPINWrong) && s.lockedNow(ctx) {
		return fmt.Errorf("%w: %w", ErrPINLocked, err)
	}
	return err
}

func (s *Session) lockedNow(ctx context.Context) bool {
	about, err := call(ctx, s.m, s.present)
	return err == nil && pinState(about.Flags) == PINLocked
}

func lengthFits(pin []byte, about pkcs11.TokenInfo) bool {
	n := uint(len(pin))
	return n > 0 && n >= about.MinPinLen && n <= about.MaxPinLen
}

// ChangePIN replaces the PIN of an unlocked key. A new one that the key cannot
// take is [ErrPINLength].
func (s *Session) ChangePIN(ctx context.Context, old, fresh []byte) error {
	_, err := with(ctx, s, "change PIN", func() (struct{}, error) {
		about, err := s.present()
		if err != nil {
			return struct{}{}, err
		}
		if !lengthFits(old, about) || !lengthFits(fresh, about) {
			return struct{}{}, ErrPINLength
		}
		return struct{}{}, s.m.p.SetPIN(s.handle, string(old), string(fresh))
	})
	return err
}

// find returns the objects that match, at most 64.
func (s *Session) find(template ...*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := s.m.p.FindObjectsInit(s.handle, template); err != nil {
		return nil, err
	}
	found, _, err := s.m.p.FindObjects(s.handle, 64)
	return found, errors.Join(err, s.m.p.FindObjectsFinal(s.handle))
}

// attribute reads one attribute of an object.
func (s *Session) attribute(object pkcs11.ObjectHandle, kind uint) ([]byte, error) {
	values, err := s.m.p.GetAttributeValue(s.handle, object, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil {
		return nil, err
	}
	return values[0].Value, nil
}

// destroy removes objects.
func (s *Session) destroy(objects []pkcs11.ObjectHandle) error {
	for _, object := range objects {
		if err := s.m.p.DestroyObject(s.handle, object); err != nil {
			return err
		}
	}
	return nil
}
