package server

import (
	"regexp"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
)

var joinLine = regexp.MustCompile(`接续 [A-Z]{4}-[A-Z]{4}`)

// TestAChatGoesOnWithTheMiniProgramsCase begins in the mini-program and goes on
// in WeChat, whose messages then reach the case.
func TestAChatGoesOnWithTheMiniProgramsCase(t *testing.T) {
	t.Parallel()
	n := newTown(t)
	app := desk.Identity{Channel: flows.Alipay, ID: "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"}
	says := func(text string) desk.Answer {
		t.Helper()
		answer, err := n.desk.Handle(t.Context(), app, flows.Event{ID: "miniapp/" + text, At: n.now(), Via: flows.Alipay, What: flows.Said{Text: text}})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	says("你好")
	says("个人证书")
	talk := says("换到微信办理").Talk
	var line string
	n.wait(t, "a code", func() bool {
		_, question, err := n.desk.Look(t.Context(), talk)
		line = joinLine.FindString(question.Text)
		return err == nil && line != ""
	})
	c := n.citizens(t)[0]
	left := c.talk().ID
	if said := c.says(line); !strings.Contains(said, "正在接上") {
		t.Fatalf("the code is answered with %q", said)
	}
	n.wait(t, "the chat to be told", func() bool { return strings.Contains(c.reads(), "已接上，我们接着办") })
	if said := c.says("到哪了"); !strings.Contains(said, "注册账号") || c.talk().ID != talk || talk == left {
		t.Errorf("the chat is in %s and hears %q, want the mini-program's case", c.talk().ID, said)
	}
	if lines, _, err := n.talks.Lines(t.Context(), talk, ""); err != nil || strings.Contains(lines[len(lines)-1].Text, strings.TrimPrefix(line, "接续 ")) {
		t.Errorf("the transcript shows the code, %v", err)
	}
}

// reads is everything on the telephone.
func (c *citizen) reads() (all string) {
	c.t.Helper()
	var inbox []struct{ Text string }
	c.learns(c.t, "/world/wechat/"+c.OpenID+"/inbox", &inbox)
	for _, item := range inbox {
		all += item.Text + "\n"
	}
	return all
}
