package server

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/activation"
)

// What the tool on a PC, or somebody in its place, may not do.

// keyTool is one run of a tool.
type keyTool struct {
	*citizen
	bearer string
}

func TestBadKeyTool(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.registers()
	c.consents()
	c.proves()
	c.orders()
	c.pays()
	k := &keyTool{citizen: c}
	for _, part := range []struct {
		name string
		run  func()
	}{
		{"no bearer", k.noBearer},
		{"activation codes", k.badTickets},
		{"before the SMS", k.beforeTheCode},
		{"devices", k.otherDevice},
		{"SMS codes", k.wrongCodes},
		{"steps", k.wrongSteps},
		{"keys", k.otherKey},
		{"the end", k.theEnd},
	} {
		t.Run(part.name, func(t *testing.T) {
			k.citizen = c.in(t)
			part.run()
		})
	}
}

// call makes one call; what is refused is refused in words, and moves nothing.
func (k *keyTool) call(path string, question any) (int, []byte) {
	k.t.Helper()
	body, ready := question.([]byte)
	if !ready {
		var err error
		if body, err = json.Marshal(question); err != nil {
			k.t.Fatal(err)
		}
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if k.bearer != "" {
		header.Set("Authorization", "Bearer "+k.bearer)
	}
	got, answer := k.ask(k.t, "POST", path, string(body), header)
	return got.StatusCode, []byte(answer)
}

// accepted is a call that must succeed.
func (k *keyTool) accepted(path string, question, answer any) []byte {
	k.t.Helper()
	status, body := k.call(path, question)
	if status != http.StatusOK {
		k.t.Fatalf("%s = %d %s", path, status, body)
	}
	if answer != nil {
		if err := json.Unmarshal(body, answer); err != nil {
			k.t.Fatal(err)
		}
	}
	return body
}

func (k *keyTool) refused(path string, question any, status int, code activation.Code) (said activation.Error) {
	k.t.Helper()
	k.stays(func() {
		k.t.Helper()
		got, body := k.call(path, question)
		if err := json.Unmarshal(body, &said); err != nil || got != status || said.Code != code {
			k.t.Errorf("%s = %d %s, want %d %s", path, got, body, status, code)
		}
		if !kind(said.Message) {
			k.t.Errorf("%s is refused with %q, want words", path, said.Message)
		}
	})
	return said
}

// behind are the calls that need a session, and those that need the SMS too.
var (
	behindSMS  = []string{activation.StepPath, activation.CertifyPath, activation.ChallengePath, activation.ProvePath}
	behindSeat = append([]string{activation.DevicePath, activation.CodePath, activation.AuthorisePath}, behindSMS...)
)

func (k *keyTool) noBearer() {
	for _, k.bearer = range []string{"", "none", strings.Repeat("A", 500)} {
		for _, path := range behindSeat {
			k.refused(path, activation.Empty{}, 401, activation.Unauthorised)
		}
	}
	k.bearer = ""
}

func (k *keyTool) badTickets() {
	begin := func(code string) activation.BeginRequest { return activation.BeginRequest{Code: code, PC: "PC"} }
	k.refused(activation.BeginPath, []byte("not JSON"), 400, activation.BadRequest)
	k.refused(activation.BeginPath, bytes.Repeat([]byte(" "), activation.MaxBody+1), 400, activation.BadRequest)
	k.refused(activation.BeginPath, begin("BBBB-BBBB"), 404, activation.UnknownCode)
	k.says("开始激活")
	k.reaches(flows.ActivationMake)
	first := k.talk().Case.Form.Text(flows.KeyTicket)
	k.clock.later(time.Hour/haste, func() { k.refused(activation.BeginPath, begin(first), 410, activation.ExpiredCode) })
	k.says("重新获取激活码")
	k.wait(k.t, "another code", func() bool {
		now := k.talk().Case
		return now.At == flows.ActivationMake && now.Form.Text(flows.KeyTicket) != first
	})
	k.refused(activation.BeginPath, begin(first), 410, activation.ExpiredCode)
	second := k.talk().Case.Form.Text(flows.KeyTicket)
	var begun activation.BeginAnswer
	open := k.accepted(activation.BeginPath, begin(" "+strings.ToLower(second)+" "), &begun)
	for _, private := range []string{k.Name, k.Mobile, k.Login, k.IDNumber} {
		if strings.Contains(string(open), private) {
			k.t.Errorf("the tool is told %q", private)
		}
	}
	k.bearer = begun.Token
	k.refused(activation.BeginPath, begin(second), 410, activation.UsedCode)
}

func (k *keyTool) beforeTheCode() {
	for _, path := range behindSMS {
		k.refused(path, activation.StepRequest{Step: 1, State: activation.Started}, 403, activation.NotAllowed)
	}
	k.refused(activation.AuthorisePath, activation.AuthoriseRequest{Code: "123456"}, 409, activation.OutOfOrder)
}

func (k *keyTool) otherDevice() {
	k.refused(activation.DevicePath, activation.DeviceRequest{}, 400, activation.BadRequest)
	k.refused(activation.DevicePath, activation.DeviceRequest{Serial: strings.Repeat("9", 65)}, 400, activation.BadRequest)
	for range 2 {
		k.accepted(activation.DevicePath, activation.DeviceRequest{Serial: "KEY-1"}, nil)
	}
	k.refused(activation.DevicePath, activation.DeviceRequest{Serial: "KEY-2"}, 409, activation.OtherDevice)
}

// texted asks for an authorisation code, once that is allowed again.
func (k *keyTool) texted() string {
	k.t.Helper()
	before := len(k.texts())
	k.wait(k.t, "another SMS to be allowed", func() bool {
		status, _ := k.call(activation.CodePath, activation.Empty{})
		return status == http.StatusOK
	})
	k.accepted(activation.CodePath, activation.Empty{}, nil) // the one that is on its way
	all := k.texts()
	if len(all) != before+1 {
		k.t.Fatalf("%d SMS came, want one", len(all)-before)
	}
	return all[before]
}

func (k *keyTool) wrongCodes() {
	code := k.texted()
	wrong := activation.AuthoriseRequest{Code: "000000"}
	if code == wrong.Code {
		wrong.Code = "111111"
	}
	for left := 4; left > 0; left-- {
		if said := k.refused(activation.AuthorisePath, wrong, 403, activation.WrongSMSCode); said.TriesLeft != left {
			k.t.Errorf("%d tries left, want %d", said.TriesLeft, left)
		}
	}
	k.refused(activation.AuthorisePath, wrong, 423, activation.SMSLocked)
	k.refused(activation.CodePath, activation.Empty{}, 429, activation.TooMany)
	k.refused(activation.AuthorisePath, activation.AuthoriseRequest{Code: code}, 410, activation.SMSExpired)
	k.refused(activation.StepPath, activation.StepRequest{Step: 1, State: activation.Started}, 403, activation.NotAllowed)
	fresh := activation.AuthoriseRequest{Code: k.texted()}
	k.clock.later(10*time.Minute/haste, func() { k.refused(activation.AuthorisePath, fresh, 410, activation.SMSExpired) })
	for range 2 {
		k.accepted(activation.AuthorisePath, fresh, nil) // whose answer may be lost
	}
}

func (k *keyTool) wrongSteps() {
	for _, s := range []activation.StepRequest{{Step: 0, State: activation.Done}, {Step: 6, State: activation.Done}, {Step: -1, State: activation.Done}, {Step: 1, State: "melted"}, {Step: 1}} {
		k.refused(activation.StepPath, s, 400, activation.BadRequest)
	}
	for _, s := range []activation.Step{activation.RequestCerts, activation.ImportEncKey, activation.Finish} {
		k.refused(activation.StepPath, activation.StepRequest{Step: s, State: activation.Done}, 409, activation.OutOfOrder)
	}
	k.refused(activation.ChallengePath, activation.Empty{}, 409, activation.OutOfOrder)
	k.refused(activation.ProvePath, activation.ProveRequest{Signature: []byte{1}, Plaintext: []byte{2}}, 409, activation.OutOfOrder)
}

func (k *keyTool) otherKey() {
	request := func() activation.CertifyRequest {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			k.t.Fatal(err)
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if err != nil {
			k.t.Fatal(err)
		}
		return activation.CertifyRequest{CSR: der, Formats: []string{activation.EnvelopeRSA}, Serial: "KEY-1"}
	}
	mine := request()
	garbage, unsigned, moved := mine, mine, mine
	garbage.CSR = []byte("garbage")
	unsigned.CSR = append(bytes.Clone(mine.CSR[:len(mine.CSR)-1]), mine.CSR[len(mine.CSR)-1]^1)
	moved.Serial = "KEY-2"
	k.refused(activation.CertifyPath, garbage, 400, activation.BadRequest)
	k.refused(activation.CertifyPath, unsigned, 400, activation.BadRequest)
	k.refused(activation.CertifyPath, moved, 409, activation.OtherDevice)
	k.accepted(activation.StepPath, activation.StepRequest{Step: activation.MakeSignKey, State: activation.Done}, nil)
	k.wait(k.t, "the step to be told", func() bool { return k.talk().Case.Form.Has(flows.KeyKeyStep) })
	issued := k.accepted(activation.CertifyPath, mine, nil)
	if again := k.accepted(activation.CertifyPath, mine, nil); !bytes.Equal(issued, again) {
		k.t.Error("the same request got another answer")
	}
	k.refused(activation.CertifyPath, request(), 409, activation.OtherKey)
	k.refused(activation.ChallengePath, activation.Empty{}, 409, activation.OutOfOrder)
	var certificates []struct{}
	k.learns(k.t, "/world/ca/certificates", &certificates)
	if len(certificates) != 2 {
		k.t.Errorf("%d certificates were issued, want two", len(certificates))
	}
}

// theEnd is that of the session, and of somebody who tries codes.
func (k *keyTool) theEnd() {
	k.clock.later(3*time.Hour/haste, func() { k.refused(activation.CodePath, activation.Empty{}, 401, activation.Unauthorised) })
	tries := 0
	k.wait(k.t, "guessing to be stopped", func() bool {
		tries++
		status, _ := k.call(activation.BeginPath, activation.BeginRequest{Code: "CCCC-CCCC"})
		return status == http.StatusTooManyRequests
	})
	if tries > 12 {
		k.t.Errorf("%d codes could be tried", tries)
	}
	k.refused(activation.BeginPath, activation.BeginRequest{Code: "CCCC-CCCC"}, 429, activation.TooMany)
}
