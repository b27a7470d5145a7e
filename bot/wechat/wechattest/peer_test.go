// The SDK as an independent peer: a client of the calls, and the cryptography of
// the pushes. It shares no line with the platform or with package bot.

package wechattest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/officialaccount/menu"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/util"

	"certdesk/bot/wechat/wechattest"
)

// redirect sends every request to the world under test. The SDK knows its hosts
// by constants and has one HTTP client for the whole process.
type redirect struct{ to *url.URL }

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	clone := req.Clone(req.Context())
	clone.URL.Scheme, clone.URL.Host, clone.Host = r.to.Scheme, r.to.Host, r.to.Host
	return http.DefaultTransport.RoundTrip(clone)
}

// sdk returns the SDK's client of the world.
func sdk(t *testing.T, w *world, stable bool) *officialaccount.OfficialAccount {
	t.Helper()
	to, err := url.Parse(w.api)
	must(t, err)
	before := util.DefaultHTTPClient
	util.DefaultHTTPClient = &http.Client{Transport: redirect{to}, Timeout: 5 * time.Second}
	t.Cleanup(func() { util.DefaultHTTPClient = before })
	return officialaccount.NewOfficialAccount(&config.Config{
		AppID: appID, AppSecret: appSecret, Token: token, EncodingAESKey: aesKey, Cache: cache.NewMemory(), UseStableAK: stable,
	})
}

func TestSDKCalls(t *testing.T) {
	for _, stable := range []bool{false, true} {
		t.Run(fmt.Sprintf("stable %v", stable), func(t *testing.T) {
			w := newWorld(t, nil)
			oa := sdk(t, w, stable)
			must(t, w.Say(person, "一"))
			w.settle(t)

			messages := oa.GetCustomerMessageManager()
			must(t, messages.Send(message.NewCustomerTextMessage(person, `<a href="https://a.example/?a=1&b=2">打开</a>`)))
			picture := filepath.Join(t.TempDir(), "code.png")
			must(t, os.WriteFile(picture, onePixel, 0o600))
			media, err := oa.GetMaterial().MediaUpload(material.MediaTypeImage, picture)
			must(t, err)
			must(t, messages.Send(message.NewCustomerImgMessage(person, media.MediaID)))
			must(t, messages.Send(&message.CustomerMessage{ToUser: person, Msgtype: "msgmenu",
				Msgmenu: &message.MediaMsgmenu{HeadContent: "选", List: []message.MsgmenuItem{{ID: "1", Content: "甲"}}}}))
			if err := messages.Send(message.NewCustomerTextMessage("oB", "x")); err == nil {
				t.Error("the SDK sends to somebody unknown")
			}
			_, err = oa.GetTemplate().Send(&message.TemplateMessage{ToUser: person, TemplateID: "T1",
				Data: map[string]*message.TemplateDataItem{"thing1": {Value: "已发货"}}})
			must(t, err)

			inbox := w.Inbox(person, 0)
			if len(inbox) != 4 || inbox[0].URLs[0] != "https://a.example/?a=1&b=2" || inbox[1].Type != "image" ||
				inbox[2].Type != "msgmenu" || inbox[3].Via != "template" {
				t.Errorf("the person reads %+v", inbox)
			}
			if books := w.Books(); books.Tokens != 1 {
				t.Errorf("the SDK was given %d tokens, want 1", books.Tokens)
			}
			w.settle(t)
		})
	}
}

func TestSDKFurnishesTheAccount(t *testing.T) {
	w := newWorld(t, nil)
	oa := sdk(t, w, true)
	must(t, oa.GetMenu().SetMenu([]*menu.Button{
		menu.NewClickButton("办理", "办理"),
		menu.NewSubButton("更多", []*menu.Button{menu.NewViewButton("打开", "https://a.example")}),
	}))
	got, err := oa.GetMenu().GetMenu()
	must(t, err)
	if len(got.Menu.Button) != 2 || got.Menu.Button[0].Key != "办理" {
		t.Errorf("the SDK reads the menu %+v", got.Menu)
	}
	must(t, oa.GetMenu().DeleteMenu())
	if _, err := oa.GetMenu().GetMenu(); err == nil {
		t.Error("the SDK reads a menu that was deleted")
	}
	ticket, err := oa.GetBasic().GetQRTicket(basic.NewTmpQrRequest(time.Minute, "case-7"))
	must(t, err)
	must(t, w.Scan(person, ticket.URL))
	w.settle(t)
	if heard := w.hear(); len(heard) != 1 {
		t.Errorf("the service hears %+v", heard)
	}
}

// TestSDKReadsPushes lets the SDK check the signature and open the envelope of a
// push, and make the answer.
func TestSDKReadsPushes(t *testing.T) {
	for _, tt := range []struct {
		signedWith string
		want       string
	}{{token, "由SDK回答"}, {"another", wechattest.Unavailable}} {
		w := newWorld(t, nil)
		w.raw = sdkAnswers(t, tt.signedWith)
		must(t, w.Follow(person, ""))
		w.settle(t)
		if inbox := w.Inbox(person, 0); len(inbox) != 1 || inbox[0].Text != tt.want {
			t.Errorf("signed with the token %s the person reads %+v", tt.signedWith, inbox)
		}
	}
}

// sdkAnswers is a service that checks and answers with the SDK's cryptography.
func sdkAnswers(t *testing.T, signedWith string) func(http.ResponseWriter, *http.Request) bool {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		const stamp, nonce = "1700000000", "42"
		sealed, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte("<xml><ToUserName>"+person+"</ToUserName><FromUserName>"+originalID+
			"</FromUserName><CreateTime>1700000000</CreateTime><MsgType>text</MsgType><Content>由SDK回答</Content></xml>"), appID, aesKey)
		if err != nil {
			return false
		}
		fmt.Fprintf(rw, "<xml><Encrypt>%s</Encrypt><MsgSignature>%s</MsgSignature><TimeStamp>%s</TimeStamp><Nonce>%s</Nonce></xml>",
			sealed, util.Signature(signedWith, stamp, nonce, string(sealed)), stamp, nonce)
		q := r.URL.Query()
		if q.Get("signature") != util.Signature(token, q.Get("timestamp"), q.Get("nonce")) {
			t.Errorf("the SDK signs %v differently", q)
		}
		return true
	}
}
