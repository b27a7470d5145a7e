// The wire names, which tools on people's computers know for years, and the
// manual's words.

package activation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"certdesk/server/activation"
)

func TestWire(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		value any
		want  string
	}{
		{activation.BeginRequest{Code: "ABCD-EFGH", PC: "pc"}, `{"code":"ABCD-EFGH","pc":"pc"}`},
		{
			activation.BeginAnswer{Token: "t", OrderNo: "1", Account: "a", Subject: "s", Mobile: "m", Container: "c", Step: 2, ChainSHA256: "ff", ExpiresAt: at},
			`{"token":"t","order_no":"1","account":"a","subject":"s","mobile":"m","container":"c","step":2,"chain_sha256":"ff","expires_at":"2026-11-23T08:00:00Z"}`,
		},
		{activation.DeviceRequest{Serial: "1", Label: "l", Model: "m"}, `{"serial":"1","label":"l","model":"m"}`},
		{activation.CodeAnswer{Mobile: "m", ResendInSeconds: 60}, `{"mobile":"m","resend_in_seconds":60}`},
		{activation.CodeAnswer{Mobile: "m", Word: "青松", ResendInSeconds: 60}, `{"mobile":"m","word":"青松","resend_in_seconds":60}`},
		{activation.AuthoriseRequest{Code: "1"}, `{"code":"1"}`},
		{activation.AuthoriseAnswer{TriesLeft: 4}, `{"tries_left":4}`},
		{activation.StepRequest{Step: activation.ImportCert, State: activation.Done}, `{"step":3,"state":"done"}`},
		{activation.CertifyRequest{CSR: []byte{1}, Formats: []string{activation.EnvelopeRSA}, Serial: "1"}, `{"csr":"AQ==","formats":["rsa-oaep-sha1+aes256-kwp"],"serial":"1"}`},
		{
			activation.CertifyAnswer{SignCert: []byte{1}, EncCert: []byte{2}, Chain: [][]byte{{3}}, Envelope: activation.Envelope{Format: "f", KEK: []byte{4}, Key: []byte{5}}},
			`{"sign_cert":"AQ==","enc_cert":"Ag==","chain":["Aw=="],"envelope":{"format":"f","kek":"BA==","key":"BQ=="}}`,
		},
		{activation.ChallengeAnswer{Nonce: []byte{1}, Ciphertext: []byte{2}}, `{"nonce":"AQ==","ciphertext":"Ag=="}`},
		{activation.ProveRequest{Signature: []byte{1}, Plaintext: []byte{2}}, `{"signature":"AQ==","plaintext":"Ag=="}`},
		{activation.ProveAnswer{Activated: true}, `{"activated":true}`},
		{activation.Empty{}, `{}`},
		{activation.Error{Code: activation.UsedCode, Message: "m"}, `{"code":"used_code","message":"m"}`},
		{activation.Error{Code: activation.WrongSMSCode, Message: "m", TriesLeft: 3}, `{"code":"wrong_sms_code","message":"m","tries_left":3}`},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T", tt.value), func(t *testing.T) {
			got, err := json.Marshal(tt.value)
			if err != nil || string(got) != tt.want {
				t.Errorf("Marshal = %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestStepNamesAreTheManuals(t *testing.T) {
	var lines []string
	for step := activation.MakeSignKey; step <= activation.Finish; step++ {
		lines = append(lines, fmt.Sprintf("%d.%s", step, step.Name()))
	}
	want := "1.生成签名密钥对 2.证书新领请求 3.导入证书 4.导入加密密钥对 5.完成"
	if got := strings.Join(lines, " "); got != want {
		t.Errorf("steps %s, want %s", got, want)
	}
	if got := activation.Step(6).Name(); got != "" {
		t.Errorf("step 6 is %q", got)
	}
}

func TestErrorKeepsThePersonsWordsOut(t *testing.T) {
	err := &activation.Error{Code: activation.OtherKey, Message: "张三"}
	if got := err.Error(); got != "activation: other_key" {
		t.Errorf("Error = %q", got)
	}
}
