// Package desk serves conversations. [Desk.Handle] is the only way in: people,
// pages, agents, partners' reports and clocks all come through it as events.
// What a decision asks of the world leaves through the ledger, as jobs that
// [Desk.Perform] does.
//
// It promises that an event is decided once, however often it is delivered;
// that what is decided is stored before anything is said or sent; and that a
// talk which Redis lost goes on from what the ledger knows. It knows no
// channel, no driver and no partner's protocol: those are behind the ports.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"certdesk/flows"
)

// Config is what a desk is made of.
type Config struct {
	Flow     *flows.Flow
	Talks    Talks
	Known    Acquaintances
	Todo     Todo
	Lines    Transcripts
	Ledger   Ledger
	Partners Partners
	Now      func() time.Time
	Hurry    int // divides polls, as the demo does; 1
	Log      *slog.Logger
	Watch    Watch // nobody, when nil
}

// Ledger is every port that the ledger serves.
type Ledger interface {
	Book
	Jobs
	Turns
	Rescue
	Retention
	Accounts
	Checks
	Transfers
	Payouts
	Grants
	Reviews
	Attempts
	Joins
	Orders
	Payments
	Parcels
	Certificates
	Helpdesk
	Endings
	People
}

// Partners are those we ask.
type Partners struct {
	Face      Face
	Cashier   Cashier
	Courier   Courier
	Texter    Texter
	Caller    Caller // none, when nil
	Words     bool   // messages with codes carry the talk's word
	Authority Authority
	Payer     Payer
	Holders   Holders
	Register  Register   // none, when nil
	Factors   Factors    // none, when nil
	Eyes      Eyes       // none, when nil
	Branches  []Branches // asked in this order
	Amounts   Range      // of what the payer sends
	Bank      Statement
	Voices    map[flows.Channel]Voice
	Doors     map[flows.Channel]Door
	Payee     flows.Payee // where companies send their 0.01 yuan

	// Away lists the ways that cannot be gone just now, because nobody is
	// configured for them or whoever is does not answer. It is asked about each
	// event, and must be quick; none are away, when nil.
	Away func() flows.Ways
}

// Desk serves talks. It is safe for concurrent use.
type Desk struct {
	cfg    Config
	memory *memory
	queues queues
	wake   chan TalkID
}

// New returns a desk. Run must be called for effects to leave it.
func New(cfg Config) *Desk {
	cfg.Hurry = max(cfg.Hurry, 1)
	if cfg.Watch == nil {
		cfg.Watch = unwatched{}
	}
	return &Desk{cfg: cfg, memory: newMemory(100_000), wake: make(chan TalkID, 4096)}
}

const (
	maxTries     = 8                      // decisions of one event against a talk that keeps changing
	seenKept     = 16                     // report identifiers remembered in a talk
	commitWithin = 4 * time.Second        // what is decided is stored or given up
	tooLate      = 500 * time.Millisecond // before its deadline an answer may not be in time any more
)

// Handle decides one event of whoever has this identity and returns the
// answer. An error before the commit means that nothing happened: deliver the
// event again.
func (d *Desk) Handle(ctx context.Context, who Identity, e flows.Event) (Answer, error) {
	id, err := d.talkOf(ctx, who)
	if err != nil {
		return Answer{}, err
	}
	answer, err := d.HandleTalk(ctx, id, e)
	if !errors.Is(err, ErrMoved) {
		return answer, err
	}
	if id, err = d.cfg.Ledger.Talk(ctx, who); err != nil {
		return Answer{}, fmt.Errorf("desk: identity on %s: %w", who.Channel, err)
	}
	d.memory.meet(who, id, d.cfg.Now())
	_ = d.cfg.Known.Meet(ctx, who, id) // an old copy leads here again
	return d.HandleTalk(ctx, id, e)
}

// HandleTalk is [Desk.Handle] for whoever knows the talk already: reports,
// clocks, pages and agents.
//
// The commit is the point of no return. A crash after it is repaired by the
// sweeper, because the effects are stored with the talk; a redelivered event
// gets the answer it got before. The deadline of ctx is the caller's: when it
// has passed, nothing is decided; when it is near, the answer goes out as an
// effect of the same commit; a commit under way is finished all the same.
func (d *Desk) HandleTalk(ctx context.Context, id TalkID, e flows.Event) (Answer, error) {
	if e.ID == "" {
		return Answer{}, errors.New("desk: an event without an identifier")
	}
	ctx, end := d.cfg.Watch.Begin(ctx, "handle "+string(e.What.Kind()), id, StoryOf(id, e.ID))
	seen := Handled{Via: e.Via, Kind: e.What.Kind(), Ended: EndedFailed}
	answer, err := d.handle(ctx, id, e, &seen)
	d.cfg.Watch.Handled(seen)
	end(err)
	return answer, err
}

func (d *Desk) handle(ctx context.Context, id TalkID, e flows.Event, seen *Handled) (Answer, error) {
	e.Away = d.away()
	q := d.queues.of(id)
	t := &turn{ctx: ctx, event: e, talk: id, seen: seen, called: make(chan []*turn, 1)}
	turns, err := q.wait(t)
	if err != nil {
		return Answer{}, err
	}
	if turns != nil {
		d.serve(q, turns)
	}
	return t.answer, t.err
}

// alone decides one event, again when somebody else changed the talk first.
func (d *Desk) alone(t *turn) (Answer, error) {
	ctx, id, e, seen := t.ctx, t.talk, t.event, t.seen
	talk, owed, err := d.load(ctx, id, e, seen)
	for range maxTries {
		if err = errors.Join(err, ctx.Err(), gone(talk, e)); err != nil {
			return Answer{}, err
		}
		if slices.Contains(talk.Seen, e.ID) && seen.Cached { // Redis may have lost it since
			d.memory.drop(id)
			seen.Cached = false
			talk, owed, err = d.load(ctx, id, e, seen)
			continue
		}
		if slices.Contains(talk.Seen, e.ID) {
			seen.Ended = EndedDuplicate
			return Answer{Talk: id, At: talk.Case.At, Entry: talk.Case.Entry}, nil
		}
		c := d.timed(talk, owed, e, late(ctx), seen)
		var answer Answer
		talk, answer, err = d.commit(ctx, seen, c)
		switch {
		case err == nil:
			d.memory.put(talk)
			d.settleSoon(id, len(c.Effects)+len(c.Owed))
			return answer, nil
		case errors.Is(err, ErrDuplicate):
			return answer, nil
		case errors.Is(err, ErrStale):
			owed, err = nil, nil // somebody decided before us: look again
		case errors.Is(err, ErrNoTalk):
			talk, owed, err = d.resume(ctx, id, e, seen)
		default:
			d.memory.drop(id) // whether it was stored is not known
			return Answer{}, fmt.Errorf("desk: commit %s: %w", id, err)
		}
	}
	return Answer{}, fmt.Errorf("desk: %s: %w", id, ErrBusy)
}

// gone refuses what an applicant says in a talk that they have left. What they
// said before may come again, and has its answer here.
func gone(talk Talk, e flows.Event) error {
	if talk.Case.At == flows.Moved && (e.Via == flows.WeChat || e.Via == flows.Alipay) && e.At.After(talk.Case.Heard) {
		return fmt.Errorf("desk: %s: %w", talk.ID, ErrMoved)
	}
	return nil
}

// timed decides, and notes how long that took.
func (d *Desk) timed(talk Talk, owed []flows.Effect, e flows.Event, how voiced, seen *Handled) Commit {
	began := time.Now()
	c := d.decide(talk, owed, e, how)
	seen.Decide += time.Since(began)
	seen.From, seen.To = talk.Case.At, c.Talk.Case.At
	return c
}

// commit stores decisions, whoever waits for them or does not, and notes how it
// went.
func (d *Desk) commit(ctx context.Context, seen *Handled, chain ...Commit) (Talk, Answer, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWithin)
	defer cancel()
	began := time.Now()
	talk, answer, err := d.cfg.Talks.Commit(ctx, chain...)
	seen.Commit += time.Since(began)
	seen.Ended = howEnded(err, answer)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNoTalk) {
		seen.Conflicts++
	}
	return talk, answer, err
}

func howEnded(err error, answer Answer) Ended {
	switch {
	case err == nil && answer.Queued:
		return EndedQueued
	case err == nil:
		return EndedDecided
	case errors.Is(err, ErrDuplicate):
		return EndedDuplicate
	case errors.Is(err, ErrFlood):
		return EndedFlood
	}
	return EndedFailed
}

// voiced says how an answer goes out.
type voiced bool

const (
	inAnswer voiced = false // to whoever waits for it
	asEffect voiced = true  // as a message of its own
)

// late decides how an answer goes out that must be there at the deadline.
func late(ctx context.Context) voiced {
	by, timed := ctx.Deadline()
	return voiced(timed && time.Until(by) < tooLate)
}

// load finds the talk: in this process, in Redis, or anew from what the ledger
// knows.
func (d *Desk) load(ctx context.Context, id TalkID, e flows.Event, seen *Handled) (Talk, []flows.Effect, error) {
	if talk, ok := d.memory.talk(id); ok {
		seen.Cached = true
		return talk, nil, nil
	}
	talk, err := d.cfg.Talks.Load(ctx, id)
	if errors.Is(err, ErrNoTalk) {
		return d.resume(ctx, id, e, seen)
	}
	if err != nil {
		return Talk{}, nil, fmt.Errorf("desk: load %s: %w", id, err)
	}
	if d.strange(talk.Case.At) || d.strange(talk.Case.Left) || d.cfg.Flow.Outdated(talk.Case) {
		return d.comeBack(ctx, talk, e, seen)
	}
	return talk, nil, nil
}

// strange reports whether this release lacks a step that a talk stands at.
func (d *Desk) strange(at flows.State) bool {
	_, known := d.cfg.Flow.Step(at)
	return !known && at != ""
}

// comeBack resumes a talk that a later release, which was taken back, led to a
// step of its own, or that rests on a consent to an older text. As after a loss
// of Redis, the page being typed is gone; what does not hang on the step stays.
// What it owes the ledger is entered first, or the facts would lag behind it.
func (d *Desk) comeBack(ctx context.Context, was Talk, e flows.Event, seen *Handled) (Talk, []flows.Effect, error) {
	if err := d.settle(ctx, was.ID); err != nil {
		return Talk{}, nil, err
	}
	talk, owed, err := d.resume(ctx, was.ID, e, seen)
	talk.Revision, talk.Seen = was.Revision, was.Seen
	talk.Case.Seq, talk.Case.Owner, talk.Case.Last, talk.Case.Unheard = was.Case.Seq, was.Case.Owner, was.Case.Last, was.Case.Unheard
	talk.Case.Contact = was.Case.Contact
	return talk, owed, err
}

// resume makes a talk from the facts. What it owes the world is committed
// together with the event that brought it back.
func (d *Desk) resume(ctx context.Context, id TalkID, e flows.Event, seen *Handled) (Talk, []flows.Effect, error) {
	seen.Resumed = true
	facts, err := d.cfg.Ledger.Facts(ctx, id)
	if err != nil {
		return Talk{}, nil, fmt.Errorf("desk: facts of %s: %w", id, err)
	}
	c, effects := d.cfg.Flow.Resume(facts, e)
	return Talk{ID: id, Case: c}, effects, nil
}

// decide makes the commit of one event.
func (d *Desk) decide(talk Talk, owed []flows.Effect, e flows.Event, how voiced) Commit {
	talk.Case.Form = d.worded(talk)
	out := d.cfg.Flow.Decide(talk.Case, e)
	next := Talk{ID: talk.ID, Case: out.Case, Seen: talk.Seen}
	if e.Via == flows.Within {
		next.Seen = append(slices.Clone(talk.Seen), e.ID)
		next.Seen = next.Seen[max(0, len(next.Seen)-seenKept):]
	}
	answer := Answer{Replies: out.Replies, Refusals: out.Refusals, At: out.Case.At, Entry: out.Case.Entry, Talk: talk.ID}
	effects := out.Effects
	say, ok := d.aloud(talk.Case, out, e)
	if e.Via == flows.WeChat && how == asEffect && len(out.Replies) > 0 {
		ok = true
	}
	if ok {
		effects = append(slices.Clone(effects), say)
		answer.Queued = e.Via != flows.Web
	}
	people := e.Via == flows.WeChat || e.Via == flows.Alipay || e.Via == flows.Web
	return Commit{
		Talk: next, Was: talk.Revision, Event: e, Answer: answer, Effects: effects, Owed: owed,
		Lines: transcribe(talk.Case, out, e), Limited: Limited(people),
	}
}

// aloud decides whether the replies must be carried to the applicant, because
// no request of theirs waits for an answer. A page shows its answer itself;
// when it has led on to a step without a page, the chat is told as well.
func (d *Desk) aloud(was flows.Case, out flows.Outcome, e flows.Event) (flows.Say, bool) {
	say := flows.Say{Replies: out.Replies, Epoch: out.Case.Owner.Epoch, Worth: flows.WorthOf(e.What), Matter: flows.MatterOf(e.What)}
	if len(out.Replies) == 0 || d.onlyWaits(out) && e.Via != flows.Console {
		return say, false
	}
	switch e.Via {
	case flows.Within:
		return say, true
	case flows.Console:
		say.Agent = out.Case.Owner.Name
		return say, true
	case flows.Web:
		step, _ := d.cfg.Flow.Step(out.Case.At)
		return say, out.Case.At != was.At && step.Page == nil
	}
	return say, false
}

// onlyWaits reports whether all there is to say is that we are at work: the
// few messages that a chat allows are kept for what comes of it.
func (d *Desk) onlyWaits(out flows.Outcome) bool {
	return len(out.Replies) == 1 && len(out.Replies[0].Choices) == 0 && out.Replies[0].QR == nil &&
		out.Replies[0].Page == nil && len(d.cfg.Flow.Awaits(out.Case.At)) > 0 && out.Case.Entry != "" && d.works(out.Case.At)
}

// works reports whether a step is our turn: it asks the world on arrival.
func (d *Desk) works(at flows.State) bool {
	step, _ := d.cfg.Flow.Step(at)
	return len(step.Do) > 0 && step.Exits[0].To != flows.Stay
}

// talkOf finds the talk of an identity: in this process, in Redis, or in the
// ledger.
func (d *Desk) talkOf(ctx context.Context, who Identity) (TalkID, error) {
	now := d.cfg.Now()
	if id, ok := d.memory.identity(who, now); ok {
		return id, nil
	}
	if id, err := d.cfg.Known.Known(ctx, who); err == nil {
		d.memory.meet(who, id, now)
		return id, nil
	}
	id, err := d.cfg.Ledger.Talk(ctx, who)
	if err != nil {
		return "", fmt.Errorf("desk: identity on %s: %w", who.Channel, err)
	}
	d.memory.meet(who, id, now)
	_ = d.cfg.Known.Meet(ctx, who, id) // a copy that is missing costs a query
	return id, nil
}

// Look returns a talk as it stands in Redis, for whoever shows it: a page, the
// mini-program, an agent. It decides nothing and stores nothing.
func (d *Desk) Look(ctx context.Context, id TalkID) (Talk, flows.Reply, error) {
	talk, err := d.cfg.Talks.Load(ctx, id)
	if errors.Is(err, ErrNoTalk) {
		talk, _, err = d.resume(ctx, id, flows.Event{ID: "look", At: d.cfg.Now(), Via: flows.Within, Away: d.away()}, &Handled{})
	}
	if err != nil {
		return Talk{}, flows.Reply{}, fmt.Errorf("desk: look at %s: %w", id, err)
	}
	talk.Case.Form = d.worded(talk)
	return talk, d.cfg.Flow.Question(talk.Case), nil
}

// Flow is the manual that the desk obeys.
func (d *Desk) Flow() *flows.Flow { return d.cfg.Flow }
