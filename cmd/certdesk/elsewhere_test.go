package main

import (
	"fmt"
	"testing"
)

const (
	inApp    = `//div[@id="alipay-app-view"]`
	sayInApp = `//form[@id="alipay-app-say"]`
	sayIt    = `//form[@id="wechat-say"]`
)

// says sends words by the line at the bottom of a telephone.
func (v *visitor) says(form, text string) {
	v.t.Helper()
	v.types(form+`//input`, text)
	v.presses(form + `//button`)
}

// TestACaseCrossesByACode goes on in the mini-program with a case of the chat,
// and in the chat with a case of the mini-program, by the codes that the two
// telephones show each other.
func TestACaseCrossesByACode(t *testing.T) {
	v, people := visits(t, "elsewhere")
	end := v.opensTheWorld()

	v.presses(`//*[@id="wechat-follow"]`)
	v.hears("请问要办理哪一种证书")
	v.picks("个人证书")
	v.hears("登录名和手机号码")
	v.says(sayIt, "换到支付宝办理")
	v.hears("用支付宝“扫一扫”扫下面的二维码")
	v.presses(inChat + `//button` + saying("用支付宝扫这个码"))
	v.sees(inApp + saying("要在这里接着办“刚开始办的个人证书”吗"))
	v.photographs("app-confirm")
	v.presses(inApp + `//button` + saying("是我自己的"))
	v.hears("已在支付宝接上")
	v.sees(inApp + `//input[@name="login"]`)
	v.presses(inApp + `//button` + saying("使用支付宝绑定的手机号"))
	v.sees(inApp + fmt.Sprintf(`//input[@name="mobile" and @value=%q]`, people[0].Mobile))
	v.photographs("app-page")
	v.presses(`//*[@id="alipay-app-fill"]`)
	v.sees(inApp + `//input[@name="code"]`)
	v.sees(`//*[@id="sms-list"]//button` + saying("复制"))
	v.presses(`//*[@id="alipay-app-fill"]`)
	v.sees(inApp + saying("账号已注册好"))

	v.becomes(people[1])
	v.presses(`//*[@id="alipay-app-open"]`)
	v.presses(inApp + `//button` + saying("企业证书"))
	v.says(sayInApp, "换到微信办理")
	v.sees(inApp + `//img`)
	v.photographs("app-code")
	v.presses(inApp + `//button` + saying("用微信扫这个码")) // by somebody who does not follow the account yet
	v.hears("要在这里接着办“刚开始办的企业证书”吗")
	v.photographs("chat-confirm")
	v.picks("是我自己的")
	v.hears("已在微信接上")
	end()
}
