// Keys that fail in ways that SoftHSM cannot: locked, about to lock, pulled
// out between two operations. The fake sits behind the tool's own interfaces.

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"certdesk/cmd/ukeyagent/token"
	"certdesk/server/activation"
)

// softKey is a driver, a device and a container with keys in memory.
type softKey struct {
	info    token.Info
	unlock  error            // what Unlock says
	failing map[string]error // by operation
	unlocks int
	changed []byte
	private *rsa.PrivateKey
	log     []string
}

func newSoftKey() *softKey {
	return &softKey{info: token.Info{Serial: "5EED", Label: "UKEY", Model: "fake", Formats: []string{token.FormatRSA}}}
}

func (k *softKey) List(context.Context) ([]token.Info, error) {
	return []token.Info{k.info}, k.fail("List")
}
func (k *softKey) Open(context.Context, string) (device, error) { return k, k.fail("Open") }
func (k *softKey) Close() error                                 { return nil }
func (k *softKey) Container(string) container                   { return k }
func (k *softKey) Unlock(context.Context, []byte) error         { k.unlocks++; return k.unlock }
func (k *softKey) ChangePIN(_ context.Context, _, fresh []byte) error {
	k.changed = bytes.Clone(fresh)
	return k.fail("ChangePIN")
}

func (k *softKey) fail(operation string) error {
	k.log = append(k.log, operation)
	return k.failing[operation]
}

func (k *softKey) Key(_ context.Context, role token.Role) (token.Key, error) {
	if err := k.fail("Key " + string(role)); err != nil {
		return nil, err
	}
	if role == token.Sign && k.private != nil {
		return k.private, nil
	}
	return nil, token.ErrNoKey
}

func (k *softKey) Generate(context.Context) (token.Key, error) {
	if err := k.fail("Generate"); err != nil {
		return nil, err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	k.private = private
	return private, err
}

func (k *softKey) Put(_ context.Context, role token.Role, _ *x509.Certificate) error {
	return k.fail("Put " + string(role))
}

func (k *softKey) Import(context.Context, token.Envelope, *rsa.PublicKey) error {
	return k.fail("Import")
}

// runWith runs the tool in this process on a fake key.
func runWith(t *testing.T, d *desk, k *softKey, stdin string) (string, error) {
	t.Helper()
	in, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := io.WriteString(feed, stdin); err != nil {
		t.Fatal(err)
	}
	feed.Close()
	var out bytes.Buffer
	w := &world{
		in: newDialog(in, &out), out: &out, now: time.Now,
		load: func(string) (driver, error) { return k, nil },
		wait: func(context.Context, time.Duration) error { return nil },
	}
	c := activateCommand{Server: d.web.URL, Code: d.code(), Module: "/fake", Yes: true}
	err = c.Run(t.Context(), w)
	return out.String(), err
}

func TestLockedPIN(t *testing.T) {
	tests := []struct {
		name   string
		state  token.PINState
		unlock error
		want   error
		tried  int
		code   int
		used   bool // whether the activation code was used up
	}{
		{name: "locked before", state: token.PINLocked, want: token.ErrPINLocked, code: exitLocked},
		{name: "one try left", state: token.PINLast, want: token.ErrPINLast, code: exitLocked},
		{name: "locked by this try", unlock: token.ErrPINLocked, want: token.ErrPINLocked, tried: 1, code: exitLocked, used: true},
		{name: "wrong", state: token.PINLow, unlock: token.ErrPINWrong, want: token.ErrPINWrong, tried: 1, code: exitPIN, used: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, k := newDesk(t), newSoftKey()
			k.info.PIN, k.unlock = tt.state, tt.unlock
			_, err := runWith(t, d, k, answers)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Run = %v, want %v", err, tt.want)
			}
			if words, code := explain(err); code != tt.code || words == "" {
				t.Errorf("exit %d %q, want %d", code, words, tt.code)
			}
			if k.unlocks != tt.tried {
				t.Errorf("PIN tried %d times, want %d", k.unlocks, tt.tried)
			}
			if used := d.codes["CODE-0001"]; used != tt.used {
				t.Errorf("activation code used: %t, want %t", used, tt.used)
			}
			if k.private != nil {
				t.Error("a key was made")
			}
		})
	}
}

// TestPulledOutBetween takes the key away before each operation of the steps.
func TestPulledOutBetween(t *testing.T) {
	tests := []struct {
		operation string
		step      activation.Step
	}{
		{"Key sign", activation.MakeSignKey},
		{"Generate", activation.MakeSignKey},
		{"Put sign", activation.ImportCert},
		{"Import", activation.ImportEncKey},
		{"Put enc", activation.ImportEncKey},
		{"Key enc", activation.Finish},
	}
	for _, tt := range tests {
		t.Run(tt.operation, func(t *testing.T) {
			d, k := newDesk(t), newSoftKey()
			k.failing = map[string]error{tt.operation: token.ErrRemoved}
			_, err := runWith(t, d, k, answers)
			if _, code := explain(err); !errors.Is(err, token.ErrRemoved) || code != exitRemoved {
				t.Fatalf("Run = %v, exit %d; want ErrRemoved and %d", err, code, exitRemoved)
			}
			if k.log[len(k.log)-1] != tt.operation {
				t.Errorf("the tool went on after the key was gone: %v", k.log)
			}
			last := d.heard[len(d.heard)-1]
			if last.Step != tt.step || last.State != activation.Failed || !strings.Contains(last.Detail, "Ukey") {
				t.Errorf("last report %+v, want step %d failed with words", last, tt.step)
			}
			if d.isActivated() {
				t.Error("service activated")
			}
		})
	}
}

// TestLostPairIsNotReplaced: once certificates exist, another pair would only
// be refused later.
func TestLostPairIsNotReplaced(t *testing.T) {
	d, k := newDesk(t), newSoftKey()
	d.step = activation.RequestCerts
	_, err := runWith(t, d, k, answers)
	if !errors.Is(err, errKeyLost) || k.private != nil {
		t.Errorf("Run = %v, want errKeyLost and no new pair", err)
	}
}

// TestAnotherPairIsRefused: the service bound the order to a pair, and this
// tool did not hear of it.
func TestAnotherPairIsRefused(t *testing.T) {
	d := newDesk(t)
	first := newSoftKey()
	first.failing = map[string]error{"Put sign": token.ErrRemoved}
	if _, err := runWith(t, d, first, answers); !errors.Is(err, token.ErrRemoved) {
		t.Fatal(err)
	}
	d.step = 0
	_, err := runWith(t, d, newSoftKey(), answers)
	if _, code := explain(err); code != exitForeign {
		t.Errorf("Run = %v, exit %d; want %d", err, code, exitForeign)
	}
	if counts := d.counts(); counts["sign"] != 1 {
		t.Errorf("authority issued %v", counts)
	}
}

func TestChoose(t *testing.T) {
	a := token.Info{Serial: "A", Formats: []string{token.FormatRSA}}
	b := token.Info{Serial: "B", Formats: []string{token.FormatRSA}}
	old := token.Info{Serial: "C"}
	tests := []struct {
		name   string
		infos  []token.Info
		serial string
		want   string
		err    error
	}{
		{name: "none", err: errNoDevice},
		{name: "only one", infos: []token.Info{a}, want: "A"},
		{name: "two and no choice", infos: []token.Info{a, b}, err: errManyDevices},
		{name: "two and a choice", infos: []token.Info{a, b}, serial: "B", want: "B"},
		{name: "one, but not that", infos: []token.Info{a}, serial: "B", err: errNoSuch},
		{name: "opens no envelope", infos: []token.Info{old}, err: token.ErrUnsupported},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := choose(tt.infos, tt.serial)
			if got.Serial != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("choose = %q, %v; want %q, %v", got.Serial, err, tt.want, tt.err)
			}
		})
	}
}

func TestExplainKnowsEveryError(t *testing.T) {
	all := []error{
		token.ErrModule, token.ErrNotBuilt, token.ErrRemoved, token.ErrPINWrong, token.ErrPINLast, token.ErrPINLocked,
		token.ErrPINLength, token.ErrFull, token.ErrUnsupported, token.ErrNoKey, token.ErrMismatch, token.ErrSlow,
		errNoDevice, errManyDevices, errNoSuch, errNoInput, errDeclined, errAddress, errOffline, errAnswer, errUnfit, errKeyLost, errUnproven,
	}
	for _, err := range all {
		if words, code := explain(fmt.Errorf("step 1: %w", err)); code == exitOther || words == "" {
			t.Errorf("explain(%v) = %q, exit %d", err, words, code)
		}
	}
	if words, code := explain(errors.New("moon")); code != exitOther || words == "" {
		t.Errorf("explain of the unforeseen = %q, %d", words, code)
	}
}
