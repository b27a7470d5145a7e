//go:build cgo

// This file joins package token to the interfaces of the steps.

package main

import (
	"context"

	"certdesk/cmd/ukeyagent/token"
)

type module struct{ *token.Module }

type session struct{ *token.Session }

func load(path string) (driver, error) {
	m, err := token.Load(path)
	if err != nil {
		return nil, err
	}
	return module{m}, nil
}

// Open opens a key of the module.
func (m module) Open(ctx context.Context, serial string) (device, error) {
	s, err := m.Module.Open(ctx, serial)
	if err != nil {
		return nil, err
	}
	return session{s}, nil
}

// Container names a room in the key.
func (s session) Container(name string) container { return s.Session.Container(name) }
