package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// One talk: who owns it, and what is known of the applicant.

// Talk is an open talk. Drawn by itself it is everything but the conversation,
// which only grows.
type Talk struct {
	ID         desk.TalkID
	Name       string // masked
	Step       string
	Turn       flows.Turn
	Owner      Standing
	Holder     string // display name of the agent who owns it
	From       string // the name that this agent signs in with
	Called     bool   // a call for an agent is open
	Version    string // changes with the owner and the call
	Question   string // what the bot asks at this step
	Misses     int    // misunderstandings in a row
	Milestones []flows.Milestone
	Facts      []Facts
	Attempts   []flows.Attempt // to prove who they are, oldest first
	Reach      string          // how much may be said in WeChat unasked, as far as it is known
	Lines      Lines
	Form       Form
}

// Form is what the forms of a talk carry besides the action.
type Form struct {
	Token string // proves that the form is ours
	Nonce string // one form is one event, however often it is sent
	Draft string // what was typed and not sent
	Why   string // why the last action was refused
}

// Standing is how a talk stands to the agent who looks at it.
type Standing string

// A talk is the agent's own, a colleague's, the queue's, or the bot's.
const (
	Mine   Standing = "mine"
	Other  Standing = "other"
	Queued Standing = "queue"
	Bots   Standing = "bot"
)

// Facts is one part of what is known.
type Facts struct {
	Title string
	Rows  []Fact
}

// Fact is one answer, masked.
type Fact struct{ Label, Text string }

// Controls is the part of a talk that depends on its owner: its head, and the
// place to write.
type Controls Talk

// Side is the part of a talk that tells how far the applicant has got.
type Side Talk

func (Controls) template() string { return "controls" }
func (Side) template() string     { return "side" }

// NewTalk draws a talk for one agent, by the name that signs in. Question is
// what the bot would ask now; open are the talks on the agents' desk.
func NewTalk(flow *flows.Flow, talk desk.Talk, question flows.Reply, open []desk.Help, me string) Talk {
	c := talk.Case
	step, _ := flow.Step(c.At)
	called := slices.ContainsFunc(open, func(h desk.Help) bool { return h.Talk == talk.ID && len(h.Why) > 0 })
	return Talk{
		ID: talk.ID, Name: title(c.Form), Step: flow.Fill(step.Title, c.Form), Turn: turn(step.Turn),
		Owner: standing(c.Owner, me), Holder: c.Owner.Name, From: c.Owner.Agent, Called: called, Version: fmt.Sprint(c.Owner.Epoch, called),
		Question: question.Text, Misses: c.Misses, Milestones: flow.Milestones(c), Facts: known(c.Form),
	}
}

// Reach says how many messages WeChat still carries to somebody who is silent.
func Reach(messages int, until time.Time) string {
	if messages == 0 {
		return "现在不能主动发消息。您发出的话会保留，客户下次发消息时先看到。"
	}
	return fmt.Sprintf("客户不说话时还能发 %d 条，%s前有效。客户打字回复一句，就恢复为 5 条。", messages, day(until))
}

// turn is whose move it is, said to somebody who is not the applicant.
func turn(t flows.Turn) flows.Turn {
	t.Who = strings.ReplaceAll(t.Who, "您", "客户")
	return t
}

func standing(o flows.Owner, me string) Standing {
	switch {
	case o.Kind == flows.OwnerAgent && o.Agent == me:
		return Mine
	case o.Kind == flows.OwnerAgent:
		return Other
	case o.Kind == flows.OwnerQueue:
		return Queued
	}
	return Bots
}

// title names the applicant at the head of the talk.
func title(form flows.Form) string {
	for _, k := range []flows.Key{flows.KeyOrgName, flows.KeyName, flows.KeyLogin} {
		if form.Has(k) {
			return flows.Show(k, form)
		}
	}
	return "新客户"
}

// shown is what an agent may see without asking why: no code, no link, and no
// number that [flows.Show] does not mask.
var shown = []struct {
	title string
	keys  []flows.Key
}{
	{"客户", []flows.Key{flows.KeyKind, flows.KeyLogin, flows.KeyMobile, flows.KeyOrgName, flows.KeyCreditCode, flows.KeyName, flows.KeyIDNumber, flows.KeyScene}},
	{"办理", []flows.Key{flows.KeyWhy, flows.KeyRegistered, flows.KeyPersonProved, flows.KeyCompanyProved, flows.KeyFactor, flows.KeyMethod, flows.KeyAmountTries, flows.KeyFaceUntil, flows.KeyGrantUntil, flows.KeyPayeeUntil, flows.KeyAmountUntil, flows.KeyPayUntil, flows.KeyTicketUntil}},
	{"订单", []flows.Key{flows.KeyService, flows.KeyOrderNo, flows.KeyKeyFee, flows.KeyCourierFee, flows.KeyTotal, flows.KeyTrade, flows.KeyDropped}},
	{"发票", []flows.Key{flows.KeyTitle, flows.KeyTaxNumber, flows.KeyBank, flows.KeyBankAccount}},
	{"快递", []flows.Key{flows.KeyRecipient, flows.KeyToMobile, flows.KeyProvince, flows.KeyCity, flows.KeyDistrict, flows.KeyDetail, flows.KeyShips, flows.KeyWaybill, flows.KeyWhere}},
	{"UKey", []flows.Key{flows.KeyKeyStep, flows.KeySerial}},
}

var labels = map[flows.Key]string{
	flows.KeyKind: "类型", flows.KeyLogin: "登录名", flows.KeyMobile: "手机", flows.KeyOrgName: "机构名称",
	flows.KeyCreditCode: "统一代码", flows.KeyName: "姓名", flows.KeyIDNumber: "身份证号",
	flows.KeyWhy: "上次未通过", flows.KeyRegistered: "注册", flows.KeyPersonProved: "个人认证", flows.KeyCompanyProved: "机构认证",
	flows.KeyScene: "项目", flows.KeyFactor: "个人认证方式", flows.KeyMethod: "机构认证方式", flows.KeyAmountTries: "金额还可填", flows.KeyGrantUntil: "授权截止", flows.KeyAmountUntil: "回填截止",
	flows.KeyFaceUntil: "刷脸截止", flows.KeyPayeeUntil: "汇款截止", flows.KeyPayUntil: "付款截止", flows.KeyTicketUntil: "激活码截止",
	flows.KeyService: "服务", flows.KeyOrderNo: "订单号", flows.KeyKeyFee: "UKey（元）", flows.KeyCourierFee: "快递（元）",
	flows.KeyTotal: "合计（元）", flows.KeyTrade: "交易号", flows.KeyDropped: "已取消的订单",
	flows.KeyTitle: "抬头", flows.KeyTaxNumber: "税号", flows.KeyBank: "开户行", flows.KeyBankAccount: "账号",
	flows.KeyRecipient: "收货人", flows.KeyToMobile: "手机", flows.KeyProvince: "省份", flows.KeyCity: "城市",
	flows.KeyDistrict: "区县", flows.KeyDetail: "地址", flows.KeyShips: "承诺发货", flows.KeyWaybill: "运单号", flows.KeyWhere: "物流",
	flows.KeyKeyStep: "激活步骤", flows.KeySerial: "序列号",
}

func known(form flows.Form) []Facts {
	var all []Facts
	for _, part := range shown {
		facts := Facts{Title: part.title}
		for _, k := range part.keys {
			if form.Has(k) {
				facts.Rows = append(facts.Rows, Fact{labels[k], show(k, form)})
			}
		}
		if len(facts.Rows) > 0 {
			all = append(all, facts)
		}
	}
	return all
}

// show is [flows.Show], with words for what is only noted as reached.
func show(k flows.Key, form flows.Form) string {
	switch k {
	case flows.KeyRegistered, flows.KeyPersonProved, flows.KeyCompanyProved:
		return "已完成"
	}
	return flows.Show(k, form)
}
