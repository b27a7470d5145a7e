// Package desktest holds one suite for each port of package desk that a store
// serves. A suite takes a function that opens an empty store and closes it
// with t.Cleanup; every implementation of a port runs it in three lines, so
// that the promises in the ports' comments are tested once and hold anywhere.
//
// It knows no driver, and it looks at a store through its ports only.
package desktest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Noon is when the suites begin: Tuesday, a working day.
var Noon = time.Date(2026, 11, 24, 12, 0, 0, 0, flows.Beijing)

// Rivals is how many do the same thing at once.
const Rivals = 16

// run runs each test of a suite with a store of its own.
func run[P any](t *testing.T, open func(*testing.T) P, tests map[string]func(*testing.T, P)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// NewTalk makes a talk for somebody on WeChat.
func NewTalk(t *testing.T, b desk.Book, who string) desk.TalkID {
	t.Helper()
	id, err := b.Talk(t.Context(), desk.Identity{Channel: flows.WeChat, ID: who})
	if err != nil {
		t.Fatalf("Talk(%s): %v", who, err)
	}
	return id
}

// Ref names the first effect of an event.
func Ref(talk desk.TalkID, event string) desk.Ref { return desk.Ref{Talk: talk, Event: event} }

// Enter enters the effects of one event.
func Enter(t *testing.T, b desk.Book, talk desk.TalkID, event string, effects ...flows.Effect) {
	t.Helper()
	if err := b.Enter(t.Context(), pending(talk, event, effects...)); err != nil {
		t.Fatalf("Enter(%s): %v", event, err)
	}
}

func pending(talk desk.TalkID, event string, effects ...flows.Effect) []desk.Pending {
	all := make([]desk.Pending, len(effects))
	for i, e := range effects {
		all[i] = desk.Pending{Ref: desk.Ref{Talk: talk, Event: event, Index: i}, Effect: e, At: Noon}
	}
	return all
}

// Save enters answers under a page, given as key, text, key, text.
func Save(t *testing.T, b desk.Book, talk desk.TalkID, event string, page flows.State, answers ...string) {
	t.Helper()
	Enter(t, b, talk, event, flows.Save{Page: flows.PageID(page), Form: Form(answers...)})
}

// Form makes a form of key, text, key, text.
func Form(answers ...string) flows.Form {
	f := flows.Form{}
	for i := 0; i+1 < len(answers); i += 2 {
		f[flows.Key(answers[i])] = flows.Conceal(answers[i+1])
	}
	return f
}

// Facts reads the facts of a talk.
func Facts(t *testing.T, b desk.Book, talk desk.TalkID) flows.Facts {
	t.Helper()
	facts, err := b.Facts(t.Context(), talk)
	if err != nil {
		t.Fatalf("Facts(%s): %v", talk, err)
	}
	return facts
}

// Answer returns the report that performing an effect gave.
func Answer(t *testing.T, j desk.Jobs, ref desk.Ref) flows.Happening {
	t.Helper()
	return Reported(t, j, ref.Answer())
}

// Reported returns what a stored report says; the test ends when there is no
// report of that name.
func Reported(t *testing.T, j desk.Jobs, id string) flows.Happening {
	t.Helper()
	_, event, err := j.Reported(t.Context(), id)
	if err != nil {
		t.Fatalf("Reported(%s): %v", id, err)
	}
	return event.What
}

// NotReported fails the test when there is a report of that name.
func NotReported(t *testing.T, j desk.Jobs, id string) {
	t.Helper()
	if _, event, err := j.Reported(t.Context(), id); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Reported(%s) = %v, %v, want ErrUnknown", id, event.What, err)
	}
}

// Together does something [Rivals] times at once and returns what came of
// each.
func Together(do func(i int) error) []error {
	errs := make([]error, Rivals)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			<-begin
			errs[i] = do(i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// AllSucceed fails the test for each error.
func AllSucceed(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Errorf("rival %d: %v", i, err)
		}
	}
}

// Count tells how many of the errors are the one wanted, nil included.
func Count(errs []error, want error) int {
	n := 0
	for _, err := range errs {
		if errors.Is(err, want) {
			n++
		}
	}
	return n
}
