package server

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/server/desk"
)

func TestShortCutsNoNumber(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"付款成功。我们正在制作。", "付款成功"},
		{"付款成功\n订单号 2611", "付款成功"},
		{"您的 UKey 已寄出，顺丰单号 SF1234567890123，预计明天送到", "您的 UKey 已寄出"},
		{"订单 CD2026112600012345 已经付款成功", "订单…"},
		{"一二三四五六七八九十一二三四五六七八九 SF1234567890123", "一二三四五六七八九十一二三四五六七八九…"},
		{"一二三四五六七八九十一二三四五六七八九十，好", "一二三四五六七八九十一二三四五六七八九十"},
		{"一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九…"},
		{"SF12345678901234567890123", "…"},
	} {
		if got := short(c.text); got != c.want || utf8.RuneCountInString(got) > templateRunes {
			t.Errorf("short(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// TestAPictureIsUploadedOnce sends a code twice, and then when WeChat has
// forgotten it.
func TestAPictureIsUploadedOnce(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oPictures"
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	n.tells(t, "/world/wechat/"+openid+"/say", map[string]string{"text": "你好"}, nil)
	pictures := func() (urls []string) {
		var inbox []struct {
			ImageURL string `json:"image_url"`
		}
		n.learns(t, "/world/wechat/"+openid+"/inbox", &inbox)
		for _, item := range inbox {
			if item.ImageURL != "" {
				urls = append(urls, item.ImageURL)
			}
		}
		return urls
	}
	to := desk.Listener{ID: openid, Talk: n.talkOf(t, openid)}
	qr := flows.QR{Content: "https://alipay.example/face/1"}
	n.voice.picture(t.Context(), to, qr)
	n.voice.picture(t.Context(), to, qr)
	if got := pictures(); len(got) != 2 || got[0] != got[1] {
		t.Fatalf("pictures %v, want the same one twice", got)
	}
	if err := n.talks.Shelf().KeepPicture(t.Context(), qr.Content, "forgotten"); err != nil {
		t.Fatal(err)
	}
	n.voice.picture(t.Context(), to, qr)
	if got := pictures(); len(got) != 3 || got[2] == got[0] {
		t.Errorf("pictures %v, want a new one at last", got)
	}
}

// TestTheRestOfAnAnswerIsNotLost has nothing reach the person, and then hears
// them again.
func TestTheRestOfAnAnswerIsNotLost(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oNobody" // has never written to the account, so nothing reaches them
	talk := n.talkOf(t, openid)
	msg := bot.Message{From: openid, Event: flows.Event{ID: "wechat/gh/1", At: n.now(), Via: flows.WeChat, What: flows.Said{Text: "你好"}}}
	if _, err := n.hear(t.Context(), msg); err != nil {
		t.Fatal(err)
	}
	n.follows(t.Context(), msg, talk, []string{"没有说完的话"})
	msg.Event.ID, msg.Event.What = "wechat/gh/2", flows.Said{Text: "帮助"}
	if text, err := n.hear(t.Context(), msg); err != nil || !strings.Contains(text, "没有说完的话") {
		t.Errorf("the next answer is %q, %v, want what was not heard in it", text, err)
	}
}

// TestMessagesAreCounted spends what the platform allows after a tap and after
// a message, and never asks it for more: a refusal would be in its books.
func TestMessagesAreCounted(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oCounted"
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	n.tells(t, "/world/wechat/"+openid+"/say", map[string]string{"text": "你好"}, nil)
	to := desk.Listener{ID: openid, Talk: n.talkOf(t, openid)}
	said := func(s flows.Say) (closed bool) {
		t.Helper()
		_, err := n.voice.notes(t.Context(), to, bot.RenderNotes(s.Replies, bot.Links{}), keptFor(s))
		if err != nil && !errors.Is(err, desk.ErrClosed) {
			t.Fatal(err)
		}
		return err != nil
	}
	left := func() int {
		t.Helper()
		return leftTo(t, n, to.Talk, to.Contact)
	}
	news := flows.Say{Replies: []flows.Reply{{Text: "已寄出。"}}}
	useful := flows.Say{Replies: news.Replies, Worth: flows.WorthUseful}

	to.Contact = flows.Contact{Wrote: flows.SecondOf(n.now())}
	for i := range 4 {
		if said(useful) {
			t.Fatalf("useful message %d was not carried", i+1)
		}
	}
	if got := left(); got != 1 {
		t.Errorf("%d messages are left after four, want 1", got)
	}
	if !said(useful) {
		t.Error("the last message was taken by something only useful")
	}
	if said(news) || !said(news) {
		t.Error("the last message is not for news alone, or not the last")
	}
	to.Contact.Tapped = flows.SecondOf(n.now().Add(time.Second))
	if got := left(); got != 3 {
		t.Errorf("%d messages are left after a tap, want 3: allowances do not add up", got)
	}
	if tapped := (flows.Contact{Tapped: flows.SecondOf(n.now().Add(-time.Minute))}); leftTo(t, n, "another", tapped) != 0 || leftTo(t, n, "a third", flows.Contact{Tapped: flows.SecondOf(n.now())}) != 3 {
		t.Error("a tap alone does not open the door for a minute")
	}
	if got := n.refused(t); got != 0 {
		t.Errorf("the platform had to refuse %d messages", got)
	}

	to.Contact = flows.Contact{Wrote: flows.SecondOf(n.now().Add(2 * time.Second))} // the platform counts otherwise, and is right
	if !said(news) || left() != 0 {
		t.Errorf("after a refusal %d messages are left, want 0", left())
	}
	if got := n.refused(t); got != 1 {
		t.Errorf("the platform refused %d messages, want 1", got)
	}
}

func leftTo(t *testing.T, n *town, talk desk.TalkID, c flows.Contact) int {
	t.Helper()
	messages, _, err := n.voice.left(t.Context(), talk, c)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// refused is how many messages the platform did not carry.
func (n *town) refused(t *testing.T) (all int) {
	t.Helper()
	var books struct {
		WeChat struct{ Refused map[string]int } `json:"wechat"`
	}
	n.learns(t, "/world/books", &books)
	for call, times := range books.WeChat.Refused {
		if strings.HasPrefix(call, "/cgi-bin/message/custom/send ") {
			all += times
		}
	}
	return all
}

// TestAMenuWhereThereMayBeOne has the platform take menus, and then refuse one
// as it does in its sandbox: no other is tried.
func TestAMenuWhereThereMayBeOne(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oMenus"
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	n.tells(t, "/world/wechat/"+openid+"/say", map[string]string{"text": "你好"}, nil)
	say := flows.Say{Replies: []flows.Reply{{Text: "办哪一种？", Choices: []flows.Choice{{ID: "7", Label: "个人证书"}}}}}
	last := func() (kind string, choices int) {
		t.Helper()
		if err := n.voice.Say(t.Context(), desk.Listener{ID: openid, Talk: n.talkOf(t, openid)}, say); err != nil {
			t.Fatal(err)
		}
		var inbox []struct {
			Type    string `json:"type"`
			Text    string `json:"text"`
			Choices []any  `json:"choices"`
		}
		n.learns(t, "/world/wechat/"+openid+"/inbox", &inbox)
		for _, item := range inbox {
			if strings.Contains(item.Text, "办哪一种") { // not the welcome
				kind, choices = item.Type, len(item.Choices)
			}
		}
		return kind, choices
	}
	if kind, choices := last(); kind != "msgmenu" || choices != 1 {
		t.Errorf("a question arrives as %s with %d choices, want a menu with one", kind, choices)
	}
	n.tells(t, "/world/faults", map[string]any{"partner": "wechat", "fault": "sandbox", "times": 1}, nil)
	for range 2 {
		if kind, choices := last(); kind != "text" || choices != 1 {
			t.Errorf("in the sandbox a question arrives as %s with %d choices, want a text with one", kind, choices)
		}
	}
}

// TestNewsByTemplate has nothing carried any more: news goes by the template of
// what it is about, or else by that of progress.
func TestNewsByTemplate(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oTemplates"
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	to := desk.Listener{ID: openid, Talk: n.talkOf(t, openid), Contact: flows.Contact{Wrote: flows.SecondOf(n.now().Add(-49 * time.Hour))}}
	for _, news := range []struct {
		matter flows.Matter
		want   string
	}{
		{flows.MatterOf(flows.Delivered{}), "[物流状态提醒]\nUKey 物流进度"},
		{flows.MatterOf(flows.FaceDone{}), "[办理进度提醒]\n实名认证进度"},
		{flows.MatterOf(flows.AgentSaid{}), "[办理进度提醒]\n数字证书办理进度"},
	} {
		if err := n.voice.Say(t.Context(), to, flows.Say{Replies: []flows.Reply{{Text: "有新消息。"}}, Matter: news.matter}); err != nil {
			t.Fatal(err)
		}
		var inbox []struct{ Type, Text string }
		n.learns(t, "/world/wechat/"+openid+"/inbox", &inbox)
		last := ""
		for _, item := range inbox {
			if item.Type == "template" {
				last = item.Text
			}
		}
		if !strings.HasPrefix(last, news.want) {
			t.Errorf("news of %q arrives as %q, want %q", news.matter, last, news.want)
		}
	}
}

// TestATemplateThatIsLost is what a person has blocked, or the platform could not
// carry: the news is said first when they are heard next.
func TestATemplateThatIsLost(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	const openid = "oBlocksTemplates"
	n.tells(t, "/world/wechat/"+openid+"/follow", map[string]string{}, nil)
	id := n.talkOf(t, openid)
	to := desk.Listener{ID: openid, Talk: id, Contact: flows.Contact{Wrote: flows.SecondOf(n.now().Add(-49 * time.Hour))}}
	n.tells(t, "/world/faults", map[string]any{"partner": "wechat", "fault": "blocked", "times": 1}, nil)
	if err := n.voice.Say(t.Context(), to, flows.Say{Replies: []flows.Reply{{Text: "UKey 已送达。"}}, Matter: flows.MatterDelivery}); err != nil {
		t.Fatal(err)
	}
	n.wait(t, "the loss to be noted", func() bool {
		talk, _, err := n.desk.Look(t.Context(), id)
		return err == nil && len(talk.Case.Unheard) == 1
	})
	n.tells(t, "/world/wechat/"+openid+"/say", map[string]string{"text": "到哪了"}, nil)
	n.wait(t, "the news to be said first", func() bool {
		var inbox []struct{ Text string }
		n.learns(t, "/world/wechat/"+openid+"/inbox", &inbox)
		return len(inbox) > 1 && strings.Contains(inbox[len(inbox)-1].Text, "UKey 已送达。")
	})
	lines, _, err := n.talks.Lines(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(lines, func(l desk.Line) bool {
		return l.Who == desk.WhoUnsent && strings.Contains(l.Text, "UKey 已送达。")
	}) {
		t.Error("the desk does not show that it was not heard")
	}
}
