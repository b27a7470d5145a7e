package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// The pages that a chat opens, in a browser that runs no script. The chat is
// led over HTTP; whatever is filled in is refused once, kept as it was typed, and
// then accepted.

func TestTheWayOfACompanyWithoutScript(t *testing.T) {
	t.Parallel()
	v, people := visits(t, "plain")
	v.scriptless = true
	if _, err := chromedp.Call(v.tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	v.clicks("a desk", chromedp.EmulateViewport(deskWide, deskHigh))
	v.goes("http://" + v.world + "/")
	v.sees(`//noscript/p`) // as it would not be where scripts run
	t.Run("it is paid", func(t *testing.T) {
		v.demo.t = t
		who := people[1]
		v.registersPlainly(who)
		v.namesPlainly(who)
		v.tellsPlainly(who)
	})
	t.Run("it shows its Alipay account", func(t *testing.T) {
		v.demo.t = t
		who := people[2]
		a := v.applicant(who.OpenID)
		a.registers(who, forACompany)
		a.provesPerson(who)
		v.grantsPlainly(a, who)
	})
	t.Run("it sends papers", func(t *testing.T) {
		v.demo.t = t
		v.sendsPapers()
	})
	v.demo.t = t
}

// goes opens a page.
func (v *visitor) goes(address string) {
	v.t.Helper()
	v.clicks("open "+address, chromedp.Navigate(address))
}

// refused types what is wrong, and looks whether the page says so and keeps it.
func (v *visitor) refused(name, typed, why string) {
	v.t.Helper()
	v.types(field(name), typed)
	v.presses(sendPage)
	v.reads(why)
	v.keeps(name, typed)
	v.photographs(name + "-refused")
}

func (v *visitor) keeps(name, typed string) {
	v.t.Helper()
	v.sees(field(name) + fmt.Sprintf("[@value=%q]", typed))
}

// registersPlainly goes from the first word to the company's page.
func (v *visitor) registersPlainly(who resident) {
	v.t.Helper()
	a := v.applicant(who.OpenID)
	a.do("follow", map[string]string{"scene": "363"})
	a.picks(a.hears("请问要办理哪一种证书"), forACompany)
	a.picks(a.hears("机构账号"), "我知道了")
	v.goes(a.link(a.hears("登录名和手机号码")))
	v.types(field("mobile"), who.Mobile)
	v.refused("login", "not a login", "登录名请填手机号码或邮箱")
	v.keeps("mobile", who.Mobile)
	v.types(field("login"), who.Login)
	v.presses(sendPage)

	v.types(field("org"), who.Company.Name)
	v.secures(a.texted(who.Mobile, 0))
	v.refused("org2", who.Company.Name+"分公司", "不一致")
	v.keeps("org", who.Company.Name)
	v.types(field("org2"), who.Company.Name)
	v.secures(a.texted(who.Mobile, 0)) // of this a page keeps nothing
	v.presses(sendPage)
	v.reads("账号已注册好")
	v.chooses("立即实名")
	v.chooses("同意并继续")

	v.types(field("name"), who.Name)
	v.refused("id", who.IDNumber[:17]+"0", "校验不对")
	v.keeps("name", who.Name)
	v.types(field("id"), who.IDNumber)
	v.presses(sendPage)
	v.sees(onPage + `//section[contains(@class, "code")]//img`)
	v.photographs("face-code")
	var scanned struct{ ID string }
	v.post("/world/alipay/scan", map[string]string{"user": who.Alipay, "url": v.reading(`//*[@id="code-link"]`, "value")}, &scanned)
	v.post("/world/alipay/face", map[string]string{"id": scanned.ID, "outcome": "pass"}, nil)
	v.sees(field("uscc")) // the page has looked again by itself
	v.photographs("company-page")
}

// secures fills in the rest of an account.
func (v *visitor) secures(code string) {
	v.t.Helper()
	v.types(field("code"), code)
	v.types(field("password"), "correct horse 8")
	v.types(field("password2"), "correct horse 8")
	v.ticks("terms")
	v.ticks("duty")
}

// ticks agrees to something, unless that has been done.
func (v *visitor) ticks(name string) {
	v.t.Helper()
	if v.reading(field(name), "checked") == "false" {
		v.presses(field(name))
	}
}

// namesPlainly writes the company's name once more, and its code.
func (v *visitor) namesPlainly(who resident) {
	v.t.Helper()
	v.chooses("单位名称不对")
	v.types(field("org2"), "Some Company Ltd")
	v.refused("org", "Some Company Ltd", "中文全称")
	v.types(field("org"), who.Company.Name)
	v.types(field("org2"), who.Company.Name)
	v.presses(sendPage)
	v.refused("uscc", who.Company.Code[:17]+"0", "最后一位校验不对")
	v.types(field("uscc"), who.Company.Code)
	v.presses(sendPage)
	v.reads("贵单位开通企业支付宝了吗")
}

// tellsPlainly goes by both directions of a transfer, and tells the amount on
// the applicant's page and on the colleague's.
func (v *visitor) tellsPlainly(who resident) {
	v.t.Helper()
	v.chooses("没有开通，用对公汇款")
	v.chooses("我已阅读并同意")
	v.reads("收款账号")
	v.photographs("account")
	v.chooses("换一种方式")
	v.chooses("改为你们汇款给我们")
	v.types(field("pbank"), "建行")
	v.selects(onPage+`//select[@name="pprov"]`, "浙江省")
	v.types(field("pcity"), "宁波市")
	v.types(field("pbranch"), "海曙")
	v.refused("pacct", "12345", "银行账号只填数字")
	for name, typed := range map[string]string{"pbank": "建行", "pcity": "宁波市", "pbranch": "海曙"} {
		v.keeps(name, typed)
	}
	v.sees(onPage + `//select[@name="pprov"]/option[@selected][.="浙江省"]/..`)
	v.types(field("pacct"), who.Company.Account)
	v.presses(sendPage)
	v.reads("请选择 中国建设银行 的开户支行")
	v.photographs("branch")
	v.chooses("宁波海曙示例支行")
	v.reads("请核对，我方将向这个账户汇款")
	v.reads("105332000016")
	v.photographs("bank-account-confirm")
	v.chooses("确认汇款")
	v.refused("amount", "十元", "0.99 元之间")

	right := v.arrived(who.Company.Account)
	v.types(field("amount"), other(right))
	v.presses(sendPage)
	v.reads("金额不对，还可以填2次")
	v.keeps("amount", "") // nobody sends in the wrong one again by mistake
	v.photographs("amount-wrong")
	v.goes(v.reading(onPage+`//a[contains(., "给财务的页面")]`, "href"))
	v.reads("请财务办理")
	v.refused("amount", "一百", "0.99 元之间")
	v.types(field("amount"), right)
	v.presses(sendPage)
	v.reads("单位认证已通过")
	v.photographs("card-over")
	v.goes("http://" + v.service + "/h5/now")
	v.reads("实名认证已完成")
}

// grantsPlainly scans nothing: the address in the code is opened beside it.
func (v *visitor) grantsPlainly(a *applicant, who resident) {
	v.t.Helper()
	a.do("say", map[string]string{"text": "到哪了"})
	v.goes(a.link(a.hears("您的办理进度")))
	v.types(field("uscc"), who.Company.Code)
	v.presses(sendPage)
	v.chooses("已开通，用企业支付宝")
	v.reads("接下来用企业支付宝授权")
	v.photographs("declare")
	v.chooses("我已阅读并同意")
	const image = onPage + `//section[contains(@class, "code")]//img`
	v.sees(image)
	v.photographs("grant-code")
	address := v.reading(`//*[@id="code-link"]`, "value")
	const agree = `//a[contains(., "同意，去支付宝授权")]`
	v.goes(address)
	v.sees(agree)
	v.photographs("grant")
	v.presses(agree)
	v.presses(`//button[@name="user"]` + saying(who.Name))
	v.reads("这是个人支付宝")
	v.photographs("grant-refused")
	v.presses(onPage + `//a[contains(., "重新授权")]`)
	v.presses(agree)
	v.presses(`//button[@name="user"]` + saying(who.Company.Name))
	v.reads("授权成功")
	v.photographs("granted")
	v.goes("http://" + v.service + "/h5/now")
	v.reads("实名认证已完成")
}

// sendsPapers has a person with a passport, for an organisation abroad, send
// papers: a file that is none, papers that staff send back, and good ones.
func (v *visitor) sendsPapers() {
	v.t.Helper()
	first, second := v.agent(demoAgent), v.agent(demoStaff)
	who := resident{OpenID: "oPassport", Mobile: "13712349999", Login: "13712349999", Name: "JOHN DOE"}
	who.Company.Name = "远洋贸易（香港）有限公司"
	a := v.applicant(who.OpenID)
	a.registers(who, forACompany)
	a.picks(a.hears("人脸识别"), "持其他证件")
	a.picks(a.hears("您用哪一种证件"), "护照")
	v.goes(a.link(a.hears("上传有照片的一面")))

	v.types(field("name"), who.Name)
	v.types(field("paperno"), "E1234567")
	v.ticks("consent")
	v.brings("not a picture")
	v.presses(sendPage)
	v.reads("打不开")
	v.keeps("name", who.Name)
	v.keeps("paperno", "E1234567")
	v.photographs("papers-refused")
	v.brings("%PDF-1.4\n%%EOF\n")
	v.ticks("consent")
	v.presses(sendPage)
	v.reads("材料已收到")
	v.photographs("reviewing")
	first.judges(who.Name, "wrong", "看不清号码")
	v.reads("人工核验没有通过：看不清号码")
	v.photographs("review-refused")
	v.types(field("name"), who.Name)
	v.types(field("paperno"), "E1234567")
	v.brings("%PDF-1.5\n%%EOF\n")
	v.ticks("consent")
	v.presses(sendPage)
	v.reads("材料已收到")
	first.judges(who.Name, "right", "一致")
	second.judges(who.Name, "right", "一致")
	v.sees(field("uscc"))

	v.chooses("境外组织")
	v.reads("上传登记证书")
	v.types(field("orgno"), "HK-1234567")
	v.ticks("consent")
	v.brings("%PDF-1.6\n%%EOF\n")
	v.photographs("company-papers")
	v.presses(sendPage)
	v.reads("材料已收到")
	first.judges(who.Company.Name, "right", "一致")
	second.judges(who.Company.Name, "right", "一致")
	v.reads("实名认证已完成")
}

// brings puts a file with this in it into the page.
func (v *visitor) brings(body string) {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), "scan.pdf")
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		v.t.Fatal(err)
	}
	v.clicks("bring a file", chromedp.SetUploadFiles(chromedp.Search(field("papers")), []string{file}))
}
