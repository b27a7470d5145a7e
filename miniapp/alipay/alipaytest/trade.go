package alipaytest

// The trade engine: codes that become trades when somebody scans them, orders
// for one buyer, questions and closing.

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"certdesk/flows"
)

// States of a trade.
const (
	waitBuyerPay = "WAIT_BUYER_PAY"
	tradeSuccess = "TRADE_SUCCESS"
	tradeClosed  = "TRADE_CLOSED"
)

// Spans of Alipay's own. Source: facts/alipay.md 2.5 and 6.
const (
	qrLives    = 2 * time.Hour
	payDefault = 3 * time.Hour
)

var (
	outTradeNo = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	exactYuan  = regexp.MustCompile(`^[0-9]{1,9}\.[0-9]{2}$`)
	timeout    = regexp.MustCompile(`^([0-9]{1,5})([mhd])$`)
	forbidden  = regexp.MustCompile(`[/=&]`)
	suspicious = regexp.MustCompile(`out_trade_no|subject|total_fee`)
)

// order is what precreate and create have in common.
type order struct {
	OutTradeNo  string `json:"out_trade_no"`
	TotalAmount string `json:"total_amount"`
	Subject     string `json:"subject"`
	ProductCode string `json:"product_code"`
	Timeout     string `json:"timeout_express"`
	QRTimeout   string `json:"qr_code_timeout_express"`
	OpAppID     string `json:"op_app_id"`
	BuyerOpenID string `json:"buyer_open_id"`
	OpBuyer     string `json:"op_buyer_open_id"`
	BuyerID     string `json:"buyer_id"`
}

// read checks an order and makes the trade that it asks for.
func (g *Gateway) read(q request) (o order, t Trade, refused fields) {
	if !q.decode(&o) {
		return o, t, no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	if suspicious.MatchString(o.Subject) {
		return o, t, bad("40002", "isv.suspected-attack")
	}
	amount, err := flows.ParseFen(o.TotalAmount)
	window, fine := spanOf(o.Timeout, payDefault)
	if err != nil || !exactYuan.MatchString(o.TotalAmount) || amount < 1 || amount > 100_000_000_00 || !fine ||
		!outTradeNo.MatchString(o.OutTradeNo) || o.Subject == "" || len([]rune(o.Subject)) > 256 || forbidden.MatchString(o.Subject) {
		return o, t, no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	notify := q.params["notify_url"]
	if u, err := url.Parse(notify); err != nil || u.RawQuery != "" {
		return o, t, bad("40002", "isv.invalid-parameter")
	}
	return o, Trade{
		OutTradeNo: o.OutTradeNo, Product: o.ProductCode, Subject: o.Subject, Amount: amount,
		NotifyURL: notify, Timeout: window, Created: g.now(),
	}, nil
}

// spanOf reads 90m, 2h or 1d: at least a minute, at most fifteen days.
func spanOf(text string, absent time.Duration) (d time.Duration, fine bool) {
	if text == "" {
		return absent, true
	}
	m := timeout.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	d = time.Duration(n) * unit
	return d, err == nil && d >= time.Minute && d <= 15*24*time.Hour
}

func (g *Gateway) trade(outTradeNo, tradeNo string) *Trade {
	for i := range g.books.Trades {
		t := &g.books.Trades[i]
		if tradeNo != "" && t.TradeNo == tradeNo || tradeNo == "" && t.OutTradeNo == outTradeNo {
			return t
		}
	}
	return nil
}

// again refuses a number that cannot be used once more.
func again(old *Trade, asked Trade) fields {
	switch {
	case !old.Paid.IsZero():
		return no("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	case old.Status == tradeClosed:
		return no("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	case old.Amount != asked.Amount || old.Subject != asked.Subject || old.Product != asked.Product || old.Buyer != asked.Buyer:
		return no("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	}
	return nil
}

// precreate gives a code. The trade begins when somebody scans it.
func (g *Gateway) precreate(q request) fields {
	o, t, refused := g.read(q)
	if refused != nil {
		return refused
	}
	t.Product = cmp.Or(t.Product, "FACE_TO_FACE_PAYMENT")
	life, fine := spanOf(o.QRTimeout, qrLives)
	if !fine || (t.Product != "FACE_TO_FACE_PAYMENT" && t.Product != "QR_CODE_OFFLINE") {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	if old := g.trade(t.OutTradeNo, ""); old != nil {
		t.Buyer = old.Buyer // whoever scanned it
		if refused := again(old, t); refused != nil {
			return refused
		}
		if t.Product == "QR_CODE_OFFLINE" {
			return no("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "申请二维码失败")
		}
		return yes(fields{"out_trade_no": old.OutTradeNo, "qr_code": old.QR})
	}
	t.QR = "https://qr.alipay.com/bax" + drawn("abcdefghijklmnopqrstuvwxyz"+decimal, 20)
	t.QRDies = t.Created.Add(min(life, g.span(qrLives)))
	if o.QRTimeout != "" {
		t.Expires = t.Created.Add(life) // counted from the code, not from the scan
	}
	g.books.Trades = append(g.books.Trades, t)
	return yes(fields{"out_trade_no": t.OutTradeNo, "qr_code": t.QR})
}

// create begins a trade for one buyer in a mini-program that is bound.
func (g *Gateway) create(q request) fields {
	o, t, refused := g.read(q)
	if refused != nil {
		return refused
	}
	if o.ProductCode != "JSAPI_PAY" || o.OpAppID == "" {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	if o.OpAppID != g.cfg.MiniAppID {
		return no("ACQ.ACCESS_FORBIDDEN", "无权限使用接口")
	}
	// The open_id of another application than the caller's has its own field.
	buyer, misplaced := cmp.Or(o.BuyerOpenID, o.BuyerID), o.OpBuyer
	if o.OpAppID != g.cfg.AppID {
		buyer, misplaced = cmp.Or(o.OpBuyer, o.BuyerID), o.BuyerOpenID
	}
	if buyer == "" {
		return no("ACQ.INVALID_PARAMETER", "买家不能为空")
	}
	if buyer == g.cfg.SellerID {
		return no("ACQ.BUYER_SELLER_EQUAL", "买卖家不能相同")
	}
	who, err := g.user(buyer)
	if err != nil || misplaced != "" {
		return no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	t.Buyer = who.OpenID
	if old := g.trade(t.OutTradeNo, ""); old != nil {
		if refused := again(old, t); refused != nil {
			return refused
		}
		return yes(fields{"out_trade_no": old.OutTradeNo, "trade_no": old.TradeNo})
	}
	g.books.Trades = append(g.books.Trades, t)
	begun := &g.books.Trades[len(g.books.Trades)-1]
	g.begin(begun)
	return yes(fields{"out_trade_no": begun.OutTradeNo, "trade_no": begun.TradeNo})
}

// begin makes a trade exist.
func (g *Gateway) begin(t *Trade) {
	now := g.now()
	t.TradeNo = now.Format("20060102") + "2200" + drawn(decimal, 16)
	t.Status = waitBuyerPay
	if t.Expires.IsZero() {
		t.Expires = now.Add(t.Timeout)
	}
}

// expire closes what was not paid in time.
func (g *Gateway) expire() {
	now := g.now()
	for i := range g.books.Trades {
		t := &g.books.Trades[i]
		if t.Status == waitBuyerPay && !now.Before(t.Expires) {
			t.Status, t.Closed = tradeClosed, t.Expires
		}
	}
}

// asked finds the trade that a question is about; nil is "does not exist".
func (g *Gateway) asked(q request) (t *Trade, refused fields) {
	var in struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeNo    string `json:"trade_no"`
	}
	if !q.decode(&in) || (in.OutTradeNo == "" && in.TradeNo == "") {
		return nil, no("ACQ.INVALID_PARAMETER", "参数无效")
	}
	t = g.trade(in.OutTradeNo, in.TradeNo)
	if t == nil || t.Status == "" {
		return nil, no("ACQ.TRADE_NOT_EXIST", "交易不存在")
	}
	return t, nil
}

func (g *Gateway) query(q request) fields {
	t, refused := g.asked(q)
	if refused != nil {
		return refused
	}
	out := fields{
		"out_trade_no": t.OutTradeNo, "trade_no": t.TradeNo, "trade_status": t.Status,
		"total_amount": t.Amount.String(), "buyer_open_id": t.Buyer, "buyer_logon_id": g.logonID(t.Buyer),
		"receipt_amount": "0.00", "buyer_pay_amount": "0.00", "invoice_amount": "0.00", "point_amount": "0.00",
		"buyer_user_type": "PRIVATE", "subject": t.Subject,
	}
	if !t.Paid.IsZero() {
		bill := fields{"fund_channel": "ALIPAYACCOUNT", "amount": t.Amount.String()}
		out["send_pay_date"] = t.Paid.Format(clockLayout)
		out["receipt_amount"], out["buyer_pay_amount"] = t.Amount.String(), t.Amount.String()
		out["invoice_amount"] = t.Amount.String()
		if g.strikes(FaultNumbers) {
			out["total_amount"] = json.Number(strings.TrimSuffix(t.Amount.String(), "0"))
			bill["real_amount"] = ""
		}
		out["fund_bill_list"] = []fields{bill}
	}
	return yes(out)
}

func (g *Gateway) logonID(openID string) string {
	u, err := g.user(openID)
	if err != nil {
		return ""
	}
	return u.LogonID
}

// close ends a trade that waits for its buyer, and nothing else.
func (g *Gateway) close(q request) fields {
	t, refused := g.asked(q)
	if refused != nil {
		return refused
	}
	if t.Status != waitBuyerPay {
		return no("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	}
	t.Status, t.Closed = tradeClosed, g.now()
	return yes(fields{"out_trade_no": t.OutTradeNo, "trade_no": t.TradeNo})
}
