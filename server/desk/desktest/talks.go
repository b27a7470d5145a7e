package desktest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Store is what keeps talks: every port of package desk that Redis serves.
type Store interface {
	desk.Talks
	desk.Acquaintances
	desk.Todo
	desk.Transcripts
}

// Talks runs the suite of [desk.Talks], [desk.Acquaintances], [desk.Todo] and
// [desk.Transcripts].
// The function open returns an empty store. Pass lets time go by for it; the
// store must be told, because a test does not wait ten minutes.
func Talks(t *testing.T, open func(t *testing.T) (s Store, pass func(time.Duration))) {
	tests := map[string]func(*testing.T, Store, func(time.Duration)){
		"a new talk is not there":                       newTalkIsAbsent,
		"what was committed is loaded":                  committedIsLoaded,
		"an event decided before gets its answer":       duplicateGetsItsAnswer,
		"an answer is forgotten after ten minutes":      answerIsForgotten,
		"a stale commit writes nothing and shows why":   staleCommitWritesNothing,
		"a talk that is gone is not taken for an old":   goneTalkIsNotStale,
		"a sequence that came round again does not win": sequenceDoesNotWin,
		"of racing commits one wins":                    oneCommitWins,
		"effects wait until they are settled":           effectsWait,
		"whose talk is whose is known once it was told": knowsWhomItMet,
		"what a lost talk owes has a name of its own":   owedHasItsOwnName,
		"effects wait in the order of their decisions":  effectsInOrder,
		"a flood is refused and passes":                 floodPasses,
		"a transcript is read from a mark":              transcriptFromMark,
		"a chain is stored whole or not at all":         chainIsWhole,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, pass := open(t)
			test(t, s, pass)
		})
	}
}

const theTalk desk.TalkID = "aaaaaaaaaaaaaaaaaaaaaaaaaa"

func deciding(was desk.Talk, event string, at flows.State) desk.Commit {
	next := desk.Talk{ID: theTalk, Case: was.Case, Seen: []string{event}}
	next.Case.At, next.Case.Seq = at, was.Case.Seq+1
	next.Case.Form = flows.Form{flows.KeyMobile: flows.Conceal("13800138000")}
	return desk.Commit{
		Talk: next, Was: was.Revision, Event: flows.Event{ID: event, At: time.UnixMilli(1_790_000_000_000)},
		Answer: desk.Answer{Replies: []flows.Reply{{Text: "答复" + event}}, At: at},
		Lines:  []desk.Line{{Who: desk.WhoApplicant, Text: event}, {Who: desk.WhoBot, Text: "答复" + event}},
	}
}

func commit(t *testing.T, s desk.Talks, c desk.Commit) desk.Talk {
	t.Helper()
	talk, _, err := s.Commit(t.Context(), c)
	if err != nil {
		t.Fatalf("Commit(%s) = %v", c.Event.ID, err)
	}
	return talk
}

func newTalkIsAbsent(t *testing.T, s Store, _ func(time.Duration)) {
	if _, err := s.Load(t.Context(), theTalk); !errors.Is(err, desk.ErrNoTalk) {
		t.Errorf("Load = %v, want ErrNoTalk", err)
	}
}

func committedIsLoaded(t *testing.T, s Store, _ func(time.Duration)) {
	want := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	got, err := s.Load(t.Context(), theTalk)
	if err != nil || got.Revision != want.Revision || got.Case.At != "a" || got.Case.Form.Text(flows.KeyMobile) != "13800138000" || len(got.Seen) != 1 {
		t.Errorf("Load = %+v, %v, want %+v", got, err, want)
	}
}

func duplicateGetsItsAnswer(t *testing.T, s Store, _ func(time.Duration)) {
	first := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	second := commit(t, s, deciding(first, "e2", "b"))
	_, answer, err := s.Commit(t.Context(), deciding(second, "e1", "c"))
	if !errors.Is(err, desk.ErrDuplicate) || len(answer.Replies) != 1 || answer.Replies[0].Text != "答复e1" {
		t.Errorf("Commit again = %+v, %v, want the first answer and ErrDuplicate", answer, err)
	}
	if got, _ := s.Load(t.Context(), theTalk); got.Case.At != "b" {
		t.Errorf("a duplicate moved the talk to %s", got.Case.At)
	}
}

func answerIsForgotten(t *testing.T, s Store, pass func(time.Duration)) {
	first := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	pass(11 * time.Minute)
	commit(t, s, deciding(first, "e1", "b"))
}

func staleCommitWritesNothing(t *testing.T, s Store, _ func(time.Duration)) {
	first := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	second := commit(t, s, deciding(first, "e2", "b"))
	c := deciding(first, "e3", "c")
	c.Effects = []flows.Effect{flows.PlaceOrder{}}
	now, _, err := s.Commit(t.Context(), c)
	if !errors.Is(err, desk.ErrStale) || now.Revision != second.Revision || now.Case.At != "b" {
		t.Errorf("stale Commit = %+v, %v, want the talk at b and ErrStale", now, err)
	}
	if due, _ := s.Pending(t.Context(), theTalk); len(due) != 0 {
		t.Errorf("a stale commit left effects: %v", due)
	}
	if lines, _, _ := s.Lines(t.Context(), theTalk, ""); len(lines) != 4 {
		t.Errorf("a stale commit left lines: %d, want 4", len(lines))
	}
	commit(t, s, deciding(second, "e3", "c")) // and did not use the event up
}

// chainIsWhole stores three events that follow from each other, and then tries
// chains in which one cannot be stored.
func chainIsWhole(t *testing.T, s Store, _ func(time.Duration)) {
	chain := func(was desk.Talk, events ...string) []desk.Commit {
		var all []desk.Commit
		for i, e := range events {
			c := deciding(was, e, flows.State(fmt.Sprint("s", i)))
			c.Effects, c.Limited = []flows.Effect{flows.PlaceOrder{}}, true
			all, was = append(all, c), c.Talk
		}
		return all
	}
	first := commit(t, s, deciding(desk.Talk{}, "e0", "a"))
	talk, _, err := s.Commit(t.Context(), chain(first, "e1", "e2", "e3")...)
	if got, _ := s.Load(t.Context(), theTalk); err != nil || got.Revision != talk.Revision || got.Case.At != "s2" || got.Case.Seq != 4 {
		t.Fatalf("Commit = %+v, %v, and then Load = %+v, want the last of the chain", talk, err, got)
	}
	due, _ := s.Pending(t.Context(), theTalk)
	if len(due) != 3 || due[0].Ref.Event != "e1" || due[2].Ref.Event != "e3" || due[2].Seq != 4 {
		t.Errorf("Pending = %+v, want one effect of each event", due)
	}
	if _, answer, err := s.Commit(t.Context(), deciding(talk, "e2", "b")); !errors.Is(err, desk.ErrDuplicate) || answer.Replies[0].Text != "答复e2" {
		t.Errorf("the second event again = %+v, %v, want its answer", answer, err)
	}
	flood := make([]string, 1000)
	for i := range flood {
		flood[i] = fmt.Sprint("f", i)
	}
	for name, tt := range map[string]struct {
		chain []desk.Commit
		want  error
	}{
		"one was decided before": {chain(talk, "e4", "e2", "e5"), desk.ErrDuplicate},
		"the talk has changed":   {chain(first, "e4", "e5"), desk.ErrStale},
		"they are a flood":       {chain(talk, flood...), desk.ErrFlood},
	} {
		if _, _, err := s.Commit(t.Context(), tt.chain...); !errors.Is(err, tt.want) {
			t.Errorf("%s: Commit = %v, want %v", name, err, tt.want)
		}
	}
	if lines, _, _ := s.Lines(t.Context(), theTalk, ""); len(lines) != 8 {
		t.Errorf("the transcript has %d lines, want two of each of four events", len(lines))
	}
	for i, c := range chain(talk, "f0", "e4") { // one by one, they are no flood
		if talk, _, err = s.Commit(t.Context(), deciding(talk, c.Event.ID, "b")); err != nil {
			t.Fatalf("event %d of a refused chain = %v", i, err)
		}
	}
}

func goneTalkIsNotStale(t *testing.T, s Store, _ func(time.Duration)) {
	if _, _, err := s.Commit(t.Context(), deciding(desk.Talk{Revision: "AAAAAAAAAAA"}, "e1", "a")); !errors.Is(err, desk.ErrNoTalk) {
		t.Errorf("Commit to a talk that is gone = %v, want ErrNoTalk", err)
	}
}

func sequenceDoesNotWin(t *testing.T, s Store, pass func(time.Duration)) {
	old := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	pass(31 * 24 * time.Hour) // forgotten
	anew := commit(t, s, deciding(desk.Talk{}, "e2", "b"))
	if old.Case.Seq != anew.Case.Seq {
		t.Fatalf("sequences %d and %d differ", old.Case.Seq, anew.Case.Seq)
	}
	if _, _, err := s.Commit(t.Context(), deciding(old, "e3", "c")); !errors.Is(err, desk.ErrStale) {
		t.Errorf("Commit from the forgotten talk = %v, want ErrStale", err)
	}
}

func oneCommitWins(t *testing.T, s Store, _ func(time.Duration)) {
	first := commit(t, s, deciding(desk.Talk{}, "e0", "a"))
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 16 {
		all.Go(func() {
			_, _, err := s.Commit(t.Context(), deciding(first, fmt.Sprintf("r%d", i), "b"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errors.Is(err, desk.ErrStale) {
				t.Errorf("Commit = %v", err)
			}
		})
	}
	all.Wait()
	if won != 1 {
		t.Errorf("%d commits won, want 1", won)
	}
}

func effectsWait(t *testing.T, s Store, _ func(time.Duration)) {
	c := deciding(desk.Talk{}, "e1", "a")
	c.Effects = []flows.Effect{flows.Save{Page: "p", Form: flows.Form{flows.KeyName: flows.Conceal("王小明")}}, flows.PlaceOrder{}}
	commit(t, s, c)
	due, err := s.Pending(t.Context(), theTalk)
	if err != nil || len(due) != 2 {
		t.Fatalf("Pending = %v, %v, want two effects", due, err)
	}
	save, ok := due[0].Effect.(flows.Save)
	if !ok || save.Form.Text(flows.KeyName) != "王小明" || due[0].Ref.Event != "e1" || due[1].Ref.Index != 1 || !due[0].At.Equal(c.Event.At) {
		t.Errorf("Pending = %+v, want the save first, by name", due)
	}
	if !unsettled(t, s) {
		t.Error("a talk with effects is not in its to-do set")
	}
	if err := s.Settled(t.Context(), theTalk, due[:1]); err != nil {
		t.Fatal(err)
	}
	if rest, _ := s.Pending(t.Context(), theTalk); len(rest) != 1 || rest[0].Effect.Verb() != flows.VerbPlaceOrder || !unsettled(t, s) {
		t.Errorf("after settling one: %v", rest)
	}
	if err := s.Settled(t.Context(), theTalk, due); err != nil {
		t.Fatal(err)
	}
	if unsettled(t, s) {
		t.Error("a settled talk is still in its to-do set")
	}
}

func knowsWhomItMet(t *testing.T, s Store, _ func(time.Duration)) {
	who := desk.Identity{Channel: flows.WeChat, ID: "oA"}
	if _, err := s.Known(t.Context(), who); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Known of a stranger = %v, want ErrUnknown", err)
	}
	for _, talk := range []desk.TalkID{"first", "second"} { // the second when two talks were joined
		if err := s.Meet(t.Context(), who, talk); err != nil {
			t.Fatal(err)
		}
		if id, err := s.Known(t.Context(), who); id != talk || err != nil {
			t.Errorf("Known = %q, %v, want %s", id, err, talk)
		}
	}
	if _, err := s.Known(t.Context(), desk.Identity{Channel: flows.Alipay, ID: "oA"}); !errors.Is(err, desk.ErrUnknown) {
		t.Errorf("Known on another channel = %v, want ErrUnknown", err)
	}
}

// owedHasItsOwnName loses a talk twice while one event is delivered again and
// again: what is owed from before is never taken for what the event led to.
func owedHasItsOwnName(t *testing.T, s Store, _ func(time.Duration)) {
	names := map[desk.Ref]bool{}
	talk := desk.Talk{}
	for _, event := range []string{"e1", "e2"} { // two names, because the store remembers the answer to one
		c := deciding(talk, event, "a")
		c.Owed, c.Effects = []flows.Effect{flows.PlaceOrder{}}, []flows.Effect{flows.Cancel{}}
		talk = commit(t, s, c)
		due, err := s.Pending(t.Context(), theTalk)
		if err != nil || len(due) != 2 || due[0].Effect.Verb() != flows.VerbPlaceOrder || due[1].Ref != (desk.Ref{Talk: theTalk, Event: event}) {
			t.Fatalf("Pending = %+v, %v, want what is owed first, then the event's own under its name", due, err)
		}
		if names[due[0].Ref] || due[0].Ref.Event == event {
			t.Errorf("what is owed is called %s", due[0].Ref)
		}
		names[due[0].Ref] = true
		if err := s.Settled(t.Context(), theTalk, due); err != nil {
			t.Fatal(err)
		}
	}
}

// effectsInOrder decides twelve events whose identifiers and clocks say the
// opposite of their order.
func effectsInOrder(t *testing.T, s Store, _ func(time.Duration)) {
	talk := desk.Talk{}
	const events = 12
	for i := range events {
		c := deciding(talk, fmt.Sprintf("e%02d", events-i), "a")
		c.Event.At = c.Event.At.Add(-time.Duration(i) * time.Second)
		c.Effects = []flows.Effect{flows.PlaceOrder{}, flows.Cancel{}}
		talk = commit(t, s, c)
	}
	due, err := s.Pending(t.Context(), theTalk)
	if err != nil || len(due) != 2*events {
		t.Fatalf("Pending = %d effects, %v, want %d", len(due), err, 2*events)
	}
	for i, p := range due {
		want := fmt.Sprintf("e%02d", events-i/2)
		if p.Ref.Event != want || p.Ref.Index != i%2 || p.Seq != int64(i/2+1) {
			t.Errorf("effect %d is %s of sequence %d, want %s/%d", i, p.Ref, p.Seq, want, i%2)
		}
	}
	if err := s.Settled(t.Context(), theTalk, due); err != nil || unsettled(t, s) {
		t.Errorf("Settled = %v, want nothing left", err)
	}
}

// unsettled looks for the talk as the sweep does.
func unsettled(t *testing.T, s desk.Todo) bool {
	t.Helper()
	ids, err := s.Unsettled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Contains(ids, theTalk)
}

func floodPasses(t *testing.T, s Store, pass func(time.Duration)) {
	talk := desk.Talk{}
	for i := range 1000 {
		c := deciding(talk, fmt.Sprintf("e%d", i), "a")
		c.Limited = true
		next, _, err := s.Commit(t.Context(), c)
		if errors.Is(err, desk.ErrFlood) {
			pass(time.Minute)
			commit(t, s, c)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		talk = next
	}
	t.Error("a thousand messages at once were all taken")
}

func transcriptFromMark(t *testing.T, s Store, _ func(time.Duration)) {
	first := commit(t, s, deciding(desk.Talk{}, "e1", "a"))
	lines, mark, err := s.Lines(t.Context(), theTalk, "")
	if err != nil || len(lines) != 2 || lines[0].Text != "e1" {
		t.Fatalf("Lines = %v, %v", lines, err)
	}
	commit(t, s, deciding(first, "e2", "b"))
	if err := s.Append(t.Context(), theTalk, desk.Line{Who: desk.WhoUnsent, Text: "没有送达"}); err != nil {
		t.Fatal(err)
	}
	lines, _, err = s.Lines(t.Context(), theTalk, mark)
	if err != nil || len(lines) != 3 || lines[2].Who != desk.WhoUnsent {
		t.Errorf("Lines after the mark = %v, %v, want three", lines, err)
	}
}
