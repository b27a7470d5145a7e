package main

import (
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The whole way, as a company and a person walk it: the demo runs as a process
// of its own, and everything goes through HTTP.

// resident is one of the world's people.
type resident struct {
	OpenID   string `json:"openid"`
	Alipay   string `json:"alipay"`
	Name     string `json:"name"`
	IDNumber string `json:"id_number"`
	Mobile   string `json:"mobile"`
	Login    string `json:"login"`
	Account  string `json:"account"`
	Card     string `json:"card"`
	Second   string `json:"second"`
	Company  struct {
		Name, Code, Account, Alipay string
	} `json:"company"`
}

func TestTheWholeWay(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the whole demo; left out with -short")
	}
	d := startDemo(t)
	var people []resident
	d.get("/world/people", &people)
	company, person := people[0], people[1]

	t.Run("a company", func(t *testing.T) {
		d.t = t
		a := d.applicant(company.OpenID)
		a.registers(company, "企业证书")
		page := a.provesPerson(company)
		shop := a.provesCompany(page, company, people[1])
		d.bringsItsStatement()
		a.orders(shop, company)
	})
	t.Run("a person", func(t *testing.T) {
		d.t = t
		a := d.applicant(person.OpenID)
		a.registers(person, "个人证书")
		a.orders(a.provesPerson(person), person)
	})
	t.Run("a company that is sent money", func(t *testing.T) {
		d.t = t
		who := people[2]
		a := d.applicant(who.OpenID)
		a.registers(who, "企业证书")
		a.tellsTheAmount(a.provesPerson(who), who)
	})
	t.Run("a company that shows its Alipay account", func(t *testing.T) {
		d.t = t
		who := people[3]
		a := d.applicant(who.OpenID)
		a.registers(who, "企业证书")
		a.showsTheAccount(a.provesPerson(who), who)
	})
	t.Run("a company whose legal representative applies", func(t *testing.T) {
		d.t = t
		who := people[4]
		a := d.applicant(who.OpenID)
		a.registers(who, "企业证书")
		a.fills(a.opens(a.showsACard(who)), map[string]string{"uscc": who.Company.Code})
		a.picks(a.hears("开通企业支付宝"), "我是法定代表人")
		a.hears("实名认证已")
		a.changesNumber(who)
	})
	t.Run("both go on after a restart", func(t *testing.T) {
		d.t = t
		d.stop()
		d.start()
	})
	for i, who := range []resident{company, person} {
		t.Run([]string{"the company's UKey", "the person's UKey"}[i], func(t *testing.T) {
			d.t = t
			a := d.applicant(who.OpenID)
			a.skipsHeard()
			a.receives()
			a.activates(who, fmt.Sprintf("UKEY-E2E-%d", i+1))
			d.opensItsLedger()
		})
	}
	d.t = t
}

// opensItsLedger reads everything that is sealed, as after a restore. What is
// forgotten once it was used has no value then: codes, effects, letters.
func (d *demo) opensItsLedger() {
	d.t.Helper()
	env, err := os.ReadFile(filepath.Join(d.data, "demo.env"))
	if err != nil {
		d.t.Fatal(err)
	}
	doctor := exec.CommandContext(d.t.Context(), d.binary, "doctor", "--ledger")
	doctor.Env = append(os.Environ(), strings.Fields(string(env))...)
	said, err := doctor.CombinedOutput()
	if err != nil || !regexp.MustCompile(`of (1[4-9]|2[0-2]) columns open`).Match(said) {
		d.t.Errorf("doctor --ledger ended with %v:\n%s", err, said)
	}
}

// skipsHeard begins after everything that is in the inbox.
func (a *applicant) skipsHeard() {
	a.t.Helper()
	var inbox []item
	a.get("/world/wechat/"+a.openid+"/inbox?after=0", &inbox)
	if len(inbox) > 0 {
		a.heard = inbox[len(inbox)-1].N
	}
}

func (a *applicant) registers(who resident, kind string) {
	a.t.Helper()
	a.do("follow", map[string]string{"scene": "363"})
	a.picks(a.hears("请问要办理哪一种证书"), kind)
	if kind == "企业证书" {
		a.picks(a.hears("机构账号"), "我知道了")
	}
	page := a.opens(a.hears("登录名和手机号码"))
	page = a.fills(page, map[string]string{"login": "not a login", "mobile": who.Mobile})
	if !strings.Contains(page, "登录名请填手机号码或邮箱") || !strings.Contains(page, who.Mobile) {
		a.t.Fatalf("a refused page lost its reason or what was typed\n%s", page)
	}
	page = a.fills(page, map[string]string{"login": who.Login, "mobile": who.Mobile})
	code := a.texted(who.Mobile, 0)
	values := map[string]string{"code": "000000", "password": "correct horse 8", "password2": "correct horse 8", "terms": "on", "duty": "on"}
	if kind == "企业证书" {
		values["org"], values["org2"] = who.Company.Name, who.Company.Name
	}
	if code == values["code"] {
		values["code"] = "000001"
	}
	a.fills(page, values)
	page = a.opens(a.hears("验证码不对")) // refused: the reason and a fresh link
	values["code"] = code
	a.fills(page, values)
	a.picks(a.hears("账号已注册好"), "立即实名")
}

func (a *applicant) provesPerson(who resident) item {
	a.t.Helper()
	a.picks(a.hears("人脸识别"), "同意并继续")
	page := a.opens(a.hears("姓名和身份证号"))
	page = a.fills(page, map[string]string{"name": who.Name, "id": who.IDNumber[:17] + "0"})
	if !strings.Contains(page, "校验不对") && !strings.HasSuffix(who.IDNumber, "0") {
		a.t.Fatalf("a wrong identity number was not refused\n%s", page)
	}
	a.fills(page, map[string]string{"name": who.Name, "id": who.IDNumber})
	page = a.opens(a.hears("二维码完成人脸识别"))
	kind, id := a.scans(page, who.Alipay)
	if kind != "face" {
		a.t.Fatalf("the code is for %q, want face", kind)
	}
	a.post("/world/alipay/face", map[string]string{"id": id, "outcome": "pass"}, nil)
	return a.hears("实名认证已")
}

// showsACard proves a person without a face: somebody else's number first, then
// the card.
func (a *applicant) showsACard(who resident) item {
	a.t.Helper()
	a.picks(a.hears("人脸识别"), "换一种方式")
	a.picks(a.hears("可以用下面的方式认证"), "用手机号认证")
	a.fills(a.opens(a.hears("填写后核对")), map[string]string{"name": "张伟", "id": "440507198502280015", "consent": "on"})
	a.picks(a.hears("登记的信息与您填写的不一致"), "用银行卡认证")
	a.fills(a.opens(a.hears("填写后核对")), map[string]string{"name": who.Name, "id": who.IDNumber, "bankcard": who.Card, "consent": "on"})
	return a.hears("实名认证已")
}

// changesNumber goes over to another number of the same person: somebody else's
// is refused.
func (a *applicant) changesNumber(who resident) {
	a.t.Helper()
	a.do("say", map[string]string{"text": "换手机号"})
	page := a.opens(a.hears("填写新号码"))
	tells := func(number, words string) item {
		page = a.fills(page, map[string]string{"newmobile": number})
		a.fills(page, map[string]string{"code": a.texted(number, 0)})
		return a.hears(words)
	}
	page = a.opens(tells("13799990000", "新号码不是您本人实名办理的"))
	tells(who.Second, "手机号已更换为 "+who.Second[:3])
	a.wait("the old number to be told", func() bool {
		var inbox []struct{ Text string }
		a.get("/world/sms/"+who.Mobile, &inbox)
		return slices.ContainsFunc(inbox, func(sms struct{ Text string }) bool { return strings.Contains(sms.Text, "手机号已更换") })
	})
}

// subAccount is the number of a receiving account: ours and six digits.
var subAccount = regexp.MustCompile(`\b(\d{22,32})\b`)

func (a *applicant) provesCompany(asked item, who, stranger resident) item {
	a.t.Helper()
	a.do("photo", map[string]string{"printed": "营业执照\n统一社会信用代码\n" + who.Company.Code})
	page := a.opens(a.hears("已从图片里读到：统一社会信用代码"))
	if !strings.Contains(page, `value="`+who.Company.Code+`"`) {
		a.t.Fatalf("what was read from the photograph is not on the page\n%s", page)
	}
	a.fills(page, map[string]string{"uscc": who.Company.Code})
	a.picks(a.hears("开通企业支付宝"), "对公汇款")
	a.picks(a.hears("查看打款细则"), "同意")
	ask := a.hears("收款账号")
	m := subAccount.FindStringSubmatch(ask.Text)
	if m == nil {
		a.t.Fatalf("no account in %q", ask.Text)
	}
	transfer := func(payer, amount string) {
		a.post("/world/bank/transfer", map[string]string{"payer": payer, "account": m[1], "amount": amount, "remark": "认证"}, nil)
	}
	transfer(stranger.Account, "0.01")
	a.hears("与认证的单位名称不一致")
	transfer(who.Company.Account, "0.02")
	a.hears("金额必须正好是 0.01 元")
	transfer(who.Company.Account, "0.01")
	return a.hears("实名认证已")
}

// tellsTheAmount proves a company by money that the platform sends: once to an
// account that the bank sends it back from, then to the right one, with a wrong
// amount before the right one.
func (a *applicant) tellsTheAmount(asked item, who resident) {
	a.t.Helper()
	a.fills(a.opens(asked), map[string]string{"uscc": who.Company.Code})
	a.picks(a.hears("开通企业支付宝"), "我是法定代表人")
	a.picks(a.hears("登记的法定代表人不是您本人"), "对公汇款")
	a.picks(a.hears("查看打款细则"), "改为你们汇款给我们")
	a.namesAccount(a.hears("对公账户"), "33001616781053009999", "西湖", "105331000025", "杭州西湖文化示例支行")
	a.post("/world/bank/return", map[string]string{"number": a.arrivals()[0].Number, "code": "PAYEE_NOT_EXIST"}, nil)
	page := a.opens(a.namesAccount(a.hears("没有找到这个银行账户"), who.Company.Account, "建行杭州西湖示例支行", "105331000017"))
	sent := a.arrivals()
	if len(sent) != 2 || sent[1].Account != who.Company.Account || sent[1].Payee != who.Company.Name {
		a.t.Fatalf("the bank was asked for %+v", sent)
	}
	amount := a.arrived(who.Company.Account)
	a.fills(page, map[string]string{"amount": other(amount)})
	a.hears("金额不对，还可以填2次")
	a.do("say", map[string]string{"text": "收到" + amount + "元"})
	a.hears("实名认证已")
}

// namesAccount fills in where money is to be sent, chooses the branch of that code,
// and has it sent.
func (a *applicant) namesAccount(asked item, number, branch, code string, chosen ...string) item {
	a.t.Helper()
	a.fills(a.opens(asked), map[string]string{"pacct": number, "pbank": "中国建设银行", "pprov": "浙江省", "pcity": "杭州市", "pbranch": branch})
	a.do("say", map[string]string{"text": "到哪了"}) // whoever walks by pages has used up what WeChat lets us say
	for _, label := range chosen {
		a.picks(a.hears("请选择 中国建设银行 的开户支行"), label)
	}
	a.picks(a.hears("联行号："+code), "确认汇款")
	return a.hears("我方已向")
}

// arrival is money that Alipay has sent to somebody's account.
type arrival struct{ Number, Account, Payee, Amount, Status string }

func (d *demo) arrivals() (all []arrival) {
	d.t.Helper()
	d.get("/world/bank/arrivals", &all)
	return all
}

// arrived is how much came last to an account.
func (d *demo) arrived(account string) (amount string) {
	d.t.Helper()
	d.wait("money to arrive at "+account, func() bool {
		last := arrival{}
		for _, sent := range d.arrivals() {
			if sent.Account == account {
				last = sent
			}
		}
		amount = last.Amount
		return last.Status == "SUCCESS"
	})
	return amount
}

// other is an amount that is not this one.
func other(amount string) string {
	if amount == "0.11" {
		return "0.12"
	}
	return "0.11"
}

// showsTheAccount proves a company by its own Alipay account: a colleague scans
// the code, reads who asks, shows a person's account first, then the company's.
func (a *applicant) showsTheAccount(asked item, who resident) {
	a.t.Helper()
	a.fills(a.opens(asked), map[string]string{"uscc": who.Company.Code})
	a.picks(a.hears("开通企业支付宝"), "我是法定代表人") // which the register cannot tell from a namesake
	a.picks(a.hears("用法定代表人本人的支付宝授权"), "换一种方式")
	a.picks(a.hears("开通企业支付宝"), "已开通")
	a.picks(a.hears("接下来用企业支付宝授权"), "同意")
	page := a.opens(a.hears("登录后一键授权"))
	asks, said := a.agrees(page, who.Alipay)
	if !strings.Contains(asks, who.Company.Name) || strings.Contains(asks, who.Name) {
		a.t.Fatalf("the page does not say who asks for what\n%s", asks)
	}
	if !strings.Contains(said, "这是个人支付宝") {
		a.t.Fatalf("a person's account: %s", said)
	}
	a.hears("这是个人支付宝")
	if _, said := a.agrees(page, who.Company.Alipay); !strings.Contains(said, "授权成功") {
		a.t.Fatalf("the company's account: %s", said)
	}
	a.hears("实名认证已")
}

// agrees has a colleague, with a browser of their own, scan the code on a page
// and show an account: what that asks, and what comes of it.
func (a *applicant) agrees(page, account string) (asks, said string) {
	a.t.Helper()
	kind, address := a.scans(page, account)
	if kind != "web" {
		a.t.Fatalf("the code is for %q, want web", kind)
	}
	colleague := a.applicant("")
	asks = colleague.reads(address)
	login := agreement.FindStringSubmatch(asks)
	if login == nil {
		a.t.Fatalf("the page leads to no log-in\n%s", asks)
	}
	return asks, colleague.sends(html.UnescapeString(login[1]), url.Values{"user": {account}})
}

// agreement is the link to Alipay's log-in.
var agreement = regexp.MustCompile(`href="(http[^"]*/oauth2/publicAppAuthorize.htm[^"]*)"`)

func (a *applicant) orders(shop item, who resident) {
	a.t.Helper()
	a.picks(shop, "购买")
	page := a.opens(a.hears("开票信息"))
	if !strings.Contains(page, "发票抬头") {
		a.t.Fatalf("no title on the invoice page\n%s", page)
	}
	a.fills(page, map[string]string{"title": "别的抬头", "tax": who.Company.Code})
	page = a.reads("http://" + a.service + "/h5/now")
	a.fills(page, map[string]string{
		"to": who.Name, "prov": "浙江省", "city": "杭州市", "dist": "西湖区", "addr": "文三路90号东部软件园1号楼", "tomob": who.Mobile,
	})
	confirm := a.hears("请核对订单")
	if strings.Contains(confirm.Text, "别的抬头") {
		a.t.Error("the client's title was believed")
	}
	a.picks(confirm, "确认并付款")
	pay := a.hears("请用支付宝扫码付款")
	kind, id := a.scans(a.opens(pay), who.Alipay)
	if kind != "pay" {
		a.t.Fatalf("the code is for %q, want pay", kind)
	}
	a.post("/world/alipay/pay", map[string]string{"id": id}, nil)
	a.hears("已收到您的付款")
}

// receives moves every parcel until this applicant has theirs.
func (a *applicant) receives() {
	a.t.Helper()
	a.wait("the parcel to arrive", func() bool {
		var orders []struct {
			Number string
			Routes []struct{ Code string }
		}
		a.get("/world/courier/orders", &orders)
		for _, o := range orders {
			if len(o.Routes) == 0 || o.Routes[len(o.Routes)-1].Code != "80" {
				a.post("/world/courier/advance", map[string]string{"order": o.Number}, nil)
			}
		}
		var inbox []item
		a.get(fmt.Sprintf("/world/wechat/%s/inbox?after=0", a.openid), &inbox)
		for _, i := range inbox {
			if strings.Contains(i.Text, "UKey 已送达") {
				return true
			}
		}
		return false
	})
}

var ticketPattern = regexp.MustCompile(`激活码：([A-Z]{4}-[A-Z]{4})`)

// activates runs the real tool with a fresh token and checks, with tools of
// other people, what the token holds afterwards.
func (a *applicant) activates(who resident, label string) {
	a.t.Helper()
	module := softhsm(a.t)
	dir := a.t.TempDir()
	conf := makeToken(a.t, dir, label)
	a.do("say", map[string]string{"text": "开始激活"})
	m := ticketPattern.FindStringSubmatch(a.hears("只能用一次").Text)
	if m == nil {
		a.t.Fatal("no activation code in the chat")
	}
	var before []struct{ Code string }
	a.get("/world/sms/"+who.Mobile, &before)
	out := a.runTool(conf, module, m[1], who.Mobile, len(before))
	if !strings.Contains(out, "成功") {
		a.t.Fatalf("the tool did not succeed\n%s", out)
	}
	a.hears("证书已激活")
	a.checkToken(dir, conf, module, label)
}

// runTool answers the tool's questions from a pipe: the SMS code as soon as it
// has come, then the PIN, and no new PIN.
func (a *applicant) runTool(conf, module, code, mobile string, texts int) string {
	a.t.Helper()
	cmd := exec.CommandContext(a.context(), built(a.t, "ukeyagent"), "activate", "--server", "http://"+a.service, "--code", code, "--module", module, "--yes")
	cmd.Env = append(os.Environ(), "SOFTHSM2_CONF="+conf)
	in, err := cmd.StdinPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		a.t.Fatal(err)
	}
	fmt.Fprintf(in, "%s\n111111\n\n", a.texted(mobile, texts))
	in.Close()
	if err := cmd.Wait(); err != nil {
		a.t.Fatalf("ukeyagent: %v\n%s", err, out.String())
	}
	return out.String()
}
