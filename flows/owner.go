package flows

import "strconv"

// Who speaks: the bot, the queue, or one agent. Each change raises the epoch,
// and a message decided under an older epoch is never sent, so that there is
// one voice.

// own changes the owner.
func (m *move) own(kind OwnerKind, agent, name string) {
	m.c.Owner = Owner{Kind: kind, Agent: agent, Name: name, Epoch: m.c.Owner.Epoch + 1}
	m.effects = append(m.effects, Own{Owner: m.c.Owner})
	m.quiet = kind != OwnerBot
}

// callAgent puts the applicant into the queue, from any step.
func (m *move) callAgent(why string) {
	m.via = "call an agent"
	m.own(OwnerQueue, "", "")
	m.effects = append(m.effects, CallAgent{Why: why})
	m.tell("已为您转接人工客服，请稍候，客服会在这里回复您。您可以先把问题发过来；想自己继续，回复“" + WordGoOn + "”。急事请拨打 " + m.flow.Phone + "。")
}

// heardByAgent keeps the bot silent while an agent speaks; in the queue the
// applicant can still come back to the bot.
func (m *move) heardByAgent(step Step, said Said) {
	if m.c.Owner.Kind == OwnerAgent {
		m.via = "to the agent"
		return
	}
	switch normal(said.Text) {
	case WordGoOn:
		m.via = "back from the queue"
		m.own(OwnerBot, "", "")
		m.say("好的，我们继续。")
		m.askAgain(step)
	case WordWhere:
		m.via = "where"
		m.tell(m.progress(step))
		m.tell(waiting)
	default:
		m.via = "to the queue"
		if why := distress(normal(said.Text)); why != "" {
			m.effects = append(m.effects, CallAgent{Why: why})
		}
		m.tell("您的留言客服会看到。急事请拨打 " + m.flow.Phone + "。")
		m.tell(waiting)
	}
}

const waiting = "正在为您转接人工客服，请稍候。想自己继续办理，回复“" + WordGoOn + "”。"

// taken gives the conversation to an agent, unless another has it whom this
// one did not mean to replace.
func (m *move) taken(t Taken) {
	was := m.c.Owner
	if was.Agent == t.Agent {
		m.via = "taken again"
		return
	}
	if was.Kind == OwnerAgent && was.Agent != t.From {
		m.via = "already taken"
		m.refusals = map[Key]string{"": was.Name + "已经接手了这个会话。"}
		return
	}
	m.own(OwnerAgent, t.Agent, t.Name)
	if was.Kind == OwnerAgent {
		m.via = "taken from a colleague"
		m.tell("您好，我是客服" + t.Name + "，接替客服" + was.Name + "，接下来由我为您服务。")
		return
	}
	m.via = "taken"
	m.tell("您好，我是客服" + t.Name + "，接下来由我为您服务。")
}

// handed gives it back: the bot says the present step once.
func (m *move) handed(step Step, h Handed) {
	if m.c.Owner.Kind != OwnerAgent || m.c.Owner.Agent != h.Agent {
		m.via = "not the owner"
		m.refusals = map[Key]string{"": "这个会话现在不由您负责。"}
		return
	}
	m.via = "handed back"
	m.own(OwnerBot, "", "")
	m.say("已转回自助办理，我们从这里继续：")
	m.askAgain(step)
}

func (m *move) agentSaid(s AgentSaid) {
	if m.c.Owner.Kind != OwnerAgent || m.c.Owner.Agent != s.Agent {
		m.via = "not the owner"
		m.refusals = map[Key]string{"": "这个会话现在不由您负责，消息没有发出。"}
		return
	}
	m.via = "agent said"
	m.replies = append(m.replies, Reply{Text: s.Text})
}

// notify tells facts about money and parcel even while an agent speaks, and
// marks them as coming from the system.
func (m *move) notify() {
	if !m.quiet {
		return
	}
	text := notice(m.event.What)
	if m.c.At == DeliveryUnbooked && m.event.What.Kind() == KindParcelTrouble {
		text = m.flow.Fill("快递暂时无法下单寄送：{where}", m.c.Form)
	}
	if called, ok := m.event.What.(AgentCalled); ok && m.c.Owner.Kind == OwnerQueue {
		text = "您排在第 " + strconv.Itoa(called.Before+1) + " 位。"
	}
	if text != "" {
		m.tell("系统通知：" + text)
		delete(m.c.Form, KeyWhy)
	}
}

func notice(what Happening) string {
	switch n := what.(type) {
	case Paid:
		return "订单 " + n.No + " 已收到付款 " + n.Amount.String() + " 元。"
	case CompanyProved:
		return "贵单位的实名认证已通过。"
	case PhoneChanged:
		return "手机号已更换为 " + MaskMobile(n.Mobile.Reveal()) + "。"
	case ProofLapsed:
		return "实名认证已过期，下单前要重新认证一次。"
	case CompanyUnproved:
		return "之前那笔汇款经核实不能作为贵单位的认证，需要重新认证。"
	case TransferWrong:
		return n.Why
	case PayoutRefused:
		return n.Why
	case GrantRefused:
		return n.Why
	case AmountWrong:
		return n.Why
	case Shipped:
		return "UKey 已由顺丰揽收，运单号 " + n.Waybill + "。"
	case Delivered:
		return "UKey 已签收。"
	case ParcelTrouble:
		return "快递派送遇到问题：" + n.Where + "。"
	}
	return ""
}
