package miniapp

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"certdesk/flows"
)

var manual = flows.Manual("400-0878-198")

// known is a form in which every answer is recognisable.
func known(kind string) flows.Form {
	f := flows.Form{}
	for _, k := range []flows.Key{
		flows.KeyLogin, flows.KeyMobile, flows.KeyCode, flows.KeyPassword, flows.KeyPassword2, flows.KeyOrgName, flows.KeyName,
		flows.KeyIDNumber, flows.KeyCreditCode, flows.KeyTitle, flows.KeyTaxNumber, flows.KeyBank, flows.KeyBankAccount,
		flows.KeyRecipient, flows.KeyDetail, flows.KeyToMobile, flows.KeyLandline, flows.KeyOrderNo, flows.KeyTotal,
		flows.KeyFaceURL, flows.KeyTrade, flows.KeyPayUntil, flows.KeyFaceUntil, flows.KeyTicket, flows.KeyKeyStep,
	} {
		f[k] = flows.Conceal("〔" + string(k) + "〕的内容")
	}
	f[flows.KeyKind] = flows.Conceal(kind)
	return f
}

func rendered(c flows.Case) View {
	return Render(Shown{Flow: manual, Case: c, Question: manual.Question(c), Nonce: "nonce-01", Stay: "s"})
}

func steps() []flows.Step {
	var all []flows.Step
	for _, c := range manual.Chapters {
		all = append(all, c.Steps...)
	}
	return all
}

// TestRenderKeepsSecrets looks for everything that must stay on this side, in
// every step of the manual.
func TestRenderKeepsSecrets(t *testing.T) {
	for _, kind := range []string{flows.KindPerson, flows.KindCompany} {
		form := known(kind)
		for _, s := range steps() {
			text, err := json.Marshal(rendered(flows.Case{At: s.At, Form: form}))
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []flows.Key{flows.KeyPassword, flows.KeyPassword2, flows.KeyCode, flows.KeyIDNumber, flows.KeyBankAccount, flows.KeyMobile, flows.KeyLogin, flows.KeyDetail} {
				if strings.Contains(string(text), form.Text(k)) {
					t.Errorf("%s shows %s", s.At, k)
				}
			}
		}
	}
}

// TestRenderProposals shows what was proposed and not sent in, in every page of the
// manual, but for what a view never carries; and offers Alipay's number only where
// it can be read.
func TestRenderProposals(t *testing.T) {
	shown, offered := 0, 0
	for _, s := range steps() {
		if s.Page == nil || sendsFiles(*s.Page) {
			continue
		}
		proposed := flows.Form{}
		for _, f := range s.Page.Fields {
			proposed[f.Key] = flows.Conceal("〔" + string(f.Key) + "〕的提议")
		}
		c := flows.Case{At: s.At, Form: flows.Form{}, Proposed: proposed}
		v := Render(Shown{Flow: manual, Case: c, Question: manual.Question(c), Known: true})
		for i, f := range v.Page.Fields {
			asked := s.Page.Fields[i]
			secret := slices.Contains(unsaid, asked.Key)
			if asked.Input != flows.InputFixed && (f.Value == proposed.Text(asked.Key)) == secret {
				t.Errorf("%s: %s is shown as %q", s.At, f.Key, f.Value)
			}
			if asked.Input != flows.InputFixed && !secret {
				shown++
			}
			if f.Known {
				offered++
			}
		}
		if plain := Render(Shown{Flow: manual, Case: c, Question: manual.Question(c)}); slices.ContainsFunc(plain.Page.Fields, func(f Field) bool { return f.Known }) {
			t.Errorf("%s offers a number that cannot be read", s.At)
		}
	}
	if shown < 10 || offered != 1 {
		t.Errorf("%d proposals are shown, and %d numbers offered", shown, offered)
	}
}

// TestRenderSpeaksOfButtons guards the words that are exchanged: when the
// manual changes them, what it says of codes would reach people who hold the
// very telephone that is to be scanned.
func TestRenderSpeaksOfButtons(t *testing.T) {
	for _, s := range steps() {
		v := rendered(flows.Case{At: s.At, Form: known(flows.KindCompany)})
		text := v.Title + "\n" + strings.Join(v.Text, "\n")
		for _, word := range []string{"扫码", "扫描", "扫一扫", "微信", "也可以在聊天里", "点开下面的页面"} {
			if strings.Contains(text, word) {
				t.Errorf("%s says %q in the mini-program: %s", s.At, word, text)
			}
		}
	}
}

func TestRenderEveryStep(t *testing.T) {
	for _, s := range steps() {
		v := rendered(flows.Case{At: s.At, Form: known(flows.KindPerson)})
		if v.At != string(s.At) || v.Title == "" || len(v.Text) == 0 || v.Turn.Who == "" {
			t.Errorf("%s: at %q, title %q, text %q, turn %+v", s.At, v.At, v.Title, v.Text, v.Turn)
		}
		if (v.Page != nil) != (s.Page != nil && !sendsFiles(*s.Page)) || v.Over != s.End {
			t.Errorf("%s: page %v, over %v", s.At, v.Page, v.Over)
		}
		if v.Over == (v.LookAgain > 0) {
			t.Errorf("%s: over %v and looks again after %d s", s.At, v.Over, v.LookAgain)
		}
		if v.Page == nil && len(v.Choices) == 0 && !v.Waiting && !v.Over {
			t.Errorf("%s: nothing to do and nothing to wait for", s.At)
		}
		if v.Owner.Kind != "bot" || !slices.Contains(v.Words, flows.WordHuman) {
			t.Errorf("%s: owner %+v, words %q", s.At, v.Owner, v.Words)
		}
	}
}

// TestRenderACodeForWeChat shows the only code that Alipay does not open; the
// other way round it is Alipay's, for whoever came from WeChat and looks here.
func TestRenderACodeForWeChat(t *testing.T) {
	form := flows.Form{
		flows.KeyJoin: flows.Conceal("BCDF-GHJK"), flows.KeyJoinUntil: flows.Conceal("11月23日 12:10"), flows.KeyJoinTo: flows.Conceal(string(flows.WeChat)),
		flows.KeyJoinURL: flows.Conceal("http://weixin.qq.com/q/02abc"), flows.KeyJoinPicture: flows.Conceal("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=gQ"),
	}
	v := rendered(flows.Case{At: flows.ElsewhereCode, Form: form})
	if v.QR == nil || v.QR.Picture != form.Text(flows.KeyJoinPicture) || !v.Waiting || !strings.Contains(strings.Join(v.Text, "\n"), "用微信“扫一扫”") {
		t.Errorf("qr %+v, text %q", v.QR, v.Text)
	}
	form[flows.KeyJoinTo], form[flows.KeyJoinPicture] = flows.Conceal(string(flows.Alipay)), flows.Secret{}
	if v = rendered(flows.Case{At: flows.ElsewhereCode, Form: form}); v.QR == nil || v.QR.Picture != "" {
		t.Errorf("qr %+v, want one without a picture", v.QR)
	}
}

func TestRenderPay(t *testing.T) {
	v := rendered(flows.Case{At: flows.PaymentPay, Form: known(flows.KindPerson)})
	if v.Pay == nil || v.Pay.TradeNo != "〔trade〕的内容" || v.QR != nil || !v.Waiting || v.LookAgain != 2 {
		t.Errorf("with a trade: pay %+v, qr %+v, waiting %v", v.Pay, v.QR, v.Waiting)
	}
	if !strings.Contains(v.Text[0], "请点“立即付款”") {
		t.Errorf("text = %q, want the button named", v.Text)
	}
	form := known(flows.KindPerson)
	delete(form, flows.KeyTrade)
	form[flows.KeyPayQR] = flows.Conceal("https://qr.example/1")
	v = rendered(flows.Case{At: flows.PaymentPay, Form: form})
	if v.Pay != nil || v.QR == nil || v.QR.Content != "https://qr.example/1" || strings.Contains(strings.Join(v.Text, ""), "微信") {
		t.Errorf("without a trade: pay %+v, qr %+v, text %q", v.Pay, v.QR, v.Text)
	}
	if v = rendered(flows.Case{At: flows.DeliveryPacking, Form: known(flows.KindPerson)}); v.Pay != nil {
		t.Error("a trade is offered after it is paid")
	}
}

func TestRenderFields(t *testing.T) {
	form := known(flows.KindCompany)
	v := rendered(flows.Case{At: flows.ServiceInvoice, Form: form})
	if f := v.Page.Fields[0]; f.Input != "fixed" || f.Value != form.Text(flows.KeyTitle) {
		t.Errorf("fixed field = %+v", f)
	}
	for _, f := range v.Page.Fields[1:] {
		if f.Value != "" {
			t.Errorf("field %s carries the value %q", f.Key, f.Value)
		}
	}
	v = rendered(flows.Case{At: flows.ServiceDelivery, Form: form})
	if len(v.Page.Provinces) != 31 {
		t.Errorf("%d provinces, want 31", len(v.Page.Provinces))
	}
	v = rendered(flows.Case{At: flows.RegisterPerson, Form: form})
	if d := v.Page.Fields[3].Document; d == nil || d.ID != "platform" || d.Text == "" || d.Version == "" {
		t.Errorf("document = %+v", d)
	}
}

func TestRenderOwner(t *testing.T) {
	c := flows.Case{At: flows.PaymentPay, Form: known(flows.KindPerson), Owner: flows.Owner{Kind: flows.OwnerAgent, Name: "小李"}}
	v := rendered(c)
	if v.Pay != nil || len(v.Choices) > 0 || len(v.Words) > 0 || !v.Waiting || v.Owner != (Owner{Kind: "agent", Name: "小李"}) {
		t.Errorf("while an agent speaks the view asks: %+v", v)
	}
	if !strings.Contains(v.Text[0], "小李") {
		t.Errorf("text = %q, want the agent named", v.Text)
	}
	c.Owner = flows.Owner{Kind: flows.OwnerQueue}
	if v = rendered(c); v.Owner.Kind != "queue" || !slices.Contains(v.Words, flows.WordGoOn) {
		t.Errorf("in the queue: %+v, words %q; want a way back", v.Owner, v.Words)
	}
}

// TestTheHeadersLinksAreWords looks below each step, open or ended, for what the
// manual's portal links in its header: about the platform, and contact (M3).
func TestTheHeadersLinksAreWords(t *testing.T) {
	for _, step := range steps() {
		v := rendered(flows.Case{At: step.At, Form: known(flows.KindCompany)})
		for _, word := range []string{flows.WordAbout, flows.WordHelp} {
			if !slices.Contains(v.Words, word) {
				t.Errorf("%s offers %q, without “%s”", step.At, v.Words, word)
			}
		}
	}
}

func TestRenderStranger(t *testing.T) {
	v := rendered(flows.Case{})
	if v.At != "" || !slices.Equal(v.Words, []string{flows.WordGoOn}) || len(v.Text) != 1 || v.Waiting {
		t.Errorf("before the first word: %+v", v)
	}
}

func TestRenderSaid(t *testing.T) {
	c := flows.Case{At: flows.Welcome, Form: flows.Form{}}
	v := Render(Shown{
		Flow: manual, Case: c, Question: manual.Question(c), Said: []string{"一\n\n二", "三"},
		Refusals: map[flows.Key]string{flows.KeyLogin: "登录名请填手机号码或邮箱。"},
	})
	if !slices.Equal(v.Said, []string{"一", "二", "三"}) || v.Refusals["login"] == "" {
		t.Errorf("said %q, refusals %v", v.Said, v.Refusals)
	}
}

// TestViewHasNoNull keeps the client free of questions about null.
func TestViewHasNoNull(t *testing.T) {
	for _, at := range []flows.State{"", flows.Welcome, flows.RegisterPerson, flows.Done} {
		text, err := json.Marshal(rendered(flows.Case{At: at, Form: flows.Form{}}))
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%s: %s, %v", at, text, err)
		}
	}
}

// TestRenderCard gives the page to be passed on where there is something to pay
// or to look for, and nowhere else.
func TestRenderCard(t *testing.T) {
	for _, chapter := range manual.Chapters {
		for _, step := range chapter.Steps {
			c := flows.Case{At: step.At, Form: flows.Form{}}
			v := Render(Shown{Flow: manual, Case: c, Question: manual.Question(c), Card: "https://desk.example/f/1", Browser: "https://desk.example/h5/s/1"})
			if step.At == flows.PersonPapers || step.At == flows.CompanyPapers {
				if v.Page != nil || v.Card == nil || v.Card.URL != "https://desk.example/h5/s/1" {
					t.Errorf("%s: %+v, %+v, want an address and no page", step.At, v.Page, v.Card)
				}
				continue
			}
			passed := step.At == flows.CompanyTransfer || step.At == flows.CompanyAmount
			if (v.Card != nil) != passed || passed && v.Card.URL != "https://desk.example/f/1" {
				t.Errorf("%s: %+v, want a card: %v", step.At, v.Card, passed)
			}
		}
	}
}
