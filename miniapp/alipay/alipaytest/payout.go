package alipaytest

// Sending money to bank accounts.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"certdesk/flows"
)

// ErrPayout is returned for a payout that cannot become what is asked.
var ErrPayout = errors.New("alipaytest: no such payout, or it cannot become that")

// banksTake is how long a bank takes for a transfer.
const banksTake = 20 * time.Second

type payOutAsked struct {
	OutBizNo    string `json:"out_biz_no"`
	Amount      string `json:"trans_amount"`
	ProductCode string `json:"product_code"`
	BizScene    string `json:"biz_scene"`
	OrderTitle  string `json:"order_title"`
	Business    string `json:"business_params"`
	Payee       struct {
		Identity     string `json:"identity"`
		IdentityType string `json:"identity_type"`
		Name         string `json:"name"`
		Bank         *struct {
			Name        string `json:"inst_name"`
			AccountType string `json:"account_type"`
			Province    string `json:"inst_province"`
			City        string `json:"inst_city"`
			Branch      string `json:"inst_branch_name"`
			Code        string `json:"bank_code"`
		} `json:"bankcard_ext_info"`
	} `json:"payee_info"`
}

var (
	bankAccount = regexp.MustCompile(`^\d{8,32}$`)
	cnaps       = regexp.MustCompile(`^\d{12}$`)
)

const (
	statusDealing = "DEALING"
	statusSuccess = "SUCCESS"
	statusFail    = "FAIL"
	statusRefund  = "REFUND"
)

// payOut sends once for each out_biz_no; a repetition that differs is refused.
// The bank takes a while, and may send the money back after it arrived.
//
// Source: facts/alipay.md 2.12.
func (g *Gateway) payOut(q request) fields {
	if g.cfg.Mode != ModeCertificate {
		return bad("40003", "isv.missing-signature-config")
	}
	var in payOutAsked
	if !q.decode(&in) || in.OutBizNo == "" || !exactYuan.MatchString(in.Amount) || in.OrderTitle == "" ||
		in.ProductCode != "TRANS_BANKCARD_NO_PWD" || in.BizScene != "DIRECT_TRANSFER" ||
		in.Payee.IdentityType != "BANKCARD_ACCOUNT" || in.Payee.Name == "" || (in.Business != "" && in.Business[0] != '{') {
		return no("INVALID_PARAMETER", "参数有误")
	}
	bank := in.Payee.Bank
	if bank == nil || bank.Name == "" || bank.AccountType != "1" && bank.AccountType != "2" ||
		bank.AccountType == "1" && !cnaps.MatchString(bank.Code) && (bank.Province == "" || bank.City == "" || bank.Branch == "") {
		return no("INVALID_PARAMETER", "payeeInfo.bankcardExtInfo不能为空")
	}
	amount, err := flows.ParseFen(in.Amount)
	switch {
	case err != nil:
		return no("INVALID_PARAMETER", "参数有误")
	case amount < 10:
		return no("EXCEED_LIMIT_SM_MIN_AMOUNT", "单笔最低转账金额0.1元")
	case !bankAccount.MatchString(in.Payee.Identity):
		return no("CARD_BIN_ERROR", "收款人银行账号不正确")
	}
	sum := sha256.Sum256([]byte(q.params["biz_content"]))
	asked := hex.EncodeToString(sum[:])
	if old := g.paidOut(in.OutBizNo); old != nil {
		if old.Asked != asked {
			return no("PAYMENT_INFO_INCONSISTENCY", "两次请求商户单号一样，但是参数不一致")
		}
		return g.payOutSaid(old)
	}
	now := g.now()
	p := Payout{
		OutBizNo: in.OutBizNo, OrderID: now.Format("20060102") + drawn(decimal, 24), Asked: asked, Account: in.Payee.Identity, Name: in.Payee.Name,
		Amount: amount, Status: statusDealing, Created: now, Settled: now,
	}
	g.books.Payouts = append(g.books.Payouts, p)
	return g.payOutSaid(&p)
}

func (g *Gateway) payOutSaid(p *Payout) fields {
	return yes(fields{
		"out_biz_no": p.OutBizNo, "order_id": p.OrderID, "pay_fund_order_id": p.OrderID, "status": p.Status,
		"trans_date": p.Created.Format(clockLayout),
	})
}

// payOutQuery tells the amount of what arrived only, and why of what did not.
//
// Source: facts/alipay.md 2.13.
func (g *Gateway) payOutQuery(q request) fields {
	var in struct {
		OutBizNo    string `json:"out_biz_no"`
		ProductCode string `json:"product_code"`
		BizScene    string `json:"biz_scene"`
	}
	if !q.decode(&in) || in.OutBizNo == "" || in.ProductCode == "" || in.BizScene == "" {
		return no("INVALID_PARAMETER", "参数有误")
	}
	p := g.paidOut(in.OutBizNo)
	if p == nil {
		return no("ORDER_NOT_EXIST", "转账订单不存在")
	}
	out := fields{"out_biz_no": p.OutBizNo, "order_id": p.OrderID, "pay_fund_order_id": p.OrderID, "status": p.Status}
	switch p.Status {
	case statusSuccess:
		out["trans_amount"], out["pay_date"] = p.Amount.String(), p.Settled.Format(clockLayout)
		if g.strikes(FaultNumbers) {
			out["trans_amount"] = float64(p.Amount) / 100
		}
	case statusFail, statusRefund:
		out["error_code"], out["fail_reason"] = p.ErrorCode, "银行退回"
	}
	return yes(out)
}

// paidOut finds a payout; what the bank has had for long enough has arrived.
func (g *Gateway) paidOut(number string) *Payout {
	for i := range g.books.Payouts {
		p := &g.books.Payouts[i]
		if p.OutBizNo != number {
			continue
		}
		if now := g.now(); p.Status == statusDealing && now.Sub(p.Created) > g.span(banksTake) {
			p.Status, p.Settled = statusSuccess, now
			g.tellPayout(p)
		}
		return p
	}
	return nil
}

// tellPayout queues the message that a payout is not what it was, to the
// application's gateway. The caller holds the lock.
//
// Source: facts/alipay.md 2.13.
func (g *Gateway) tellPayout(p *Payout) {
	if g.cfg.MessageURL == "" {
		return
	}
	content, err := json.Marshal(map[string]string{
		"out_biz_no": p.OutBizNo, "product_code": "TRANS_BANKCARD_NO_PWD", "biz_scene": "DIRECT_TRANSFER",
		"order_id": p.OrderID, "pay_fund_order_id": p.OrderID, "status": p.Status, "action_type": "FINISH",
		"trans_amount": p.Amount.String(), "pay_date": p.Settled.Format(clockLayout),
	})
	if err != nil {
		panic(fmt.Sprintf("alipaytest: texts are no JSON: %v", err))
	}
	id := g.now().Format("20060102") + drawn(decimal, 26)
	g.queue(Notice{ID: id, OutTradeNo: p.OutBizNo, URL: g.cfg.MessageURL, Next: g.now(), Params: map[string]string{
		"msg_method": "alipay.fund.trans.order.changed", "biz_content": string(content), "charset": "UTF-8", "version": "1.1",
		"sign_type": "RSA2", "app_id": g.cfg.AppID, "notify_id": id, "utc_timestamp": fmt.Sprint(g.now().UnixMilli()),
	}})
}

// Return lets the bank send a payout back, or not carry it out, for a reason
// that is one of Alipay's codes. It may have arrived. [ErrPayout] when there is
// none, or it came back before.
func (g *Gateway) Return(number, code string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.paidOut(number)
	if p == nil || p.Status == statusFail || p.Status == statusRefund {
		return fmt.Errorf("%w: %q", ErrPayout, number)
	}
	was := p.Status
	p.Status, p.ErrorCode, p.Settled = statusFail, code, g.now()
	if was == statusSuccess {
		p.Status = statusRefund
	}
	g.tellPayout(p)
	return g.save()
}
