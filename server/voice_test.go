package server

import (
	"strings"
	"testing"
	"unicode/utf8"

	"certdesk/bot"
	"certdesk/flows"
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
	qr := flows.QR{Content: "https://alipay.example/face/1"}
	n.voice.picture(t.Context(), openid, qr)
	n.voice.picture(t.Context(), openid, qr)
	if got := pictures(); len(got) != 2 || got[0] != got[1] {
		t.Fatalf("pictures %v, want the same one twice", got)
	}
	if err := n.talks.Shelf().KeepPicture(t.Context(), qr.Content, "forgotten"); err != nil {
		t.Fatal(err)
	}
	n.voice.picture(t.Context(), openid, qr)
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
