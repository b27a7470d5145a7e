package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The ways of a company, as somebody sees them who has only the world's page
// and a mouse. Who applies is registered and proved over HTTP, which
// TestAPersonClicksTheWholeWay clicks; from the company's page on everything is
// seen and clicked, until the company is proved.

func TestACompanyClicksEachWay(t *testing.T) {
	t.Parallel()
	v, people := visits(t, "company")
	end := v.opensTheWorld()
	for i, way := range []struct {
		name  string
		walks func(v *visitor, who, stranger resident)
	}{
		{"it pays", (*visitor).pays},
		{"it is paid", (*visitor).isPaid},
		{"it shows its Alipay account", (*visitor).showsTheAccount},
		{"its representative shows his own", (*visitor).showsTheirOwn},
		{"its representative applies", (*visitor).represents},
	} {
		t.Run(way.name, func(t *testing.T) {
			v.demo.t = t
			who := people[i]
			a := v.applicant(who.OpenID)
			a.registers(who, forACompany)
			a.provesPerson(who)
			v.becomes(who)
			v.names(who)
			way.walks(v, who, people[(i+1)%len(people)])
			v.presses(shutPage)
			v.asksHowFar()
			v.hears("实名认证已完成")
			v.photographs("proved")
		})
	}
	v.demo.t = t
	end()
}

// becomes plays somebody else.
func (v *visitor) becomes(who resident) {
	v.t.Helper()
	v.selects(`//select[@id="person"]`, who.Name)
}

// asksHowFar has the present question said in the chat, which otherwise may
// have brought no more than a template.
func (v *visitor) asksHowFar() {
	v.t.Helper()
	v.presses(`//button[@data-say="到哪了"]`)
	v.hears("您的办理进度")
}

// names fills in the company's page: a code with a wrong check character first,
// which the page says and keeps.
func (v *visitor) names(who resident) {
	v.t.Helper()
	v.asksHowFar()
	v.presses(inChat + saying("您的办理进度") + `//button[contains(@class, "page")]`)
	v.sees(sendPage)
	v.photographs("page")
	wrong := who.Company.Code[:17] + "0"
	v.types(field("uscc"), wrong)
	v.presses(sendPage)
	v.reads("最后一位校验不对")
	v.sees(field("uscc") + fmt.Sprintf(`[@value=%q]`, wrong))
	v.photographs("page-refused")
	v.fillsIn()
	v.reads("贵单位开通企业支付宝了吗")
	v.photographs("method")
}

// pays sends 0.01 yuan: from somebody else's account first, which the chat
// refuses, and then from the company's.
func (v *visitor) pays(who, stranger resident) {
	v.t.Helper()
	v.chooses("没有开通，用对公汇款")
	v.reads("查看打款细则")
	v.photographs("rules")
	v.chooses("我已阅读并同意")
	v.reads("收款账号")
	account := v.reading(onPage+`//dt[.="收款账号"]/following-sibling::dd`, "textContent")
	v.photographs("account")
	v.transfers(stranger.Name, account)
	v.reads("汇款方与认证的单位名称不一致")
	v.photographs("wrong-payer")
	v.transfers(who.Company.Name, account)
	v.reads("实名认证已完成")
	v.photographs("proved-page")
}

// transfers sends 0.01 yuan at the bank.
func (v *visitor) transfers(payer, account string) {
	v.t.Helper()
	const form = `//form[@id="bank-form"]`
	v.selects(form+`//select`, payer)
	v.types(form+`//input[@name="account"]`, account)
	v.presses(form + `//button`)
	v.sees(`//*[@id="bank-note"]` + saying("已转账 0.01 元"))
}

// isPaid names an account, a number that is none first, and has a colleague
// with a browser of their own tell the amount: what is no amount, a wrong one,
// and the one that the bank shows.
func (v *visitor) isPaid(who, _ resident) {
	v.t.Helper()
	v.chooses("没有开通，用对公汇款")
	v.chooses("改为你们汇款给我们")
	v.sees(field("pacct"))
	v.photographs("bank-account")
	v.types(field("pacct"), "12345")
	v.types(field("pbank"), "建行")
	v.selects(onPage+`//select[@name="pprov"]`, "浙江省")
	v.types(field("pcity"), "宁波市")
	v.types(field("pbranch"), "海曙")
	v.presses(sendPage)
	v.reads("有1处需要修改")
	v.photographs("bank-account-refused")
	v.types(field("pacct"), who.Company.Account)
	v.presses(sendPage)
	v.reads("请选择 中国建设银行 的开户支行")
	v.photographs("branch")
	v.chooses("宁波海曙示例支行")
	v.reads("请核对，我方将向这个账户汇款")
	v.reads("105332000016")
	v.photographs("bank-account-confirm")
	v.chooses("确认汇款")
	v.reads("还可以填的次数：3")
	v.photographs("amount")
	card := v.reading(onPage+`//a[contains(., "给财务的页面")]`, "href")
	const line = `//*[@id="bank-lines"]//p[contains(., "收到账户验证款")]`
	v.sees(line)
	v.photographs("bank")
	v.colleague(card).tellsAmount(strings.TrimSuffix(v.reading(line+`/strong`, "textContent"), " 元"))
}

// colleague is who opens an address that was passed on to them.
func (v *visitor) colleague(address string) *visitor {
	v.t.Helper()
	tab, closeTab := chromedp.NewContext(v.tab, chromedp.WithNewBrowserContext())
	v.t.Cleanup(closeTab)
	if err := chromedp.Do(tab); err != nil { // the tab lives as long as this context
		v.t.Fatal(err)
	}
	c := &visitor{demo: v.demo, tab: tab, journey: "colleague"}
	c.clicks("open "+address, chromedp.EmulateViewport(deskWide, deskHigh), chromedp.Navigate(address))
	return c
}

func (v *visitor) tellsAmount(amount string) {
	v.t.Helper()
	v.sees(field("amount"))
	v.photographs("card")
	v.types(field("amount"), "十元")
	v.presses(sendPage)
	v.reads("0.99 元之间")
	v.sees(field("amount") + `[@value="十元"]`)
	v.photographs("card-refused")
	v.types(field("amount"), other(amount))
	v.presses(sendPage)
	v.reads("金额不对，还可以填2次")
	v.photographs("card-wrong")
	v.types(field("amount"), amount)
	v.presses(sendPage)
	v.reads("单位认证已通过")
	v.photographs("card-over")
}

// showsTheAccount scans the code with another company's account, then with its
// own.
func (v *visitor) showsTheAccount(who, stranger resident) {
	v.t.Helper()
	v.chooses("我是法定代表人")
	v.reads("登记的法定代表人不是您本人")
	v.photographs("no-representative")
	v.chooses("已开通，用企业支付宝")
	v.reads("接下来用企业支付宝授权")
	v.photographs("declare")
	v.agrees(stranger.Company.Name, "这个企业支付宝的实名单位不是 "+who.Company.Name, who.Company.Name)
}

// showsTheirOwn does the same with the accounts of people: the register knows
// the representative by name only.
func (v *visitor) showsTheirOwn(who, stranger resident) {
	v.t.Helper()
	v.chooses("我是法定代表人")
	v.reads("用法定代表人本人的支付宝授权")
	v.photographs("declare-own")
	v.agrees(stranger.Name, "这个支付宝不是您本人实名的", who.Name)
}

// agrees has a wrong account shown, which is refused for a reason, and then the
// right one.
func (v *visitor) agrees(wrong, why, right string) {
	v.t.Helper()
	const (
		agree = `//a[contains(., "同意，去支付宝授权")]`
		again = `//a[contains(., "重新授权")]`
	)
	v.chooses("我已阅读并同意")
	v.sees(onPage + `//section[contains(@class, "code")]//img`)
	v.photographs("grant-code")
	v.selects(`//select[@id="alipay-user"]`, wrong)
	v.presses(`//*[@id="alipay-look"]`)
	v.presses(inAlipay + `//button` + saying("打开网页"))
	v.sees(agree)
	v.photographs("grant")
	v.presses(agree)
	v.presses(`//button[@name="user"]` + saying(wrong))
	v.sees(again)
	v.reads(why)
	v.photographs("grant-refused")
	v.presses(again)
	v.presses(agree)
	v.presses(`//button[@name="user"]` + saying(right))
	v.reads("授权成功")
	v.photographs("granted")
	v.presses(`//div[@id="alipay-page"]//button[@data-close]`)
	v.reads("实名认证已完成")
}

// represents applies for the company whose representative, by number, they are.
func (v *visitor) represents(_, _ resident) {
	v.t.Helper()
	v.chooses("我是法定代表人")
	v.reads("实名认证已完成")
}
