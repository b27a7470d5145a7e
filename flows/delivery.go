package flows

import "time"

// 1.5 Delivery: packed in one or two working days, carried by SF Express.

// The steps of the parcel's way.
const (
	DeliveryPacking  State = "delivery.packing"
	DeliveryUnbooked State = "delivery.unbooked"
	DeliveryWay      State = "delivery.way"
	DeliveryTrouble  State = "delivery.trouble"
)

var delivery = Chapter{
	Name: "delivery", Title: "1.5 物流发货及发票获取", Milestone: "物流发货",
	Steps: []Step{
		{
			At:    DeliveryPacking,
			Lines: []int{99, 100},
			Title: "等待发货",
			Turn:  Turn{"我们", "1到2个工作日"},
			Ask:   "已收到您的付款 {total} 元。订单 {order} 预计 {ships} 前发货，发货后这里会告诉您运单号。",
			Help:  "发货周期为1到2个工作日。回复“到哪了”可以随时查询。",
			Do:    []Action{bookCourier},
			Exits: []Exit{
				{On: Got(KindBooked), To: Stay},
				{On: Got(KindShipped), To: DeliveryWay, Lines: []int{101}},
				{On: Got(KindParcelTrouble), If: unbooked, Do: []Action{parcelHelp}, To: DeliveryUnbooked},
				{On: Got(KindParcelTrouble), Do: []Action{parcelHelp}, To: DeliveryTrouble},
				{On: After(3 * 24 * time.Hour), Do: []Action{callForHelp}, To: Stay, Lines: []int{99}},
			},
		},
		{
			At:    DeliveryUnbooked,
			Title: "快递暂时无法下单",
			Turn:  Turn{"我们", "1个工作日"},
			Ask:   "快递暂时无法下单寄送：{where}\n已请客服跟进，会尽快联系您。您付的款项和订单都在。",
			Help:  "客服核实后会重新安排寄送，也可以点“重新寄送”再试一次。收货地址需要修改，请回复“人工”。",
			Exits: []Exit{
				{On: Picked("重新寄送"), To: DeliveryPacking},
				{On: Picked("我已收到", "收到了", "已收到"), To: ActivationReady},
				{On: Got(KindBooked), To: DeliveryPacking},
				{On: After(3 * 24 * time.Hour), Do: []Action{callForHelp}, To: Stay},
			},
		},
		{
			At:    DeliveryWay,
			Lines: []int{100, 101, 102},
			Title: "顺丰运送中，运单号 {waybill}",
			Turn:  Turn{"顺丰", "一般1到3天"},
			Ask:   "运单号 {waybill}。UKey 已由顺丰揽收，物流信息以顺丰官网为准。",
			Help:  "运单号 {waybill}，最新物流：{where}。回复“到哪了”可以随时查询，详情以顺丰官网为准。",
			Exits: []Exit{
				{On: Picked("我已收到", "收到了", "已收到"), To: ActivationReady},
				{On: Got(KindDelivered), To: ActivationReady, Lines: []int{102}},
				{On: Got(KindShipped), To: Stay},
				{On: Got(KindParcelMoved), To: Stay, Lines: []int{101}},
				{On: Got(KindParcelTrouble), Do: []Action{parcelHelp}, To: DeliveryTrouble},
				{On: After(10 * 24 * time.Hour), Do: []Action{callForHelp}, To: Stay},
			},
		},
		{
			At:    DeliveryTrouble,
			Title: "快递派送遇到问题",
			Turn:  Turn{"我们", "1个工作日"},
			Ask:   "快递派送遇到问题：{where}。已请客服跟进，会尽快联系您。",
			Help:  "客服核实后会联系您，急事请回复“人工”。\n运单号：{waybill}",
			Exits: []Exit{
				{On: Picked("我已收到", "收到了", "已收到"), To: ActivationReady},
				{On: Got(KindDelivered), To: ActivationReady},
				{On: Got(KindParcelMoved), To: Stay},
				{On: Got(KindShipped), To: DeliveryWay},
				{On: After(3 * 24 * time.Hour), Do: []Action{callForHelp}, To: Stay},
			},
		},
	},
}

var (
	bookCourier = Action{
		Name:    "book the courier",
		Effect:  func(Case) Effect { return BookCourier{} },
		Reports: []Kind{KindBooked, KindShipped, KindParcelMoved, KindDelivered, KindParcelTrouble},
	}
	unbooked   = &Guard{"nothing is booked", func(c Case, _ Event) bool { return !c.Form.Has(KeyWaybill) }}
	parcelHelp = Action{
		Name:    "call an agent",
		Effect:  func(Case) Effect { return CallAgent{Why: "parcel"} },
		Reports: []Kind{KindAgentCalled},
	}
)
