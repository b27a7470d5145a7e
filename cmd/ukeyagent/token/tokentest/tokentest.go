// Package tokentest makes UKeys out of SoftHSM2: the factory of the tests and
// of the demo. A key is initialised, labelled and given the PIN 111111, as the
// manual says keys arrive (M113, M121).
//
// It runs softhsm2-util as a separate program and shares neither PKCS#11 nor
// cryptography with package token. It writes only in the directory it is given.
package tokentest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// The PINs of a new key.
const (
	PIN   = "111111"
	SOPIN = "87654321"
)

// ErrAbsent is returned when SoftHSM2 is not installed; its text says how to
// get it.
var ErrAbsent = errors.New("tokentest: SoftHSM2 is absent: install the Debian packages softhsm2 and libsofthsm2")

// Token is a key in a directory.
type Token struct {
	Module string // path of the PKCS#11 module
	Conf   string // path of softhsm2.conf
	Label  string
	Serial string
}

// Env is the environment entry that makes the module of a process see the
// keys of this directory.
func (t Token) Env() string { return "SOFTHSM2_CONF=" + t.Conf }

// Module finds the PKCS#11 module where distributions install it.
func Module() (string, error) {
	for _, pattern := range []string{
		"/usr/lib/*/softhsm/libsofthsm2.so",
		"/usr/lib/softhsm/libsofthsm2.so",
		"/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so",
		"/usr/local/lib/softhsm/libsofthsm2.so",
		"/opt/homebrew/lib/softhsm/libsofthsm2.so",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", fmt.Errorf("tokentest: module: %w", err)
		}
		if len(found) > 0 {
			return found[0], nil
		}
	}
	return "", ErrAbsent
}

// Make initialises a key with a label in dir, which it makes when needed. More
// keys may be made in one directory, each with a label of its own. It refuses
// a label that is there already, and a path with an equals sign or a newline,
// which SoftHSM's configuration cannot hold.
func Make(ctx context.Context, dir, label string) (Token, error) {
	module, err := Module()
	if err != nil {
		return Token{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil || strings.ContainsAny(dir, "=\r\n") {
		return Token{}, errors.Join(errors.New("tokentest: directory is not usable"), err)
	}
	t := Token{Module: module, Conf: filepath.Join(dir, "softhsm2.conf"), Label: label}
	tokens := filepath.Join(dir, "tokens")
	if err := os.MkdirAll(tokens, 0o700); err != nil {
		return Token{}, fmt.Errorf("tokentest: directory: %w", err)
	}
	conf := "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nslots.removable = true\nlog.level = ERROR\n"
	if err := os.WriteFile(t.Conf, []byte(conf), 0o600); err != nil {
		return Token{}, fmt.Errorf("tokentest: configuration: %w", err)
	}
	if t.Serial, err = t.find(ctx); err != nil {
		return Token{}, err
	}
	if t.Serial != "" {
		return Token{}, fmt.Errorf("tokentest: key %q is there already", label)
	}
	if _, err := t.run(ctx, "--init-token", "--free", "--label", label, "--so-pin", SOPIN, "--pin", PIN); err != nil {
		return Token{}, err
	}
	if t.Serial, err = t.find(ctx); err != nil {
		return Token{}, err
	}
	if t.Serial == "" {
		return Token{}, fmt.Errorf("tokentest: key %q cannot be found after it was made", label)
	}
	return t, nil
}

// Find returns the key with a label that an earlier run made in dir.
func Find(ctx context.Context, dir, label string) (Token, error) {
	module, err := Module()
	if err != nil {
		return Token{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Token{}, fmt.Errorf("tokentest: directory: %w", err)
	}
	t := Token{Module: module, Conf: filepath.Join(dir, "softhsm2.conf"), Label: label}
	if t.Serial, err = t.find(ctx); err != nil {
		return Token{}, err
	}
	if t.Serial == "" {
		return Token{}, fmt.Errorf("tokentest: no key %q", label)
	}
	return t, nil
}

var field = regexp.MustCompile(`(?m)^\s*(Serial number|Label|Initialized):[ \t]*(.*?)[ \t]*$`)

// find reads the serial of the initialised key with our label from the list of
// slots, or nothing.
func (t Token) find(ctx context.Context) (string, error) {
	out, err := t.run(ctx, "--show-slots")
	if err != nil {
		return "", err
	}
	for _, slot := range strings.Split(out, "\nSlot ")[1:] {
		about := map[string]string{}
		for _, m := range field.FindAllStringSubmatch(slot, -1) {
			about[m[1]] = m[2]
		}
		if about["Initialized"] == "yes" && about["Label"] == t.Label {
			return about["Serial number"], nil
		}
	}
	return "", nil
}

func (t Token) run(ctx context.Context, args ...string) (string, error) {
	tool, err := exec.LookPath("softhsm2-util")
	if err != nil {
		return "", ErrAbsent
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), t.Env())
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tokentest: softhsm2-util %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
