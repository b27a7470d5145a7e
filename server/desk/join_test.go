package desk_test

import (
	"errors"
	"regexp"
	"strings"
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
	if asked := taps(h.desk, "code", line); asked.Talk != left {
		t.Fatalf("the code was said in %s, want in the old talk", asked.Talk)
	}
	h.until("to be asked whose it is", func() bool {
		talk, question, err := h.desk.Look(t.Context(), left)
		return err == nil && talk.Case.At == flows.ElsewhereConfirm && strings.Contains(question.Text, "手机号 138****8000 的个人证书")
	})
	const mine = "是我自己的"
	joining := taps(h.desk, "3", mine)
	h.until("the talk to be left", func() bool {
		talk, _, err := h.desk.Look(t.Context(), left)
		return err == nil && talk.Case.At == flows.Moved
	})
	again, err := other.Handle(t.Context(), app, flows.Event{ID: "miniapp/3", At: at, Via: flows.Alipay, What: flows.Said{Text: mine}})
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

// TestACodeIsScanned goes on by a scene: whoever scans it is asked whose case it
// is, and nothing has changed until they say so.
func TestACodeIsScanned(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	app := desk.Identity{Channel: flows.Alipay, ID: "2088-a"}
	at := h.now()
	happens := func(what flows.Happening) desk.Answer {
		t.Helper()
		at = at.Add(time.Second)
		answer, err := h.desk.Handle(t.Context(), app, flows.Event{ID: "miniapp/" + at.String(), At: at, Via: flows.Alipay, What: what})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	h.says("你好")
	h.says("企业证书")
	h.says("换到支付宝办理")
	h.reaches(flows.ElsewhereCode)
	qr := h.desk.Flow().Question(h.talk().Case).QR
	if qr == nil || qr.By != flows.Alipay || len(h.town.scenes) != 1 || qr.Content != "https://door.example/"+h.town.scenes[0] {
		t.Fatalf("to be scanned: %+v, of scenes %v", qr, h.town.scenes)
	}
	scan := flows.Followed{Scene: h.town.scenes[0]}
	left := happens(scan).Talk
	asked := func() bool {
		talk, _, err := h.desk.Look(t.Context(), left)
		return err == nil && talk.Case.At == flows.ElsewhereConfirm
	}
	h.until("to be asked whose it is", asked)
	if got := happens(flows.Said{Text: "不是我的"}); got.At != flows.Welcome || got.Talk != left {
		t.Errorf("who says no stands in %s at %s", got.Talk, got.At)
	}
	if facts, err := h.book.Facts(t.Context(), left); err != nil || facts.Form.Has(flows.KeyScene) || facts.Moved {
		t.Errorf("who says no has scene %q, moved %v, %v", facts.Form.Text(flows.KeyScene), facts.Moved, err)
	}
	happens(scan)
	h.until("to be asked again", asked)
	happens(flows.Said{Text: "接着办"})
	h.until("the case to be told", func() bool { return h.talk().Case.Last == flows.Alipay })
	if got := happens(scan); got.Talk != h.id() || !strings.Contains(got.Replies[0].Text, "这就是您正在办理的地方") {
		t.Errorf("scanned again in the case itself: %+v", got)
	}
}

// TestWithoutADoorACodeIsSaid has the other channel make no code to scan.
func TestWithoutADoorACodeIsSaid(t *testing.T) {
	h := newHouse(t)
	h.town.shut = errors.New("no permission")
	h.work(h.desk)
	h.says("你好")
	h.says("换到支付宝办理")
	h.reaches(flows.ElsewhereCode)
	question := h.desk.Flow().Question(h.talk().Case)
	if question.QR != nil || !joinLine.MatchString(question.Text) || strings.Contains(question.Text, "扫码") {
		t.Errorf("without a code to scan: %+v", question)
	}
}
