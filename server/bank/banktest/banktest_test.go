package banktest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"pgregory.net/rapid"

	"certdesk/flows"
	"certdesk/server/bank/banktest"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func config() banktest.Config {
	return banktest.Config{
		Platform: banktest.Account{Name: "证书中心", Number: "6001", Corporate: true, Balance: 100},
		Accounts: []banktest.Account{
			{Name: "甲公司", Number: "7001", Corporate: true, Balance: 500},
			{Name: "王甲", Number: "8001", Balance: 300},
			{Name: "王甲", Number: "8002"},
		},
		Token: flows.Conceal("t"), Clock: func() time.Time { return start },
	}
}

func open(t *testing.T, cfg banktest.Config) *banktest.Bank {
	t.Helper()
	b, err := banktest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTransfer(t *testing.T) {
	tests := []struct {
		name      string
		payer, to string
		amount    flows.Fen
		err       error
	}{
		{"by name", "甲公司", "6001", 1, nil},
		{"by number, to a sub-account", "8001", "60010000042", 300, nil},
		{"to a person", "6001", "8002", 100, nil},
		{"by a name that two have", "王甲", "6001", 1, banktest.ErrPayer},
		{"by nobody", "乙公司", "6001", 1, banktest.ErrPayer},
		{"to nobody", "甲公司", "9999", 1, banktest.ErrPayee},
		{"to something like a sub-account", "甲公司", "6001-42", 1, banktest.ErrPayee},
		{"to itself", "6001", "600142", 1, banktest.ErrPayee},
		{"of nothing", "甲公司", "6001", 0, banktest.ErrAmount},
		{"of less", "甲公司", "6001", -1, banktest.ErrAmount},
		{"of more than there is", "甲公司", "6001", 501, banktest.ErrFunds},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := open(t, config())
			ref, err := b.Transfer(tt.payer, tt.to, tt.amount, "备注")
			if !errors.Is(err, tt.err) || (ref != "") != (tt.err == nil) {
				t.Errorf("Transfer = %q, %v, want %v", ref, err, tt.err)
			}
			if n := len(b.Books().Lines); (n == 1) != (tt.err == nil) {
				t.Errorf("%d lines in the books", n)
			}
		})
	}
}

func TestNoMoneyAppearsOrDisappears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, err := banktest.New(config())
		if err != nil {
			t.Fatal(err)
		}
		number := rapid.SampledFrom([]string{"6001", "60017", "7001", "8001", "8002", "9999"})
		for range rapid.IntRange(0, 30).Draw(t, "transfers") {
			_, _ = b.Transfer(number.Draw(t, "payer"), number.Draw(t, "payee"), flows.Fen(rapid.Int64Range(-10, 600).Draw(t, "amount")), "")
		}
		var sum flows.Fen
		for _, a := range b.Books().Accounts {
			if a.Balance < 0 {
				t.Errorf("account %s has %s", a.Number, a.Balance)
			}
			sum += a.Balance
		}
		if sum != 900 {
			t.Errorf("sum of balances %s, want 9.00", sum)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	b := open(t, config())
	for _, a := range []banktest.Account{
		{Name: "乙公司", Number: "7001"}, {Name: "乙公司", Number: "60015"}, {Name: "乙公司", Number: "7-2"},
		{Number: "7002"}, {Name: "乙公司", Number: "7002", Balance: -1},
	} {
		if err := b.Open(a); !errors.Is(err, banktest.ErrAccount) {
			t.Errorf("Open(%+v) = %v, want %v", a, err, banktest.ErrAccount)
		}
	}
}

func TestStatementRefuses(t *testing.T) {
	tests := []struct {
		name, method, query, token string
		want                       int
	}{
		{"no token", http.MethodGet, "?account=6001&from=2026-11-23T00:00:00Z", "", http.StatusUnauthorized},
		{"another token", http.MethodGet, "?account=6001&from=2026-11-23T00:00:00Z", "Bearer x", http.StatusUnauthorized},
		{"another's account", http.MethodGet, "?account=7001&from=2026-11-23T00:00:00Z", "Bearer t", http.StatusForbidden},
		{"no time", http.MethodGet, "?account=6001", "Bearer t", http.StatusBadRequest},
		{"another method", http.MethodPost, "?account=6001&from=2026-11-23T00:00:00Z", "Bearer t", http.StatusMethodNotAllowed},
		{"all is well", http.MethodGet, "?account=6001&from=2026-11-23T00:00:00Z", "Bearer t", http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "/bank/statement"+tt.query, nil)
			r.Header.Set("Authorization", tt.token)
			w := httptest.NewRecorder()
			open(t, config()).ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	cfg := config()
	cfg.Dir = t.TempDir()
	if _, err := open(t, cfg).Transfer("甲公司", "600142", 500, "备注"); err != nil {
		t.Fatal(err)
	}
	again := open(t, cfg)
	if _, err := again.Transfer("甲公司", "6001", 1, ""); !errors.Is(err, banktest.ErrFunds) {
		t.Errorf("Transfer after a restart = %v, want %v", err, banktest.ErrFunds)
	}
	if lines := again.Books().Lines; len(lines) != 1 || lines[0].Payee != "600142" || lines[0].Balance != 600 {
		t.Errorf("lines after a restart %+v, want the one transfer", lines)
	}
}

func TestFaultRefusesAnUnknownName(t *testing.T) {
	if err := open(t, config()).Fault("earthquake", 1); err == nil {
		t.Error("Fault: no error")
	}
}
