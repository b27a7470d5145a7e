package alipay_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

// told is what the mini-program is given of somebody who agreed.
func (c *city) told(t *testing.T, user string) string {
	t.Helper()
	if err := c.gateway.Authorize(user); err != nil {
		t.Fatal(err)
	}
	response, err := c.gateway.PhoneNumber(user)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func TestPhone(t *testing.T) {
	for _, mode := range []alipaytest.Mode{alipaytest.ModeCertificate, alipaytest.ModeKey} {
		c := newCity(t, mode)
		if got, err := c.Phone(c.told(t, zhang)); err != nil || got.Reveal() != "13800138000" {
			t.Errorf("%s: Phone = %q, %v, want the number", mode, got.Reveal(), err)
		}
	}
	c := newCity(t, alipaytest.ModeKey)
	for name, user := range map[string]string{"who has no number": wang, "who did not agree": zhang} {
		if user == wang {
			if err := c.gateway.Authorize(user); err != nil {
				t.Fatal(err)
			}
		}
		response, err := c.gateway.PhoneNumber(user)
		if err != nil {
			t.Fatal(err)
		}
		refused, ok := errors.AsType[*flows.RefusedError](second(c.Phone(response)))
		if !ok || refused.Public == "" || !strings.Contains(refused.Code, ".") {
			t.Errorf("%s: Phone = %v, want a definite no", name, refused)
		}
	}
	keyless, err := alipaytest.New(alipaytest.Config{Users: []alipaytest.User{{ID: zhang}}})
	if err != nil {
		t.Fatal(err)
	}
	response, err := keyless.PhoneNumber(zhang)
	if err != nil {
		t.Fatal(err)
	}
	if refused, ok := errors.AsType[*flows.RefusedError](second(c.Phone(response))); !ok || refused.Code != "40001 isv.missing-encrypt-key" {
		t.Errorf("without a key in the console Phone = %v", refused)
	}
}

func second[T any](_ T, err error) error { return err }

// TestPhoneIsAlipaysWord changes what Alipay said, in every way in which it could
// be somebody else's word.
func TestPhoneIsAlipaysWord(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	good := map[string]any{}
	if err := json.Unmarshal([]byte(c.told(t, zhang)), &good); err != nil {
		t.Fatal(err)
	}
	box, _ := good["response"].(string)
	for name, change := range map[string]func(map[string]any){
		"no signature":              func(m map[string]any) { delete(m, "sign") },
		"a signature of another":    func(m map[string]any) { m["sign"] = base64.StdEncoding.EncodeToString(make([]byte, 256)) },
		"a signature that is none":  func(m map[string]any) { m["sign"] = "%%%" },
		"another box":               func(m map[string]any) { m["response"] = "A" + box[1:] },
		"a box in other spelling":   func(m map[string]any) { m["response"] = box + "\n" },
		"half a box":                func(m map[string]any) { m["response"] = box[:12] },
		"a number in clear":         func(m map[string]any) { m["response"] = map[string]string{"code": "10000", "mobile": "13900139000"} },
		"a list":                    func(m map[string]any) { m["response"] = []string{box} },
		"nothing":                   func(m map[string]any) { delete(m, "response") },
		"a code with a sentence":    func(m map[string]any) { m["response"] = map[string]string{"code": "13900139000 和别的"} },
		"something very long":       func(m map[string]any) { m["charset"] = strings.Repeat("x", alipay.MaxPhone) },
		"a signature not a string":  func(m map[string]any) { m["sign"] = 7 },
		"a response that is a null": func(m map[string]any) { m["response"] = nil },
	} {
		m := map[string]any{}
		for k, v := range good {
			m[k] = v
		}
		change(m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Phone(string(text)); !errors.Is(err, alipay.ErrPhone) {
			t.Errorf("%s: Phone = %q, %v, want ErrPhone", name, got.Reveal(), err)
		}
	}
	if _, err := c.Phone("not JSON"); !errors.Is(err, alipay.ErrPhone) {
		t.Errorf("not JSON: %v, want ErrPhone", err)
	}
}

// TestPhoneWithAnotherKey has a client that was given no key, or another one.
func TestPhoneWithAnotherKey(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	response := c.told(t, zhang)
	for name, key := range map[string]string{"no key": "", "another key": base64.StdEncoding.EncodeToString([]byte("another key, 16."))} {
		cfg := c.config(t, alipaytest.ModeKey)
		cfg.AESKey = flows.Conceal(key)
		client, err := alipay.New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := client.Phone(response); !errors.Is(err, alipay.ErrPhone) {
			t.Errorf("with %s Phone = %q, %v, want ErrPhone", name, got.Reveal(), err)
		}
	}
	for _, key := range []string{"short", base64.StdEncoding.EncodeToString(make([]byte, 32)), "%"} {
		cfg := c.config(t, alipaytest.ModeKey)
		cfg.AESKey = flows.Conceal(key)
		if _, err := alipay.New(cfg, nil); err == nil {
			t.Errorf("the AES key %q is taken", key)
		}
	}
}
