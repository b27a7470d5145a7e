package desk_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// The ways in which a conversation goes wrong between two lines of code
// (design.md 4). In each: one transition, one thing at the partner, one answer.

func TestAPersonGetsToThePayment(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.says("确认并付款")
	h.reaches(flows.PaymentPay)
	for _, trade := range h.town.pay() {
		if err := h.book.SettlePayment(t.Context(), trade, "notify", h.now()); err != nil {
			t.Fatal(err)
		}
	}
	h.reaches(flows.DeliveryPacking)
	h.until("a parcel", func() bool { _, parcels, _ := h.town.books(); return parcels == 1 })
}

func TestARedeliveryThatOverlapsTheFirstIsOneEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	e := h.event(flows.Said{Text: "个人证书"})
	answers := make([]desk.Answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		d := h.newDesk(h.store, h.book) // eight processes
		all.Go(func() {
			var err error
			if answers[i], err = d.Handle(t.Context(), h.identity(), e); err != nil {
				t.Errorf("Handle = %v", err)
			}
		})
	}
	all.Wait()
	for _, a := range answers {
		if len(a.Replies) != 1 || a.Replies[0].Text != answers[0].Replies[0].Text {
			t.Errorf("answers differ: %v and %v", a.Replies, answers[0].Replies)
		}
	}
	if seq := h.talk().Case.Seq; seq != 2 {
		t.Errorf("the talk decided %d events, want 2", seq)
	}
}

func TestManyMessagesAtOnceAreEachDecidedOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	desks := []*desk.Desk{h.newDesk(h.store, h.book), h.newDesk(h.store, h.book)}
	var all sync.WaitGroup
	for i := range 20 {
		e := h.event(flows.Said{Text: "帮助"})
		all.Go(func() {
			for {
				_, err := desks[i%2].Handle(t.Context(), h.identity(), e)
				if err == nil {
					return
				}
				if !errors.Is(err, desk.ErrBusy) {
					t.Errorf("Handle = %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	if seq := h.talk().Case.Seq; seq != 21 {
		t.Errorf("the talk decided %d events, want 21", seq)
	}
}

func TestAStaleCacheNeverWinsAfterALossOfRedis(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old := h.newDesk(h.store, h.book)
	if _, err := old.Handle(t.Context(), h.identity(), h.event(flows.Said{Text: "你好"})); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Handle(t.Context(), h.identity(), h.event(flows.Said{Text: "企业证书"})); err != nil {
		t.Fatal(err)
	}
	h.redis.FlushAll()
	// Another process brings the talk to the same sequence number by another way.
	h.says("你好")
	h.says("个人证书")
	before := h.talk().Case
	if _, err := old.Handle(t.Context(), h.identity(), h.event(flows.Said{Text: "帮助"})); err != nil {
		t.Fatal(err)
	}
	if now := h.talk().Case; now.At != before.At || now.Seq != before.Seq+1 || now.Form.Text(flows.KeyKind) != flows.KindPerson {
		t.Errorf("the old process took the talk from %s (%d) to %s (%d, %s)", before.At, before.Seq, now.At, now.Seq, now.Form.Text(flows.KeyKind))
	}
}

// mayOrder brings the applicant to the order, and waits until the ledger knows
// all that was decided up to there.
func (h *house) mayOrder() {
	h.t.Helper()
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.until("the ledger to know the price", func() bool {
		facts, err := h.book.Facts(h.t.Context(), h.id())
		return err == nil && facts.Form.Has(flows.KeyTotal)
	})
}

func TestALostRedisCostsThePageBeingTyped(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.mayOrder()
	h.redis.FlushAll()
	answer := h.says("到哪了")
	if answer.At != flows.ServiceConfirm {
		t.Errorf("resumed at %s, want %s", answer.At, flows.ServiceConfirm)
	}
	if text := answer.Replies[len(answer.Replies)-1].Text; !strings.Contains(text, "浙江省杭州市西湖区") {
		t.Errorf("the resumed step does not know the address: %s", text)
	}
}

// TestARollbackResumesWhatALaterReleaseLed has a talk at a step, and in a detour
// from a step, that this release does not have.
func TestARollbackResumesWhatALaterReleaseLed(t *testing.T) {
	t.Parallel()
	for what, lead := range map[string]func(*flows.Case){
		"step":   func(c *flows.Case) { c.At = "service.of-a-later-release" },
		"detour": func(c *flows.Case) { c.At, c.Left = flows.CancelConfirm, "service.of-a-later-release" },
	} {
		t.Run(what, func(t *testing.T) {
			h := newHouse(t)
			h.mayOrder()
			was, err := h.store.Load(t.Context(), h.id())
			if err != nil {
				t.Fatal(err)
			}
			led := was
			led.Case.Unheard = []flows.Secret{flows.Conceal("没有送达的话")}
			led.Case.Seq++
			lead(&led.Case)
			if _, _, err := h.store.Commit(t.Context(), desk.Commit{Talk: led, Was: was.Revision, Event: h.event(flows.Said{Text: "新"})}); err != nil {
				t.Fatal(err)
			}
			h.desk = h.newDesk(h.store, h.book)
			answer := h.says("到哪了")
			if answer.At != flows.ServiceConfirm {
				t.Errorf("resumed at %s, want %s", answer.At, flows.ServiceConfirm)
			}
			if !strings.Contains(answer.Replies[0].Text, "没有送达的话") {
				t.Errorf("what had not been heard is lost: %+v", answer.Replies)
			}
			if now := h.talk().Case; now.Seq != led.Case.Seq+1 {
				t.Errorf("the talk has decided %d events, want %d", now.Seq, led.Case.Seq+1)
			}
		})
	}
}

func TestActingAgainAfterALossMakesOneOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.says("确认并付款")
	h.reaches(flows.PaymentPay)
	h.redis.FlushAll()
	h.says("你好") // resumed from the facts, which asks for the payment again
	h.reaches(flows.PaymentPay)
	h.says("重新获取付款码")
	h.reaches(flows.PaymentPay)
	if bills, _, _ := h.town.books(); bills != 1 {
		t.Errorf("%d bills at the cashier, want 1", bills)
	}
}

func TestACrashAfterEachWrite(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"commit", "enter", "settled", "done", "accepted", "payment opened"} {
		for _, heard := range []bool{false, true} {
			t.Run(op+map[bool]string{false: " undone", true: " done but unheard"}[heard], func(t *testing.T) {
				t.Parallel()
				h := newHouse(t)
				stop := h.work(h.desk)
				h.registers()
				h.proves()
				h.chooses()
				stop()
				b := &breakage{before: map[string]int{}, after: map[string]int{}}
				if heard {
					b.after[op] = 1
				} else {
					b.before[op] = 1
				}
				h.desk = h.newDesk(brokenTalks{h.store, b}, brokenLedger{h.book, b})
				h.work(h.desk)
				confirm := h.event(flows.Said{Text: "确认并付款"})
				h.delivered(confirm)
				h.reaches(flows.PaymentPay)
				for _, trade := range h.town.pay() {
					if err := h.book.SettlePayment(t.Context(), trade, "notify", h.now()); err != nil {
						t.Fatal(err)
					}
				}
				h.reaches(flows.DeliveryPacking)
				h.until("a parcel", func() bool { _, parcels, _ := h.town.books(); return parcels == 1 })
				if bills, parcels, _ := h.town.books(); bills != 1 || parcels != 1 {
					t.Errorf("%d bills and %d parcels, want one of each", bills, parcels)
				}
			})
		}
	}
}

// delivered delivers an event as WeChat does: again, until it is taken.
func (h *house) delivered(e flows.Event) desk.Answer {
	h.t.Helper()
	for range 4 {
		answer, err := h.desk.Handle(h.t.Context(), h.identity(), e)
		if err == nil {
			return answer
		}
		if !errors.Is(err, errBroken) {
			h.t.Fatal(err)
		}
	}
	h.t.Fatal("the event was never taken")
	return desk.Answer{}
}

func TestTheLedgerMayBeDownWhileAMessageIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := &breakage{before: map[string]int{"enter": 5}, after: map[string]int{}}
	h.desk = h.newDesk(h.store, brokenLedger{h.book, b})
	h.work(h.desk)
	h.says("你好")
	answer := h.says("个人证书")
	if len(answer.Replies) == 0 {
		t.Error("no answer while the ledger was down")
	}
	h.until("the sweep to settle", func() bool {
		facts, err := h.book.Facts(t.Context(), h.id())
		return err == nil && facts.Form.Text(flows.KeyKind) == flows.KindPerson
	})
}

func TestAJobRunTwiceAtOnceSendsWhatItAsksForOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stop := h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	stop()
	h.says("确认并付款")
	due, err := h.store.Pending(t.Context(), h.id())
	if err != nil || len(due) == 0 {
		t.Fatalf("Pending = %v, %v", due, err)
	}
	if err := h.book.Enter(t.Context(), due); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, p := range due {
		for range 8 {
			all.Go(func() {
				if err := h.desk.Perform(t.Context(), p.Ref); err != nil {
					t.Errorf("Perform %s = %v", p.Effect.Verb(), err)
				}
			})
		}
	}
	all.Wait()
	h.work(h.desk)
	h.reaches(flows.PaymentPay)
	if bills, _, _ := h.town.books(); bills != 1 {
		t.Errorf("%d bills, want 1", bills)
	}
}

func TestAPaymentThatIsReportedBeforeItsOpeningReturned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.town.mu.Lock()
	h.town.onQR = func(number string) {
		for _, trade := range h.town.pay() {
			if err := h.book.SettlePayment(context.WithoutCancel(t.Context()), trade, "notify", h.now()); err != nil {
				t.Errorf("SettlePayment = %v", err)
			}
		}
	}
	h.town.mu.Unlock()
	h.says("确认并付款")
	h.reaches(flows.DeliveryPacking)
	h.until("a parcel", func() bool { _, parcels, _ := h.town.books(); return parcels == 1 })
}

func TestAReplyQueuedWhenAnAgentTakesOverIsNotSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stop := h.work(h.desk)
	h.registers()
	stop()
	id := h.id()
	// A report is decided and its reply waits in the queue while the agent comes.
	if _, err := h.desk.HandleTalk(t.Context(), id, flows.Event{
		ID: "late", At: h.now(), Via: flows.Within, What: flows.NotRegistered{Why: "不应说出的话"},
	}); err != nil {
		t.Fatal(err)
	}
	h.says("立即实名")
	clock := flows.Event{ID: "clock", At: h.now(), Via: flows.Within, What: flows.FaceRefused{Why: "机器人的话"}}
	if _, err := h.desk.HandleTalk(t.Context(), id, clock); err != nil {
		t.Fatal(err)
	}
	h.says("暂不实名")
	entry := h.talk().Case.Entry
	if _, err := h.desk.HandleTalk(t.Context(), id, flows.Event{ID: "clock/x", At: h.now(), Via: flows.Within, What: flows.Waited{Entry: entry}}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.desk.HandleTalk(t.Context(), id, flows.Event{
		ID: "take", At: h.now(), Via: flows.Console, What: flows.Taken{Agent: "zhou", Name: "小周"},
	}); err != nil {
		t.Fatal(err)
	}
	before := len(h.town.said)
	h.work(h.desk)
	h.until("the agent's greeting", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return len(h.town.said) > before
	})
	h.until("the unsent line", func() bool { return h.transcript(desk.WhoUnsent) != "" })
	h.town.mu.Lock()
	defer h.town.mu.Unlock()
	for _, text := range h.town.said[before:] {
		if !strings.Contains(text, "小周") {
			t.Errorf("the bot said %q after the agent took over", text)
		}
	}
}

// transcript joins what one side said.
func (h *house) transcript(who desk.Who) string {
	h.t.Helper()
	lines, _, err := h.store.Lines(h.t.Context(), h.id(), "")
	if err != nil {
		h.t.Fatal(err)
	}
	var b strings.Builder
	for _, l := range lines {
		if l.Who == who {
			b.WriteString(l.Text + "\n")
		}
	}
	return b.String()
}

func TestAnAgentSpeaksAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.says("人工")
	id := h.id()
	agent := func(what flows.Happening) desk.Answer {
		t.Helper()
		h.events++
		answer, err := h.desk.HandleTalk(t.Context(), id, flows.Event{ID: h.event(nil).ID, At: h.now(), Via: flows.Console, What: what})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	agent(flows.Taken{Agent: "zhou", Name: "小周"})
	if answer := h.says("你好"); len(answer.Replies) != 0 {
		t.Errorf("the bot spoke while an agent owned the talk: %v", answer.Replies)
	}
	if answer := agent(flows.Taken{Agent: "li", Name: "小李"}); len(answer.Refusals) == 0 {
		t.Error("a second agent took the talk")
	}
	if answer := agent(flows.AgentSaid{Agent: "li", Text: "我来"}); len(answer.Refusals) == 0 {
		t.Error("an agent spoke who does not own the talk")
	}
	agent(flows.AgentSaid{Agent: "zhou", Text: "请问有什么可以帮您？"})
	h.until("the agent's words", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return strings.Contains(strings.Join(h.town.said, "\n"), "有什么可以帮您")
	})
	agent(flows.Handed{Agent: "zhou"})
	if at := h.talk().Case.At; at != flows.PersonStart {
		t.Errorf("handed back at %s, want %s", at, flows.PersonStart)
	}
	h.until("the step to be said once", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return strings.Contains(strings.Join(h.town.said, "\n"), "已转回自助办理")
	})
}

func TestAFloodIsRefusedWithoutALoss(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.says("你好")
	var flooded bool
	for range 40 {
		_, err := h.desk.Handle(t.Context(), h.identity(), h.event(flows.Said{Text: "帮助"}))
		if errors.Is(err, desk.ErrFlood) {
			flooded = true
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !flooded {
		t.Fatal("forty messages in a window were all taken")
	}
	h.redis.FastForward(11 * time.Second)
	h.says("帮助")
}

func TestReportsAreDecidedAndSaidInOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stop := h.work(h.desk)
	h.registers()
	stop()
	const steps = 8
	for i := range steps { // they wait until the jobs run, all at once
		err := h.book.Report(t.Context(), fmt.Sprintf("news/%d", i), h.id(), flows.FaceRefused{Why: fmt.Sprintf("第%d条", i)}, h.now())
		if err != nil {
			t.Fatal(err)
		}
	}
	h.says("立即实名")
	h.says("同意")
	h.fills(form("name", "王小明", "id", "11010519491231002X")) // person.opening expects FaceRefused
	h.work(h.desk)
	h.until("every report to be decided", func() bool { return strings.Count(h.transcript(desk.WhoWorld), "face-refused") >= steps })
	lines, _, err := h.store.Lines(t.Context(), h.id(), "")
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for _, l := range lines {
		if l.Who == desk.WhoWorld && strings.HasPrefix(l.ID, "news/") {
			if want := fmt.Sprintf("news/%d", next); l.ID != want {
				t.Fatalf("%s was decided when it was the turn of %s", l.ID, want)
			}
			next++
		}
	}
}
