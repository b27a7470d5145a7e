package desk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/ledger"
	"certdesk/server/ledger/ledgertest"
	"certdesk/server/sealed"
	"certdesk/server/talks"
)

// house is a desk with real stores, embedded, and partners who keep books by
// the numbers they are given, as real ones do.
type house struct {
	t      *testing.T
	redis  *miniredis.Miniredis
	store  *talks.Store
	book   *ledger.Ledger
	desk   *desk.Desk
	town   *town
	openid string
	events int
	clock  time.Time
}

// breakage stands between the desk and its stores and may refuse an
// operation, before it is done or after.
type breakage struct {
	desk.Talks
	desk.Ledger
	mu     sync.Mutex
	before map[string]int // operation → how many times it fails undone
	after  map[string]int // operation → how many times it fails although done
}

var errBroken = errors.New("broken on purpose")

func (b *breakage) at(op string, do func() error) error {
	b.mu.Lock()
	undone, unheard := b.before[op] > 0, b.after[op] > 0
	if undone {
		b.before[op]--
	} else if unheard {
		b.after[op]--
	}
	b.mu.Unlock()
	if undone {
		return errBroken
	}
	err := do()
	if unheard {
		return errBroken
	}
	return err
}

type brokenTalks struct {
	desk.Talks
	*breakage
}

func (b brokenTalks) Commit(ctx context.Context, chain ...desk.Commit) (t desk.Talk, a desk.Answer, err error) {
	err = b.at("commit", func() (err error) { t, a, err = b.Talks.Commit(ctx, chain...); return err })
	return t, a, err
}

func (b brokenTalks) Settled(ctx context.Context, id desk.TalkID, done []desk.Pending) error {
	return b.at("settled", func() error { return b.Talks.Settled(ctx, id, done) })
}

type brokenLedger struct {
	desk.Ledger
	*breakage
}

func (b brokenLedger) Enter(ctx context.Context, effects []desk.Pending) error {
	return b.at("enter", func() error { return b.Ledger.Enter(ctx, effects) })
}

func (b brokenLedger) Done(ctx context.Context, ref desk.Ref, at time.Time) error {
	return b.at("done", func() error { return b.Ledger.Done(ctx, ref, at) })
}

func (b brokenLedger) Accepted(ctx context.Context, id string, at time.Time) error {
	return b.at("accepted", func() error { return b.Ledger.Accepted(ctx, id, at) })
}

func (b brokenLedger) PaymentOpened(ctx context.Context, ref desk.Ref, p desk.Payment, at time.Time) error {
	return b.at("payment opened", func() error { return b.Ledger.PaymentOpened(ctx, ref, p, at) })
}

func newHouse(t *testing.T) *house {
	t.Helper()
	r := miniredis.RunT(t)
	h := newHouseOn(t, redis.NewClient(&redis.Options{Addr: r.Addr()}))
	h.redis = r
	return h
}

// newHouseOn is a house whose talks are in some other Redis.
func newHouseOn(t *testing.T, client redis.UniversalClient) *house {
	t.Helper()
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h := &house{t: t, town: newTown(), openid: "oApplicant", clock: time.Now()}
	t.Cleanup(func() { client.Close() })
	if h.store, err = talks.Open(t.Context(), client, keys, talks.Defaults); err != nil {
		t.Fatal(err)
	}
	h.book, err = ledger.Open(t.Context(), ledger.Config{
		DSN: books(t), Keys: keys, Hurry: 20, PublicURL: "http://certdesk.test", Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.book.Close() })
	h.desk = h.newDesk(h.store, h.book)
	return h
}

const onPostgres = "TestOnPostgreSQL/"

// books is where the ledger of a test is: in SQLite, and in PostgreSQL below
// [TestOnPostgreSQL].
func books(t *testing.T) string {
	t.Helper()
	if !strings.HasPrefix(t.Name(), onPostgres) {
		return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	}
	return ledgertest.Database(t, "ledger", func(dsn string) error {
		_, err := ledger.Migrate(context.Background(), ledger.Config{DSN: dsn}, ledger.Newest)
		return err
	})
}

// newDesk is a process of the service: it shares nothing with another but the
// stores.
func (h *house) newDesk(store desk.Talks, book desk.Ledger) *desk.Desk {
	return h.newDeskBy(h.now, store, book)
}

// newDeskBy is a process with a clock of its own.
func (h *house) newDeskBy(now func() time.Time, store desk.Talks, book desk.Ledger) *desk.Desk {
	return desk.New(h.config(now, store, book))
}

// config is what such a process is made of.
func (h *house) config(now func() time.Time, store desk.Talks, book desk.Ledger) desk.Config {
	return desk.Config{
		Flow: flows.Manual("400-000-0000"), Talks: store, Known: h.store, Todo: h.store, Lines: h.store, Ledger: book, Now: now, Hurry: 20,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Partners: desk.Partners{
			Face: h.town, Cashier: h.town, Courier: h.town, Texter: h.town, Words: true, Caller: h.town, Bank: h.town, Payer: h.town, Holders: h.town, Register: h.town, Factors: h.town, Eyes: h.town, Branches: []desk.Branches{h.town, h.book}, Amounts: desk.Range{Low: 10, High: 99},
			Voices: map[flows.Channel]desk.Voice{flows.WeChat: h.town}, Doors: map[flows.Channel]desk.Door{flows.WeChat: h.town.Open, flows.Alipay: h.town.Open}, Payee: flows.Payee{Name: "平台", Account: "3300161678", Bank: "某银行"},
			Away: h.town.gone,
		},
	}
}

func (h *house) now() time.Time {
	return h.clock
}

// work runs a desk and its jobs until the test ends or stop is called.
func (h *house) work(d *desk.Desk) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { d.Run(ctx) })
	parts.Go(func() {
		if err := h.book.Work(ctx, d); err != nil {
			h.t.Errorf("Work = %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); parts.Wait() })
	h.t.Cleanup(stop)
	return stop
}

func (h *house) event(what flows.Happening) flows.Event {
	h.events++
	return flows.Event{ID: fmt.Sprintf("wechat/%d", h.events), At: h.now(), Via: flows.WeChat, What: what}
}

func (h *house) identity() desk.Identity {
	return desk.Identity{Channel: flows.WeChat, ID: h.openid}
}

// says hands text to a desk and returns its answer.
func (h *house) says(text string) desk.Answer {
	h.t.Helper()
	answer, err := h.desk.Handle(h.t.Context(), h.identity(), h.event(flows.Said{Text: text}))
	if err != nil {
		h.t.Fatalf("Handle(%q) = %v", text, err)
	}
	return answer
}

func (h *house) fills(values flows.Form) desk.Answer {
	h.t.Helper()
	talk := h.talk()
	answer, err := h.desk.Handle(h.t.Context(), h.identity(), h.event(flows.Filled{Page: flows.PageID(talk.Case.At), Values: values}))
	if err != nil {
		h.t.Fatalf("Handle(page %s) = %v", talk.Case.At, err)
	}
	if len(answer.Refusals) > 0 {
		h.t.Fatalf("page %s refused: %v", talk.Case.At, answer.Refusals)
	}
	return answer
}

func (h *house) id() desk.TalkID {
	h.t.Helper()
	id, err := h.book.Talk(h.t.Context(), h.identity())
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func (h *house) talk() desk.Talk {
	h.t.Helper()
	talk, _, err := h.desk.Look(h.t.Context(), h.id())
	if err != nil {
		h.t.Fatal(err)
	}
	return talk
}

// reaches waits until the talk stands at a step.
func (h *house) reaches(at flows.State) {
	h.t.Helper()
	h.until("the talk to reach "+string(at), func() bool { return h.talk().Case.At == at })
}

func (h *house) until(what string, true_ func() bool) {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !true_() {
		select {
		case <-tick.C:
		case <-end:
			h.t.Fatalf("waited in vain for %s; the talk is at %s", what, h.talk().Case.At)
		}
	}
}

func form(pairs ...string) flows.Form {
	f := flows.Form{}
	for i := 0; i < len(pairs); i += 2 {
		f[flows.Key(pairs[i])] = flows.Conceal(pairs[i+1])
	}
	return f
}

// registers walks a person to the start of the proof.
func (h *house) registers() {
	h.t.Helper()
	h.says("你好")
	h.says("个人证书")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	h.until("an SMS", func() bool { return h.town.code() != "" })
	h.fills(form("code", h.town.code(), "password", "$argon2id$v=19$x", "password2", "$argon2id$v=19$x", "terms", "on", "duty", "on"))
	h.reaches(flows.PersonStart)
}

// proves walks on to the choice of a service.
func (h *house) proves() {
	h.t.Helper()
	h.showsFace()
	h.reaches(flows.ServiceChoose)
}

// showsFace proves whoever stands at the start of the proof.
func (h *house) showsFace() {
	h.t.Helper()
	h.says("立即实名")
	h.says("同意")
	h.fills(form("name", "王小明", "id", "11010519491231002X"))
	h.reaches(flows.PersonScan)
	h.town.passFaces()
	h.says("我已完成认证")
}

// chooses walks on to the confirmation of the order.
func (h *house) chooses() {
	h.t.Helper()
	h.says("1")
	h.fills(form())
	h.fills(form("to", "王小明", "prov", "浙江省", "city", "杭州市", "dist", "西湖区", "addr", "文三路90号东部软件园", "tomob", "13800138000"))
	if at := h.talk().Case.At; at != flows.ServiceConfirm {
		h.t.Fatalf("the talk is at %s, want %s", at, flows.ServiceConfirm)
	}
}
