package sms_test

// Calls, with the service's own library inside, against the stand-in.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/sms"
	"certdesk/server/sms/smstest"
)

func exchange(t *testing.T) *smstest.Service {
	t.Helper()
	service, err := smstest.New(smstest.Config{
		KeyID: "key", KeySecret: flows.Conceal("keysecret"), SignName: "证书中心", Number: "05718888",
		Voices: map[string]string{"TTS_1": "您的验证码是${code}，${code}。", "TTS_2": "校验词${word}，验证码${code}。"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func voiceConfig() sms.VoiceConfig {
	return sms.VoiceConfig{KeyID: "key", KeySecret: flows.Conceal("keysecret"), Template: "TTS_1"}
}

func dial(t *testing.T, cfg sms.VoiceConfig, handler http.Handler) *sms.Voice {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg.Endpoint = server.URL
	voice, err := sms.NewVoice(cfg, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return voice
}

func call(ctx context.Context, v *sms.Voice, to string) error {
	return v.Call(ctx, flows.OneTime{
		ID: "abcdefghijklmnopqrstuvwxyz", Mobile: flows.Conceal(to), Purpose: flows.PurposeRegister, Code: flows.Conceal("012345"), Word: "青松",
	})
}

func TestACallReadsTheCode(t *testing.T) {
	for _, number := range []string{"", "05718888"} {
		service, cfg := exchange(t), voiceConfig()
		cfg.Number = number
		if err := call(t.Context(), dial(t, cfg, service), phone); err != nil {
			t.Fatalf("from the number %q: %v", number, err)
		}
		inbox := service.Inbox(phone)
		if len(inbox) != 1 || !inbox[0].Call || inbox[0].Code != "012345" || inbox[0].Text != "您的验证码是012345，012345。" {
			t.Errorf("the telephone has %+v, want the code read aloud", inbox)
		}
		if books := service.Books().Sent; len(books) != 1 || books[0].OutID != "abcdefghijklmno" || !books[0].Call {
			t.Errorf("books %+v, want the call with the head of its reference", books)
		}
	}
}

func TestACallRefused(t *testing.T) {
	another := func(change func(*sms.VoiceConfig)) sms.VoiceConfig {
		cfg := voiceConfig()
		change(&cfg)
		return cfg
	}
	busy := exchange(t)
	if err := call(t.Context(), dial(t, voiceConfig(), busy), phone); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		cfg     sms.VoiceConfig
		service http.Handler
		to      string
		code    string
		words   string
	}{
		{"twice in a minute", voiceConfig(), busy, phone, "isv.BUSINESS_LIMIT_CONTROL", "电话太多"},
		{"no number", voiceConfig(), exchange(t), "1380000", "isv.MOBILE_NUMBER_ILLEGAL", "打不通"},
		{"a template that is not ours", another(func(c *sms.VoiceConfig) { c.Template = "TTS_9" }), exchange(t), phone, "isv.TTS_TEMPLATE_ILLEGAL", "暂时打不了"},
		{"a template with another variable", another(func(c *sms.VoiceConfig) { c.Template = "TTS_2" }), exchange(t), phone, "isv.TEMPLATE_MISSING_PARAMETERS", "暂时打不了"},
		{"a number that is not ours", another(func(c *sms.VoiceConfig) { c.Number = "10086" }), exchange(t), phone, "isv.DISPLAY_NUMBER_ILLEGAL", "暂时打不了"},
	} {
		err := call(t.Context(), dial(t, tt.cfg, tt.service), tt.to)
		no, ok := errors.AsType[*flows.RefusedError](err)
		if !ok || no.Code != tt.code || !strings.Contains(no.Public, tt.words) {
			t.Errorf("%s: %v (%+v), want %s with words", tt.name, err, no, tt.code)
		}
	}
}

func TestACallIsNotRefusedByTrouble(t *testing.T) {
	wrong := voiceConfig()
	wrong.KeySecret = flows.Conceal("another-keysecret")
	down := exchange(t)
	if err := down.Fault("500", 1); err != nil {
		t.Fatal(err)
	}
	says := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	}
	for name, voice := range map[string]*sms.Voice{
		"wrong secret":             dial(t, wrong, exchange(t)),
		"500 with a page":          dial(t, voiceConfig(), down),
		"connection cut":           dial(t, voiceConfig(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })),
		"trouble that tells names": dial(t, voiceConfig(), says(`{"Code":"isp.SYSTEM_ERROR","Message":"`+phone+` 012345"}`)),
		"no code":                  dial(t, voiceConfig(), says(`{"CallId":"1^2"}`)),
		"a code that is no text":   dial(t, voiceConfig(), says(`{"Code":7}`)),
		"nothing":                  dial(t, voiceConfig(), says(``)),
	} {
		err := call(t.Context(), voice, phone)
		if _, refused := errors.AsType[*flows.RefusedError](err); refused || err == nil {
			t.Errorf("%s: %v, want an error that may be tried again", name, err)
		}
		for _, secret := range []string{phone, "012345", "keysecret"} {
			if strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Errorf("%s: %v has %q in it", name, err, secret)
			}
		}
	}
}

func TestACallIsMadeOnceWhenTheAnswerIsLost(t *testing.T) {
	service := exchange(t)
	if err := service.Fault("timeout", 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := call(ctx, dial(t, voiceConfig(), service), phone); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Call = %v, want a deadline", err)
	}
	if n := len(service.Inbox(phone)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestNewVoiceReportsEveryMistake(t *testing.T) {
	_, err := sms.NewVoice(sms.VoiceConfig{Endpoint: "http://host/path"}, http.DefaultClient)
	for _, want := range []string{"endpoint", "access key", "template"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewVoice = %v, want %q mentioned", err, want)
		}
	}
}
