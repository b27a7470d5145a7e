package server

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"certdesk/bot"
	"certdesk/flows"
)

// What comes to the official account's address and should not, or is not what
// anybody expects of a person.

func TestBadPushes(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	people[0].begins()
	t.Run("forged", people[0].in(t).forgedPushes)
	t.Run("over a mebibyte", people[0].in(t).hugePush)
	t.Run("strange", people[0].in(t).strangePushes)
	t.Run("odd texts", people[0].in(t).oddTexts)
	t.Run("full-width choice", people[1].in(t).fullWidthChoice)
	t.Run("flood", people[2].in(t).flood)
}

// forgedPushes are refused before they are read.
func (c *citizen) forgedPushes(t *testing.T) {
	text := func() string { return c.message(c.OpenID, "text", "Content", "返回") }
	good := func() delivery { return c.shaped(t, c.OpenID, text()) }
	with := func(name, value string) delivery {
		d := good()
		d.query.Set(name, value)
		return d
	}
	swapped := good()
	swapped.body = good().body
	clear := good()
	clear.query.Del("encrypt_type")
	clear.body = []byte(text())
	for name, d := range map[string]delivery{
		"no signature":                 {nil, good().body},
		"wrong signature":              with("signature", strings.Repeat("0", 40)),
		"wrong message signature":      with("msg_signature", strings.Repeat("0", 40)),
		"another nonce":                with("nonce", "1"),
		"old timestamp":                c.shapedAt(t, c.OpenID, text(), time.Now().Add(-bot.MaxSkew-time.Minute)),
		"timestamp of the future":      c.shapedAt(t, c.OpenID, text(), time.Now().Add(bot.MaxSkew+time.Minute)),
		"envelope of another push":     swapped,
		"clear text in safe mode":      clear,
		"for another account":          c.shaped(t, c.OpenID, strings.Replace(text(), c.cfg.WeChat.OriginalID, "gh_another", 1)),
		"sender of another address":    c.shaped(t, "oSomebodyElse", text()),
		"clear and without a dressing": {good().query, []byte(text())},
	} {
		t.Run(name, func(t *testing.T) {
			c.in(t).stays(func() {
				if status, said := c.push(t, d); status != http.StatusForbidden {
					t.Errorf("answered with %d %q, want 403", status, said)
				}
			})
		})
	}
	got, _ := c.ask(t, "GET", "/wechat?signature=0&timestamp=1&nonce=2&echostr=hello", "", nil)
	if got.StatusCode != http.StatusForbidden {
		t.Errorf("the address was proved to a stranger: %d", got.StatusCode)
	}
}

// hugePush is refused on its announcement: nobody waits for a mebibyte.
func (c *citizen) hugePush(t *testing.T) {
	line, err := net.Dial("tcp", strings.TrimPrefix(c.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	d := c.shaped(t, c.OpenID, c.message(c.OpenID, "text", "Content", "大"))
	fmt.Fprintf(line, "POST /wechat?%s HTTP/1.1\r\nHost: service\r\nContent-Length: %d\r\n\r\n", d.query.Encode(), bodyLimit+1)
	got, err := http.ReadResponse(bufio.NewReader(line), nil)
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered with %d, want 413", got.StatusCode)
	}
}

// strangePushes are genuine, but not what we know.
func (c *citizen) strangePushes(t *testing.T) {
	long := c.shaped(t, c.OpenID, c.message(c.OpenID, "text", "Content", strings.Repeat("长", bot.MaxBody)))
	torn := c.shaped(t, c.OpenID, "")
	torn.body = torn.body[:len(torn.body)/2]
	for _, tt := range []struct {
		name   string
		d      delivery
		status int
		said   string // "" stands for words that a person can read
	}{
		{"torn XML", torn, 400, "Bad Request"},
		{"torn XML in a good envelope", c.shaped(t, c.OpenID, "<xml><FromUserName>"), 400, "Bad Request"},
		{"not XML in a good envelope", c.shaped(t, c.OpenID, `{"text":"hello"}`), 400, "Bad Request"},
		{"no time", c.shaped(t, c.OpenID, "<xml><ToUserName>"+c.cfg.WeChat.OriginalID+"</ToUserName><MsgType>text</MsgType></xml>"), 400, "Bad Request"},
		{"longer than a message", long, 400, "Bad Request"},
		{"an unknown event", c.shaped(t, c.OpenID, c.inner(c.OpenID, "event", "Event", "user_gave_a_sign")), 200, bot.NoAnswer},
		{"an unknown kind of message", c.shaped(t, c.OpenID, c.message(c.OpenID, "hologram")), 200, ""},
		{"a picture", c.shaped(t, c.OpenID, c.message(c.OpenID, "image", "PicUrl", "http://mmbiz.qpic.cn/x")), 200, ""},
		{"a choice of nobody's", c.shaped(t, c.OpenID, c.message(c.OpenID, "text", "Content", "好", "bizmsgmenuid", "../../etc")), 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.in(t).stays(func() {
				status, said := c.push(t, tt.d)
				if status != tt.status || tt.said != "" && said != tt.said {
					t.Errorf("answered with %d %q, want %d %q", status, said, tt.status, tt.said)
				}
				if tt.said == "" && !kind(said) {
					t.Errorf("answered with %q, want words", said)
				}
			})
		})
	}
}

// oddTexts are heard, answered once and in words, and move nothing.
func (c *citizen) oddTexts(t *testing.T) {
	for name, text := range map[string]string{
		"over-long":            strings.Repeat("我想办一个证书", 400),
		"over-long, one line":  strings.Repeat("a", 5000),
		"emoji":                "👨‍👩‍👧‍👦🔑🇨🇳",
		"invisible":            "\u200b\u200d\ufeff",
		"right to left":        "\u202e书证\u202c",
		"control characters":   "办\u0085\u009b31m\x7f证",
		"carriage and tab":     "办\r\n\t证",
		"markup":               "<script>alert(1)</script>]]&gt;&lt;",
		"places of a template": "{mobile}{id}{{.}}%s%d",
		"an identity number":   c.IDNumber,
		"blank":                "   ",
		"full-width, no such":  "９９",
	} {
		t.Run(name, func(t *testing.T) {
			c.in(t).stays(func() {
				said := c.in(t).says(text)
				if !han(said) || !strings.Contains(said, "登录名") || !utf8.ValidString(said) {
					t.Errorf("answered with %q, want words and the question again", said)
				}
				if len(said) > bot.MaxText {
					t.Errorf("answered with %d bytes", len(said))
				}
			})
		})
	}
	if strings.Contains(c.in(t).heard(), c.IDNumber) {
		t.Error("an identity number typed into the chat is in the transcript")
	}
}

func (c *citizen) fullWidthChoice(t *testing.T) {
	said := c.says("２")
	if c.reaches(flows.RegisterAccount); c.talk().Case.Form.Text(flows.KeyKind) != flows.KindPerson || !strings.Contains(said, "登录名") {
		t.Errorf("the second choice, typed full-width, was answered with %q", said)
	}
}

// flood sends far more than a person can. It hurts nobody else and loses
// nothing.
func (c *citizen) flood(t *testing.T) {
	other := c.citizenOf(t, "oSomebodyQuiet")
	slow := 0
	c.stays(func() {
		for i := range 60 {
			said := c.says(fmt.Sprintf("喂，%d", i))
			if said == tooFast {
				slow++
			}
			if !han(said) {
				t.Errorf("message %d was answered with %q", i, said)
			}
		}
	})
	if slow == 0 || !kind(tooFast) {
		t.Errorf("60 messages at once were all heard")
	}
	if said := other.says("帮助"); said == tooFast || !strings.Contains(said, "企业证书") {
		t.Errorf("somebody else was answered with %q", said)
	}
}

// citizenOf is somebody whom the world does not know yet.
func (n *town) citizenOf(t *testing.T, openid string) *citizen {
	t.Helper()
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	c := &citizen{n, resident{OpenID: openid}, t}
	c.reaches(flows.Welcome)
	return c
}
