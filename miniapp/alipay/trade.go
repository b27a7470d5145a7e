package alipay

// A trade as Alipay words it, in an answer or in a notification, and how it
// becomes ours.

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"certdesk/flows"
)

// timeLayout also reads the milliseconds that some fields carry.
const timeLayout = "2006-01-02 15:04:05"

// trade holds texts only: a stricter type would lose a payment to a blank.
type trade struct {
	Number text `json:"out_trade_no"`
	No     text `json:"trade_no"`
	Status text `json:"trade_status"`
	Amount text `json:"total_amount"`
	Paid   text `json:"send_pay_date"`
	OpenID text `json:"buyer_open_id"` // one of the two, as the application is set up
	UserID text `json:"buyer_user_id"`
}

// read returns what can be read, and an error for what cannot.
func (t trade) read() (flows.Trade, error) {
	out := flows.Trade{Number: string(t.Number), No: string(t.No), Payer: flows.Conceal(clip(cmp.Or(string(t.OpenID), string(t.UserID))))}
	var errs []error
	if !billNumber.MatchString(out.Number) {
		errs = append(errs, errors.New("out_trade_no is not a number of ours"))
	}
	var err error
	if out.State, err = stateOf(string(t.Status)); err != nil {
		errs = append(errs, err)
	}
	if out.Amount, err = flows.ParseFen(clip(string(t.Amount))); err != nil {
		errs = append(errs, fmt.Errorf("total_amount: %w", err))
	}
	if t.Paid != "" {
		if out.At, err = time.ParseInLocation(timeLayout, clip(string(t.Paid)), beijing()); err != nil {
			errs = append(errs, errors.New("time of payment is not a time"))
		}
	}
	return out, errors.Join(errs...)
}

// stateOf counts a trade as paid only in the two states that say so.
//
// Source: facts/alipay.md 6.
func stateOf(status string) (flows.TradeState, error) {
	switch status {
	case "WAIT_BUYER_PAY":
		return flows.TradeOpen, nil
	case "TRADE_SUCCESS", "TRADE_FINISHED":
		return flows.TradePaid, nil
	case "TRADE_CLOSED":
		return flows.TradeClosed, nil
	default:
		return "", fmt.Errorf("trade_status %q is unknown", clip(status))
	}
}
