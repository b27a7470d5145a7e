package server

import (
	"bytes"
	"errors"
	"strconv"
	"testing"
	"time"

	"certdesk/bot/wechat"
	"certdesk/flows"
)

// TestTheMenuSaysWordsThatAreUnderstood presses every button in every step: a
// menu stays on the telephone wherever the case is.
func TestTheMenuSaysWordsThatAreUnderstood(t *testing.T) {
	flow := flows.Manual("400-000-0000")
	names := map[string]bool{}
	var press func(wechat.Button)
	press = func(b wechat.Button) {
		names[b.Name] = true
		for _, sub := range b.Sub {
			press(sub)
		}
		if b.Key == "" {
			return
		}
		for _, at := range flow.States() {
			c := flows.Case{At: at, Entry: "e", Form: flows.Form{flows.KeyKind: flows.Conceal(flows.KindCompany)}}
			out := flow.Decide(c, flows.Event{ID: "m", At: time.Now(), Via: flows.WeChat, What: flows.Said{Text: b.Key}})
			if len(out.Replies) == 0 || out.Via == "not understood" {
				t.Errorf("“%s” at %s: %s, %v", b.Name, at, out.Via, out.Replies)
			}
		}
	}
	for _, b := range accountMenu() {
		press(b)
	}
	for _, link := range []string{"办理证书", "平台介绍", "联系我们"} { // the home page, about, contact: the header of the manual's portal
		if !names[link] {
			t.Errorf("the menu has no “%s” (M3)", link)
		}
	}
}

// TestACodeForAProject leads whoever scans it to the account, and their case to
// the project (M1).
func TestACodeForAProject(t *testing.T) {
	n := newTown(t)
	for _, good := range []time.Duration{0, time.Hour} {
		address, picture, err := n.EntryCode(t.Context(), "363", good)
		if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
			t.Fatalf("EntryCode = %q, %d bytes, %v", address, len(picture), err)
		}
		openid := "oScans" + strconv.Itoa(int(good.Hours()))
		n.tells(t, "/world/wechat/"+openid+"/scan", map[string]string{"scene": address}, nil)
		id := n.talkOf(t, openid)
		n.wait(t, "the project to be known", func() bool {
			facts, err := n.book.Facts(t.Context(), id)
			return err == nil && facts.Form.Text(flows.KeyScene) == "363"
		})
	}
	if _, _, err := n.EntryCode(t.Context(), "363", 40*24*time.Hour); err == nil {
		t.Error("a code of forty days is not refused")
	}
	if _, _, err := n.EntryCode(t.Context(), flows.JoinScene(flows.Conceal("BCDF-GHJK")), 0); !errors.Is(err, ErrProject) {
		t.Errorf("a project called like a case: %v, want ErrProject", err)
	}
}
