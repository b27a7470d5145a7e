package server

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"certdesk/flows"
	"certdesk/server/desk"
)

// The agents' desk in a real browser: what the script does, and that the
// content policy lets it. With CERTDESK_SCREENSHOTS set to a directory, the
// pages are photographed there at a desk's and a phone's width.

// chromium starts a browser with one page.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("Debian's chromium is absent")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as this context
		t.Fatal(err)
	}
	ctx, stop = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// photograph looks at the page at both widths: whether everybody can use it, and
// keeps how it looks.
func photograph(name string) chromedp.Action[chromedp.Void] { return keepLook(name, accessible(name)) }

// keepLook keeps how the page looks, and does something at each width.
func keepLook(name string, do chromedp.Action[chromedp.Void]) chromedp.Action[chromedp.Void] {
	dir := os.Getenv("CERTDESK_SCREENSHOTS")
	if dir == "" {
		return do
	}
	at := func(width string, resize chromedp.Action[chromedp.Void]) chromedp.Action[chromedp.Void] {
		return chromedp.Steps(resize, chromedp.Sleep(400*time.Millisecond), do, // web.md: before that a page may be half drawn
			chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
				image, err := chromedp.FullScreenshot(100)(ctx, t)
				if err != nil {
					return err
				}
				return os.WriteFile(dir+"/console-"+name+"-"+width+".png", image, 0o644)
			}))
	}
	return chromedp.Steps(
		at("390", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile)),
		at("1280", chromedp.EmulateViewport(1280, 800)),
	)
}

// accessible runs npm's axe-core in the page, where CERTDESK_NPM names the directory that
// holds it, and fails for what it finds serious.
func accessible(name string) chromedp.Action[chromedp.Void] {
	dir := os.Getenv("CERTDESK_NPM")
	if dir == "" {
		return chromedp.Steps()
	}
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		axe, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
		if err != nil {
			return err
		}
		if _, err := chromedp.Evaluate[chromedp.Void](string(axe))(ctx, t); err != nil {
			return err
		}
		found, err := chromedp.Evaluate[string](`axe.run().then(r => r.violations.filter(v => ["serious", "critical"].includes(v.impact))
			.map(v => v.id + ": " + v.nodes.map(n => n.html).join(" ")).join("\n"))`, chromedp.EvalAwaitPromise)(ctx, t)
		if err == nil && found != "" {
			err = fmt.Errorf("%s is not for everybody: %s", name, found)
		}
		return err
	})
}

// said waits until the conversation holds a text.
func said(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](`document.querySelector("#lines").textContent.includes("` + text + `")`)
}

func press(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

func wait(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS(selector))
}

func keys(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(chromedp.CSS(selector), text)
}

// enter presses the key as a keyboard does, with the character in the same
// event: chromedp's own keys send it after whatever the key did.
var enter = chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
	for _, e := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, Text: "\r"},
		{Type: input.DispatchKeyEventTypeKeyUp, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13},
	} {
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, e); err != nil {
			return err
		}
	}
	return nil
})

// draft checks what stands in the place to write.
func draft(t *testing.T, want string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		got, err := chromedp.Value(chromedp.CSS("#draft"))(ctx, target)
		if got != want {
			t.Errorf("draft = %q, want %q", got, want)
		}
		return err
	})
}

// meanwhile does something outside of the browser.
func meanwhile(do func()) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(context.Context, *chromedp.Target) error { do(); return nil })
}

func TestAnAgentsDayInABrowser(t *testing.T) {
	ctx := chromium(t)
	s := setUp(t)
	home := s.serve(t) + "/console/"
	s.conversation()
	li := s.sit(t, "li")
	one, two := `a[href$="`+string(talkOne)+`"]`, `a[href$="`+string(talkTwo)+`"]`
	quiet, hush := context.WithCancel(ctx)
	complaints := chromedp.Console(quiet)
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1280, 800), chromedp.Navigate(home), wait("#name"), photograph("signin"),
		keys("#name", "zhang"), keys("#password", "wrong"), press("button"), wait(".why"), photograph("refused"),
		keys("#password", "open-zhang"), press("button"), wait("#live.on"), photograph("list"),
		press(one), wait(".badge.queue"), photograph("waiting"),
		press(`form[action$="/take"] button`), wait(".badge.mine"), keys("#draft", "写到一半"),
		meanwhile(func() {
			s.says(talkOne, desk.WhoApplicant, "您还在吗？")
			s.says(talkOne, desk.WhoUnsent, "暂时无法送达，客户下次发消息时会看到当前进度：您好")
		}),
		said("您还在吗？"), said("未送达"), wait("#draft:focus"), draft(t, "写到一半"), photograph("mine"),
		press(two), wait(".badge.queue"),
		press(one), wait(".badge.mine"), draft(t, "写到一半"),
		keys("#draft", "，写完了"), enter, said("写到一半，写完了"), wait("#draft:focus"), draft(t, ""),
		press(`form[action$="/hand"] button`), wait(".badge.bot"), photograph("bot"),
		press(two), wait(".badge.queue"), wait("#live.on"),
		meanwhile(func() { li.press(t, talkTwo, "take", "", "n1") }),
		wait(".badge.other"), photograph("other"),
		chromedp.Navigate(home+"?q=青枫"), wait("#found"), photograph("found"),
		press("[data-leave] button"), wait("#password"),
	)
	hush()
	for c := range complaints {
		if strings.Contains(c.Text, "401") { // the wrong password
			continue
		}
		if c.Text != "" {
			t.Errorf("the browser complains: %s", c)
		}
	}
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
}

// conversation fills the first talk with something to look at.
func (s *setting) conversation() {
	c := s.cases[talkOne]
	c.At, c.Misses = flows.ServiceInvoice, 2
	s.cases[talkOne] = c
	s.says(talkOne, desk.WhoApplicant, "购买企业数字证书")
	s.says(talkOne, desk.WhoBot, "请点开下面的页面，填写并确认开票信息。\n· 填写开票信息\n［页面：开票信息］")
	c.At = flows.ServiceConfirm
	s.cases[talkOne] = c
	s.says(talkOne, desk.WhoWorld, "transfer-seen")
	s.says(talkOne, desk.WhoApplicant, "专票怎么开？我们财务说一定要专票，不然报销不了。")
	s.says(talkOne, desk.WhoBot, "我没有听懂。您可以回复“帮助”，或者回复“人工”。")
	s.says(talkOne, desk.WhoApplicant, "人工")
	s.open["aaaaaaaaaaaaaaaaaaaaaaaaa4"] = desk.Help{Talk: "aaaaaaaaaaaaaaaaaaaaaaaaa4", Why: []string{"parcel"}, Since: time.Now().Add(-26 * time.Hour), Name: flows.Conceal("宁波海曙某某进出口贸易有限公司")}
	s.cases["aaaaaaaaaaaaaaaaaaaaaaaaa4"] = flows.Case{At: flows.DeliveryTrouble, Form: applicant()}
}
