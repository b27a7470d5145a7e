package console

import (
	"fmt"
	"strings"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

// The list on the left: whom an agent holds and who waits for one.

// Queue lists talks. The oldest of each part comes first.
type Queue struct {
	Search  string // what was looked for; the list is then what was found
	Mine    []Entry
	Waiting []Entry
	Others  []Entry
}

// Entry is one talk of the list.
type Entry struct {
	Talk   desk.TalkID
	Name   string // masked
	Why    string
	Since  string // how long ago
	Holder string // display name of the agent, when there is one
	Chosen bool
}

func (Queue) template() string { return "queue" }

// NewQueue sorts talks for one agent, by the name that signs in.
func NewQueue(all []desk.Help, me string, chosen desk.TalkID, now time.Time) Queue {
	var q Queue
	for _, h := range all {
		e := Entry{
			Talk: h.Talk, Name: "新客户", Why: reasonsOf(h.Why), Since: ago(now.Sub(h.Since)),
			Holder: h.Owner.Name, Chosen: h.Talk == chosen,
		}
		if !h.Name.IsZero() {
			e.Name = flows.MaskName(h.Name.Reveal())
		}
		switch {
		case h.Owner.Kind != flows.OwnerAgent:
			q.Waiting = append(q.Waiting, e)
		case h.Owner.Agent == me:
			q.Mine = append(q.Mine, e)
		default:
			q.Others = append(q.Others, e)
		}
	}
	return q
}

// Empty reports whether there is nothing to show.
func (q Queue) Empty() bool { return len(q.Mine)+len(q.Waiting)+len(q.Others) == 0 }

// reasons are why an agent is called, as the flow, the desk and the ledger
// write it.
var reasons = map[string]string{
	"applicant":         "客户要求人工",
	"review":            "有材料要人工核验",
	"many applications": "同一人30天内办理了多次，请留意",
	"many paid":         "同一支付宝账户30天内为多位客户付款，请留意",
	"fraud":             "客户说可能被骗，请先处理",
	"distress":          "客户很不满意，请尽快联系",
	"slow":              "等待太久，需要跟进",
	"parcel":            "快递派送有问题",
	"key":               "证书申请没有通过，需要核实",
	"courier refused":   "顺丰没有接单",
	"stuck":             "系统办理不下去，需要处理",
	"money":             "有一笔款项对不上",
	"transfer":          "对公汇款对不上，需要核实",
	"returned":          "认证用的汇款被银行退回，需要核实",
	"made":              "认证用的汇款被银行退回，证书可能已签发，请核实是否要吊销",
	"unproved":          "单位的认证已失效，客户想激活证书，需要核实",
	"amount":            "回填的金额三次不对，需要核实",
	"grant":             "多次用不是本单位的支付宝授权，需要核实",
}

func reasonsOf(why []string) string {
	if len(why) == 0 {
		return "会话进行中"
	}
	said := make([]string, len(why))
	for i, w := range why {
		said[i] = reason(w)
	}
	return strings.Join(said, "；")
}

// reason says it to an agent. What is new to this table is shown as it is.
func reason(why string) string {
	if words, ok := reasons[why]; ok {
		return words
	}
	if kind, ok := strings.CutPrefix(why, "orphan "); ok {
		return "迟到的消息要核对：" + news(kind)
	}
	return why
}

func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "刚刚"
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时", d/time.Hour)
	}
	return fmt.Sprintf("%d 天", d/(24*time.Hour))
}
