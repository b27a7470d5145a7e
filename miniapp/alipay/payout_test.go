package alipay_test

import (
	"errors"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay/alipaytest"
)

// Sending money to a company: once, however often it is asked for.

var payout = flows.Payout{
	Number: "O_1", Amount: 37, Name: flows.Conceal("杭州某某信息科技有限公司"), Account: flows.Conceal("33001616781053000001"),
	Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Branch: "杭州西湖支行",
}

func TestPayout(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	is := func(when string, want flows.PayoutState, why string) {
		t.Helper()
		if state, words, err := c.PaidOut(t.Context(), "O_1"); state != want || words != why || err != nil {
			t.Errorf("%s: PaidOut = %q, %q, %v, want %q, %q", when, state, words, err, want, why)
		}
	}
	is("before it is sent", flows.PayoutMoving, "")
	for range 2 {
		if err := c.Pay(t.Context(), payout); err != nil {
			t.Fatal(err)
		}
	}
	sent := c.gateway.Books().Payouts
	if len(sent) != 1 || sent[0].Amount != 37 || sent[0].Account != payout.Account.Reveal() || sent[0].Name != payout.Name.Reveal() {
		t.Fatalf("the bank was asked for %+v, want this payout, once", sent)
	}
	is("under way", flows.PayoutMoving, "")
	c.clock.pass(time.Minute)
	is("arrived", flows.PayoutArrived, "")
	if err := c.gateway.Fault(alipaytest.FaultNumbers, 1); err != nil {
		t.Fatal(err)
	}
	is("with the amount as a number", flows.PayoutArrived, "")
	if err := c.gateway.Return("O_1", "PAYEE_ACCOUNT_STATUS_ERROR"); err != nil {
		t.Fatal(err)
	}
	is("sent back", flows.PayoutReturned, "这个银行账户的状态不正常，不能收款。请向开户行了解，或换一个对公账户。")
	wantRefusal(t, c.Pay(t.Context(), payout), "")
}

func TestPayoutRefused(t *testing.T) {
	for code, spoil := range map[string]func(*flows.Payout){
		"INVALID_PARAMETER":          func(p *flows.Payout) { p.Branch = "" },
		"CARD_BIN_ERROR":             func(p *flows.Payout) { p.Account = flows.Conceal("12ab") },
		"EXCEED_LIMIT_SM_MIN_AMOUNT": func(p *flows.Payout) { p.Amount = 9 },
	} {
		c, p := newCity(t, alipaytest.ModeCertificate), payout
		spoil(&p)
		wantRefusal(t, c.Pay(t.Context(), p), code)
	}
	coded := payout
	coded.Number, coded.Branch, coded.BranchCode = "O_2", "", "105331000017"
	c := newCity(t, alipaytest.ModeCertificate)
	if err := errors.Join(c.Pay(t.Context(), payout), c.Pay(t.Context(), coded)); err != nil {
		t.Fatal(err)
	}
	other := payout
	other.Amount = 38
	wantRefusal(t, c.Pay(t.Context(), other), "PAYMENT_INFO_INCONSISTENCY")
	wantRefusal(t, newCity(t, alipaytest.ModeKey).Pay(t.Context(), payout), "key mode")
	for _, bad := range []flows.Payout{{Number: "O 1", Amount: 1}, {Number: "O_1", Amount: 0}, {Number: "O_1", Amount: 100}} {
		if err := c.Pay(t.Context(), bad); err == nil {
			t.Errorf("Pay(%+v) is no error", bad)
		}
	}
}

// TestPayoutUnknown loses answers: the money is sent, or not, and asking again
// sends it once.
func TestPayoutUnknown(t *testing.T) {
	for _, fault := range []string{alipaytest.Fault500, alipaytest.FaultTimeout, alipaytest.FaultUnknown, alipaytest.FaultSystemError, alipaytest.FaultUnsigned, alipaytest.FaultForgedAnswer} {
		c := newCity(t, alipaytest.ModeCertificate)
		if err := c.gateway.Fault(fault, 1); err != nil {
			t.Fatal(err)
		}
		err := c.Pay(t.Context(), payout)
		if refused := new(flows.RefusedError); err == nil || errors.As(err, &refused) {
			t.Errorf("%s: Pay = %v, want an error that is no refusal", fault, err)
		}
		if err := c.Pay(t.Context(), payout); err != nil {
			t.Errorf("%s: Pay again = %v", fault, err)
		}
		if n := len(c.gateway.Books().Payouts); n != 1 {
			t.Errorf("%s: the money went out %d times", fault, n)
		}
	}
}
