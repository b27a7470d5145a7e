package flows

import "time"

// 1.3.2 The company proved the other way round: we send it less than a yuan,
// and whoever reads its statement says how much came (M70-M77).

// The steps of the platform's transfer.
const (
	CompanyAccount  State = "company.account"
	CompanyConfirm  State = "company.confirm"
	CompanyPaying   State = "company.paying"
	CompanyAmount   State = "company.amount"
	CompanyChecking State = "company.checking"
	CompanyUntold   State = "company.untold"
)

// AmountWithin is how long the amount may be told (M71).
const AmountWithin = 7 * 24 * time.Hour

var payoutSteps = []Step{
	{
		At:    CompanyAccount,
		Title: "填写对公账户",
		Lines: []int{60, 77},
		Turn:  Turn{"您", "2分钟"},
		Ask:   "第1步，请点开下面的页面填写 {org} 的对公账户。我方会向这个账户汇一笔 1 元以内的款，金额由贵单位财务查到后回填。请不要把账号发在聊天里。",
		Help:  "开户许可证或网银首页上有账号、开户行和支行。没有对公账户，或账户在外资银行，请回复“人工”了解其他方式。",
		Page: &Page{
			ID: PageID(CompanyAccount), Title: "对公账户", Submit: "下一步",
			Intro: "户名必须与认证的单位一致。信息只用于这次认证。",
			Fields: []Field{
				{Key: KeyOrgName, Lines: []int{72}, Label: "户名", Input: InputFixed},
				{Key: KeyProofAccount, Lines: []int{73}, Label: "对公银行账号", Hint: "只填数字", Input: InputNumber, Read: readAccount},
				{Key: KeyProofBank, Lines: []int{74}, Label: "开户银行", Hint: "例如 中国工商银行", Input: InputText, Read: readHeadBank},
				{Key: KeyProofProvince, Lines: []int{75}, Label: "开户行所在省份", Hint: "例如 浙江省", Input: InputProvince, Read: readProvince},
				{Key: KeyProofCity, Lines: []int{75}, Label: "开户行所在城市", Hint: "例如 杭州市", Input: InputText, Read: readCity},
				{Key: KeyProofBranch, Lines: []int{75}, Label: "支行名称", Hint: "例如 杭州文三支行，写几个字也可以", Input: InputText, Read: readBranchWords},
				{Key: KeyProofCode, Lines: []int{75}, Label: "开户行联行号", Hint: "12位数字，不知道可以不填", Input: InputNumber, Optional: true, Read: readPayoutCode},
			},
		},
		Back: CompanyRules,
		Exits: []Exit{
			{On: Answered(), If: branchRenamed, Do: []Action{dropCode}, To: CompanyBranchSearch, Lines: []int{75}},
			{On: Answered(), If: branchElsewhere, Do: []Action{tellBranch}, To: Again, Lines: []int{75}},
			{On: Answered(), If: branchCoded, To: CompanyConfirm, Lines: []int{76}},
			{On: Answered(), Do: []Action{asNamed}, To: CompanyBranchSearch, Lines: []int{75}},
			{On: Picked("改为我们汇款给你们", "改为由我们汇款"), To: CompanyRules, Lines: []int{60}},
		},
	},
	{
		At:    CompanyConfirm,
		Title: "核对对公账户",
		Lines: []int{72, 73, 74, 75, 76},
		Turn:  Turn{"您", "半分钟"},
		Ask: "请核对，我方将向这个账户汇款：\n户名：{org}\n银行账号：{pacct}\n开户银行：{pbank}\n开户行：{pprov}{pcity}，{pbranch}\n联行号：{pcode}\n" +
			"确认后马上汇款，一天最多3次。",
		Help: "账号只显示最后4位。要看全部或修改，点“修改账户”。",
		Back: CompanyAccount,
		Exits: []Exit{
			{On: Picked("确认汇款", "确认", "没问题"), To: CompanyPaying, Lines: []int{76}},
			{On: Picked("修改账户"), To: CompanyAccount, Lines: []int{73}},
			{On: Picked("改为我们汇款给你们", "改为由我们汇款"), To: CompanyRules, Lines: []int{60}},
		},
	},
	carded(working(CompanyPaying, "向贵单位汇款", "正在向 {org} 的对公账户汇款，请稍候。\n{choices}", sendPayout,
		Exit{On: Got(KindPayoutSent), To: CompanyAmount},
		Exit{On: Got(KindPayoutRefused), To: CompanyAccount},
		Exit{On: Got(KindCompanyProved), To: ServiceChoose},
		Exit{On: Picked("换一种方式"), If: away(WayPayout), To: CompanyRules, Tells: notAnswering},
	), "正在向 {org} 的对公账户汇款，请过几分钟再打开。"),
	{
		At:    CompanyAmount,
		Title: "回填收到的金额",
		Lines: []int{70, 71, 77},
		Turn:  Turn{treasurer, "汇款后几分钟到1个工作日"},
		Card: "为核实贵单位的身份，已向 {org} 的对公账户（尾号 {payouttail}）汇款。\n金额在 1 元以内，由支付宝汇出，附言是“账户验证”，一般几分钟到账，最长1个工作日。\n" +
			"请在银行流水里查到这笔款，填写收到的金额。{amounttill} 前有效。\n还可以填的次数：{amounttries}",
		Ask: "第2步，我方已向 {org}（尾号 {payouttail}）汇款，金额在 1 元以内。请点开下面的页面，填写财务查到的金额，也可以直接回复，例如“0.35元”。\n" +
			"{amounttill} 前有效。\n还可以填的次数：{amounttries}",
		Help: "汇款一般几分钟到账，最长1个工作日。附言是“账户验证”。金额请填到分。",
		Page: &Page{
			ID: PageID(CompanyAmount), Title: "回填金额", Submit: "提交",
			Fields: []Field{{Key: KeyAmount, Lines: []int{70, 71}, Label: "收到的金额（元）", Hint: "例如 0.35", Input: InputText, Read: readSmallAmount}},
			Paste:  pastedAmount,
		},
		Back: CompanyRules,
		Exits: []Exit{
			{On: Answered(), To: CompanyChecking, Lines: []int{71}},
			{On: Picked("还没有收到", "没有收到", "没收到"), Do: []Action{checkPayout}, To: Stay},
			{On: Picked("账户填错了", "换一个账户"), To: CompanyAccount},
			{On: Picked("改为我们汇款给你们", "改为由我们汇款"), To: CompanyRules, Lines: []int{60}},
			{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{77}},
			{On: Got(KindPayoutNotYet), To: Again},
			{On: Got(KindPayoutRefused), To: CompanyAccount},
			{On: After(AmountWithin), To: CompanyUntold},
		},
	},
	carded(working(CompanyChecking, "核对金额", "正在核对金额，请稍候。", checkAmount,
		Exit{On: Got(KindCompanyProved), To: ServiceChoose, Lines: []int{71, 77}},
		Exit{On: Got(KindAmountWrong), If: noTryLeft, To: CompanyUntold, Lines: []int{71}},
		Exit{On: Got(KindAmountWrong), To: CompanyAmount, Lines: []int{71}},
		Exit{On: Got(KindPayoutNotYet), To: CompanyAmount},
		Exit{On: Got(KindPayoutRefused), To: CompanyAccount},
	), "正在核对金额，请稍候。"),
	{
		At:    CompanyUntold,
		Title: "金额没有核对上",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "这笔汇款的金额没有核对上，已不能再填。您填写的资料还在，可以重新汇款，也可以改为由贵单位汇款 0.01 元。",
		Help:  "一天最多汇款3次。改为由贵单位汇款不限次数，到账即通过。",
		Back:  CompanyRules,
		Exits: []Exit{
			{On: Picked("改为我们汇款给你们", "改为由我们汇款"), Do: []Action{gaveUp(WayPayout)}, To: CompanyRules, Lines: []int{60}},
			{On: Picked("重新汇款"), If: open(WayPayout), To: CompanyPaying},
			{On: Picked("换一个账户"), To: CompanyAccount},
		},
	},
}

// readHeadBank takes a bank by its name, or by what people call it.
func readHeadBank(text string, at time.Time) (string, error) {
	if bank, ok := FindBank(text); ok && !bank.family {
		return bank.Name, nil
	}
	name, err := readBankName(text, at)
	return PlainBank(name), err
}

// readPayoutCode takes the code of a branch that small amounts can be sent to.
func readPayoutCode(text string, _ time.Time) (string, error) {
	code, err := ReadBranchCode(text)
	if err != nil {
		return "", err
	}
	if code.Foreign {
		return "", &Refusal{"外资银行的账户收不了这样的小额款。请改为由贵单位汇款，或者回复“人工”。", ""}
	}
	return code.Digits, nil
}

var (
	sendPayout = Action{
		Name:    "send the company its transfer",
		Effect:  func(Case) Effect { return SendPayout{} },
		Reports: []Kind{KindPayoutSent, KindPayoutRefused, KindCompanyProved},
	}
	checkPayout = Action{
		Name:    "ask how far the transfer is",
		Effect:  func(Case) Effect { return CheckPayout{} },
		Reports: []Kind{KindPayoutNotYet, KindPayoutRefused, KindCompanyProved},
	}
	checkAmount = Action{
		Name:    "compare the amount",
		Effect:  func(Case) Effect { return CheckAmount{} },
		Reports: []Kind{KindCompanyProved, KindAmountWrong, KindPayoutNotYet, KindPayoutRefused},
	}
	branchElsewhere = &Guard{"the branch's code is another bank's, or of another province", func(c Case, _ Event) bool {
		code, err := ReadBranchCode(c.Form.Text(KeyProofCode))
		return err == nil && codeElsewhere(code, c.Form)
	}}
	tellBranch = Action{Name: "tell that the code is another's", Says: "联行号与填写的开户银行或省份对不上，请核对后再提交；不知道联行号的，可以不填。"}
	noTryLeft  = &Guard{"no try is left", func(_ Case, e Event) bool {
		wrong, ok := e.What.(AmountWrong)
		return ok && wrong.Left == 0
	}}
)
