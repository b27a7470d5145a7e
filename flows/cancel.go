package flows

import "time"

// Cancelling, from anywhere: with its consequences said first.

// The steps of giving up, and of thinking better of it.
const (
	CancelConfirm State = "cancel.confirm"
	CancelPaid    State = "cancel.paid"
	Cancelled     State = "cancelled"
)

var cancelling = Chapter{
	Name: "cancel", Title: "取消办理",
	Steps: []Step{
		{
			At:    CancelConfirm,
			Title: "确认是否取消",
			Turn:  Turn{"您", "半分钟"},
			Ask:   "确定要取消办理吗？取消后未付款的订单会关闭，已填写的资料会清除；账号和实名认证结果会保留，为认证汇出的小额款不退还。",
			Help:  "想继续，回复“继续办理”，会回到刚才那一步。",
			Exits: []Exit{
				{On: Picked(WordGoOn, "不取消"), To: Return},
				{On: Picked("确定取消"), Do: []Action{cancel}, To: Cancelled},
				{On: After(undecided), Do: []Action{goOn}, To: Return},
			},
		},
		{
			At:    CancelPaid,
			Title: "已付款，不能直接取消",
			Turn:  Turn{"您", "半分钟"},
			Ask:   "订单 {order} 已付款，不能直接取消。需要退款或吊销证书，请回复“人工”。",
			Help:  "想继续，回复“继续办理”，会回到刚才那一步。",
			Exits: []Exit{
				{On: Picked(WordGoOn), To: Return},
				{On: After(undecided), Do: []Action{goOn}, To: Return},
			},
		},
		{
			At:    Cancelled,
			Title: "已取消",
			Turn:  Turn{"没有待办", "已结束"},
			Ask:   "已为您取消，之前填写的资料已清除。以后需要办理，回复“重新办理”即可。",
			Help:  "账号和实名认证结果还在，重新办理时不用再认证。",
			Exits: []Exit{
				{On: Picked("重新办理", "办理"), If: alreadyProved, To: ServiceChoose},
				{On: Picked("重新办理", "办理"), If: handlerProved, To: CompanyPage},
				{On: Picked("重新办理", "办理"), If: alreadyRegistered, To: PersonStart},
				{On: Picked("重新办理", "办理"), To: Welcome},
				{On: Picked("改办个人证书"), If: handlerProved, Do: []Action{isPerson}, To: ServiceChoose, Lines: []int{5}},
				{On: Picked("改办企业证书"), If: companyProvedToo, Do: []Action{isCompany}, To: ServiceChoose, Lines: []int{5}},
				{On: Picked("改办企业证书"), If: aloneProved, Do: []Action{isCompany}, To: CompanyName, Lines: []int{5}},
			},
			End: true,
		},
	},
}

// undecided is how long a question about giving up may stand: meanwhile the
// clock of the step that it left stands still.
const undecided = 30 * time.Minute

var (
	cancel = Action{Name: "cancel", Effect: func(Case) Effect { return Cancel{} }}
	goOn   = Action{Name: "tell that it goes on", Says: "没有取消，我们接着办："}

	alreadyRegistered = &Guard{"registered", func(c Case, _ Event) bool { return c.Form.Has(KeyRegistered) && c.Form.Has(KeyKind) }}
	handlerProved     = &Guard{"a company's handler is proved", func(c Case, e Event) bool { return c.Form.Has(KeyPersonProved) && company.Holds(c, e) }}
	aloneProved       = &Guard{"a person is proved", func(c Case, e Event) bool { return c.Form.Has(KeyPersonProved) && person.Holds(c, e) }}
	companyProvedToo  = &Guard{"a person applies whose company is proved", func(c Case, e Event) bool { return aloneProved.Holds(c, e) && c.Form.Has(KeyCompanyProved) }}
	alreadyProved     = &Guard{"proved", func(c Case, e Event) bool {
		return handlerProved.Holds(c, e) && c.Form.Has(KeyCompanyProved) || aloneProved.Holds(c, e)
	}}
)
