package miniapp

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"certdesk/flows"
)

func TestParse(t *testing.T) {
	values := func(n int) string {
		all := map[string]string{}
		for i := range n {
			all[fmt.Sprintf("k%d", i)] = "v"
		}
		text, _ := json.Marshal(all)
		return string(text)
	}
	tests := []struct {
		name string
		body string
		want flows.Happening
		err  error
	}{
		{name: "text", body: `{"nonce":"nonce-01","text":"帮助"}`, want: flows.Said{Text: "帮助"}},
		{name: "a choice", body: `{"nonce":"nonce-01","choice":"12345678"}`, want: flows.Said{Choice: "12345678"}},
		{
			name: "a page", body: `{"nonce":"nonce-01","page":"person.page","values":{"name":"王小明","id":"x"}}`,
			want: flows.Filled{Page: "person.page", Values: flows.Form{"name": flows.Conceal("王小明"), "id": flows.Conceal("x")}},
		},
		{name: "a page without values", body: `{"nonce":"nonce-01","page":"person.page"}`, want: flows.Filled{Page: "person.page", Values: flows.Form{}}},
		{name: "500 characters", body: `{"nonce":"nonce-01","text":"` + strings.Repeat("好", 500) + `"}`, want: flows.Said{Text: strings.Repeat("好", 500)}},
		{name: "501 characters", body: `{"nonce":"nonce-01","text":"` + strings.Repeat("好", 501) + `"}`, err: ErrMalformed},
		{name: "a value of 501 characters", body: `{"nonce":"nonce-01","page":"p","values":{"k":"` + strings.Repeat("好", 501) + `"}}`, err: ErrMalformed},
		{name: "41 values", body: `{"nonce":"nonce-01","page":"p","values":` + values(41) + `}`, err: ErrMalformed},
		{name: "a body of 16 KiB and one byte", body: `{"nonce":"nonce-01","text":"x"}` + strings.Repeat(" ", MaxBody), err: ErrMalformed},
		{name: "nothing", body: ``, err: ErrMalformed},
		{name: "nothing said", body: `{"nonce":"nonce-01"}`, err: ErrMalformed},
		{name: "blanks only", body: `{"nonce":"nonce-01","text":" \n"}`, err: ErrMalformed},
		{name: "two at once", body: `{"nonce":"nonce-01","text":"x","choice":"1"}`, err: ErrMalformed},
		{name: "values without a page", body: `{"nonce":"nonce-01","text":"x","values":{"k":"v"}}`, err: ErrMalformed},
		{name: "a choice with a letter", body: `{"nonce":"nonce-01","choice":"1a"}`, err: ErrMalformed},
		{name: "no nonce", body: `{"text":"x"}`, err: ErrMalformed},
		{name: "a short nonce", body: `{"nonce":"1234567","text":"x"}`, err: ErrMalformed},
		{name: "a nonce with a slash", body: `{"nonce":"nonce/../01","text":"x"}`, err: ErrMalformed},
		{name: "an unknown field", body: `{"nonce":"nonce-01","text":"x","agent":"a"}`, err: ErrMalformed},
		{name: "two answers", body: `{"nonce":"nonce-01","text":"x"}{}`, err: ErrMalformed},
		{name: "a NUL", body: `{"nonce":"nonce-01","text":"a\u0000b"}`, err: ErrMalformed},
		{name: "broken UTF-8", body: "{\"nonce\":\"nonce-01\",\"text\":\"\xff\"}", err: ErrMalformed},
		{name: "a page with a quote", body: `{"nonce":"nonce-01","page":"p'"}`, err: ErrMalformed},
		{name: "a key with a blank", body: `{"nonce":"nonce-01","page":"p","values":{"a b":"v"}}`, err: ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, nonce, err := Parse([]byte(tt.body))
			if !errors.Is(err, tt.err) {
				t.Fatalf("Parse: error %v, want %v", err, tt.err)
			}
			if !reflect.DeepEqual(got, tt.want) || (err == nil) != (nonce == "nonce-01") {
				t.Errorf("Parse = %+v, nonce %q; want %+v", got, nonce, tt.want)
			}
		})
	}
}

// TestParseOwnsItsMemory guards against the server's reuse of a request's bytes.
func TestParseOwnsItsMemory(t *testing.T) {
	body := []byte(`{"nonce":"nonce-01","page":"p","values":{"k":"value"}}`)
	what, nonce, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	clear(body)
	if got := what.(flows.Filled); got.Page != "p" || got.Values.Text("k") != "value" || nonce != "nonce-01" {
		t.Errorf("after the buffer was cleared: %q %q %q", got.Page, got.Values.Text("k"), nonce)
	}
}

func TestParseSignIn(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"auth_code":"a1b2"}`:                     true,
		`{"auth_code":"a1b2","scene":"project-3"}`: true,
		`{"auth_code":""}`:                         false,
		`{}`:                                       false,
		`{"auth_code":"a b"}`:                      false,
		`{"auth_code":"a1b2","scene":"<b>"}`:       false,
		`{"auth_code":"` + strings.Repeat("a", 129) + `"}`:            false,
		`{"auth_code":"a","scene":"` + strings.Repeat("a", 65) + `"}`: false,
	} {
		if _, err := ParseSignIn([]byte(body)); (err == nil) != ok {
			t.Errorf("ParseSignIn(%.40s) = %v, want accepted %v", body, err, ok)
		}
	}
}

func TestParsePhone(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"nonce":"nonce-01","response":"{}"}`:                                      true,
		`{"nonce":"nonce-01","response":""}`:                                        false,
		`{"nonce":"nonce-01"}`:                                                      false,
		`{"nonce":"n/../../1","response":"{}"}`:                                     false,
		`{"response":"{}"}`:                                                         false,
		`{"nonce":"nonce-01","response":{}}`:                                        false,
		`{"nonce":"nonce-01","response":"` + strings.Repeat("x", maxPhone+1) + `"}`: false,
	} {
		if _, err := ParsePhone([]byte(body)); (err == nil) != ok {
			t.Errorf("ParsePhone(%.40s) = %v, want accepted %v", body, err, ok)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	f.Add([]byte(`{"nonce":"nonce-01","response":"{\"response\":\"QUJD\",\"sign\":\"QUJD\"}"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := ParsePhone(body)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		if (err == nil) != isNonce(p.Nonce) || len(p.Response) > maxPhone {
			t.Errorf("ParsePhone(%q) = %+v, %v", body, p, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"nonce":"nonce-01","text":"帮助"}`))
	f.Add([]byte(`{"nonce":"nonce-01","choice":"12345678"}`))
	f.Add([]byte(`{"nonce":"nonce-01","page":"person.page","values":{"name":"王小明","id":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		what, nonce, err := Parse(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) || what != nil || nonce != "" {
				t.Fatalf("Parse = %v, %q, %v", what, nonce, err)
			}
			return
		}
		if len(nonce) < minNonce || len(nonce) > maxNonce || strings.Contains(nonce, "/") {
			t.Errorf("nonce %q", nonce)
		}
		switch h := what.(type) {
		case flows.Said:
			if (h.Text == "") == (h.Choice == "") || utf8.RuneCountInString(h.Text) > maxText || !utf8.ValidString(h.Text) {
				t.Errorf("said %+v", h)
			}
		case flows.Filled:
			if h.Page == "" || len(h.Values) > maxValues {
				t.Errorf("page %q with %d values", h.Page, len(h.Values))
			}
		default:
			t.Errorf("a happening that nobody on this side makes: %T", what)
		}
	})
}

func FuzzParseSignIn(f *testing.F) {
	f.Add([]byte(`{"auth_code":"a1b2","scene":"project-3"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := ParseSignIn(body)
		if err != nil && !errors.Is(err, ErrMalformed) {
			t.Fatal(err)
		}
		if (err == nil) == (s.AuthCode == "") || strings.ContainsFunc(s.AuthCode+s.Scene, notName) {
			t.Errorf("ParseSignIn(%q) = %+v, %v", body, s, err)
		}
	})
}
