package flows

import "time"

// State names a step. It is what a parked conversation is stored under, so a
// name once released stays, or is listed in [Flow.Moved].
type State string

// Key names one answer of the Form.
type Key string

// Form is what has been answered and learned so far. Every value is a Secret,
// so that a form never prints what a person typed.
type Form map[Key]Secret

// Has reports whether the form has an answer.
func (f Form) Has(k Key) bool { return !f[k].IsZero() }

// Kept is what is left of the form of a cancelled case: the account, if it was
// asked for, and the proofs, which stay the applicant's. The number of the
// order is kept as a dropped one, so that money which still comes in for it is
// not taken for a later order's.
func (f Form) Kept() Form {
	kept := Form{}
	keep := func(keys ...Key) {
		for _, k := range keys {
			if f.Has(k) {
				kept[k] = f[k]
			}
		}
	}
	keep(KeyManual, KeyScene, KeyQuiet, KeyDropped, KeyPictures)
	for _, doc := range Agreements() {
		keep(consentKey(doc.ID))
	}
	if f.Has(KeyDuty) {
		keep(KeyKind, KeyLogin, KeyMobile, KeyOrgName, KeyTerms, KeyDuty, KeyRegistered)
	}
	if f.Has(KeyPersonProved) {
		keep(KeyName, KeyIDNumber, KeyPersonProved)
	}
	if f.Has(KeyCompanyProved) || f.Has(KeyPayeeAccount) { // its money may still come
		keep(KeyCreditCode, KeyCompanyProved)
	}
	if f.Has(KeyOrderNo) {
		kept[KeyDropped] = f[KeyOrderNo]
	}
	return kept
}

// Text returns an answer in clear.
func (f Form) Text(k Key) string { return f[k].Reveal() }

// Case is where one applicant stands.
type Case struct {
	At     State   `cbor:"1,keyasint,omitempty"`
	Entry  string  `cbor:"2,keyasint,omitempty"` // identifier of the event that led here
	Left   State   `cbor:"3,keyasint,omitempty"` // where a detour began, to return to
	Seq    int64   `cbor:"4,keyasint,omitempty"` // events decided so far
	Form   Form    `cbor:"5,keyasint,omitempty"`
	Owner  Owner   `cbor:"6,keyasint,omitempty"`
	Last   Channel `cbor:"7,keyasint,omitempty"` // how the applicant was last heard
	Misses int     `cbor:"8,keyasint,omitempty"` // misunderstandings in a row

	Unheard []Secret `cbor:"9,keyasint,omitempty"` // what no channel could carry yet, oldest first

	Editing State     `cbor:"10,keyasint,omitempty"` // where an answer is being changed from, to come back to
	Heard   time.Time `cbor:"11,keyasint,omitzero"`  // when the applicant was last heard
	Contact Contact   `cbor:"12,keyasint,omitzero"`

	Unasked  bool `cbor:"15,keyasint,omitempty"` // it was resumed here, and the question was not printed yet
	Away     Ways `cbor:"14,keyasint,omitempty"` // ways that could not be gone when the question was asked
	Proposed Form `cbor:"13,keyasint,omitempty"` // read from messages and pictures for the present page, and not sent in
}

// Contact is when the applicant last did something in WeChat. It limits how
// much may be said there unasked, and until when: more after words of their own
// than after a tap. Both are zero when nothing is known.
type Contact struct {
	Wrote  Second `cbor:"1,keyasint,omitempty"`
	Tapped Second `cbor:"2,keyasint,omitempty"`
}

// Second is a time in seconds of Unix, which is all that WeChat tells, and a
// sixth of the bytes; zero for never.
type Second int64

// SecondOf cuts a time to its second.
func SecondOf(t time.Time) Second { return Second(t.Unix()) }

// Time is when the second began.
func (s Second) Time() time.Time { return time.Unix(int64(s), 0) }

// Owner is who speaks with the applicant: the bot when Kind is empty, the
// queue, or one agent. Epoch grows at each change; whatever was decided under
// an older one is not sent.
type Owner struct {
	Kind  OwnerKind `cbor:"1,keyasint,omitempty"`
	Agent string    `cbor:"2,keyasint,omitempty"`
	Name  string    `cbor:"3,keyasint,omitempty"` // as the applicant is told
	Epoch int64     `cbor:"4,keyasint,omitempty"`
}

// OwnerKind is one of three.
type OwnerKind string

// There is one owner at a time, so there are never two voices.
const (
	OwnerBot   OwnerKind = ""
	OwnerQueue OwnerKind = "queue"
	OwnerAgent OwnerKind = "agent"
)

// Facts is how far an applicant has got, as the ledger knows it. The step to
// resume at follows from it alone.
type Facts struct {
	Form            Form // every saved page, and what reports have told
	Owner           Owner
	Saved           map[PageID]bool    // pages that were sent in, also those on which nothing had to be said
	Agreed          map[string]Consent // the newest in force, by document
	Begun           bool               // the applicant has been here before
	Moved           bool               // they go on with another case
	Registered      bool
	PersonVerified  bool
	CompanyVerified bool
	Ordered         bool
	Paid            bool
	Shipped         bool
	Delivered       bool
	Activated       bool
	Cancelled       bool
}

// The keys of the form: first what people type, then what reports tell.
const (
	KeyKind        Key = "kind"   // KindPerson or KindCompany
	KeyManual      Key = "manual" // the edition that the case began under
	KeyScene       Key = "scene"
	KeyLogin       Key = "login"
	KeyMobile      Key = "mobile"
	KeyCode        Key = "code"
	KeyNewMobile   Key = "newmobile" // that is to take the mobile's place
	KeyWord        Key = "word"      // that our messages with a code carry; the desk knows it
	KeyAloud       Key = "aloud"     // a code can be read aloud, too
	KeyCodes       Key = "codes"     // sent, and nobody registered yet
	KeyRiddle      Key = "riddle"    // the word that somebody is asked to pick
	KeyPassword    Key = "password"  // its hash; the page keeps the rest
	KeyPassword2   Key = "password2"
	KeyOrgName     Key = "org"
	KeyOrgName2    Key = "org2"
	KeyTerms       Key = "terms"
	KeyDuty        Key = "duty"
	KeyName        Key = "name"
	KeyIDNumber    Key = "id"
	KeyConsent     Key = "consent"
	KeyJoin        Key = "join" // code by which the case goes on elsewhere
	KeyJoinUntil   Key = "jointill"
	KeyJoinTo      Key = "jointo"  // channel in which it can be scanned
	KeyJoinURL     Key = "joinurl" // what is scanned
	KeyJoinPicture Key = "joinpic" // address of a picture of that
	KeyJoining     Key = "joining" // code of the case to go on with here
	KeyJoinWhose   Key = "joinwhose"
	KeyOldMobile   Key = "oldmobile" // of the account, until it was changed
	KeyPaper       Key = "paper"     // which paper a person is reviewed by
	KeyPaperNumber Key = "paperno"
	KeyPapers      Key = "papers"   // how many files have come
	KeyOrgNumber   Key = "orgno"    // in any country's register
	KeyFactor      Key = "factor"   // how the person is to be proved: one of the Factors
	KeyBankCard    Key = "bankcard" // forgotten as soon as it was compared
	KeyCreditCode  Key = "uscc"
	KeyOrgKind     Key = "orgkind"
	KeyRules       Key = "rules"

	KeyProofAccount  Key = "pacct" // the company's, which our transfer goes to
	KeyProofBank     Key = "pbank"
	KeyProofProvince Key = "pprov"
	KeyProofCity     Key = "pcity"
	KeyProofBranch   Key = "pbranch"
	KeyBranchWords   Key = "pwords"  // what it is searched for by; the branch as it was filled in, when empty
	KeyProofCode     Key = "pcode"   // of the branch, when somebody knows it
	KeyBranchFound   Key = "pfound"  // branches to choose from
	KeyBranchSaid    Key = "psaid"   // about the branch: a name, words of one, or its code
	KeyBranchPicked  Key = "ppicked" // the branch that was chosen
	KeyAmount        Key = "amount"  // that the company says it got

	KeyService     Key = "service"
	KeyTitle       Key = "title"
	KeyTaxNumber   Key = "tax"
	KeyBank        Key = "bank"
	KeyBankAccount Key = "account"
	KeyOrgAddress  Key = "orgaddr"
	KeyOrgPhone    Key = "orgtel"

	KeyRecipient Key = "to"
	KeyProvince  Key = "prov"
	KeyCity      Key = "city"
	KeyDistrict  Key = "dist"
	KeyDetail    Key = "addr"
	KeyLandline  Key = "totel"
	KeyToMobile  Key = "tomob"

	KeyRegistered    Key = "registered" // milestones, as the reports told them
	KeyPersonProved  Key = "proved"
	KeyCompanyProved Key = "orgproved"

	KeyWhy          Key = "why" // why the last attempt was refused
	KeyFaceURL      Key = "faceurl"
	KeyFaceUntil    Key = "facetill" // deadlines, as a customer reads them
	KeyPayeeUntil   Key = "payeetill"
	KeyPayUntil     Key = "paytill"
	KeyTicketUntil  Key = "tickettill"
	KeyPayeeName    Key = "payee"
	KeyPayeeAccount Key = "payeeno"
	KeyPayeeBank    Key = "payeebank"
	KeyPayoutTail   Key = "payouttail"
	KeyAmountUntil  Key = "amounttill"
	KeyAmountTries  Key = "amounttries" // how often the amount may still be told
	KeyMethod       Key = "method"      // how the company is to be proved: one of the Methods
	KeyAskedKind    Key = "askkind"     // what was answered before a way was chosen
	KeyAskedLegal   Key = "asklegal"
	KeyAskedAlipay  Key = "askalipay"
	KeyAskedBank    Key = "askbank"
	KeyTried        Key = "tried"  // ways of the company that did not work
	KeyPlan         Key = "plan"   // the quickest way, in words
	KeySecond       Key = "planb"  // the next one
	KeyNeeds        Key = "needs"  // what has to be at hand
	KeyBetter       Key = "better" // the quickest way, when it is no transfer
	KeyGrantURL     Key = "granturl"
	KeyGrantUntil   Key = "granttill"
	KeyOrderNo      Key = "order"
	KeyKeyFee       Key = "keyfee"
	KeyCourierFee   Key = "fee"
	KeyTotal        Key = "total"
	KeyPayQR        Key = "payqr"
	KeyTrade        Key = "trade"
	KeyShips        Key = "ships"
	KeyWaybill      Key = "waybill"
	KeyWhere        Key = "where"
	KeyTicket       Key = "ticket"
	KeyKeyStep      Key = "keystep"
	KeySerial       Key = "serial"
	KeyBefore       Key = "before"
	KeyDropped      Key = "dropped"  // number of the order that was cancelled
	KeyQuiet        Key = "quiet"    // the applicant wants no reminders
	KeyPictures     Key = "pictures" // how many were read
	KeyTold         Key = "told"     // step of which the applicant was told that it is slow
)

// The two kinds of applicant (M5).
const (
	KindPerson  = "个人"
	KindCompany = "企业"
)
