package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver called "pgx"
	"github.com/redis/go-redis/v9"

	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/ledger"
	"certdesk/server/sealed"
	"certdesk/server/talks"
)

// What must be true when it is quiet again, whatever failed: of the ledger
// alone, of the ledger beside the partners' own books, and of what was said.

// laws are counts of what must not be, each by the query that finds it.
var laws = []struct{ broken, query string }{
	{"talks with two live orders", "SELECT COUNT(*) FROM (SELECT talk FROM orders WHERE state <> 'cancelled' GROUP BY talk HAVING COUNT(*) > 1) d"},
	{"orders that are paid twice", "SELECT COUNT(*) FROM (SELECT order_no FROM payment WHERE state IN ('paid', 'surplus') GROUP BY order_no HAVING COUNT(*) > 1) d"},
	{"paid orders without a payment", "SELECT COUNT(*) FROM orders o WHERE state = 'paid' AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.order_no = o.no AND p.state = 'paid' AND p.amount = o.total)"},
	{"paid orders without a parcel", "SELECT COUNT(*) FROM orders o WHERE state = 'paid' AND NOT EXISTS (SELECT 1 FROM shipment s WHERE s.order_no = o.no AND s.waybill <> '')"},
	{"parcels of orders that are not paid", "SELECT COUNT(*) FROM shipment s JOIN orders o ON o.no = s.order_no WHERE o.state <> 'paid'"},
	{"talks with two proofs of a company", "SELECT COUNT(*) FROM (SELECT talk FROM proof WHERE state = 'seen' GROUP BY talk HAVING COUNT(*) > 1) d"},
	{"certificates of orders that are not paid", "SELECT COUNT(*) FROM certificate c JOIN orders o ON o.no = c.order_no WHERE o.state <> 'paid'"},
	{"totals that are not key and courier", "SELECT COUNT(*) FROM orders WHERE total <> key_fee + courier"},
	{"talks with two accounts", "SELECT COUNT(*) FROM (SELECT talk FROM account GROUP BY talk HAVING COUNT(*) > 1) d"},
	{"effects that are owed and that no job will do", "SELECT COUNT(*) FROM effect WHERE done_at = 0 AND NOT EXISTS (SELECT 1 FROM river_job j WHERE j.id = job AND j.finalized_at IS NULL)"},
	{"reports that are not delivered and that no job will", "SELECT COUNT(*) FROM report WHERE accepted_at = 0 AND NOT EXISTS (SELECT 1 FROM river_job j WHERE j.id = job AND j.finalized_at IS NULL)"},
	{"letters of partners that belong to nothing", "SELECT COUNT(*) FROM inbox"},
}

// judge checks everything, and prints the figures.
func (s *soak) judge(crowd []*pilgrim) {
	s.t.Helper()
	violations := 0
	var findings []string // said last, where a shortened output still has them
	broken := func(n int, what string, more ...any) {
		if n != 0 {
			violations += n
			findings = append(findings, fmt.Sprintf("%d "+what, append([]any{n}, more...)...))
		}
	}
	stuck := 0
	for _, p := range crowd {
		if !p.arrived {
			stuck++
			findings = append(findings, fmt.Sprintf("%s never arrived; the last question was %q, and its tool said %q", p.OpenID, p.last, p.said))
		}
	}
	broken(stuck, "applicants did not arrive")
	db, err := sql.Open("pgx", s.ledger)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	broken(s.rests(db), "effects and reports are still owed")
	for _, law := range laws {
		broken(count(s.t, db, law.query), law.broken)
	}
	messages := s.booked(db, len(crowd)-stuck, broken)
	s.transcribed(messages, crowd, broken)
	s.t.Logf("soak: %d applicants, %d UKeys activated, %d messages, %d kills, %d orderly stops, %d restarts of Redis, %d of PostgreSQL, %d faults ordered: %d violations",
		len(crowd), s.activated, len(messages), s.kills, s.stops, s.redisDown, s.ledgerDown, s.faults, violations)
	if violations > 0 {
		s.t.Logf("the service said:\n%s", s.logged())
		s.t.Errorf("in the end:\n%s", strings.Join(findings, "\n"))
	}
}

func count(t testing.TB, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// rests waits until everything that is owed now is done, and counts what is
// not.
func (s *soak) rests(db *sql.DB) (owed int) {
	s.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(90 * time.Second); ; {
		owed = count(s.t, db, "SELECT (SELECT COUNT(*) FROM effect WHERE done_at = 0) + (SELECT COUNT(*) FROM report WHERE accepted_at = 0)")
		if owed == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-end:
			return owed
		}
	}
}

// pushed is one message or event in WeChat's own books.
type pushed struct {
	OpenID  string `json:"openid"`
	MsgID   string `json:"msg_id"`
	Outcome string `json:"outcome"`
}

// booked compares the partners' own books with the ledger's, and returns what
// WeChat delivered.
func (s *soak) booked(db *sql.DB, arrived int, broken func(int, string, ...any)) []pushed {
	s.t.Helper()
	var books struct {
		Alipay struct {
			Trades []struct {
				OutTradeNo, Status string
			}
			Refunds []struct{}
		}
		Courier struct {
			Orders []struct{ Number string }
		}
		WeChat struct{ Pushes []pushed }
	}
	if err := s.ask("GET", s.city+"/world/books", nil, &books); err != nil {
		s.t.Fatal(err)
	}
	paid := 0
	for _, trade := range books.Alipay.Trades {
		if trade.Status != "TRADE_SUCCESS" {
			continue
		}
		paid++
		if count(s.t, db, "SELECT COUNT(*) FROM payment WHERE number = $1 AND state = 'paid'", trade.OutTradeNo) != 1 {
			broken(1, "trade paid at Alipay that the ledger does not know as paid: %s", trade.OutTradeNo)
		}
	}
	if n := count(s.t, db, "SELECT COUNT(*) FROM payment WHERE state = 'paid'"); n != paid || paid < arrived {
		broken(1, "difference of money: Alipay took %d payments, the ledger has %d, %d applicants arrived", paid, n, arrived)
	}
	broken(len(books.Alipay.Refunds), "refunds that nobody asked for")
	if n := count(s.t, db, "SELECT COUNT(*) FROM shipment WHERE waybill <> ''"); n != len(books.Courier.Orders) {
		broken(1, "difference of parcels: the courier has %d, the ledger %d", len(books.Courier.Orders), n)
	}
	s.certified(db, broken)
	invalid := 0
	for _, push := range books.WeChat.Pushes {
		if push.Outcome == "invalid" {
			invalid++
		}
	}
	broken(invalid, "pushes were answered with what WeChat cannot read")
	return books.WeChat.Pushes
}

// certified compares the authority's books with the ledger's.
func (s *soak) certified(db *sql.DB, broken func(int, string, ...any)) {
	s.t.Helper()
	var books []struct{ Number, Label string }
	if err := s.ask("GET", s.city+"/world/ca/certificates", nil, &books); err != nil {
		s.t.Fatal(err)
	}
	made, orders := map[string]int{}, map[string]bool{}
	for _, c := range books {
		orders[c.Number] = true
		if made[c.Number+c.Label]++; made[c.Number+c.Label] > 1 {
			broken(1, "certificate %s made again for order %s", c.Label, c.Number)
		}
	}
	if n := count(s.t, db, "SELECT COUNT(*) FROM certificate WHERE issued <> ''"); n != len(orders) || len(books) != 2*n {
		broken(1, "difference of certificates: the authority made %d for %d orders, the ledger has %d pairs", len(books), len(orders), n)
	}
	s.activated = count(s.t, db, "SELECT COUNT(*) FROM certificate WHERE finished_at > 0")
	broken(len(orders)-s.activated, "UKeys have certificates and are not activated")
}

// transcribed looks for every message that was acknowledged in the transcripts,
// the archived part and what follows it, where it must be once. An applicant who was asked to send a message again was
// told that it was not taken: so many may be missing.
func (s *soak) transcribed(messages []pushed, crowd []*pilgrim, broken func(int, string, ...any)) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	client := redis.NewClient(&redis.Options{Addr: s.redis.Address})
	defer client.Close()
	keys, err := sealed.ParseKeys(s.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	store, err := talks.Open(ctx, client, keys, talks.Defaults)
	if err != nil {
		s.t.Fatal(err)
	}
	book, err := ledger.Open(ctx, ledger.Config{DSN: s.ledger, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	defer book.Close()
	for _, p := range crowd {
		id, err := book.Talk(ctx, desk.Identity{Channel: flows.WeChat, ID: p.OpenID})
		if err != nil {
			s.t.Fatal(err)
		}
		seen := map[string]int{}
		for _, l := range s.said(ctx, book, store, id) {
			if l.ID != "" {
				seen[l.ID]++
			}
		}
		missing := -p.askedAgain()
		for _, m := range messages {
			if m.OpenID != p.OpenID || m.MsgID == "" || m.Outcome != wechattest.Answered && m.Outcome != wechattest.Silent {
				continue
			}
			switch n := seen["wechat/"+s.original+"/"+m.MsgID]; {
			case n == 0:
				missing++
			case n > 1:
				broken(1, "message in a transcript %d times", n)
			}
		}
		if missing > 0 {
			broken(missing, "messages of %s were acknowledged and are in no transcript", p.OpenID)
		}
	}
}

// said is the whole transcript of a talk. Redis forgets the oldest lines of a
// long one, which the archive has by then. The service goes on archiving
// meanwhile: what it archives between two looks would be in neither of them.
func (s *soak) said(ctx context.Context, book *ledger.Ledger, store *talks.Store, id desk.TalkID) []desk.Line {
	s.t.Helper()
	for {
		before := s.mark(ctx, book, id)
		said, err := book.Archived(ctx, id)
		if err != nil {
			s.t.Fatal(err)
		}
		mark := s.mark(ctx, book, id)
		if mark != before {
			continue
		}
		rest, _, err := store.Lines(ctx, id, mark)
		if err != nil {
			s.t.Fatal(err)
		}
		return append(said, rest...)
	}
}

// mark is how far a talk is archived.
func (s *soak) mark(ctx context.Context, book *ledger.Ledger, id desk.TalkID) string {
	s.t.Helper()
	marks, err := book.Marks(ctx, []desk.TalkID{id})
	if err != nil {
		s.t.Fatal(err)
	}
	return marks[id]
}
