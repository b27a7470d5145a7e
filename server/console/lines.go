package console

import (
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// The conversation in the middle.

// Lines is what was said, oldest first.
type Lines struct {
	Lines []Line
	Step  string // title of the step after the last line
}

// Line is one thing said, or one thing that happened.
type Line struct {
	Who   string // class of the line: applicant, bot, agent, world, unsent
	Name  string // who speaks
	Text  string
	Clock string
	Step  string // title of a step that begins here, or empty
}

func (Lines) template() string { return "lines" }

// NewLines draws lines of a transcript that follow the step with this title.
// The form fills the titles of the steps.
func NewLines(flow *flows.Flow, lines []desk.Line, form flows.Form, step string, now time.Time) Lines {
	v := Lines{Step: step}
	for _, l := range lines {
		line := Line{Who: string(l.Who), Name: speaker(l), Text: l.Text, Clock: clock(l.At, now)}
		if l.Who == desk.WhoWorld {
			line.Text = news(l.Text)
		}
		if s, ok := flow.Step(flows.State(l.Step)); ok && l.Step != "" {
			if title := flow.Fill(s.Title, form); title != v.Step {
				v.Step, line.Step = title, title
			}
		}
		v.Lines = append(v.Lines, line)
	}
	return v
}

func speaker(l desk.Line) string {
	switch l.Who {
	case desk.WhoApplicant:
		return "客户"
	case desk.WhoBot:
		return "机器人"
	case desk.WhoAgent:
		return "客服" + l.Name
	case desk.WhoUnsent:
		return "未送达"
	}
	return "系统"
}

// happened is what reports and clocks tell an agent.
var happened = map[flows.Kind]string{
	flows.KindWaited:              "等待时间到",
	flows.KindCodeSent:            "验证码已发出",
	flows.KindCodeRefused:         "验证码没有发出",
	flows.KindRegistered:          "注册完成",
	flows.KindNotRegistered:       "注册没有成功",
	flows.KindFaceOpened:          "刷脸认证已打开",
	flows.KindFaceRefused:         "刷脸认证没有通过",
	flows.KindFaceDone:            "刷脸认证通过",
	flows.KindFaceNotYet:          "刷脸结果还没有到",
	flows.KindTransferOpened:      "汇款认证的收款账户已生成",
	flows.KindCompanyProved:       "企业认证已通过",
	flows.KindTransferWrong:       "收到的汇款不符合要求",
	flows.KindTransferNotYet:      "认证汇款还没有到",
	flows.KindPayoutSent:          "验证款已汇出",
	flows.KindPayoutRefused:       "验证款没有汇成",
	flows.KindPayoutNotYet:        "验证款还没有查到",
	flows.KindAmountWrong:         "回填的金额不对",
	flows.KindNameDiffers:         "登记的单位名称与代码不一致",
	flows.KindNotRepresentative:   "不是登记的法定代表人，或查不到",
	flows.KindRepresentativeNamed: "与登记的法定代表人同名",
	flows.KindGrantOpened:         "支付宝授权二维码已生成",
	flows.KindGrantRefused:        "支付宝授权没有通过",
	flows.KindPhoneChanged:        "手机号已更换",
	flows.KindPhoneRefused:        "手机号没有更换",
	flows.KindCompanyUnproved:     "单位的认证被撤销，要重新认证",
	flows.KindJoinReady:           "换渠道的接续码已生成",
	flows.KindJoinRefused:         "接续码没有接上",
	flows.KindJoined:              "客户已换到另一个会话",
	flows.KindJoinedBy:            "客户从另一个渠道接上了",
	flows.KindProofLapsed:         "实名认证过期，要重新认证",
	flows.KindGrantNotYet:         "支付宝授权还没有到",
	flows.KindOrdered:             "订单已生成",
	flows.KindPayOpened:           "付款码已生成",
	flows.KindPayRefused:          "付款码没有生成",
	flows.KindPayNotYet:           "款项还没有到",
	flows.KindPaid:                "已付款",
	flows.KindBooked:              "已向顺丰下单",
	flows.KindShipped:             "顺丰已揽收",
	flows.KindParcelMoved:         "物流有更新",
	flows.KindDelivered:           "快递已签收",
	flows.KindParcelTrouble:       "快递派送有问题",
	flows.KindTicketReady:         "激活码已生成",
	flows.KindKeyStep:             "激活工具有进展",
	flows.KindActivated:           "证书已激活",
	flows.KindAgentCalled:         "已排进客服队列",
}

func news(kind string) string {
	if words, ok := happened[flows.Kind(kind)]; ok {
		return words
	}
	return kind
}
