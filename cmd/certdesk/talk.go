package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"certdesk/flows"
)

// talkCommand plays the manual at a terminal: whoever types is the applicant,
// and with "!" the world.
type talkCommand struct {
	Phone string `help:"Certificate service phone said with every help." env:"CERTDESK_SERVICE_PHONE" default:"400-0878-198"`
}

// Run talks until the input ends.
func (c talkCommand) Run() error {
	t := terminal{
		flow: flows.Manual(c.Phone), in: bufio.NewScanner(os.Stdin), out: bufio.NewWriter(os.Stdout), now: time.Now,
	}
	return t.talk()
}

// terminal is one case being talked through. It keeps nothing.
type terminal struct {
	flow *flows.Flow
	c    flows.Case
	n    int
	in   *bufio.Scanner
	out  *bufio.Writer
	now  func() time.Time
}

const usage = `You are the applicant: type what they would say, or the number of a choice.
An empty line opens the page that is asked for.
! and a report plays the world (!paid), @ the agents' desk (@taken agent=a1 name=小林).
! alone lists the reports that are waited for. The end of the input ends the talk.
`

func (t *terminal) talk() error {
	t.print(usage)
	t.happen(flows.Followed{}, flows.WeChat)
	for t.prompt("> ") {
		if err := t.line(strings.TrimSpace(t.in.Text())); err != nil {
			t.print(err.Error() + "\n")
		}
	}
	t.print("\n")
	if err := t.in.Err(); err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	return t.out.Flush()
}

// prompt shows where to type, and reports whether something was.
func (t *terminal) prompt(text string) bool {
	t.print(text)
	return t.out.Flush() == nil && t.in.Scan()
}

func (t *terminal) print(text string) { _, _ = io.WriteString(t.out, text) } // Flush tells

// line obeys one line of input.
func (t *terminal) line(text string) error {
	switch {
	case text == "":
		t.page()
	case text == "!":
		t.awaited()
	case text[0] == '!' || text[0] == '@':
		return t.script(text[:1], strings.TrimSpace(text[1:]))
	default:
		t.happen(flows.Said{Text: text}, flows.WeChat)
	}
	return nil
}

// example fills in a report that is typed without its values.
func example(kind flows.Kind) string {
	switch kind {
	case flows.KindRegistered:
		return "login=13800138000"
	case flows.KindNotRegistered:
		return "field=code why=验证码不对，请重新填写。"
	case flows.KindCodeRefused:
		return "why=发送太频繁，请60秒后再试。"
	case flows.KindFaceOpened:
		return "url=https://alipay.example/face until=23h"
	case flows.KindFaceRefused:
		return "why=姓名和身份证号不一致，请核对后再试。"
	case flows.KindTransferOpened:
		return "name=例子收款单位 account=330010000000000001 bank=例子银行 until=168h"
	case flows.KindTransferWrong:
		return "why=收到一笔汇款，但金额不是0.01元，请再汇一笔。"
	case flows.KindOrdered:
		return "no=D1 key=200.00 courier=12.00 total=212.00"
	case flows.KindPayOpened:
		return "qr=https://alipay.example/pay until=30m"
	case flows.KindPayRefused:
		return "why=支付宝暂时不能生成付款码，请稍后再试。"
	case flows.KindPaid:
		return "no=D1 amount=212.00 ships=后天"
	case flows.KindBooked, flows.KindShipped:
		return "waybill=SF100"
	case flows.KindParcelMoved:
		return "where=到达转运中心"
	case flows.KindParcelTrouble:
		return "where=收件人电话打不通"
	case flows.KindDelivered:
		return "where=已签收"
	case flows.KindTicketReady:
		return "code=ABCD-1234 until=30m"
	case flows.KindKeyStep:
		return "step=2 name=证书新领请求 state=done"
	case flows.KindActivated:
		return "serial=01"
	case flows.KindTaken:
		return "agent=a1 name=小林"
	case flows.KindHanded:
		return "agent=a1"
	}
	return ""
}

// script plays the world or the desk, in the language of the transcripts.
func (t *terminal) script(mark, text string) error {
	what, err := flows.ReadScript(mark+" "+text+" "+example(flows.Kind(text)), t.c, t.now())
	if err != nil {
		return err
	}
	via := flows.Within
	if mark == "@" {
		via = flows.Console
	}
	t.happen(what, via)
	return nil
}

// happen decides one event and shows what follows from it.
func (t *terminal) happen(what flows.Happening, via flows.Channel) flows.Outcome {
	t.n++
	out := t.flow.Decide(t.c, flows.Event{ID: fmt.Sprintf("e%d", t.n), At: t.now(), Via: via, What: what})
	t.c = out.Case
	t.print(strings.Join(out.Script(), "\n") + "\n")
	if t.waiting() {
		t.awaited()
	}
	return out
}

// waiting reports whether only the world can take the case further.
func (t *terminal) waiting() bool {
	question := t.flow.Question(t.c)
	return len(question.Choices) == 0 && question.Page == nil && len(t.flow.Awaits(t.c.At)) > 0
}

func (t *terminal) awaited() {
	t.print("  (play the world:")
	for _, kind := range t.flow.Awaits(t.c.At) {
		t.print(" !" + string(kind))
	}
	t.print(" !waited)\n")
}

// page asks the fields of the present page one by one, and those that were
// refused again. Nothing typed for one of them ends it.
func (t *terminal) page() {
	step, _ := t.flow.Step(t.c.At)
	if step.Page == nil {
		t.print("No page is asked for here.\n")
		return
	}
	t.print(strings.TrimSpace(step.Page.Title+"\n"+step.Page.Intro) + "\n")
	values, ask := flows.Form{}, step.Page.Fields
	for {
		for _, field := range ask {
			if !t.field(field, values) {
				return
			}
		}
		out := t.happen(flows.Filled{Page: step.Page.ID, Values: values}, flows.Web)
		if len(out.Refusals) == 0 {
			return
		}
		ask = slices.DeleteFunc(slices.Clone(step.Page.Fields), func(f flows.Field) bool { return out.Refusals[f.Key] == "" })
	}
}

// field asks for one answer; an empty line leaves out what may be left out.
func (t *terminal) field(field flows.Field, values flows.Form) bool {
	if field.Input == flows.InputFixed {
		t.print("  " + field.Label + "：" + flows.Show(field.Key, t.c.Form) + "\n")
		return true
	}
	label := field.Label
	if field.Document != nil {
		label += field.Document.Title + "（输入“同意”）"
	}
	if field.Hint != "" {
		label += "（" + field.Hint + "）"
	}
	if !t.prompt("  " + label + "：") {
		return false
	}
	text := strings.TrimSpace(t.in.Text())
	values[field.Key] = flows.Conceal(text)
	return text != "" || field.Optional
}
