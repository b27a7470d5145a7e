package desk

import (
	"context"
	"regexp"
	"strings"
	"time"

	"certdesk/flows"
)

// What the desk tells of its work to whoever watches over it: numbers and
// stories, never a personal datum. Nothing here changes what is done.

// Watch is told what the desk does. Its methods are quick and never fail.
type Watch interface {
	// Begin is told that a part of a story begins: what is done, and to which
	// talk. It returns the context to do it under, and what to call at its end.
	Begin(ctx context.Context, what string, talk TalkID, story string) (context.Context, func(error))

	// Handled is told of each event, however it ended.
	Handled(h Handled)

	// Performed is told of each try of an effect.
	Performed(verb flows.Verb, took time.Duration, err error)

	// Settled is told that effects reached the ledger, and how long after the
	// oldest was decided.
	Settled(effects int, lag time.Duration)
}

// Handled is how one event went.
type Handled struct {
	Via       flows.Channel
	Kind      flows.Kind
	From, To  flows.State
	Ended     Ended
	Conflicts int  // decisions that found the talk changed
	Cached    bool // the talk was in this process
	Resumed   bool // the talk was made anew from the facts
	Decide    time.Duration
	Commit    time.Duration
}

// Ended is how an event ended.
type Ended string

// A failed event was not stored, or nobody knows; it comes again.
const (
	EndedDecided   Ended = "decided"
	EndedQueued    Ended = "queued" // decided, and the answer follows as a message
	EndedDuplicate Ended = "duplicate"
	EndedFlood     Ended = "flood"
	EndedFailed    Ended = "failed"
)

var clockName = regexp.MustCompile(`^(clock|nudge\d+)/`)

// StoryOf is the event from which another, or an effect, follows in the end: so
// that a message, the decision on it, what it asked of a partner, and what came
// of that, are one story. It is read from the names alone.
func StoryOf(talk TalkID, event string) string {
	answer := AnswerTo + string(talk) + "/"
	for {
		name := clockName.ReplaceAllString(event, "")
		if rest, ok := strings.CutPrefix(name, answer); ok {
			name = rest[:max(strings.LastIndexByte(rest, '/'), 0)]
		}
		if name == event {
			return event
		}
		event = name
	}
}

// unwatched is what a desk tells when nobody listens.
type unwatched struct{}

func (unwatched) Begin(ctx context.Context, _ string, _ TalkID, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}
func (unwatched) Handled(Handled)                            {}
func (unwatched) Performed(flows.Verb, time.Duration, error) {}
func (unwatched) Settled(int, time.Duration)                 {}

// Load is how much there is to do.
type Load struct {
	Due      int64         // jobs whose time has come
	Lag      time.Duration // of the oldest effect that is not done
	Retrying int64         // jobs that failed and come again
	Stuck    int64         // effects that an agent was called for
	Waiting  int64         // applicants who wait for an agent
	Wait     time.Duration // of the first of them
	Letters  int64         // what partners sent that belongs to nothing
}
