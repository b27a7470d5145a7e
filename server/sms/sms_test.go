package sms_test

// The client, with the service's own library inside, against the stand-in,
// which has a signature check of its own.

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/sms"
	"certdesk/server/sms/smstest"
)

const phone = "13800000000"

func world(t *testing.T) *smstest.Service {
	t.Helper()
	service, err := smstest.New(smstest.Config{
		KeyID: "key", KeySecret: flows.Conceal("keysecret"), SignName: "证书中心",
		Templates: map[string]string{"SMS_1": "注册验证码${code}，5分钟内有效。", "SMS_2": "激活验证码${code}，5分钟内有效。"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func config() sms.Config {
	return sms.Config{
		KeyID: "key", KeySecret: flows.Conceal("keysecret"), SignName: "证书中心",
		Templates: map[flows.Purpose]string{flows.PurposeRegister: "SMS_1", flows.PurposeActivate: "SMS_2"},
	}
}

func open(t *testing.T, cfg sms.Config, handler http.Handler) *sms.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg.Endpoint = server.URL
	client, err := sms.New(cfg, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func send(ctx context.Context, c *sms.Client, to string, purpose flows.Purpose) error {
	return c.Code(ctx, flows.OneTime{ID: "row 1*~", Mobile: flows.Conceal(to), Purpose: purpose, Code: flows.Conceal("012345")})
}

// TestManyAtOnce is for the race detector: jobs send codes side by side.
func TestManyAtOnce(t *testing.T) {
	service := world(t)
	client := open(t, config(), service)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if err := send(t.Context(), client, fmt.Sprintf("138%08d", i), flows.PurposeRegister); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestCodeArrives(t *testing.T) {
	service := world(t)
	client := open(t, config(), service)
	if err := send(t.Context(), client, phone, flows.PurposeActivate); err != nil {
		t.Fatal(err)
	}
	inbox := service.Inbox(phone)
	if len(inbox) != 1 || inbox[0].Code != "012345" || inbox[0].Text != "【证书中心】激活验证码012345，5分钟内有效。" {
		t.Errorf("inbox %+v, want the code in the text of its purpose", inbox)
	}
	if sent := service.Books().Sent; len(sent) != 1 || sent[0].OutID != "row 1*~" || sent[0].BizID == "" {
		t.Errorf("books %+v, want the reference and a receipt", sent)
	}
}

// TestAWordArrives beside the code, where the template has it; a template and a
// word that do not fit are refused.
func TestAWordArrives(t *testing.T) {
	service, err := smstest.New(smstest.Config{
		KeyID: "key", KeySecret: flows.Conceal("keysecret"), SignName: "证书中心",
		Templates: map[string]string{"SMS_1": "校验词${word}，验证码${code}。", "SMS_2": "验证码${code}。"},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := open(t, config(), service)
	code := flows.OneTime{ID: "row", Mobile: flows.Conceal(phone), Code: flows.Conceal("012345")}
	for _, test := range []struct {
		purpose flows.Purpose
		word    string
		refusal string
	}{
		{flows.PurposeRegister, "", "isv.TEMPLATE_MISSING_PARAMETERS"},
		{flows.PurposeActivate, "青松", "isv.INVALID_PARAMETERS"},
		{flows.PurposeRegister, "青松", ""},
	} {
		code.Purpose, code.Word = test.purpose, test.word
		err := client.Code(t.Context(), code)
		no, refused := errors.AsType[*flows.RefusedError](err)
		if refused != (test.refusal != "") || refused && no.Code != test.refusal || !refused && err != nil {
			t.Errorf("%s with the word %q: %v, want %q", test.purpose, test.word, err, test.refusal)
		}
	}
	if inbox := service.Inbox(phone); len(inbox) != 1 || inbox[0].Text != "【证书中心】校验词青松，验证码012345。" {
		t.Errorf("inbox %+v, want the word in one message", inbox)
	}
}

func TestCodeRefused(t *testing.T) {
	unknown := config()
	unknown.Templates = map[flows.Purpose]string{flows.PurposeRegister: "SMS_9", flows.PurposeActivate: "SMS_9"}
	busy := open(t, config(), world(t))
	if err := send(t.Context(), busy, phone, flows.PurposeRegister); err != nil {
		t.Fatal(err)
	}
	strict := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"Code":"isv.BUSINESS_LIMIT_CONTROL"}`)
	})
	tests := []struct {
		name   string
		client *sms.Client
		phone  string
		code   string
		words  string
	}{
		{"twice in a minute", busy, phone, "isv.BUSINESS_LIMIT_CONTROL", "太频繁"},
		{"with an HTTP status of its own", open(t, config(), strict), phone, "isv.BUSINESS_LIMIT_CONTROL", "太频繁"},
		{"no mobile number", open(t, config(), world(t)), "051288886666", "isv.MOBILE_NUMBER_ILLEGAL", "手机号码"},
		{"a template that is not ours", open(t, unknown, world(t)), phone, "isv.SMS_TEMPLATE_ILLEGAL", "稍后再试"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := send(t.Context(), tt.client, tt.phone, flows.PurposeRegister)
			no, ok := errors.AsType[*flows.RefusedError](err)
			if !ok || no.Code != tt.code || !strings.Contains(no.Public, tt.words) {
				t.Errorf("Code = %v (%+v), want %s with words", err, no, tt.code)
			}
		})
	}
}

func TestCodeIsNotRefusedByTrouble(t *testing.T) {
	wrong := config()
	wrong.KeySecret = flows.Conceal("another-keysecret")
	stranger := config()
	stranger.KeyID = "stranger"
	down := world(t)
	if err := down.Fault("500", 1); err != nil {
		t.Fatal(err)
	}
	hangup := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	busy := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"Code":"isp.SYSTEM_ERROR","Message":"%s 012345"}`, phone)
	})
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"Code":"Bad","Message":%q}`, r.URL.RawQuery)
	})
	tests := []struct {
		name    string
		cfg     sms.Config
		handler http.Handler
	}{
		{"wrong secret", wrong, world(t)},
		{"unknown key", stranger, world(t)},
		{"500 with a page", config(), down},
		{"connection cut", config(), hangup},
		{"the service's own trouble", config(), busy},
		{"an answer that repeats the request", config(), echo},
		{"an empty answer", config(), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := send(t.Context(), open(t, tt.cfg, tt.handler), phone, flows.PurposeRegister)
			if _, refused := errors.AsType[*flows.RefusedError](err); refused || err == nil {
				t.Fatalf("Code = %v, want an error that may be tried again", err)
			}
			for _, secret := range []string{phone, "012345", "keysecret"} {
				if strings.Contains(fmt.Sprintf("%+v", err), secret) {
					t.Errorf("Code = %v: has %q in it", err, secret)
				}
			}
		})
	}
}

func TestCodeSendsOnceWhenTheAnswerIsLost(t *testing.T) {
	service := world(t)
	if err := service.Fault("timeout", 1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := send(ctx, open(t, config(), service), phone, flows.PurposeRegister)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Code = %v, want a deadline", err)
	}
	if n := len(service.Inbox(phone)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestARepeatedRequestIsRefused(t *testing.T) {
	service := world(t)
	var again string
	twice := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service.ServeHTTP(w, r)
		second := httptest.NewRecorder()
		service.ServeHTTP(second, r)
		again = second.Body.String()
	})
	if err := send(t.Context(), open(t, config(), twice), phone, flows.PurposeRegister); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again, "SignatureNonceUsed") {
		t.Errorf("the second answer is %s, want SignatureNonceUsed", again)
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := sms.New(sms.Config{Endpoint: "http://host/path"}, http.DefaultClient)
	for _, want := range []string{"endpoint", "access key", "sign name", "template for register", "template for activate"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want %q mentioned", err, want)
		}
	}
	cfg := config()
	cfg.Endpoint = "dysmsapi.aliyuncs.com"
	if _, err := sms.New(cfg, http.DefaultClient); err != nil {
		t.Errorf("New with a bare host = %v, want nil", err)
	}
}

// TestMoved tells an old number, once there is a template for that.
func TestMoved(t *testing.T) {
	service, err := smstest.New(smstest.Config{
		KeyID: "key", KeySecret: flows.Conceal("keysecret"), SignName: "证书中心",
		Templates: map[string]string{"SMS_1": "${code}", "SMS_2": "${code}", "SMS_3": "您的手机号已更换。"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range []string{"", "SMS_3", "SMS_9"} {
		cfg := config()
		cfg.Moved = template
		err := open(t, cfg, service).Moved(t.Context(), flows.Conceal(phone), "ref")
		if _, refused := errors.AsType[*flows.RefusedError](err); refused != (template == "SMS_9") || err != nil && !refused {
			t.Errorf("template %q: %v", template, err)
		}
	}
	cfg := config()
	cfg.Moved = "SMS_3"
	err = open(t, cfg, service).Moved(t.Context(), flows.Conceal(phone), "again") // within a minute
	if _, refused := errors.AsType[*flows.RefusedError](err); err == nil || refused {
		t.Errorf("a second notice within a minute: %v, want an error that may be tried again", err)
	}
	if inbox := service.Inbox(phone); len(inbox) != 1 || inbox[0].Text != "【证书中心】您的手机号已更换。" {
		t.Errorf("the number reads %+v, want one notice", inbox)
	}
}
