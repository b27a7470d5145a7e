package flows

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// What the applicant agreed to, to be seen and taken back from anywhere (M27,
// M30, M31). The ledger has the record; the case carries when each was given, so
// that the question is answered at once.

// ConsentWithdraw is where somebody takes a consent back.
const ConsentWithdraw State = "consent.withdraw"

// Consent is one that is in force.
type Consent struct {
	Version string
	At      time.Time
}

var consent = Chapter{
	Name: "consent", Title: "撤回授权",
	Steps: []Step{{
		At:    ConsentWithdraw,
		Title: "确认是否撤回授权",
		Turn:  Turn{"您", "半分钟"},
		Ask: "确定要撤回实名认证的授权吗？撤回后，没有完成的认证会停止，为它填写的资料会删除。" +
			"已经完成的认证不受影响：结果按法律规定要保存到证书失效后五年，不会用于别的用途。",
		Help: "不撤回，请回复“不撤回”，会回到刚才那一步。要整个取消办理，请回复“取消”。",
		Exits: []Exit{
			{On: Picked("不撤回"), To: Return},
			{On: Picked("确定撤回"), If: midPerson, Do: withdrawal, To: PersonStart},
			{On: Picked("确定撤回"), If: midCompany, Do: withdrawal, To: CompanyPage},
			{On: Picked("确定撤回"), Do: withdrawal, To: Return},
			{On: After(undecided), Do: []Action{notWithdrawn}, To: Return},
		},
	}},
}

var (
	midPerson    = within("the person is being proved", "person")
	midCompany   = within("the company is being proved", "company")
	notWithdrawn = Action{Name: "tell that nothing was withdrawn", Says: "没有撤回，我们接着办："}
	withdrawal   = []Action{
		withdraw(faceNotice), withdraw(mobileNotice), withdraw(cardNotice), withdraw(grantNotice), withdraw(transferRules), withdraw(reviewNotice),
		{Name: "tell that it was withdrawn", Says: "已撤回授权。"},
	}
)

// withdraw takes back the consent to a document, if it was given.
func withdraw(doc Agreement) Action {
	return Action{Name: "withdraw " + doc.ID, Effect: func(Case) Effect { return Withdraw{Document: doc.ID} }}
}

// What is typed and told while somebody is being proved.
var (
	personsProof   = []Key{KeyName, KeyIDNumber, KeyConsent, KeyFactor, KeyBankCard, KeyPaper, KeyPaperNumber, KeyPapers, KeyFaceURL, KeyFaceUntil}
	companiesProof = []Key{
		KeyCreditCode, KeyOrgNumber, KeyPapers, KeyOrgKind, KeyMethod, KeyRules, KeyProofAccount, KeyProofBank, KeyProofProvince, KeyProofCity, KeyProofBranch, KeyProofCode,
		KeyBranchFound, KeyBranchSaid, KeyBranchWords, KeyBranchPicked, KeyTried,
		KeyAmount, KeyAmountUntil, KeyAmountTries, KeyPayoutTail, KeyPayeeName, KeyPayeeAccount, KeyPayeeBank, KeyPayeeUntil, KeyGrantURL, KeyGrantUntil,
	}
)

// Withdrawn is what is left of a form when its owner takes the consents back.
func (f Form) Withdrawn() Form {
	left := maps.Clone(f)
	maps.DeleteFunc(left, func(k Key, _ Secret) bool {
		return !f.Has(KeyPersonProved) && slices.Contains(personsProof, k) || !f.Has(KeyCompanyProved) && slices.Contains(companiesProof, k)
	})
	return left
}

// consentKey is where a case keeps when a document was agreed to.
func consentKey(document string) Key { return Key("agreed-" + document) }

// agreed notes a consent in the case: when it was given, and to which text.
func (f Form) agreed(document, version string, at time.Time) {
	f[consentKey(document)] = Conceal(at.In(Beijing).Format("2006-01-02 15:04") + consentSep + version)
}

const consentSep = "|"

// agreedTo is the version that was agreed to; empty when that is not known.
func (f Form) agreedTo(document string) string {
	_, version, _ := strings.Cut(f.Text(consentKey(document)), consentSep)
	return version
}

// consents lists what was agreed to and when.
func (m *move) consents(step Step) {
	m.via = "consents"
	var lines []string
	for _, doc := range Agreements() {
		if at, _, _ := strings.Cut(m.c.Form.Text(consentKey(doc.ID)), consentSep); at != "" {
			lines = append(lines, "· "+doc.Title+"，"+at+" 同意")
		}
	}
	if len(lines) == 0 {
		m.say("您还没有同意过任何授权。需要您同意的内容，会先请您看过再问您。")
	} else {
		m.say("您同意过：\n" + strings.Join(lines, "\n") + "\n要收回实名认证的授权，请回复“" + WordWithdraw + "”。不再办理，请回复“" + WordCancel + "”。")
	}
	m.ask(step)
}
