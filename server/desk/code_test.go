package desk_test

import (
	"strings"
	"testing"
	"time"

	"certdesk/flows"
)

// TestTheWordOfATalk is in each message with a code, the same each time, and is
// told where the code is asked for.
func TestTheWordOfATalk(t *testing.T) {
	h := newHouse(t)
	h.says("你好")
	h.says("个人证书")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	word := flows.CheckWord(string(h.id()))
	for n := range 2 {
		stop := h.work(h.desk)
		h.until("an SMS", func() bool { _, _, texts := h.town.books(); return texts == n+1 })
		h.until("the word", func() bool { return h.talk().Case.Form.Text(flows.KeyWord) == word })
		stop()
		if got := h.town.texts[n].Word; got != word {
			t.Errorf("message %d carries %q, want %q", n+1, got, word)
		}
		h.clock = h.clock.Add(time.Minute)
		h.says("重新获取验证码")
	}
	if asks := h.says("到哪了").Replies; !strings.Contains(asks[len(asks)-1].Text, "“"+word+"”") {
		t.Errorf("the step asks %q, without the word %s", asks[len(asks)-1].Text, word)
	}
}
