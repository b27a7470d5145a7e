package alipay_test

// Notifications: those that the stand-in sends, and those that a test signs or
// spoils itself.

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/miniapp/alipay"
	"certdesk/miniapp/alipay/alipaytest"
)

// notice is a form that Alipay might send, without a signature.
func notice() url.Values {
	return url.Values{
		"app_id": {"2021000000000001"}, "seller_id": {seller}, "notify_type": {"trade_status_sync"}, "charset": {"utf-8"},
		"notify_id": {"2026112300222100000000000000000001"}, "notify_time": {"2026-11-23 12:00:01"}, "sign_type": {"RSA2"},
		"out_trade_no": {"P_1"}, "trade_no": {"2026112322001400000000000001"}, "trade_status": {"TRADE_SUCCESS"},
		"total_amount": {"88.00"}, "gmt_payment": {"2026-11-23 12:00:00"}, "subject": {"数字证书 100% a+b&c"},
	}
}

// signed adds Alipay's signature by rule V1.
func signed(t *testing.T, form url.Values) url.Values {
	t.Helper()
	made, err := credentials()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(made.AlipayKey.Reveal()))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(v1(form)))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	form.Set("sign", base64.StdEncoding.EncodeToString(signature))
	return form
}

func v1(form url.Values) string {
	var pairs []string
	for name := range form {
		if name != "sign" && name != "sign_type" && name != "alipay_cert_sn" {
			pairs = append(pairs, name+"="+form.Get(name))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

func TestNotice(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	noon := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	paid := flows.Trade{Number: "P_1", State: flows.TradePaid, Amount: 8800, No: "2026112322001400000000000001", At: noon}
	with := func(trade flows.Trade, change func(*flows.Trade)) flows.Trade { change(&trade); return trade }
	tests := []struct {
		name   string
		change map[string]string
		want   flows.Trade
	}{
		{"paid", nil, paid},
		{"finished is paid", map[string]string{"trade_status": "TRADE_FINISHED"}, paid},
		{"88 is 88.00", map[string]string{"total_amount": "88"}, paid},
		{"88.0 is 88.00", map[string]string{"total_amount": "88.0"}, paid},
		{"another amount is only read", map[string]string{"total_amount": "0.01"}, with(paid, func(x *flows.Trade) { x.Amount = 1 })},
		{"milliseconds", map[string]string{"gmt_payment": "2026-11-23 12:00:00.500"}, with(paid, func(x *flows.Trade) { x.At = noon.Add(500 * time.Millisecond) })},
		{"paid without a time of payment", map[string]string{"gmt_payment": ""}, with(paid, func(x *flows.Trade) { x.At = noon.Add(time.Second) })},
		{"waiting is open", map[string]string{"trade_status": "WAIT_BUYER_PAY", "gmt_payment": ""}, with(paid, func(x *flows.Trade) { x.State, x.At = flows.TradeOpen, time.Time{} })},
		{"closed and never paid", map[string]string{"trade_status": "TRADE_CLOSED", "gmt_payment": ""}, with(paid, func(x *flows.Trade) { x.State, x.At = flows.TradeClosed, time.Time{} })},
		{"by whom, as one application is told", map[string]string{"buyer_id": "2088000000000001"}, with(paid, func(x *flows.Trade) { x.Payer = flows.Conceal("2088000000000001") })},
		{"by whom, as another is", map[string]string{"buyer_open_id": "0a", "buyer_id": "2088000000000001"}, with(paid, func(x *flows.Trade) { x.Payer = flows.Conceal("0a") })},
		{"an unknown parameter is signed too", map[string]string{"brand_new": "=&%2B "}, paid},
		{"an empty parameter is signed too", map[string]string{"passback_params": ""}, paid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := notice()
			for name, value := range tt.change {
				form.Set(name, value)
			}
			got, err := c.Notice([]byte(signed(t, form).Encode()))
			if err != nil {
				t.Fatalf("Notice: %v", err)
			}
			if !got.Trade.At.Equal(tt.want.At) {
				t.Errorf("At = %v, want %v", got.Trade.At, tt.want.At)
			}
			got.Trade.At = tt.want.At
			if got.Trade != tt.want || got.Status != form.Get("trade_status") || got.NotifyID != form.Get("notify_id") {
				t.Errorf("Notice = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestNoticeIsNotSimplyGood(t *testing.T) {
	tests := []struct {
		name   string
		before func(url.Values) // is signed for
		after  func(url.Values) // is not
		want   error
	}{
		{"another application", func(f url.Values) { f.Set("app_id", "2021000000000009") }, nil, alipay.ErrOtherApp},
		{"another seller", func(f url.Values) { f.Set("seller_id", "2088000000000009") }, nil, alipay.ErrOtherSeller},
		{"no seller", func(f url.Values) { f.Del("seller_id") }, nil, alipay.ErrOtherSeller},
		{"unknown state", func(f url.Values) { f.Set("trade_status", "TRADE_PENDING") }, nil, alipay.ErrUnreadable},
		{"amount with a comma", func(f url.Values) { f.Set("total_amount", "1,000.00") }, nil, alipay.ErrUnreadable},
		{"negative amount", func(f url.Values) { f.Set("total_amount", "-88.00") }, nil, alipay.ErrUnreadable},
		{"another kind", func(f url.Values) { f.Set("notify_type", "open_app_auth_notify") }, nil, alipay.ErrUnreadable},
		{"another charset", func(f url.Values) { f.Set("charset", "GBK") }, nil, alipay.ErrUnreadable},
		{"no number", func(f url.Values) { f.Del("out_trade_no") }, nil, alipay.ErrUnreadable},
		{"changed amount", nil, func(f url.Values) { f.Set("total_amount", "0.01") }, alipay.ErrForged},
		{"no signature", nil, func(f url.Values) { f.Del("sign") }, alipay.ErrForged},
		{"signature that is no base64", nil, func(f url.Values) { f.Set("sign", "!") }, alipay.ErrForged},
		{"added parameter", nil, func(f url.Values) { f.Set("body", "") }, alipay.ErrForged},
		{"repeated parameter", nil, func(f url.Values) { f.Add("total_amount", "0.01") }, alipay.ErrForged},
		{"repeated parameter that is signed for", func(f url.Values) { f.Set("subject", "x&total_amount=1") }, func(f url.Values) {
			f.Set("subject", "x") // the signed text stays the same
			f["total_amount"] = []string{"1", "88.00"}
		}, alipay.ErrForged},
		{"unknown certificate", nil, func(f url.Values) { f.Set("alipay_cert_sn", strings.Repeat("0", 32)) }, alipay.ErrForged},
		{"the library's name for a bare key", nil, func(f url.Values) { f.Set("alipay_cert_sn", "alipay-public-key") }, alipay.ErrForged},
		{"too long, whoever signed it", func(f url.Values) { f.Set("body", strings.Repeat("x", alipay.MaxNotice)) }, nil, alipay.ErrForged},
	}
	c := newCity(t, alipaytest.ModeCertificate)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			form := notice()
			if tt.before != nil {
				tt.before(form)
			}
			signed(t, form)
			if tt.after != nil {
				tt.after(form)
			}
			got, err := c.Notice([]byte(form.Encode()))
			if !errors.Is(err, tt.want) {
				t.Fatalf("Notice = %+v, %v, want %v", got, err, tt.want)
			}
			if kept := got.NotifyID != ""; kept != (tt.want == alipay.ErrOtherSeller || tt.want == alipay.ErrUnreadable) {
				t.Errorf("Notice = %+v with %v: is it kept for the record?", got, err)
			}
		})
	}
	if n := c.gateway.Books().CertDownloads; n != 0 || len(c.requests) != 0 {
		t.Errorf("a stranger's form made %d downloads and %d requests, want none", n, len(c.requests))
	}
}

// In key mode the certificate's number means nothing, whatever it says.
func TestNoticeInKeyModeIgnoresCertificates(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	form := signed(t, notice())
	form.Set("alipay_cert_sn", strings.Repeat("0", 32))
	if _, err := c.Notice([]byte(form.Encode())); err != nil {
		t.Errorf("Notice = %v, want nil", err)
	}
}

func TestNoticeOfARefund(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	form := notice()
	form.Set("refund_fee", "8.00")
	got, err := c.Notice([]byte(signed(t, form).Encode()))
	if err != nil || got.Refunded != 800 || got.Trade.State != flows.TradePaid {
		t.Errorf("Notice = %+v, %v, want 8.00 of a paid trade refunded", got, err)
	}
}

// Fiber reuses the bytes of a request.
func TestNoticeKeepsNoBytes(t *testing.T) {
	c := newCity(t, alipaytest.ModeCertificate)
	form := []byte(signed(t, notice()).Encode())
	got, err := c.Notice(form)
	if err != nil {
		t.Fatal(err)
	}
	for i := range form {
		form[i] = 'x'
	}
	if got.Trade.Number != "P_1" || got.Status != "TRADE_SUCCESS" {
		t.Errorf("Notice = %+v after the bytes were reused", got)
	}
}

// The stand-in's spoiled deliveries are refused, its good ones believed.
func TestNoticeFromTheGateway(t *testing.T) {
	for fault, want := range map[string]error{
		alipaytest.FaultWrongSignature: alipay.ErrForged,
		alipaytest.FaultRuleV2:         alipay.ErrForged,
		alipaytest.FaultDuplicate:      nil,
	} {
		t.Run(fault, func(t *testing.T) {
			c := newCity(t, alipaytest.ModeCertificate)
			if err := c.gateway.Fault(fault, 1); err != nil {
				t.Fatal(err)
			}
			c.paid(t, bill)
			got, err := c.Notice(c.lastForm(t))
			if !errors.Is(err, want) {
				t.Fatalf("Notice = %v, want %v", err, want)
			}
			if err == nil && (got.Trade.Amount != bill.Amount || got.Trade.Number != bill.Number) {
				t.Errorf("Notice = %+v, want the bill", got)
			}
		})
	}
}
