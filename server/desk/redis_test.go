package desk_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/talks/redistest"
)

// The same conversation on Redis in other shapes, and on one that loses what it
// had: the ledger knows how far the applicant is.

func TestTheWholeWayOnACluster(t *testing.T) {
	t.Parallel()
	h := newHouseOn(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: redistest.Cluster(t)}))
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.pays()
}

// TestAFailOverInTheMiddle ends the master while an order is being confirmed.
// Whatever the replica had not received is lost; nothing is done twice.
func TestAFailOverInTheMiddle(t *testing.T) {
	t.Parallel()
	pair := redistest.Sentinel(t)
	h := newHouseOn(t, redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: pair.Master, SentinelAddrs: []string{pair.Sentinel}, DialTimeout: time.Second, ReadTimeout: time.Second,
	}))
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.says("确认并付款")
	pair.FailOver()
	h.insists("到哪了") // WeChat delivers again; the applicant asks again
	h.until("the order to be asked for again, or to have been", func() bool {
		at := h.talk().Case.At
		if at == flows.ServiceConfirm {
			h.insists("确认并付款")
		}
		return at == flows.PaymentPay
	})
	h.pays()
	if bills, parcels, texts := h.town.books(); bills != 1 || parcels != 1 || texts != 1 {
		t.Errorf("%d bills, %d parcels and %d SMS, want one of each", bills, parcels, texts)
	}
}

// insists delivers a message until it is taken.
func (h *house) insists(text string) {
	h.t.Helper()
	e := h.event(flows.Said{Text: text})
	h.until("a message to be taken", func() bool {
		_, err := h.desk.Handle(h.t.Context(), h.identity(), e)
		return err == nil || errors.Is(err, desk.ErrFlood)
	})
}

// pays walks from the payment, or from the confirmation before it, to a booked
// parcel.
func (h *house) pays() {
	h.t.Helper()
	if h.talk().Case.At == flows.ServiceConfirm {
		h.says("确认并付款")
	}
	h.reaches(flows.PaymentPay)
	for _, trade := range h.town.pay() {
		if err := h.book.SettlePayment(h.t.Context(), trade, "notify", h.now()); err != nil {
			h.t.Fatal(err)
		}
	}
	h.reaches(flows.DeliveryPacking)
	h.until("a parcel", func() bool { _, parcels, _ := h.town.books(); return parcels == 1 })
}

// trips counts what is sent to Redis, a pipeline as one.
type trips struct{ n atomic.Int64 }

func (c *trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n.Add(1); return next(ctx, cmd) }
}

func (c *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n.Add(1); return next(ctx, cmds) }
}

// TestAMessageCostsOneRoundTrip counts them for a talk that this process has,
// and for one that another process decided last.
func TestAMessageCostsOneRoundTrip(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	h := newHouseOn(t, client)
	first := h.desk
	h.says("你好")
	h.desk = h.newDesk(h.store, h.book)
	h.says("帮助") // another process; the script is loaded now
	h.desk = first
	counted := &trips{}
	client.AddHook(counted)
	for _, tt := range []struct {
		talk string
		want int64
	}{
		{"changed elsewhere", 2}, // the script answers with the talk, which is decided again
		{"as this process left it", 1},
		{"as this process left it", 1},
	} {
		counted.n.Store(0)
		h.says("帮助")
		if n := counted.n.Load(); n != tt.want {
			t.Errorf("a message to a talk %s cost %d round trips, want %d", tt.talk, n, tt.want)
		}
	}
	h.desk = h.newDesk(h.store, h.book)
	counted.n.Store(0)
	h.says("帮助")
	if n := counted.n.Load(); n != 3 {
		t.Errorf("the first message of an identity to a process cost %d round trips, want 3: identity, talk, commit", n)
	}
}

// TestALossAtEachStep empties Redis at each step of the way. The applicant is
// then at the same step, or at the one before it when only a page being typed,
// a consent or a choice of theirs is lost; no page that the ledger has is asked
// again, and nothing is done twice.
func TestALossAtEachStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.work(h.desk)
	lose := func(want flows.State) {
		t.Helper()
		h.until("everything decided to be in the ledger", func() bool {
			due, err := h.store.Pending(t.Context(), h.id())
			return err == nil && len(due) == 0
		})
		at := h.talk().Case.At
		h.redis.FlushAll()
		h.says("到哪了")
		h.until("the talk to be resumed from "+string(at)+" at "+string(want), func() bool { return h.talk().Case.At == want })
	}
	h.says("你好")
	lose(flows.Welcome)
	h.says("个人证书")
	lose(flows.RegisterAccount)
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	h.until("an SMS", func() bool { return h.town.code() != "" })
	lose(flows.RegisterPerson)
	h.fills(form("code", h.town.code(), "password", "$argon2id$v=19$x", "password2", "$argon2id$v=19$x", "terms", "on", "duty", "on"))
	h.reaches(flows.PersonStart)
	lose(flows.PersonStart)
	h.says("立即实名")
	lose(flows.PersonStart)
	h.says("立即实名")
	h.says("同意")
	lose(flows.PersonPage)
	h.fills(form("name", "王小明", "id", "11010519491231002X"))
	h.reaches(flows.PersonScan)
	lose(flows.PersonScan)
	h.town.passFaces()
	h.says("我已完成认证")
	h.reaches(flows.ServiceChoose)
	lose(flows.ServiceChoose)
	h.says("1")
	lose(flows.ServiceReceipt)
	h.fills(form())
	lose(flows.ServiceDelivery)
	h.fills(form("to", "王小明", "prov", "浙江省", "city", "杭州市", "dist", "西湖区", "addr", "文三路90号东部软件园", "tomob", "13800138000"))
	lose(flows.ServiceConfirm)
	h.says("确认并付款")
	h.reaches(flows.PaymentPay)
	lose(flows.PaymentPay)
	h.pays()
	lose(flows.DeliveryPacking)
	if bills, parcels, texts := h.town.books(); bills != 1 || parcels != 1 || texts != 1 {
		t.Errorf("%d bills, %d parcels and %d SMS, want one of each", bills, parcels, texts)
	}
}

// TestALossAfterAReport empties Redis when a report was decided and what it led
// to was not in the ledger yet. The applicant, who has paid, writes nothing more.
func TestALossAfterAReport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	trouble := &breakage{before: map[string]int{}, after: map[string]int{}}
	h.desk = h.newDesk(h.store, brokenLedger{h.book, trouble})
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	h.says("确认并付款")
	h.reaches(flows.PaymentPay)
	h.until("everything decided to be in the ledger", func() bool {
		due, err := h.store.Pending(t.Context(), h.id())
		return err == nil && len(due) == 0
	})
	fails := func(times int) {
		trouble.mu.Lock()
		defer trouble.mu.Unlock()
		trouble.before["enter"] = times
	}
	fails(1_000_000)
	for _, trade := range h.town.pay() {
		if err := h.book.SettlePayment(t.Context(), trade, "notify", h.now()); err != nil {
			t.Fatal(err)
		}
	}
	h.reaches(flows.DeliveryPacking)
	h.redis.FlushAll()
	fails(0)
	h.until("a parcel, although nobody asked for it again", func() bool { _, parcels, _ := h.town.books(); return parcels == 1 })
}

// TestAnAnswerOfRedisThatIsLost spoils what Redis says to a commit that it has
// done: once, so that the client asks again by itself, and as often as it does.
func TestAnAnswerOfRedisThatIsLost(t *testing.T) {
	t.Parallel()
	proxy := redistest.Between(t, redistest.Single(t))
	h := newHouseOn(t, redis.NewClient(&redis.Options{Addr: proxy.Address, ReadTimeout: 200 * time.Millisecond, MaxRetries: 2}))
	h.says("你好")
	decided := h.talk().Case.Seq
	for _, fault := range []redistest.Fault{redistest.Cut, redistest.Halve, redistest.Swallow, redistest.Delay} {
		for _, times := range []int{1, 3} {
			e := h.event(flows.Said{Text: "帮助"})
			proxy.Spoil(fault, times)
			first, err := h.desk.Handle(t.Context(), h.identity(), e)
			if times == 1 && err != nil {
				t.Errorf("%s once: Handle = %v, want the answer of the second attempt", fault, err)
			}
			proxy.Spoil(redistest.None, 0)
			again, err := h.newDesk(h.store, h.book).Handle(t.Context(), h.identity(), e)
			if err != nil || len(again.Replies) == 0 || len(first.Replies) > 0 && first.Replies[0].Text != again.Replies[0].Text {
				t.Errorf("%s %d times: the redelivery = %+v, %v, after %+v", fault, times, again, err, first)
			}
			decided++
			if seq := h.talk().Case.Seq; seq != decided {
				t.Fatalf("%s %d times: the talk decided %d events, want %d", fault, times, seq, decided)
			}
		}
	}
	said, _, err := h.store.Lines(t.Context(), h.id(), "")
	if err != nil {
		t.Fatal(err)
	}
	heard := map[string]int{}
	for _, l := range said {
		if l.Who == desk.WhoApplicant {
			heard[l.ID]++
		}
	}
	if int64(len(heard)) != decided {
		t.Errorf("the transcript has %d messages, want %d", len(heard), decided)
	}
	for id, n := range heard {
		if n != 1 {
			t.Errorf("message %s is %d times in the transcript", id, n)
		}
	}
}

// TestATalkIsSmall weighs a talk whose form is filled: what a conversation that
// rests keeps in Redis, besides its transcript.
func TestATalkIsSmall(t *testing.T) {
	t.Parallel()
	client := redis.NewClient(&redis.Options{Addr: redistest.Single(t)})
	h := newHouseOn(t, client)
	h.work(h.desk)
	h.registers()
	h.proves()
	h.chooses()
	keys, err := client.Keys(t.Context(), "*:talk:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("talks = %v, %v, want one", keys, err)
	}
	size, err := client.MemoryUsage(t.Context(), keys[0]).Result()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes with %d answers", size, len(h.talk().Case.Form))
	if most := int64(2048); size > most {
		t.Errorf("a talk takes %d bytes, want at most %d", size, most)
	}
}
