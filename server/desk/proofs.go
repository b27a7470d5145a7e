package desk

import (
	"context"
	"time"

	"certdesk/flows"
)

// The ports to what proves who somebody is: a face, money at the bank, an
// authorization, papers that people look at, a card that joins two identities.

// Checks proves persons.
type Checks interface {
	// OpenCheck returns the open attempt of a talk to prove a person in one way, or
	// makes one; that of another way is given up, and one whose code the applicant
	// does not want any more, because a page takes one look into the camera only. When the person is proved already it reports FaceDone to ref and returns ErrUsed;
	// FaceRefused, and ErrUsed as well, when no name and number are saved. A ref
	// that has its answer is ErrUsed too.
	OpenCheck(ctx context.Context, ref Ref, way flows.Way, at time.Time) (Check, error)

	// CheckOpened notes the provider's identifier and address, reports
	// FaceOpened to ref, and starts the polls.
	CheckOpened(ctx context.Context, ref Ref, c Check, at time.Time) error

	// CheckEnded closes an attempt: passed reports FaceDone (to everybody who
	// waits), refused reports FaceRefused with words, expired reports nothing.
	// Closing again changes nothing.
	CheckEnded(ctx context.Context, number string, end CheckEnd, at time.Time) error

	// OpenCheckOf returns the open attempt of a talk, or [ErrUnknown].
	OpenCheckOf(ctx context.Context, talk TalkID) (Check, error)

	// Factors returns the mobile of a talk's account, which a code has proved,
	// and the card that was filled in since, which is forgotten when the
	// attempt ends.
	Factors(ctx context.Context, talk TalkID) (mobile, card flows.Secret, err error)
}

// Check is one attempt to prove a person.
type Check struct {
	Number   string // ours, at most 32 letters and digits
	Talk     TalkID
	Way      flows.Way
	Person   flows.Person
	Provider string // the provider's identifier; empty until opened
	URL      string // short address of our own, for the QR
	Until    time.Time
}

// CheckEnd is how an attempt ended.
type CheckEnd struct {
	State flows.FaceState // FacePassed, or empty
	Why   string          // of a refusal, for the applicant
	Ref   Ref             // of the effect that this answers, when it is one's
}

// Joins let an identity of another channel go on with a case.
type Joins interface {
	// OfferJoin makes the code of an offer the only one of its talk, and reports
	// the offer to ref; when one was reported before, it does nothing.
	OfferJoin(ctx context.Context, ref Ref, offer flows.JoinReady, at time.Time) error

	// FindJoin reports to ref whose case a code is of: JoinFound, or JoinRefused
	// for what Join would refuse. Who looks for codes too often finds none.
	FindJoin(ctx context.Context, ref Ref, code flows.Secret, at time.Time) error

	// Join gives the identities of ref's talk to the one that the code is for: it
	// reports Joined to ref and JoinedBy to that one, or JoinRefused to ref. Who
	// has an account, or would be the second on a channel, joins nothing.
	Join(ctx context.Context, ref Ref, code flows.Secret, at time.Time) error
}

// Reviews prove whom two members of staff have looked at.
type Reviews interface {
	// OpenReview puts the papers of a talk before staff, or adds those that came
	// since to what lies there, and calls an agent. When there is nothing to
	// look at it reports FaceRefused or GrantRefused to ref, and FaceDone or
	// CompanyProved when that is done.
	OpenReview(ctx context.Context, ref Ref, party flows.Party, at time.Time) error
}

// Transfers proves companies by their own 0.01 yuan.
type Transfers interface {
	// OpenTransfer returns the open proof of a talk, or makes one with a
	// receiving account of its own, and reports TransferOpened to ref, or
	// CompanyProved when the company is proved already.
	OpenTransfer(ctx context.Context, ref Ref, base flows.Payee, at time.Time) error

	// Credited enters one line of the bank's statement, once by its reference,
	// and matches it: the payer is the organisation, the amount is exactly one
	// fen, the account is the proof's, in time. It reports CompanyProved or, with
	// words, TransferWrong. What belongs to nobody is kept for a person.
	Credited(ctx context.Context, c flows.Credit, at time.Time) error

	// TransferStatus reports CompanyProved or TransferNotYet to ref.
	TransferStatus(ctx context.Context, ref Ref, at time.Time) error
}

// Payouts proves companies by money that we send them.
type Payouts interface {
	// OpenPayout returns what is to be sent to the company of a talk: the same
	// again until it is told, is lost, or is for another account. When nothing is to be
	// sent it reports why to ref (PayoutSent, PayoutRefused, CompanyProved) and
	// returns [ErrUsed].
	OpenPayout(ctx context.Context, ref Ref, between Range, at time.Time) (flows.Payout, error)

	// PayoutTaken notes that the bank took a payout, starts the polls, and
	// reports PayoutSent to ref.
	PayoutTaken(ctx context.Context, ref Ref, number string, at time.Time) error

	// PayoutArrived notes that the bank says that the money is there: from now on
	// the amount counts.
	PayoutArrived(ctx context.Context, number string) error

	// PayoutReturned ends a payout that was refused or came back, and reports
	// PayoutRefused with words, once. When it has proved the company, an agent is
	// called, the proof is taken back and CompanyUnproved reported; a paid order
	// waits then, and only a certificate that is made already stays.
	PayoutReturned(ctx context.Context, number, why string, at time.Time) error

	// CheckAmount compares the saved amount with what was sent, once for each
	// ref, and reports CompanyProved, AmountWrong, or PayoutNotYet while the money
	// is not known to be there. The third wrong one ends the payout.
	CheckAmount(ctx context.Context, ref Ref, at time.Time) error

	// LivePayout returns the number of the payout whose amount a talk may tell,
	// or [ErrUnknown].
	LivePayout(ctx context.Context, talk TalkID) (number string, err error)
}

// Grants proves companies without money: by an Alipay account whose holder lets
// us see whose it is, or by a register of companies.
type Grants interface {
	// OpenGrant returns the open grant of a talk, or makes one for the saved
	// company and method. When there is nothing to ask for it reports why to ref
	// (CompanyProved, GrantRefused) and returns [ErrUsed].
	OpenGrant(ctx context.Context, ref Ref, at time.Time) (Grant, error)

	// GrantOpened notes what Alipay prepared, and reports GrantOpened to ref.
	GrantOpened(ctx context.Context, ref Ref, g Grant, at time.Time) error

	// Grant returns a grant that may be used: [ErrUnknown], [ErrExpired] when it
	// is too old, given up or was tried too often, [ErrUsed] when it has proved
	// its company.
	Grant(ctx context.Context, number string, at time.Time) (Grant, error)

	// GrantEnded takes what the holder's account says: no reason against it
	// proves the company and reports CompanyProved, once; a reason counts as a
	// wrong account and reports GrantRefused, and the fifth ends the grant. After
	// the proof it changes nothing; [ErrUnknown] and [ErrExpired] as of Grant.
	GrantEnded(ctx context.Context, number, why string, at time.Time) error

	// MayCompare notes that the register is to be asked about a person and an
	// organisation, once for each ref, unless it was asked too often in the day
	// before: by this talk, about that person, or about that organisation.
	MayCompare(ctx context.Context, ref Ref, org flows.Organisation, who flows.Person, at time.Time) (bool, error)

	// MayLookUp notes that the register is to be asked whether an organisation's
	// name and code belong together, unless it was asked about these two for the
	// talk before, or about that many in the day before.
	MayLookUp(ctx context.Context, talk TalkID, org flows.Organisation, at time.Time) (bool, error)

	// Represented proves the company whose legal representative the applicant
	// is, and reports CompanyProved to ref.
	Represented(ctx context.Context, ref Ref, org flows.Organisation, at time.Time) error
}

// Grant is what the holder of an Alipay account is asked for.
type Grant struct {
	Number  string
	Org     flows.Organisation
	Handler flows.Person // who applies
	Own     Own
	Verify  string // Alipay's name for the comparison with the handler; only of an own account
	URL     string // address of our own, for the QR
	Until   time.Time
}

// Own says that the account is to be the handler's, as legal representative,
// and not the company's.
type Own bool

// Range is from the least amount that is sent to the most.
type Range struct{ Low, High flows.Fen }
