package server

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/activation"
	"certdesk/server/desk"
)

// Nothing that belongs to a person gets out by the log.

func TestNothingPersonalIsLogged(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.registers()
	c.consents()
	for range 2 { // refused once, for the words of a refusal
		c.sends(c.sheet(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: c.IDNumber[:17] + "3"}))
	}
	c.says("我的身份证号是" + c.IDNumber + "，手机" + c.Mobile)
	n.tells(t, "/world/faults", map[string]any{"partner": "alipay", "fault": "500", "times": 1}, nil)
	n.tells(t, "/world/faults", map[string]any{"partner": "wechat", "fault": "500", "times": 1}, nil)
	c.proves()
	c.askedForAnAddress(func() {
		n.tells(t, "/world/wechat/"+c.OpenID+"/photo", map[string]string{"printed": "姓名 " + c.Name + "\n公民身份号码 " + c.IDNumber + "\n手机 " + c.Mobile}, nil)
		c.wait(t, "the photograph to be read", func() bool { return c.talk().Case.Proposed.Has(flows.KeyToMobile) })
		if got := c.talk().Case.Proposed.Text(flows.KeyToMobile); got != c.Mobile {
			t.Errorf("the mobile that is proposed is %q, want what is printed as one", got)
		}
	})
	c.orders()
	n.tells(t, "/world/faults", map[string]any{"partner": "courier", "fault": "500", "times": 1}, nil)
	c.pays()
	c.says("开始激活")
	c.reaches(flows.ActivationMake)
	form := c.talk().Case.Form
	k := &keyTool{citizen: c}
	var begun activation.BeginAnswer
	k.accepted(activation.BeginPath, activation.BeginRequest{Code: form.Text(flows.KeyTicket), PC: c.Name + "的电脑"}, &begun)
	k.bearer = begun.Token
	k.accepted(activation.DevicePath, activation.DeviceRequest{Serial: "KEY-1"}, nil)
	k.refused(activation.AuthorisePath, activation.AuthoriseRequest{Code: "135791"}, 410, activation.SMSExpired)

	private := map[string]string{
		"name": c.Name, "identity number": c.IDNumber, "mobile": c.Mobile, "login": c.Login, "password": c.Password,
		"SMS code": c.texts()[0], "address": "某某路12号", "OpenID": c.OpenID, "account": c.Alipay, "link": c.link()[len("/h5/s/"):],
		"payment code": form.Text(flows.KeyPayQR), "activation code": form.Text(flows.KeyTicket), "bearer": begun.Token,
		"WeChat's secret": n.cfg.WeChat.AppSecret.Reveal(), "SF's token": n.cfg.SF.PushToken.Reveal(),
	}
	n.keepsQuiet(t, private)
	for _, borrowed := range []string{"SMS code", "bearer", "payment code", "link", "password"} {
		delete(private, borrowed) // good for minutes, or hashed: the stores' own tests look for them
	}
	n.keepsSealed(t, private)
	for _, failure := range []string{"verify-face", "custom/send", "book-courier"} {
		if !strings.Contains(n.log.String(), failure) {
			t.Errorf("the failure of %s is not in the log", failure)
		}
	}
}

// keepsQuiet looks for what is a person's, or secret, in the log. The values are
// named.
func (n *town) keepsQuiet(t *testing.T, private map[string]string) {
	t.Helper()
	for what, text := range private {
		if text == "" {
			t.Errorf("the %s is not known to this test", what)
			continue
		}
		whole := regexp.MustCompile(`(^|\W)` + regexp.QuoteMeta(text) + `(\W|$)`)
		for line := range strings.Lines(n.log.String()) {
			if whole.MatchString(line) {
				t.Errorf("the %s is in the log: %s", what, line)
			}
		}
	}
}

// keepsSealed looks for the same in everything that is stored: Redis, and the
// files of the ledger with their log (M40).
func (n *town) keepsSealed(t *testing.T, private map[string]string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(n.dir, "ledger.db*"))
	if err != nil {
		t.Fatal(err)
	}
	stores := map[string]string{"Redis": n.embedded.Dump()}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		stores["the ledger"] += string(text)
	}
	for store, text := range stores {
		if !strings.Contains(text, string(n.only(t))) {
			t.Fatalf("%s does not hold the talk: this test looks in the wrong place", store)
		}
		for what, secret := range private {
			if strings.Contains(text, secret) {
				i := strings.Index(text, secret)
				t.Errorf("the %s is in %s in clear: %q", what, store, text[max(0, i-60):min(len(text), i+60)])
			}
		}
	}
}

// only is the one talk of the town.
func (n *town) only(t *testing.T) (id desk.TalkID) {
	t.Helper()
	if err := n.books.QueryRow("SELECT id FROM talk").Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestACardRestsNowhere: neither the card nor the identity number by which
// somebody is proved stands in any store or in the log in clear (M40), and the
// card not even sealed.
func TestACardRestsNowhere(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.registers()
	c.says("立即实名")
	c.says("换一种方式")
	c.says("用银行卡认证")
	c.fills(map[flows.Key]string{flows.KeyName: c.Name, flows.KeyIDNumber: c.IDNumber, flows.KeyBankCard: c.Card, flows.KeyConsent: "on"})
	c.reaches(flows.ServiceChoose)
	private := map[string]string{"name": c.Name, "identity number": c.IDNumber, "card": c.Card, "mobile": c.Mobile}
	n.keepsQuiet(t, private)
	n.keepsSealed(t, private)
	facts, err := n.book.Facts(t.Context(), n.only(t))
	if err != nil {
		t.Fatal(err)
	}
	if facts.Form.Has(flows.KeyBankCard) || c.talk().Case.Form.Has(flows.KeyBankCard) {
		t.Error("the card is kept after it was compared")
	}
}
