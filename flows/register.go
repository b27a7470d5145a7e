package flows

import "time"

// 1.2 Registration: the account, its mobile number, its password.

// The steps of registration.
const (
	RegisterNotice  State = "register.notice"
	RegisterAccount State = "register.account"
	RegisterCompany State = "register.company"
	RegisterPerson  State = "register.person"
	RegisterWait    State = "register.wait"
)

var register = Chapter{
	Name: "register", Title: "1.2 用户注册", Milestone: "注册账号", Proof: KeyRegistered,
	Steps: []Step{
		{
			At:    RegisterNotice,
			Lines: []int{6},
			Title: "确认账号类型",
			Turn:  Turn{"您", "半分钟"},
			Ask:   "您即将注册的账号为机构账号，请知悉。如果是给自己办，请改办个人证书。\n认证单位有几种方式，不确定哪种最快，请点“先帮我选”，回答几个短问题，半分钟。",
			Help:  "机构账号用于办理企业证书，之后要认证贵单位。账号类型注册后不能更改。",
			Back:  Welcome,
			Exits: []Exit{
				{On: Picked("我知道了", "知道了", "好的", "确认"), To: RegisterAccount, Lines: []int{6}},
				{On: Picked("先帮我选", "帮我选", "选最快的方式"), To: RouteKind},
				{On: Picked("改办个人证书"), Do: []Action{isPerson}, To: RegisterAccount},
			},
		},
		{
			At:    RegisterAccount,
			Lines: []int{8},
			Title: "填写登录名和手机号",
			Turn:  Turn{"您", "1分钟"},
			Ask:   "请点开下面的页面，填写登录名和手机号码。登录名可用手机号码或邮箱，建议用您常用的；它是唯一的，请谨慎填写。",
			Help:  "登录名是以后登录用的账号，手机号码用来接收注册验证码和激活授权码。",
			Page: &Page{
				ID: PageID(RegisterAccount), Title: "用户注册", Submit: "免费获取验证码",
				Intro: "手机号码以后还会用来接收 UKey 激活授权码，请填写经办人本人的号码。",
				Fields: []Field{
					{Key: KeyLogin, Lines: []int{7, 9}, Label: "登录名", Hint: "手机号码或邮箱", Input: InputText, Read: readLogin},
					{Key: KeyMobile, Lines: []int{8, 13}, Label: "手机号码", Hint: "11位手机号码", Input: InputMobile, Read: readMobile, Known: true},
				},
			},
			Back: Welcome,
			Exits: []Exit{
				{On: Answered(), If: risky, To: RegisterHuman, Lines: []int{10}},
				{On: Answered(), If: company, Do: []Action{countCode, sendRegisterCode}, To: RegisterCompany, Lines: []int{14}},
				{On: Answered(), Do: []Action{countCode, sendRegisterCode}, To: RegisterPerson, Lines: []int{14, 19}},
			},
		},
		humanStep(),
		accountStep(RegisterCompany, []Field{
			{Key: KeyOrgName, Lines: []int{15}, Label: "机构名称", Hint: "请输入中文机构名称", Input: InputText, Read: readOrg},
			{Key: KeyOrgName2, Lines: []int{16}, Label: "机构名称确认", Hint: "请再次输入上述机构名称", Input: InputText, Same: KeyOrgName},
		}),
		accountStep(RegisterPerson, nil),
		working(RegisterWait, "提交注册", "正在为您注册，请稍候。", createAccount,
			Exit{On: Got(KindRegistered), To: PersonStart, Lines: []int{18}},
			Exit{On: Got(KindNotRegistered), If: loginTaken, To: RegisterAccount, Lines: []int{9}},
			Exit{On: Got(KindNotRegistered), If: company, To: RegisterCompany},
			Exit{On: Got(KindNotRegistered), To: RegisterPerson},
		),
	},
}

// accountStep asks for the code and everything secret. The fields for an
// organisation come first; a person has none of them (M19).
func accountStep(at State, own []Field) Step {
	fields := append(own,
		Field{Key: KeyCode, Lines: []int{14}, Label: "短信验证码", Hint: "6位数字", Input: InputNumber, Read: readCode},
		Field{Key: KeyPassword, Lines: []int{11}, Label: "密码", Hint: "8到64位，含字母和数字", Input: InputPassword, Read: ReadPassword},
		Field{Key: KeyPassword2, Lines: []int{12}, Label: "确认密码", Hint: "请再次输入密码", Input: InputPassword, Same: KeyPassword},
		Field{Key: KeyTerms, Lines: []int{17}, Label: "同意", Input: InputAgree, Read: readAgree, Document: &platformTerms},
		Field{Key: KeyDuty, Lines: []int{17}, Label: "同意", Input: InputAgree, Read: readAgree, Document: &subscriberDuty},
	)
	return Step{
		At:    at,
		Title: "设置密码并同意协议",
		Turn:  Turn{"您", "2分钟"},
		Ask:   "验证码会发到 {mobile}。请点开下面的页面，填写验证码和密码，并阅读两份协议。密码请不要发在聊天里。\n{word}",
		Help:  "没收到短信？看看拦截记录，60秒后可以重新获取。号码填错了，回复“返回”重新填写。\n{aloud}",
		Page:  &Page{ID: PageID(at), Title: "用户注册", Submit: "注册", Fields: fields},
		Back:  RegisterAccount,
		Exits: []Exit{
			{On: Answered(), To: RegisterWait, Lines: []int{18}},
			{On: Picked("重新获取验证码", "重发验证码", "没收到"), If: risky, To: RegisterHuman, Lines: []int{10}},
			{On: Picked("重新获取验证码", "重发验证码", "没收到"), Do: []Action{countCode, sendRegisterCode}, To: Stay, Lines: []int{14}},
			{On: Picked(calling, callWords...), If: callableRisky, To: RegisterHuman, Lines: []int{10}},
			{On: Picked(calling, callWords...), If: callable, Do: []Action{countCode, readRegisterCode}, To: Stay, Lines: []int{14}},
			{On: Got(KindCodeSent), If: wasRead, Do: []Action{codeRead}, To: Stay},
			{On: Got(KindCodeSent), Do: []Action{codeSent}, To: Stay},
			{On: Got(KindCodeRefused), To: Again},
			{On: After(24 * time.Hour), Do: []Action{codeExpired}, To: RegisterAccount},
		},
	}
}

var (
	sendRegisterCode = Action{
		Name:    "send a code",
		Effect:  func(Case) Effect { return SendCode{Purpose: PurposeRegister} },
		Reports: []Kind{KindCodeSent, KindCodeRefused},
	}
	createAccount = Action{
		Name:    "register",
		Effect:  func(Case) Effect { return Register{} },
		Reports: []Kind{KindRegistered, KindNotRegistered},
	}
	codeExpired = Action{Name: "tell that the code has expired", Says: "之前的验证码已过期，请重新获取。"}
	codeSent    = Action{Name: "tell that the code is sent", Says: "验证码已发到 {mobile}。\n{aloud}"}
	loginTaken  = &Guard{"the login name cannot be used", func(_ Case, e Event) bool {
		n, ok := e.What.(NotRegistered)
		return ok && n.Field == KeyLogin
	}}
)

// working is a step in which the applicant waits for us, not for themselves:
// it asks the world on arrival, and when nothing has come back for half an
// hour it asks again, says sorry and calls an agent. After that it goes on
// asking in silence, because an apology wears out. Asking again is harmless.
func working(at State, title, ask string, do Action, exits ...Exit) Step {
	return Step{
		At:    at,
		Title: title,
		Turn:  Turn{"我们", "通常不到1分钟"},
		Ask:   ask,
		Help:  "这一步由系统处理，有结果会马上告诉您，不用重复操作。",
		Do:    []Action{do},
		Exits: append(exits,
			Exit{On: After(6 * time.Hour), If: told, Do: []Action{do}, To: Stay},
			Exit{On: After(30 * time.Minute), Do: []Action{callForHelp, noteTold, do}, To: Stay},
		),
	}
}

var (
	noteTold = Action{Name: "note that it was told", Effect: func(c Case) Effect {
		return Save{Page: PageID(KeyTold), Form: Form{KeyTold: Conceal(string(c.At))}}
	}}
	told = &Guard{"told already", func(c Case, _ Event) bool { return c.At != "" && c.Form.Text(KeyTold) == string(c.At) }}
)

var callForHelp = Action{
	Name:    "call an agent",
	Effect:  func(Case) Effect { return CallAgent{Why: "slow"} },
	Reports: []Kind{KindAgentCalled},
	Says:    "这一步比预计的慢，抱歉让您久等。已请客服跟进，有进展马上告诉您，您不用重复操作。",
}
