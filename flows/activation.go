package flows

import "time"

// 1.6 Activation: on the PC, with the UKey, mirrored into the chat.

// The steps of activation.
const (
	ActivationReady  State = "activation.ready"
	ActivationTicket State = "activation.ticket"
	ActivationMake   State = "activation.make"
	ActivationMaking State = "activation.making"
	Done             State = "done"
)

var activation = Chapter{
	Name: "activation", Title: "1.6 数字证书激活", Milestone: "激活证书",
	Steps: []Step{
		{
			At:    ActivationReady,
			Lines: []int{104},
			Title: "准备激活",
			Turn:  Turn{"您", "5分钟"},
			Ask:   "UKey 已送达，接下来在电脑上激活证书。请用电脑打开 {download} 下载并安装证书管理工具，插入 UKey。准备好后点“开始激活”，会给您一个激活码。",
			Help:  "工具只能在电脑上用。没有电脑，或 UKey 有损坏，请回复“人工”。",
			Exits: []Exit{{On: Picked("开始激活", "激活"), To: ActivationTicket, Lines: []int{106}}},
		},
		working(ActivationTicket, "生成激活码", "正在生成激活码，请稍候。", offerActivation,
			Exit{On: Got(KindTicketReady), To: ActivationMake, Lines: []int{106, 107, 108}},
			Exit{On: Got(KindActivated), To: Done},
		),
		{
			At:    ActivationMake,
			Lines: []int{105, 106, 109, 111, 112, 113, 121},
			Title: "在电脑上制证",
			Turn:  Turn{"您", "5分钟"},
			Ask: "激活码：{ticket}，{tickettill} 前有效，只能用一次。\n请在电脑上运行证书管理工具，插入 UKey，输入激活码。" +
				"工具会把授权码发到 {mobile}，再输入 UKey 初始密码（口令、PIN 码都是它）111111，就开始制证。\n{word}",
			Help: "授权码收不到，在工具里可以重新获取；手机号换了，请回复“换手机号”。激活码过期，可以在这里重新获取。请不要把激活码告诉别人。",
			Exits: []Exit{
				{On: Picked("重新获取激活码", "重新获取"), To: ActivationTicket},
				{On: Got(KindKeyStep), If: authorityRefused, Do: []Action{keyHelp}, To: Stay},
				{On: Got(KindKeyStep), If: worthSaying, To: ActivationMaking, Lines: []int{114}},
				{On: Got(KindKeyStep), To: Stay},
				{On: Got(KindActivated), To: Done, Lines: []int{119, 123}},
				{On: After(30 * time.Minute), Do: []Action{ticketExpired}, To: ActivationReady},
			},
		},
		{
			At:    ActivationMaking,
			Lines: []int{114, 115, 116, 117, 118},
			Title: "正在制证",
			Turn:  Turn{"您的电脑", "1分钟"},
			Ask:   "正在制证，请不要拔出 UKey：\n{keystep}",
			Help:  "中断了也没关系：重新获取激活码，再运行一次工具，会从断开的地方继续，不会重复制证。",
			Exits: []Exit{
				{On: Picked("重新获取激活码", "重新获取"), To: ActivationTicket},
				{On: Got(KindKeyStep), If: authorityRefused, Do: []Action{keyHelp}, To: Stay},
				{On: Got(KindKeyStep), If: worthSaying, To: ActivationMaking},
				{On: Got(KindKeyStep), To: Stay},
				{On: Got(KindActivated), To: Done, Lines: []int{119, 123}},
				{On: After(30 * time.Minute), Do: []Action{interrupted}, To: ActivationReady},
			},
		},
		{
			At:    Done,
			Lines: []int{119, 120, 122, 123},
			Title: "证书已激活",
			Turn:  Turn{"没有待办", "已完成"},
			Ask:   "{keystep}\n成功，证书已激活。请重新插拔 UKey。初始密码 111111 人人都知道，请尽快修改，并妥善保管 UKey。感谢您的办理！",
			Help:  "UKey 遗失、密码锁定或资料变更，请回复“人工”。",
			End:   true,
		},
	},
}

var (
	offerActivation = Action{
		Name:    "offer the activation",
		Effect:  func(Case) Effect { return OfferActivation{} },
		Reports: []Kind{KindTicketReady, KindKeyStep, KindActivated},
	}
	ticketExpired = Action{Name: "tell that the code has expired", Says: "激活码已过期，没关系，方便时可以重新获取。"}
	keyHelp       = Action{
		Name:    "call an agent",
		Effect:  func(Case) Effect { return CallAgent{Why: "key"} },
		Reports: []Kind{KindAgentCalled},
		Says:    "证书机构没有通过这次申请，已请客服核实，会尽快联系您。您不用重复操作。",
	}
	interrupted = Action{Name: "tell that it was interrupted", Says: "制证好像中断了，没关系：再来一次会从断开的地方继续，不会重复制证。"}
)

// authorityRefused holds when the authority said no to the request: trying
// again does not change that.
var authorityRefused = &Guard{"the authority refused", func(_ Case, e Event) bool {
	s, ok := e.What.(KeyStep)
	return ok && s.Step == 2 && s.State == "failed"
}}

// worthSaying spares the few messages WeChat allows: the list of steps is said
// when the certificates have come, when they are in the UKey, and when a step
// went wrong. The pages and the desk see every step.
var worthSaying = &Guard{"worth a message", func(_ Case, e Event) bool {
	s, ok := e.What.(KeyStep)
	return ok && (s.State == "failed" || (s.State == "done" && (s.Step == 2 || s.Step == 4)))
}}
