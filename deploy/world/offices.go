// The offices of the city: bank, courier, SMS, authority.

package world

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"certdesk/bot/wechat/wechattest"
	"certdesk/flows"
	"certdesk/miniapp/alipay/alipaytest"
	"certdesk/server/bank/banktest"
	"certdesk/server/ca/catest"
	"certdesk/server/courier/couriertest"
	"certdesk/server/esign/esigntest"
	"certdesk/server/sms/smstest"
)

// partners are the stand-ins.
type partners struct {
	wechat  *wechattest.Platform
	alipay  *alipaytest.Gateway
	courier *couriertest.Courier
	sms     *smstest.Service
	bank    *banktest.Bank
	ca      *catest.CA
	esign   *esigntest.Register
}

// offices are the partners' counters.
type offices struct {
	*partners
	more []person
}

func (o offices) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /world/people", control(o.people))
	mux.HandleFunc("GET /world/bank/accounts", control(o.accounts))
	mux.HandleFunc("POST /world/bank/transfer", control(o.transfer))
	mux.HandleFunc("GET /world/bank/arrivals", control(o.arrivals))
	mux.HandleFunc("POST /world/bank/return", control(o.sendBack))
	mux.HandleFunc("GET /world/courier/orders", control(o.orders))
	mux.HandleFunc("POST /world/courier/advance", control(o.advance))
	mux.HandleFunc("POST /world/courier/mark", control(o.mark))
	mux.HandleFunc("GET /world/sms", control(o.texts))
	mux.HandleFunc("GET /world/sms/{phone}", control(o.inbox))
	mux.HandleFunc("GET /world/ca/certificates", control(o.certificates))
}

func (o offices) people(*http.Request, none) (any, error) { return slices.Concat(people, o.more), nil }

func (o offices) accounts(*http.Request, none) (any, error) { return o.bank.Books(), nil }

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

func (o offices) transfer(_ *http.Request, t transfer) (any, error) {
	ref, err := o.bank.Transfer(t.Payer, t.Account, flows.Fen(t.Amount), t.Remark)
	for reason, words := range refusals {
		if errors.Is(err, reason) {
			return nil, no(http.StatusUnprocessableEntity, words)
		}
	}
	return map[string]string{"ref": ref}, err
}

// arrival is money of Alipay's on somebody's account.
type arrival struct {
	Number  string `json:"number"`
	Account string `json:"account"`
	Payee   string `json:"payee"`
	Amount  string `json:"amount"` // in yuan
	Status  string `json:"status"` // DEALING before it has come
}

// arrivals are what companies read in their own bank's books.
func (o offices) arrivals(*http.Request, none) (any, error) {
	all := []arrival{}
	for _, p := range o.alipay.Books().Payouts {
		all = append(all, arrival{p.OutBizNo, p.Account, p.Name, p.Amount.String(), p.Status})
	}
	return all, nil
}

func (o offices) sendBack(_ *http.Request, q struct{ Number, Code string }) (any, error) {
	if err := o.alipay.Return(q.Number, q.Code); err != nil {
		return nil, no(http.StatusUnprocessableEntity, "没有这笔汇款，或者已经退回过。")
	}
	return none{}, nil
}

func (o offices) orders(*http.Request, none) (any, error) { return o.courier.Books().Orders, nil }

func (o offices) advance(_ *http.Request, q struct{ Order string }) (any, error) {
	step, err := o.courier.Advance(q.Order)
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "这个包裹不能再往前走了：没有这个订单、无法派送或已签收。")
	}
	return step, nil
}

func (o offices) mark(_ *http.Request, q struct{ Order, Code, Remark string }) (any, error) {
	step, err := o.courier.Mark(q.Order, q.Code, q.Remark)
	if err != nil {
		return nil, no(http.StatusUnprocessableEntity, "这个包裹不能再有新的记录：没有这个订单、无法派送或已签收。")
	}
	return step, nil
}

// texts are every telephone with its messages, for the page.
func (o offices) texts(*http.Request, none) (any, error) {
	all := map[string]any{}
	for _, sent := range o.sms.Books().Sent {
		if all[sent.Phone] == nil {
			all[sent.Phone] = o.sms.Inbox(sent.Phone)
		}
	}
	return all, nil
}

func (o offices) inbox(r *http.Request, _ none) (any, error) {
	return o.sms.Inbox(r.PathValue("phone")), nil
}

func (o offices) certificates(*http.Request, none) (any, error) {
	return append([]catest.Entry{}, o.ca.Books()...), nil
}
