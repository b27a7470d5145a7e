package flows

import (
	"strings"
	"time"
	"unicode/utf8"
)

// 1.3.1 and 1.3.2 by people: who has no mainland identity card, or an
// organisation with neither an Alipay account nor a bank account of its own,
// sends photographs of papers, and two members of staff look at them (M30, M42).

// The steps of a review.
const (
	PersonPaper      State = "person.paper"
	PersonPapers     State = "person.papers"
	PersonReviewing  State = "person.reviewing"
	CompanyPapers    State = "company.papers"
	CompanyReviewing State = "company.reviewing"
)

// Party is whom a review is about.
type Party string

// A review is about the applicant, or about the organisation they act for.
const (
	PartyPerson  Party = "person"
	PartyCompany Party = "company"
)

// Review is what two members of staff decide about.
type Review struct {
	Party  Party  `cbor:"1,keyasint,omitempty"`
	Paper  string `cbor:"2,keyasint,omitempty"` // what the number is of: a passport, a register
	Name   Secret `cbor:"3,keyasint,omitempty"`
	Number Secret `cbor:"4,keyasint,omitempty"`
}

// The papers by which a person is reviewed.
const (
	PaperHongKong  = "港澳居民来往内地通行证"
	PaperTaiwan    = "台湾居民来往大陆通行证"
	PaperResidence = "外国人永久居留身份证"
	PaperPassport  = "护照"
	PaperIdentity  = "居民身份证"
	paperRegister  = "登记证书"
)

// ReviewOf is the review that the saved answers ask for. It reports whether
// nothing is missing.
func (f Form) ReviewOf(p Party) (Review, bool) {
	r := Review{Party: p, Paper: f.Text(KeyPaper), Name: f[KeyName], Number: f[KeyPaperNumber]}
	if p == PartyCompany {
		r.Paper, r.Name, r.Number = paperRegister, f[KeyOrgName], f[KeyOrgNumber]
	}
	return r, r.Paper != "" && !r.Name.IsZero() && !r.Number.IsZero()
}

// reviewTakes is how long staff have before somebody is called to it again.
const reviewTakes = 3 * 24 * time.Hour

// aboutReview is who decides, and how long that takes.
var aboutReview = Turn{"客服", "1个工作日内"}

var personReviewSteps = []Step{
	{
		At:    PersonPaper,
		Lines: []int{30},
		Title: "选择证件",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "不能刷脸，也不能用手机号和银行卡核对的，可以上传证件照片，由客服人工核验，一般1个工作日。\n您用哪一种证件？",
		Help:  "证件要在有效期内，姓名和号码要看得清。",
		Back:  PersonConsent,
		Exits: []Exit{
			{On: Picked(PaperHongKong, "回乡证", "港澳通行证"), Do: []Action{note("by a permit of Hong Kong or Macao", KeyPaper, PaperHongKong)}, To: PersonPapers},
			{On: Picked(PaperTaiwan, "台胞证"), Do: []Action{note("by a permit of Taiwan", KeyPaper, PaperTaiwan)}, To: PersonPapers},
			{On: Picked(PaperResidence, "永居证", "外国人永居证"), Do: []Action{note("by a residence card", KeyPaper, PaperResidence)}, To: PersonPapers},
			{On: Picked(PaperPassport), Do: []Action{note("by a passport", KeyPaper, PaperPassport)}, To: PersonPapers},
			{On: Picked(PaperIdentity, "身份证"), Do: []Action{note("by an identity card", KeyPaper, PaperIdentity)}, To: PersonPapers},
			{On: Picked("换一种方式"), To: PersonMethod},
		},
	},
	{
		At:    PersonPapers,
		Lines: []int{30, 31},
		Title: "上传证件照片",
		Turn:  Turn{"您", "3分钟"},
		Ask:   "请点开下面的页面，填写{paper}上的姓名和号码，上传有照片的一面和反面。请不要把证件照片发在聊天里。",
		Help:  "照片要拍全四个角，不反光，字看得清。支持 JPG、PNG 和 PDF，每份不超过 8 MB。",
		Page: &Page{
			ID: PageID(PersonPapers), Title: "上传证件照片", Submit: "提交核验",
			Intro: "上传的照片只用于本次核验和证书申请，加密保存，只有核验人员能看到。",
			Fields: []Field{
				{Key: KeyPaper, Label: "证件", Input: InputFixed},
				{Key: KeyName, Label: "姓名", Hint: "与证件上一致", Input: InputText, Read: readHolder},
				{Key: KeyPaperNumber, Label: "证件号码", Hint: "字母和数字", Input: InputText, Read: readPaperNumber},
				{Key: KeyPapers, Label: "证件照片", Input: InputFile, Read: readPapers},
				{Key: KeyConsent, Lines: []int{30, 31}, Label: "同意", Input: InputAgree, Read: readAgree, Document: &reviewNotice},
			},
		},
		Back: PersonPaper,
		Exits: []Exit{
			{On: Answered(), Do: []Action{note("by papers", KeyFactor, FactorPapers)}, To: PersonReviewing},
			{On: Picked("换一种证件"), To: PersonPaper},
		},
	},
	{
		At:    PersonReviewing,
		Title: "等待人工核验",
		Turn:  aboutReview,
		Ask:   "材料已收到，正在由客服核验，一般1个工作日内有结果，会在这里告诉您。",
		Help:  "核验由两位工作人员先后完成。材料要补充或换一种方式认证，点下面的选项就可以，不用等。",
		Do:    []Action{askPersonReview},
		Exits: []Exit{
			{On: Picked("补充材料"), To: PersonPapers},
			{On: Picked("换一种方式"), To: PersonConsent},
			{On: Got(KindFaceDone), If: company, To: CompanyPage},
			{On: Got(KindFaceDone), To: ServiceChoose},
			{On: Got(KindFaceRefused), To: PersonPapers},
			{On: After(reviewTakes), Do: []Action{callForReview}, To: Stay},
		},
	},
}

var companyReviewSteps = []Step{
	{
		At:    CompanyPapers,
		Lines: []int{42},
		Title: "上传单位材料",
		Turn:  Turn{"您", "3分钟"},
		Ask:   "请点开下面的页面，填写 {org} 的代码或注册号，上传登记证书（营业执照、注册证明等）和盖章的授权书。由客服人工核验，一般1个工作日。",
		Help:  "授权书写明委托您办理数字证书，盖公章；境外组织由有权签字的人签字。支持 JPG、PNG 和 PDF，每份不超过 8 MB。",
		Page: &Page{
			ID: PageID(CompanyPapers), Title: "上传单位材料", Submit: "提交核验",
			Intro: "上传的材料只用于本次核验和证书申请，加密保存，只有核验人员能看到。",
			Fields: []Field{
				{Key: KeyOrgName, Label: "单位名称", Input: InputFixed},
				{Key: KeyOrgNumber, Label: "统一社会信用代码或注册号", Hint: "境外组织填注册证明上的号码", Input: InputText, Read: readOrgNumber},
				{Key: KeyPapers, Label: "登记证书和授权书", Input: InputFile, Read: readPapers},
				{Key: KeyConsent, Lines: []int{30, 31}, Label: "同意", Input: InputAgree, Read: readAgree, Document: &reviewNotice},
			},
		},
		Back: CompanyPage,
		Exits: []Exit{
			{On: Answered(), Do: []Action{note("by papers", KeyMethod, MethodPapers)}, To: CompanyReviewing},
			{On: Picked("换一种方式"), To: CompanyPage},
		},
	},
	{
		At:    CompanyReviewing,
		Title: "等待人工核验",
		Turn:  aboutReview,
		Ask:   "{org} 的材料已收到，正在由客服核验，一般1个工作日内有结果，会在这里告诉您。",
		Help:  "核验由两位工作人员先后完成。材料要补充或换一种方式认证，点下面的选项就可以，不用等。",
		Do:    []Action{askCompanyReview},
		Exits: []Exit{
			{On: Picked("补充材料"), To: CompanyPapers},
			{On: Picked("换一种方式"), To: CompanyPage},
			{On: Got(KindCompanyProved), To: ServiceChoose},
			{On: Got(KindGrantRefused), To: CompanyPapers},
			{On: After(reviewTakes), Do: []Action{callForReview}, To: Stay},
		},
	},
}

var (
	askPersonReview = Action{
		Name:    "ask staff to look at the papers",
		Effect:  func(Case) Effect { return AskReview{Party: PartyPerson} },
		Reports: []Kind{KindFaceDone, KindFaceRefused},
	}
	askCompanyReview = Action{
		Name:    "ask staff to look at the organisation's papers",
		Effect:  func(Case) Effect { return AskReview{Party: PartyCompany} },
		Reports: []Kind{KindCompanyProved, KindGrantRefused},
	}
	callForReview = Action{
		Name:    "call an agent to the review",
		Effect:  func(Case) Effect { return CallAgent{Why: WhyReview} },
		Reports: []Kind{KindAgentCalled},
		Says:    "抱歉让您久等了，已再次请客服尽快核验。",
	}
)

// readHolder takes a name as it stands on any country's papers.
func readHolder(text string, _ time.Time) (string, error) {
	name := strings.Join(strings.Fields(text), " ")
	if n := utf8.RuneCountInString(name); n < 2 || n > 60 || strings.ContainsAny(name, "<>0123456789@") {
		return "", &Refusal{"姓名请与证件上一致，2到60个字。", "CHAN TAI MAN"}
	}
	return name, nil
}

// readPaperNumber takes what stands on a paper, without judging its form: the
// forms differ by country and year, and people compare it.
func readPaperNumber(text string, _ time.Time) (string, error) {
	return paperNumber(text, &Refusal{"证件号码是5到30位字母和数字，请核对。", "H12345678"})
}

// readOrgNumber is the same for a register; a code of the mainland is checked.
func readOrgNumber(text string, at time.Time) (string, error) {
	if code, err := readCompanyCode(text, at); err == nil {
		return code, nil
	}
	return paperNumber(text, &Refusal{"代码或注册号是5到30位字母和数字，请核对。", "91330106MA0000015K"})
}

func paperNumber(text string, refusal *Refusal) (string, error) {
	n := strings.ToUpper(strip(text, " -/()（）"))
	if len(n) < 5 || len(n) > 30 || strings.Trim(n, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", refusal
	}
	return n, nil
}

// readPapers takes the number of files that have come.
func readPapers(text string, _ time.Time) (string, error) {
	if text == "" || text == "0" {
		return "", &Refusal{"请至少上传一份照片或 PDF。", ""}
	}
	return text, nil
}
