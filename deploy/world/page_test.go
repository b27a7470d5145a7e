package world_test

// The page in a browser: what a person who has never seen it clicks first, at
// the width of a desk and of a telephone. Pictures are kept in the directory
// that CERTDESK_ARTIFACTS names.

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func chromium(t *testing.T) context.Context {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && browser == "" {
			browser = found
		}
	}
	if browser == "" {
		t.Skip("Chromium is absent: install the Debian packages chromium and fonts-noto-cjk")
	}
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	if _, err := chromedp.Run(tab, chromedp.Title()); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	limited, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	return limited
}

// do runs steps and keeps a picture of where they led.
func do(t *testing.T, tab context.Context, picture string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatalf("%s: %v", picture, err)
	}
	dir := os.Getenv("CERTDESK_ARTIFACTS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(tab, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "world-"+picture+".png"), shot, 0o600); err != nil {
		t.Error(err)
	}
}

// truth waits until an expression is true on the page.
func truth(expression string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(10*time.Second))(ctx, target)
		return chromedp.Void{}, err
	}
}

const (
	// fits tells whether nothing is wider than the screen.
	fits = `document.documentElement.scrollWidth <= window.innerWidth`
	// labelled lists controls that have no name for who cannot see them.
	labelled = `[...document.querySelectorAll("button, input, select, iframe")].filter((c) =>
		!c.textContent.trim() && !c.ariaLabel && !c.title && !c.labels?.length).map((c) => c.outerHTML)`
)

func TestPageAtADesk(t *testing.T) {
	tab := chromium(t)
	c := newCity(t, t.TempDir())
	trouble := make(chan string, 100)
	go func() {
		defer close(trouble)
		for said, err := range chromedp.Console(tab) {
			if err != nil {
				return
			}
			if said.Text != "" {
				trouble <- said.Text
			}
		}
	}()
	do(t, tab, "desk-hello", chromedp.EmulateViewport(1280, 860), chromedp.Navigate(c.at), truth(fits),
		chromedp.WaitVisible("#wechat-follow"))
	do(t, tab, "desk-chat", chromedp.Click("#wechat-follow"), chromedp.WaitVisible(".bubble .tap"), chromedp.Click(".bubble .tap:not(.page)"),
		truth(`document.querySelector(".mine .bubble")?.textContent === "个人证书"`),
		truth(`document.querySelector("#pc-run input").value === "ABCD-EFGH"`),
		truth(`document.querySelector("#bank-form [name=account]").value === "33050161780000000888001"`))
	do(t, tab, "desk-page", chromedp.Click(".bubble .tap.page"), chromedp.WaitVisible("#wechat-page iframe"),
		truth(`document.activeElement.matches("#wechat-page [data-close]")`), chromedp.Click("#wechat-fill"))
	c.until("page that was filled in", func() bool {
		c.desk.mu.Lock()
		defer c.desk.mu.Unlock()
		return len(c.desk.form) == 1
	})
	do(t, tab, "desk-more", chromedp.Click("#wechat-page [data-close]"), chromedp.WaitNotVisible("#wechat-page"),
		chromedp.Click("#wechat-more"), chromedp.WaitVisible("#wechat-photo"))
	do(t, tab, "desk-photo", chromedp.Click("#wechat-photo"), chromedp.WaitNotVisible("#wechat-actions"),
		truth(`[...document.querySelectorAll(".mine .bubble")].pop().textContent === "[照片]"`))
	do(t, tab, "desk-bank", chromedp.Click("#bank-form button"), truth(`document.querySelector("#bank-note").textContent.includes("已转账 0.01 元")`),
		truth(`document.querySelectorAll("#bank-lines p").length === 1`))
	unnamed, err := chromedp.Run(tab, chromedp.Evaluate[[]string](labelled))
	if err != nil || len(unnamed) > 0 {
		t.Errorf("controls without a name: %s, %v", strings.Join(unnamed, "\n"), err)
	}
	select {
	case said := <-trouble:
		t.Errorf("the console says %s", said)
	default:
	}
}

func TestPageOnATelephone(t *testing.T) {
	tab := chromium(t)
	c := newCity(t, t.TempDir())
	c.post("/world/wechat/"+person+"/follow", struct{}{}, http.StatusOK, nil)
	do(t, tab, "phone-wechat", chromedp.EmulateViewport(390, 844), chromedp.Navigate(c.at), chromedp.WaitVisible(".bubble .tap"), truth(fits),
		truth(`document.querySelector("#wechat").getBoundingClientRect().width === 390`))
	do(t, tab, "phone-more", chromedp.Click("#wechat-more"), chromedp.WaitVisible("#wechat-photo"), truth(fits))
	for _, place := range []string{"alipay", "sms", "bank", "courier", "pc", "ca", "facts"} {
		do(t, tab, "phone-"+place, chromedp.Click(".tabs [data-place="+place+"]"), chromedp.WaitVisible("#"+place),
			chromedp.WaitNotVisible("#wechat"), truth(fits))
	}
}
