package flows

import "time"

// 1.4 Payment: the order, and a code to scan with Alipay.

// The steps of paying.
const (
	PaymentOrdering State = "payment.ordering"
	PaymentOpening  State = "payment.opening"
	PaymentPay      State = "payment.pay"
	PaymentExpired  State = "payment.expired"
)

// PayWithin is how long a payment code can be paid. Our own clock runs longer,
// so that we never expire what Alipay still lets somebody pay.
const PayWithin = 30 * time.Minute

// OrderWithin is how long an order is kept for somebody who does not pay: a
// week after the last reminder.
const OrderWithin = 14 * 24 * time.Hour

var payment = Chapter{
	Name: "payment", Title: "1.4 订单付款", Milestone: "付款", Proof: KeyShips,
	Steps: []Step{
		working(PaymentOrdering, "生成订单", "正在生成订单，请稍候。", placeOrder,
			Exit{On: Got(KindOrdered), To: PaymentOpening},
			Exit{On: Got(KindProofLapsed), To: PersonStart},
			Exit{On: Got(KindPaid), If: ours, To: DeliveryPacking},
		),
		working(PaymentOpening, "生成付款码", "正在生成支付宝付款码，请稍候。", openPayment,
			Exit{On: Got(KindPayOpened), To: PaymentPay, Lines: []int{97}},
			Exit{On: Got(KindPayRefused), To: PaymentExpired},
			Exit{On: Got(KindPaid), If: ours, To: DeliveryPacking},
		),
		{
			At:    PaymentPay,
			Lines: []int{97},
			Title: "用支付宝付款",
			Turn:  Turn{"您", "2分钟"},
			Ask:   "订单 {order}，共 {total} 元。请用支付宝扫码付款，{paytill} 前有效。付款后这里会自动继续。\n二维码不能在微信里打开：请保存图片后用支付宝“扫一扫”选相册。",
			Help:  "请核对金额 {total} 元后再付款。付款码过期可以重新获取，不会重复扣款。",
			QR:    KeyPayQR,
			Exits: []Exit{
				{On: Picked("我已付款", "已付款", "付了"), Do: []Action{checkPayment}, To: Stay, Lines: []int{97}},
				{On: Picked("重新获取付款码"), To: PaymentOpening},
				{On: Got(KindPaid), If: ours, To: DeliveryPacking, Lines: []int{97}},
				{On: Got(KindPayNotYet), To: Again},
				{On: After(PayWithin + 5*time.Minute), To: PaymentExpired},
			},
		},
		{
			At:    PaymentExpired,
			Title: "付款码已过期",
			Turn:  Turn{"您", "2分钟"},
			Ask:   "付款码已失效，订单 {order} 还在。没有付款的话，不会扣款。",
			Help:  "重新获取付款码后再付款。如果您已经付过款，请稍等，到账后会自动继续。",
			Exits: []Exit{
				{On: Picked("重新获取付款码", "重新获取"), To: PaymentOpening},
				{On: ByDayAfter(OrderWithin), Do: []Action{closeOrder}, To: Cancelled},
			},
		},
	},
}

var (
	placeOrder = Action{
		Name:    "place the order",
		Effect:  func(Case) Effect { return PlaceOrder{} },
		Reports: []Kind{KindOrdered, KindProofLapsed, KindPaid},
	}
	openPayment = Action{
		Name:    "open a payment",
		Effect:  func(Case) Effect { return OpenPayment{} },
		Reports: []Kind{KindPayOpened, KindPayRefused, KindPaid},
	}
	paying = within("paying", "payment")
	ours   = &Guard{"for this order", func(c Case, e Event) bool {
		p, ok := e.What.(Paid)
		return ok && p.No != c.Form.Text(KeyDropped) && (p.No == c.Form.Text(KeyOrderNo) || !c.Form.Has(KeyOrderNo))
	}}
	closeOrder = Action{
		Name:   "close the order",
		Says:   "订单 {order} 两周没有付款，已自动关闭，没有扣款。",
		Effect: func(Case) Effect { return Cancel{} },
	}
	checkPayment = Action{
		Name:    "ask the cashier",
		Effect:  func(Case) Effect { return CheckPayment{} },
		Reports: []Kind{KindPaid, KindPayNotYet},
	}
)
