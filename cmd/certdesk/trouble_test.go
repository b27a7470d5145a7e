package main

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What goes wrong on the ways by which somebody is proved, and how they go on:
// over HTTP, as in TestTheWholeWay. Numbers of scenarios are product.md's.

func TestWhatGoesWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demo; left out with -short")
	}
	t.Parallel()
	d := startDemo(t)
	var people []resident
	d.get("/world/people", &people)
	for i, trouble := range []struct {
		name string
		with func(a *applicant, who, other resident)
	}{
		{"the SMS is lost, the face is another's", (*applicant).loses},
		{"another company pays, and the bank tells everything twice", (*applicant).isPaidFor},
		{"three wrong amounts", (*applicant).guesses},
		{"the bank sends the money back", (*applicant).hasMoneySentBack},
		{"nobody comes in time", (*applicant).comesLate},
		{"somebody asks for what is not theirs", (*applicant).probes},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			d.t = t
			who, other := people[i%len(people)], people[(i+1)%len(people)]
			trouble.with(d.applicant(who.OpenID), who, other)
		})
	}
	d.t = t
}

func (a *applicant) says(text string) {
	a.t.Helper()
	a.do("say", map[string]string{"text": text})
}

var inSeconds = regexp.MustCompile(`请在(\d+)秒后`)

// loses an SMS (10), lets somebody else look into the camera (5), and opens
// Alipay's link in WeChat (7).
func (a *applicant) loses(who, other resident) {
	a.t.Helper()
	a.do("follow", map[string]string{"scene": "363"})
	a.picks(a.hears("请问要办理哪一种证书"), forAPerson)
	page := a.opens(a.hears("登录名和手机号码"))
	a.post("/world/faults", map[string]any{"partner": "sms", "fault": "drop", "times": 1}, nil)
	page = a.fills(page, map[string]string{"login": who.Login, "mobile": who.Mobile})
	a.hears("验证码已发到")
	a.says("没收到")
	m := inSeconds.FindStringSubmatch(a.hears("验证码刚刚发过").Text)
	if m == nil {
		a.t.Fatal("nobody says when another code may be asked for")
	}
	seconds, _ := strconv.Atoi(m[1])
	may := time.Now().Add(time.Duration(seconds) * time.Second)
	a.wait("another code to be allowed", func() bool { return time.Now().After(may) })
	a.says("没收到")
	a.fills(page, map[string]string{
		"code": a.texted(who.Mobile, 0), "password": "correct horse 8", "password2": "correct horse 8", "terms": "on", "duty": "on",
	})
	a.picks(a.hears("账号已注册好"), "立即实名")

	a.picks(a.hears("人脸识别"), "同意并继续")
	a.fills(a.opens(a.hears("姓名和身份证号")), map[string]string{"name": who.Name, "id": who.IDNumber})
	asked := a.hears("二维码完成人脸识别")
	for _, face := range []struct{ of, outcome string }{{other.Alipay, "pass"}, {who.Alipay, "fail"}} {
		page := a.opens(asked)
		a.looks(page, face.of, face.outcome)
		a.picks(asked, "我已完成认证")
		a.picks(a.hears("支付宝还没有返回通过的结果"), "重新获取二维码")
		asked = a.hears("二维码完成人脸识别")
		if now := a.opens(asked); linkPattern.FindString(now) == linkPattern.FindString(page) {
			a.t.Fatal("the code that was used is shown again")
		}
	}
	page = a.opens(asked)
	a.staysInWeChat(linkPattern.FindStringSubmatch(page)[1])
	a.looks(page, who.Alipay, "pass")
	a.hears("实名认证已")
}

// looks into the camera with somebody's telephone.
func (a *applicant) looks(page, alipay, outcome string) {
	a.t.Helper()
	_, id := a.scans(page, alipay)
	a.post("/world/alipay/face", map[string]string{"id": id, "outcome": outcome}, nil)
}

// staysInWeChat opens an address that leads to Alipay in WeChat, where it must
// say how to go on.
func (a *applicant) staysInWeChat(address string) {
	a.t.Helper()
	if said := a.sees(address, http.StatusOK); !strings.Contains(said, "微信里不能打开支付宝") {
		a.t.Errorf("in WeChat %s says\n%s", address, said)
	}
}

// sees what an address answers in WeChat, which goes nowhere from there.
func (d *demo) sees(address string, status int) string {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50")
	still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := still.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != status {
		d.t.Errorf("%s is answered with %d to %q, want %d\n%s", address, answer.StatusCode, answer.Header.Get("Location"), status, text)
	}
	return string(text)
}

// comesToMethod goes as far as the question how the company is to be proved.
func (a *applicant) comesToMethod(who resident) item {
	a.t.Helper()
	a.registers(who, forACompany)
	a.fills(a.opens(a.provesPerson(who)), map[string]string{"uscc": who.Company.Code})
	return a.hears("开通企业支付宝")
}

// transfersTo agrees to the rules and returns the account that money is to be sent to.
func (a *applicant) transfersTo(rules item) string {
	a.t.Helper()
	a.picks(rules, "同意")
	m := subAccount.FindStringSubmatch(a.hears("收款账号").Text)
	if m == nil {
		a.t.Fatal("no account in the chat")
	}
	return m[1]
}

func (a *applicant) transfers(payer, account string) {
	a.t.Helper()
	a.post("/world/bank/transfer", map[string]string{"payer": payer, "account": account, "amount": "0.01", "remark": "认证"}, nil)
}

// told counts the messages, templates among them, that say something.
func (a *applicant) told(text string) (n int) {
	a.t.Helper()
	var inbox []item
	a.get("/world/wechat/"+a.openid+"/inbox?after=0", &inbox)
	for _, i := range inbox {
		n += strings.Count(i.Text, text)
	}
	return n
}

// isPaidFor by another company (2), then by its own while the service is away,
// whose line the bank then shows twice; and pays again.
func (a *applicant) isPaidFor(who, other resident) {
	a.t.Helper()
	a.picks(a.comesToMethod(who), "对公汇款")
	account := a.transfersTo(a.hears("查看打款细则"))
	a.transfers(other.Company.Account, account)
	if why := a.hears("汇款方与认证的单位名称不一致"); strings.Contains(why.Text, other.Company.Name) {
		a.t.Errorf("the name of a stranger is told: %s", why.Text)
	}
	a.post("/world/faults", map[string]any{"partner": "bank", "fault": "duplicate", "times": 1}, nil)
	a.transfers(who.Company.Account, account)
	a.stop()
	a.start()
	till := a.agent(demoStaff)
	entered := func(n int) {
		a.wait("the payments to be entered", func() bool {
			return strings.Count(till.gets("/console/bank"), "汇入 …"+account[len(account)-6:]) == n
		})
	}
	entered(2)
	proof := func() int { return a.told("实名认证已完成") }
	a.wait("the proof to be told", func() bool { return proof() > 0 }) // although the restart has lost the talk
	a.transfers(who.Company.Account, account)
	entered(3)
	if n := proof(); n != 1 {
		a.t.Errorf("the proof is told %d times, want once", n)
	}
}

// guesses the amount three times (3): the payout is over, an agent is called, and the
// other direction proves the company.
func (a *applicant) guesses(who, _ resident) {
	a.t.Helper()
	a.isSentMoney(a.comesToMethod(who), who)
	wrong := other(a.arrived(who.Company.Account))
	for _, said := range []string{"金额不对，还可以填2次", "金额不对，还可以填1次"} {
		a.says("收到" + wrong + "元")
		a.hears(said)
	}
	a.says("收到" + wrong + "元")
	a.hears("3次机会已用完")
	a.says("到哪了")
	over := a.hears("已不能再填")
	if queue := a.agent(demoStaff).gets("/console/"); !strings.Contains(queue, "回填的金额三次不对") {
		a.t.Errorf("no agent is called\n%s", queue)
	}
	a.picks(over, "改为我们汇款给你们")
	a.transfers(who.Company.Account, a.transfersTo(a.hears("查看打款细则")))
	a.hears("实名认证已完成")
}

// isSentMoney names the company's account and has money sent there.
func (a *applicant) isSentMoney(method item, who resident) item {
	a.t.Helper()
	a.picks(method, "对公汇款")
	a.picks(a.hears("查看打款细则"), "改为你们汇款给我们")
	return a.namesAccount(a.hears("对公账户"), who.Company.Account, "杭州西湖示例支行", "105331000017")
}

// hasMoneySentBack after it had come (4): before its amount is told, and after
// that has proved the company, which it then does no longer.
func (a *applicant) hasMoneySentBack(who, _ resident) {
	a.t.Helper()
	sendsBack := func() {
		sent := a.arrivals()
		a.post("/world/bank/return", map[string]string{"number": sent[len(sent)-1].Number, "code": "PAYEE_NOT_EXIST"}, nil)
	}
	a.isSentMoney(a.comesToMethod(who), who)
	a.arrived(who.Company.Account)
	sendsBack()
	a.namesAccount(a.hears("没有找到这个银行账户"), who.Company.Account, "杭州西湖示例支行", "105331000017")
	a.says("收到" + a.arrived(who.Company.Account) + "元")
	a.hears("实名认证已完成")
	sendsBack()
	a.hears("不能作为贵单位的认证")
	if queue := a.agent(demoStaff).gets("/console/"); !strings.Contains(queue, "认证用的汇款被银行退回") {
		a.t.Errorf("no agent is called\n%s", queue)
	}
}

// comesLate finds codes expired that nobody has scanned for a day (6), one for the
// face and one for the company's Alipay account, and goes on with others.
func (a *applicant) comesLate(who, friend resident) {
	a.t.Helper()
	a.comesToMethod(who)
	b := a.applicant("oFriend")
	friend.OpenID, friend.Mobile, friend.Login = b.openid, "13412345678", "13412345678"
	b.registers(friend, forAPerson)

	a.hurries(5000)
	a.says("到哪了")
	a.picks(a.hears("开通企业支付宝"), "已开通")
	a.picks(a.hears("接下来用企业支付宝授权"), "同意")
	grant := linkPattern.FindStringSubmatch(a.opens(a.hears("登录后一键授权")))[1]
	b.says("立即实名")
	b.picks(b.hears("人脸识别"), "同意并继续")
	b.fills(b.opens(b.hears("姓名和身份证号")), map[string]string{"name": friend.Name, "id": friend.IDNumber})
	face := linkPattern.FindStringSubmatch(b.opens(b.hears("二维码完成人脸识别")))[1]
	a.hears("授权二维码已过期")
	b.hears("认证二维码已过期")
	for address, why := range map[string]string{grant: "授权二维码已失效", face: "二维码已过期"} {
		if said := a.sees(address, http.StatusNotFound); !strings.Contains(said, why) {
			a.t.Errorf("a code that is too old says\n%s", said)
		}
	}

	a.hurries(10)
	a.says("到哪了")
	if _, said := a.agrees(a.opens(a.hears("登录后一键授权")), who.Company.Alipay); !strings.Contains(said, "授权成功") {
		a.t.Fatalf("the company's account: %s", said)
	}
	b.says("到哪了")
	b.looks(b.opens(b.hears("二维码完成人脸识别")), friend.Alipay, "pass")
	a.hears("实名认证已完成")
	b.hears("实名认证已完成")
}

// hurries lets time pass at another pace from now on.
func (d *demo) hurries(times int) {
	d.t.Helper()
	d.stop()
	d.hurry = times
	d.start()
}

// probes for a login name that somebody has, and has codes sent to a telephone
// again and again (15): neither is told more than who owns a telephone may know.
// The name is that of the first part.
func (a *applicant) probes(who, _ resident) {
	a.t.Helper()
	const telephone = "13312345678"
	b := a.applicant("oProbe")
	b.do("follow", map[string]string{"scene": ""})
	b.picks(b.hears("请问要办理哪一种证书"), forAPerson)
	page := b.fills(b.opens(b.hears("登录名和手机号码")), map[string]string{"login": who.Login, "mobile": telephone})
	if strings.Contains(page, "不能使用") {
		b.t.Error("a login name can be probed for without a telephone")
	}
	b.fills(page, map[string]string{
		"code": b.texted(telephone, 0), "password": "correct horse 8", "password2": "correct horse 8", "terms": "on", "duty": "on",
	})
	b.fills(b.opens(b.hears("这个登录名不能使用")), map[string]string{"login": telephone, "mobile": telephone})
	for range 4 {
		b.says("没收到")
	}
	b.hears("请点一下“")
	var texts []struct{ Code string }
	b.get("/world/sms/"+telephone, &texts)
	if len(texts) > 2 {
		b.t.Errorf("%d codes were sent to one telephone in a few seconds", len(texts))
	}
}
