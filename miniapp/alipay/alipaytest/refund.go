package alipaytest

// Giving money back, and asking whether it was given.

import (
	"time"

	"certdesk/flows"
)

type refundAsked struct {
	Amount    string `json:"refund_amount"`
	RequestNo string `json:"out_request_no"`
	Reason    string `json:"refund_reason"`
}

// refund gives back once for each out_request_no. A repetition says
// fund_change N; refund_fee is always the total of the trade.
//
// Source: facts/alipay.md 2.9.
func (g *Gateway) refund(q request) fields {
	t, refused := g.asked(q)
	if refused != nil {
		return refused
	}
	var in refundAsked
	if !q.decode(&in) || !exactYuan.MatchString(in.Amount) {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	amount, err := flows.ParseFen(in.Amount)
	if err != nil || amount < 1 || (in.RequestNo == "" && amount != t.Amount) {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	if in.RequestNo == "" {
		in.RequestNo = t.OutTradeNo
	}
	if old := g.refunded(t.OutTradeNo, in.RequestNo); old != nil {
		if old.Amount != amount {
			return no("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
		}
		return g.refundDone(t, "N", old.At)
	}
	switch {
	case t.Status == waitBuyerPay:
		return no("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case t.Status == tradeClosed:
		return no("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	case t.Refunded+amount > t.Amount:
		return no("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	}
	now := g.now()
	t.Refunded += amount
	if t.Refunded == t.Amount {
		t.Status, t.Closed = tradeClosed, now
	}
	g.books.Refunds = append(g.books.Refunds, Refund{
		OutTradeNo: t.OutTradeNo, OutRequestNo: in.RequestNo, Amount: amount, Reason: in.Reason, At: now,
	})
	return g.refundDone(t, "Y", now)
}

func (g *Gateway) refundDone(t *Trade, change string, at time.Time) fields {
	return yes(fields{
		"out_trade_no": t.OutTradeNo, "trade_no": t.TradeNo, "buyer_open_id": t.Buyer,
		"buyer_logon_id": g.logonID(t.Buyer), "fund_change": change,
		"refund_fee": t.Refunded.String(), "send_back_fee": t.Refunded.String(),
		"gmt_refund_pay": at.Format(clockLayout),
	})
}

func (g *Gateway) refunded(outTradeNo, requestNo string) *Refund {
	for i := range g.books.Refunds {
		r := &g.books.Refunds[i]
		if r.OutTradeNo == outTradeNo && r.OutRequestNo == requestNo {
			return r
		}
	}
	return nil
}

// refundQuery answers an unknown number with a success that says nothing.
//
// Source: facts/alipay.md 2.10.
func (g *Gateway) refundQuery(q request) fields {
	var in refundAsked
	if !q.decode(&in) || in.RequestNo == "" {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	t, refused := g.asked(q)
	if refused != nil {
		return refused
	}
	r := g.refunded(t.OutTradeNo, in.RequestNo)
	if r == nil {
		return yes(fields{})
	}
	return yes(fields{
		"out_trade_no": t.OutTradeNo, "trade_no": t.TradeNo, "out_request_no": r.OutRequestNo,
		"total_amount": t.Amount.String(), "refund_amount": r.Amount.String(),
		"refund_status": "REFUND_SUCCESS", "refund_reason": r.Reason,
	})
}
