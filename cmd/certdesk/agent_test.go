package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
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

func (d *demo) agent(name string) *agent {
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
	a.sends("/console/sign-in", page, url.Values{"name": {name}, "password": {string(password[1])}})
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

	desk := d.agent(demoStaff)
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

// TestAPassport walks somebody without an identity card, and an organisation
// that no register of ours knows, to where they buy: two members of staff look
// at what they send.
func TestAPassport(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demo; left out with -short")
	}
	d := startDemo(t)
	first, second := d.agent(demoAgent), d.agent(demoStaff)
	var people []resident
	d.get("/world/people", &people)
	who := resident{OpenID: "oPassport", Mobile: "13712349999", Login: "13712349999", Name: "JOHN DOE", Alipay: people[1].Alipay}
	who.Company.Name = "远洋贸易（香港）有限公司"
	a := d.applicant(who.OpenID)
	a.registers(who, "企业证书")
	a.picks(a.hears("人脸识别"), "持其他证件")
	a.picks(a.hears("您用哪一种证件"), "护照")
	page := a.opens(a.hears("上传有照片的一面"))
	page = a.uploads(page, map[string]string{"name": "JOHN DOE", "paperno": "E1234567", "consent": "on"}, []byte("not a picture"))
	if !strings.Contains(page, "打不开") || !strings.Contains(page, "JOHN DOE") {
		t.Fatalf("a file that is none was not refused, or what was typed is gone\n%s", page)
	}
	a.uploads(page, map[string]string{"name": "JOHN DOE", "paperno": "E1234567", "consent": "on"}, []byte("%PDF-1.4\n%%EOF\n"))
	first.judges("JOHN DOE", "wrong", "看不清号码")
	page = a.opens(a.hears("人工核验没有通过：看不清号码"))
	a.uploads(page, map[string]string{"name": "JOHN DOE", "paperno": "E1234567", "consent": "on"}, []byte("%PDF-1.5\n%%EOF\n"))
	first.judges("JOHN DOE", "right", "一致")
	second.judges("JOHN DOE", "right", "一致")
	a.picks(a.hears("接下来认证贵单位"), "境外组织")
	page = a.opens(a.hears("上传登记证书"))
	a.uploads(page, map[string]string{"orgno": "HK-1234567", "consent": "on"}, []byte("%PDF-1.6\n%%EOF\n"))
	first.judges(who.Company.Name, "right", "一致")
	second.judges(who.Company.Name, "right", "一致")
	a.orders(a.hears("实名认证已完成"), who)
	d.takesEvidence(talkLink.FindStringSubmatch(second.gets("/console/reviews"))[1])
}

// takesEvidence prints what is kept of a talk and checks that nobody can be
// found by it, and the hash of it.
func (d *demo) takesEvidence(talk string) {
	d.t.Helper()
	env, err := os.ReadFile(filepath.Join(d.data, "demo.env"))
	if err != nil {
		d.t.Fatal(err)
	}
	command := exec.CommandContext(d.t.Context(), d.binary, "evidence", "--by", "auditor", talk)
	command.Env = append(os.Environ(), strings.Fields(string(env))...)
	said, err := command.Output()
	lines := bytes.SplitAfter(bytes.TrimSuffix(said, []byte("\n")), []byte("\n"))
	body := bytes.Join(lines[:len(lines)-1], nil)
	if err != nil || fmt.Sprintf(`{"sha256":"%x"}`, sha256.Sum256(body)) != string(lines[len(lines)-1]) {
		d.t.Errorf("evidence ended with %v:\n%s", err, said)
	}
	for _, want := range []string{`"state":"approved","by":"papers"`, `"what":"check"`, `"what":"proof"`, `"state":"seconded"`} {
		if !bytes.Contains(body, []byte(want)) {
			d.t.Errorf("the evidence has no %s:\n%s", want, said)
		}
	}
	for _, secret := range []string{"JOHN DOE", "E1234567", "13712349999"} {
		if bytes.Contains(body, []byte(secret)) {
			d.t.Errorf("the evidence holds %s:\n%s", secret, said)
		}
	}
}

var reviewNumber = regexp.MustCompile(`name="number" value="([^"]+)"`)

// judges opens every paper of the one review that waits, and says what it is.
func (a *agent) judges(whose, verdict, why string) {
	a.t.Helper()
	var page string
	a.wait("papers to look at", func() bool {
		page = a.gets("/console/reviews")
		return strings.Contains(page, whose) && strings.Contains(page, `value="`+verdict+`"`)
	})
	papers := paperLink.FindAllString(page, -1)
	if len(papers) != 1 || !strings.HasPrefix(a.gets(papers[0]), "%PDF-") {
		a.t.Fatalf("papers %v, want the one that was sent\n%s", papers, page)
	}
	a.sends("/console/reviews/judge", page, url.Values{
		"number": {reviewNumber.FindStringSubmatch(page)[1]}, "seen": {"1"}, "verdict": {verdict}, "why": {why},
	})
}

var paperLink = regexp.MustCompile(`/console/papers/[0-9a-f]{32}`)

// uploads sends a page in with a file, as a browser does.
func (a *applicant) uploads(page string, values map[string]string, body []byte) string {
	a.t.Helper()
	address, form := sheet(page, "http://"+a.service, values)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("papers", "scan.pdf")
	if err == nil {
		_, err = file.Write(body)
	}
	for name := range form {
		err = errors.Join(err, w.WriteField(name, form.Get(name)))
	}
	if err := errors.Join(err, w.Close()); err != nil {
		a.t.Fatal(err)
	}
	r, err := a.browser.Post(address, w.FormDataContentType(), &b)
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
