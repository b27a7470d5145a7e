package desk_test

import (
	"regexp"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

var joinLine = regexp.MustCompile(`接续 [A-Z]{4}-[A-Z]{4}`)

// TestACaseGoesOnInAnotherChannel begins in WeChat and goes on in the
// mini-program. A process that knew the old talk of the mini-program's user, and
// a push that comes again, find the way; the loss of Redis changes nothing.
func TestACaseGoesOnInAnotherChannel(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	app := desk.Identity{Channel: flows.Alipay, ID: "2088-a"}
	other := h.newDesk(h.store, h.book)
	at := h.now()
	taps := func(d *desk.Desk, id, text string) desk.Answer {
		t.Helper()
		at = at.Add(time.Second)
		answer, err := d.Handle(t.Context(), app, flows.Event{ID: "miniapp/" + id, At: at, Via: flows.Alipay, What: flows.Said{Text: text}})
		if err != nil {
			t.Fatalf("Handle(%q) = %v", text, err)
		}
		return answer
	}
	h.says("你好")
	h.says("个人证书")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	h.reaches(flows.RegisterPerson)
	taps(other, "1", "你好")
	left := taps(h.desk, "2", "个人证书").Talk

	h.says("换到支付宝办理")
	h.reaches(flows.ElsewhereCode)
	line := joinLine.FindString(h.desk.Flow().Question(h.talk().Case).Text)
	joining := taps(h.desk, "3", line)
	if joining.Talk != left {
		t.Fatalf("the code was said in %s, want in the old talk", joining.Talk)
	}
	h.until("the talk to be left", func() bool {
		talk, _, err := h.desk.Look(t.Context(), left)
		return err == nil && talk.Case.At == flows.Moved
	})
	again, err := other.Handle(t.Context(), app, flows.Event{ID: "miniapp/3", At: at, Via: flows.Alipay, What: flows.Said{Text: line}})
	if err != nil || again.Talk != left || len(again.Replies) != len(joining.Replies) {
		t.Errorf("the push that comes again is answered %+v, %v, want as before", again, err)
	}
	h.reaches(flows.RegisterPerson)
	for id, d := range map[string]*desk.Desk{"4": other, "5": h.desk} {
		if got := taps(d, id, "到哪了"); got.Talk != h.id() || got.At != flows.RegisterPerson {
			t.Errorf("a word in the mini-program stands in %s at %s, want in the case at its step", got.Talk, got.At)
		}
	}
	h.redis.FlushAll()
	fresh := h.newDesk(h.store, h.book)
	if got := taps(fresh, "6", "到哪了"); got.Talk != h.id() || got.At != flows.RegisterPerson {
		t.Errorf("after the loss of Redis a word stands in %s at %s", got.Talk, got.At)
	}
	if got := h.talk().Case; got.Last != flows.Alipay {
		t.Errorf("the case was last heard on %s", got.Last)
	}
}
