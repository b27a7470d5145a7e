package alipay_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

// TestMessage has the stand-in tell that a payout has arrived and that it has
// come back, by each of the two rules of signing.
func TestMessage(t *testing.T) {
	for _, mode := range []string{"", alipaytest.FaultRuleV2} {
		c := newCity(t, alipaytest.ModeCertificate)
		if err := c.Pay(t.Context(), payout); err != nil {
			t.Fatal(err)
		}
		c.clock.pass(time.Minute)
		if _, _, err := c.PaidOut(t.Context(), payout.Number); err != nil {
			t.Fatal(err)
		}
		if err := c.gateway.Return(payout.Number, "CARD_BIN_ERROR"); err != nil {
			t.Fatal(err)
		}
		if mode != "" {
			if err := c.gateway.Fault(mode, 2); err != nil {
				t.Fatal(err)
			}
		}
		c.gateway.Deliver(t.Context())
		if len(c.forms) != 2 {
			t.Fatalf("%d messages came, want 2: arrived, come back", len(c.forms))
		}
		for _, form := range c.forms {
			if number, err := c.Message(form); number != payout.Number || err != nil {
				t.Errorf("rule %q: Message = %q, %v, want the payout's number", mode, number, err)
			}
		}
	}
}

// message is a form that Alipay might send to the application's gateway.
func message() url.Values {
	return url.Values{
		"app_id": {"2021000000000001"}, "msg_method": {"alipay.fund.trans.order.changed"}, "charset": {"UTF-8"}, "version": {"1.1"},
		"notify_id": {"2026112300222100000000000000000001"}, "utc_timestamp": {"1795000000000"}, "sign_type": {"RSA2"},
		"biz_content": {`{"out_biz_no":"O_1","status":"REFUND","trans_amount":0.37}`},
	}
}

func TestMessagesThatSayNothing(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	for _, tt := range []struct {
		name   string
		change map[string]string
		after  map[string]string // what is changed once it is signed
		want   error
		number string
	}{
		{"one that is good", nil, nil, nil, "O_1"},
		{"changed on the way", nil, map[string]string{"biz_content": `{"out_biz_no":"O_2"}`}, alipay.ErrForged, ""},
		{"without a signature", nil, map[string]string{"sign": ""}, alipay.ErrForged, ""},
		{"of another application", map[string]string{"app_id": "2021000000000002"}, nil, alipay.ErrOtherApp, ""},
		{"of another kind", map[string]string{"msg_method": "alipay.open.auth.appauth.cancelled"}, nil, nil, ""},
		{"without content", map[string]string{"biz_content": ""}, nil, alipay.ErrUnreadable, ""},
		{"of no number", map[string]string{"biz_content": `{"out_biz_no":"../1"}`}, nil, alipay.ErrUnreadable, ""},
	} {
		form := message()
		for name, value := range tt.change {
			form.Set(name, value)
		}
		form = signed(t, form)
		for name, value := range tt.after {
			form.Set(name, value)
		}
		if number, err := c.Message([]byte(form.Encode())); number != tt.number || !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
			t.Errorf("a message %s: %q, %v, want %q, %v", tt.name, number, err, tt.number, tt.want)
		}
	}
}

func FuzzMessage(f *testing.F) {
	c := fuzzed(f, new(string))
	f.Add([]byte(message().Encode()))
	f.Fuzz(func(t *testing.T, form []byte) {
		if number, err := c.Message(form); err == nil {
			t.Errorf("a message without Alipay's signature is believed: %q", number)
		}
	})
}
