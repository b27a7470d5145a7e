package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

// The agents' desk in a browser that runs no script: everything is done by links
// and forms, and what a script would keep fresh can be looked at again.

// plainly signs in with scripts switched off.
func plainly(home, name string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := cdp.Call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			return err
		}),
		chromedp.EmulateViewport(1280, 800), chromedp.Navigate(home), signs(name),
	)
}

// signs in where there is no script to wait for.
func signs(name string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(wait("#name"), keys("#name", name), keys("#password", "open-"+name), press("button"), wait(".again"))
}

// plain keeps how the page looks; axe-core is a script.
func plain(name string) chromedp.Action[chromedp.Void] {
	return keepLook("plain-"+name, chromedp.Steps())
}

// inSight checks that a line of the conversation is before the agent's eyes as
// the page opens.
func inSight(t *testing.T, text string) chromedp.Action[chromedp.Void] {
	line := fmt.Sprintf(`//li[contains(@class, "line")]//*[@class="text"][contains(., %q)]`, text)
	return chromedp.Steps(chromedp.WaitReady(line), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		seen, err := chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
			const line = document.evaluate(%q, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue.getBoundingClientRect();
			const pane = document.querySelector("#scroll").getBoundingClientRect();
			return line.top >= pane.top && line.bottom <= pane.bottom;
		})()`, line))(ctx, target)
		if err == nil && !seen {
			t.Errorf("%q has to be scrolled to", text)
		}
		return err
	}))
}

func TestATalkWithoutScript(t *testing.T) {
	ctx := chromium(t)
	s := setUp(t)
	home := s.serve(t) + "/console/"
	s.conversation()
	for i := range 20 {
		s.says(talkOne, desk.WhoApplicant, fmt.Sprintf("第%d句。", i))
	}
	err := chromedp.Do(ctx,
		plainly(home, "zhang"), plain("list"),
		press(`a[href$="`+string(talkOne)+`"]`), wait(".badge.queue"), inSight(t, "第19句"), plain("waiting"),
		press(`form[action$="/take"] button`), wait(".badge.mine"),
		meanwhile(func() { s.says(talkOne, desk.WhoApplicant, "您还在吗？") }),
		press(".again"), inSight(t, "您还在吗？"),
		keys("#draft", "在的，"), enter, keys("#draft", "请稍候。"), press(`form[action$="/say"] button`), inSight(t, "请稍候。"), plain("mine"),
		press(`form[action$="/hand"] button`), wait(".badge.bot"), inSight(t, "请核对订单"), plain("bot"),
		press(".home"), wait(".talk.none"),
	)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
}

func TestAStatementWithoutScript(t *testing.T) {
	ctx := chromium(t)
	s := setUpTill(t)
	home := s.serve(t) + "/console/"
	file := filepath.Join(t.TempDir(), "statement.csv")
	if err := os.WriteFile(file, []byte(s.csv([3]string{"R1", someOrg, ourAccount})), 0o600); err != nil {
		t.Fatal(err)
	}
	line := `[data-ref="R1"]`
	err := chromedp.Do(ctx,
		plainly(home, "zhang"),
		press(`a[href="/console/bank"]`), wait("#file"),
		chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{file}), press(".upload button"), wait(line+".ambiguous"),
		keys(line+` form[action$="/match"] input[name="why"]`, "网银里核对过付款账号"), press(line+` form[action$="/match"] button`), wait(line+".matched"),
		keys(`input[name="q"]`, "R1"), press(".search button"), wait(line), press(".found a"), wait("#file"),
	)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	if !s.proved(t) {
		t.Error("the company is not proved")
	}
}

func TestReviewsWithoutScript(t *testing.T) {
	ctx := chromium(t)
	s := setUpTray(t)
	home := s.serve(t) + "/console/"
	about := `[data-ref="` + s.review.Number + `"]`
	judge := func(why string) chromedp.Action[chromedp.Void] {
		return chromedp.Steps(press(`a[href="/console/reviews"]`), wait(about), keys(about+` input[name="why"]`, why), press(about+` button.main`))
	}
	err := chromedp.Do(ctx,
		plainly(home, "li"), judge("照片清楚"), wait(about+` p.soft`),
		press(`form[action="/console/sign-out"] button`), signs("zhang"), judge("复核一致"), wait(about+`.matched`),
	)
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	if !desktest.Facts(t, s.http.Book, s.talk).PersonVerified {
		t.Error("two have looked, and the person is not proved")
	}
}
