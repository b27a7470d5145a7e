package console

import (
	"bytes"
	"html/template"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
	"certdesk/server/desk"
)

var manual = flows.Manual("400-0878-198")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, flows.Beijing)

func drawn(t *testing.T, v View) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEveryStepIsDrawn draws a talk at each step of the manual, for each owner.
func TestEveryStepIsDrawn(t *testing.T) {
	owners := map[Standing]flows.Owner{
		Mine:   {Kind: flows.OwnerAgent, Agent: "zhang", Name: "张三"},
		Other:  {Kind: flows.OwnerAgent, Agent: "li", Name: "李四"},
		Queued: {Kind: flows.OwnerQueue},
		Bots:   {},
	}
	says := map[Standing]string{Mine: "由您负责", Other: "李四已经接手", Queued: "客户在等人工", Bots: "机器人服务中"}
	for _, at := range manual.States() {
		for want, owner := range owners {
			c := flows.Case{At: at, Form: flows.Form{flows.KeyKind: flows.Conceal(flows.KindCompany)}, Owner: owner}
			v := NewTalk(manual, desk.Talk{ID: "t", Case: c}, manual.Question(c), nil, "zhang")
			if v.Owner != want {
				t.Errorf("%s owned by %+v stands as %q, want %q", at, owner, v.Owner, want)
			}
			page := drawn(t, Desk{Me: "张三", Talk: &v})
			if !strings.Contains(page, says[want]) || !strings.Contains(page, "<h2>当前步骤</h2>") {
				t.Errorf("%s as %s is not drawn whole", at, want)
			}
			if strings.Contains(page, "<textarea") != (want == Mine) {
				t.Errorf("%s as %s: only the owner may write", at, want)
			}
			if strings.Contains(page, "轮到您") {
				t.Errorf("%s: the agent is told that it is their turn", at)
			}
		}
	}
}

// hostile breaks out of text, attributes, scripts and addresses, if anything can.
const hostile = `"'><script>x</script><img src=x onerror=y>{{.}}`

var tags = regexp.MustCompile(`<(?:script>|img src=x)`)

func TestWhateverAnApplicantWroteStaysText(t *testing.T) {
	form := flows.Form{}
	for _, part := range shown {
		for _, k := range part.keys {
			form[k] = flows.Conceal(hostile)
		}
	}
	c := flows.Case{At: flows.ServiceConfirm, Form: form, Owner: flows.Owner{Kind: flows.OwnerAgent, Agent: "a", Name: hostile}}
	open := []desk.Help{{Talk: hostile, Why: []string{hostile}, Name: flows.Conceal(hostile), Owner: c.Owner}}
	talk := NewTalk(manual, desk.Talk{ID: hostile, Case: c}, flows.Reply{Text: hostile}, open, "b")
	talk.Form = Form{Token: hostile, Nonce: hostile, Draft: hostile, Why: hostile}
	for _, who := range []desk.Who{desk.WhoApplicant, desk.WhoBot, desk.WhoAgent, desk.WhoWorld, desk.WhoUnsent, hostile} {
		line := desk.Line{At: noon, Who: who, Name: hostile, Text: hostile, Step: string(flows.DeliveryWay)}
		talk.Lines.Lines = append(talk.Lines.Lines, NewLines(manual, []desk.Line{line}, form, "", noon).Lines...)
	}
	queue := NewQueue(open, hostile, hostile, noon)
	queue.Search = hostile
	mine := talk
	mine.Owner = Mine
	for _, v := range []View{
		SignIn{Token: hostile, Name: hostile, Why: hostile},
		Desk{Me: hostile, Token: hostile, Stream: hostile, Why: hostile, Queue: queue},
		Desk{Me: hostile, Token: hostile, Stream: hostile, Queue: queue, Talk: &talk},
		Controls(talk), Controls(mine), Side(talk), queue, talk.Lines,
	} {
		page := drawn(t, v)
		if got := tags.FindString(page); got != "" {
			t.Errorf("%s has %q in it", v.template(), got)
		}
		if !strings.Contains(page, "&lt;script&gt;") && v.template() != "controls" {
			t.Errorf("%s shows nothing of what was written", v.template())
		}
	}
}

func TestQueueIsSortedForItsAgent(t *testing.T) {
	agent := func(name, display string) flows.Owner {
		return flows.Owner{Kind: flows.OwnerAgent, Agent: name, Name: display}
	}
	q := NewQueue([]desk.Help{
		{Talk: "a", Why: []string{"applicant"}, Since: noon.Add(-59 * time.Second), Owner: flows.Owner{Kind: flows.OwnerQueue}, Name: flows.Conceal("王小明")},
		{Talk: "b", Since: noon.Add(-time.Minute), Owner: agent("zhang", "张三")},
		{Talk: "c", Why: []string{"stuck"}, Since: noon.Add(-47 * time.Hour)},
		{Talk: "d", Why: []string{"orphan paid"}, Since: noon.Add(-49 * time.Hour), Owner: agent("li", "李四"), Name: flows.Conceal("杭州青枫信息科技有限公司")},
	}, "zhang", "c", noon)
	want := Queue{
		Mine: []Entry{{Talk: "b", Name: "新客户", Why: "会话进行中", Since: "1 分钟", Holder: "张三"}},
		Waiting: []Entry{
			{Talk: "a", Name: "王**", Why: "客户要求人工", Since: "刚刚"},
			{Talk: "c", Name: "新客户", Why: "系统办理不下去，需要处理", Since: "47 小时", Chosen: true},
		},
		Others: []Entry{{Talk: "d", Name: "杭州******有限公司", Why: "迟到的消息要核对：已付款", Since: "2 天", Holder: "李四"}},
	}
	if !slices.Equal(q.Mine, want.Mine) || !slices.Equal(q.Waiting, want.Waiting) || !slices.Equal(q.Others, want.Others) {
		t.Errorf("NewQueue = %+v, want %+v", q, want)
	}
	if !strings.Contains(drawn(t, Queue{}), "没有客户在等") {
		t.Error("an empty list does not say so")
	}
}

func TestLinesTellWhereAStepBegins(t *testing.T) {
	step := func(at flows.State) string { s, _ := manual.Step(at); return s.Title }
	got := NewLines(manual, []desk.Line{
		{At: noon, Who: desk.WhoApplicant, Text: "确认", Step: string(flows.ServiceConfirm)},
		{At: noon, Who: desk.WhoBot, Text: "请付款"},
		{At: noon.Add(-24 * time.Hour), Who: desk.WhoWorld, Text: "paid", Step: string(flows.DeliveryPacking)},
		{At: noon, Who: desk.WhoAgent, Name: "张三", Text: "您好", Step: string(flows.DeliveryPacking)},
		{At: noon, Who: desk.WhoWorld, Text: "something new", Step: "gone.step"},
	}, nil, step(flows.ServiceConfirm), noon)
	want := []Line{
		{Who: "applicant", Name: "客户", Text: "确认", Clock: "12:00"},
		{Who: "bot", Name: "机器人", Text: "请付款", Clock: "12:00"},
		{Who: "world", Name: "系统", Text: "已付款", Clock: "11月22日 12:00", Step: step(flows.DeliveryPacking)},
		{Who: "agent", Name: "客服张三", Text: "您好", Clock: "12:00"},
		{Who: "world", Name: "系统", Text: "something new", Clock: "12:00"},
	}
	if !slices.Equal(got.Lines, want) || got.Step != step(flows.DeliveryPacking) {
		t.Errorf("NewLines = %+v, want %+v", got, want)
	}
}

func TestEveryReportHasWords(t *testing.T) {
	for _, k := range []flows.Kind{
		flows.KindCodeSent, flows.KindFaceDone, flows.KindCompanyProved, flows.KindPaid, flows.KindShipped, flows.KindActivated, flows.KindAgentCalled,
	} {
		if news(string(k)) == string(k) {
			t.Errorf("%s has no words", k)
		}
	}
	for k := range happened {
		if flows.HappeningOf(k) == nil {
			t.Errorf("%s has words and does not exist", k)
		}
	}
}

func TestEveryAnswerShownHasALabelAndNoSecretIsShown(t *testing.T) {
	never := []flows.Key{
		flows.KeyPassword, flows.KeyPassword2, flows.KeyCode, flows.KeyTicket, flows.KeyFaceURL, flows.KeyPayQR, flows.KeyLandline, flows.KeyOrgPhone,
	}
	for _, part := range shown {
		for _, k := range part.keys {
			if labels[k] == "" {
				t.Errorf("%s has no label", k)
			}
			if slices.Contains(never, k) {
				t.Errorf("%s must not be shown", k)
			}
		}
	}
}

func TestAssetsAreNamedByTheirBytes(t *testing.T) {
	page := drawn(t, Desk{}) + drawn(t, SignIn{})
	for name := range files {
		if f, ok := Asset(name); !ok || len(f.Body) == 0 || f.Type == "" {
			t.Errorf("asset %s is missing", name)
		}
		if !strings.Contains(page, template.HTMLEscapeString(address(name))) {
			t.Errorf("no page loads %s", name)
		}
	}
	if _, ok := Asset("../console.go"); ok {
		t.Error("another file is an asset")
	}
}
