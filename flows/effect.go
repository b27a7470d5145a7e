package flows

import "time"

// Verb names a sort of effect, for stores and logs.
type Verb string

// Effect is something we ask of the world. An effect carries no personal data
// unless the ledger is to keep it: whoever performs it reads what it needs
// from there. It may be performed twice, late, or after what it asks is done
// already; then it answers with the report that doing it gave.
type Effect interface{ Verb() Verb }

// The verbs. The notes are written into the ledger as they are entered; the
// commands become jobs.
const (
	VerbSave     Verb = "save"
	VerbAgree    Verb = "agree"
	VerbWithdraw Verb = "withdraw"
	VerbOwn      Verb = "own"
	VerbWait     Verb = "wait"

	VerbSendCode              Verb = "send-code"
	VerbRegister              Verb = "register"
	VerbVerifyFace            Verb = "verify-face"
	VerbCheckFace             Verb = "check-face"
	VerbOfferJoin             Verb = "offer-join"
	VerbFindJoin              Verb = "find-join"
	VerbJoin                  Verb = "join"
	VerbWarnPhone             Verb = "warn-phone"
	VerbAskReview             Verb = "ask-review"
	VerbCompareFactors        Verb = "compare-factors"
	VerbChangePhone           Verb = "change-phone"
	VerbOpenTransfer          Verb = "open-transfer"
	VerbCheckTransfer         Verb = "check-transfer"
	VerbFindBranch            Verb = "find-branch"
	VerbSendPayout            Verb = "send-payout"
	VerbCheckPayout           Verb = "check-payout"
	VerbCheckAmount           Verb = "check-amount"
	VerbCompareName           Verb = "compare-name"
	VerbCompareRepresentative Verb = "compare-representative"
	VerbOpenGrant             Verb = "open-grant"
	VerbCheckGrant            Verb = "check-grant"
	VerbPlaceOrder            Verb = "place-order"
	VerbOpenPayment           Verb = "open-payment"
	VerbCheckPayment          Verb = "check-payment"
	VerbBookCourier           Verb = "book-courier"
	VerbOfferActivation       Verb = "offer-activation"
	VerbCancel                Verb = "cancel"
	VerbCallAgent             Verb = "call-agent"
	VerbOrphan                Verb = "orphan"
	VerbReadPicture           Verb = "read-picture"
	VerbSay                   Verb = "say"
)

// Save writes answers to the ledger, sealed, under the page they were given
// on. A later save of the same page replaces it.
type Save struct {
	Page PageID `cbor:"1,keyasint,omitempty"`
	Form Form   `cbor:"2,keyasint,omitempty"`
}

// Agree records that the applicant agreed to a document.
type Agree struct {
	Document string    `cbor:"1,keyasint,omitempty"`
	Version  string    `cbor:"2,keyasint,omitempty"`
	Via      Channel   `cbor:"3,keyasint,omitempty"`
	At       time.Time `cbor:"4,keyasint,omitempty"`
}

// Withdraw takes back the consent to a document, and ends the proofs that are
// not there yet.
type Withdraw struct {
	Document string    `cbor:"1,keyasint,omitempty"`
	At       time.Time `cbor:"2,keyasint,omitempty"`
}

// Own records who owns the conversation from now on.
type Own struct {
	Owner Owner `cbor:"1,keyasint,omitempty"`
}

// Wait sets a clock of the step that was just entered, in the place of the one
// of the same sort that was set before.
type Wait struct {
	Entry string        `cbor:"1,keyasint,omitempty"`
	For   time.Duration `cbor:"2,keyasint,omitempty"`
	ByDay bool          `cbor:"3,keyasint,omitempty"` // rings in the morning rather than at night
	Nudge int           `cbor:"4,keyasint,omitempty"` // number of the reminder that it is; 0 for the step's own clock
}

// SendCode sends a one-time code for one purpose to the saved mobile.
type SendCode struct {
	Purpose Purpose `cbor:"1,keyasint,omitempty"`
	Aloud   Aloud   `cbor:"2,keyasint,omitempty"`
}

// Aloud says that a code is read aloud over the telephone, and not sent by SMS.
type Aloud bool

// Register makes the account from the saved pages, if the code is right.
type Register struct{}

// VerifyFace opens a face verification for the saved person.
type VerifyFace struct{}

// CheckFace asks at once how far the face verification is.
type CheckFace struct{}

// OfferJoin makes a code by which the case goes on in another channel.
type OfferJoin struct {
	To Channel `cbor:"1,keyasint,omitempty"` // where it can be scanned, too
}

// FindJoin asks whose case a code is of.
type FindJoin struct {
	Code Secret `cbor:"1,keyasint,omitempty"`
}

// Join lets whoever speaks here go on with the case that gave the code.
type Join struct {
	Code Secret `cbor:"1,keyasint,omitempty"`
}

// WarnPhone tells the number that an account had that it has another now.
type WarnPhone struct {
	Mobile Secret `cbor:"1,keyasint,omitempty"`
}

// AskReview has staff look at the papers that were sent in.
type AskReview struct {
	Party Party `cbor:"1,keyasint,omitempty"`
}

// CompareFactors has the saved person compared with what is registered for
// their mobile or their bank card, and answers as VerifyFace does.
type CompareFactors struct {
	Factor string `cbor:"1,keyasint,omitempty"`
}

// ChangePhone gives the account its new mobile number, when the person who was
// proved holds it and the saved code is right.
type ChangePhone struct{}

// OpenTransfer prepares for the company's 0.01 yuan.
type OpenTransfer struct{}

// CheckTransfer looks at the bank's statement at once.
type CheckTransfer struct{}

// FindBranch looks for the branch of a bank that the saved account names.
type FindBranch struct{}

// SendPayout sends less than a yuan to the saved account of the company.
type SendPayout struct{}

// CheckPayout asks at once how far that transfer is.
type CheckPayout struct{}

// CheckAmount compares the saved amount with what was sent.
type CheckAmount struct{}

// CompareName asks the register of companies whether the saved name and code
// belong together. Only a no is reported.
type CompareName struct{}

// CompareRepresentative asks the register of companies whether the proved
// person is the saved company's legal representative.
type CompareRepresentative struct{}

// OpenGrant asks the holder of an Alipay account to let us see whose it is.
type OpenGrant struct{}

// CheckGrant asks at once whether the holder agreed.
type CheckGrant struct{}

// PlaceOrder makes the order from the saved pages.
type PlaceOrder struct{}

// OpenPayment opens an attempt to pay the order.
type OpenPayment struct{}

// CheckPayment asks the cashier at once.
type CheckPayment struct{}

// BookCourier has the UKey fetched and brought.
type BookCourier struct{}

// OfferActivation makes the code that opens the activation on the PC.
type OfferActivation struct{}

// Cancel ends the case: open attempts are closed, what was typed is dropped.
type Cancel struct{}

// Why an agent is called. Going on alone takes back the call of whoever just
// asked for one; the others are looked into all the same.
const (
	WhyApplicant = "applicant"
	WhyFraud     = "fraud"
	WhyDistress  = "distress"
	WhyReview    = "review"
)

// CallAgent puts the conversation into the desk's queue.
type CallAgent struct {
	Why string `cbor:"1,keyasint,omitempty"`
}

// Orphan puts a report that nobody waited for before an agent.
type Orphan struct {
	Report Kind `cbor:"1,keyasint,omitempty"`
}

// ReadPicture has a picture read for what a page asks.
type ReadPicture struct {
	Page    PageID `cbor:"1,keyasint,omitempty"`
	Picture Secret `cbor:"2,keyasint,omitempty"`
}

// Say sends replies that could not go out as the answer to a request. Epoch is
// the owner's when they were decided: if it has changed, they are not sent.
type Say struct {
	Replies []Reply `cbor:"1,keyasint,omitempty"`
	Epoch   int64   `cbor:"2,keyasint,omitempty"`
	Agent   string  `cbor:"3,keyasint,omitempty"` // who speaks; empty for the bot
	Worth   Worth   `cbor:"4,keyasint,omitempty"`
	Matter  Matter  `cbor:"5,keyasint,omitempty"`
}

// Worth is what saying something may cost where few messages are allowed.
type Worth string

// News may take the last message that is allowed. What is only useful, a
// reminder or a stop of a parcel, leaves that one for news.
const (
	WorthNews   Worth = ""
	WorthUseful Worth = "useful"
)

// WorthOf tells what is said because of a report.
func WorthOf(what Happening) Worth {
	switch h := what.(type) {
	case Waited:
		if h.Nudge > 0 {
			return WorthUseful
		}
	case ParcelMoved:
		return WorthUseful
	}
	return WorthNews
}

func (Save) Verb() Verb                  { return VerbSave }
func (Agree) Verb() Verb                 { return VerbAgree }
func (Withdraw) Verb() Verb              { return VerbWithdraw }
func (Own) Verb() Verb                   { return VerbOwn }
func (Wait) Verb() Verb                  { return VerbWait }
func (SendCode) Verb() Verb              { return VerbSendCode }
func (Register) Verb() Verb              { return VerbRegister }
func (VerifyFace) Verb() Verb            { return VerbVerifyFace }
func (CheckFace) Verb() Verb             { return VerbCheckFace }
func (OfferJoin) Verb() Verb             { return VerbOfferJoin }
func (FindJoin) Verb() Verb              { return VerbFindJoin }
func (Join) Verb() Verb                  { return VerbJoin }
func (WarnPhone) Verb() Verb             { return VerbWarnPhone }
func (AskReview) Verb() Verb             { return VerbAskReview }
func (CompareFactors) Verb() Verb        { return VerbCompareFactors }
func (ChangePhone) Verb() Verb           { return VerbChangePhone }
func (OpenTransfer) Verb() Verb          { return VerbOpenTransfer }
func (CheckTransfer) Verb() Verb         { return VerbCheckTransfer }
func (FindBranch) Verb() Verb            { return VerbFindBranch }
func (SendPayout) Verb() Verb            { return VerbSendPayout }
func (CheckPayout) Verb() Verb           { return VerbCheckPayout }
func (CheckAmount) Verb() Verb           { return VerbCheckAmount }
func (CompareName) Verb() Verb           { return VerbCompareName }
func (CompareRepresentative) Verb() Verb { return VerbCompareRepresentative }
func (OpenGrant) Verb() Verb             { return VerbOpenGrant }
func (CheckGrant) Verb() Verb            { return VerbCheckGrant }
func (PlaceOrder) Verb() Verb            { return VerbPlaceOrder }
func (OpenPayment) Verb() Verb           { return VerbOpenPayment }
func (CheckPayment) Verb() Verb          { return VerbCheckPayment }
func (BookCourier) Verb() Verb           { return VerbBookCourier }
func (OfferActivation) Verb() Verb       { return VerbOfferActivation }
func (Cancel) Verb() Verb                { return VerbCancel }
func (CallAgent) Verb() Verb             { return VerbCallAgent }
func (Orphan) Verb() Verb                { return VerbOrphan }
func (ReadPicture) Verb() Verb           { return VerbReadPicture }
func (Say) Verb() Verb                   { return VerbSay }

// EffectOf returns an empty effect of a verb, or nil when there is none: for
// the codec of the stores.
func EffectOf(v Verb) Effect {
	for _, e := range []Effect{
		Save{}, Agree{}, Withdraw{}, Own{}, Wait{}, SendCode{}, Register{}, VerifyFace{}, CheckFace{}, CompareFactors{}, AskReview{}, WarnPhone{}, OfferJoin{}, FindJoin{}, Join{}, ChangePhone{}, OpenTransfer{}, CheckTransfer{}, FindBranch{}, SendPayout{}, CheckPayout{}, CheckAmount{},
		CompareName{}, CompareRepresentative{}, OpenGrant{}, CheckGrant{}, PlaceOrder{}, OpenPayment{}, CheckPayment{}, BookCourier{}, OfferActivation{}, Cancel{}, CallAgent{}, Orphan{}, ReadPicture{}, Say{},
	} {
		if e.Verb() == v {
			return e
		}
	}
	return nil
}
