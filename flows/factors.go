package flows

import "time"

// 1.3.1 The person proved without a face (M33): what they say is compared with
// what a telephone company or a bank knows of them. Both go by the mobile that
// they proved when they registered, so that somebody else's data prove nobody.

// The steps of a person's other ways.
const (
	PersonMethod    State = "person.method"
	PersonMobile    State = "person.mobile"
	PersonCard      State = "person.card"
	PersonComparing State = "person.comparing"
)

// How a person is to be proved.
const (
	FactorFace   = "face"
	FactorMobile = "mobile"
	FactorCard   = "card"
	FactorPapers = "papers"
)

var factorSteps = []Step{
	{
		At:    PersonMethod,
		Lines: []int{30, 33},
		Title: "选择认证方式",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "可以用下面的方式认证，任选一种：\n{choices}",
		Help:  "这些方式都只用于实名认证，不收费。手机号不在您本人名下的，请用支付宝刷脸。",
		Back:  PersonStart,
		Exits: []Exit{
			{On: Picked("支付宝刷脸", "刷脸", "人脸"), If: open(WayFace), To: PersonConsent, Lines: []int{33}, Tells: "· 支付宝刷脸：收集姓名、身份证号，人脸由支付宝采集"},
			{
				On: Picked("用手机号认证", "手机号", "手机"), If: open(WayMobile), Do: []Action{note("by the mobile", KeyFactor, FactorMobile)},
				To: PersonMobile, Lines: []int{33}, Tells: "· 手机号：收集姓名、身份证号，{mobile} 要是您本人实名办理的",
			},
			{
				On: Picked("用银行卡认证", "银行卡"), If: open(WayCard), Do: []Action{note("by the card", KeyFactor, FactorCard)},
				To: PersonCard, Lines: []int{33}, Tells: "· 银行卡：收集姓名、身份证号和银行卡号，{mobile} 要是这张卡的预留手机号",
			},
			{On: Picked("人工核验", "都不方便"), To: PersonPaper, Lines: []int{33}, Tells: "· 人工核验：上传证件照片，一般1个工作日"},
			{On: Picked("暂不实名", "以后再说"), To: PersonLater},
		},
	},
	factorPage(PersonMobile, "用手机号认证", &mobileNotice),
	factorPage(PersonCard, "用银行卡认证", &cardNotice,
		Field{Key: KeyBankCard, Lines: []int{33}, Label: "银行卡号", Hint: "您本人的储蓄卡或信用卡", Input: InputNumber, Read: readBankCard}),
	working(PersonComparing, "核对身份信息", "正在核对您的身份信息，请稍候。\n{choices}", compareFactors,
		Exit{On: Got(KindFaceDone), If: company, To: CompanyPage, Lines: []int{33}},
		Exit{On: Got(KindFaceDone), To: ServiceChoose, Lines: []int{33}},
		Exit{On: Got(KindFaceRefused), To: PersonMethod, Lines: []int{33}},
		Exit{On: Picked("换一种方式"), If: away(WayMobile), To: PersonMethod, Tells: notAnswering},
	),
}

// notAnswering is said of a partner who is away while somebody waits for it.
const notAnswering = "对方系统现在没有回应。您可以先换一种方式，填过的不会丢；也可以再等一会儿，有结果会马上告诉您。"

// factorPage asks for what is compared, and for the consent to just that (M30).
func factorPage(at State, title string, notice *Agreement, own ...Field) Step {
	fields := []Field{
		{Key: KeyName, Lines: []int{35}, Label: "姓名", Hint: "请输入姓名", Input: InputText, Read: readName},
		{Key: KeyIDNumber, Lines: []int{36}, Label: "身份证号", Hint: "请输入身份证号", Input: InputText, Read: readIDNumber},
	}
	fields = append(fields, own...)
	fields = append(fields,
		Field{Key: KeyMobile, Label: "注册的手机号码", Input: InputFixed},
		Field{Key: KeyConsent, Lines: []int{30, 31}, Label: "同意", Input: InputAgree, Read: readAgree, Document: notice},
	)
	return Step{
		At:    at,
		Lines: []int{30, 31, 33},
		Title: title,
		Turn:  Turn{"您", "2分钟"},
		Ask:   "请点开下面的页面，填写后核对。请不要把身份证号和卡号发在聊天里。",
		Help:  "信息要与办理手机号或银行卡时登记的一致。不一致的话可以换一种方式，填过的不会丢。",
		Page: &Page{
			ID: PageID(at), Title: title, Submit: "核对",
			Intro: "填写的信息只用于本次实名认证和证书申请。", Fields: fields,
		},
		Back: PersonMethod,
		Exits: []Exit{
			{On: Answered(), To: PersonComparing, Lines: []int{33}},
			{On: Picked("换一种方式"), To: PersonMethod},
		},
	}
}

var bankCard = &Refusal{"银行卡号是卡面上的13到19位数字，请核对。", "6222020000000000000"}

// readBankCard checks length and the check digit of ISO/IEC 7812.
func readBankCard(text string, _ time.Time) (string, error) {
	n := strip(text, " -")
	if len(n) < 13 || len(n) > 19 {
		return "", bankCard
	}
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i]) - '0'
		if d < 0 || d > 9 {
			return "", bankCard
		}
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	if sum%10 != 0 {
		return "", bankCard
	}
	return n, nil
}

var compareFactors = Action{
	Name:    "compare with what is registered",
	Effect:  func(c Case) Effect { return CompareFactors{Factor: c.Form.Text(KeyFactor)} },
	Reports: []Kind{KindFaceDone, KindFaceRefused},
}
