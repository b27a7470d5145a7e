package flows

import "time"

// The words in which partners are asked and answer. Adapters translate between
// these and a partner's own protocol; nothing of a partner's goes further.

// Person is somebody whose identity is to be proved.
type Person struct {
	Name     Secret
	IDNumber Secret // resident identity card, 18 characters
}

// Organisation is a company as its applicant names it.
type Organisation struct {
	Name       Secret
	CreditCode Secret // 18 characters, or an older number of 15 digits
}

// Organisation is the company that a form names.
func (f Form) Organisation() Organisation {
	return Organisation{Name: f[KeyOrgName], CreditCode: f[KeyCreditCode]}
}

// Proved is the report that the company is proved in its own name.
func (o Organisation) Proved() CompanyProved {
	return CompanyProved{Payer: o.Name, Org: o.Name, Code: o.CreditCode}
}

// Holder is whose an Alipay account is, as Alipay says.
type Holder struct {
	Company    bool
	Certified  bool   // Alipay has proved the holder, and the account is in use
	Name       Secret // as certified
	CreditCode Secret // of a company; empty when Alipay does not show it
}

// Match is what a register of companies says of somebody.
type Match string

// A register without identity numbers can tell a namesake from nobody.
const (
	MatchPerson Match = "person" // name and number are the representative's
	MatchName   Match = "name"   // the name is
	MatchNone   Match = "none"
)

// FaceState is how far a face verification has come.
type FaceState string

// Not yet is never failed: Alipay answers the same for "not begun" and "not
// passed", so only our own deadline ends an attempt.
const (
	FacePending FaceState = "pending"
	FacePassed  FaceState = "passed"
	FaceFailed  FaceState = "failed" // only where the product says so
)

// Bill is one attempt to collect money for an order.
type Bill struct {
	Number  string // the payment attempt's own number, never the order's
	Amount  Fen
	Subject string
	Expires time.Duration // how long it may be paid, from now
}

// TradeState is how far a payment attempt has come at the cashier.
type TradeState string

// A trade that does not exist yet (an unscanned QR) is open, not failed.
const (
	TradeOpen   TradeState = "open"
	TradePaid   TradeState = "paid"
	TradeClosed TradeState = "closed"
)

// Trade is what the cashier knows of a payment attempt.
type Trade struct {
	Number string // ours
	State  TradeState
	Amount Fen
	No     string // the cashier's own number of the trade
	At     time.Time
	Payer  Secret // the cashier's name for who paid; empty when it does not say
}

// Recipient is who a parcel is for.
type Recipient struct {
	Name     Secret
	Mobile   Secret
	Landline Secret // optional
	Province string
	City     string
	District string
	Detail   Secret // street, house, room
}

// Parcel is a shipment to be booked with the courier.
type Parcel struct {
	Number string // ours; the courier refuses a second booking under it
	To     Recipient
	Goods  string
}

// ParcelState is where a parcel is, in our words.
type ParcelState string

// A courier's code that we do not know means ParcelMoving, never
// ParcelDelivered. Once a parcel is returning, a signature is the sender's.
const (
	ParcelBooked    ParcelState = "booked"
	ParcelPicked    ParcelState = "picked"
	ParcelMoving    ParcelState = "moving"
	ParcelOut       ParcelState = "out"
	ParcelProblem   ParcelState = "problem"
	ParcelDelivered ParcelState = "delivered"
	ParcelReturning ParcelState = "returning"
	ParcelReturned  ParcelState = "returned"
)

// Scan is one line of a parcel's history.
type Scan struct {
	ID      string // the courier's, or a hash of the line when it has none
	Parcel  string // our number, when the courier gives it
	Waybill string
	At      time.Time
	State   ParcelState
	Place   string
	Remark  string
	Code    string // the courier's own code, for the log
}

// Payee is an account that money is to be sent to.
type Payee struct {
	Name    string
	Account string
	Bank    string
}

// Payout is money that we send to a company's account.
type Payout struct {
	Number  string // ours: the same number is paid once
	Amount  Fen
	Name    Secret // of the account's holder
	Account Secret
	Bank    string
	// Where the account is kept, down to the branch.
	Province, City, Branch string
	BranchCode             string // twelve digits; empty when nobody knows it
}

// PayoutState is how far a payout is.
type PayoutState string

// A payout that the bank took may come back days later.
const (
	PayoutMoving   PayoutState = "moving" // taken, and not known to have arrived
	PayoutArrived  PayoutState = "arrived"
	PayoutReturned PayoutState = "returned" // not carried out, or sent back by the bank
)

// Credit is one line of a bank statement: money that came in.
type Credit struct {
	Ref          string // the bank's reference, or a hash of the line
	At           time.Time
	Amount       Fen
	Currency     string // "CNY"
	To           string // our account or sub-account
	Payer        Secret
	PayerAccount Secret
	Remark       Secret
}

// Purpose says what a one-time code may be used for.
type Purpose string

// A code for one purpose opens nothing else.
const (
	PurposeRegister Purpose = "register"
	PurposeActivate Purpose = "activate"
	PurposePhone    Purpose = "phone"
)

// OneTime is a code for whoever holds a mobile number.
type OneTime struct {
	ID      string // ours, for the partner's log
	Mobile  Secret
	Purpose Purpose
	Code    Secret
	Word    string // stands beside the code; empty when messages carry none
}

// Subject is whom a certificate speaks of.
type Subject struct {
	Name         Secret // of the person, or of the organisation
	Handler      Secret // who acts for the organisation; empty for a person
	Organisation bool
	CreditCode   string // unified social credit code, of an organisation
}

// Issued is the authority's answer to one certificate job: two certificates, and the
// encryption key under an envelope that only the UKey can open.
type Issued struct {
	SignCert []byte // DER
	EncCert  []byte // DER
	Chain    [][]byte
	Envelope Envelope
}

// Envelope carries a private key to a token. Format names how it is wrapped,
// for example "rsa-oaep-sha1+aes256-kwp".
type Envelope struct {
	Format string
	KEK    []byte // the key-encryption key, under the token's signing key
	Key    []byte // PKCS#8 of the encryption key, under the KEK
}
