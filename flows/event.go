package flows

import "time"

// Event is something that happened. Its identifier is stable over
// redeliveries, and nothing in this package knows any other time than At.
type Event struct {
	ID   string
	At   time.Time
	Via  Channel
	What Happening
	Tap  Tap
	Away Ways // that cannot be gone now: nobody is configured for them, or does not answer
}

// Tap says that the applicant pressed, scanned or followed something, and sent
// no words of their own.
type Tap bool

// Channel is how an event reached us.
type Channel string

// Reports and timers come from within; everything else from people.
const (
	WeChat  Channel = "wechat"
	Alipay  Channel = "alipay"
	Web     Channel = "web"
	Console Channel = "console"
	Within  Channel = "within"
)

// Kind names a sort of event, for the table and for stored reports.
type Kind string

// Happening is what an [Event] tells. The set is closed: see [HappeningOf].
type Happening interface{ Kind() Kind }

// The kinds of happening: first what people do, then what the world reports.
const (
	KindSaid      Kind = "said"
	KindSent      Kind = "sent"
	KindFilled    Kind = "filled"
	KindFollowed  Kind = "followed"
	KindLeft      Kind = "left"
	KindTaken     Kind = "taken"
	KindHanded    Kind = "handed"
	KindAgentSaid Kind = "agent-said"
	KindUnheard   Kind = "unheard"

	KindPhoneKnown Kind = "phone-known"

	KindWaited              Kind = "waited"
	KindCodeSent            Kind = "code-sent"
	KindCodeRefused         Kind = "code-refused"
	KindRegistered          Kind = "registered"
	KindNotRegistered       Kind = "not-registered"
	KindFaceOpened          Kind = "face-opened"
	KindFaceRefused         Kind = "face-refused"
	KindFaceDone            Kind = "face-done"
	KindFaceNotYet          Kind = "face-not-yet"
	KindNameDiffers         Kind = "name-differs"
	KindNotRepresentative   Kind = "not-representative"
	KindRepresentativeNamed Kind = "representative-named"
	KindTransferOpened      Kind = "transfer-opened"
	KindCompanyProved       Kind = "transfer-seen"
	KindTransferWrong       Kind = "transfer-wrong"
	KindTransferNotYet      Kind = "transfer-not-yet"
	KindBranchesFound       Kind = "branches-found"
	KindBranchesUnknown     Kind = "branches-unknown"
	KindPayoutSent          Kind = "payout-sent"
	KindPayoutRefused       Kind = "payout-refused"
	KindPayoutNotYet        Kind = "payout-not-yet"
	KindAmountWrong         Kind = "amount-wrong"
	KindGrantOpened         Kind = "grant-opened"
	KindGrantRefused        Kind = "grant-refused"
	KindGrantNotYet         Kind = "grant-not-yet"
	KindCompanyUnproved     Kind = "company-unproved"
	KindJoinReady           Kind = "join-ready"
	KindJoinFound           Kind = "join-found"
	KindJoinRefused         Kind = "join-refused"
	KindJoined              Kind = "joined"
	KindJoinedBy            Kind = "joined-by"
	KindProofLapsed         Kind = "proof-lapsed"
	KindPhoneChanged        Kind = "phone-changed"
	KindPhoneRefused        Kind = "phone-refused"
	KindOrdered             Kind = "ordered"
	KindPayOpened           Kind = "pay-opened"
	KindPayRefused          Kind = "pay-refused"
	KindPayNotYet           Kind = "pay-not-yet"
	KindPaid                Kind = "paid"
	KindBooked              Kind = "booked"
	KindShipped             Kind = "shipped"
	KindParcelMoved         Kind = "parcel-moved"
	KindDelivered           Kind = "delivered"
	KindParcelTrouble       Kind = "parcel-trouble"
	KindTicketReady         Kind = "ticket-ready"
	KindKeyStep             Kind = "key-step"
	KindActivated           Kind = "activated"
	KindAgentCalled         Kind = "agent-called"
	KindPictureRead         Kind = "picture-read"
)

// Said is text from the applicant. Choice is set when a printed choice was
// tapped; it is checked against the present step, because an old choice stays
// tappable for ever.
type Said struct {
	Text   string
	Choice string
}

// Sent is anything that is not text: a picture, a voice message, a place.
// Picture is where the channel keeps a picture; empty for everything else.
type Sent struct {
	Media   string
	Picture Secret `cbor:",omitempty"`
}

// Filled is a page sent in. The values are as typed; a password arrives as
// its hash only.
type Filled struct {
	Page   PageID
	Values Form
}

// Followed says that a person opened the conversation, perhaps by a code that
// carries a scene: a project, or a case to go on with.
type Followed struct{ Scene string }

// Left says that the person unfollowed: nothing reaches them there now.
type Left struct{}

// Taken says that an agent took the conversation over. From is the agent whom
// the taker saw as its owner and means to replace; empty when there was none.
type Taken struct{ Agent, Name, From string }

// Handed says that the agent gave the conversation back to the bot.
type Handed struct{ Agent string }

// AgentSaid is what an agent writes to the applicant.
type AgentSaid struct{ Agent, Text string }

// Unheard says that these texts could not be delivered: no channel to the
// applicant was open.
type Unheard struct{ Texts []Secret }

// PhoneKnown is the number under which the channel knows the applicant, who had it
// told.
type PhoneKnown struct{ Mobile Secret }

// Waited is a clock that ran out. Entry is the entry into the step that set
// the clock; a clock of an earlier entry is ignored. Nudge is the number of the
// reminder that is due, or 0 for the step's own clock.
type Waited struct {
	Entry string
	Nudge int
}

// CodeSent says that a one-time code is on its way to the mobile.
type CodeSent struct {
	Mobile   Secret
	Aloud    Aloud `cbor:",omitempty"`
	Callable bool  `cbor:",omitempty"` // it can be read aloud, too
}

// CodeRefused says that no code can be sent now, with words for the applicant.
type CodeRefused struct{ Why string }

// Registered says that the account exists.
type Registered struct{ Login Secret }

// NotRegistered says why there is no account. Field is the answer to give
// again: KeyLogin, KeyCode, or none.
type NotRegistered struct {
	Field Key
	Why   string
}

// FaceOpened carries the address to scan with Alipay, good until Until.
type FaceOpened struct {
	URL   string
	Until time.Time
}

// FaceRefused is Alipay's definite no to an attempt.
type FaceRefused struct{ Why string }

// FaceDone says that the person is proved.
type FaceDone struct{ Name Secret }

// FaceNotYet answers somebody who asked: nothing has come in so far.
type FaceNotYet struct{}

// TransferOpened tells where the company is to send its 0.01 yuan.
type TransferOpened struct {
	To    Payee
	Until time.Time
}

// CompanyProved says that the company is who it says: its own money came in, it
// told the amount of ours, its Alipay account spoke for it, or the register has
// the applicant as its legal representative. Payer is the company. The kind's
// stored name is from when only a transfer could prove.
type CompanyProved struct {
	Payer Secret
	Org   Secret `cbor:",omitempty"` // name and code that it is proved under
	Code  Secret `cbor:",omitempty"`
}

// NameDiffers says that the register has the code of an organisation under
// another name.
type NameDiffers struct{ Org Organisation }

// NotRepresentative says that the register does not have the applicant as the
// company's legal representative, or cannot tell.
type NotRepresentative struct{ Why string }

// RepresentativeNamed says that the company's legal representative has the
// applicant's name; whether it is the same person is still open.
type RepresentativeNamed struct{}

// GrantOpened carries the address at which the holder of an Alipay account can
// let us see whose it is, good until Until.
type GrantOpened struct {
	URL   string
	Until time.Time
}

// GrantRefused says that the account which was shown does not prove the
// company, or that none can be asked for, and why.
type GrantRefused struct{ Why string }

// CompanyUnproved says that what proved the company counts no more, on the word
// of a member of staff.
type CompanyUnproved struct{}

// ProofLapsed says that what proved the applicant, and their company, is too old
// for an order to stand on.
type ProofLapsed struct{}

// JoinReady carries the code by which a case goes on in another channel, and
// the address by which it is scanned there, when there is one.
type JoinReady struct {
	Code    Secret
	Until   time.Time
	To      Channel `cbor:",omitempty"` // where the address leads
	URL     Secret  `cbor:",omitzero"`
	Picture Secret  `cbor:",omitzero"` // address of the code as a picture; the channel's own
}

// JoinFound says whose case a code is of, masked.
type JoinFound struct {
	Code  Secret
	Whose string
}

// JoinRefused says that a code joins nothing, and why.
type JoinRefused struct{ Why string }

// Joined says that whoever spoke here goes on with another case.
type Joined struct{}

// JoinedBy says that the applicant speaks on another channel, too.
type JoinedBy struct{ Channel Channel }

// PhoneChanged says that the account has another mobile number.
type PhoneChanged struct {
	Mobile Secret
	Old    Secret `cbor:",omitempty"`
}

// PhoneRefused says why it has not.
type PhoneRefused struct{ Why string }

// GrantNotYet answers somebody who asked: nobody has agreed so far.
type GrantNotYet struct{}

// TransferWrong says that money came in which does not count, and why.
type TransferWrong struct{ Why string }

// TransferNotYet answers somebody who asked: no such money has been seen.
type TransferNotYet struct{}

// BranchesFound tells which branches fit what was asked for, the likeliest first;
// none does when there are none. [BranchQuery.Found] makes it.
type BranchesFound struct {
	Asked    BranchQuery
	Branches []Branch
	Exact    bool // the first is the branch that was asked for, and no other is
	More     bool // there are others that fit
}

// BranchesUnknown says that no list of branches can be asked now.
type BranchesUnknown struct{}

// PayoutSent says that our transfer to the company is on its way.
type PayoutSent struct {
	Tail  string    // last digits of the account
	Until time.Time // how long the amount may be told
	Left  int       `cbor:",omitempty"` // how often (M71)
}

// PayoutRefused says that our transfer did not go out, or came back, and why.
type PayoutRefused struct{ Why string }

// PayoutNotYet answers somebody who asked for our transfer: how far it is.
type PayoutNotYet struct{ Why string }

// AmountWrong says that the amount is not what was sent.
type AmountWrong struct {
	Left int // tries
	Why  string
}

// Ordered carries the order as the ledger made it.
type Ordered struct {
	No      string
	Key     Fen // price of the service with its UKey
	Courier Fen
	Total   Fen
}

// PayOpened carries the code to scan with Alipay, or the trade number of the
// mini-program's cashier.
type PayOpened struct {
	QR    string
	Trade string
	Until time.Time
}

// PayRefused is the cashier's definite no.
type PayRefused struct{ Why string }

// PayNotYet answers somebody who asked: the money has not come in so far.
type PayNotYet struct{}

// Paid says that an order is paid.
type Paid struct {
	No     string
	Amount Fen
	Ships  string // promised day of dispatch, as a customer reads it
}

// Booked says that the courier will fetch the parcel.
type Booked struct{ Waybill string }

// Shipped says that the courier has the parcel.
type Shipped struct{ Waybill string }

// ParcelMoved is one line of the parcel's way.
type ParcelMoved struct{ Where string }

// Delivered says that the applicant has the UKey.
type Delivered struct{ Where string }

// ParcelTrouble says that the parcel does not reach the applicant as it is.
type ParcelTrouble struct{ Where string }

// TicketReady carries the code that opens the activation on the PC.
type TicketReady struct {
	Code  Secret
	Until time.Time
}

// KeyStep mirrors what the tool on the PC does.
type KeyStep struct {
	Step  int // 1 to 5
	Name  string
	State string // "started", "done", "failed"
}

// Activated says that a signature of the UKey was verified.
type Activated struct{ Serial string }

// PictureRead tells what a page asks for and a picture shows. Found is empty when
// nothing of it could be read.
type PictureRead struct {
	Page  PageID
	Found Form `cbor:",omitempty"`
}

// AgentCalled says that the desk has the case, and how many wait before it.
type AgentCalled struct{ Before int }

func (Said) Kind() Kind                { return KindSaid }
func (Sent) Kind() Kind                { return KindSent }
func (Filled) Kind() Kind              { return KindFilled }
func (Followed) Kind() Kind            { return KindFollowed }
func (Left) Kind() Kind                { return KindLeft }
func (Taken) Kind() Kind               { return KindTaken }
func (Handed) Kind() Kind              { return KindHanded }
func (AgentSaid) Kind() Kind           { return KindAgentSaid }
func (Unheard) Kind() Kind             { return KindUnheard }
func (PhoneKnown) Kind() Kind          { return KindPhoneKnown }
func (Waited) Kind() Kind              { return KindWaited }
func (CodeSent) Kind() Kind            { return KindCodeSent }
func (CodeRefused) Kind() Kind         { return KindCodeRefused }
func (Registered) Kind() Kind          { return KindRegistered }
func (NotRegistered) Kind() Kind       { return KindNotRegistered }
func (FaceOpened) Kind() Kind          { return KindFaceOpened }
func (FaceRefused) Kind() Kind         { return KindFaceRefused }
func (FaceDone) Kind() Kind            { return KindFaceDone }
func (FaceNotYet) Kind() Kind          { return KindFaceNotYet }
func (TransferOpened) Kind() Kind      { return KindTransferOpened }
func (CompanyProved) Kind() Kind       { return KindCompanyProved }
func (TransferWrong) Kind() Kind       { return KindTransferWrong }
func (TransferNotYet) Kind() Kind      { return KindTransferNotYet }
func (BranchesFound) Kind() Kind       { return KindBranchesFound }
func (BranchesUnknown) Kind() Kind     { return KindBranchesUnknown }
func (PayoutSent) Kind() Kind          { return KindPayoutSent }
func (PayoutRefused) Kind() Kind       { return KindPayoutRefused }
func (PayoutNotYet) Kind() Kind        { return KindPayoutNotYet }
func (AmountWrong) Kind() Kind         { return KindAmountWrong }
func (NameDiffers) Kind() Kind         { return KindNameDiffers }
func (NotRepresentative) Kind() Kind   { return KindNotRepresentative }
func (RepresentativeNamed) Kind() Kind { return KindRepresentativeNamed }
func (GrantOpened) Kind() Kind         { return KindGrantOpened }
func (GrantRefused) Kind() Kind        { return KindGrantRefused }
func (GrantNotYet) Kind() Kind         { return KindGrantNotYet }
func (CompanyUnproved) Kind() Kind     { return KindCompanyUnproved }
func (JoinReady) Kind() Kind           { return KindJoinReady }
func (JoinFound) Kind() Kind           { return KindJoinFound }
func (JoinRefused) Kind() Kind         { return KindJoinRefused }
func (Joined) Kind() Kind              { return KindJoined }
func (JoinedBy) Kind() Kind            { return KindJoinedBy }
func (ProofLapsed) Kind() Kind         { return KindProofLapsed }
func (PhoneChanged) Kind() Kind        { return KindPhoneChanged }
func (PhoneRefused) Kind() Kind        { return KindPhoneRefused }
func (Ordered) Kind() Kind             { return KindOrdered }
func (PayOpened) Kind() Kind           { return KindPayOpened }
func (PayRefused) Kind() Kind          { return KindPayRefused }
func (PayNotYet) Kind() Kind           { return KindPayNotYet }
func (Paid) Kind() Kind                { return KindPaid }
func (Booked) Kind() Kind              { return KindBooked }
func (Shipped) Kind() Kind             { return KindShipped }
func (ParcelMoved) Kind() Kind         { return KindParcelMoved }
func (Delivered) Kind() Kind           { return KindDelivered }
func (ParcelTrouble) Kind() Kind       { return KindParcelTrouble }
func (TicketReady) Kind() Kind         { return KindTicketReady }
func (KeyStep) Kind() Kind             { return KindKeyStep }
func (Activated) Kind() Kind           { return KindActivated }
func (AgentCalled) Kind() Kind         { return KindAgentCalled }
func (PictureRead) Kind() Kind         { return KindPictureRead }

// happenings is one of each kind.
var happenings = []Happening{
	Said{}, Sent{}, Filled{}, Followed{}, Left{}, Taken{}, Handed{}, AgentSaid{}, Unheard{}, PhoneKnown{}, Waited{}, CodeSent{}, CodeRefused{},
	Registered{}, NotRegistered{}, FaceOpened{}, FaceRefused{}, FaceDone{}, FaceNotYet{}, TransferOpened{}, CompanyProved{},
	TransferWrong{}, TransferNotYet{}, BranchesFound{}, BranchesUnknown{}, PayoutSent{}, PayoutRefused{}, PayoutNotYet{}, AmountWrong{},
	NameDiffers{}, NotRepresentative{}, RepresentativeNamed{}, GrantOpened{}, GrantRefused{}, GrantNotYet{}, CompanyUnproved{}, ProofLapsed{},
	JoinReady{}, JoinFound{}, JoinRefused{}, Joined{}, JoinedBy{},
	PhoneChanged{}, PhoneRefused{}, Ordered{}, PayOpened{}, PayRefused{}, PayNotYet{}, Paid{}, Booked{}, Shipped{},
	ParcelMoved{}, Delivered{}, ParcelTrouble{}, TicketReady{}, KeyStep{}, Activated{}, AgentCalled{}, PictureRead{},
}

// HappeningOf returns an empty happening of a kind, or nil when there is
// none: for the codec of the stores.
func HappeningOf(k Kind) Happening {
	for _, h := range happenings {
		if h.Kind() == k {
			return h
		}
	}
	return nil
}
