package flows

import "time"

// 1.3.2 The company proved without money: by its own Alipay account, whose
// holder lets us see whose it is, or by the applicant being its legal
// representative (M41, M44-M57).

// The steps of a company's other ways.
const (
	CompanyMethod       State = "company.method"
	CompanyComparing    State = "company.comparing"
	CompanyDeclare      State = "company.declare"
	CompanyGranting     State = "company.granting"
	CompanyGrant        State = "company.grant"
	CompanyGrantExpired State = "company.grant-expired"
)

// GrantWithin is how long the holder of an Alipay account may agree.
const GrantWithin = 23 * time.Hour

// How a company is to be proved (M44, M51), as the applicant is told.
const (
	MethodCompany        = "企业支付宝"
	MethodRepresentative = "法定代表人本人的支付宝"
	MethodTransfer       = "对公汇款"
	MethodPapers         = "人工核验"
)

var grantSteps = []Step{
	{
		At:    CompanyMethod,
		Lines: []int{41, 44, 45, 47, 51, 60},
		Title: "选择认证方式",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "认证信息：{org}（{uscc}）\n按您说的情况，现在最快的是：{plan}\n贵单位开通企业支付宝了吗？\n{choices}",
		Help:  "企业支付宝在“支付宝企业版”开通，支付宝审核一般要几个工作日，通过后才能授权。着急办理，请选对公汇款。",
		Back:  CompanyPage,
		Do:    []Action{planRoute},
		Exits: []Exit{
			{
				On: Picked("已开通，用企业支付宝", "企业支付宝", "已开通"), If: open(WayAlipay), Do: []Action{byCompany},
				To: CompanyDeclare, Lines: []int{44, 45, 51}, Tells: "· 已开通：一键授权，约1分钟，推荐",
			},
			{
				On: Picked("没有开通，用对公汇款", "用对公汇款", "对公汇款", "对公打款", "没有开通", "没开通"), If: open(WayAlipay), Do: []Action{byTransfer},
				To: CompanyRules, Lines: []int{44, 47, 54}, Tells: "· 没有开通：用对公账户汇款，几分钟到3个工作日",
			},
			{
				On: Picked("用对公汇款", "对公汇款", "对公打款", "没有开通", "没开通"), If: away(WayAlipay), Do: []Action{byTransfer},
				To: CompanyRules, Lines: []int{44, 47, 54}, Tells: "· 支付宝授权暂时用不了，可以先用对公账户汇款，几分钟到3个工作日",
			},
			{
				On: Picked("我是法定代表人", "法定代表人", "法人"), If: open(WayRegister),
				To: CompanyComparing, Lines: []int{41}, Tells: "· 您本人就是法定代表人：核对登记信息，一致就直接通过",
			},
			{On: Picked("由你们汇款，我们回填金额", "平台打款"), If: quickest(WayPayout), Do: []Action{byTransfer}, To: CompanyAccount, Lines: []int{60}},
			{On: Picked("上传材料，人工核验", "人工核验"), If: quickest(WayReview), To: CompanyPapers},
			{On: Picked("不确定，帮我选", "帮我选", "不确定"), If: open(WayRegister), To: RouteLegal},
			{On: Picked("不确定，帮我选", "帮我选", "不确定"), To: RouteAlipay},
			{On: Picked("修改企业信息"), If: unpaid, To: CompanyPage},
			{On: Picked("组织类型不对"), To: CompanyKind},
		},
	},
	working(CompanyComparing, "核对登记信息", "正在核对 {org} 登记的法定代表人，请稍候。\n{choices}", compareRepresentative,
		Exit{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{41}},
		Exit{On: Got(KindRepresentativeNamed), Do: []Action{byRepresentative}, To: CompanyDeclare, Lines: []int{51, 53}},
		Exit{On: Got(KindNotRepresentative), Do: []Action{gaveUp(WayRegister)}, To: CompanyMethod, Lines: []int{41}},
		Exit{On: Picked("换一种方式"), If: away(WayRegister), To: CompanyMethod, Tells: notAnswering},
	),
	{
		At:        CompanyDeclare,
		Lines:     []int{28, 52, 53, 55, 57},
		Title:     "声明并同意授权",
		Documents: []Agreement{grantNotice},
		Turn:      Turn{"您", "1分钟"},
		Ask: "接下来用{method}授权。授权前请确认：\n" +
			"· 您已获得 {org} 充分、有效的授权，有权代表它同意芝麻服务协议\n" +
			"· 我们只核对这个支付宝是谁实名的，不读取登录密码、印章、成员和资金\n" +
			"· 这一步只用于身份验证，不会引导您付款；有人借此要您付款，请不要相信\n是否同意？",
		Help: "同意后会得到一个二维码，用{method}扫码授权，约1分钟。不方便的话，请点“换一种方式”，填过的不会丢。",
		Back: CompanyMethod,
		Exits: []Exit{
			{On: Picked("我已阅读并同意", "同意"), Do: []Action{agree(grantNotice)}, To: CompanyGranting, Lines: []int{55}},
			{On: Picked("换一种方式", "不同意"), Do: []Action{gaveUp(WayAlipay)}, To: CompanyMethod, Lines: []int{54}},
		},
	},
	working(CompanyGranting, "生成授权二维码", "正在生成支付宝授权二维码，请稍候。\n{choices}", openGrant,
		Exit{On: Got(KindGrantOpened), To: CompanyGrant, Lines: []int{46}},
		Exit{On: Got(KindGrantRefused), Do: []Action{gaveUp(WayAlipay)}, To: CompanyMethod},
		Exit{On: Got(KindCompanyProved), To: ServiceChoose},
		Exit{On: Picked("换一种方式"), If: away(WayAlipay), To: CompanyMethod, Tells: notAnswering},
	),
	{
		At:    CompanyGrant,
		Rests: &grantNotice,
		Lines: []int{46, 48, 52, 53, 56, 57},
		Title: "用支付宝授权",
		Turn:  Turn{"您，或管企业支付宝的同事", "2分钟"},
		Ask: "请用{method}扫描二维码，登录后一键授权，{granttill} 前有效。企业支付宝由同事管理的，把图片转给同事扫就可以。\n" +
			"二维码不能在微信里打开：请保存图片后用支付宝“扫一扫”选相册，或用另一部手机的支付宝扫描。\n" +
			"授权只用于身份验证，不会要您付款。完成后这里会自动继续。",
		Help: "必须是 {org} 实名的企业支付宝；法定代表人本人办理的，也可以用本人实名的支付宝。都没有的话，请点“换一种方式”，填过的不会丢。",
		QR:   KeyGrantURL,
		Back: CompanyMethod,
		Exits: []Exit{
			{On: Picked("我已完成授权", "完成了", "已完成", "已授权"), Do: []Action{checkGrant}, To: Stay},
			{On: Picked("重新获取二维码", "重新获取"), To: CompanyGranting},
			{On: Picked("换一种方式", "都没有"), Do: []Action{gaveUp(WayAlipay)}, To: CompanyMethod, Lines: []int{54}},
			{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{46, 52, 53}},
			{On: Got(KindGrantRefused), To: Again, Lines: []int{52, 53}},
			{On: Got(KindGrantNotYet), To: Again},
			{On: After(GrantWithin), To: CompanyGrantExpired},
		},
	},
	{
		At:    CompanyGrantExpired,
		Title: "授权二维码已过期",
		Turn:  Turn{"您", "2分钟"},
		Ask:   "授权二维码已过期，您填写的资料还在。",
		Help:  "重新获取二维码后，用{method}扫码授权即可。",
		Back:  CompanyMethod,
		Exits: []Exit{
			{On: Picked("重新获取二维码", "重新获取"), To: CompanyGranting},
			{On: Picked("换一种方式"), Do: []Action{gaveUp(WayAlipay)}, To: CompanyMethod, Lines: []int{54}},
		},
	},
}

var (
	byCompany             = note("by the company's account", KeyMethod, MethodCompany)
	byRepresentative      = note("by the representative's account", KeyMethod, MethodRepresentative)
	byTransfer            = note("by a transfer", KeyMethod, MethodTransfer)
	compareRepresentative = Action{
		Name:    "compare with the register",
		Effect:  func(Case) Effect { return CompareRepresentative{} },
		Reports: []Kind{KindCompanyProved, KindRepresentativeNamed, KindNotRepresentative},
	}
	openGrant = Action{
		Name:    "ask for the holder's word",
		Effect:  func(Case) Effect { return OpenGrant{} },
		Reports: []Kind{KindGrantOpened, KindGrantRefused, KindCompanyProved},
	}
	checkGrant = Action{
		Name:    "ask whether the holder agreed",
		Effect:  func(Case) Effect { return CheckGrant{} },
		Reports: []Kind{KindCompanyProved, KindGrantRefused, KindGrantNotYet},
	}
	// The others are in no register of enterprises, and Alipay has no account
	// for them (M43).
	industrial = &Guard{"an enterprise or an individual business", func(c Case, _ Event) bool { return isIndustrial(c.Form) }}
)

// industrialCode judges a code that was just typed: what was said of the one
// before does not count.
var industrialCode = &Guard{"an enterprise's or an individual business's code", func(c Case, _ Event) bool {
	return isIndustrial(Form{KeyCreditCode: c.Form[KeyCreditCode]})
}}

func isIndustrial(f Form) bool {
	kind := f.Text(KeyOrgKind)
	if kind == "" {
		kind = orgKind(f.Text(KeyCreditCode))
	}
	return kind == OrgEnterprise || kind == OrgSelfEmployed
}

// WhyNot says why an Alipay account does not prove a company, in words for
// whoever showed it, or nothing when it does (M52). The words do not name the
// account's holder: it may be a stranger's.
func (h Holder) WhyNot(org Organisation) string {
	switch {
	case !h.Company:
		return "这是个人支付宝，不能代表单位授权。请用 " + org.Name.Reveal() + " 的企业支付宝。"
	case !h.Certified:
		return "这个企业支付宝还没有完成实名，请先在支付宝完成企业实名，再来授权。"
	case !SamePayee(org.Name.Reveal(), h.Name.Reveal()):
		return "这个企业支付宝的实名单位不是 " + org.Name.Reveal() + "，请换用贵单位的企业支付宝。"
	case !h.CreditCode.IsZero() && h.CreditCode != org.CreditCode:
		return "这个企业支付宝的统一社会信用代码与填写的不一致，请核对填写的代码，或换用贵单位的企业支付宝。"
	}
	return ""
}
