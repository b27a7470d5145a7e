// Tests of the side of the people.

package wechattest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/bot"
	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
)

func TestModes(t *testing.T) {
	for _, mode := range []wechattest.Mode{wechattest.Plain, wechattest.Compatible, wechattest.Safe} {
		t.Run(string(mode), func(t *testing.T) {
			w := newWorld(t, func(c *wechattest.Config) { c.Mode = mode })
			w.answer = echo
			must(t, w.Verify(t.Context()))
			must(t, w.Follow(person, "project-3"))
			must(t, w.Say(person, "办理 ]]> 1 < 2"))
			w.settle(t)
			heard := w.hear()
			if len(heard) != 2 || heard[0].Event.What != (flows.Followed{Scene: "project-3"}) || heard[1].Event.What != (flows.Said{Text: "办理 ]]> 1 < 2"}) {
				t.Fatalf("the service hears %+v", heard)
			}
			inbox := w.Inbox(person, 0)
			if len(inbox) != 1 || inbox[0].Text != "办理 ]]> 1 < 2" || inbox[0].Via != "passive" || inbox[0].Type != "text" || inbox[0].N != 1 {
				t.Errorf("the person reads %+v", inbox)
			}
			if len(w.Inbox(person, 1)) != 0 || len(w.Inbox(person, 99)) != 0 || len(w.Inbox(person, -1)) != 1 {
				t.Error("Inbox does not begin after the number given")
			}
		})
	}
}

func TestEverythingPeopleDo(t *testing.T) {
	w := newWorld(t, nil)
	w.answer = func(m bot.Message) string {
		if _, ok := m.Event.What.(flows.Sent); ok {
			return "请选 <a href=\"weixin://bizmsgmenu?msgmenucontent=%E5%8A%9E%E7%90%86%20A%2BB&msgmenuid=101\">办理</a> " +
				"或 <a href=\"https://desk.example/f/1?a=1&b=2\">打开</a> https://desk.example/bare请点"
		}
		return ""
	}
	if err := w.Choose(person, "101"); !errors.Is(err, wechattest.ErrNoChoice) {
		t.Errorf("Choose of nothing = %v, want ErrNoChoice", err)
	}
	must(t, w.Scan(person, "project-3"))
	must(t, w.Click(person, "进度"))
	for _, kind := range []string{"voice", "video", "shortvideo", "location", "link"} {
		must(t, w.Send(person, kind))
	}
	must(t, w.SendPicture(person, onePixel, "营业执照"))
	w.settle(t)
	must(t, w.Choose(person, "101"))
	must(t, w.Unfollow(person))
	w.settle(t)
	var kinds []string
	for _, m := range w.hear() {
		kinds = append(kinds, fmt.Sprintf("%T%v", m.Event.What, m.Event.What))
	}
	want := []string{
		"flows.Followed{}", "flows.Followed{project-3}", "flows.Said{进度 }", "flows.Sent{voice }", "flows.Sent{video }",
		"flows.Sent{shortvideo }", "flows.Sent{location }", "flows.Sent{link }", "flows.Sent{image ***}", "flows.Said{办理 A+B 101}", "flows.Left{}",
	}
	if !reflect.DeepEqual(kinds, want) {
		t.Errorf("the service hears %q, want %q", kinds, want)
	}
	item := w.Inbox(person, 0)[0]
	if item.Text != "请选 办理 或 打开 https://desk.example/bare请点" {
		t.Errorf("the person reads %q", item.Text)
	}
	if !slices.Equal(item.Choices, []wechattest.Choice{{ID: "101", Label: "办理"}}) ||
		!slices.Equal(item.URLs, []string{"https://desk.example/f/1?a=1&b=2", "https://desk.example/bare请点"}) {
		t.Errorf("the person can tap %+v and %q", item.Choices, item.URLs)
	}
	if len(item.Links) != 2 || item.Links[0].Label == item.Links[0].URL || item.Links[1].Label != item.URLs[1] {
		t.Errorf("the person can tap %+v", item.Links)
	}
	if err := w.Say(person, "还在吗"); !errors.Is(err, wechattest.ErrNotFollowing) {
		t.Errorf("Say after Unfollow = %v, want ErrNotFollowing", err)
	}
	if w.Say("../x", "x") == nil || w.Send(person, "hologram") == nil || w.SendPicture(person, []byte("no picture"), "") == nil || w.Scan(person, "") == nil {
		t.Error("what nobody can do was accepted")
	}
}

func TestInboxIsJSON(t *testing.T) {
	w := newWorld(t, nil)
	w.answer = echo
	must(t, w.Say(person, "好"))
	w.settle(t)
	got, err := json.Marshal(w.Inbox(person, 0))
	must(t, err)
	if want := `"via":"passive","type":"text","text":"好","choices":[],"urls":[],"image_url":""}]`; !strings.HasSuffix(string(got), want) {
		t.Errorf("inbox is %s, want it to end with %s", got, want)
	}
	if got, err := json.Marshal(w.Inbox("nobody", 0)); string(got) != "[]" || err != nil {
		t.Errorf("inbox of nobody is %s", got)
	}
}

// TestInvalidAnswers gives answers that WeChat cannot read; the person gets the
// notice each time, and no retry is made.
func TestInvalidAnswers(t *testing.T) {
	answer := func(to, from, kind, content string) string {
		return "<xml><ToUserName>" + to + "</ToUserName><FromUserName>" + from + "</FromUserName><CreateTime>1700000000</CreateTime><MsgType>" +
			kind + "</MsgType>" + content + "</xml>"
	}
	tests := []struct {
		name string
		mode wechattest.Mode
		body string
		good bool
	}{
		{"success", wechattest.Plain, "success", true},
		{"nothing", wechattest.Plain, "", true},
		{"a text", wechattest.Plain, answer(person, originalID, "text", "<Content>x</Content>"), true},
		{"milliseconds", wechattest.Plain, strings.Replace(answer(person, originalID, "text", "<Content>x</Content>"), "1700000000", "1700000000000", 1), true},
		{"2047 bytes", wechattest.Plain, answer(person, originalID, "text", "<Content>"+strings.Repeat("x", 2047)+"</Content>"), true},
		{"2048 bytes", wechattest.Plain, answer(person, originalID, "text", "<Content>"+strings.Repeat("x", 2048)+"</Content>"), false},
		{"one article", wechattest.Plain, answer(person, originalID, "news", "<ArticleCount>1</ArticleCount><Articles><item><Title>x</Title><Url>https://a.example</Url></item></Articles>"), true},
		{"an article miscounted", wechattest.Plain, answer(person, originalID, "news", "<ArticleCount>2</ArticleCount><Articles><item><Title>x</Title></item></Articles>"), false},
		{"to WeChat's own service", wechattest.Plain, answer(person, originalID, "transfer_customer_service", ""), true},
		{"success with a newline", wechattest.Plain, "success\n", false},
		{"JSON", wechattest.Plain, `{"ok":true}`, false},
		{"an empty text", wechattest.Plain, answer(person, originalID, "text", "<Content></Content>"), false},
		{"not swapped", wechattest.Plain, answer(originalID, person, "text", "<Content>x</Content>"), false},
		{"an unknown kind", wechattest.Plain, answer(person, originalID, "hologram", ""), false},
		{"a picture that is not there", wechattest.Plain, answer(person, originalID, "image", "<Image><MediaId>x</MediaId></Image>"), false},
		{"two documents", wechattest.Plain, answer(person, originalID, "text", "<Content>x</Content>") + "<xml></xml>", false},
		{"clear text in safe mode", wechattest.Safe, answer(person, originalID, "text", "<Content>x</Content>"), false},
		{"clear text in compatible mode", wechattest.Compatible, answer(person, originalID, "text", "<Content>x</Content>"), true},
		{"an envelope nobody signed", wechattest.Safe, "<xml><Encrypt>AAAA</Encrypt><MsgSignature>x</MsgSignature><TimeStamp>1700000000</TimeStamp><Nonce>1</Nonce></xml>", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(c *wechattest.Config) { c.Mode = tt.mode })
			w.raw = func(rw http.ResponseWriter, _ *http.Request) bool {
				_, _ = io.WriteString(rw, tt.body)
				return true
			}
			must(t, w.Follow(person, ""))
			w.settle(t)
			inbox := w.Inbox(person, 0)
			bad := len(inbox) == 1 && inbox[0].Type == "fault" && inbox[0].Text == wechattest.Unavailable && inbox[0].Via == "passive"
			if bad == tt.good {
				t.Errorf("the person reads %+v", inbox)
			}
			if push := w.Books().Pushes[0]; push.Deliveries != 1 || (push.Outcome == wechattest.Invalid) == tt.good {
				t.Errorf("the books say %+v", push)
			}
		})
	}
}

func TestRetries(t *testing.T) {
	w := newWorld(t, nil)
	calls := 0
	w.raw = func(rw http.ResponseWriter, r *http.Request) bool {
		w.mu.Lock()
		calls++
		n := calls
		w.mu.Unlock()
		switch n {
		case 1:
			rw.WriteHeader(http.StatusInternalServerError)
			return true
		case 2:
			<-r.Context().Done() // answers never
			return true
		}
		return false
	}
	w.answer = echo
	must(t, w.Follow(person, ""))
	w.settle(t)
	w.mu.Lock()
	calls = 0
	w.mu.Unlock()
	must(t, w.Say(person, "好"))
	w.settle(t)
	heard := w.hear()
	if len(heard) != 6 || heard[3] != heard[4] || heard[4] != heard[5] || heard[0] != heard[2] {
		t.Errorf("the service hears %+v, want each push three times over", heard)
	}
	if inbox := w.Inbox(person, 0); len(inbox) != 1 || inbox[0].Text != "好" {
		t.Errorf("the person reads %+v", inbox)
	}
}

func TestRetriesUsedUp(t *testing.T) {
	w := newWorld(t, nil)
	w.raw = func(rw http.ResponseWriter, _ *http.Request) bool {
		rw.WriteHeader(http.StatusBadGateway)
		return true
	}
	must(t, w.Follow(person, ""))
	w.settle(t)
	if n := len(w.hear()); n != 4 {
		t.Errorf("the service hears the push %d times, want once and three retries", n)
	}
	if inbox := w.Inbox(person, 0); len(inbox) != 1 || inbox[0].Type != "fault" {
		t.Errorf("the person reads %+v, want the notice", inbox)
	}
	if push := w.Books().Pushes[0]; push.Outcome != wechattest.Unanswered || push.Deliveries != 4 {
		t.Errorf("the books say %+v", push)
	}
}

// follower starts a world with a follower whom the service echoes.
func follower(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.answer = echo
	must(t, w.Follow(person, ""))
	w.settle(t)
	return w
}

func TestPushesRepeated(t *testing.T) {
	t.Run("duplicate", func(t *testing.T) {
		w := follower(t)
		first, second := make(chan struct{}, 1), make(chan struct{})
		w.raw = func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case first <- struct{}{}: // waits for the other, or until the deadline cuts it
				select {
				case <-second:
				case <-r.Context().Done():
				}
			default:
				close(second)
			}
			return false
		}
		must(t, w.Fault("duplicate", 1))
		must(t, w.Say(person, "一"))
		w.settle(t)
		heard := w.hear()
		if len(heard) != 3 || heard[1] != heard[2] {
			t.Errorf("the service hears %+v, want the text twice", heard)
		}
		if inbox := w.Inbox(person, 0); len(inbox) != 1 || inbox[0].Text != "一" {
			t.Errorf("the person reads %+v, want one answer", inbox)
		}
	})
	t.Run("drop", func(t *testing.T) {
		w := follower(t)
		must(t, w.Fault("drop", 1))
		must(t, w.Say(person, "一"))
		w.settle(t)
		if heard, inbox := w.hear(), w.Inbox(person, 0); len(heard) != 3 || len(inbox) != 1 {
			t.Errorf("the service hears %d pushes and the person %d, want 3 and 1", len(heard), len(inbox))
		}
	})
}

func TestPushesReordered(t *testing.T) {
	t.Run("reorder", func(t *testing.T) {
		w := follower(t)
		must(t, w.Fault("reorder", 1))
		must(t, w.Say(person, "一"))
		must(t, w.Say(person, "二"))
		must(t, w.Say(person, "三"))
		w.settle(t)
		var texts string
		for _, item := range w.Inbox(person, 0) {
			texts += item.Text
		}
		if texts != "二一三" {
			t.Errorf("the answers come as %s, want 二一三", texts)
		}
	})
	t.Run("reorder with nothing to overtake", func(t *testing.T) {
		w := follower(t)
		must(t, w.Fault("reorder", 1))
		must(t, w.Say(person, "一"))
		w.settle(t)
		if inbox := w.Inbox(person, 0); len(inbox) != 1 {
			t.Errorf("the person reads %+v", inbox)
		}
	})
}

func TestPushesForgedAndDelayed(t *testing.T) {
	t.Run("wrong signature", func(t *testing.T) {
		w := follower(t)
		must(t, w.Fault("wrong signature", 1))
		must(t, w.Say(person, "一"))
		w.settle(t)
		push := w.Books().Pushes[1]
		if push.Forged != http.StatusForbidden || push.Outcome != wechattest.Answered || len(w.hear()) != 2 {
			t.Errorf("the books say %+v and the service heard %d, want 403 for the forged copy only", push, len(w.hear()))
		}
	})
	t.Run("delay", func(t *testing.T) {
		w := follower(t)
		must(t, w.Fault("delay", 1))
		begun := time.Now()
		must(t, w.Say(person, "一"))
		w.settle(t)
		if took := time.Since(begun); took < 300*time.Millisecond {
			t.Errorf("the push took %v, want at least two deadlines", took)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		if err := follower(t).Fault("earthquake", 1); err == nil {
			t.Error("Fault(earthquake) = nil, want an error")
		}
	})
}

// TestManyPeople lets forty people say ten things each; each person's come in
// order, and strings of one request never show up in another.
func TestManyPeople(t *testing.T) {
	w := newWorld(t, func(c *wechattest.Config) { c.Deadline = 0 })
	w.answer = echo
	for n := range 10 {
		for i := range 40 {
			must(t, w.Say(fmt.Sprintf("o%d", i), fmt.Sprintf("%d says %d", i, n)))
		}
	}
	w.settle(t)
	for i := range 40 {
		for n, item := range w.Inbox(fmt.Sprintf("o%d", i), 0) {
			if want := fmt.Sprintf("%d says %d", i, n); item.Text != want {
				t.Errorf("item %d of o%d is %q, want %q", n, i, item.Text, want)
			}
		}
	}
	if n := len(w.hear()); n != 40+400 {
		t.Errorf("the service hears %d pushes, want 440", n)
	}
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	inDir := func(c *wechattest.Config) { c.Dir = dir }
	w := newWorld(t, inDir)
	w.answer = func(bot.Message) string {
		return `<a href="weixin://bizmsgmenu?msgmenucontent=%E5%A5%BD&msgmenuid=7">好</a>`
	}
	must(t, w.Say(person, "一"))
	w.settle(t)
	id := upload(t, w)
	must(t, w.Close())
	before := w.Books().Pushes

	again := newWorld(t, inDir)
	inbox := again.Inbox(person, 0)
	if len(inbox) != 2 || inbox[1].Text != "好" {
		t.Fatalf("after a restart the person reads %+v", inbox)
	}
	if content, ok := again.Media(id); !ok || string(content) != string(onePixel) {
		t.Error("after a restart the picture is gone")
	}
	must(t, again.Choose(person, "7"))
	again.settle(t)
	heard := again.hear()
	if len(heard) != 1 || heard[0].Event.What != (flows.Said{Text: "好", Choice: "7"}) {
		t.Fatalf("after a restart the service hears %+v", heard)
	}
	for _, push := range before {
		if push.MsgID != "" && strings.HasSuffix(heard[0].Event.ID, push.MsgID) {
			t.Errorf("after a restart the number %s is used again", push.MsgID)
		}
	}
}
