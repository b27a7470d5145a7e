package server

import (
	"net/http"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/activation"
)

// TestTheWordInAnSMS is the one that the page tells, and the tool on the PC.
func TestTheWordInAnSMS(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[1]
	c.begins()
	c.fills(map[flows.Key]string{flows.KeyLogin: c.Login, flows.KeyMobile: c.Mobile})
	c.wait(t, "the word to be told", func() bool { return c.talk().Case.Form.Has(flows.KeyWord) })
	word := c.talk().Case.Form.Text(flows.KeyWord)
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
