package smstest

// The stand-in's own promises: the signature it checks is the published one,
// and its limits are the service's.

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// TestSignatureVector is the example of the manual page "V3版本请求体&签名机制":
// an ECS call with the key pair YourAccessKeyId and YourAccessKeySecret.
func TestSignatureVector(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai", nil)
	r.Host = "ecs.cn-shanghai.aliyuncs.com"
	r.Header.Set("x-acs-action", "RunInstances")
	r.Header.Set("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	r.Header.Set("x-acs-date", "2023-10-26T10:22:32Z")
	r.Header.Set("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d")
	r.Header.Set("x-acs-version", "2014-05-26")
	s, err := New(Config{KeyID: "YourAccessKeyId", KeySecret: flows.Conceal("YourAccessKeySecret")})
	if err != nil {
		t.Fatal(err)
	}
	const want = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if !s.matches(canonical(r, mustSign), want) {
		t.Errorf("the published signature does not match\n%s", canonical(r, mustSign))
	}
}

func service(t *testing.T, cfg Config) *Service {
	t.Helper()
	cfg.SignName, cfg.Templates = "证书中心", map[string]string{"SMS_1": "验证码${code}"}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// text sends a code below the signature, which has tests of its own.
func text(s *Service, phone, code string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	variables, _ := json.Marshal(map[string]string{"code": code})
	_, no := s.send(url.Values{
		"PhoneNumbers": {phone}, "SignName": {"证书中心"}, "TemplateCode": {"SMS_1"}, "TemplateParam": {string(variables)},
	})
	if no != nil {
		return no.code
	}
	return "OK"
}

func TestLimits(t *testing.T) {
	for _, hurry := range []int{1, 60} {
		now := start
		s := service(t, Config{Clock: func() time.Time { return now }, Hurry: hurry})
		passed := map[time.Duration]int{}
		for minute := range 25 * 60 {
			now = start.Add(time.Duration(minute) * time.Minute / time.Duration(hurry))
			if text(s, "13800000000", "1234") != "OK" {
				continue
			}
			for _, l := range limits {
				if time.Duration(minute)*time.Minute < l.within {
					passed[l.within]++
				}
			}
			if again := text(s, "13800000000", "1234"); again != "isv.BUSINESS_LIMIT_CONTROL" {
				t.Fatalf("second message at minute %d: %s", minute, again)
			}
		}
		for _, l := range limits {
			if passed[l.within] != l.most {
				t.Errorf("hurry %d: %d messages within %v, want %d", hurry, passed[l.within], l.within, l.most)
			}
		}
	}
}

func TestLimitsAreOfOneNumber(t *testing.T) {
	s := service(t, Config{Clock: func() time.Time { return start }})
	for _, phone := range []string{"13800000000", "13800000001"} {
		if got := text(s, phone, "1234"); got != "OK" {
			t.Errorf("message to %s: %s, want OK", phone, got)
		}
	}
}

// TestCallsAreCountedApart from messages, with limits of their own.
func TestCallsAreCountedApart(t *testing.T) {
	now := start
	s := service(t, Config{Clock: func() time.Time { return now }, Voices: map[string]string{"TTS_1": "${code}"}})
	call := func() string {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, no := s.call(url.Values{"CalledNumber": {"13800000000"}, "TtsCode": {"TTS_1"}, "TtsParam": {`{"code":"1234"}`}, "OutId": {"1"}})
		if no != nil {
			return no.code
		}
		return "OK"
	}
	made := 0
	for hour := range 23 {
		now = start.Add(time.Duration(hour) * time.Hour)
		if got := text(s, "13800000000", "1234"); hour == 0 && got != "OK" {
			t.Errorf("a message before a call: %s", got)
		}
		if call() == "OK" {
			made++
		}
		if again := call(); again != "isv.BUSINESS_LIMIT_CONTROL" {
			t.Fatalf("a second call in a minute: %s", again)
		}
	}
	if made != 20 {
		t.Errorf("%d calls in a day, want 20", made)
	}
}

func TestGatewayRefuses(t *testing.T) {
	signed := func(header, value string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set("x-acs-action", "SendSms")
		r.Header.Set("x-acs-version", "2017-05-25")
		r.Header.Set("x-acs-date", start.Format("2006-01-02T15:04:05Z"))
		r.Header.Set("x-acs-signature-nonce", "n")
		r.Header.Set("x-acs-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		r.Header.Set("Authorization", algorithm+" Credential=key,SignedHeaders="+strings.Join(mustSign, ";")+",Signature=00")
		r.Header.Set(header, value)
		return r
	}
	tests := []struct {
		name, header, value, want string
	}{
		{"another action", "x-acs-action", "SendBatchSms", "InvalidAction.NotFound"},
		{"no authorization", "Authorization", "", "IncompleteSignature"},
		{"a header not signed", "Authorization", algorithm + " Credential=key,SignedHeaders=host,Signature=00", "IncompleteSignature"},
		{"unknown key", "Authorization", algorithm + " Credential=x,SignedHeaders=" + strings.Join(mustSign, ";") + ",Signature=00", "InvalidAccessKeyId.NotFound"},
		{"stale", "x-acs-date", "2026-11-23T03:00:00Z", "InvalidTimeStamp.Expired"},
		{"another body", "x-acs-content-sha256", "00", "SignatureDoesNotMatch"},
		{"wrong signature", "x-other", "x", "SignatureDoesNotMatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := service(t, Config{KeyID: "key", KeySecret: flows.Conceal("s"), Clock: func() time.Time { return start }})
			w := httptest.NewRecorder()
			s.ServeHTTP(w, signed(tt.header, tt.value))
			if !strings.Contains(w.Body.String(), tt.want) || w.Code < 400 {
				t.Errorf("answer %d %s, want %s", w.Code, w.Body, tt.want)
			}
			if n := len(s.Books().Sent); n != 0 {
				t.Errorf("%d requests in the books, want none", n)
			}
		})
	}
}

func TestSendRefusesVariables(t *testing.T) {
	s := service(t, Config{})
	for _, code := range []string{"", "1", "1234567", "<b>12"} {
		if got := text(s, "13800000000", code); !strings.HasPrefix(got, "isv.TEMPLATE") {
			t.Errorf("code %q: %s, want a refusal", code, got)
		}
	}
}

func TestFaultsOfMessages(t *testing.T) {
	tests := []struct{ fault, now, later string }{
		{"duplicate", "1111 1111 2222", "1111 1111 2222"},
		{"delay", "2222", "2222 1111"},
		{"drop", "2222", "2222"},
		{"reorder", "2222 1111", "2222 1111"},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			now := start
			s := service(t, Config{Clock: func() time.Time { return now }, Hurry: 2})
			if err := s.Fault(tt.fault, 1); err != nil {
				t.Fatal(err)
			}
			if a := text(s, "13800000000", "1111"); a != "OK" {
				t.Fatal(a)
			}
			s.cfg.Hurry = 1 << 40 // no limit, so that the next follows at once
			if b := text(s, "13800000000", "2222"); b != "OK" {
				t.Fatal(b)
			}
			if got := codes(s); got != tt.now {
				t.Errorf("inbox %q, want %q", got, tt.now)
			}
			now = now.Add(time.Minute / 2)
			if got := codes(s); got != tt.later {
				t.Errorf("inbox later %q, want %q", got, tt.later)
			}
		})
	}
	if err := service(t, Config{}).Fault("earthquake", 1); err == nil {
		t.Error("Fault of an unknown name: no error")
	}
}

func codes(s *Service) string {
	var all []string
	for _, m := range s.Inbox("13800000000") {
		all = append(all, m.Code)
	}
	return strings.Join(all, " ")
}

func TestStateSurvivesARestart(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), Clock: func() time.Time { return start }}
	if got := text(service(t, cfg), "13800000000", "1234"); got != "OK" {
		t.Fatal(got)
	}
	again := service(t, cfg)
	if codes(again) != "1234" || text(again, "13800000000", "5678") != "isv.BUSINESS_LIMIT_CONTROL" {
		t.Errorf("books after a restart %+v, want the message and its limit", again.Books())
	}
}
