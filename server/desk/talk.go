package desk

import (
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
)

// TalkID is the random name of a conversation: 26 characters, a to z and 2 to 7.
type TalkID string

// Identity is who somebody is on one channel: an openid, for example.
type Identity struct {
	Channel flows.Channel
	ID      string
}

// Talk is one conversation as it is stored between two events.
type Talk struct {
	ID       TalkID
	Revision string // random, new at each save; empty when nothing is stored
	Case     flows.Case
	Seen     []string // identifiers of the last reports decided, oldest first
}

// Ref names one effect for ever: the event that led to it, and its place
// among that event's effects. A number that counts events would come round
// again after a loss of Redis; an event's identifier does not.
type Ref struct {
	Talk  TalkID
	Event string
	Index int
}

// String is the form in which partners' books and ours may quote it.
func (r Ref) String() string { return fmt.Sprintf("%s/%s/%d", r.Talk, r.Event, r.Index) }

// AnswerTo begins the identifier of each report that answers an effect; the
// effect's Ref follows.
const AnswerTo = "effect/"

// Answer is the identifier of the report that answers the effect.
func (r Ref) Answer() string { return AnswerTo + r.String() }

// Pending is an effect that is decided and not yet in the ledger.
type Pending struct {
	Ref    Ref
	Effect flows.Effect
	At     time.Time // of the event
	Seq    int64     // of the case after the event: the order in which events were decided
}

// Answer is what one event is answered with, and how that went out. It is kept
// for ten minutes, so that a redelivered event gets the answer it got before.
type Answer struct {
	Replies  []flows.Reply        `cbor:"1,keyasint,omitempty"`
	Refusals map[flows.Key]string `cbor:"2,keyasint,omitempty"` // of a page
	At       flows.State          `cbor:"3,keyasint,omitempty"` // where the case stands now
	Entry    string               `cbor:"4,keyasint,omitempty"`
	Queued   bool                 `cbor:"5,keyasint,omitempty"` // the replies go out as a job, not here
	Talk     TalkID               `cbor:"6,keyasint,omitempty"`
}

// Line is one entry of a transcript, masked already.
type Line struct {
	At   time.Time `cbor:"1,keyasint,omitempty"`
	Who  Who       `cbor:"2,keyasint,omitempty"`
	Name string    `cbor:"3,keyasint,omitempty"` // of the agent
	Text string    `cbor:"4,keyasint,omitempty"`
	Step string    `cbor:"5,keyasint,omitempty"` // where the case stood afterwards
	Via  string    `cbor:"6,keyasint,omitempty"` // row of the table that was taken
	ID   string    `cbor:"7,keyasint,omitempty"` // of the event, for exactly-once counting
}

// Passage is what was said in a talk between two marks of [Transcripts]; the
// marks are equal when nothing was.
type Passage struct {
	Talk        TalkID
	After, Mark string
	Lines       []Line
}

// Who speaks in a transcript.
type Who string

// An unsent line is one that was decided under an owner who has changed, or
// that no open channel could carry.
const (
	WhoApplicant Who = "applicant"
	WhoBot       Who = "bot"
	WhoAgent     Who = "agent"
	WhoWorld     Who = "world"
	WhoUnsent    Who = "unsent"
)

// Sentinels of the ports. Each is a fact, not a failure of the store.
var (
	ErrNoTalk    = errors.New("desk: no such talk")
	ErrStale     = errors.New("desk: the talk has changed")
	ErrDuplicate = errors.New("desk: the event was decided before")
	ErrBusy      = errors.New("desk: too many at once")
	ErrFlood     = errors.New("desk: too many messages from one applicant")
	ErrUnknown   = errors.New("desk: nothing is known under that name")
	ErrExpired   = errors.New("desk: too late")
	ErrUsed      = errors.New("desk: used before")
	ErrOther     = errors.New("desk: belongs to somebody else")
	ErrWrong     = errors.New("desk: wrong")
	ErrMoved     = errors.New("desk: whoever spoke here goes on with another talk")
	ErrClosed    = errors.New("desk: no channel is open to the applicant")
)
