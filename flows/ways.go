package flows

import (
	"slices"
	"time"
)

// The ways in which somebody is proved, and one vocabulary for how far each is
// (I1, I2). The desk keeps one contract for all of them, and the ledger tells of
// each attempt in these words, whoever the partner is and whatever it calls them.

// Way is one way of proving a person, or the organisation that they act for.
type Way string

// The first four prove a person.
const (
	WayFace     Way = FactorFace
	WayMobile   Way = FactorMobile
	WayCard     Way = FactorCard
	WayPapers   Way = FactorPapers
	WayRegister Way = "register" // the applicant is the legal representative
	WayAlipay   Way = "alipay"   // an Alipay account, the company's or the representative's own
	WayTransfer Way = "transfer" // the company sends money
	WayPayout   Way = "payout"   // the company says how much it was sent
	WayReview   Way = "review"   // its papers
)

// Ways is a set of them.
type Ways uint16

// inSet are the members, by their bits. Sets are stored: a new way comes last.
var inSet = [...]Way{WayFace, WayMobile, WayCard, WayPapers, WayRegister, WayAlipay, WayTransfer, WayPayout, WayReview}

// WaysOf is the set of some ways.
func WaysOf(some ...Way) (set Ways) {
	for _, w := range some {
		if i := slices.Index(inSet[:], w); i >= 0 {
			set |= 1 << i
		}
	}
	return set
}

// Has reports whether a way is in the set.
func (s Ways) Has(w Way) bool { return s&WaysOf(w) != 0 }

// Label is what a way is called among people.
func (w Way) Label() string { return wayLabels[w] }

var wayLabels = map[Way]string{
	WayFace: "支付宝刷脸", WayMobile: "手机号核对", WayCard: "银行卡核对", WayPapers: "证件人工核验",
	WayRegister: "核对登记的法定代表人", WayAlipay: "支付宝授权", WayTransfer: "对公汇款", WayPayout: "回填我方汇款的金额", WayReview: "单位材料人工核验",
}

// Status is how far an attempt is.
type Status string

// An attempt ends in one of the last eight. A way that was not gone yet has no
// attempt.
const (
	InProgress   Status = "in progress"   // a partner is at work
	AwaitingUser Status = "awaiting user" // the applicant, or a colleague of theirs, has to do something
	InReview     Status = "in review"     // staff have to decide
	Approved     Status = "approved"      // it proves who they are, and counts
	Declined     Status = "declined"      // a definite no
	ToResubmit   Status = "to resubmit"   // what was sent in does not do, and may be sent in anew
	Expired      Status = "expired"       // its time ran out
	Abandoned    Status = "abandoned"     // given up for another way, or cancelled, or its consent taken back
	Lapsed       Status = "lapsed"        // approved so long ago that it counts no more
	Revoked      Status = "revoked"       // approved, and found wrong since
	Disputed     Status = "disputed"      // approved and it counts, though what it rests on is gone: a person decides
)

// Label is what a status is called among people.
func (s Status) Label() string { return statusLabels[s] }

var statusLabels = map[Status]string{
	InProgress: "处理中", AwaitingUser: "等客户", InReview: "等人工核验", Approved: "通过", Declined: "没有通过",
	ToResubmit: "要补充材料", Expired: "过期", Abandoned: "放弃", Lapsed: "通过已失效", Revoked: "通过后被撤销", Disputed: "通过，但款项退回",
}

// Attempt is one try to prove somebody in one way.
type Attempt struct {
	Way    Way
	Number string // ours
	Status Status
	Wrong  int // how often what was shown or said did not do
	At     time.Time
	Until  time.Time // by when it must succeed; zero for no limit
}
