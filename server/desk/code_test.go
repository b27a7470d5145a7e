package desk_test

import (
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// TestTheWordOfATalk is in each message with a code, and is told before the first
// of them is out; it outlives a loss of Redis.
func TestTheWordOfATalk(t *testing.T) {
	h := newHouse(t)
	h.says("你好")
	h.says("个人证书")
	answer := h.fills(form("login", "13800138000", "mobile", "13800138000"))
	word := flows.CheckWord(string(h.id()))
	if asks := answer.Replies[0].Text; !strings.Contains(asks, "“"+word+"”") {
		t.Errorf("the chat is asked %q, without the word %s", asks, word)
	}
	for n := range 2 {
		if _, asks, err := h.desk.Look(t.Context(), h.id()); err != nil || !strings.Contains(asks.Text, "“"+word+"”") {
			t.Errorf("the step asks %q, %v, without the word %s", asks.Text, err, word)
		}
		stop := h.work(h.desk)
		h.until("an SMS", func() bool { _, _, texts := h.town.books(); return texts == n+1 })
		stop()
		if got := h.town.texts[n].Word; got != word {
			t.Errorf("message %d carries %q, want %q", n+1, got, word)
		}
		h.clock = h.clock.Add(time.Minute)
		h.redis.FlushAll()
		h.says("重新获取验证码")
	}
}

// TestNoWordIsTold where messages carry none: who looks for it would be kept out.
func TestNoWordIsTold(t *testing.T) {
	h := newHouse(t)
	h.says("你好")
	h.says("个人证书")
	cfg := h.config(h.now, h.store, h.book)
	cfg.Partners.Words = false
	h.desk = desk.New(cfg) // as after a change of the setting
	if asks := h.fills(form("login", "13800138000", "mobile", "13800138000")).Replies; strings.Contains(asks[0].Text, "校验词") {
		t.Errorf("the step asks %q", asks[0].Text)
	}
	h.work(h.desk)
	h.until("an SMS", func() bool { return h.town.code() != "" })
	h.town.mu.Lock()
	defer h.town.mu.Unlock()
	if got := h.town.texts[0].Word; got != "" {
		t.Errorf("the message carries %q", got)
	}
}

// TestACodeIsReadAloud to whoever got no message, and is the code of the
// message.
func TestACodeIsReadAloud(t *testing.T) {
	h := newHouse(t)
	h.says("你好")
	h.says("个人证书")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	stop := h.work(h.desk)
	h.until("the offer", func() bool { return h.talk().Case.Form.Has(flows.KeyAloud) })
	stop()
	h.clock = h.clock.Add(time.Minute / 20) // as the house hurries
	h.says("语音播报")
	h.work(h.desk)
	h.until("a call", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return len(h.town.calls) == 1
	})
	h.town.mu.Lock()
	sent, read := h.town.texts[0], h.town.calls[0]
	h.town.mu.Unlock()
	if read.Code != sent.Code || read.Mobile != sent.Mobile || read.ID == sent.ID {
		t.Errorf("the call reads %+v, want the digits of the message %+v", read, sent)
	}
	h.fills(form("code", sent.Code.Reveal(), "password", "$argon2id$v=19$x", "password2", "$argon2id$v=19$x", "terms", "on", "duty", "on"))
	h.reaches(flows.PersonStart)
}

// TestNobodyCallsUnlessSomebodyCan: where there is no caller nobody is offered a
// call, and one that is owed from before is refused, and leaves the message good.
func TestNobodyCallsUnlessSomebodyCan(t *testing.T) {
	h := newHouse(t)
	cfg := h.config(h.now, h.store, h.book)
	cfg.Partners.Caller = nil
	h.desk = desk.New(cfg)
	h.work(h.desk)
	h.says("你好")
	h.says("个人证书")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	told := func(words string) func() bool {
		return func() bool {
			h.town.mu.Lock()
			defer h.town.mu.Unlock()
			return strings.Contains(strings.Join(h.town.said, "\n"), words)
		}
	}
	h.until("words about the message", told("验证码已发到"))
	if h.talk().Case.Form.Has(flows.KeyAloud) {
		t.Error("a call is offered")
	}
	ref := desk.Ref{Talk: h.id(), Event: "older"}
	call := desk.Pending{Ref: ref, Effect: flows.SendCode{Purpose: flows.PurposeRegister, Aloud: true}, At: h.now()}
	if err := h.book.Enter(t.Context(), []desk.Pending{call}); err != nil {
		t.Fatal(err)
	}
	h.until("words about the call", told("语音电话暂时打不了"))
	h.fills(form("code", h.town.code(), "password", "$argon2id$v=19$x", "password2", "$argon2id$v=19$x", "terms", "on", "duty", "on"))
	h.reaches(flows.PersonStart)
}
