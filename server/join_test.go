package server

import (
	"bytes"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp"
	"certdesk/server/desk"
)

var joinLine = regexp.MustCompile(`接续 [A-Z]{4}-[A-Z]{4}`)

// handheld is the mini-program on somebody's telephone: what its client sends,
// and the last view.
type handheld struct {
	*citizen
	token string
	view  miniapp.View
}

// opensApp opens the mini-program by an address, or by the picture of a code, as
// Alipay does, and signs in with what it was opened with.
func (c *citizen) opensApp(address string) *handheld {
	c.t.Helper()
	var opened struct{ Kind, ID, Query string }
	if strings.HasPrefix(address, "/") {
		c.tells(c.t, "/world/alipay/look", map[string]string{"user": c.Alipay, "at": address}, &opened)
	} else {
		c.tells(c.t, "/world/alipay/scan", map[string]string{"user": c.Alipay, "url": address}, &opened)
	}
	query, err := url.ParseQuery(opened.Query)
	if err != nil || opened.Kind != "app" {
		c.t.Fatalf("Alipay opens %+v, %v, want the mini-program", opened, err)
	}
	h := &handheld{citizen: c}
	var in struct{ Token string }
	h.calls("POST", "sign-in", miniapp.SignIn{AuthCode: opened.ID, Scene: query.Get("scene")}, &in)
	h.token = in.Token
	h.looks()
	return h
}

func (h *handheld) calls(method, name string, body, answer any) {
	h.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		h.t.Fatal(err)
	}
	got, said := h.ask(h.t, method, miniBase+"/"+name, string(text), http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + h.token}})
	if got.StatusCode != http.StatusOK {
		h.t.Fatalf("%s = %d %s", name, got.StatusCode, said)
	}
	if err := json.NewDecoder(bytes.NewBufferString(said)).Decode(answer); err != nil {
		h.t.Fatal(err)
	}
}

func (h *handheld) looks() { h.t.Helper(); h.calls("GET", "step", nil, &h.view) }

func (h *handheld) types(text string) {
	h.t.Helper()
	h.calls("POST", "answer", miniapp.Answer{Nonce: h.view.Nonce, Text: text}, &h.view)
}

// shows waits until the mini-program stands at a step.
func (h *handheld) shows(at flows.State) {
	h.t.Helper()
	h.wait(h.t, "the mini-program at "+string(at), func() bool { h.looks(); return h.view.At == string(at) })
}

// startApp is how the mini-program is opened with nothing.
func (n *town) startApp() string { return n.alipay.Start(url.Values{}) }

// id is the talk in which the mini-program is signed in.
func (h *handheld) id() desk.TalkID {
	h.t.Helper()
	k, err := h.links.read(miniPlace, h.token)
	if err != nil {
		h.t.Fatal(err)
	}
	return k.talk
}

// TestAChatGoesOnWithTheMiniProgramsCase begins in the mini-program and goes on
// in WeChat, whose messages then reach the case: by the line that is to be sent,
// and by the code that is to be scanned. Either only asks until it is agreed to.
func TestAChatGoesOnWithTheMiniProgramsCase(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	said := func(c *citizen, v miniapp.View) { c.says(joinLine.FindString(strings.Join(v.Text, "\n"))) }
	scanned := func(c *citizen, v miniapp.View) {
		c.tells(c.t, "/world/wechat/"+c.OpenID+"/scan", map[string]string{"scene": v.QR.Content}, nil)
	}
	people[2].OpenID = "oNobodyYet"
	for _, way := range []struct {
		name string
		who  *citizen
		give func(*citizen, miniapp.View)
	}{
		{"said", people[0], said}, {"scanned", people[1], scanned}, {"scanned by somebody new", people[2], scanned},
	} {
		t.Run(way.name, func(t *testing.T) {
			chat := way.who.in(t)
			app := chat.opensApp(n.startApp())
			app.types("个人证书")
			app.types("换到微信办理")
			app.shows(flows.ElsewhereCode)
			qr := app.view.QR
			if qr == nil || !strings.HasPrefix(qr.Picture, n.city) || !strings.HasPrefix(qr.Content, "http://weixin.qq.com/q/") {
				t.Fatalf("to be scanned: %+v", qr)
			}
			if said := strings.Join(app.view.Said, "\n"); strings.Contains(said, "接续") {
				t.Errorf("the question is there twice, the second time masked: %q", said)
			}
			if got, err := http.Get(qr.Picture); err != nil || chat.read(got) != qr.Content {
				t.Errorf("the picture is of something else, %v", err)
			}
			way.give(chat, app.view)
			n.wait(t, "the chat to be asked", func() bool {
				return strings.Contains(chat.reads(), "要在这里接着办“刚开始办的个人证书”吗")
			})
			if left := chat.talk(); left.Case.At != flows.ElsewhereConfirm || left.ID == app.id() || n.facts(t, left.ID).Form.Has(flows.KeyScene) {
				t.Errorf("who has not agreed is in %s at %s", left.ID, left.Case.At)
			}
			chat.says("是我自己的")
			n.wait(t, "the chat to be told", func() bool { return strings.Contains(chat.reads(), "已在微信接上，我们接着办") })
			joined := time.Now().Unix() // WeChat's clock has no more than seconds
			n.wait(t, "another second", func() bool { return time.Now().Unix() > joined })
			if said := chat.says("到哪了"); !strings.Contains(said, "填写登录名") || chat.talk().ID != app.id() {
				t.Errorf("the chat is in %s and hears %q, want the mini-program's case", chat.talk().ID, said)
			}
			if lines, _, err := n.talks.Lines(t.Context(), app.id(), ""); err != nil || joinLine.MatchString(lines[len(lines)-1].Text) {
				t.Errorf("the transcript shows the code, %v", err)
			}
			scanned(chat, app.view) // once more
			n.wait(t, "the same person to be told", func() bool { return strings.Contains(chat.reads(), "这就是您正在办理的地方") })
		})
	}
}

// TestTheMiniProgramGoesOnWithAChatsCase begins in WeChat and goes on in the
// mini-program, which the code of the chat opens.
func TestTheMiniProgramGoesOnWithAChatsCase(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	chat := people[0]
	chat.begins()
	chat.says("换到支付宝办理")
	chat.reaches(flows.ElsewhereCode)
	code := chat.talk().Case.Form.Text(flows.KeyJoinURL)
	if _, page := chat.opens(chat.phone(), n.base+chat.link()); !strings.Contains(page, html.EscapeString(code)) {
		t.Errorf("the page of the code does not have it\n%s", page)
	}
	picture := ""
	n.wait(t, "the picture to be sent", func() bool {
		for _, item := range chat.inbox() {
			picture += item.Picture
		}
		return picture != ""
	})

	app := chat.opensApp(picture)
	app.shows(flows.ElsewhereConfirm)
	left := app.id()
	if text := strings.Join(app.view.Text, "\n"); left == chat.talk().ID || !strings.Contains(text, "刚开始办的个人证书") {
		t.Errorf("who has not agreed is in %s and reads %q", left, text)
	}
	app.types("接着办")
	n.wait(t, "the chat to be told", func() bool { return strings.Contains(chat.reads(), "已在支付宝接上") })
	if again := chat.opensApp(n.startApp()); again.id() != chat.talk().ID || again.view.At != string(flows.RegisterAccount) {
		t.Errorf("the mini-program stands at %s in %s", again.view.At, again.id())
	}

	other := people[1].opensApp(code) // it was on somebody's screen for too long
	n.wait(t, "the other to be told", func() bool {
		other.looks()
		return strings.Contains(strings.Join(other.view.Said, "\n"), flows.JoinUnknown)
	})
	if f := n.facts(t, other.id()); f.Form.Has(flows.KeyScene) || f.Moved {
		t.Errorf("a used code is project %q, moved %v", f.Form.Text(flows.KeyScene), f.Moved)
	}
}

// TestWithAnAccountNobodyJoins scans the code of a case with a telephone whose
// owner has registered.
func TestWithAnAccountNobodyJoins(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	c.registers()
	app := c.opensApp(n.startApp())
	app.types("企业证书")
	app.types("换到微信办理")
	app.shows(flows.ElsewhereCode)
	c.stays(func() {
		c.tells(t, "/world/wechat/"+c.OpenID+"/scan", map[string]string{"scene": app.view.QR.Content}, nil)
		n.wait(t, "the chat to be told", func() bool {
			return strings.Contains(c.reads(), "这里已经注册了账号，不能再接到别的办理上")
		})
	})
}

func (n *town) facts(t *testing.T, id desk.TalkID) flows.Facts {
	t.Helper()
	f, err := n.book.Facts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// message is something that the account has said.
type message struct {
	Text    string
	Picture string `json:"image_url"`
}

// inbox is everything on the telephone.
func (c *citizen) inbox() (all []message) {
	c.t.Helper()
	c.learns(c.t, "/world/wechat/"+c.OpenID+"/inbox", &all)
	return all
}

// reads is all the words on the telephone.
func (c *citizen) reads() (all string) {
	c.t.Helper()
	for _, item := range c.inbox() {
		all += item.Text + "\n"
	}
	return all
}
