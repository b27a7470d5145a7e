//go:build cgo

// This file loads a PKCS#11 module and gives it its one owner.

package token

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/miekg/pkcs11"
)

const (
	patience = 60 * time.Second // for one operation; hardware needs seconds to make a key
	closing  = 5 * time.Second  // for a call that the module is still in
)

// kwpNew is CKM_AES_KEY_WRAP_KWP. Newer PKCS#11 texts moved RFC 5649 there and
// gave the old number to PKCS#7 padding.
const kwpNew = 0x210B

// Module is a loaded PKCS#11 module.
type Module struct {
	p    *pkcs11.Ctx
	work chan func()
	quit chan struct{}
	done chan struct{}
}

// Load loads the module at an absolute path; a relative one is refused, so
// that nobody is made to run what lies in the current directory. A failure is
// [ErrModule].
func Load(path string) (*Module, error) {
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("%w: path is not absolute", ErrModule)
	}
	p := pkcs11.New(path)
	if p == nil {
		return nil, ErrModule
	}
	if err := p.Initialize(); err != nil {
		p.Destroy()
		return nil, fmt.Errorf("%w: %w", ErrModule, err)
	}
	m := &Module{p: p, work: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	go m.own()
	return m, nil
}

// own runs every call into the module, one after the other.
func (m *Module) own() {
	defer close(m.done)
	for {
		select {
		case task := <-m.work:
			task()
		case <-m.quit:
			m.p.Finalize() //nolint:errcheck // nothing is done with the module afterwards
			m.p.Destroy()
			return
		}
	}
}

// Close ends the module and every session of it. It gives up on a module that
// does not come back from a call.
func (m *Module) Close() error {
	close(m.quit)
	timer := time.NewTimer(closing)
	defer timer.Stop()
	select {
	case <-m.done:
		return nil
	case <-timer.C:
		return ErrSlow
	}
}

// call has the owner run a task. A call into a module cannot be stopped: when
// ctx or our patience ends first, its result is dropped.
func call[T any](ctx context.Context, m *Module, task func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	var none T
	answer := make(chan result, 1)
	select {
	case m.work <- func() { v, err := task(); answer <- result{v, err} }:
	case <-m.quit:
		return none, errors.New("token: module is closed")
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", ErrSlow, ctx.Err())
	}
	select {
	case r := <-answer:
		return r.value, r.err
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", ErrSlow, ctx.Err())
	}
}

// List describes the keys that are plugged in. Slots without an initialised
// key are left out.
func (m *Module) List(ctx context.Context) ([]Info, error) {
	return call(ctx, m, func() ([]Info, error) {
		slots, err := m.p.GetSlotList(true)
		if err != nil {
			return nil, fault("list keys", err)
		}
		var infos []Info
		for _, slot := range slots {
			about, err := m.p.GetTokenInfo(slot)
			if err != nil || about.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
				continue
			}
			info := Info{
				Serial: strings.TrimSpace(about.SerialNumber),
				Label:  strings.TrimSpace(about.Label),
				Model:  strings.TrimSpace(about.Model),
				PIN:    pinState(about.Flags),
			}
			if m.opensRSA(slot) {
				info.Formats = []string{FormatRSA}
			}
			infos = append(infos, info)
		}
		return infos, nil
	})
}

func pinState(flags uint) PINState {
	switch {
	case flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return PINLocked
	case flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
		return PINLast
	case flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0:
		return PINLow
	}
	return PINFine
}

func (m *Module) opensRSA(slot uint) bool {
	oaep, kwp := m.unwrapping(slot)
	return oaep && len(kwp) > 0
}

// unwrapping tells whether the key opens OAEP, and by which numbers it may
// know RFC 5649, the likeliest first.
func (m *Module) unwrapping(slot uint) (oaep bool, kwp []uint) {
	mechanisms, err := m.p.GetMechanismList(slot)
	if err != nil {
		return false, nil
	}
	var padded bool
	for _, mechanism := range mechanisms {
		switch mechanism.Mechanism {
		case pkcs11.CKM_RSA_PKCS_OAEP:
			oaep = true
		case kwpNew:
			kwp = append(kwp, kwpNew)
		case pkcs11.CKM_AES_KEY_WRAP_PAD:
			padded = true
		}
	}
	if padded {
		kwp = append(kwp, pkcs11.CKM_AES_KEY_WRAP_PAD)
	}
	return oaep, kwp
}

// faults translates return codes.
var faults = map[pkcs11.Error]error{
	pkcs11.CKR_PIN_INCORRECT:          ErrPINWrong,
	pkcs11.CKR_PIN_INVALID:            ErrPINLength,
	pkcs11.CKR_PIN_LEN_RANGE:          ErrPINLength,
	pkcs11.CKR_PIN_LOCKED:             ErrPINLocked,
	pkcs11.CKR_DEVICE_REMOVED:         ErrRemoved,
	pkcs11.CKR_DEVICE_ERROR:           ErrRemoved,
	pkcs11.CKR_TOKEN_NOT_PRESENT:      ErrRemoved,
	pkcs11.CKR_TOKEN_NOT_RECOGNIZED:   ErrRemoved,
	pkcs11.CKR_SESSION_HANDLE_INVALID: ErrRemoved,
	pkcs11.CKR_SESSION_CLOSED:         ErrRemoved,
	pkcs11.CKR_DEVICE_MEMORY:          ErrFull,
	pkcs11.CKR_MECHANISM_INVALID:      ErrUnsupported,
}

// fault says what we were doing, and what the code means when we know.
func fault(doing string, err error) error {
	if err == nil {
		return nil
	}
	if code, ok := errors.AsType[pkcs11.Error](err); ok {
		if known := faults[code]; known != nil {
			return fmt.Errorf("%w: %s: %w", known, doing, err)
		}
	}
	return fmt.Errorf("token: %s: %w", doing, err)
}
