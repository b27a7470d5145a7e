package ledger

// The queue at work: what is entered is performed, delivered, rung and polled;
// what fails comes again; what no job covers any more is found.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river/rivertype"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
)

// worker tells of every job it is given and answers as it is told to.
type worker struct {
	seen   chan string
	answer func(what string) (time.Duration, error)
}

func newWorker() *worker {
	return &worker{seen: make(chan string, 100), answer: func(string) (time.Duration, error) { return 0, nil }}
}

func (w *worker) take(what string) (time.Duration, error) {
	pause, err := w.answer(what)
	w.seen <- what
	return pause, err
}

func (w *worker) Perform(_ context.Context, ref desk.Ref) error {
	_, err := w.take("perform " + ref.String())
	return err
}

func (w *worker) Deliver(_ context.Context, report string) error {
	_, err := w.take("deliver " + report)
	return err
}

func (w *worker) Ring(_ context.Context, _ desk.TalkID, rung flows.Waited, at time.Time) error {
	_, err := w.take(fmt.Sprint("ring ", rung.Entry, " ", at.Unix()))
	return err
}

func (w *worker) Poll(_ context.Context, p desk.Poll) (time.Duration, error) {
	return w.take("poll " + p.Partner + " " + p.Number)
}

// working runs the jobs of a ledger until the returned function is called,
// which waits for them.
func working(t *testing.T, l *Ledger, w desk.Work) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Work(ctx, w) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Work: %v", err)
		}
	}
}

const patience = 20 * time.Second // of a loaded machine

// want waits until the worker was given all of these, in any order.
func (w *worker) want(t *testing.T, all ...string) {
	t.Helper()
	missing := map[string]int{}
	for _, what := range all {
		missing[what]++
	}
	late := time.After(patience)
	for len(missing) > 0 {
		select {
		case what := <-w.seen:
			if missing[what]--; missing[what] < 0 {
				t.Fatalf("the worker was given %q, want only %v", what, all)
			}
			if missing[what] == 0 {
				delete(missing, what)
			}
		case <-late:
			t.Fatalf("the worker was not given %v", missing)
		}
	}
}

func hurried(t *testing.T) *Ledger {
	t.Helper()
	cfg := config(t)
	cfg.Hurry = 1000
	return openWith(t, cfg)
}

func TestWorkDoesEveryKindOfJob(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := hurried(t)
		now := time.Now().Truncate(time.Second)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		err := l.Enter(t.Context(), []desk.Pending{{
			Ref: desktest.Ref(talk, "e2"), Effect: flows.Wait{Entry: "e2", For: 1000 * time.Second}, At: now,
		}})
		if err != nil {
			t.Fatal(err)
		}
		desktest.Save(t, l, talk, "e3", flows.PersonPage, "name", "张三", "id", "11010519491231002X")
		check, err := l.OpenCheck(t.Context(), desktest.Ref(talk, "e1"), flows.WayFace, now)
		if err != nil {
			t.Fatal(err)
		}
		check.Provider = "certify-1"
		for range 2 {
			if err := l.CheckOpened(t.Context(), desktest.Ref(talk, "e1"), check, now); err != nil {
				t.Fatal(err)
			}
		}
		w := newWorker()
		polled := 0
		w.answer = func(what string) (time.Duration, error) {
			if what == "poll face "+check.Number {
				if polled++; polled < 3 {
					return time.Millisecond, nil
				}
			}
			return 0, nil
		}
		stop := working(t, l, w)
		poll := "poll face " + check.Number
		effect := desktest.Ref(talk, "e1").String()
		w.want(t, "perform "+effect, "deliver effect/"+effect, fmt.Sprint("ring e2 ", now.Unix()+1), poll, poll, poll)
		stop()
	})
}

func TestAJobThatFailsComesAgain(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := hurried(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		w := newWorker()
		tries := 0
		w.answer = func(string) (time.Duration, error) {
			if tries++; tries < 3 {
				return 0, errors.New("the partner is away")
			}
			return 0, nil
		}
		stop := working(t, l, w)
		effect := "perform " + desktest.Ref(talk, "e1").String()
		w.want(t, effect, effect, effect)
		stop()
	})
}

func TestWorkFinishesWhatIsInHand(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := hurried(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		w := newWorker()
		begun, finish := make(chan struct{}), make(chan struct{})
		finished := false // no lock: Work's return is what orders it
		w.answer = func(string) (time.Duration, error) {
			close(begun)
			<-finish
			for range 50 {
				desktest.Facts(t, l, talk)
			}
			finished = true
			return 0, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Work(ctx, w) }()
		<-begun
		cancel()
		close(finish)
		if err := <-ended; err != nil || !finished {
			t.Errorf("Work = %v, with the job in hand finished: %v", err, finished)
		}
		if n := jobs(t, l); n != 0 {
			t.Errorf("%d jobs are left, want the one in hand finished", n)
		}
	})
}

func TestWorkNeedsSomebody(t *testing.T) {
	if err := open(t).Work(t.Context(), nil); err == nil {
		t.Error("Work(nil) = nil, want an error")
	}
}

func TestStuckFindsWhatNoJobCovers(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{}, flows.Register{})
		if err := l.Report(t.Context(), "r1", talk, flows.FaceNotYet{}, noon); err != nil {
			t.Fatal(err)
		}
		if err := l.Done(t.Context(), desk.Ref{Talk: talk, Event: "e1", Index: 1}, noon); err != nil {
			t.Fatal(err)
		}
		later := noon.Add(11 * time.Minute)
		wantStuck(t, l, later) // its job is alive
		finishJobs(t, l)
		wantStuck(t, l, noon.Add(9*time.Minute)) // not long enough
		wantStuck(t, l, later, desktest.Ref(talk, "e1"))
		if n := jobs(t, l); n != 2 {
			t.Errorf("%d jobs, want one for the effect and one for the report", n)
		}
		if all, err := l.Waiting(t.Context()); err != nil || len(all) != 1 || !slices.Equal(all[0].Why, []string{WhyStuck}) {
			t.Errorf("Waiting = %+v, %v, want an agent called", all, err)
		}
		wantStuck(t, l, later) // alive again
		finishJobs(t, l)
		wantStuck(t, l, later) // flagged before, but employed again
		if n := jobs(t, l); n != 2 {
			t.Errorf("%d jobs, want both employed again", n)
		}
	})
}

func TestRivalsFindTheStuckOnce(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
		finishJobs(t, l)
		found := make([]int, desktest.Rivals)
		desktest.AllSucceed(t, desktest.Together(func(i int) error {
			refs, err := l.Stuck(t.Context(), noon.Add(time.Hour))
			found[i] = len(refs)
			return err
		}))
		total := 0
		for _, n := range found {
			total += n
		}
		if total != 1 || jobs(t, l) != 1 {
			t.Errorf("found %d times with %d jobs, want once with one", total, jobs(t, l))
		}
	})
}

func wantStuck(t *testing.T, l *Ledger, at time.Time, want ...desk.Ref) {
	t.Helper()
	got, err := l.Stuck(t.Context(), at)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Stuck = %v, %v, want %v", got, err, want)
	}
}

// finishJobs does to all jobs what using up their tries does.
func finishJobs(t *testing.T, l *Ledger) {
	t.Helper()
	_, err := l.db.NewRaw("UPDATE river_job SET state = 'discarded', finalized_at = created_at").Exec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}

// TestATalkHasOneClockOfEachSort sets clocks again and again, as steps are
// entered and left: only the last of each sort is still to ring.
func TestATalkHasOneClockOfEachSort(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk, other := desktest.NewTalk(t, l, "oA"), desktest.NewTalk(t, l, "oB")
		desktest.Enter(t, l, other, "e1", flows.Wait{Entry: "e1", For: time.Hour})
		for _, e := range []string{"left", "left-too", "present"} {
			desktest.Enter(t, l, talk, e,
				flows.Wait{Entry: e, For: time.Hour}, flows.Wait{Entry: e, For: 24 * time.Hour, ByDay: true, Nudge: 1})
		}
		var due []string
		err := l.read.NewRaw("SELECT CAST(args AS TEXT) FROM river_job WHERE kind = 'timer' AND finalized_at IS NULL ORDER BY 1").Scan(t.Context(), &due)
		if err != nil || len(due) != 3 {
			t.Fatalf("the clocks that are still to ring are %v, %v, want the last two of one talk and one of the other", due, err)
		}
		for _, args := range due {
			if strings.Contains(args, string(talk)) && !strings.Contains(args, "present") {
				t.Errorf("a clock of a step that was left is still to ring: %s", args)
			}
		}
	})
}

// TestARemindersClockRingsByDay sets one that falls into the night.
func TestARemindersClockRingsByDay(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		late := time.Date(2026, 11, 26, 23, 0, 0, 0, flows.Beijing)
		effects := []flows.Effect{flows.Wait{Entry: "e1", For: 24 * time.Hour, ByDay: true, Nudge: 1}, flows.Wait{Entry: "e1", For: 24 * time.Hour}}
		var entered []desk.Pending
		for i, e := range effects {
			entered = append(entered, desk.Pending{Ref: desk.Ref{Talk: talk, Event: "e1", Index: i}, Effect: e, At: late})
		}
		if err := l.Enter(t.Context(), entered); err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			Args        string
			ScheduledAt time.Time
		}
		if err := l.read.NewRaw("SELECT CAST(args AS TEXT) AS args, scheduled_at FROM river_job WHERE kind = 'timer'").Scan(t.Context(), &rows); err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			want := late.Add(24 * time.Hour) // a deadline rings when it is due
			if strings.Contains(row.Args, "nudge") {
				want = time.Date(2026, 11, 28, 8, 0, 0, 0, flows.Beijing)
			}
			if !row.ScheduledAt.Equal(want) {
				t.Errorf("%s rings at %s, want %s", row.Args, row.ScheduledAt.In(flows.Beijing), want)
			}
		}
	})
}

func TestRetriesSlowDown(t *testing.T) {
	tests := []struct {
		failures int
		hurry    int
		want     time.Duration
	}{
		{0, 1, time.Second},
		{1, 1, 2 * time.Second},
		{8, 1, 256 * time.Second},
		{9, 1, 5 * time.Minute},
		{5000, 1, 5 * time.Minute},
		{1, 20, 100 * time.Millisecond},
	}
	for _, tt := range tests {
		r := retries{hurry: tt.hurry, now: func() time.Time { return noon }}
		row := &rivertype.JobRow{Errors: make([]rivertype.AttemptError, tt.failures)}
		if got := r.NextRetry(row).Sub(noon); got != tt.want {
			t.Errorf("NextRetry after %d failures, hurry %d = %s, want %s", tt.failures, tt.hurry, got, tt.want)
		}
	}
}

func TestWorkThatEndsWhileItStartsIsNoFailure(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		ended, end := context.WithCancel(t.Context())
		end()
		if err := l.Work(ended, newWorker()); err != nil {
			t.Errorf("Work = %v, want nil", err)
		}
	})
}
