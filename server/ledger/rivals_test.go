package ledger

// Two processes on one PostgreSQL. What one of them cannot see of the other
// when it decides is what breaks a limit or loses an answer: under "read
// committed" codes, limits, answers and turns go wrong here.

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
	"certdesk/server/ledger/ledgertest"
)

// processes are two ledgers over the same tables.
func processes(t *testing.T) [2]*Ledger {
	t.Helper()
	cfg := config(t)
	return [2]*Ledger{openWith(t, cfg), openWith(t, cfg)}
}

func TestTwoProcesses(t *testing.T) {
	t.Run(onPostgres, func(t *testing.T) {
		for name, test := range map[string]func(*testing.T, [2]*Ledger){
			"count every wrong code":                rivalsMiss,
			"send a number one code":                rivalsFlood,
			"keep every answer of a page":           rivalsFillIn,
			"number the pages of a talk":            rivalsTurnPages,
			"know an owner no older than the other": rivalsTakeOver,
			"serve strangers side by side":          strangers,
		} {
			t.Run(name, func(t *testing.T) { test(t, processes(t)) })
		}
	})
}

// registering is a talk that waits for its code.
func registering(t *testing.T, l *Ledger, who, mobile string) desk.TalkID {
	t.Helper()
	talk := desktest.NewTalk(t, l, who)
	desktest.Save(t, l, talk, "filled", flows.PersonPage, "name", "张三", "id", "11010519491231002X", "login", who+"@example.com", "mobile", mobile)
	return talk
}

func rivalsMiss(t *testing.T, both [2]*Ledger) {
	talk := registering(t, both[0], "oA", "13800138000")
	code, err := both[0].NewCode(t.Context(), talk, flows.SendCode{Purpose: flows.PurposeRegister}, "c1", noon)
	if err != nil {
		t.Fatal(err)
	}
	wrong := flows.Conceal("000000")
	if code.Code == wrong {
		wrong = flows.Conceal("000001")
	}
	left := make([]int, desktest.Rivals)
	errs := desktest.Together(func(i int) (err error) {
		left[i], err = both[i%2].CheckCode(t.Context(), talk, flows.PurposeRegister, wrong, noon)
		return err
	})
	if n := desktest.Count(errs, desk.ErrWrong); n != codeTries {
		t.Errorf("%d of %d wrong codes counted, want %d: %v", n, desktest.Rivals, codeTries, errs)
	}
	slices.Sort(left)
	if most := left[len(left)-1]; most != codeTries-1 {
		t.Errorf("after the tries %v were left, want each counted once", left)
	}
}

func rivalsFlood(t *testing.T, both [2]*Ledger) {
	talks := make([]desk.TalkID, desktest.Rivals)
	for i := range talks {
		talks[i] = registering(t, both[i%2], fmt.Sprint("o", i), "13800138000")
	}
	errs := desktest.Together(func(i int) error {
		_, err := both[i%2].NewCode(t.Context(), talks[i], flows.SendCode{Purpose: flows.PurposeRegister}, fmt.Sprint("c", i), noon)
		return err
	})
	for _, err := range errs {
		if refused, ok := errors.AsType[*flows.RefusedError](err); err != nil && (!ok || refused.Code != "limit") {
			t.Errorf("NewCode = %v, want nil or the limit", err)
		}
	}
	if n := desktest.Count(errs, nil); n != 1 {
		t.Errorf("%d codes were made for one number at once, want 1", n)
	}
}

func rivalsFillIn(t *testing.T, both [2]*Ledger) {
	talk := desktest.NewTalk(t, both[0], "oA")
	desktest.AllSucceed(t, desktest.Together(func(i int) error {
		return both[i%2].Enter(t.Context(), []desk.Pending{saving(talk, i, flows.PageID(flows.PersonPage))})
	}))
	form := desktest.Facts(t, both[0], talk).Form
	for i := range desktest.Rivals {
		if key := flows.Key(fmt.Sprint("k", i)); form.Text(key) != "v" {
			t.Errorf("the answer %s is lost", key)
		}
	}
}

func rivalsTurnPages(t *testing.T, both [2]*Ledger) {
	talk := desktest.NewTalk(t, both[0], "oA")
	desktest.AllSucceed(t, desktest.Together(func(i int) error {
		return both[i%2].Enter(t.Context(), []desk.Pending{saving(talk, i, flows.PageID(fmt.Sprint("page", i)))})
	}))
	var turns []int64
	if err := both[0].read.NewSelect().Model((*pageRow)(nil)).Column("turn").Where("talk = ?", talk).Order("turn").Scan(t.Context(), &turns); err != nil {
		t.Fatal(err)
	}
	for i, turn := range turns {
		if turn != int64(i)+1 {
			t.Fatalf("pages have the turns %v, want one each", turns)
		}
	}
}

// saving is an answer to a page, under an event and a key of its own.
func saving(talk desk.TalkID, i int, page flows.PageID) desk.Pending {
	form := flows.Form{flows.Key(fmt.Sprint("k", i)): flows.Conceal("v")}
	return desk.Pending{Ref: desktest.Ref(talk, fmt.Sprint("e", i)), Effect: flows.Save{Page: page, Form: form}, At: noon}
}

func rivalsTakeOver(t *testing.T, both [2]*Ledger) {
	talk := desktest.NewTalk(t, both[0], "oA")
	desktest.AllSucceed(t, desktest.Together(func(i int) error {
		owner := flows.Owner{Kind: flows.OwnerAgent, Agent: fmt.Sprint("agent", i), Epoch: int64(i) + 1}
		return both[i%2].Enter(t.Context(), []desk.Pending{{Ref: desktest.Ref(talk, fmt.Sprint("e", i)), Effect: flows.Own{Owner: owner}, At: noon}})
	}))
	if got := desktest.Facts(t, both[1], talk).Owner.Epoch; got != desktest.Rivals {
		t.Errorf("the talk's owner has epoch %d, want the newest, %d", got, desktest.Rivals)
	}
}

// strangers have nothing to do with each other, but their rows lie side by side
// in tables that are still small, where the database sees conflicts that are
// none. Nobody may fail because of that.
func strangers(t *testing.T, both [2]*Ledger) {
	desktest.AllSucceed(t, desktest.Together(func(i int) error {
		l, ctx := both[i%2], t.Context()
		talk := registering(t, l, fmt.Sprint("o", i), fmt.Sprintf("138001380%02d", i))
		_, coded := l.NewCode(ctx, talk, flows.SendCode{Purpose: flows.PurposeRegister}, fmt.Sprint("c", i), noon)
		_, checked := l.OpenCheck(ctx, desktest.Ref(talk, "face"), flows.WayFace, noon)
		return errors.Join(coded, checked, l.CallAgent(ctx, desktest.Ref(talk, "help"), flows.WhyApplicant, noon))
	}))
}

// TestAServerThatFailsIsUsedAgain kills the database under a working ledger: what
// was entered is performed when it is back, and what comes later as well.
func TestAServerThatFailsIsUsedAgain(t *testing.T) {
	server, err := ledgertest.Start()
	if errors.Is(err, ledgertest.ErrAbsent) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.Create(t.Context(), "ledger", "template1"); err != nil {
		t.Fatal(err)
	}
	cfg := configOn(t, server.DSN("ledger"))
	cfg.Hurry = 1000
	l := openWith(t, cfg)
	talk := desktest.NewTalk(t, l, "oA")
	w := newWorker()
	stop := working(t, l, w)
	defer stop()
	desktest.Enter(t, l, talk, "e1", flows.VerifyFace{})
	w.want(t, "perform "+desktest.Ref(talk, "e1").String())
	if err := errors.Join(server.Kill(), server.Run()); err != nil {
		t.Fatal(err)
	}
	late := time.Now().Add(patience)
	for _, event := range []string{"e2", "e3"} {
		due := []desk.Pending{{Ref: desktest.Ref(talk, event), Effect: flows.VerifyFace{}, At: noon}}
		for err := l.Enter(t.Context(), due); err != nil; err = l.Enter(t.Context(), due) {
			if time.Now().After(late) {
				t.Fatalf("Enter after the server came back = %v", err)
			}
		}
	}
	w.want(t, "perform "+desktest.Ref(talk, "e2").String(), "perform "+desktest.Ref(talk, "e3").String())
}

// TestATransactionWhoseCallerLeaves ends the context in the middle, as a stop or
// a time-out does. The connection is the transaction's until it has ended: one
// that is given back earlier is used by two, and the driver panics.
func TestATransactionWhoseCallerLeaves(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l := open(t)
		talk := desktest.NewTalk(t, l, "oA")
		for i := range 50 {
			ctx, leave := context.WithCancel(t.Context())
			due := desk.Pending{Ref: desktest.Ref(talk, fmt.Sprint("e", i)), Effect: flows.VerifyFace{}, At: noon}
			err := l.tx(ctx, func(ctx context.Context, tx txn) error {
				leave()
				return l.enter(ctx, tx, due)
			})
			_, owed := l.Effect(t.Context(), due.Ref)
			if (err == nil) != (owed == nil) {
				t.Fatalf("tx = %v, and afterwards Effect = %v", err, owed)
			}
		}
	})
}
