package flows

// 1.3.2 The quickest way for a company that does not know which: four short
// questions, of which most people answer one or two. Nothing that was filled in
// is lost, and the choice can be changed at each step that follows.

// The questions.
const (
	CompanyAsksLegal   State = "company.asks-legal"
	CompanyAsksAlipay  State = "company.asks-alipay"
	CompanyAsksAccount State = "company.asks-account"
	CompanyAsksFinance State = "company.asks-finance"
)

var adviceSteps = []Step{
	{
		At:    CompanyAsksLegal,
		Title: "选最快的方式：法定代表人",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "回答几个问题，帮您选最快的方式。\n第1问：您本人就是 {org} 的法定代表人吗？",
		Help:  "营业执照上“法定代表人”一栏是您本人，就选“是我本人”。个体工商户的经营者也一样。",
		Back:  CompanyMethod,
		Exits: []Exit{
			{On: Picked("是我本人", "是"), Do: []Action{adviseRegister}, To: CompanyComparing},
			{On: Picked("不是我", "不是"), To: CompanyAsksAlipay},
		},
	},
	{
		At:    CompanyAsksAlipay,
		Title: "选最快的方式：企业支付宝",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "第2问：{org} 有实名的企业支付宝吗？由同事管理的也算。",
		Help:  "用支付宝收公司款项的，一般都有。不清楚的话选“没有或不清楚”，之后还可以换。",
		Back:  CompanyAsksLegal,
		Exits: []Exit{
			{On: Picked("有"), Do: []Action{adviseAlipay, byCompany}, To: CompanyDeclare},
			{On: Picked("没有或不清楚", "没有", "不清楚"), To: CompanyAsksAccount},
		},
	},
	{
		At:    CompanyAsksAccount,
		Title: "选最快的方式：对公账户",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "第3问：{org} 有对公银行账户吗？",
		Help:  "对公账户是用单位名称开的银行账户。外资银行的账户也可以选“有”。",
		Back:  CompanyAsksAlipay,
		Exits: []Exit{
			{On: Picked("有"), To: CompanyAsksFinance},
			{On: Picked("没有"), Do: []Action{advisePeople}, To: CompanyPapers},
		},
	},
	{
		At:    CompanyAsksFinance,
		Title: "选最快的方式：谁来汇款",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "第4问：财务这两天能从对公账户汇出一分钱吗？",
		Help:  "不方便汇款的，可以由我们汇给贵单位，财务只要查到金额。外资银行的账户请选“能汇款”。",
		Back:  CompanyAsksAccount,
		Exits: []Exit{
			{On: Picked("能汇款", "能"), Do: []Action{adviseTransfer, byTransfer}, To: CompanyRules},
			{On: Picked("只能查账", "不能"), Do: []Action{advisePayout, byTransfer}, To: CompanyAccount},
		},
	},
}

var (
	adviseRegister = Action{Name: "advise the register", Says: "最快的方式：核对登记信息，一致就直接通过，不到1分钟。"}
	adviseAlipay   = Action{Name: "advise the company's account", Says: "最快的方式：企业支付宝一键授权，约1分钟。"}
	adviseTransfer = Action{Name: "advise a transfer", Says: "最快的方式：用对公账户汇款 0.01 元，一般几分钟到账，最长3个工作日。"}
	advisePayout   = Action{Name: "advise a payout", Says: "最快的方式：由我们汇一笔 1 元以内的款，财务查到金额后回填，一般几分钟，最长1个工作日。"}
	advisePeople   = Action{Name: "advise a review by people", Says: "没有企业支付宝，也没有对公账户的，可以上传材料，由人工核验，一般1个工作日。"}
)
