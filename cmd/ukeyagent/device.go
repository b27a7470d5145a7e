// This file is what the steps need of a UKey, and how the right one is chosen.

package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"

	"certdesk/cmd/ukeyagent/token"
)

// driver finds keys.
type driver interface {
	List(ctx context.Context) ([]token.Info, error)
	Open(ctx context.Context, serial string) (device, error)
	Close() error
}

// device is an opened key.
type device interface {
	// Unlock tries the PIN once, and refuses without trying when that would be
	// the last try.
	Unlock(ctx context.Context, pin []byte) error
	ChangePIN(ctx context.Context, old, fresh []byte) error
	Container(name string) container
}

// container is the room of one order in a key. Each operation may be repeated.
type container interface {
	// Key returns [token.ErrNoKey] when there is no whole pair.
	Key(ctx context.Context, role token.Role) (token.Key, error)
	Generate(ctx context.Context) (token.Key, error)
	Put(ctx context.Context, role token.Role, cert *x509.Certificate) error
	Import(ctx context.Context, envelope token.Envelope, public *rsa.PublicKey) error
}

var (
	errNoDevice    = errors.New("ukeyagent: no key is plugged in")
	errManyDevices = errors.New("ukeyagent: more than one key is plugged in")
	errNoSuch      = errors.New("ukeyagent: no key with that serial")
)

// choose picks the key to work on; serial may be empty when only one is there.
// It refuses a key that cannot be worked on before anything is asked of anyone.
func choose(infos []token.Info, serial string) (token.Info, error) {
	var picked token.Info
	switch {
	case len(infos) == 0:
		return token.Info{}, errNoDevice
	case serial == "" && len(infos) > 1:
		return token.Info{}, errManyDevices
	case serial == "":
		picked = infos[0]
	default:
		found := false
		for _, info := range infos {
			if info.Serial == serial {
				picked, found = info, true
			}
		}
		if !found {
			return token.Info{}, errNoSuch
		}
	}
	switch {
	case picked.PIN == token.PINLocked:
		return token.Info{}, token.ErrPINLocked
	case picked.PIN == token.PINLast:
		return token.Info{}, token.ErrPINLast
	case len(picked.Formats) == 0:
		return token.Info{}, token.ErrUnsupported
	}
	return picked, nil
}

// listCommand prints the keys.
type listCommand struct {
	Module string `required:"" help:"Ukey 驱动（PKCS#11 模块）的完整路径。"`
}

// Run prints one line per key.
func (c *listCommand) Run(ctx context.Context, w *world) (err error) {
	keys, err := w.load(c.Module)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keys.Close()) }()
	infos, err := keys.List(ctx)
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		return errNoDevice
	}
	for _, info := range infos {
		fmt.Fprintln(w.out, line(info))
	}
	return nil
}

// line describes a key for its owner.
func line(info token.Info) string {
	text := fmt.Sprintf("序列号 %s  标签 %s  型号 %s", printable(info.Serial), printable(info.Label), printable(info.Model))
	switch info.PIN {
	case token.PINLow:
		text += "  （注意：密码最近输错过）"
	case token.PINLast:
		text += "  （注意：密码只剩最后一次机会）"
	case token.PINLocked:
		text += "  （密码已锁定）"
	}
	return text
}
