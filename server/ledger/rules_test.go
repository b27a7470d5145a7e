package ledger

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, flows.Beijing)

// oneTalk opens an empty ledger with one talk, t, and one order of it, D1.
func oneTalk(t *testing.T) (books, desk.TalkID) {
	t.Helper()
	l := openBooks(t).(books)
	talk, err := l.Talk(t.Context(), desk.Identity{Channel: flows.WeChat, ID: "a"})
	if err != nil {
		t.Fatal(err)
	}
	return l, talk
}

// TestAtMostOne writes rows past the code: it is the tables that forbid
// doubles, so that they hold for any number of processes.
func TestAtMostOne(t *testing.T) {
	l, talk := oneTalk(t)
	tests := []struct {
		name    string
		rows    func() (a, b any)
		allowed func() (a, b any) // the nearest that is no double
	}{
		{
			"open proof of a talk",
			func() (any, any) {
				return &proofRow{Number: "1", Talk: talk, Account: "1", State: proofOpen}, &proofRow{Number: "2", Talk: talk, Account: "2", State: proofOpen}
			},
			func() (any, any) {
				return &proofRow{Number: "1", Talk: talk, Account: "1", State: proofOpen}, &proofRow{Number: "2", Talk: talk, Account: "2", State: proofExpired}
			},
		},
		{
			"seen proof of a talk",
			func() (any, any) {
				return &proofRow{Number: "1", Talk: talk, Account: "1", State: proofSeen}, &proofRow{Number: "2", Talk: talk, Account: "2", State: proofSeen}
			},
			func() (any, any) {
				return &proofRow{Number: "1", Talk: talk, Account: "1", State: proofSeen}, &proofRow{Number: "2", Talk: talk, Account: "2", State: proofOpen}
			},
		},
		{
			"proof of a receiving account",
			func() (any, any) {
				return &proofRow{Number: "1", Talk: talk, Account: "1", State: proofSeen}, &proofRow{Number: "2", Talk: talk, Account: "1", State: proofClosed}
			},
			nil,
		},
		{
			"line of a bank's reference",
			func() (any, any) { return &bankLineRow{Ref: "1"}, &bankLineRow{Ref: "1"} },
			func() (any, any) { return &bankLineRow{Ref: "1"}, &bankLineRow{Ref: "2"} },
		},
		{
			"live order of a talk",
			func() (any, any) {
				return &orderRow{No: "1", Talk: talk, State: orderPaid}, &orderRow{No: "2", Talk: talk, State: orderOpen}
			},
			func() (any, any) {
				return &orderRow{No: "1", Talk: talk, State: orderCancelled}, &orderRow{No: "2", Talk: talk, State: orderOpen}
			},
		},
		{
			"open payment of an order",
			func() (any, any) {
				return &paymentRow{Number: "1", OrderNo: "D1", State: paymentOpen}, &paymentRow{Number: "2", OrderNo: "D1", State: paymentOpen}
			},
			func() (any, any) {
				return &paymentRow{Number: "1", OrderNo: "D1", State: paymentOpen}, &paymentRow{Number: "2", OrderNo: "D1", State: paymentLapsed}
			},
		},
		{
			"payment that pays an order",
			func() (any, any) {
				return &paymentRow{Number: "1", OrderNo: "D1", State: paymentPaid}, &paymentRow{Number: "2", OrderNo: "D1", State: paymentPaid}
			},
			func() (any, any) {
				return &paymentRow{Number: "1", OrderNo: "D1", State: paymentPaid}, &paymentRow{Number: "2", OrderNo: "D1", State: paymentSurplus}
			},
		},
		{
			"shipment of an order",
			func() (any, any) {
				return &shipmentRow{Number: "1", OrderNo: "D1", Talk: talk}, &shipmentRow{Number: "2", OrderNo: "D1", Talk: talk}
			},
			nil,
		},
		{
			"certificate of an order",
			func() (any, any) {
				return &certificateRow{OrderNo: "D1", Talk: talk, Container: "1"}, &certificateRow{OrderNo: "D1", Talk: talk, Container: "2"}
			},
			nil,
		},
		{
			"open ticket of an order",
			func() (any, any) {
				return &ticketRow{CodeBlind: "1", OrderNo: "D1", State: ticketOpen}, &ticketRow{CodeBlind: "2", OrderNo: "D1", State: ticketOpen}
			},
			func() (any, any) {
				return &ticketRow{CodeBlind: "1", OrderNo: "D1", State: ticketOpen}, &ticketRow{CodeBlind: "2", OrderNo: "D1", State: ticketUsed}
			},
		},
		{
			"open session of an order",
			func() (any, any) {
				return &makingRow{TokenBlind: "1", OrderNo: "D1", State: makingOpen}, &makingRow{TokenBlind: "2", OrderNo: "D1", State: makingOpen}
			},
			func() (any, any) {
				return &makingRow{TokenBlind: "1", OrderNo: "D1", State: makingOpen}, &makingRow{TokenBlind: "2", OrderNo: "D1", State: makingClosed}
			},
		},
		{
			"letter of a name",
			func() (any, any) { return &inboxRow{ID: "1"}, &inboxRow{ID: "1"} },
			func() (any, any) { return &inboxRow{ID: "1"}, &inboxRow{ID: "2"} },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if a, b := tt.rows(); bothFit(t, l, talk, a, b) {
				t.Errorf("two rows are at most one, and both were stored")
			}
			if tt.allowed == nil {
				return
			}
			if a, b := tt.allowed(); !bothFit(t, l, talk, a, b) {
				t.Errorf("two rows that are no doubles were refused")
			}
		})
	}
}

// bothFit reports whether a table takes both rows. It leaves nothing behind.
func bothFit(t *testing.T, l books, talk desk.TalkID, a, b any) bool {
	t.Helper()
	tx, err := l.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	order := orderRow{No: "D1", Talk: talk, State: orderCancelled}
	for _, row := range []any{&order, a} {
		if _, err := tx.NewInsert().Model(row).Exec(t.Context()); err != nil {
			t.Fatalf("insert %+v: %v", row, err)
		}
	}
	_, err = tx.NewInsert().Model(b).Exec(t.Context())
	return err == nil
}

// bought is a ledger with one paid, booked order, made without the suites'
// help.
func bought(t *testing.T, hurry int) (books, desk.TalkID, desk.Payment) {
	t.Helper()
	l, talk := oneTalk(t)
	l.cfg.Hurry = hurry
	ctx := t.Context()
	person, err := l.seal(checkPlace("F1"), flows.Person{Name: flows.Conceal("王小明"), IDNumber: flows.Conceal("11010519491231002X")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.NewInsert().Model(&checkRow{Number: "F1", Talk: talk, Person: person, State: checkPassed}).Exec(ctx); err != nil {
		t.Fatal(err)
	}
	page := flows.Form{}
	for k, v := range map[flows.Key]string{
		flows.KeyKind: flows.KindPerson, flows.KeyService: "个人数字证书", flows.KeyTitle: "王小明",
		flows.KeyRecipient: "收货的李四", flows.KeyProvince: "浙江省", flows.KeyCity: "杭州市", flows.KeyDistrict: "西湖区",
		flows.KeyDetail: "文三路90号", flows.KeyToMobile: "13800138000",
	} {
		page[k] = flows.Conceal(v)
	}
	if err := l.tx(ctx, func(ctx context.Context, tx bun.Tx) error {
		return l.save(ctx, tx, talk, "all", page, monday)
	}); err != nil {
		t.Fatal(err)
	}
	if err := l.PlaceOrder(ctx, desk.Ref{Talk: talk, Event: "1"}, monday); err != nil {
		t.Fatal(err)
	}
	p, err := l.OpenPayment(ctx, desk.Ref{Talk: talk, Event: "2"}, monday)
	if err != nil {
		t.Fatal(err)
	}
	p.QR = "https://qr.example/1"
	for range 2 {
		if err := l.PaymentOpened(ctx, desk.Ref{Talk: talk, Event: "2"}, p, monday); err != nil {
			t.Fatal(err)
		}
	}
	paid := flows.Trade{Number: p.Number, State: flows.TradePaid, Amount: p.Amount, No: "1", At: monday}
	if err := l.SettlePayment(ctx, paid, "notify", monday); err != nil {
		t.Fatal(err)
	}
	parcel, err := l.OpenShipment(ctx, desk.Ref{Talk: talk, Event: "3"}, monday)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.ShipmentBooked(ctx, desk.Ref{Talk: talk, Event: "3"}, parcel.Number, "SF1", monday); err != nil {
			t.Fatal(err)
		}
	}
	return l, talk, p
}

func TestPollsStartOnce(t *testing.T) {
	l, _, _ := bought(t, 1)
	for _, partner := range []string{desk.PartnerCashier, desk.PartnerCourier} {
		var n int
		err := l.read.NewRaw("SELECT COUNT(*) FROM river_job WHERE kind = 'poll' AND CAST(args AS TEXT) LIKE ?", "%"+partner+"%").
			Scan(t.Context(), &n)
		if err != nil || n != 1 {
			t.Errorf("%d polls of the %s, %v; want one", n, partner, err)
		}
	}
}

func TestHurryDividesBusinessDeadlines(t *testing.T) {
	l, talk, p := bought(t, 60)
	if want := monday.Add(flows.PayWithin / 60); !p.Until.Equal(want) {
		t.Errorf("payment until %v, want %v", p.Until, want)
	}
	if err := l.OfferTicket(t.Context(), desk.Ref{Talk: talk, Event: "4"}, monday); err != nil {
		t.Fatal(err)
	}
	told, err := l.Told(t.Context(), talk)
	if err != nil {
		t.Fatal(err)
	}
	ready := told["effect/"+desk.Ref{Talk: talk, Event: "4"}.String()].(flows.TicketReady)
	if want := monday.Add(30 * time.Second); !ready.Until.Equal(want) {
		t.Errorf("ticket until %v, want %v", ready.Until, want)
	}
}

// TestInbox counts letters: what cannot be placed is kept once, however often
// it comes.
func TestInbox(t *testing.T) {
	l, _, p := bought(t, 1)
	ctx := t.Context()
	for range 3 {
		for _, trade := range []flows.Trade{
			{Number: "P0", State: flows.TradePaid, Amount: 100, No: "9", At: monday},
			{Number: p.Number, State: flows.TradePaid, Amount: p.Amount + 1, No: "1", At: monday},
			{Number: p.Number, State: flows.TradePaid, Amount: p.Amount, No: "1", At: monday},
			{Number: "P0", State: flows.TradeOpen},
		} {
			if err := l.SettlePayment(ctx, trade, "notify", monday); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Scanned(ctx, []flows.Scan{{ID: "s", Waybill: "SF0", At: monday}}, monday); err != nil {
			t.Fatal(err)
		}
		if err := l.Credited(ctx, flows.Credit{Ref: "b", At: monday, Amount: 1, Currency: "CNY", To: "0"}, monday); err != nil {
			t.Fatal(err)
		}
	}
	var kept []string
	if err := l.read.NewSelect().Model((*inboxRow)(nil)).ColumnExpr("kind || ': ' || why").OrderExpr("1").Scan(ctx, &kept); err != nil {
		t.Fatal(err)
	}
	want := "bank: unknown account, parcel: unknown parcel, payment: unknown number, payment: wrong amount"
	if got := strings.Join(kept, ", "); got != want {
		t.Errorf("the inbox holds %q, want %q", got, want)
	}
}

// TestRestSealed looks for what people told us in the files themselves.
func TestRestSealed(t *testing.T) {
	l, talk, _ := bought(t, 1)
	ctx := t.Context()
	if err := l.OfferTicket(ctx, desk.Ref{Talk: talk, Event: "4"}, monday); err != nil {
		t.Fatal(err)
	}
	told, err := l.Told(ctx, talk)
	if err != nil {
		t.Fatal(err)
	}
	code := told["effect/"+desk.Ref{Talk: talk, Event: "4"}.String()].(flows.TicketReady).Code.Reveal()
	var path string
	if err := l.read.NewRaw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(ctx, &path); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the ledger: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"王小明", "11010519491231002X", "收货的李四", "文三路90号", "13800138000", code, strings.ReplaceAll(code, "-", "")} {
			if strings.Contains(string(data), secret) {
				t.Errorf("%s holds %q in clear", filepath.Base(name), secret)
			}
		}
	}
}
