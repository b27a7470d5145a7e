package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// An applicant of the soak: somebody who asks where they are, does what the
// answer says, and does it again when nothing comes of it. They know nothing of
// the service but what they read.

type pilgrim struct {
	*soak
	resident
	kind    string        // of certificate, as the first question offers it
	comes   time.Duration // after the beginning
	browser *http.Client  // of the telephone: a link opens in no other
	token   string        // configuration of the UKey's driver; empty for who stops when the UKey is there
	read    int           // number of the last item that was read
	arrived bool
	last    string // what was read last
	tried   string // the code that was filled in last
	said    string // what the tool said last

	transferred string // account that the company's money went to
}

// The certificates that are applied for.
const (
	forAPerson  = "个人证书"
	forACompany = "企业证书"
)

const pause = 700 * time.Millisecond // between two things that somebody does

// journey goes on until the key is there, or time is up.
func (p *pilgrim) journey(ctx context.Context) {
	select {
	case <-ctx.Done():
		return
	case <-time.After(p.comes):
	}
	_ = p.say(ctx, "你好")
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !p.arrived {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_ = p.say(ctx, "到哪了")
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_ = p.act(ctx) // what failed is tried again
	}
}

func (p *pilgrim) say(ctx context.Context, text string) error {
	return p.tell(ctx, p.at("/world/wechat/%s/say", p.OpenID), map[string]string{"text": text})
}

func (p *pilgrim) tell(ctx context.Context, address string, body any) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return p.ask("POST", address, body, nil)
}

// act reads what has come and does what the last question asks.
func (p *pilgrim) act(ctx context.Context) error {
	var inbox []item
	if err := p.ask("GET", p.at("/world/wechat/%s/inbox?after=%d", p.OpenID, p.read), nil, &inbox); err != nil {
		return err
	}
	for i := len(inbox) - 1; i >= 0; i-- {
		p.read = max(p.read, inbox[i].N)
		for _, a := range answers {
			if strings.Contains(inbox[i].Text, a.question) {
				p.last = a.question
				return a.do(ctx, p, inbox[i])
			}
		}
	}
	return nil
}

// answers is what people do about what they read: the first that fits.
var answers = []struct {
	question string
	do       func(context.Context, *pilgrim, item) error
}{
	{"证书已激活", func(_ context.Context, p *pilgrim, _ item) error { p.arrived = true; return nil }},
	{"激活码：", activates},
	{"正在制证", says("重新获取激活码")},
	{"UKey 已送达", func(ctx context.Context, p *pilgrim, _ item) error {
		if p.token == "" {
			p.arrived = true
			return nil
		}
		return p.say(ctx, "开始激活")
	}},
	{"请问要办理哪一种证书", func(ctx context.Context, p *pilgrim, _ item) error { return p.say(ctx, p.kind) }},
	{"您即将注册的账号为机构账号", says("我知道了")},
	{"填写登录名和手机号码", fillsIn(func(p *pilgrim) map[string]string { return map[string]string{"login": p.Login, "mobile": p.Mobile} })},
	{"验证码会发到", func(ctx context.Context, p *pilgrim, i item) error {
		codes, err := p.codes()
		if err != nil || len(codes) == 0 {
			return errors.Join(err, p.say(ctx, "重新获取验证码"))
		}
		code := codes[len(codes)-1]
		if code == p.tried { // it was refused: it came too late, or a later one counts
			p.tried = ""
			return p.say(ctx, "重新获取验证码")
		}
		p.tried = code
		values := map[string]string{"code": code, "password": "Crowd-2026", "password2": "Crowd-2026", "terms": "on", "duty": "on"}
		if p.kind == forACompany {
			values["org"], values["org2"] = p.Company.Name, p.Company.Name
		}
		return p.fills(i, values)
	}},
	{"请点一下“", func(ctx context.Context, p *pilgrim, i item) error {
		_, rest, _ := strings.Cut(i.Text, "请点一下“")
		word, _, _ := strings.Cut(rest, "”")
		return p.say(ctx, word)
	}},
	{"接下来需要实名认证", says("立即实名")},
	{"推荐用支付宝人脸识别认证", says("同意")},
	{"填写姓名和身份证号", fillsIn(func(p *pilgrim) map[string]string { return map[string]string{"name": p.Name, "id": p.IDNumber} })},
	{"完成人脸识别", func(ctx context.Context, p *pilgrim, i item) error {
		id, err := p.scans(i)
		if err != nil {
			return errors.Join(err, p.say(ctx, "我已完成认证"))
		}
		return p.tell(ctx, p.city+"/world/alipay/face", map[string]string{"id": id, "outcome": "pass"})
	}},
	{"填写统一社会信用代码", fillsIn(func(p *pilgrim) map[string]string { return map[string]string{"uscc": p.Company.Code} })},
	{"开通企业支付宝", says("对公汇款")},
	{"查看打款细则", says("我已阅读并同意")},
	{"请按下面的账户汇款", func(ctx context.Context, p *pilgrim, i item) error {
		to := subAccount.FindString(i.Text)
		if to == p.transferred {
			return p.say(ctx, "我已汇款") // once is enough: the bank loses nothing
		}
		err := p.tell(ctx, p.city+"/world/bank/transfer", map[string]string{"payer": p.Company.Account, "account": to, "amount": "0.01", "remark": "认证"})
		if err == nil {
			p.transferred = to
		}
		return err
	}},
	{"请核对订单", says("确认并付款")},
	{"请用支付宝扫码付款", func(ctx context.Context, p *pilgrim, i item) error {
		id, err := p.scans(i)
		if err != nil {
			return errors.Join(err, p.say(ctx, "我已付款"))
		}
		return p.tell(ctx, p.city+"/world/alipay/pay", map[string]string{"id": id})
	}},
	{"付款码已失效", says("重新获取付款码")},
	{"二维码已过期", says("重新获取二维码")},
	{"收货", fillsIn(func(p *pilgrim) map[string]string {
		return map[string]string{"to": p.Name, "prov": "浙江省", "city": "杭州市", "dist": "西湖区", "addr": "文三路90号东部软件园1号楼", "tomob": p.Mobile}
	})},
	{"开票", fillsIn(func(p *pilgrim) map[string]string {
		if p.kind == forACompany {
			return map[string]string{"title": p.Company.Name, "tax": p.Company.Code}
		}
		return nil
	})},
	{"购买", says("1")},
	{"预计", func(context.Context, *pilgrim, item) error { return nil }}, // it is the courier's turn
}

func says(text string) func(context.Context, *pilgrim, item) error {
	return func(ctx context.Context, p *pilgrim, _ item) error { return p.say(ctx, text) }
}

func fillsIn(values func(*pilgrim) map[string]string) func(context.Context, *pilgrim, item) error {
	return func(_ context.Context, p *pilgrim, i item) error { return p.fills(i, values(p)) }
}

// page opens the page behind an item.
func (p *pilgrim) page(i item) (text string, err error) {
	for _, u := range i.URLs {
		if !strings.Contains(u, "/h5/s/") {
			continue
		}
		err = exchange(p.browser, "GET", u, "", &text)
		return text, err
	}
	return "", errors.New("no page")
}

func (p *pilgrim) fills(i item, values map[string]string) error {
	page, err := p.page(i)
	if err != nil {
		return err
	}
	to, form := sheet(page, p.front, values)
	if to == "" {
		return errors.New("no form")
	}
	got, err := p.browser.PostForm(to, form)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	_, err = io.Copy(io.Discard, got.Body)
	return err
}

func (p *pilgrim) scans(i item) (id string, err error) {
	page, err := p.page(i)
	if err != nil {
		return "", err
	}
	m := linkPattern.FindStringSubmatch(page)
	if m == nil {
		return "", errors.New("no code")
	}
	var scanned struct{ Kind, ID string }
	err = p.ask("POST", p.city+"/world/alipay/scan", map[string]string{"user": p.Alipay, "url": html.UnescapeString(m[1])}, &scanned)
	return scanned.ID, err
}

// activates runs the real tool with the UKey: once for each activation code,
// for as long as it takes, like anybody whose network fails.
func activates(ctx context.Context, p *pilgrim, i item) error {
	m := ticketPattern.FindStringSubmatch(i.Text)
	if m == nil || m[1] == p.tried {
		return p.say(ctx, "重新获取激活码")
	}
	p.tried = m[1]
	before, err := p.codes()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tool := exec.CommandContext(ctx, p.agent, "activate", "--server", p.front, "--code", m[1], "--module", p.module, "--yes")
	tool.Env = append(os.Environ(), "SOFTHSM2_CONF="+p.token)
	var said bytes.Buffer
	tool.Stdout, tool.Stderr = &said, &said
	in, err := tool.StdinPipe()
	if err != nil {
		return err
	}
	if err := tool.Start(); err != nil {
		return err
	}
	defer func() { p.said = said.String() }()
	go func() { // the SMS comes when it comes
		defer in.Close()
		for sent := time.Now(); ctx.Err() == nil; {
			codes, err := p.codes()
			if err == nil && len(codes) > 0 && (len(codes) > len(before) || time.Since(sent) > 5*pause) { // that of the last run is good for a minute
				fmt.Fprintf(in, "%s\n111111\n\n", codes[len(codes)-1])
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}()
	return tool.Wait()
}

// codes are those that the telephone has received.
func (p *pilgrim) codes() (codes []string, err error) {
	var texts []struct{ Code string }
	err = p.ask("GET", p.at("/world/sms/%s", p.Mobile), nil, &texts)
	for _, sms := range texts {
		codes = append(codes, sms.Code)
	}
	return codes, err
}

// askedAgain counts the requests to send a message once more.
func (p *pilgrim) askedAgain() (n int) {
	var inbox []item
	if err := p.ask("GET", p.at("/world/wechat/%s/inbox?after=0", p.OpenID), nil, &inbox); err != nil {
		p.t.Fatal(err)
	}
	for _, i := range inbox {
		if strings.Contains(i.Text, "请再发一次") {
			n++
		}
	}
	return n
}

// exchange sends a body and reads the answer: as JSON, or as the text it is.
func exchange(client *http.Client, method, address, body string, answer any) error {
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", method, r.URL.Path, got.StatusCode, bytes.TrimSpace(text))
	}
	switch answer := answer.(type) {
	case nil:
		return nil
	case *string:
		*answer = string(text)
		return nil
	}
	return json.Unmarshal(text, answer)
}
