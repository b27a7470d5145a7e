package bot

import (
	"bytes"
	"encoding/xml"
	"testing"
	"time"

	"certdesk/flows"
)

// FuzzScan holds the quick reader to the one that knows XML: what it takes, that
// one takes too, and reads the same.
func FuzzScan(f *testing.F) {
	for _, body := range []string{
		`<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>9</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[ 办理 &lt;]]></Content><MsgId>7</MsgId></xml>`,
		`<xml> <MsgType>event</MsgType><Event>SCAN</Event><EventKey><![CDATA[]]></EventKey></xml> `,
		`<xml><a>1</a><a>2</a><Content>x&amp;y</Content></xml>`, `<xml><Content>a<b/>c</Content></xml>`, `<xml><Content a="1">x</Content></xml>`,
		`<xml><Content><![CDATA[a]]>b</Content></xml>`, `<xml><Content>a]]>b</Content></xml>`, `<xml></xml><xml></xml>`, "\v<xml><MsgId>1</MsgId></xml>", "\u0085<xml></xml>\u00a0", `<XML></XML>`, "<xml><Content>\r\n</Content></xml>",
		`<xml><MsgId>1</MsgId><MsgId>2</MsgId></xml>`, "<xml><Content>\x01</Content></xml>", "<xml><Content>\uffff</Content></xml>",
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		quick, plain := scan(body)
		if !plain {
			return
		}
		var whole push
		if err := xml.Unmarshal(body, &whole); err != nil {
			t.Fatalf("scan takes what XML refuses: %v: %q", err, body)
		}
		whole.XMLName = xml.Name{}
		if quick != whole {
			t.Errorf("scan reads %+v, XML %+v: %q", quick, whole, body)
		}
	})
}

// TestTheUsualPushIsScanned keeps the quick way in use.
func TestTheUsualPushIsScanned(t *testing.T) {
	for _, body := range []string{
		`<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oA]]></FromUserName><CreateTime>9</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[办理]]></Content><MsgId>7</MsgId></xml>`,
		"<xml>\n<ToUserName><![CDATA[gh_1]]></ToUserName>\n<Encrypt><![CDATA[abc+/=]]></Encrypt>\n</xml>\n",
	} {
		if _, plain := scan([]byte(body)); !plain {
			t.Errorf("this push goes the long way: %s", body)
		}
	}
}

// cdata is text in a CDATA section, as the library for XML writes it.
type cdata struct {
	Text string `xml:",cdata"`
}

// TestAnAnswerIsTheXMLItAlwaysWas compares the answer with what the library for
// XML writes.
func TestAnAnswerIsTheXMLItAlwaysWas(t *testing.T) {
	type whole struct {
		XMLName      xml.Name `xml:"xml"`
		ToUserName   cdata
		FromUserName cdata
		CreateTime   string
		MsgType      cdata
		Content      cdata
	}
	account := Account{Token: flows.Conceal("t")}
	for _, text := range []string{"您好", "a]]>b", "]]>", `<a href="x">y</a>`, "一\n二 & 三"} {
		want, err := xml.Marshal(whole{ToUserName: cdata{"oA"}, FromUserName: cdata{"gh_1"}, CreateTime: "9", MsgType: cdata{"text"}, Content: cdata{text}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := account.Answer(Message{From: "oA", To: "gh_1"}, text, time.Unix(9, 0), "n", nil)
		if err != nil || string(got) != string(want) {
			t.Errorf("Answer(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestASealedAnswerIsTheXMLItAlwaysWas(t *testing.T) {
	type whole struct {
		XMLName      xml.Name `xml:"xml"`
		Encrypt      cdata
		MsgSignature cdata
		TimeStamp    string
		Nonce        cdata
	}
	envelope, err := NewEnvelope("t", flows.Conceal("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"), "wx1")
	if err != nil {
		t.Fatal(err)
	}
	for _, nonce := range []string{"n", "]]>"} {
		got, err := envelope.Seal([]byte("您好"), time.Unix(9, 0), nonce, bytes.NewReader(make([]byte, randomLen)))
		if err != nil {
			t.Fatal(err)
		}
		box, err := envelope.pack([]byte("您好"), bytes.NewReader(make([]byte, randomLen)))
		if err != nil {
			t.Fatal(err)
		}
		want, err := xml.Marshal(whole{Encrypt: cdata{box}, MsgSignature: cdata{sign("t", "9", nonce, box)}, TimeStamp: "9", Nonce: cdata{nonce}})
		if err != nil || string(got) != string(want) {
			t.Errorf("Seal = %s, %v, want %s", got, err, want)
		}
	}
}
