package bank_test

// The feed against the stand-in, whose statements come from code of their own.

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/bank"
	"certdesk/server/bank/banktest"
)

var start = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// town is a bank with a clock to turn, and our feed.
type town struct {
	bank *banktest.Bank
	feed *bank.Feed
	now  time.Time
}

func newTown(t *testing.T, token string) *town {
	t.Helper()
	w := &town{now: start}
	var err error
	w.bank, err = banktest.New(banktest.Config{
		Platform: banktest.Account{Name: "证书中心", Number: "6001", Corporate: true, Balance: 10_000},
		Accounts: []banktest.Account{{Name: "甲公司", Number: "7001", Corporate: true, Balance: 100_000}},
		Token:    flows.Conceal("good-token"), Clock: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(w.bank)
	t.Cleanup(server.Close)
	w.feed, err = bank.New(bank.Config{URL: server.URL + "/bank/statement", Account: "6001", Token: flows.Conceal(token)}, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *town) pay(t *testing.T, from, to string, amount flows.Fen) string {
	t.Helper()
	ref, err := w.bank.Transfer(from, to, amount, `CA0000000001 <&">`)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func (w *town) credits(t *testing.T, since time.Time) []flows.Credit {
	t.Helper()
	credits, err := w.feed.Credits(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	return credits
}

func TestCreditsAreWhatCameIn(t *testing.T) {
	w := newTown(t, "good-token")
	ref := w.pay(t, "甲公司", "600100042", 1)
	w.pay(t, "6001", "7001", 50) // ours, going out
	credits := w.credits(t, start)
	if len(credits) != 1 {
		t.Fatalf("%d credits, want 1", len(credits))
	}
	want := ref + ` 2026-11-23T04:00:00Z 0.01 CNY to 600100042 by "甲公司" 7001: "CA0000000001 <&\">"`
	if got := show(credits[0]); got != want {
		t.Errorf("credit is\n%s, want\n%s", got, want)
	}
}

func TestCreditsSince(t *testing.T) {
	w := newTown(t, "good-token")
	w.pay(t, "7001", "6001", 100)
	w.now = start.Add(time.Hour)
	w.pay(t, "7001", "6001", 200)
	if got := w.credits(t, start.Add(time.Minute)); len(got) != 1 || got[0].Amount != 200 {
		t.Errorf("credits since the first hour %v, want the second only", got)
	}
}

func TestALateLineNeedsAnOverlap(t *testing.T) {
	w := newTown(t, "good-token")
	if err := w.bank.Fault("delay", 1); err != nil {
		t.Fatal(err)
	}
	w.pay(t, "7001", "6001", 100)
	if got := w.credits(t, start); len(got) != 0 {
		t.Fatalf("%d credits at once, want none", len(got))
	}
	w.now = start.Add(10 * time.Minute)
	if got := w.credits(t, start); len(got) != 1 || !got[0].At.Equal(start) {
		t.Errorf("credits later %v, want one, under the time it was booked at", got)
	}
}

func TestALineShownTwiceIsOne(t *testing.T) {
	w := newTown(t, "good-token")
	if err := w.bank.Fault("duplicate", 1); err != nil {
		t.Fatal(err)
	}
	w.pay(t, "7001", "6001", 100)
	got := w.credits(t, start)
	if len(got) != 2 || got[0].Ref != got[1].Ref {
		t.Errorf("credits %v, want two of one reference", got)
	}
}

func TestCreditsTrouble(t *testing.T) {
	down := newTown(t, "good-token")
	if err := down.bank.Fault("500", 1); err != nil {
		t.Fatal(err)
	}
	silent := newTown(t, "good-token")
	if err := silent.bank.Fault("timeout", 1); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		town *town
		want string
	}{
		{"500", down, "500"},
		{"wrong token", newTown(t, "wrong-token"), "401"},
		{"no answer", silent, "deadline"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := tt.town.feed.Credits(ctx, start)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "-token") {
				t.Errorf("Credits = %v, want %s and no token", err, tt.want)
			}
		})
	}
}

func TestNewReportsEveryMistake(t *testing.T) {
	_, err := bank.New(bank.Config{URL: "http://bank/?x=1"}, http.DefaultClient)
	for _, want := range []string{"URL", "account", "token"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want %q mentioned", err, want)
		}
	}
}

func TestAPageIsNoStatement(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html/>")) }))
	defer server.Close()
	feed, err := bank.New(bank.Config{URL: server.URL, Account: "6001", Token: flows.Conceal("t")}, server.Client())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := feed.Credits(t.Context(), start); !errors.Is(err, bank.ErrStatement) {
		t.Errorf("Credits = %v, want %v", err, bank.ErrStatement)
	}
}
