// What is promised of pages: everything asked is there and named, nothing secret
// comes back, nothing typed is lost, and no words become anything but words.
package pages

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"certdesk/flows"
)

func render(t *testing.T, v View) *html.Node {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, v); err != nil {
		t.Fatalf("Render(%s) = %v", v.Title, err)
	}
	return parse(t, b.Bytes())
}

func TestEveryPageIsSound(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := s.draw(&b); err != nil {
				t.Fatal(err)
			}
			page := b.String()
			for _, secret := range []string{password, code, "ZgotmplZ", "点开下面的页面"} {
				if strings.Contains(page, secret) {
					t.Errorf("the page contains %q", secret)
				}
			}
			root := parse(t, b.Bytes())
			checkPolicy(t, root)
			checkNames(t, root)
		})
	}
}

func TestEveryFieldOfTheManualIsAsked(t *testing.T) {
	for id, v := range formPages(t) {
		root := render(t, v)
		for _, f := range v.Form.Page.Fields {
			control := one(t, root, with("id", "f-"+string(f.Key)))
			name, _ := attr(control, "name")
			if wantName := string(f.Key); f.Input != flows.InputFixed && name != wantName {
				t.Errorf("%s: %s posts as %q", id, f.Key, name)
			}
			if f.Input == flows.InputFixed && (control.Data != "output" || words(control) != v.Form.Values[f.Key]) {
				t.Errorf("%s: %s is <%s> with %q, want text only", id, f.Key, control.Data, words(control))
			}
			if _, required := attr(control, "required"); required == (f.Optional || f.Input == flows.InputFixed) {
				t.Errorf("%s: %s: required is %v", id, f.Key, required)
			}
			optional := strings.Contains(words(one(t, root, with("for", "f-"+string(f.Key)))), "（选填）")
			if optional != f.Optional {
				t.Errorf("%s: %s: marked as optional: %v", id, f.Key, optional)
			}
		}
		if got, _ := attr(one(t, root, with("name", "_page")), "value"); got != string(id) {
			t.Errorf("%s posts as page %q", id, got)
		}
		main := one(t, root, with("class", "main"))
		if words(main) != v.Form.Page.Submit {
			t.Errorf("%s: button %q, want %q", id, words(main), v.Form.Page.Submit)
		}
	}
}

func TestKeyboards(t *testing.T) {
	want := map[flows.Key][3]string{ // type, inputmode, autocomplete
		flows.KeyLogin:       {"text", "", "username"},
		flows.KeyMobile:      {"tel", "tel", "tel"},
		flows.KeyCode:        {"text", "numeric", "one-time-code"},
		flows.KeyPassword:    {"password", "", "new-password"},
		flows.KeyPassword2:   {"password", "", "new-password"},
		flows.KeyName:        {"text", "", "name"},
		flows.KeyIDNumber:    {"text", "", "off"},
		flows.KeyBankAccount: {"text", "numeric", "off"},
		flows.KeyBankCard:    {"text", "numeric", "off"},
		flows.KeyNewMobile:   {"tel", "tel", "tel"},
		flows.KeyToMobile:    {"tel", "tel", "shipping tel"},
	}
	for _, v := range formPages(t) {
		root := render(t, v)
		for _, f := range v.Form.Page.Fields {
			w, ok := want[f.Key]
			if !ok || f.Input == flows.InputFixed {
				continue
			}
			control := one(t, root, with("id", "f-"+string(f.Key)))
			for i, name := range []string{"type", "inputmode", "autocomplete"} {
				if got, _ := attr(control, name); got != w[i] {
					t.Errorf("%s of %s = %q, want %q", name, f.Key, got, w[i])
				}
			}
		}
	}
}

func TestWhatWasTypedIsKept(t *testing.T) {
	pages := formPages(t)
	order := pages[flows.PageID(flows.ServiceDelivery)]
	order.Form.Values = map[flows.Key]string{flows.KeyRecipient: `王"小'明`, flows.KeyProvince: "浙江省", flows.KeyDetail: "x"}
	order.Form.Problems = map[flows.Key]string{flows.KeyDetail: "地址要5到200个字。", "other": "别处的问题。"}
	root := render(t, order)
	if got, _ := attr(one(t, root, with("id", "f-to")), "value"); got != `王"小'明` {
		t.Errorf("recipient = %q", got)
	}
	chosen := one(t, root, func(n *html.Node) bool { _, ok := attr(n, "selected"); return ok })
	if words(chosen) != "浙江省" {
		t.Errorf("province = %q", words(chosen))
	}
	alert := one(t, root, with("role", "alert"))
	if got := words(one(t, alert, with("href", "#f-addr"))); got != "详细地址：地址要5到200个字。" {
		t.Errorf("summary = %q", got)
	}
	if !strings.Contains(words(alert), "别处的问题。") {
		t.Errorf("a problem without a field is not said: %q", words(alert))
	}
	wrong := one(t, root, with("aria-invalid", "true"))
	if by, _ := attr(wrong, "aria-describedby"); by != "f-addr-problem" {
		t.Errorf("described by %q", by)
	}
	if strings.Contains(words(alert), "密码") {
		t.Error("a page without a password speaks of passwords")
	}

	account := pages[flows.PageID(flows.RegisterPerson)]
	account.Form.Values[flows.KeyTerms] = "on"
	account.Form.Problems = map[flows.Key]string{flows.KeyDuty: "请先阅读并同意协议。"}
	root = render(t, account)
	if _, ticked := attr(one(t, root, with("id", "f-terms")), "checked"); !ticked {
		t.Error("a ticked box came back empty")
	}
	if _, ticked := attr(one(t, root, with("id", "f-duty")), "checked"); ticked {
		t.Error("an empty box came back ticked")
	}
	if got := words(one(t, root, with("role", "alert"))); !strings.Contains(got, "密码和验证码没有保留") {
		t.Errorf("nobody says that the password is gone: %q", got)
	}
}

func TestAgreementsCanBeReadWithoutLeaving(t *testing.T) {
	v := formPages(t)[flows.PageID(flows.RegisterPerson)]
	root := render(t, v)
	for _, f := range v.Form.Page.Fields {
		if f.Document == nil {
			continue
		}
		link := one(t, root, with("href", "/h5/terms/"+f.Document.ID))
		if target, _ := attr(link, "target"); target != "_blank" {
			t.Errorf("the link to %s leaves the form", f.Document.ID)
		}
		text := words(one(t, root, named("form")))
		for line := range strings.SplitSeq(f.Document.Text, "\n") {
			if !strings.Contains(text, line) {
				t.Errorf("%s lacks %q", f.Document.ID, line)
			}
		}
	}
}

func TestNewCodeButton(t *testing.T) {
	v := formPages(t)[flows.PageID(flows.RegisterPerson)]
	v.Choices = []Choice{{"11", "重新获取验证码"}, {"12", "改天再说"}}
	root := render(t, v)
	form := one(t, root, named("form"))
	resend := one(t, form, with("value", "11"))
	if class, _ := attr(resend, "class"); class != "resend" {
		t.Errorf("the code's button is %q", class)
	}
	if _, ok := attr(resend, "formnovalidate"); !ok {
		t.Error("a new code cannot be had before the page is filled in")
	}
	buttons := find(form, named("button"))
	if _, choice := attr(buttons[0], "name"); choice {
		t.Error("Enter in a field would press a choice")
	}
	one(t, form, with("value", "12"))

	v.Choices = nil
	if n := len(find(render(t, v), named("button"))); n != 1 {
		t.Errorf("%d buttons without a choice, want 1", n)
	}
}

func TestChoicesPost(t *testing.T) {
	root := render(t, View{Title: "确认", Action: "/h5/s/abc", Nonce: "n1", Choices: []Choice{{"31", "同意并继续"}, {"32", "不同意"}}, Over: "请回到微信继续。"})
	form := one(t, root, named("form"))
	if action, _ := attr(form, "action"); action != "/h5/s/abc" {
		t.Errorf("posts to %q", action)
	}
	if nonce, _ := attr(one(t, form, with("name", "_nonce")), "value"); nonce != "n1" {
		t.Errorf("nonce = %q", nonce)
	}
	for _, button := range find(form, named("button")) {
		if name, _ := attr(button, "name"); name != "_choice" {
			t.Errorf("posts as %q", name)
		}
	}
	if strings.Contains(words(root), "请回到微信继续。") {
		t.Error("sends people away who have something to press")
	}
}

func TestWaiting(t *testing.T) {
	refreshes := func(v View) string {
		found := find(render(t, v), with("http-equiv", "refresh"))
		if len(found) == 0 {
			return ""
		}
		seconds, _ := attr(found[0], "content")
		return seconds
	}
	code := picture(t, "https://qr.example/x", "扫码")
	form := formPages(t)[flows.PageID(flows.PersonPage)].Form
	tests := map[string]struct {
		v    View
		want string
	}{
		"waiting":              {View{Waiting: true}, "2"},
		"waiting with a code":  {View{Waiting: true, QR: code}, "10"},
		"waiting while typing": {View{Waiting: true, Form: form}, ""},
		"nothing to wait for":  {View{QR: code}, ""},
	}
	for name, test := range tests {
		if got := refreshes(test.v); got != test.want {
			t.Errorf("%s: looks again after %q, want %q", name, got, test.want)
		}
	}
}

// TestACodeForAnotherApp shows a code that WeChat scans, inside WeChat and out of
// it, and one that leads into the mini-program.
func TestACodeForAnotherApp(t *testing.T) {
	qr := picture(t, "http://weixin.qq.com/q/02abc", "在另一处接着办")
	qr.By = ByWeChat
	for _, inside := range []bool{false, true} {
		root := render(t, View{Title: "在另一处接着办", QR: qr, InWeChat: inside})
		if got := words(root); strings.Contains(got, "支付宝") || !strings.Contains(got, "打开微信“扫一扫”") {
			t.Errorf("in WeChat %v: how to scan is told as %q", inside, got)
		}
		if links := find(root, func(n *html.Node) bool {
			href, _ := attr(n, "href")
			return strings.Contains(href, "weixin") || strings.HasPrefix(href, "alipays")
		}); len(links) > 0 {
			t.Errorf("in WeChat %v: a link that opens nothing", inside)
		}
	}
	const app = "alipays://platformapi/startapp?appId=2021000000000002&query=scene%3Djoin.BCDFGHJK"
	root := render(t, View{Title: "在另一处接着办", QR: picture(t, "https://ds.alipay.com/?scheme="+url.QueryEscape(app), "在另一处接着办")})
	one(t, root, with("href", app))
}

func TestCodeIsNeverADeadEnd(t *testing.T) {
	const link = "https://qr.example/x?a=1&b=<2>"
	v := View{Title: "扫码", QR: picture(t, link, "用支付宝扫码")}
	root := render(t, v)
	one(t, root, with("href", "alipays://platformapi/startapp?appId=20000067&url=https%3A%2F%2Fqr.example%2Fx%3Fa%3D1%26b%3D%3C2%3E"))
	field := one(t, root, with("id", "code-link"))
	if got, _ := attr(field, "value"); got != link {
		t.Errorf("to copy: %q, want %q", got, link)
	}
	if _, fixed := attr(field, "readonly"); !fixed {
		t.Error("the address can be changed")
	}
	if got := words(root); !strings.Contains(got, "11月23日 22:30 前有效") || !strings.Contains(got, "长按二维码") {
		t.Errorf("says neither until when nor how to save: %q", got)
	}

	v.InWeChat = true
	root = render(t, v)
	section := one(t, root, with("class", "code"))
	if got := strings.TrimSpace(words(section)); !strings.HasPrefix(got, "微信里不能打开，请保存图片后用支付宝“扫一扫”选相册") {
		t.Errorf("first hint in WeChat: %.60q", got)
	}
	if dead := find(root, func(n *html.Node) bool {
		href, _ := attr(n, "href")
		return strings.HasPrefix(href, "alipays:") || strings.HasPrefix(href, "https://qr.example")
	}); len(dead) > 0 {
		t.Error("a link that WeChat does not open")
	}

	if got := words(section); !strings.Contains(got, "把本页转发给“文件传输助手”") {
		t.Errorf("does not say how to get to a computer: %q", got)
	}
	v.Carry = "https://desk.example/h5/s/new"
	root = render(t, v)
	if got, _ := attr(one(t, root, with("id", "carry-link")), "value"); got != v.Carry || strings.Contains(words(root), "转发") {
		t.Errorf("for the computer: %q, want %q and nothing else", got, v.Carry)
	}

	v.InWeChat, v.QR = false, picture(t, "weixin://x", "扫码")
	if links := find(render(t, v), func(n *html.Node) bool { href, _ := attr(n, "href"); return strings.Contains(href, "weixin") }); len(links) > 0 {
		t.Error("a link to an address that is not the web's")
	}
}

func TestIdentityPageWarns(t *testing.T) {
	for id, v := range formPages(t) {
		warns := strings.Contains(words(render(t, v)), "本页面只用于身份核验，不会要求付款")
		asks := slices.ContainsFunc(v.Form.Page.Fields, func(f flows.Field) bool { return f.Key == flows.KeyIDNumber })
		if warns != asks {
			t.Errorf("%s: warns: %v, want %v", id, warns, asks)
		}
	}
}

func TestTrail(t *testing.T) {
	tests := []struct {
		states string
		want   string
	}{
		{"next next", "全程共2步"},
		{"done now next", "第2步，共3步：b"},
		{"done done", "2步全部完成"},
	}
	for _, test := range tests {
		var way []Milestone
		for i, state := range strings.Fields(test.states) {
			way = append(way, Milestone{string(rune('a' + i)), state})
		}
		root := render(t, View{Trail: way})
		if got := words(one(t, root, with("class", "trail-here"))); got != test.want {
			t.Errorf("%s: %q, want %q", test.states, got, test.want)
		}
		if now := find(root, with("aria-current", "step")); len(now) != strings.Count(test.states, "now") {
			t.Errorf("%s: %d steps are the present one", test.states, len(now))
		}
	}
	if find(render(t, View{}), named("nav")) != nil {
		t.Error("a way without steps is drawn")
	}
}

func TestWordsOfTheChatAreRetold(t *testing.T) {
	got := strings.Join(retold([]string{"请点开下面的页面，填写密码。", "请点开下面的页面填写地址。境外组织请回复“人工”。"}), "|")
	if want := "请填写密码。|请填写地址。境外组织请在聊天里回复“人工”。"; got != want {
		t.Errorf("retold = %s, want %s", got, want)
	}
}

func TestBlocks(t *testing.T) {
	got := fmt.Sprint(blocks([]string{"请核对：\n收款户名：某某\n收款账号：123\n· 甲\n· 乙\n\n认证信息：单独一行", "最后"}))
	want := "[{请核对： [] []} { [] [{收款户名 某某} {收款账号 123}]} { [甲 乙] []} {认证信息：单独一行 [] []} {最后 [] []}]"
	if got != want {
		t.Errorf("blocks = %s\nwant     %s", got, want)
	}
}

// hostile is what somebody may call a company, or put into an address.
const hostile = `"><script>alert(1)</script>'<img src=x onerror=alert(2)>&amp;{{.Phone}}`

func TestHostileWordsStayWords(t *testing.T) {
	form := *formPages(t)[flows.PageID(flows.ServiceInvoice)].Form
	form.Values, form.Problems = map[flows.Key]string{}, map[flows.Key]string{"x": hostile}
	for _, f := range form.Page.Fields {
		form.Values[f.Key], form.Problems[f.Key] = hostile, hostile
	}
	form.Provinces = []string{hostile}
	v := View{
		Title: hostile, Brand: hostile, Trail: []Milestone{{hostile, hostile}}, Text: []string{hostile, "名：" + hostile, "值：" + hostile, "· " + hostile},
		Why: hostile, Form: &form, Choices: []Choice{{hostile, hostile}}, QR: &QR{PNG: "data:image/png;base64,AA==", Caption: hostile, Until: hostile, Link: hostile},
		Action: "javascript:alert(3)//" + hostile, Nonce: hostile, Phone: hostile, Over: hostile,
	}
	root := render(t, v)
	checkPolicy(t, root)
	if action, _ := attr(one(t, root, named("form")), "action"); strings.HasPrefix(action, "javascript:") {
		t.Errorf("posts to %q", action)
	}
	if got, _ := attr(one(t, root, with("id", "f-tax")), "value"); got != hostile {
		t.Errorf("typed %q came back as %q", hostile, got)
	}
	var b bytes.Buffer
	if err := RenderDocument(&b, Document{Agreement: flows.Agreement{ID: hostile, Title: hostile, Version: hostile, Text: hostile}, Brand: hostile, Phone: hostile}); err != nil {
		t.Fatal(err)
	}
	checkPolicy(t, parse(t, b.Bytes()))
}

func FuzzRender(f *testing.F) {
	f.Add(hostile, "https://qr.example/x")
	f.Add("收款户名：某某\n收款账号：1", "alipays://x")
	f.Fuzz(func(t *testing.T, text, link string) {
		form := Form{
			Page:   flows.Page{ID: flows.PageID(text), Title: text, Intro: text, Submit: text, Fields: []flows.Field{{Key: "org", Label: text, Hint: text, Input: flows.Input(text)}}},
			Values: map[flows.Key]string{"org": text}, Problems: map[flows.Key]string{"org": text},
		}
		checkPolicy(t, render(t, View{Title: text, Text: []string{text}, Form: &form, QR: &QR{PNG: template.URL("data:image/png;base64,"), Link: link}}))
		checkPolicy(t, render(t, View{Why: text, Over: text, Action: link, Choices: []Choice{{text, text}}}))
	})
}

func TestStyle(t *testing.T) {
	if len(StyleVersion()) != 12 {
		t.Errorf("StyleVersion() = %q", StyleVersion())
	}
	sheet := Style()
	sheet[0] = 'X'
	if Style()[0] == 'X' {
		t.Error("a caller can change everybody's style sheet")
	}
	for _, forbidden := range []string{"http:", "https:", "url(", "@import"} {
		if bytes.Contains(Style(), []byte(forbidden)) {
			t.Errorf("the sheet contains %q", forbidden)
		}
	}
	if open, closed := bytes.Count(Style(), []byte("{")), bytes.Count(Style(), []byte("}")); open != closed {
		t.Errorf("%d braces opened, %d closed", open, closed)
	}
}

// broken takes nothing.
type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteFails(t *testing.T) {
	if err := Render(broken{}, View{}); !errors.Is(err, errBroken) {
		t.Errorf("Render = %v, want %v", err, errBroken)
	}
}
