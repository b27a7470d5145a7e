package courier

// The signature is checked against vectors from elsewhere: the first from the
// facts, the second from java.net.URLEncoder and MessageDigest of OpenJDK 17.

import (
	"errors"
	"strings"
	"testing"

	"certdesk/flows"
)

func TestDigest(t *testing.T) {
	const (
		sample = `{"language":"zh-CN","orderId":"TEST-0001","cargoDetails":[{"name":"UKey 数字证书*~"}]}`
		marks  = `{"address":"文化路12号 3栋(501)!'*~-_.%+&=𠮷"}`
	)
	tests := []struct {
		name, mode, data, want string
	}{
		{"standard, the sample", SignStandard, sample, "oWuE34dm2IKs4GXj2UjrvA=="},
		{"simple, the sample", SignSimple, sample, "C8rNII8zxcFt0ilR2b2AeQ=="},
		{"standard, every mark", SignStandard, marks, "fEtEd06CsZodnkl5WVHf1g=="},
		{"simple, every mark", SignSimple, marks, "+g4/gp0z7u+LREFAL2dWpQ=="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := digest(tt.mode, tt.data, "1763889600000", "checkword123"); got != tt.want {
				t.Errorf("digest = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestEncodeKeepsAmpersandsAsTheyAre(t *testing.T) {
	got, err := encode(cargo{Name: "A&B<C>", Count: 1})
	if want := `{"name":"A&B<C>","count":1}`; got != want || err != nil {
		t.Errorf("encode = %s, %v, want %s", got, err, want)
	}
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name, body, number, code string
		err                      error
	}{
		{
			name:   "results inside strings",
			body:   `{"apiResultCode":"A1000","apiResultData":"{\"success\":true,\"errorCode\":\"S0000\",\"msgData\":{\"waybillNoInfoList\":[{\"waybillType\":1,\"waybillNo\":\"SF1\"}]}}"}`,
			number: "SF1",
		},
		{
			name:   "results as objects, truth as text",
			body:   `{"apiResultCode":"A1000","apiResultData":{"success":"true","errorCode":"S0000","msgData":"{\"waybillNoInfoList\":[{\"waybillType\":\"1\",\"waybillNo\":\"SF2\"}]}"}}`,
			number: "SF2",
		},
		{
			name: "a no of the service keeps its code",
			body: `{"apiResultCode":"A1000","apiResultData":"{\"success\":false,\"errorCode\":\"8016\",\"msgData\":null}"}`,
			code: "8016",
		},
		{
			name: "a code written as a number",
			body: `{"apiResultCode":"A1000","apiResultData":{"success":false,"errorCode":8016}}`,
			code: "8016",
		},
		{
			name: "no success in spite of a good code",
			body: `{"apiResultCode":"A1000","apiResultData":{"success":false,"errorCode":"S0000","msgData":{}}}`,
			code: "S0000",
		},
		{name: "a page of HTML", body: `<html>502</html>`, err: ErrAnswer},
		{name: "success without data", body: `{"apiResultCode":"A1000","apiResultData":{"success":true,"errorCode":"S0000"}}`, err: ErrAnswer},
		{name: "success without a result", body: `{"apiResultCode":"A1000"}`, err: ErrAnswer},
		{name: "a code that is an object", body: `{"apiResultCode":{}}`, err: ErrAnswer},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b booking
			err := open([]byte(tt.body), &b)
			if no, ok := errors.AsType[*businessError](err); tt.code != "" && (!ok || no.code != tt.code) {
				t.Fatalf("open: error %v, want code %s", err, tt.code)
			}
			if tt.code == "" && !errors.Is(err, tt.err) {
				t.Fatalf("open: error %v, want %v", err, tt.err)
			}
			if tt.number != "" && (len(b.Waybills) != 1 || b.Waybills[0].Number != tt.number) {
				t.Errorf("open = %+v, want waybill %s", b, tt.number)
			}
		})
	}
}

func TestGatewayNoIsNoRefusal(t *testing.T) {
	err := open([]byte(`{"apiResultCode":"A1006","apiErrorMsg":"secret in here"}`), &booking{})
	if _, refused := errors.AsType[*flows.RefusedError](public(err)); refused || err == nil {
		t.Errorf("open = %v, want an ordinary error", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("open = %v: the partner's text is in it", err)
	}
}

func TestRefusalsHaveWords(t *testing.T) {
	for code := range refusals {
		no, ok := errors.AsType[*flows.RefusedError](public(&businessError{code: code}))
		if !ok || no.Public == "" || no.Code != code {
			t.Errorf("public(%s) = %v, want a refusal with words", code, no)
		}
	}
	if _, ok := errors.AsType[*flows.RefusedError](public(&businessError{code: "4711"})); ok {
		t.Error("public(4711) is a refusal, want an error that may be tried again")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"apiResultCode":"A1000","apiResultData":"{\"success\":true,\"errorCode\":\"S0000\",\"msgData\":{}}"}`))
	f.Add([]byte(`{"apiResultCode":"A1000","apiResultData":{"success":1}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b booking
		if open(body, &b) == nil {
			if number, err := b.waybill(); err == nil && number == "" {
				t.Error("waybill is empty, want an error")
			}
		}
	})
}
