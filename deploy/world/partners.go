// The offices of the city: bank, courier, SMS, authority; what goes wrong on
// purpose, and everybody's books.

package world

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"certdesk/flows"
	"certdesk/server/bank/banktest"
	"certdesk/server/ca/catest"
)

func (w *World) mountPartners(mux *http.ServeMux) {
	mux.HandleFunc("GET /world/people", control(w.people))
	mux.HandleFunc("GET /world/bank/accounts", control(w.bankAccounts))
	mux.HandleFunc("POST /world/bank/transfer", control(w.bankTransfer))
	mux.HandleFunc("GET /world/courier/orders", control(w.courierOrders))
	mux.HandleFunc("POST /world/courier/advance", control(w.courierAdvance))
	mux.HandleFunc("POST /world/courier/mark", control(w.courierMark))
	mux.HandleFunc("GET /world/sms", control(w.smsAll))
	mux.HandleFunc("GET /world/sms/{phone}", control(w.smsInbox))
	mux.HandleFunc("GET /world/ca/certificates", control(w.certificates))
	mux.HandleFunc("POST /world/faults", control(w.fault))
	mux.HandleFunc("GET /world/books", control(w.books))
	mux.HandleFunc("GET /world/events", control(w.events))
}

func (w *World) people(*http.Request, none) (any, error) { return people, nil }

func (w *World) bankAccounts(*http.Request, none) (any, error) { return w.bank.Books(), nil }

// amount is yuan, written as a JSON string or as a JSON number.
type amount flows.Fen

// UnmarshalJSON refuses what is not an amount with at most two decimals.
func (a *amount) UnmarshalJSON(text []byte) error {
	fen, err := flows.ParseFen(strings.Trim(string(text), `"`))
	*a = amount(fen)
	return err
}

// transfer is an order to the bank.
type transfer struct {
	Payer   string `json:"payer"` // number or name of an account
	Account string `json:"account"`
	Amount  amount `json:"amount"`
	Remark  string `json:"remark"`
}

// refusals are the bank's, in words for who stands at the counter.
var refusals = map[error]string{
	banktest.ErrPayer:  "没有这个付款账户。",
	banktest.ErrPayee:  "没有这个收款账号，请核对。",
	banktest.ErrAmount: "金额要大于 0。",
	banktest.ErrFunds:  "余额不足。",
}

func (w *World) bankTransfer(_ *http.Request, t transfer) (any, error) {
	ref, err := w.bank.Transfer(t.Payer, t.Account, flows.Fen(t.Amount), t.Remark)
	for reason, words := range refusals {
		if errors.Is(err, reason) {
			return nil, no(http.StatusUnprocessableEntity, words)
		}
	}
	return map[string]string{"ref": ref}, err
}

func (w *World) courierOrders(*http.Request, none) (any, error) { return w.courier.Books().Orders, nil }

func (w *World) courierAdvance(_ *http.Request, q struct{ Order string }) (any, error) {
	step, err := w.courier.Advance(q.Order)
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "这个包裹不能再往前走了：没有这个订单、无法派送或已签收。")
	}
	return step, nil
}

func (w *World) courierMark(_ *http.Request, q struct{ Order, Code, Remark string }) (any, error) {
	step, err := w.courier.Mark(q.Order, q.Code, q.Remark)
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "这个包裹不能再有新的记录：没有这个订单、无法派送或已签收。")
	}
	return step, nil
}

// smsAll is every telephone with its messages, for the page.
func (w *World) smsAll(*http.Request, none) (any, error) {
	all := map[string]any{}
	for _, sent := range w.sms.Books().Sent {
		if all[sent.Phone] == nil {
			all[sent.Phone] = w.sms.Inbox(sent.Phone)
		}
	}
	return all, nil
}

func (w *World) smsInbox(r *http.Request, _ none) (any, error) {
	return w.sms.Inbox(r.PathValue("phone")), nil
}

func (w *World) certificates(*http.Request, none) (any, error) {
	return append([]catest.Entry{}, w.ca.Books()...), nil
}

// partners are those whose faults can be ordered.
func (w *World) partners() map[string]func(name string, times int) error {
	return map[string]func(string, int) error{
		"wechat":  w.wechat.Fault,
		"alipay":  w.alipay.Fault,
		"courier": w.courier.Fault,
		"sms":     w.sms.Fault,
		"bank":    w.bank.Fault,
		"ca":      w.caFault,
	}
}

func (w *World) caFault(name string, times int) error {
	fault := catest.Fault(strings.ReplaceAll(name, "-", " "))
	if !slices.Contains([]catest.Fault{catest.Down, catest.Error500, catest.Timeout, catest.LostAnswer}, fault) {
		return fmt.Errorf("world: the authority has no fault %q", name)
	}
	w.ca.Fail(fault, times)
	return nil
}

const maxFaults = 1000

func (w *World) fault(_ *http.Request, q struct {
	Partner string
	Fault   string
	Times   *int
}) (any, error) {
	all := w.partners()
	order, known := all[q.Partner]
	if !known {
		return nil, no(http.StatusBadRequest, "没有这个合作方，可以是："+strings.Join(slices.Sorted(maps.Keys(all)), "、"))
	}
	times := 1
	if q.Times != nil {
		times = *q.Times
	}
	if times < 0 || times > maxFaults {
		return nil, no(http.StatusBadRequest, "次数应在 0 到 1000 之间。")
	}
	name := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(q.Fault)), " ", "-")
	name = strings.ReplaceAll(name, "time-out", "timeout")
	return done, order(name, times)
}

// books are each partner's own records.
func (w *World) books(*http.Request, none) (any, error) {
	all := map[string]any{}
	for name, part := range w.ledgers() {
		all[name] = part()
	}
	return all, nil
}

func (w *World) ledgers() map[string]func() any {
	return map[string]func() any{
		"wechat":  func() any { return w.wechat.Books() },
		"alipay":  func() any { return w.alipay.Books() },
		"courier": func() any { return w.courier.Books() },
		"sms":     func() any { return w.sms.Books() },
		"bank":    func() any { return w.bank.Books() },
		"ca":      func() any { return w.ca.Books() },
	}
}
