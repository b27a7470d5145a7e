package alipay_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

// Seeing whose an account is: only when its holder agreed, once for each time.

// agrees logs somebody in at Alipay's page, as a browser, and returns what the
// way back carries.
func (c *city) agrees(t *testing.T, user, page string) (code, state string) {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.PostForm(page, url.Values{"user": {user}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	back, err := answer.Location()
	if err != nil || back.Path != "/h5/oauth/alipay" {
		t.Fatalf("Alipay answers %d and leads to %v, %v", answer.StatusCode, back, err)
	}
	return back.Query().Get("auth_code"), back.Query().Get("state")
}

func (c *city) back() string { return c.address + "/h5/oauth/alipay" }

func TestHolder(t *testing.T) {
	works1 := flows.Holder{Company: true, Certified: true, Name: flows.Conceal("杭州某某信息科技有限公司"), CreditCode: flows.Conceal("91330106MA0000015K")}
	for user, want := range map[string]flows.Holder{
		works: works1,
		fresh: {Company: true},
		zhang: {Certified: true, Name: person.Name},
	} {
		c := newCity(t, alipaytest.ModeCertificate)
		code, state := c.agrees(t, user, c.Authorise(c.back(), "s-1"))
		if state != "s-1" {
			t.Errorf("the state came back as %q", state)
		}
		if got, err := c.Holder(t.Context(), code); got != want || err != nil {
			t.Errorf("Holder = %+v, %v, want %+v", got, err, want)
		}
		_, err := c.Holder(t.Context(), code)
		wantRefusal(t, err, "isv.code-invalid")
	}
}

func TestSame(t *testing.T) {
	for user, want := range map[string]bool{zhang: true, wang: false, works: false} {
		c := newCity(t, alipaytest.ModeCertificate)
		id, err := c.Prepare(t.Context(), person)
		if err != nil {
			t.Fatal(err)
		}
		code, _ := c.agrees(t, user, c.AuthoriseAs(id, c.back(), "s"))
		if got, err := c.Same(t.Context(), code, id); got != want || err != nil {
			t.Errorf("Same of %s = %v, %v, want %v", user, got, err, want)
		}
	}
}

// TestAgreedToSomethingElse uses an agreement for what was not agreed to.
func TestAgreedToSomethingElse(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	id, err := c.Prepare(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.Prepare(t.Context(), flows.Person{Name: flows.Conceal("王五"), IDNumber: flows.Conceal("110105194912310038")})
	if err != nil {
		t.Fatal(err)
	}
	code, _ := c.agrees(t, wang, c.AuthoriseAs(id, c.back(), "s"))
	if same, err := c.Same(t.Context(), code, other); same || err == nil {
		t.Errorf("Same with somebody else than was agreed to = %v, %v, want an error", same, err)
	}
	code, _ = c.agrees(t, wang, c.AuthoriseAs(other, c.back(), "s"))
	if holder, err := c.Holder(t.Context(), code); err == nil {
		t.Errorf("Holder of who agreed to a comparison only = %+v, want an error", holder)
	}
	code, _ = c.agrees(t, works, c.Authorise(c.back(), "s"))
	if same, err := c.Same(t.Context(), code, id); same || err == nil {
		t.Errorf("Same of who agreed to be shown only = %v, %v, want an error", same, err)
	}
	_, err = c.Holder(t.Context(), "invented")
	wantRefusal(t, err, "isv.code-invalid")
	if _, err := c.Prepare(t.Context(), flows.Person{Name: flows.Conceal("张三"), IDNumber: flows.Conceal("1")}); err == nil {
		t.Error("Prepare takes a number that is none")
	}
}

// TestHolderUnknown loses or spoils an answer: whose the account is stays open.
func TestHolderUnknown(t *testing.T) {
	for _, fault := range []string{alipaytest.Fault500, alipaytest.FaultTimeout, alipaytest.FaultUnknown, alipaytest.FaultForgedAnswer} {
		c := newCity(t, alipaytest.ModeCertificate)
		code, _ := c.agrees(t, works, c.Authorise(c.back(), "s"))
		if err := c.gateway.Fault(fault, 2); err != nil {
			t.Fatal(err)
		}
		holder, err := c.Holder(t.Context(), code)
		if refused := new(flows.RefusedError); err == nil || errors.As(err, &refused) || holder != (flows.Holder{}) {
			t.Errorf("%s: Holder = %+v, %v, want an error that is no refusal", fault, holder, err)
		}
	}
}

// TestAuthoriseNamesTheRealPage holds the address that nothing is configured
// for, with the exact names of facts/alipay.md 2.3.2.
func TestAuthoriseNamesTheRealPage(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	cfg := c.config(t, alipaytest.ModeCertificate)
	cfg.OAuth = ""
	client, err := alipay.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, want := client.Authorise("https://shop.example/h5/oauth/alipay", "a b"), "https://openauth.alipay.com/oauth2/publicAppAuthorize.htm?"+
		"app_id=2021000000000001&redirect_uri=https%3A%2F%2Fshop.example%2Fh5%2Foauth%2Falipay&scope=auth_user&state=a+b"
	if got != want {
		t.Errorf("Authorise = %s, want %s", got, want)
	}
	if as := client.AuthoriseAs("42", "https://shop.example/", "s"); !strings.Contains(as, "cert_verify_id=42&") || !strings.Contains(as, "scope=id_verify&") {
		t.Errorf("AuthoriseAs = %s", as)
	}
	cfg.OAuth = "https://x.example/?a=1"
	if _, err := alipay.New(cfg, nil); err == nil {
		t.Error("New takes a log-in page with a query")
	}
}
