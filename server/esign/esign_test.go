package esign

// The client against the platform's vector and the stand-in, which has a
// signature check of its own.

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/esign/esigntest"
)

// The vector of facts/domain.md 4.1.
func TestSignatureVector(t *testing.T) {
	body := []byte(`{"amount":0.51}`)
	if got := digest(body); got != "8bOPLSh+QRTQ6NWfVmOzKQ==" {
		t.Errorf("digest = %s", got)
	}
	path := "/v2/identity/auth/pub/organization/799818997188011477/verifyRandomAmount"
	if got := signature(flows.Conceal("secret-abc"), http.MethodPut, path, body); got != "WhBaopmxMV6TD7XbvlKKjjx5BPoJrtyplCTulvhvjyk=" {
		t.Errorf("signature = %s", got)
	}
}

var (
	company = esigntest.Company{Name: "杭州某某信息科技有限公司", Code: "91330106MA0000015K", Representative: "王小明", IDNumber: "330106199003071236"}
	unnamed = esigntest.Company{Name: "宁波某某贸易有限公司", Code: "91350100M000100Y43", Representative: "陈静"}
	gone    = esigntest.Company{Name: "温州某某有限公司", Code: "913301087458306077", Representative: "王小明", IDNumber: "330106199003071236", State: "2"}
)

func register(now func() time.Time) *esigntest.Register {
	return esigntest.New(esigntest.Config{
		AppID: "app", Secret: flows.Conceal("secret"), Companies: []esigntest.Company{company, unnamed, gone}, Clock: now,
		Holders: []esigntest.Holder{{Name: "王小明", IDNumber: "330106199003071236", Mobile: "13912345678", Card: "6222020000000000000"}},
	})
}

func client(t *testing.T, handler http.Handler, now func() time.Time) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := New(Config{URL: server.URL, AppID: "app", Secret: flows.Conceal("secret")}, server.Client(), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(ctx context.Context, c *Client, of esigntest.Company, name, number string) (flows.Match, error) {
	return c.Represents(ctx, flows.Organisation{Name: flows.Conceal(of.Name), CreditCode: flows.Conceal(of.Code)},
		flows.Person{Name: flows.Conceal(name), IDNumber: flows.Conceal(number)})
}

func TestRepresents(t *testing.T) {
	c := client(t, register(time.Now), time.Now)
	renamed := company
	renamed.Name = "杭州某某科技有限公司"
	for _, test := range []struct {
		about        string
		of           esigntest.Company
		name, number string
		want         flows.Match
	}{
		{"the representative", company, "王小明", "330106199003071236", flows.MatchPerson},
		{"a namesake", company, "王小明", "44050719991231004X", flows.MatchNone},
		{"somebody else", company, "张伟", "440507198502280015", flows.MatchNone},
		{"a company by another name", renamed, "王小明", "330106199003071236", flows.MatchNone},
		{"a register without the number", unnamed, "陈静", "330203198806123520", flows.MatchName},
		{"somebody else, without the number", unnamed, "张伟", "440507198502280015", flows.MatchNone},
	} {
		got, err := ask(t.Context(), c, test.of, test.name, test.number)
		if got != test.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", test.about, got, err, test.want)
		}
	}
}

// TestDiffers hears of a code that the register has under another name, and of
// nothing else.
func TestDiffers(t *testing.T) {
	office := register(time.Now)
	c := client(t, office, time.Now)
	of := func(name, code string) flows.Organisation {
		return flows.Organisation{Name: flows.Conceal(name), CreditCode: flows.Conceal(code)}
	}
	for _, test := range []struct {
		about string
		org   flows.Organisation
		want  bool
	}{
		{"a company", of(company.Name, company.Code), false},
		{"one whose representative has no number there", of(unnamed.Name, unnamed.Code), false},
		{"another name", of("杭州某某科技有限公司", company.Code), true},
		{"a name without its end", of("杭州某某信息科技", company.Code), true},
		{"a code that nobody has", of(company.Name, "913502006123456789"), false},
		{"no code", of(company.Name, "9135"), false},
		{"a company that is no more", of(gone.Name, gone.Code), false},
	} {
		if got, err := c.Differs(t.Context(), test.org); got != test.want || err != nil {
			t.Errorf("%s: %v, %v, want %v", test.about, got, err, test.want)
		}
	}
	if err := office.Fault("down", 1); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Differs(t.Context(), of("杭州某某科技有限公司", company.Code)); got || err == nil {
		t.Errorf("a register that is down: %v, %v, want an error", got, err)
	}
}

// TestHolds compares somebody with what their telephone company and bank know.
func TestHolds(t *testing.T) {
	c := client(t, register(time.Now), time.Now)
	for _, test := range []struct {
		about                      string
		name, number, mobile, card string
		want                       bool
		words                      string // of a refusal
	}{
		{about: "the number's holder", name: "王小明", number: "330106199003071236", mobile: "13912345678", want: true},
		{about: "somebody else", name: "李小红", number: "44050719991231004X", mobile: "13912345678"},
		{about: "a number nobody knows", name: "王小明", number: "330106199003071236", mobile: "13800000000"},
		{about: "the card's holder", name: "王小明", number: "330106199003071236", mobile: "13912345678", card: "6222020000000000000", want: true},
		{about: "another card", name: "王小明", number: "330106199003071236", mobile: "13912345678", card: "6222020000000000018"},
		{about: "no identity number", name: "王小明", number: "3301", mobile: "13912345678", words: "请核对"},
	} {
		who := flows.Person{Name: flows.Conceal(test.name), IDNumber: flows.Conceal(test.number)}
		got, err := c.Holds(t.Context(), who, flows.Conceal(test.mobile), flows.Conceal(test.card))
		no, is := errors.AsType[*flows.RefusedError](err)
		if got != test.want || is != (test.words != "") || is && !strings.Contains(no.Public, test.words) || !is && err != nil {
			t.Errorf("%s: %v, %v, want %v", test.about, got, err, test.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	now := time.Now()
	c := client(t, register(func() time.Time { return now }), func() time.Time { return now })
	unknown := esigntest.Company{Name: "无锡某某有限公司", Code: "913502006123456789"}
	short := esigntest.Company{Name: "无锡某某有限公司", Code: "9135"}
	refuses := func(of esigntest.Company, words string) {
		t.Helper()
		_, err := ask(t.Context(), c, of, "王小明", "330106199003071236")
		no, is := errors.AsType[*flows.RefusedError](err)
		if !is || !strings.Contains(no.Public, words) {
			t.Errorf("%s: %v, want a refusal with %q", of.Name, err, words)
		}
	}
	refuses(unknown, "没有查到")
	refuses(short, "请核对")
	refuses(gone, "注销")
	for range 10 {
		if _, err := ask(t.Context(), c, company, "李小红", "44050719991231004X"); err != nil {
			t.Fatal(err)
		}
	}
	_, err := ask(t.Context(), c, company, "李小红", "44050719991231004X")
	if no, is := errors.AsType[*flows.RefusedError](err); !is || !strings.Contains(no.Public, "太频繁") {
		t.Errorf("the eleventh time: %v", err)
	}
}

// What is no answer decides nothing, and carries nobody's data.
func TestNothingIsKnown(t *testing.T) {
	late := func() time.Time { return time.Now().Add(-16 * time.Minute) }
	stolen, err := New(Config{URL: "http://127.0.0.1:1", AppID: "app", Secret: flows.Conceal("other")}, http.DefaultClient, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	office := register(time.Now)
	server := httptest.NewServer(office)
	t.Cleanup(server.Close)
	stolen.cfg.URL = server.URL
	said := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	for about, c := range map[string]*Client{
		"an old time":           client(t, register(time.Now), late),
		"another secret":        stolen,
		"no JSON":               client(t, said("<html>"), time.Now),
		"no code":               client(t, said(`{"message":"成功"}`), time.Now),
		"a code that is text":   client(t, said(`{"code":"0"}`), time.Now),
		"an unknown code":       client(t, said(`{"code":30503107,"message":"王小明"}`), time.Now),
		"more than is bearable": client(t, said(`{"code":0,"message":"`+strings.Repeat("好", maxAnswer)+`"}`), time.Now),
	} {
		got, err := ask(t.Context(), c, company, "王小明", "330106199003071236")
		if _, refused := errors.AsType[*flows.RefusedError](err); got != "" || err == nil || refused {
			t.Errorf("%s: %q, %v, want an error that is no refusal", about, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "王小明") || strings.Contains(err.Error(), "330106")) {
			t.Errorf("%s: the error names somebody: %v", about, err)
		}
	}
	for _, fault := range []string{"500", "down"} {
		if err := office.Fault(fault, 1); err != nil {
			t.Fatal(err)
		}
		honest := client(t, office, time.Now)
		if _, err := ask(t.Context(), honest, company, "王小明", "330106199003071236"); err == nil {
			t.Errorf("%s decided something", fault)
		}
		if got, err := ask(t.Context(), honest, company, "王小明", "330106199003071236"); got != flows.MatchPerson {
			t.Errorf("after %s: %q, %v", fault, got, err)
		}
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := New(Config{URL: "openapi.esign.cn"}, http.DefaultClient, time.Now)
	for _, want := range []string{"URL", "secret"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New: %v, want a word of %s", err, want)
		}
	}
}

func FuzzVerdict(f *testing.F) {
	for _, seed := range []string{
		`{"code":0,"data":{"verifyId":"x","compareDetails":{"legalOrgState":"2"}}}`, `{"code":30504001}`, `{"code":0,"data":{"compareDetails":{"legalOrgState":1}}}`,
		`{"code":0,"data":null}`, `{"code":1e9}`, `[]`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		match, err := verdict(body)
		var said struct{ Code *float64 }
		if match && (err != nil || json.Unmarshal(body, &said) != nil || said.Code == nil || *said.Code != 0) {
			t.Errorf("a match: %q, %v", body, err)
		}
	})
}
