package flows

import (
	"slices"
	"strings"
	"time"
)

// 1.3.2 The company proved: it sends 0.01 yuan from its own account.

// The steps of the company's proof.
const (
	CompanyPage     State = "company.page"
	CompanyName     State = "company.name"
	CompanyDiffers  State = "company.differs"
	CompanyLegal    State = "company.legal"
	CompanyKind     State = "company.kind"
	CompanyRules    State = "company.rules"
	CompanyOpening  State = "company.opening"
	CompanyTransfer State = "company.transfer"
	CompanyExpired  State = "company.expired"
)

var companyProof = Chapter{
	Name: "company", Title: "1.3.2 组织机构实名认证", Milestone: "企业实名认证", Proof: KeyCompanyProved, Only: KindCompany,
	Steps: slices.Concat(transferSteps, grantSteps, payoutSteps, branchSteps, companyReviewSteps),
}

var transferSteps = []Step{
	{
		At:    CompanyPage,
		Lines: []int{59},
		Title: "填写企业信息",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "个人实名认证已通过。接下来认证贵单位，请点开下面的页面填写统一社会信用代码或工商注册号，也可以在聊天里直接发代码，或发一张营业执照的照片。\n境外组织没有这个代码，请点“境外组织”，上传材料由人工核验。",
		Help:  "统一社会信用代码在营业执照上，共18位。旧执照上是15位工商注册号。",
		Page: &Page{
			ID: PageID(CompanyPage), Title: "企业实名认证", Submit: "下一步",
			Paste: pastedLicence, Print: pastedLicence,
			Fields: []Field{
				{Key: KeyOrgName, Lines: []int{49}, Label: "企业名称", Input: InputFixed},
				{Key: KeyCreditCode, Lines: []int{50}, Label: "统一社会信用代码或工商注册号", Hint: "18位代码，或15位注册号", Input: InputText, Read: readCompanyCode},
			},
		},
		Past: []Exit{
			{If: paidIndustrial, To: CompanyMethod},
			{If: paidNamed, To: CompanyRules},
		},
		Exits: []Exit{
			{On: Answered(), If: industrialCode, Do: []Action{tellKind, compareName}, To: CompanyMethod, Lines: []int{43, 44}},
			{On: Answered(), Do: []Action{tellKind, compareName, byTransfer}, To: CompanyRules, Lines: []int{43}},
			{On: Picked("境外组织", "我们是境外组织", "境外公司", "外国公司"), To: CompanyPapers, Lines: []int{42}},
			{On: Picked("单位名称不对", "名称不对", "改名了"), To: CompanyName, Lines: []int{49}},
		},
	},
	{
		At:    CompanyName,
		Lines: []int{15, 16, 49},
		Title: "修改单位名称",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "现在登记的名称是：{org}\n请点开下面的页面，填写营业执照或登记证书上的全称。认证通过以后就不能再改了。",
		Help:  "名称要与证照和银行账户上的完全一致，括号、“有限公司”等字都不能少。",
		Page: &Page{
			ID: PageID(CompanyName), Title: "修改单位名称", Submit: "确认修改",
			Fields: []Field{
				{Key: KeyOrgName, Lines: []int{15}, Label: "机构名称", Hint: "请输入中文机构名称", Input: InputText, Read: readOrg},
				{Key: KeyOrgName2, Lines: []int{16}, Label: "机构名称确认", Hint: "请再次输入上述机构名称", Input: InputText, Same: KeyOrgName},
			},
		},
		Exits: []Exit{
			{On: Answered(), To: CompanyPage},
			{On: Picked("不改了", "名称没错", "不修改"), If: hasName, To: CompanyPage},
		},
	},
	{
		At:    CompanyDiffers,
		Lines: []int{16, 49, 50},
		Title: "核对单位名称与代码",
		Turn:  Turn{"您", "1分钟"},
		Ask: "登记的单位名称与代码不一致，请对照营业执照或登记证书核对：\n单位名称：{org}\n代码：{uscc}\n" +
			"登记信息有时要过几天才更新。核对过没有填错的，可以继续办理。",
		Help: "名称要与证照上的完全一致，括号、“有限公司”等字都不能少；代码请逐位核对。刚改名或刚成立的，登记信息可能还没有更新，不影响继续办理。",
		Exits: []Exit{
			{On: Picked("单位名称不对", "名称不对"), To: CompanyName, Lines: []int{16}},
			{On: Picked("代码不对"), To: CompanyPage, Lines: []int{50}},
			{On: Picked("确认无误，继续", "确认无误", "没有填错", WordGoOn), To: Return, Lines: []int{16}},
			{On: After(undecided), To: Return},
		},
	},
	{
		At:    CompanyKind,
		Lines: []int{43},
		Title: "选择组织类型",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "现在登记的是：{orgkind}。请选择正确的组织类型：",
		Help:  "营业执照、事业单位法人证书或社会团体登记证书上写着类型。各种类型都可以用对公汇款认证；没有对公账户的，可以上传材料由人工核验。",
		Back:  CompanyRules,
		Exits: []Exit{
			{On: Picked(OrgEnterprise, "公司"), Do: []Action{note("an enterprise", KeyOrgKind, OrgEnterprise)}, To: CompanyMethod, Lines: []int{43}},
			{On: Picked(OrgSelfEmployed, "个体户"), Do: []Action{note("an individual business", KeyOrgKind, OrgSelfEmployed)}, To: CompanyMethod, Lines: []int{43}},
			{On: Picked(OrgPublic, "机关", "事业单位"), Do: []Action{note("a public body", KeyOrgKind, OrgPublic)}, To: CompanyRules, Lines: []int{43}},
			{On: Picked(OrgSocial, "社会团体", "基金会", "民办非企业"), Do: []Action{note("a social organisation", KeyOrgKind, OrgSocial)}, To: CompanyRules, Lines: []int{43}},
			{On: Picked(OrgOther, "其他"), Do: []Action{note("another organisation", KeyOrgKind, OrgOther)}, To: CompanyRules, Lines: []int{43}},
			{On: Picked("境外组织", "境外公司", "外国公司"), To: CompanyPapers, Lines: []int{42}},
		},
	},
	{
		At:        CompanyRules,
		Lines:     []int{58, 59, 60, 61, 62, 66, 67},
		Title:     "查看打款细则",
		Documents: []Agreement{transferRules},
		Turn:      Turn{"您", "1分钟"},
		Ask: "第1步，查看打款细则。认证信息：{org}（{uscc}）\n组织类型：{orgkind}\n按您说的情况，更合适的是：{better}\n推荐的方式：用本单位的对公账户，向我方汇款 0.01 元（一分钱），到账即通过认证。" +
			"财务不方便汇款的，可以改为我方汇款，由财务回填收到的金额。\n" +
			"· 汇款方必须是 {org}，且必须用对公账户\n· 单笔 0.01 元人民币，不能是其他金额或币种\n· 款项为实名专用，不退还，不开发票\n是否同意？",
		Help: "需要贵单位已开通对公账户。没有对公账户的，请点“没有对公账户”，上传材料由人工核验。",
		Back: CompanyPage,
		Do:   []Action{planRoute},
		Exits: []Exit{
			{On: Picked("我已阅读并同意", "同意"), Do: []Action{agree(transferRules)}, To: CompanyOpening, Lines: []int{67}},
			{On: Picked("改为你们汇款给我们", "平台打款", "你们打款"), If: open(WayPayout), To: CompanyAccount, Lines: []int{60}},
			{On: Picked("换一种方式", "企业支付宝"), If: industrial, Do: []Action{gaveUp(WayTransfer)}, To: CompanyMethod, Lines: []int{44}},
			{On: Picked("修改企业信息"), If: unpaid, To: CompanyPage, Lines: []int{59}},
			{On: Picked("组织类型不对"), To: CompanyKind, Lines: []int{43}},
			{On: Picked("没有对公账户", "人工核验"), To: CompanyPapers},
			{On: Picked("我是法定代表人", "法定代表人", "法人"), If: otherRepresentative, To: CompanyLegal, Lines: []int{41}},
		},
	},
	working(CompanyLegal, "核对登记信息", "正在核对 {org} 登记的法定代表人，请稍候。\n{choices}", compareRepresentative,
		Exit{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{41}},
		Exit{On: Got(KindRepresentativeNamed), Do: []Action{tellNamesake}, To: CompanyRules, Lines: []int{41}},
		Exit{On: Got(KindNotRepresentative), To: CompanyRules, Lines: []int{41}},
		Exit{On: Picked("换一种方式"), If: away(WayRegister), To: CompanyRules, Tells: notAnswering},
	),
	working(CompanyOpening, "准备收款账户", "正在准备收款账户，请稍候。", openTransfer,
		Exit{On: Got(KindTransferOpened), To: CompanyTransfer, Lines: []int{68}},
		Exit{On: Got(KindCompanyProved), To: ServiceChoose},
	),
	{
		At:    CompanyTransfer,
		Rests: &transferRules,
		Lines: []int{61, 62, 63, 64, 65, 68, 69},
		Title: "等待对公汇款到账",
		Turn:  Turn{treasurer, "汇款后几分钟到3个工作日"},
		Card: "请用 {org} 的对公账户汇款，{payeetill} 前有效：\n付款方：{org}\n收款户名：{payee}\n收款账号：{payeeno}\n开户行：{payeebank}\n" +
			"金额：0.01 元（人民币壹分），正好一分钱\n这笔款用于核实贵单位的身份，不退还，不开发票。到账后办理会自动继续，这里不用再做什么。",
		Ask: "第2步，请按下面的账户汇款 0.01 元（人民币壹分），{payeetill} 前有效：\n" +
			"付款方：{org}\n收款户名：{payee}\n收款账号：{payeeno}\n开户行：{payeebank}\n" +
			"请以这个账号为准。到账后这里会自动继续。",
		Help: "请把上面的账户转给贵单位财务。必须用 {org} 的对公账户汇款，金额正好 0.01 元。",
		Back: CompanyRules,
		Exits: []Exit{
			{On: Picked("我已汇款", "已汇款", "汇了"), Do: []Action{checkTransfer}, To: Stay, Lines: []int{69}},
			{On: Picked("换一种方式"), Do: []Action{gaveUp(WayTransfer)}, To: CompanyRules, Lines: []int{60}},
			{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{62, 69}},
			{On: Got(KindTransferWrong), To: Again, Lines: []int{63, 64, 65}},
			{On: Got(KindTransferNotYet), To: Again, Lines: []int{69}},
			{On: After(7 * 24 * time.Hour), To: CompanyExpired},
		},
	},
	{
		At:    CompanyExpired,
		Title: "收款账户已过期",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "7天内没有收到 {org} 的汇款，原来的收款账号已失效。您填写的资料还在。",
		Help:  "重新获取账户后再汇款；向旧账号汇款不会通过认证。",
		Back:  CompanyPage,
		Exits: []Exit{
			{On: Picked("重新获取账户", "重新获取"), To: CompanyOpening},
			{On: Picked("换一种方式"), Do: []Action{gaveUp(WayTransfer)}, To: CompanyRules, Lines: []int{60}},
		},
	},
}

// The kinds of organisation, as the applicant is told (M43).
const (
	OrgEnterprise   = "企业"
	OrgSelfEmployed = "个体工商户"
	OrgPublic       = "机关、事业单位"
	OrgSocial       = "社会组织"
	OrgOther        = "其他组织"
)

// orgKind tells the kind from who registered the organisation, which is how
// its code begins; an old number of fifteen digits is an enterprise's or an
// individual business's, and most are the former. Source: GB 32100-2015, table
// of registering authorities.
func orgKind(code string) string {
	if len(code) == 15 {
		return OrgEnterprise
	}
	switch {
	case strings.HasPrefix(code, "91"):
		return OrgEnterprise
	case strings.HasPrefix(code, "92"):
		return OrgSelfEmployed
	case strings.HasPrefix(code, "1"):
		return OrgPublic
	case strings.HasPrefix(code, "5"), strings.HasPrefix(code, "8"):
		return OrgSocial
	}
	return OrgOther
}

var (
	hasName             = &Guard{"the company has a name", func(c Case, _ Event) bool { return c.Form.Has(KeyOrgName) }}
	otherRepresentative = &Guard{"neither an enterprise nor an individual business, and the register can be asked", func(c Case, e Event) bool {
		return !isIndustrial(c.Form) && open(WayRegister).Holds(c, e)
	}}
	tellNamesake = Action{Name: "tell that a name is not enough", Says: "登记的法定代表人与您同名，但登记里没有证件号码，不能直接通过，请用下面的方式认证。"}

	// A paid order is for the company that it names: no other is proved for it.
	unpaid         = &Guard{"nothing is paid", func(c Case, e Event) bool { return !paidFor.Holds(c, e) }}
	paidNamed      = &Guard{"an order is paid for the company", func(c Case, e Event) bool { return paidFor.Holds(c, e) && c.Form.Has(KeyCreditCode) }}
	paidIndustrial = both(paidNamed, industrial)

	tellKind = Action{Name: "tell its kind from its code", Effect: func(c Case) Effect {
		return Save{Page: PageID(KeyOrgKind), Form: Form{KeyOrgKind: Conceal(orgKind(c.Form.Text(KeyCreditCode))), KeyTried: {}}}
	}}
	// The register has something to say only when it disagrees, and wherever the
	// applicant is by then: nobody waits for it.
	compareName = Action{Name: "look the name up", Effect: func(Case) Effect { return CompareName{} }}
	nameInDoubt = &Guard{"of the company that is being proved", func(c Case, e Event) bool {
		d, ok := e.What.(NameDiffers)
		return ok && (c.Left == "" || route.holds(c.At)) && companyUnproved.Holds(c, e) && unpaid.Holds(c, e) && d.Org == c.Form.Organisation()
	}}

	openTransfer = Action{
		Name:    "prepare for the transfer",
		Effect:  func(Case) Effect { return OpenTransfer{} },
		Reports: []Kind{KindTransferOpened, KindCompanyProved},
	}
	checkTransfer = Action{
		Name:    "look at the statement",
		Effect:  func(Case) Effect { return CheckTransfer{} },
		Reports: []Kind{KindCompanyProved, KindTransferWrong, KindTransferNotYet},
	}
)
