package flows

// A new mobile number, from anywhere (M13, M111): the authorisation code goes
// to it, so it changes hands only when the person who was proved holds the new
// one, by what the telephone companies know, and a code sent there comes back.

// The steps of a change of number.
const (
	PhoneNew      State = "phone.new"
	PhoneCode     State = "phone.code"
	PhoneChanging State = "phone.changing"
)

var phoneChange = Chapter{
	Name: "phone", Title: "更换手机号",
	Steps: []Step{
		{
			At:    PhoneNew,
			Title: "填写新手机号",
			Turn:  Turn{"您", "2分钟"},
			Ask: "现在的手机号是 {mobile}。请点开下面的页面填写新号码：它要是 {name} 本人实名办理的，我们会核对，并向它发验证码。" +
				"换好以后，激活授权码会发到新号码。",
			Help: "原来的经办人已经离职的，新经办人请用自己的微信从头办理，认证本人和单位后就可以下单；已付款的订单，或新号码不在您本人名下，请回复“人工”。",
			Page: &Page{
				ID: PageID(PhoneNew), Title: "更换手机号", Submit: "获取验证码",
				Fields: []Field{{Key: KeyNewMobile, Label: "新手机号码", Hint: "11位手机号码", Input: InputMobile, Read: readMobile}},
			},
			Exits: []Exit{
				{On: Answered(), Do: []Action{sendPhoneCode}, To: PhoneCode},
				{On: Picked("不换了", WordGoOn), To: Return},
				{On: After(undecided), Do: []Action{keepPhone}, To: Return},
			},
		},
		{
			At:    PhoneCode,
			Title: "填写验证码",
			Turn:  Turn{"您", "1分钟"},
			Ask:   "验证码会发到 {newmobile}。请点开下面的页面填写，5分钟内有效。\n{word}",
			Help:  "没收到短信？看看拦截记录，60秒后可以重新获取。号码填错了，请点“换一个号码”。\n{aloud}",
			Page: &Page{
				ID: PageID(PhoneCode), Title: "更换手机号", Submit: "确认更换",
				Fields: []Field{{Key: KeyCode, Label: "短信验证码", Hint: "6位数字", Input: InputNumber, Read: readCode}},
			},
			Exits: []Exit{
				{On: Answered(), To: PhoneChanging},
				{On: Picked("重新获取验证码"), Do: []Action{sendPhoneCode}, To: Stay},
				{On: Picked(calling, callWords...), If: callable, Do: []Action{readPhoneCode}, To: Stay},
				{On: Picked("换一个号码"), To: PhoneNew},
				{On: Picked("不换了", WordGoOn), To: Return},
				{On: Got(KindCodeSent), If: wasRead, Do: []Action{phoneCodeRead}, To: Stay},
				{On: Got(KindCodeSent), To: Stay},
				{On: Got(KindCodeRefused), To: Again},
				{On: After(undecided), Do: []Action{keepPhone}, To: Return},
			},
		},
		working(PhoneChanging, "核对新手机号", "正在核对新号码，请稍候。", changePhone,
			Exit{On: Got(KindPhoneChanged), Do: []Action{phoneChanged, warnPhone}, To: Return},
			Exit{On: Got(KindPhoneRefused), To: PhoneNew},
			Exit{On: Picked("先接着办", WordGoOn), To: Return},
		),
	},
}

var (
	sendPhoneCode = Action{
		Name:    "send a code to the new number",
		Effect:  func(Case) Effect { return SendCode{Purpose: PurposePhone} },
		Reports: []Kind{KindCodeSent, KindCodeRefused},
	}
	changePhone = Action{
		Name:    "change the number",
		Effect:  func(Case) Effect { return ChangePhone{} },
		Reports: []Kind{KindPhoneChanged, KindPhoneRefused},
	}
	warnPhone = Action{
		Name:   "tell the old number",
		Effect: func(c Case) Effect { return WarnPhone{Mobile: c.Form[KeyOldMobile]} },
	}
	keepPhone    = Action{Name: "tell that the number stays", Says: "手机号没有更换，我们接着办："}
	phoneChanged = Action{Name: "tell that it was changed", Says: "手机号已更换为 {mobile}。"}
	phoneUnready = Action{Name: "tell that it is too early", Says: "完成个人实名认证后，才能更换手机号。"}

	phoneMayChange = &Guard{"the person is proved", func(c Case, _ Event) bool { return c.Form.Has(KeyPersonProved) }}
	phoneMustWait  = &Guard{"registered, not proved", func(c Case, _ Event) bool { return c.Form.Has(KeyRegistered) }}
)

const newPhone = "换手机号"

var newPhoneWords = []string{"更换手机号", "修改手机号", "改手机号", "手机号换了", "换号码"}
