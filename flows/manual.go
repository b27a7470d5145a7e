package flows

import "strings"

// Version is the edition of the operations manual that this package obeys.
// Each case keeps the version it began under.
const Version = "2024-11-20"

// Manual returns the whole manual. Phone is the certificate service's number
// (M2), said with every help and every failure.
func Manual(phone string) *Flow {
	return &Flow{
		Version:  Version,
		Phone:    phone,
		Download: "http://www.tseal.cn/",
		Start:    Welcome,
		Chapters: []Chapter{
			welcome, route, register, personProof, companyProof, service, payment, delivery, activation, cancelling, consent, phoneChange, elsewhere,
		},
		Whenever: whenever,
		Resumes:  resumes,
		FAQ:      manualFAQ,
		Moved: map[State]State{
			"company.asks-legal": CompanyMethod, "company.asks-alipay": CompanyMethod,
			"company.asks-account": CompanyMethod, "company.asks-finance": CompanyMethod,
		},
	}
}

// whenever holds what is understood in every step: cancelling, and each report
// that comes when its own step has been left.
var whenever = []Exit{
	{On: Picked(WordCancel, "取消办理", "不办了"), If: gone, To: Again},
	{On: Picked(WordCancel, "取消办理", "不办了"), If: afterPayment, To: CancelPaid},
	{On: Picked(WordCancel, "取消办理", "不办了"), To: CancelConfirm},
	{On: Picked(WordWithdraw, "撤回同意", "取消授权"), To: ConsentWithdraw},

	{On: Picked(newPhone, newPhoneWords...), If: phoneMayChange, To: PhoneNew},
	{On: Picked(newPhone, newPhoneWords...), If: phoneMustWait, Do: []Action{phoneUnready}, To: Again},

	{On: Picked(wordElsewhere, elsewhereWords...), To: ElsewhereOpening},
	{On: Picked(wordJoin), If: codeGiven, To: ElsewhereFinding},
	{On: Got(KindJoinReady), To: Stay},
	{On: Got(KindJoinFound), To: Stay},
	{On: Got(KindJoinRefused), To: Again},
	{On: Got(KindJoined), To: Moved},
	{On: Got(KindJoinedBy), To: Again},

	{On: Got(KindCodeSent), To: Stay},
	{On: Got(KindCodeRefused), To: Stay},
	{On: Got(KindRegistered), If: stillRegistering, To: PersonStart},
	{On: Got(KindRegistered), To: Stay},
	{On: Got(KindNotRegistered), To: Stay},
	{On: Got(KindFaceOpened), To: Stay},
	{On: Got(KindFaceRefused), To: Stay},
	{On: Got(KindFaceNotYet), To: Stay},
	{On: Got(KindFaceDone), If: personUnproved, To: CompanyPage},
	{On: Got(KindFaceDone), If: alonePersonUnproved, To: ServiceChoose},
	{On: Got(KindFaceDone), To: Stay},
	{On: Got(KindTransferOpened), To: Stay},
	{On: Got(KindTransferNotYet), To: Stay},
	{On: Got(KindTransferWrong), If: companyUnproved, To: Again},
	{On: Got(KindTransferWrong), To: Stay},
	{On: Got(KindCompanyProved), If: companyUnproved, To: ServiceChoose},
	{On: Got(KindCompanyProved), To: Stay},
	{On: Got(KindBranchesFound), To: Stay},
	{On: Got(KindBranchesUnknown), To: Stay},
	{On: Got(KindPayoutSent), If: asksAccount, To: CompanyAmount},
	{On: Got(KindPayoutSent), To: Stay},
	{On: Got(KindPayoutNotYet), To: Stay},
	{On: Got(KindPayoutRefused), If: companyUnproved, To: Again},
	{On: Got(KindPayoutRefused), To: Stay},
	{On: Got(KindAmountWrong), If: companyUnproved, To: Again},
	{On: Got(KindAmountWrong), To: Stay},
	{On: Got(KindNameDiffers), If: nameInDoubt, To: CompanyDiffers},
	{On: Got(KindNameDiffers), To: Stay},
	{On: Got(KindNotRepresentative), To: Stay},
	{On: Got(KindRepresentativeNamed), To: Stay},
	{On: Got(KindGrantOpened), To: Stay},
	{On: Got(KindGrantNotYet), To: Stay},
	{On: Got(KindCompanyUnproved), If: unfinishedIndustrial, To: CompanyMethod},
	{On: Got(KindCompanyUnproved), If: unfinishedCompany, To: CompanyRules},
	{On: Got(KindCompanyUnproved), To: Stay},
	{On: Got(KindProofLapsed), If: chooses, To: PersonStart},
	{On: Got(KindProofLapsed), To: Stay},
	{On: Got(KindGrantRefused), If: companyUnproved, To: Again},
	{On: Got(KindGrantRefused), To: Stay},
	{On: Got(KindPhoneChanged), Do: []Action{warnPhone}, To: Stay},
	{On: Got(KindPhoneRefused), To: Stay},
	{On: Got(KindOrdered), To: Stay},
	{On: Got(KindPayOpened), To: Stay},
	{On: Got(KindPayRefused), To: Stay},
	{On: Got(KindPayNotYet), To: Stay},
	{On: Got(KindPaid), If: paysNow, To: DeliveryPacking},
	{On: Got(KindPaid), If: paidBefore, To: Stay},
	{On: Got(KindBooked), To: Stay},
	{On: Got(KindShipped), If: packing, To: DeliveryWay},
	{On: Got(KindShipped), To: Stay},
	{On: Got(KindParcelMoved), To: Stay},
	{On: Got(KindParcelTrouble), If: packingUnbooked, Do: []Action{parcelHelp}, To: DeliveryUnbooked},
	{On: Got(KindParcelTrouble), If: packing, Do: []Action{parcelHelp}, To: DeliveryTrouble},
	{On: Got(KindParcelTrouble), Do: []Action{parcelHelp}, To: Stay},
	{On: Got(KindDelivered), If: packing, To: ActivationReady},
	{On: Got(KindDelivered), To: Stay},
	{On: Got(KindTicketReady), To: Stay},
	{On: Got(KindKeyStep), To: Stay},
	{On: Got(KindActivated), If: unfinished, To: Done},
	{On: Got(KindActivated), To: Stay},
	{On: Got(KindAgentCalled), To: Stay},
}

// within makes a guard that holds in the named chapters, counting a detour as
// the step that it left.
func within(name string, chapters ...string) *Guard {
	return &Guard{name, func(c Case, _ Event) bool {
		at := c.At
		if c.Left != "" {
			at = c.Left
		}
		chapter, _, _ := strings.Cut(string(at), ".")
		for _, ch := range chapters {
			if ch == chapter {
				return true
			}
		}
		return false
	}}
}

var (
	stillRegistering     = within("still registering", "register")
	unproved             = within("the person is not proved yet", "person")
	personUnproved       = &Guard{"a company's handler is not proved yet", func(c Case, e Event) bool { return unproved.Holds(c, e) && company.Holds(c, e) }}
	alonePersonUnproved  = &Guard{"the applicant is not proved yet", func(c Case, e Event) bool { return unproved.Holds(c, e) && person.Holds(c, e) }}
	companyUnproved      = within("the company is not proved yet", "company")
	asksAccount          = &Guard{"a late word about an older transfer led back to the account", func(c Case, _ Event) bool { return c.At == CompanyAccount }}
	chooses              = within("nothing is ordered yet", "service")
	unfinishedCompany    = both(within("nothing is activated yet", "service", "payment", "delivery", "activation"), company)
	unfinishedIndustrial = both(unfinishedCompany, industrial)
	paysNow              = &Guard{"for this order, not paid yet", func(c Case, e Event) bool { return paying.Holds(c, e) && ours.Holds(c, e) }}
	paidBefore           = &Guard{"for this order, paid already", func(c Case, e Event) bool { return afterPayment.Holds(c, e) && ours.Holds(c, e) }}
	afterPayment         = &Guard{"paid", func(c Case, e Event) bool {
		return delivered.Holds(c, e) || paidFor.Holds(c, e) && companyUnproved.Holds(c, e)
	}}
	delivered       = within("paid and proved", "delivery", "activation", "done")
	packing         = within("on its way", "delivery")
	packingUnbooked = &Guard{"on its way, nothing is booked", func(c Case, e Event) bool { return packing.Holds(c, e) && unbooked.Holds(c, e) }}
	unfinished      = within("paid, not activated yet", "delivery", "activation")
	gone            = within("cancelled", "cancelled")
)

// resumes says where a case goes on, from the furthest milestone backwards.
var resumes = []Resumption{
	{"gone on elsewhere", func(f Facts) bool { return f.Moved }, Moved},
	{"cancelled", func(f Facts) bool { return f.Cancelled }, Cancelled},
	{"activated", func(f Facts) bool { return f.Activated }, Done},
	{"delivered", func(f Facts) bool { return f.Delivered && !disproved(f) }, ActivationReady},
	{"shipped", func(f Facts) bool { return f.Shipped && !disproved(f) }, DeliveryWay},
	{"paid", func(f Facts) bool { return f.Paid && !disproved(f) }, DeliveryPacking},
	{"ordered", func(f Facts) bool { return f.Ordered && !f.Paid }, PaymentOpening},
	{"address known", func(f Facts) bool { return proved(f) && f.Form.Has(KeyTotal) }, ServiceConfirm},
	{"invoice known", func(f Facts) bool { return proved(f) && f.Form.Has(KeyTitle) && invoiced(f) }, ServiceDelivery},
	{"company's service chosen", func(f Facts) bool {
		return proved(f) && f.Form.Has(KeyTitle) && isCompanyCase(f) && !isOverseas(f.Form)
	}, ServiceInvoice},
	{"untaxed service chosen", func(f Facts) bool { return proved(f) && f.Form.Has(KeyTitle) }, ServiceReceipt},
	{"proved", proved, ServiceChoose},
	{"company has no name yet", func(f Facts) bool { return f.PersonVerified && isCompanyCase(f) && !f.Form.Has(KeyOrgName) }, CompanyName},
	{"company awaits a review", func(f Facts) bool {
		return f.PersonVerified && f.Form.Text(KeyMethod) == MethodPapers && f.Form.Has(KeyPapers)
	}, CompanyReviewing},
	{"company awaits a grant", func(f Facts) bool { return byAlipay(f) && f.Form.Has(KeyGrantUntil) && agreed(f, grantNotice) }, CompanyGranting},
	{"company chose its Alipay account", byAlipay, CompanyDeclare},
	{"company was sent money", func(f Facts) bool { return f.PersonVerified && f.Form.Has(KeyAmountUntil) }, CompanyPaying},
	{"company awaits money", func(f Facts) bool { return f.PersonVerified && f.Form.Has(KeyPayeeAccount) && agreed(f, transferRules) }, CompanyOpening},
	{"company agreed to the transfer's rules", func(f Facts) bool { return f.PersonVerified && f.Form.Has(KeyCreditCode) && agreed(f, transferRules) }, CompanyOpening},
	{"company's branch known", func(f Facts) bool { return isPaidOut(f) && f.Form.Has(KeyProofCode) }, CompanyConfirm},
	{"company's account named", isPaidOut, CompanyBranchSearch},
	{"enterprise named", func(f Facts) bool {
		return f.PersonVerified && f.Form.Has(KeyCreditCode) && isIndustrial(f.Form) && !f.Form.Has(KeyMethod)
	}, CompanyMethod},
	{"company named", func(f Facts) bool { return f.PersonVerified && f.Form.Has(KeyCreditCode) }, CompanyRules},
	{"person proved", func(f Facts) bool { return f.PersonVerified }, CompanyPage},
	{"person awaits a review", func(f Facts) bool {
		return f.Registered && f.Form.Text(KeyFactor) == FactorPapers && f.Form.Has(KeyPapers)
	}, PersonReviewing},
	{"person awaits a comparison", func(f Facts) bool {
		return f.Registered && f.Form.Has(KeyIDNumber) && byFactor(f) && agreed(f, noticeOf(f.Form.Text(KeyFactor)))
	}, PersonComparing},
	{"person named", func(f Facts) bool {
		return f.Registered && f.Form.Has(KeyIDNumber) && byTheFace(f) && agreed(f, faceNotice)
	}, PersonOpening},
	{"person agreed to the check", func(f Facts) bool { return f.Registered && agreed(f, faceNotice) }, PersonPage},
	{"person chose how to be proved", func(f Facts) bool { return f.Registered && byFactor(f) }, PersonMethod},
	{"registered", func(f Facts) bool { return f.Registered }, PersonStart},
	{"company's mobile known", func(f Facts) bool { return f.Form.Has(KeyMobile) && isCompanyCase(f) }, RegisterCompany},
	{"person's mobile known", func(f Facts) bool { return f.Form.Has(KeyMobile) }, RegisterPerson},
	{"kind known", func(f Facts) bool { return f.Form.Has(KeyKind) }, RegisterAccount},
	{"nothing known", func(Facts) bool { return true }, Welcome},
}

// disproved reports whether an order is paid whose company is proved no more.
func disproved(f Facts) bool { return f.Paid && !f.CompanyVerified && isCompanyCase(f) }

func isCompanyCase(f Facts) bool { return f.Form.Text(KeyKind) == KindCompany }

// byFactor reports whether a person chose to be proved without a face.
func byFactor(f Facts) bool {
	factor := f.Form.Text(KeyFactor)
	return factor == FactorMobile || factor == FactorCard
}

// byTheFace reports whether a person is to be proved by the face, which is the way
// of who has chosen none.
func byTheFace(f Facts) bool { return !f.Form.Has(KeyFactor) || f.Form.Text(KeyFactor) == FactorFace }

// noticeOf is what somebody agrees to who is proved by a factor.
func noticeOf(factor string) Agreement {
	if factor == FactorCard {
		return cardNotice
	}
	return mobileNotice
}

// byAlipay reports whether a company chose to be proved by an Alipay account.
func byAlipay(f Facts) bool {
	method := f.Form.Text(KeyMethod)
	return f.PersonVerified && (method == MethodCompany || method == MethodRepresentative)
}

// isPaidOut reports whether a company chose to be sent money, and where.
func isPaidOut(f Facts) bool {
	return f.PersonVerified && f.Form.Text(KeyMethod) == MethodTransfer && f.Form.Has(KeyProofAccount)
}

// invoiced reports whether the invoice's page was sent in: a person may leave
// all of it empty.
func invoiced(f Facts) bool {
	return f.Form.Has(KeyTaxNumber) || f.Saved[PageID(ServiceReceipt)] || f.Saved[PageID(ServiceInvoice)]
}

// agreed reports whether the present version of a document was agreed to.
func agreed(f Facts, doc Agreement) bool { return f.Agreed[doc.ID].Version == doc.Version }

func proved(f Facts) bool {
	return f.PersonVerified && (f.CompanyVerified || !isCompanyCase(f))
}
