package alipay

// Collecting money: by a QR code that anybody may scan, or inside the
// mini-program from one buyer.

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// billNumber is what Alipay takes for out_trade_no.
var billNumber = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// Limits of the gateway. Source: facts/alipay.md 2.5 and 6.
const (
	maxAmount   flows.Fen = 100_000_000_00
	maxSubject            = 256
	shortestPay           = time.Minute
	longestPay            = 15 * 24 * time.Hour
	longestQR             = 2 * time.Hour
	tradeAbsent           = "ACQ.TRADE_NOT_EXIST"
)

// QR opens a payment and returns the content of the code to show. The code
// dies with the bill or after two hours, whichever is first; the trade exists
// only once somebody has scanned it. Expires is rounded down to minutes, so
// that Alipay stops taking money before we stop expecting it, but less than a
// minute becomes one; from two hours on the time counts from the scan.
//
// A definite no is a [*flows.RefusedError]; after any other error the payment
// may be open, and [Client.Query] tells.
//
// Source: facts/alipay.md 2.5, alipay.trade.precreate.
func (c *Client) QR(ctx context.Context, b flows.Bill) (content string, err error) {
	request, err := c.bill("alipay.trade.precreate", b)
	if err != nil {
		return "", err
	}
	request.AddBizField("product_code", c.cfg.QRProduct)
	if b.Expires < longestQR {
		// Counted from now, where timeout_express counts from the scan. Alipay
		// ends a code after two hours anyway.
		request.AddBizField("qr_code_timeout_express", minutes(b.Expires))
	}
	var out struct {
		verdict
		Number text `json:"out_trade_no"`
		Code   text `json:"qr_code"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return "", err
	}
	if string(out.Number) != b.Number || out.Code == "" {
		return "", fmt.Errorf("%s: %w: another bill, or no code", request.APIName(), ErrUnclear)
	}
	return string(out.Code), nil
}

// Order opens a payment inside the mini-program for the buyer with this
// open_id, and returns the trade number for my.tradePay. Asking again with the
// same bill gives the same number.
//
// A definite no is a [*flows.RefusedError]; after any other error the payment
// may be open, and [Client.Query] tells.
//
// Source: facts/alipay.md 2.4, alipay.trade.create.
func (c *Client) Order(ctx context.Context, b flows.Bill, buyer string) (tradeNo string, err error) {
	if buyer == "" {
		return "", errors.New("alipay: order without a buyer")
	}
	request, err := c.bill("alipay.trade.create", b)
	if err != nil {
		return "", err
	}
	request.AddBizField("product_code", "JSAPI_PAY").
		AddBizField("op_app_id", c.cfg.MiniAppID).
		AddBizField(c.buyerField(), buyer)
	var out struct {
		verdict
		Number  text `json:"out_trade_no"`
		TradeNo text `json:"trade_no"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return "", err
	}
	if string(out.Number) != b.Number || out.TradeNo == "" {
		return "", fmt.Errorf("%s: %w: another bill, or no trade", request.APIName(), ErrUnclear)
	}
	return string(out.TradeNo), nil
}

// buyerField depends on whose open_id it is: that of the application that
// asks, or that of another mini-program bound to it.
func (c *Client) buyerField() string {
	if c.cfg.MiniAppID == c.cfg.AppID {
		return "buyer_open_id"
	}
	return "op_buyer_open_id"
}

func (c *Client) bill(method string, b flows.Bill) (*sdk.Payload, error) {
	if !billNumber.MatchString(b.Number) {
		return nil, fmt.Errorf("alipay: bill number %q is not 1 to 64 letters, digits and underscores", clip(b.Number))
	}
	if b.Amount < 1 || b.Amount > maxAmount {
		return nil, fmt.Errorf("alipay: bill %s: amount %s is out of range", b.Number, b.Amount)
	}
	return sdk.NewPayload(method).
		AddParam("notify_url", c.cfg.NotifyURL).
		AddBizField("out_trade_no", b.Number).
		AddBizField("total_amount", b.Amount.String()).
		AddBizField("subject", subject(b.Subject)).
		AddBizField("timeout_express", minutes(b.Expires)), nil
}

// subject leaves out the three characters that Alipay refuses there. They are
// also those that could make one signed parameter read as two.
func subject(s string) string {
	s = strings.NewReplacer("/", " ", "=", " ", "&", " ").Replace(s)
	if r := []rune(s); len(r) > maxSubject {
		return string(r[:maxSubject])
	}
	return s
}

func minutes(d time.Duration) string {
	d = max(shortestPay, min(d, longestPay))
	return strconv.Itoa(int(d/time.Minute)) + "m"
}

// Query tells how far a payment is. A trade that Alipay does not know is open:
// nobody has scanned its code yet. At is the time of payment; a closed trade
// that has one was paid and then wholly refunded.
//
// A definite no is a [*flows.RefusedError]; any other error says nothing about
// the payment.
//
// Source: facts/alipay.md 2.7, alipay.trade.query.
func (c *Client) Query(ctx context.Context, number string) (flows.Trade, error) {
	request := sdk.NewPayload("alipay.trade.query").AddBizField("out_trade_no", number)
	// Not the library's struct: an empty real_amount in it fails the decoding
	// of a trade that is paid.
	var out struct {
		verdict
		trade
	}
	if err := c.send(ctx, request, &out); err != nil {
		return flows.Trade{}, err
	}
	if out.SubCode == tradeAbsent {
		return flows.Trade{Number: number, State: flows.TradeOpen}, nil
	}
	if err := out.judge(); err != nil {
		return flows.Trade{}, fmt.Errorf("%s: %w", request.APIName(), err)
	}
	found, err := out.read()
	if err != nil {
		return flows.Trade{}, fmt.Errorf("%s: %w: %w", request.APIName(), ErrUnclear, err)
	}
	if found.Number != number {
		return flows.Trade{}, fmt.Errorf("%s: %w: another trade", request.APIName(), ErrUnclear)
	}
	return found, nil
}

// Close ends an unpaid payment. Closing what was never scanned, or is closed
// already, is no error; but a code that nobody has scanned cannot be closed at
// Alipay and may still be paid until it dies.
//
// Closing what is paid is a [*flows.RefusedError]; after any other error call
// again.
//
// Source: facts/alipay.md 2.8, alipay.trade.close.
func (c *Client) Close(ctx context.Context, number string) error {
	request := sdk.NewPayload("alipay.trade.close").AddBizField("out_trade_no", number)
	var out verdict
	if err := c.send(ctx, request, &out); err != nil {
		return err
	}
	refused := out.judge()
	switch out.SubCode {
	case tradeAbsent:
		return nil
	case "ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS", "ACQ.TRADE_HAS_CLOSE":
		// Alipay does not say which state: paid, or closed already.
		found, err := c.Query(ctx, number)
		switch {
		case err != nil || found.State == flows.TradeClosed:
			return err
		case found.State == flows.TradeOpen:
			return fmt.Errorf("%s: %w: the trade is open again", request.APIName(), ErrUnclear)
		}
	}
	if refused != nil {
		return fmt.Errorf("%s: %w", request.APIName(), refused)
	}
	return nil
}
