package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// An agent at the desk, over HTTP, with the real service behind it.

// agent is a browser signed in at the console.
type agent struct {
	*demo
	browser *http.Client
}

var (
	tokenField = regexp.MustCompile(`name="token" value="([^"]+)"`)
	nonceField = regexp.MustCompile(`name="nonce" value="([^"]+)"`)
	talkLink   = regexp.MustCompile(`/console/talks/([a-z2-7]{26})`)
)

func (d *demo) agent() *agent {
	d.t.Helper()
	jar, _ := cookiejar.New(nil)
	a := &agent{demo: d, browser: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	env, err := os.ReadFile(filepath.Join(d.data, "demo.env"))
	if err != nil {
		d.t.Fatal(err)
	}
	password := regexp.MustCompile(`(?m)^` + demoPassword + `=(.*)$`).FindSubmatch(env)
	if password == nil {
		d.t.Fatal("demo.env has no password for the desk")
	}
	page := a.gets("/console/sign-in")
	a.sends("/console/sign-in", page, url.Values{"name": {demoStaff}, "password": {string(password[1])}})
	return a
}

func (a *agent) gets(path string) string {
	a.t.Helper()
	r, err := a.browser.Get("http://" + a.service + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		a.t.Fatalf("GET %s: %d\n%s", path, r.StatusCode, text)
	}
	return string(text)
}

// sends submits a form with the hidden fields of the page that it stands on.
func (a *agent) sends(path, page string, values url.Values) string {
	a.t.Helper()
	for name, pattern := range map[string]*regexp.Regexp{"token": tokenField, "nonce": nonceField} {
		if m := pattern.FindStringSubmatch(page); m != nil {
			values.Set(name, html.UnescapeString(m[1]))
		}
	}
	r, err := a.browser.PostForm("http://"+a.service+path, values)
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		a.t.Fatalf("POST %s: %d\n%s", path, r.StatusCode, text)
	}
	return string(text)
}

func TestAnAgentTakesOverAndHandsBack(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demo; left out with -short")
	}
	d := startDemo(t)
	customer := d.applicant("oZhangWei")
	customer.do("follow", map[string]string{"scene": ""})
	customer.picks(customer.hears("请问要办理哪一种证书"), "企业证书")
	customer.hears("机构账号")
	customer.do("say", map[string]string{"text": "人工"})
	customer.hears("人工客服")

	desk := d.agent()
	var talk string
	d.wait("the talk to be in the queue", func() bool {
		m := talkLink.FindStringSubmatch(desk.gets("/console/"))
		if m == nil {
			return false
		}
		talk = m[1]
		return true
	})
	page := desk.gets("/console/talks/" + talk)
	desk.sends("/console/talks/"+talk+"/take", page, url.Values{})
	customer.hears("小周")
	customer.do("say", map[string]string{"text": "1"}) // a choice of the bot's, but the bot is silent
	page = desk.gets("/console/talks/" + talk)
	page = desk.sends("/console/talks/"+talk+"/say", page, url.Values{"text": {"您好，请看第一步。"}})
	heard := customer.hears("请看第一步")
	if strings.Contains(heard.Text, "登录名") {
		t.Error("the bot spoke while an agent owned the talk")
	}
	desk.sends("/console/talks/"+talk+"/hand", page, url.Values{})
	back := customer.hears("机构账号") // the same step, said once
	customer.picks(back, "我知道了")
	customer.hears("登录名和手机号码")
}
