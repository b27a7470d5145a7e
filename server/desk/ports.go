package desk

import (
	"context"
	"time"

	"certdesk/flows"
)

// Talks keeps conversations between two events, in Redis.
type Talks interface {
	// Load returns the stored talk, or [ErrNoTalk].
	Load(ctx context.Context, id TalkID) (Talk, error)

	// Commit stores a decided event, in one round trip: the talk under a new
	// revision, the transcript's lines, the answer under the event's
	// identifier for ten minutes, and the effects still to be entered. It
	// checks everything before it writes anything. When the event was decided
	// before it returns its answer and [ErrDuplicate]; when the stored talk is
	// not at Was it returns the talk that is, and [ErrStale] ([ErrNoTalk]
	// when there is none any more); when the applicant sends too much,
	// [ErrFlood].
	//
	// Of several events, each decided from what the one before it leaves, it
	// stores all or none. The errors then say only that they cannot be stored
	// together; Was and Owed are the first one's.
	Commit(ctx context.Context, chain ...Commit) (Talk, Answer, error)

	// Pending returns the effects of a talk that are not settled, in the order
	// in which they were decided, whatever the events' clocks say.
	Pending(ctx context.Context, id TalkID) ([]Pending, error)

	// Settled forgets exactly these effects.
	Settled(ctx context.Context, id TalkID, done []Pending) error
}

// Acquaintances are a copy, quick to ask, of whose talk is whose, and of which
// process has it. The book, and the commit, are the truth.
type Acquaintances interface {
	// Known returns the talk of an identity, or [ErrUnknown].
	Known(ctx context.Context, who Identity) (TalkID, error)

	// Meet keeps the talk of an identity for a day.
	Meet(ctx context.Context, who Identity, id TalkID) error

	// Strayed calls forget for each talk that this process wrote last and that
	// another has written since, until ctx ends.
	Strayed(ctx context.Context, forget func(TalkID))
}

// Commit is a decided event, to be stored whole or not at all.
type Commit struct {
	Talk    Talk   // as it is to be; its Revision is set by the store
	Was     string // revision it was decided from; empty for a new talk
	Event   flows.Event
	Answer  Answer
	Lines   []Line
	Effects []flows.Effect
	Owed    []flows.Effect // of a talk that was lost; entered before Effects, under a name of this commit's own
	Limited Limited
}

// Limited says whether the event counts against the applicant's flood limit.
type Limited bool

// Todo finds talks with unsettled effects without scanning.
type Todo interface {
	// Unsettled returns talks that have pending effects, not all of them when
	// there are very many.
	Unsettled(ctx context.Context) ([]TalkID, error)
}

// Transcripts keeps what was said.
type Transcripts interface {
	// Append adds lines outside of an event: what could not be sent.
	Append(ctx context.Context, id TalkID, lines ...Line) error

	// Lines returns what was said after a mark, oldest first, and the mark
	// after the last line. The empty mark begins at the oldest kept.
	Lines(ctx context.Context, id TalkID, after string) (lines []Line, mark string, err error)
}

// Book is the ledger as the engine needs it: who is who, how far they are,
// and what we owe the world.
type Book interface {
	// Talk returns the talk of an identity and makes one when there is none.
	// Of two at once, both get the same.
	Talk(ctx context.Context, who Identity) (TalkID, error)

	// Facts says how far a talk's applicant has got.
	Facts(ctx context.Context, id TalkID) (flows.Facts, error)

	// Enter writes effects, each once for ever by its Ref, in one transaction
	// and in the order given: notes (Save, Agree, Own) are written where they
	// belong, a Wait becomes a timer job in the
	// place of the talk's last one of its sort, every other effect a row and a job to
	// perform it. A Cancel is both: what is open and unpaid is closed and what
	// [flows.Form.Kept] does not keep is forgotten at once, so that a page saved
	// after it stays; its job closes at the cashier. Entering again writes
	// nothing and is no error.
	Enter(ctx context.Context, effects []Pending) error

	// Report stores a report for a talk, once for ever by id, with the job
	// that hands it to the desk.
	Report(ctx context.Context, id string, talk TalkID, what flows.Happening, at time.Time) error
}

// Jobs are performed by the desk when their time comes: at least once, perhaps
// several times, perhaps at once on two processes.
type Jobs interface {
	// Effect returns an entered effect that is not done, or [ErrUnknown].
	Effect(ctx context.Context, ref Ref) (flows.Effect, error)

	// Done marks an effect as done.
	Done(ctx context.Context, ref Ref, at time.Time) error

	// Reported returns a report that is not accepted yet, as an event, or
	// [ErrUnknown].
	Reported(ctx context.Context, id string) (TalkID, flows.Event, error)

	// Accepted marks a report as decided.
	Accepted(ctx context.Context, id string, at time.Time) error
}

// Turns keep what is told of a talk in order, although jobs run at once.
type Turns interface {
	// SayTurn returns [ErrBusy] while the talk has an older reply to be said,
	// and ReportTurn while it has an older report to be decided, but for a
	// minute at most: what cannot be done does not hold up the rest.
	SayTurn(ctx context.Context, ref Ref) error
	ReportTurn(ctx context.Context, id string) error
}

// Rescue finds what no job will do any more: a process killed at the last
// attempt runs no code.
type Rescue interface {
	// Stuck flags, each once, the effects that are not done and have no live
	// job, calls an agent to their talks, and gives them a new job. It returns
	// those it flagged.
	Stuck(ctx context.Context, at time.Time) ([]Ref, error)
}

// Accounts makes accounts and the one-time codes that prove a mobile.
// Methods that take a Ref answer it with a report in the same transaction; a
// repetition with work long done reports again, under the new Ref.
type Accounts interface {
	// NewCode makes a code for the saved mobile of a talk: for registration the
	// one of the page, for activation the account's. The limits of facts 5 are
	// the ledger's: a [*flows.RefusedError] says in words when to try again.
	// The same ref gives the same code while that is good, and refuses a second
	// call, because the telephone may have rung; for activation, a minute does: the tool
	// that is run again finds the code of its last run good. One that is to be
	// read aloud has the digits and the end of the message before, while there is
	// time to type them; nobody is called by night, or more than twice an hour.
	NewCode(ctx context.Context, talk TalkID, e flows.SendCode, ref string, at time.Time) (Code, error)

	// CodeSent notes that a code for activation went out, and forgets what it
	// says.
	CodeSent(ctx context.Context, id string) error

	// CheckCode uses a code up. [ErrWrong], [ErrExpired] after its time or five
	// wrong tries, [ErrUnknown] when none is open. Left is how many tries remain.
	CheckCode(ctx context.Context, talk TalkID, p flows.Purpose, code flows.Secret, at time.Time) (left int, err error)

	// NewPhone returns the person that a talk has proved and the number that is
	// to take the place of the account's; [ErrUnknown] without either.
	NewPhone(ctx context.Context, talk TalkID) (flows.Person, flows.Secret, error)

	// ChangePhone gives the account that number, once the saved code proves it,
	// and reports PhoneChanged or PhoneRefused to ref. Once a day.
	ChangePhone(ctx context.Context, ref Ref, mobile flows.Secret, at time.Time) error

	// Register makes the account from the saved pages and reports Registered or
	// NotRegistered: wrong or expired code (KeyCode), a login name that cannot
	// be used (KeyLogin; the words do not say whether it exists).
	Register(ctx context.Context, ref Ref, at time.Time) error
}

// Code is a one-time code to be sent.
type Code struct {
	flows.OneTime
	Sent bool // it went out before, or was replaced: send nothing
}

// Orders makes orders and collects for them.
type Orders interface {
	// PlaceOrder makes the order of a talk from its saved pages, or finds the
	// open one, and reports Ordered (or Paid) to ref. Nobody orders who is not proved.
	PlaceOrder(ctx context.Context, ref Ref, at time.Time) error

	// OpenPayment returns the open attempt to pay a talk's order, or makes one.
	// When the order is paid it reports Paid to ref and returns ErrUsed.
	OpenPayment(ctx context.Context, ref Ref, at time.Time) (Payment, error)

	// PaymentOpened notes what the cashier answered and reports PayOpened to ref.
	PaymentOpened(ctx context.Context, ref Ref, p Payment, at time.Time) error

	// SettlePayment takes what the cashier says of an attempt, from whichever
	// door: paid marks the order paid and reports Paid, once; closed ends the
	// attempt; a wrong amount, an unknown number, or money for an order that is
	// paid or cancelled goes to the inbox and before a person. The error is
	// about our store only.
	SettlePayment(ctx context.Context, t flows.Trade, source string, at time.Time) error
}

// Payment is one attempt to collect for an order.
type Payment struct {
	Number  string // the attempt's own, "P" and digits
	OrderNo string
	Amount  flows.Fen
	Subject string
	Buyer   string // openid in the mini-program; empty for a code
	QR      string // the cashier's answer, empty until opened
	Trade   string
	Until   time.Time

	Replaces string // an attempt of ours to be closed at the cashier first; empty for none
}

// Payments is the rest of what is asked about attempts.
type Payments interface {
	// OpenPaymentOf returns the open attempt of a talk, or [ErrUnknown].
	OpenPaymentOf(ctx context.Context, talk TalkID) (Payment, error)

	// PaymentRefused closes an attempt and reports PayRefused with words.
	PaymentRefused(ctx context.Context, ref Ref, number, why string, at time.Time) error

	// PaymentStatus reports Paid or PayNotYet to ref.
	PaymentStatus(ctx context.Context, ref Ref, at time.Time) error
}

// Parcels ships UKeys.
type Parcels interface {
	// OpenShipment returns the shipment of a talk's paid order, or makes it.
	// When it is booked already, it reports how far the parcel is to ref and
	// returns ErrUsed.
	OpenShipment(ctx context.Context, ref Ref, at time.Time) (flows.Parcel, error)

	// ShipmentBooked notes the waybill, reports Booked to ref and starts the polls.
	ShipmentBooked(ctx context.Context, ref Ref, number, waybill string, at time.Time) error

	// Scanned enters lines of a parcel's history, each once, in any order, and
	// reports Shipped at the first pick-up, ParcelMoved, Delivered, ParcelTrouble.
	// A parcel never goes back from delivered; after returning, a signature is
	// the sender's.
	Scanned(ctx context.Context, scans []flows.Scan, at time.Time) error
}

// Certificates is the making of certificates, from ticket to proof.
type Certificates interface {
	// OfferTicket makes a fresh code for the PC, voids older ones, and reports
	// TicketReady to ref (Activated when that is done).
	OfferTicket(ctx context.Context, ref Ref, at time.Time) error

	// Redeem uses a ticket up and opens a session on it, closing an older one:
	// two PCs never make one certificate. [ErrUnknown], [ErrExpired], [ErrUsed].
	Redeem(ctx context.Context, code flows.Secret, pc string, at time.Time) (Session, error)

	// Session returns the open session of a bearer token, or [ErrUnknown].
	Session(ctx context.Context, token flows.Secret, at time.Time) (Session, error)

	// Change stores a step of the making, checked by the ledger: see [KeyChange].
	Change(ctx context.Context, s Session, change KeyChange, at time.Time) (Session, error)
}

// Session is one run of the tool on the applicant's PC.
type Session struct {
	Token      flows.Secret // bearer
	Talk       TalkID
	OrderNo    string
	Account    flows.Secret // login name
	Mobile     flows.Secret
	Subject    flows.Subject
	Container  string // names the key pair on the token, the same for each session of the order
	Serial     string // of the UKey, once bound
	Authorised bool   // the SMS code was right
	Step       int    // last step done, 0 to 5
	PublicKey  []byte // SPKI bound to the order, once certified
	Issued     *flows.Issued
	Nonce      []byte // of the open challenge
	Plain      []byte // what the encryption key must recover
	Until      time.Time
}

// KeyChange is one of: bind the device, authorise, bind the public key, store
// what was issued, set a challenge, note a step, finish. Exactly one field is
// set. A device or key other than the bound one is [ErrOther], a step before
// its turn is [ErrWrong], a session that was closed meanwhile is [ErrUnknown].
// The same again is harmless; of two answers of the authority the first stays.
type KeyChange struct {
	Serial    string
	Authorise *struct{}
	PublicKey []byte
	Issued    *flows.Issued
	Challenge *Challenge
	Step      *flows.KeyStep // reports KeyStep
	Finished  *struct{}      // reports Activated
}

// Challenge is what the two keys must prove.
type Challenge struct{ Nonce, Plain []byte }

// Helpdesk is the agents' queue.
type Helpdesk interface {
	// CallAgent puts a talk into the queue, once while it is open, and reports
	// AgentCalled to ref.
	CallAgent(ctx context.Context, ref Ref, why string, at time.Time) error

	// Waiting lists the talks that need an agent, oldest first, and those that
	// an agent holds.
	Waiting(ctx context.Context) ([]Help, error)

	// Answered closes the open call of a talk.
	Answered(ctx context.Context, talk TalkID, at time.Time) error
}

// Help is one talk on the agents' desk.
type Help struct {
	Talk  TalkID
	Why   []string // an agent is called, oldest first; nothing when none is
	Since time.Time
	Owner flows.Owner
	Name  flows.Secret // of the applicant or the organisation, when known
}

// Endings closes cases.
type Endings interface {
	// Cancel returns the attempts to be closed at the cashier because of a
	// flows.Cancel that was entered; [ErrUnknown] when it was not.
	Cancel(ctx context.Context, ref Ref, at time.Time) (payments []string, err error)
}

// Voice says things on one channel.
type Voice interface {
	// Say sends replies to one identity. [ErrClosed] when the channel will not
	// carry them now; trying again then is useless. Any other error may be
	// tried again, and may have sent them.
	Say(ctx context.Context, to Listener, say flows.Say) error
}

// Listener is whom a voice speaks to.
type Listener struct {
	ID      string // on the voice's channel
	Talk    TalkID
	Contact flows.Contact
}

// People finds the identities of a talk.
type People interface {
	// Identities lists how a talk can be reached, the last used first.
	Identities(ctx context.Context, talk TalkID) ([]Identity, error)
}

// Work is what a job asks of the desk. Every method may be called twice, at
// once or late; an error means "again later".
type Work interface {
	// Perform does an entered effect.
	Perform(ctx context.Context, ref Ref) error

	// Deliver hands a stored report to its talk.
	Deliver(ctx context.Context, report string) error

	// Ring tells a talk that a clock of an entry into a step ran out.
	Ring(ctx context.Context, talk TalkID, rung flows.Waited, at time.Time) error

	// Poll asks a partner how far something is. It returns how long to wait
	// before asking again, or zero when there is nothing more to ask.
	Poll(ctx context.Context, p Poll) (time.Duration, error)
}

// Poll is a question to be asked until it is answered.
type Poll struct {
	Partner string    `json:"partner"` // "face", "payer", "cashier", "courier"
	Number  string    `json:"number"`  // of the check, payment or shipment
	Talk    TalkID    `json:"talk"`
	Since   time.Time `json:"since"`
}
