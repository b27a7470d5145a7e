// Tests of reading pushes.

package bot

import (
	"errors"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
)

// event makes the message of a push at second 9 of 1970.
func event(id string, what flows.Happening) Message {
	return Message{From: "oA", To: "gh_1", Event: flows.Event{ID: id, At: time.Unix(9, 0).UTC(), Via: flows.WeChat, What: what}}
}

// tap is an event that is no message of the person's own.
func tap(id string, what flows.Happening) Message {
	m := event(id, what)
	m.Event.Tap = true
	return m
}

// head is how the pushes of the tests begin.
const head = `<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName>oA</FromUserName><CreateTime>9</CreateTime>`

func TestParse(t *testing.T) {
	const isEvent = head + `<MsgType>event</MsgType>`
	tests := []struct {
		name string
		body string
		want Message
		err  error
	}{
		{
			name: "text keeps its MsgId and loses its margins",
			body: head + `<MsgType>text</MsgType><Content><![CDATA[ 办理 ]]></Content><MsgId>7</MsgId></xml>`,
			want: event("wechat/gh_1/7", flows.Said{Text: "办理"}),
		},
		{
			name: "a tapped choice brings its identifier",
			body: head + `<MsgType>text</MsgType><Content>办理</Content><MsgId>7</MsgId><bizmsgmenuid>101</bizmsgmenuid></xml>`,
			want: tap("wechat/gh_1/7", flows.Said{Text: "办理", Choice: "101"}),
		},
		{
			name: "identifiers need not be numbers that fit",
			body: head + `<MsgType>text</MsgType><Content>x</Content><MsgId>99999999999999999999</MsgId><bizmsgmenuid>a-1</bizmsgmenuid></xml>`,
			want: tap("wechat/gh_1/99999999999999999999", flows.Said{Text: "x", Choice: "a-1"}),
		},
		{
			name: "a picture is something sent",
			body: head + `<MsgType>image</MsgType><PicUrl>u</PicUrl><MediaId>m</MediaId><MsgId>7</MsgId></xml>`,
			want: event("wechat/gh_1/7", flows.Sent{Media: "image", Picture: flows.Conceal("m")}),
		},
		{
			name: "of a picture whose place has an unlikely length only the kind is kept",
			body: head + `<MsgType>image</MsgType><MediaId>` + strings.Repeat("m", 257) + `</MediaId><MsgId>7</MsgId></xml>`,
			want: event("wechat/gh_1/7", flows.Sent{Media: "image"}),
		},
		{
			name: "so is a kind that does not exist yet",
			body: head + `<MsgType>hologram</MsgType><MsgId>7</MsgId></xml>`,
			want: event("wechat/gh_1/7", flows.Sent{Media: "hologram"}),
		},
		{
			// sha256sum of oA|9|subscribe|, as those of the other events.
			name: "following by search has no scene",
			body: isEvent + `<Event>subscribe</Event><EventKey></EventKey></xml>`,
			want: tap("wechat/gh_1/2c8e6715e91a93cf7f1961a84e0317fc", flows.Followed{}),
		},
		{
			name: "following by code has one",
			body: isEvent + `<Event>subscribe</Event><EventKey>qrscene_project-3</EventKey><Ticket>T</Ticket></xml>`,
			want: tap("wechat/gh_1/5eb18482b3f995dc13d5ead5a324a1c2", flows.Followed{Scene: "project-3"}),
		},
		{
			name: "a scan by a follower has it without prefix",
			body: isEvent + `<Event>SCAN</Event><EventKey>project-3</EventKey><Ticket>T</Ticket></xml>`,
			want: tap("wechat/gh_1/99854c4e9a690c4c35e4f1e783cd0b5b", flows.Followed{Scene: "project-3"}),
		},
		{
			name: "unfollowing",
			body: isEvent + `<Event>unsubscribe</Event></xml>`,
			want: tap("wechat/gh_1/3fa2c139443d20b5d80c0345d854888b", flows.Left{}),
		},
		{
			name: "a menu key is a word",
			body: isEvent + `<Event>CLICK</Event><EventKey>进度</EventKey></xml>`,
			want: tap("wechat/gh_1/c3fc532962b2d7f6beb3d55af10c2888", flows.Said{Text: "进度"}),
		},
		{
			name: "an event with lists is known to be unknown",
			body: isEvent + `<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List><TemplateId>1</TemplateId></List><List><TemplateId>2</TemplateId></List></SubscribeMsgPopupEvent></xml>`,
			err:  ErrUnknown,
		},
		{name: "names of events are exact", body: isEvent + `<Event>click</Event></xml>`, err: ErrUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse([]byte(tt.body))
			if !errors.Is(err, tt.err) {
				t.Fatalf("Parse: error %v, want %v", err, tt.err)
			}
			if got != tt.want {
				t.Errorf("Parse = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, body string }{
		{"no kind", head + `</xml>`},
		{"no time", `<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><MsgType>text</MsgType></xml>`},
		{"no sender", `<xml><ToUserName>gh_1</ToUserName><CreateTime>9</CreateTime><MsgType>text</MsgType></xml>`},
		{"nothing", ""},
		{"JSON", `{"MsgType":"text"}`},
		{"cut off", head},
		{"an entity of its own", `<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>`},
		{"too long", head + `<MsgType>text</MsgType><Content>` + strings.Repeat("x", MaxBody) + `</Content></xml>`},
		{"a name too long to be one", `<xml><ToUserName>gh_1</ToUserName><FromUserName>` + strings.Repeat("o", 65) + `</FromUserName><CreateTime>9</CreateTime><MsgType>text</MsgType></xml>`},
	}
	for _, tt := range tests {
		if m, err := Parse([]byte(tt.body)); !errors.Is(err, ErrMalformed) || m != (Message{}) {
			t.Errorf("%s: Parse = %+v, %v, want ErrMalformed", tt.name, m, err)
		}
	}
}

// TestParseOwnsItsMemory overwrites the buffer, as Fiber does with the next
// request.
func TestParseOwnsItsMemory(t *testing.T) {
	const text = `<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><CreateTime>9</CreateTime>` +
		`<MsgType>text</MsgType><Content><![CDATA[办理]]></Content><MsgId>7</MsgId><bizmsgmenuid>101</bizmsgmenuid></xml>`
	body := []byte(text)
	got, err := Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	for i := range body {
		body[i] = '#'
	}
	if want := tap("wechat/gh_1/7", flows.Said{Text: "办理", Choice: "101"}); got != want {
		t.Errorf("after the buffer is used again, Parse = %+v, want %+v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><CreateTime>9</CreateTime><MsgType>text</MsgType><Content><![CDATA[办理]]></Content><MsgId>7</MsgId></xml>`))
	f.Add([]byte(`<xml><ToUserName>g</ToUserName><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>CLICK</Event><EventKey>k</EventKey></xml>`))
	f.Add([]byte(`<xml><a><a><a>]]></a>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := Parse(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUnknown) {
				t.Fatalf("Parse(%q): error %v has no sentinel", body, err)
			}
			return
		}
		if m.From != "" && m.To != "" && m.Lost != "" && m.Event.What == nil {
			return
		}
		if m.From == "" || m.To == "" || m.Event.ID == "" || m.Event.At.IsZero() || m.Event.What == nil {
			t.Fatalf("Parse(%q) = %+v, which lacks something", body, m)
		}
		again, err := Parse(body)
		if err != nil || again != m {
			t.Fatalf("Parse(%q) = %+v, then %+v, %v", body, m, again, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	e, err := NewEnvelope("tok3n", flows.Conceal(key1), "wx1234567890abcdef")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("0123456789abcdef\x00\x00\x00\x07messagewx1234567890abcdef" + strings.Repeat("\x13", 19)))
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, plain []byte) {
		sealed := e.encrypt(plain[:len(plain)/16*16])
		q := Query{Timestamp: "1", Nonce: "2", MsgSignature: sign("tok3n", "1", "2", sealed)}
		if _, err := e.Open(q, sealed); err != nil && !errors.Is(err, ErrEnvelope) {
			t.Fatalf("Open of %x: error %v has no sentinel", plain, err)
		}
	})
}

func TestParseDropsWhatXMLForbids(t *testing.T) {
	m, err := Parse([]byte("<xml><ToUserName>gh</ToUserName><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content>办\x01\x07理</Content><MsgId>7</MsgId></xml>"))
	if said, ok := m.Event.What.(flows.Said); err != nil || !ok || said.Text != "办理" {
		t.Errorf("Parse = %+v, %v, want the text without control characters", m.Event.What, err)
	}
}

// What WeChat understood of a voice message counts as typed, in either reader;
// a voice message without it is still not text.
func TestAVoiceThatWasRecognisedIsText(t *testing.T) {
	const common = "<ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1700000000</CreateTime><MsgType>voice</MsgType><MsgId>1</MsgId>"
	for body, want := range map[string]flows.Happening{
		"<xml>" + common + "<Recognition><![CDATA[ 人工 ]]></Recognition></xml>":       flows.Said{Text: "人工"},
		"<xml a=\"1\">" + common + "<Recognition><![CDATA[人工]]></Recognition></xml>": flows.Said{Text: "人工"},
		"<xml>" + common + "<Recognition><![CDATA[]]></Recognition></xml>":           flows.Sent{Media: "voice"},
	} {
		got, err := Parse([]byte(body))
		if err != nil || got.Event.What != want {
			t.Errorf("Parse(%s) = %#v, %v, want %#v", body, got.Event.What, err, want)
		}
	}
}

// A template message that failed is told apart from one that arrived, which says
// nothing new.
func TestATemplateIsLost(t *testing.T) {
	const event = "<xml><ToUserName>gh_1</ToUserName><FromUserName>oA</FromUserName><CreateTime>9</CreateTime><MsgType>event</MsgType><Event>TEMPLATESENDJOBFINISH</Event><MsgID>200163836</MsgID>"
	for status, lost := range map[string]string{"success": "", "failed:user block": "200163836", "failed: system failed": "200163836"} {
		m, err := Parse([]byte(event + "<Status><![CDATA[" + status + "]]></Status></xml>"))
		if m.Lost != lost || (lost == "") != errors.Is(err, ErrUnknown) {
			t.Errorf("%s: lost %q, %v, want %q", status, m.Lost, err, lost)
		}
	}
}
