// Tests of the way from a request to a message and back.

package bot

import (
	"crypto/rand"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/silenceper/wechat/v2/util"

	"certdesk/flows"
)

const (
	testAppID = "wx1234567890abcdef"
	testToken = "tok3n"
)

var testNow = time.Unix(1700000000, 0)

// pushed returns a request as WeChat makes it: the message in an envelope, and
// in compatible mode other words in the clear beside it.
func pushed(t *testing.T, clear, message string) (Query, []byte) {
	t.Helper()
	sealed, err := util.EncryptMsg([]byte("0123456789abcdef"), []byte(message), testAppID, key1)
	if err != nil {
		t.Fatal(err)
	}
	q := Query{Timestamp: "1700000000", Nonce: "98+76", OpenID: "oA", EncryptType: "aes"}
	q.Signature = util.Signature(testToken, q.Timestamp, q.Nonce)
	q.MsgSignature = util.Signature(testToken, q.Timestamp, q.Nonce, string(sealed))
	return q, []byte("<xml><ToUserName>gh_1</ToUserName>" + clear + "<Encrypt><![CDATA[" + string(sealed) + "]]></Encrypt></xml>")
}

func text(from, to, content string) string {
	return "<xml><ToUserName>" + to + "</ToUserName><FromUserName>" + from + "</FromUserName><CreateTime>9</CreateTime>" +
		"<MsgType>text</MsgType><Content>" + content + "</Content><MsgId>7</MsgId></xml>"
}

func sealedAccount(t *testing.T) Account {
	t.Helper()
	e, err := NewEnvelope(testToken, flows.Conceal(key1), testAppID)
	if err != nil {
		t.Fatal(err)
	}
	return Account{OriginalID: "gh_1", Token: flows.Conceal(testToken), Envelope: e, MaxSkew: MaxSkew}
}

func TestReceive(t *testing.T) {
	a := sealedAccount(t)
	forged := "<FromUserName>oA</FromUserName><CreateTime>9</CreateTime><MsgType>text</MsgType><Content>forged</Content><MsgId>7</MsgId>"
	q, body := pushed(t, forged, text("oA", "gh_1", "办理"))
	got, err := a.Receive(q, body, testNow)
	if want := event("wechat/gh_1/7", flows.Said{Text: "办理"}); err != nil || got != want {
		t.Errorf("Receive with forged clear text beside the envelope = %+v, %v, want %+v", got, err, want)
	}
	if _, err := a.Receive(q, body, testNow.Add(301*time.Second)); !errors.Is(err, ErrExpired) {
		t.Errorf("Receive 301 s later = %v, want ErrExpired", err)
	}
	plain := q
	plain.EncryptType = "raw"
	if _, err := a.Receive(plain, []byte(text("oA", "gh_1", "x")), testNow); !errors.Is(err, ErrForged) {
		t.Errorf("Receive of clear text = %v, want ErrForged", err)
	}
	q, body = pushed(t, "", text("oB", "gh_1", "x"))
	if _, err := a.Receive(q, body, testNow); !errors.Is(err, ErrForged) {
		t.Errorf("Receive from another than the address says = %v, want ErrForged", err)
	}
	q, body = pushed(t, "", text("oA", "gh_2", "x"))
	if _, err := a.Receive(q, body, testNow); !errors.Is(err, ErrForged) {
		t.Errorf("Receive for another account = %v, want ErrForged", err)
	}
	q.Signature = strings.Repeat("0", 40)
	if _, err := a.Receive(q, []byte("not even XML"), testNow); !errors.Is(err, ErrForged) {
		t.Errorf("Receive with a wrong signature = %v, want ErrForged before anything is read", err)
	}
}

func TestReceivePlain(t *testing.T) {
	a := Account{OriginalID: "gh_1", Token: flows.Conceal(testToken), MaxSkew: MaxSkew}
	q := Query{Timestamp: "1700000000", Nonce: "1", Signature: util.Signature(testToken, "1700000000", "1")}
	got, err := a.Receive(q, []byte(text("oA", "gh_1", "办理")), testNow)
	if want := event("wechat/gh_1/7", flows.Said{Text: "办理"}); err != nil || got != want {
		t.Errorf("Receive = %+v, %v, want %+v", got, err, want)
	}
}

func TestAnswer(t *testing.T) {
	const said = "您好 ]]> <a href=\"https://a/?b=1&c=2\">页面</a>\n😀"
	for _, a := range []Account{sealedAccount(t), {Token: flows.Conceal(testToken)}} {
		body, err := a.Answer(Message{From: "oA", To: "gh_1"}, said, testNow, "98+76", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if a.Envelope != nil {
			var sealed struct{ Encrypt string }
			if err := xml.Unmarshal(body, &sealed); err != nil {
				t.Fatal(err)
			}
			if _, body, err = util.DecryptMsg(testAppID, sealed.Encrypt, key1); err != nil {
				t.Fatal(err)
			}
		}
		var got struct {
			ToUserName, FromUserName, MsgType, Content string
			CreateTime                                 int64
		}
		if err := xml.Unmarshal(body, &got); err != nil {
			t.Fatalf("Answer = %q: %v", body, err)
		}
		if got.ToUserName != "oA" || got.FromUserName != "gh_1" || got.MsgType != "text" || got.Content != said || got.CreateTime != 1700000000 {
			t.Errorf("Answer = %+v", got)
		}
	}
}

func TestAnswerWithNothingToSay(t *testing.T) {
	body, err := sealedAccount(t).Answer(Message{From: "oA", To: "gh_1"}, "", testNow, "1", rand.Reader)
	if err != nil || string(body) != NoAnswer {
		t.Errorf("Answer = %q, %v, want success in the clear", body, err)
	}
}
