package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/activation"
)

// TestTheWordInAnSMS is the one that the page tells, and the tool on the PC.
func TestTheWordInAnSMS(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.begins()
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	word := flows.CheckWord(string(c.talk().ID))
	c.wait(t, "an SMS", func() bool { return len(c.texts()) > 0 })
	carries := func(text string) bool { return strings.Contains(text, "】校验词"+word+"，") }
	if text := c.lastText(); !carries(text) {
		t.Errorf("the SMS says %q, and the word is %s", text, word)
	}
	if got, page := c.ask(t, "GET", c.link(), "", nil); got.StatusCode != http.StatusOK || !strings.Contains(page, "短信里的校验词应是“"+word+"”") {
		t.Errorf("the page does not tell the word %s: %d\n%s", word, got.StatusCode, page)
	}
	c.fills(c.account())
	c.reaches(flows.PersonStart)
	c.consents()
	c.proves()
	c.orders()
	c.pays()
	k := &keyTool{citizen: c}
	k.says("开始激活")
	k.reaches(flows.ActivationMake)
	var begun activation.BeginAnswer
	k.accepted(activation.BeginPath, activation.BeginRequest{Code: k.talk().Case.Form.Text(flows.KeyTicket)}, &begun)
	k.bearer = begun.Token
	k.texted()
	var sent activation.CodeAnswer
	k.accepted(activation.CodePath, activation.Empty{}, &sent)
	if text := c.lastText(); sent.Word != word || !carries(text) || !strings.Contains(text, "授权码") {
		t.Errorf("the tool is told %q and the SMS says %q, want the word %s in both", sent.Word, text, word)
	}
}

func (c *citizen) lastText() string {
	c.t.Helper()
	var inbox []struct{ Text string }
	c.learns(c.t, "/world/sms/"+c.Mobile, &inbox)
	if len(inbox) == 0 {
		return ""
	}
	return inbox[len(inbox)-1].Text
}

// TestACallForACode is offered on the page once the message is out, and reads
// what the message says.
func TestACallForACode(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.begins()
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	c.wait(t, "the offer", func() bool { return c.talk().Case.Form.Has(flows.KeyAloud) })
	if _, page := c.ask(t, "GET", c.link(), "", nil); !strings.Contains(page, "收不到短信？语音播报") {
		t.Errorf("the page offers no call\n%s", page)
	}
	sent := c.texts()
	n.clock.later(time.Minute/haste, func() {
		c.says("语音播报")
		c.wait(t, "a call", func() bool { return strings.Contains(c.heard(), "正在给 "+flows.MaskMobile(c.Mobile)+" 打电话") })
	})
	var inbox []struct {
		Text, Code string
		Call       bool
	}
	c.learns(t, "/world/sms/"+c.Mobile, &inbox)
	if rang := inbox[len(inbox)-1]; !rang.Call || rang.Code != sent[0] || !strings.Contains(rang.Text, "再说一遍") {
		t.Errorf("the telephone has %+v, want a call that reads %s", inbox, sent[0])
	}
	c.fills(c.account())
	c.reaches(flows.PersonStart)
}
