package ledger

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/desk/desktest"
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
// doubles, so that they hold for any number of processes. Row a fits beside
// no double, and beside near, the nearest row that is none.
func TestAtMostOne(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk := oneTalk(t)
		proof := func(number string, state proofState) any {
			return &proofRow{Number: number, Talk: talk, Account: number, State: state}
		}
		order := func(no string, state orderState) any { return &orderRow{No: no, Talk: talk, State: state} }
		payment := func(number string, state paymentState) any {
			return &paymentRow{Number: number, OrderNo: "D1", State: state}
		}
		parcel := func(number, orderNo, waybill string) any {
			return &shipmentRow{Number: number, OrderNo: orderNo, Talk: talk, Waybill: waybill}
		}
		ticket := func(code string, state ticketState) any {
			return &ticketRow{CodeBlind: code, OrderNo: "D1", State: state}
		}
		run := func(token string, state makingState) any {
			return &makingRow{TokenBlind: token, OrderNo: "D1", State: state}
		}
		certificate := func(orderNo, container string) any {
			return &certificateRow{OrderNo: orderNo, Talk: talk, Container: container}
		}
		for _, tt := range []struct {
			name            string
			a, double, near any
		}{
			{"open proof of a talk", proof("1", proofOpen), proof("2", proofOpen), proof("2", proofExpired)},
			{"seen proof of a talk", proof("1", proofSeen), proof("2", proofSeen), proof("2", proofOpen)},
			{"proof of an account", proof("1", proofSeen), &proofRow{Number: "2", Talk: talk, Account: "1"}, proof("2", proofClosed)},
			{"line of a bank's reference", &bankLineRow{Ref: "1"}, &bankLineRow{Ref: "1"}, &bankLineRow{Ref: "2"}},
			{"live order of a talk", order("1", orderPaid), order("2", orderOpen), order("2", orderCancelled)},
			{"open payment of an order", payment("1", paymentOpen), payment("2", paymentOpen), payment("2", paymentLapsed)},
			{"payment that pays an order", payment("1", paymentPaid), payment("2", paymentPaid), payment("2", paymentSurplus)},
			{"shipment of an order", parcel("1", "D1", ""), parcel("2", "D1", ""), parcel("2", "D2", "")},
			{"shipment of a waybill", parcel("1", "D1", "SF1"), parcel("2", "D2", "SF1"), parcel("2", "D2", "SF2")},
			{"line of a parcel", &scanRow{Shipment: "S1", ID: "1"}, &scanRow{Shipment: "S1", ID: "1"}, &scanRow{Shipment: "S1", ID: "2"}},
			{"certificate of an order", certificate("D1", "1"), certificate("D1", "2"), certificate("D2", "2")},
			{"certificate of a container", certificate("D1", "1"), certificate("D2", "1"), certificate("D2", "2")},
			{"open ticket of an order", ticket("1", ticketOpen), ticket("2", ticketOpen), ticket("2", ticketUsed)},
			{"ticket of a code", ticket("1", ticketUsed), ticket("1", ticketVoid), ticket("2", ticketVoid)},
			{"open session of an order", run("1", makingOpen), run("2", makingOpen), run("2", makingClosed)},
			{"ending of an effect", &endingRow{Ref: "1", Talk: talk}, &endingRow{Ref: "1", Talk: talk}, &endingRow{Ref: "2", Talk: talk}},
			{"letter of a name", &inboxRow{ID: "1"}, &inboxRow{ID: "1"}, &inboxRow{ID: "2"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if bothFit(t, l, talk, tt.a, tt.double) {
					t.Error("at most one is allowed, and two were stored")
				}
				if !bothFit(t, l, talk, tt.a, tt.near) {
					t.Error("two that are no doubles were refused")
				}
			})
		}
	})
}

// bothFit reports whether a table takes both rows. It leaves nothing behind.
func bothFit(t *testing.T, l books, talk desk.TalkID, a, b any) bool {
	t.Helper()
	tx, err := l.db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	beneath := []any{
		&orderRow{No: "D1", Talk: talk, State: orderCancelled}, &orderRow{No: "D2", Talk: talk, State: orderCancelled},
		&orderRow{No: "D3", Talk: talk, State: orderCancelled}, &shipmentRow{Number: "S1", OrderNo: "D3", Talk: talk},
	}
	for _, row := range append(beneath, a) {
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
	if err := l.tx(ctx, func(ctx context.Context, tx txn) error {
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
	onEach(t, func(t *testing.T) {
		l, _, _ := bought(t, 1)
		for _, partner := range []string{desk.PartnerCashier, desk.PartnerCourier} {
			var n int
			err := l.read.NewRaw("SELECT COUNT(*) FROM river_job WHERE kind = 'poll' AND CAST(args AS TEXT) LIKE ?", "%"+partner+"%").
				Scan(t.Context(), &n)
			if err != nil || n != 1 {
				t.Errorf("%d polls of the %s, %v; want one", n, partner, err)
			}
		}
	})
}

func TestHurryDividesBusinessDeadlines(t *testing.T) {
	onEach(t, func(t *testing.T) {
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
		ready := told[desk.Ref{Talk: talk, Event: "4"}.Answer()].(flows.TicketReady)
		if want := monday.Add(30 * time.Second); !ready.Until.Equal(want) {
			t.Errorf("ticket until %v, want %v", ready.Until, want)
		}
	})
}

// TestInbox counts letters: what cannot be placed is kept once, however often
// it comes.
func TestInbox(t *testing.T) {
	onEach(t, func(t *testing.T) {
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
	})
}

// TestRestSealed looks for what people told us in everything that rests.
func TestRestSealed(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk, _ := bought(t, 1)
		ctx := t.Context()
		if err := l.OfferTicket(ctx, desk.Ref{Talk: talk, Event: "4"}, monday); err != nil {
			t.Fatal(err)
		}
		told, err := l.Told(ctx, talk)
		if err != nil {
			t.Fatal(err)
		}
		code := told[desk.Ref{Talk: talk, Event: "4"}.Answer()].(flows.TicketReady).Code.Reveal()
		stored := string(atRest(t, l.Ledger))
		for _, secret := range []string{"王小明", "11010519491231002X", "收货的李四", "文三路90号", "13800138000", code, strings.ReplaceAll(code, "-", "")} {
			if strings.Contains(stored, secret) {
				t.Errorf("the ledger holds %q in clear", secret)
			}
		}
	})
}

func TestTheCodeOfTheProofIsOrdered(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk := oneTalk(t)
		ctx := t.Context()
		proved := flows.Organisation{Name: flows.Conceal("杭州甲科技有限公司"), CreditCode: flows.Conceal("91330106MA0000015K")}
		row := proofRow{Number: "T1", Talk: talk, Account: "1", State: proofSeen}
		var err error
		if row.Company, err = l.seal(companyPlace(row), proved); err != nil {
			t.Fatal(err)
		}
		check := checkRow{Number: "F1", Talk: talk, State: checkPassed}
		if check.Person, err = l.seal(checkPlace("F1"), flows.Person{Name: flows.Conceal("王小明")}); err != nil {
			t.Fatal(err)
		}
		form := flows.Form{flows.KeyKind: flows.Conceal(flows.KindCompany), flows.KeyCreditCode: flows.Conceal("91330106MA0000023F")}
		err = l.tx(ctx, func(ctx context.Context, tx txn) error {
			for _, made := range []any{&row, &check} {
				if _, err := tx.NewInsert().Model(made).Exec(ctx); err != nil {
					return err
				}
			}
			return l.proveNames(ctx, tx, talk, form)
		})
		if err != nil || form[flows.KeyCreditCode] != proved.CreditCode || form[flows.KeyOrgName] != proved.Name {
			t.Errorf("proveNames = %v, code %s; want the proved %s", err, form.Text(flows.KeyCreditCode), proved.CreditCode.Reveal())
		}
	})
}

// TestCancellingEmptiesTheAttempt looks at the row of an attempt that its
// applicant gave up, and for the job that remains.
func TestCancellingEmptiesTheAttempt(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk := oneTalk(t)
		ctx := t.Context()
		ref := desk.Ref{Talk: talk, Event: "2"}
		desktest.Save(t, l, talk, "1", flows.PersonPage, "name", "王小明", "id", "11010519491231002X")
		check, err := l.OpenCheck(ctx, desk.Ref{Talk: talk, Event: "face"}, flows.WayFace, monday)
		if err != nil {
			t.Fatal(err)
		}
		before := jobs(t, l.Ledger)
		desktest.Enter(t, l, talk, ref.Event, flows.Cancel{})
		row := checkRow{Number: check.Number}
		if err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil || row.Person != "" || row.State != checkClosed {
			t.Errorf("the attempt is %s, %v; particulars kept: %t", row.State, err, row.Person != "")
		}
		if effect, err := l.Effect(ctx, ref); err != nil || effect != (flows.Cancel{}) || jobs(t, l.Ledger) != before+1 {
			t.Errorf("Effect = %v, %v, %d new jobs; want the job that closes at the cashier", effect, err, jobs(t, l.Ledger)-before)
		}
	})
}

// TestCancellingTakesBackWhatWasAsked enters effects around a cancellation: those
// of the cancelled case are not performed, however late their job comes.
func TestCancellingTakesBackWhatWasAsked(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk := oneTalk(t)
		desktest.Enter(t, l, talk, "e", flows.VerifyFace{}, flows.PlaceOrder{}, flows.Say{}, flows.Cancel{}, flows.VerifyFace{})
		for i, want := range []error{desk.ErrUnknown, desk.ErrUnknown, nil, nil, nil} {
			if _, err := l.Effect(t.Context(), desk.Ref{Talk: talk, Event: "e", Index: i}); !errors.Is(err, want) {
				t.Errorf("effect %d is owed: %v, want %v", i, err, want)
			}
		}
	})
}

// TestALetterAboutAPaymentCallsAnAgent keeps a letter with its body, and finds
// whose it is by the payment's number.
func TestALetterAboutAPaymentCallsAnAgent(t *testing.T) {
	onEach(t, func(t *testing.T) {
		l, talk, p := bought(t, 1)
		ctx := t.Context()
		told := flows.Trade{Number: p.Number, Amount: p.Amount, No: "7"}
		if err := l.KeepLetter(ctx, "payment", "n0", "another seller", "P0", told, monday); err != nil {
			t.Fatal(err)
		}
		if all, err := l.Waiting(ctx); err != nil || len(all) != 0 {
			t.Errorf("Waiting = %v, %v after a letter about nobody, want none", all, err)
		}
		for range 2 {
			if err := l.KeepLetter(ctx, "payment", "n1", "refunded", p.Number, told, monday); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := l.Waiting(ctx); err != nil || len(all) != 1 || all[0].Talk != talk || !slices.Equal(all[0].Why, []string{WhyMoney}) {
			t.Errorf("Waiting = %v, %v, want this talk because of money", all, err)
		}
		row, body := inboxRow{ID: "payment/n1"}, flows.Trade{}
		if err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
			t.Fatal(err)
		}
		if err := l.unseal("inbox/"+row.ID, row.Sealed, &body); err != nil || body.Number != p.Number || body.No != "7" || row.Why != "refunded" {
			t.Errorf("the letter says %+v because %q, %v; want %+v", body, row.Why, err, told)
		}
	})
}
