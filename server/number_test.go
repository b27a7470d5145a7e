package server

import (
	"maps"
	"net/http"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/miniapp"
)

// field is a question of the page that the mini-program shows.
func (h *handheld) field(key flows.Key) miniapp.Field {
	h.t.Helper()
	if h.view.Page != nil {
		for _, f := range h.view.Page.Fields {
			if f.Key == string(key) {
				return f
			}
		}
	}
	h.t.Fatalf("%s does not ask for %s", h.view.At, key)
	return miniapp.Field{}
}

// letsKnow presses the button at which Alipay asks whether it may tell the number,
// and agrees.
func (h *handheld) letsKnow() {
	h.t.Helper()
	var told struct{ Response string }
	h.tells(h.t, "/world/alipay/phone", map[string]string{"user": h.Alipay}, &told)
	h.calls("POST", "phone", miniapp.Phone{Nonce: h.view.Nonce, Response: told.Response}, &h.view)
}

// TestTheNumberThatAlipayKnows fills the number in that Alipay knows: it stands on
// the page, counts for nothing until it is sent in, and is proved by a code.
func TestTheNumberThatAlipayKnows(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	app := c.opensApp(n.startApp())
	app.types("个人证书")
	if f := app.field(flows.KeyMobile); !f.Known || f.Value != "" || app.field(flows.KeyLogin).Known {
		t.Fatalf("before anybody agreed the field is %+v", f)
	}
	app.letsKnow()
	if f := app.field(flows.KeyMobile); f.Value != c.Mobile || !strings.Contains(strings.Join(app.view.Said, ""), "已填入支付宝绑定的手机号码。请在下面核对") {
		t.Errorf("the field is %+v, and it says %q", f, app.view.Said)
	}
	if f := n.facts(t, app.id()); f.Form.Has(flows.KeyMobile) || len(c.texts()) > 0 {
		t.Errorf("a number that was not sent in is kept, or gets %d codes", len(c.texts()))
	}
	app.looks()
	if f := app.field(flows.KeyMobile); f.Value != c.Mobile {
		t.Errorf("a moment later the field is %+v", f)
	}

	other := "13700137000"
	app.calls("POST", "answer", miniapp.Answer{
		Nonce: app.view.Nonce, Page: app.view.Page.Name, Values: map[string]string{"login": c.Login, "mobile": other},
	}, &app.view)
	app.shows(flows.RegisterPerson)
	n.wait(t, "what the applicant wrote over it", func() bool { return n.facts(t, app.id()).Form.Text(flows.KeyMobile) == other })
	app.types("返回")
	app.letsKnow()
	app.calls("POST", "answer", miniapp.Answer{
		Nonce: app.view.Nonce, Page: app.view.Page.Name, Values: map[string]string{"login": c.Login, "mobile": app.field(flows.KeyMobile).Value},
	}, &app.view)
	app.shows(flows.RegisterPerson)
	values := map[string]string{}
	for key, value := range c.account() { // with the code that came to the number
		values[string(key)] = value
	}
	app.calls("POST", "answer", miniapp.Answer{Nonce: app.view.Nonce, Page: app.view.Page.Name, Values: values}, &app.view)
	app.shows(flows.PersonStart)
	lines, _, err := n.talks.Lines(t.Context(), app.id(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if strings.Contains(l.Text, c.Mobile) {
			t.Errorf("the transcript shows the number: %s %s", l.Who, l.Text)
		}
	}
}

// TestANumberThatAlipayDoesNotTell takes none from anybody else, and says what to
// do.
func TestANumberThatAlipayDoesNotTell(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	app := c.opensApp(n.startApp())
	app.types("个人证书")
	header := http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + app.token}}
	for name, response := range map[string]string{
		"a number in clear": `{\"response\":{\"code\":\"10000\",\"mobile\":\"13900139000\"}}`,
		"no to the asker":   `{\"response\":{\"code\":\"40003\",\"subCode\":\"isv.invalid-auth-relations\"}}`,
		"nonsense":          "x y",
	} {
		got, said := n.ask(t, "POST", miniBase+"/phone", `{"nonce":"`+app.view.Nonce+`","response":"`+response+`"}`, maps.Clone(header))
		if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(said, "请直接填写") {
			t.Errorf("%s = %d %s", name, got.StatusCode, said)
		}
	}
	if app.looks(); app.field(flows.KeyMobile).Value != "" {
		t.Errorf("the field is %+v", app.field(flows.KeyMobile))
	}
}

// TestWithoutTheKeyNoNumberIsOffered leaves the key out.
func TestWithoutTheKeyNoNumberIsOffered(t *testing.T) {
	n := newTown(t, "ALIPAY_AES_KEY=")
	app := n.citizens(t)[0].opensApp(n.startApp())
	app.types("个人证书")
	if f := app.field(flows.KeyMobile); f.Known {
		t.Errorf("the field is %+v", f)
	}
}
