package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The hands of an applicant: everything here goes through HTTP, as a person's
// telephone, browser and bank would.

// demo is the demo running as a process of its own.
type demo struct {
	t              *testing.T
	binary, data   string
	service, world string
	hurry          int
	process        *exec.Cmd
}

// startDemo starts a demo on free ports.
func startDemo(t *testing.T) *demo {
	t.Helper()
	d := &demo{t: t, data: t.TempDir(), hurry: 10, binary: built(t, "certdesk")}
	d.service, d.world = freeAddress(t), freeAddress(t)
	d.start()
	t.Cleanup(d.stop)
	return d
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (d *demo) start() {
	d.t.Helper()
	d.process = exec.Command(d.binary, "demo", "--listen", d.service, "--world", d.world, "--data", d.data, "--hurry", strconv.Itoa(d.hurry))
	said, err := os.OpenFile(d.output(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer said.Close()
	d.process.Stdout, d.process.Stderr = said, said
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.wait("the service to be ready", func() bool {
		r, err := http.Get("http://" + d.service + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
}

// output is where the demo's terminal is kept; it may be read while it runs.
func (d *demo) output() string { return filepath.Join(d.data, "terminal.txt") }

func (d *demo) tells() string {
	text, err := os.ReadFile(d.output())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop ends the demo as Ctrl-C does, and waits for it.
func (d *demo) stop() {
	if d.process == nil {
		return
	}
	_ = d.process.Process.Signal(syscall.SIGINT)
	ended := make(chan error, 1)
	go func() { ended <- d.process.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			d.t.Errorf("the demo ended with %v\n%s", err, d.tells())
		}
	case <-time.After(30 * time.Second):
		_ = d.process.Process.Kill()
		d.t.Errorf("the demo did not stop\n%s", d.tells())
	}
	d.process = nil
}

const patience = time.Minute

// wait looks again and again until something is true.
func (d *demo) wait(what string, true_ func() bool) {
	d.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for !true_() {
		select {
		case <-tick.C:
		case <-end:
			log, _ := os.ReadFile(filepath.Join(d.data, "demo.log"))
			d.t.Fatalf("waited in vain for %s\n%s\n%s", what, d.tells(), tail(log, 6000))
		}
	}
}

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// post asks the world to do something.
func (d *demo) post(path string, body, answer any) {
	d.t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	r, err := http.Post("http://"+d.world+path, "application/json", bytes.NewReader(b))
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode/100 != 2 {
		d.t.Fatalf("POST %s %s: %d %s", path, b, r.StatusCode, text)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			d.t.Fatalf("POST %s: %v: %s", path, err, text)
		}
	}
}

func (d *demo) get(path string, answer any) {
	d.t.Helper()
	r, err := http.Get("http://" + d.world + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(answer); err != nil {
		d.t.Fatalf("GET %s: %v", path, err)
	}
}

// item is one entry of the inbox on a WeChat phone.
type item struct {
	N       int    `json:"n"`
	Via     string `json:"via"`
	Text    string `json:"text"`
	Choices []struct {
		ID    string `json:"id"`
		Label string `json:"label"`
	} `json:"choices"`
	URLs []string `json:"urls"`
	page string   // what a template's link showed
}

// applicant is one person with a WeChat phone and a browser.
type applicant struct {
	*demo
	openid  string
	heard   int    // number of the last item acted on
	shown   string // the page that followed a button pressed on a page
	browser *http.Client
}

func (d *demo) applicant(openid string) *applicant {
	jar, _ := cookiejar.New(nil)
	return &applicant{demo: d, openid: openid, browser: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

func (a *applicant) do(what string, body any) {
	a.t.Helper()
	a.post("/world/wechat/"+a.openid+"/"+what, body, nil)
}

// hears waits for an item with this text after the last one acted on.
func (a *applicant) hears(text string) item {
	a.t.Helper()
	if page := a.shown; strings.Contains(page, text) {
		a.shown = ""
		return item{Text: page, page: page}
	}
	var found item
	var inbox []item
	defer func() {
		if found.N == 0 {
			a.t.Logf("the inbox of %s after %d: %+v", a.openid, a.heard, inbox)
			if len(inbox) > 0 && len(inbox[len(inbox)-1].URLs) > 0 {
				a.t.Logf("the last page:\n%s", a.opens(inbox[len(inbox)-1]))
			}
		}
	}()
	a.wait(fmt.Sprintf("%s to hear %q", a.openid, text), func() bool {
		inbox = nil
		a.get(fmt.Sprintf("/world/wechat/%s/inbox?after=%d", a.openid, a.heard), &inbox)
		for _, i := range inbox {
			if i.Via == "template" && i.N > a.heard {
				i.page = a.opens(i)
				i.Text += i.page
			}
			if strings.Contains(i.Text, text) {
				found = i
				return true
			}
		}
		return false
	})
	a.heard = found.N
	return found
}

// picks taps a choice of an item.
func (a *applicant) picks(i item, label string) {
	a.t.Helper()
	for _, c := range i.Choices {
		if strings.Contains(c.Label, label) {
			a.do("choose", map[string]string{"id": c.ID})
			return
		}
	}
	for _, m := range buttonPattern.FindAllStringSubmatch(i.page, -1) {
		if strings.Contains(m[2], label) {
			a.shown = a.fills(i.page, map[string]string{"_choice": m[1]})
			return
		}
	}
	a.t.Fatalf("%q offers no %q: %+v", i.Text, label, i.Choices)
}

var (
	actionPattern = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)
	noncePattern  = regexp.MustCompile(`name="_nonce"[^>]*value="([^"]+)"`)
	buttonPattern = regexp.MustCompile(`<button[^>]*name="_choice"[^>]*value="([^"]+)"[^>]*>\s*([^<]+)`)
	pagePattern   = regexp.MustCompile(`name="_page"[^>]*value="([^"]+)"`)
)

// opens reads the page behind the link of an item.
func (a *applicant) opens(i item) string {
	a.t.Helper()
	if i.page != "" {
		return i.page
	}
	return a.reads(a.link(i))
}

// link is the address of the page behind an item.
func (a *applicant) link(i item) string {
	a.t.Helper()
	for _, u := range i.URLs {
		if strings.Contains(u, "/h5/") {
			return u
		}
	}
	a.t.Fatalf("%q has no link to a page: %v", i.Text, i.URLs)
	return ""
}

func (a *applicant) reads(address string) string {
	a.t.Helper()
	r, err := a.browser.Get(address)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		a.t.Fatalf("GET %s: %d\n%s", address, r.StatusCode, text)
	}
	return string(text)
}

// sheet is what a page sends in when these values are typed into it, and where
// to; the address is empty when the page has no form.
func sheet(page, service string, values map[string]string) (address string, form url.Values) {
	form = url.Values{}
	for k, v := range values {
		form.Set(k, v)
	}
	for name, pattern := range map[string]*regexp.Regexp{"_nonce": noncePattern, "_page": pagePattern} {
		if m := pattern.FindStringSubmatch(page); m != nil {
			form.Set(name, html.UnescapeString(m[1]))
		}
	}
	action := actionPattern.FindStringSubmatch(page)
	if action == nil {
		return "", nil
	}
	address = html.UnescapeString(action[1])
	if strings.HasPrefix(address, "/") {
		address = service + address
	}
	return address, form
}

// fills sends a page in and returns the page that follows.
func (a *applicant) fills(page string, values map[string]string) string {
	a.t.Helper()
	address, form := sheet(page, "http://"+a.service, values)
	if address == "" {
		a.t.Fatalf("no form on the page\n%s", page)
	}
	r, err := a.browser.PostForm(address, form)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		a.t.Fatalf("POST %s: %d\n%s", address, r.StatusCode, text)
	}
	return string(text)
}

var linkPattern = regexp.MustCompile(`(?:value|href)="(https?://[^"]*(?:/h5/(?:face|grant)/|qr\.alipay\.com|/bax)[^"]*)"`)

// scans the code on a page with a person's Alipay.
func (a *applicant) scans(page, user string) (kind, id string) {
	a.t.Helper()
	m := linkPattern.FindStringSubmatch(page)
	if m == nil {
		a.t.Fatalf("no code on the page\n%s", page)
	}
	var scanned struct{ Kind, ID, URL string }
	a.post("/world/alipay/scan", map[string]string{"user": user, "url": html.UnescapeString(m[1])}, &scanned)
	return scanned.Kind, cmp.Or(scanned.ID, scanned.URL)
}

// sends posts a form to anybody's page and returns what comes of it.
func (a *applicant) sends(address string, form url.Values) string {
	a.t.Helper()
	r, err := a.browser.PostForm(address, form)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return string(text)
}

// texted returns the code of the last SMS to a telephone.
func (a *applicant) texted(phone string, after int) string {
	a.t.Helper()
	var code string
	a.wait("an SMS to "+phone, func() bool {
		var inbox []struct{ Code string }
		a.get("/world/sms/"+phone, &inbox)
		if len(inbox) <= after {
			return false
		}
		code = inbox[len(inbox)-1].Code
		return code != ""
	})
	return code
}

// context ends with the test.
func (d *demo) context() context.Context {
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	d.t.Cleanup(cancel)
	return ctx
}
