package flows

import (
	"slices"
	"time"
)

// 1.3.1 The person proved: consent, name and number, face.

// The steps of the person's proof.
const (
	PersonStart   State = "person.start"
	PersonLater   State = "person.later"
	PersonConsent State = "person.consent"
	PersonPage    State = "person.page"
	PersonOpening State = "person.opening"
	PersonScan    State = "person.scan"
	PersonExpired State = "person.expired"
)

var personProof = Chapter{
	Name: "person", Title: "1.3.1 个人实名认证", Milestone: "个人实名认证", Proof: KeyPersonProved,
	Steps: append([]Step{
		{
			At:    PersonStart,
			Lines: []int{20, 21},
			Title: "开始实名认证",
			Turn:  Turn{"您", "3分钟"},
			Ask:   "账号已注册好。接下来需要实名认证，完成前不能下单。\n现在开始吗？",
			Help:  "实名认证由办理人本人用支付宝扫码刷脸完成，约3分钟，不收费。",
			Exits: []Exit{
				{On: Picked("立即实名", "开始", "实名"), To: PersonConsent, Lines: []int{20}},
				{On: Picked("暂不实名", "以后再说"), To: PersonLater, Lines: []int{22}},
			},
		},
		{
			At:    PersonLater,
			Lines: []int{22},
			Title: "实名认证已暂缓",
			Turn:  Turn{"您", "随时可以"},
			Ask:   "好的，您的资料已保存。方便时回复“立即实名”，从这里继续。",
			Help:  "完成实名认证后才能下单。认证约3分钟，不收费。",
			Exits: []Exit{
				{On: Picked("立即实名", "开始", "实名"), To: PersonConsent},
				{On: ByDayAfter(24 * time.Hour), To: PersonStart, Lines: []int{22}},
			},
		},
		{
			At:        PersonConsent,
			Lines:     []int{26, 27, 29, 30, 31, 33, 34},
			Title:     "阅读并同意授权",
			Documents: []Agreement{faceNotice},
			Turn:      Turn{"您", "1分钟"},
			Ask: "推荐用支付宝人脸识别认证，仅支持中国大陆居民身份证。持其他证件，可以上传照片由人工核验。\n" +
				"这种方式会收集：姓名、身份证号；人脸视频由支付宝采集，我们不接收、不保存。\n{choices}\n" +
				"我们不会读取您的支付宝密码，不会用您的账号签署，也不会让您付款。是否同意？",
			Help: "同意后才能开始认证。不想用人脸识别，请点“换一种方式”。同意过的内容随时可以回复“我的授权”查看，回复“撤回授权”收回。",
			Back: PersonStart,
			Exits: []Exit{
				{On: Picked("同意并继续", "同意"), If: open(WayFace), Do: []Action{agree(faceNotice), byFace}, To: PersonPage, Lines: []int{26, 31}},
				{On: Picked("换一种方式", "银行卡", "手机号"), If: away(WayFace), To: PersonMethod, Lines: []int{33}, Tells: "支付宝刷脸暂时用不了，请换一种方式，或过一会儿再来。"},
				{On: Picked("换一种方式", "银行卡", "手机号"), If: open(WayMobile), To: PersonMethod, Lines: []int{33}, Tells: "不想刷脸，可以换手机号或银行卡。"},
				{On: Picked("换一种方式"), To: PersonMethod, Lines: []int{33}},
				{On: Picked("持其他证件", "其他证件", "回乡证", "台胞证", "护照"), To: PersonPaper, Lines: []int{33}},
				{On: Picked("不同意"), To: PersonLater},
			},
		},
		{
			At:    PersonPage,
			Rests: &faceNotice,
			Title: "填写姓名和身份证号",
			Turn:  Turn{"您", "1分钟"},
			Ask:   "请点开下面的页面，填写姓名和身份证号。请不要把身份证号发在聊天里。",
			Help:  "请填写办理人本人的姓名和身份证号，与身份证一致。",
			Page: &Page{
				ID: PageID(PersonPage), Title: "个人实名认证", Submit: "获取二维码",
				Intro: "填写的信息只用于本次实名认证和证书申请，请放心填写。",
				Fields: []Field{
					{Key: KeyName, Lines: []int{35, 37}, Label: "姓名", Hint: "请输入姓名", Input: InputText, Read: readName},
					{Key: KeyIDNumber, Lines: []int{36, 37}, Label: "身份证号", Hint: "请输入身份证号", Input: InputText, Read: readIDNumber},
				},
			},
			Back:  PersonConsent,
			Exits: []Exit{{On: Answered(), To: PersonOpening, Lines: []int{38}}},
		},
		working(PersonOpening, "生成认证二维码", "正在生成支付宝认证二维码，请稍候。\n{choices}", verifyFace,
			Exit{On: Got(KindFaceOpened), To: PersonScan, Lines: []int{38}},
			Exit{On: Got(KindFaceRefused), To: PersonPage},
			Exit{On: Got(KindFaceDone), If: company, To: CompanyPage},
			Exit{On: Got(KindFaceDone), To: ServiceChoose},
			Exit{On: Picked("换一种方式"), If: away(WayFace), To: PersonMethod, Tells: notAnswering},
		),
		{
			At:    PersonScan,
			Rests: &faceNotice,
			Lines: []int{33, 34, 38, 39},
			Title: "用支付宝扫码刷脸",
			Turn:  Turn{"您", "2分钟"},
			Ask: "请用支付宝扫描二维码完成人脸识别，{facetill} 前有效。\n" +
				"二维码不能在微信里打开：请保存图片后用支付宝“扫一扫”选相册，或用另一部手机的支付宝扫描。完成后这里会自动继续。",
			Help: "必须由本人用支付宝刷脸。没有支付宝或刷脸不成功，请点“换一种方式”。要到支付宝小程序里接着办，请回复“换个渠道办理”。",
			QR:   KeyFaceURL,
			Back: PersonPage,
			Exits: []Exit{
				{On: Picked("我已完成认证", "完成了", "已完成"), Do: []Action{checkFace}, To: Stay, Lines: []int{39}},
				{On: Picked("重新获取二维码"), Do: []Action{dropCodeOfFace}, To: PersonOpening, Lines: []int{38}},
				{On: Picked("换一种方式", "刷脸不成功"), To: PersonMethod, Lines: []int{33}},
				{On: Got(KindFaceDone), If: company, To: CompanyPage, Lines: []int{39}},
				{On: Got(KindFaceDone), To: ServiceChoose, Lines: []int{39}},
				{On: Got(KindFaceNotYet), To: Again},
				{On: Got(KindFaceRefused), To: PersonMethod, Lines: []int{33}},
				{On: After(23 * time.Hour), To: PersonExpired},
			},
		},
		{
			At:    PersonExpired,
			Title: "二维码已过期",
			Turn:  Turn{"您", "2分钟"},
			Ask:   "认证二维码已过期，您填写的资料还在。",
			Help:  "重新获取二维码后，用支付宝扫码刷脸即可。",
			Back:  PersonPage,
			Exits: []Exit{
				{On: Picked("重新获取二维码", "重新获取"), To: PersonOpening},
				{On: Picked("换一种方式"), To: PersonMethod},
			},
		},
	}, slices.Concat(factorSteps, personReviewSteps)...),
}

var (
	byFace = note("by the face", KeyFactor, FactorFace)
	// A page of Alipay's takes one look into the camera, of which only a good one
	// is told: whoever asks for another code is given another.
	dropCodeOfFace = Action{Name: "drop the code", Effect: func(Case) Effect {
		return Save{Page: LearnedPage(KindFaceOpened), Form: Form{KeyFaceURL: {}, KeyFaceUntil: {}}}
	}}
	verifyFace = Action{
		Name:    "verify the face",
		Effect:  func(Case) Effect { return VerifyFace{} },
		Reports: []Kind{KindFaceOpened, KindFaceRefused, KindFaceDone},
	}
	checkFace = Action{
		Name:    "ask Alipay",
		Effect:  func(Case) Effect { return CheckFace{} },
		Reports: []Kind{KindFaceDone, KindFaceNotYet},
	}
)
