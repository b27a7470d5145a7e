// What a browser makes of every page: nothing sticks out on a phone, at a desk
// or with letters twice as large, everything that is tapped is large enough, and
// the Content-Security-Policy is never broken. With axe-core from npm, the rules
// of accessibility too.
package pages

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const policy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// screens are a phone and a desk, each also with a reader's letters at 200 %.
// Dark colours are tried on the phone.
var screens = []struct {
	name   string
	width  int64
	height int64
	letter int // percent
	scheme string
}{
	{"390", 390, 844, 100, "light"},
	{"390-dark", 390, 844, 100, "dark"},
	{"390-large", 390, 844, 200, "light"},
	{"1280", 1280, 900, 100, "light"},
	{"1280-large", 1280, 900, 200, "light"},
}

// faults is run in the page, unfolds what is folded, and answers with one line
// for each fault.
const faults = `(() => {
	const said = [];
	for (const d of document.querySelectorAll("details")) d.open = true;
	if (getComputedStyle(document.body).display !== "flex") said.push("no style sheet");
	const page = document.scrollingElement;
	if (page.scrollWidth > window.innerWidth) said.push("wider than the screen: " + page.scrollWidth);
	for (const e of document.querySelectorAll("button, input:not([type=hidden]):not([type=checkbox]), select, a.open")) {
		if (e.classList.contains("unseen")) continue;
		const box = e.getBoundingClientRect();
		if (box.width > 0 && box.height < 44) said.push("too small to tap: " + e.outerHTML.slice(0, 80) + " " + box.height);
		if (box.right > window.innerWidth + 0.5) said.push("sticks out: " + e.outerHTML.slice(0, 80));
	}
	const code = document.querySelector(".code img");
	if (code && (code.width < 240 || code.naturalWidth === 0)) said.push("code not shown: " + code.width);
	return said;
})()`

func TestLook(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("absent: chromium")
	}
	tab := openTab(t, browser)
	axe := axeSource(t)
	site := serve(t)
	for _, s := range samples(t) {
		for _, screen := range screens {
			t.Run(s.name+"/"+screen.name, func(t *testing.T) {
				show(t, tab, screen.width, screen.height, screen.scheme, fmt.Sprintf("%s/%s?letter=%d", site, s.name, screen.letter))
				said, err := chromedp.Run(tab, chromedp.Evaluate[[]string](faults))
				if err != nil {
					t.Fatal(err)
				}
				for _, fault := range said {
					t.Error(fault)
				}
				if axe != "" {
					accessible(t, tab, axe)
				}
				keepShot(t, tab, s.name+"-"+screen.name)
			})
		}
	}
}

// show opens a page on a screen.
func show(t *testing.T, tab context.Context, width, height int64, scheme, address string) {
	t.Helper()
	_, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 500,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = chromedp.Call(tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(tab, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
}

// accessible runs axe-core in the open page. That a page looks again by itself
// is asked of us, and happens only where there is nothing to lose by it.
func accessible(t *testing.T, tab context.Context, axe string) {
	t.Helper()
	const run = `axe.run({rules: {"meta-refresh": {enabled: false}}}).then(r =>
		r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.html.slice(0, 120)).join(" | ")))`
	if _, err := chromedp.Run(tab, chromedp.Evaluate[chromedp.Void](axe)); err != nil {
		t.Fatalf("axe: %v", err)
	}
	violations, err := chromedp.Run(tab, chromedp.Evaluate[[]string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("axe: %v", err)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// axeSource is empty where there is no axe-core.
func axeSource(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("CERTDESK_NPM")
	if dir == "" {
		return ""
	}
	source, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Logf("absent: axe-core in CERTDESK_NPM: %v", err)
		return ""
	}
	return string(source)
}

// keepShot writes a screenshot where CERTDESK_SHOTS names a directory, for
// somebody to look at.
func keepShot(t *testing.T, tab context.Context, name string) {
	t.Helper()
	dir := os.Getenv("CERTDESK_SHOTS")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(tab, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600); err != nil {
		t.Error(err)
	}
}

func openTab(t *testing.T, browser string) context.Context {
	t.Helper()
	flags := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	allocated, stop := chromedp.NewExecAllocator(t.Context(), flags...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	if _, err := chromedp.Run(tab, chromedp.Title()); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return tab
}

var looksAgain = regexp.MustCompile(`<meta http-equiv="refresh"[^>]*>`)

// serve answers with the samples as the service would, with two exceptions: the
// sheet enlarges its letters when the page was asked for with larger ones, as a
// reader's own setting does, and no page looks again while it is looked at.
func serve(t *testing.T) string {
	t.Helper()
	drawn := map[string][]byte{}
	for _, s := range samples(t) {
		var b bytes.Buffer
		if err := s.draw(&b); err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		drawn[s.name] = looksAgain.ReplaceAll(b.Bytes(), nil)
	}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/h5/style.css" {
			w.Header().Set("Content-Type", "text/css")
			fmt.Fprintf(w, "%s\nhtml{font-size:%s%%}", Style(), r.URL.Query().Get("letter"))
			return
		}
		page, ok := drawn[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		letter := []byte("style.css?letter=" + r.URL.Query().Get("letter") + "&amp;v=")
		_, _ = w.Write(bytes.Replace(page, []byte("style.css?v="), letter, 1))
	}))
	t.Cleanup(site.Close)
	return site.URL
}
