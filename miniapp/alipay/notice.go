package alipay

// Payment notifications: bytes from the open internet, believed only after
// Alipay's signature.

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"certdesk/flows"
)

// MaxNotice is the length of the longest notification that is read, in bytes.
// A real one has about two thousand.
const MaxNotice = 64 << 10

// Facts about a notification that is not simply good.
var (
	// ErrForged: the signature is not Alipay's. Refuse it.
	ErrForged = errors.New("alipay: notification is not signed by Alipay")
	// ErrOtherApp: genuine, but meant for another application. Refuse it.
	ErrOtherApp = errors.New("alipay: notification is for another application")
	// ErrOtherSeller: genuine, but the money went to somebody else. Keep it,
	// alarm, acknowledge; never count it.
	ErrOtherSeller = errors.New("alipay: notification is about another seller")
	// ErrUnreadable: genuine, but its kind, state, amount or time is not one we
	// know. Keep it, alarm, acknowledge; never count it.
	ErrUnreadable = errors.New("alipay: notification cannot be read")
)

// Notice is what a genuine notification says. With [ErrOtherSeller] and
// [ErrUnreadable] it holds what could be read, for the record.
type Notice struct {
	NotifyID string // the same on each delivery of one notification
	Status   string // Alipay's own trade_status
	Seller   string // seller_id
	Trade    flows.Trade
	Refunded flows.Fen // in total so far; the notification is then not about a payment
}

// Notice verifies a notification, given as the bytes of its form, and reads
// it: first the signature, then whose application, then whose money. Whether
// the number is known and the amount is right is for the ledger to say.
//
// The bytes are not kept.
//
// Source: facts/alipay.md 1.6 and 3.3.
func (c *Client) Notice(form []byte) (Notice, error) {
	values, err := readForm(form)
	if err != nil {
		return Notice{}, err
	}
	if err := c.authentic(values); err != nil {
		return Notice{}, err
	}
	if values.Get("app_id") != c.cfg.AppID {
		return Notice{}, ErrOtherApp
	}
	out, err := readNotice(values)
	if out.Seller != c.cfg.SellerID {
		return out, ErrOtherSeller
	}
	return out, err
}

func readForm(form []byte) (url.Values, error) {
	if len(form) > MaxNotice {
		return nil, fmt.Errorf("%w: over %d bytes", ErrForged, MaxNotice)
	}
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return nil, fmt.Errorf("%w: not a form", ErrForged)
	}
	return values, nil
}

// authentic refuses a repeated parameter before it looks at the signature: of
// two values one would be signed for and another read.
func (c *Client) authentic(values url.Values) error {
	for _, given := range values {
		if len(given) != 1 {
			return fmt.Errorf("%w: a parameter is repeated", ErrForged)
		}
	}
	// The serial number of the certificate is not signed. In key mode it means
	// nothing; in certificate mode any but the configured one finds no key.
	if c.keyMode {
		values.Del("alipay_cert_sn")
	}
	if err := c.sdk.VerifySign(context.Background(), values); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	return nil
}

func readNotice(values url.Values) (Notice, error) {
	said := trade{
		Number: text(values.Get("out_trade_no")),
		No:     text(values.Get("trade_no")),
		Status: text(values.Get("trade_status")),
		Amount: text(values.Get("total_amount")),
		Paid:   text(values.Get("gmt_payment")),
		OpenID: text(values.Get("buyer_open_id")),
		UserID: text(values.Get("buyer_id")),
	}
	if strings.HasPrefix(string(said.Status), "TRADE_") && said.Status != "TRADE_CLOSED" {
		said.Paid = cmp.Or(said.Paid, text(values.Get("notify_time")))
	}
	found, err := said.read()
	out := Notice{
		NotifyID: clip(values.Get("notify_id")),
		Status:   clip(string(said.Status)),
		Seller:   clip(values.Get("seller_id")),
		Trade:    found,
	}
	if kind := values.Get("notify_type"); kind != "trade_status_sync" {
		err = errors.Join(err, fmt.Errorf("notify_type %q is unknown", clip(kind)))
	}
	if charset := values.Get("charset"); !strings.EqualFold(charset, "utf-8") {
		err = errors.Join(err, fmt.Errorf("charset %q is not utf-8", clip(charset)))
	}
	if fee := values.Get("refund_fee"); fee != "" {
		var wrong error
		out.Refunded, wrong = flows.ParseFen(clip(fee))
		err = errors.Join(err, wrong)
	}
	if err != nil {
		return out, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return out, nil
}
