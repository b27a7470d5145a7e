package desk

import (
	"regexp"
	"strings"

	"certdesk/flows"
)

// What a transcript keeps: everything that was said. In what an applicant or
// an agent types long numbers are masked, because people type identity numbers
// and card numbers where they should not; what the bot says is masked by the
// flow, but for the code that opens the activation, which is nobody else's.

var (
	longNumber = regexp.MustCompile(`\d(?:[ -]?\d){5,}[\dXx]?`)
	ticket     = regexp.MustCompile(`\b[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}\b`)
)

// masked hides all but the ends of each long number.
func masked(text string) string {
	if digits(text) < 6 {
		return text
	}
	return longNumber.ReplaceAllStringFunc(text, func(n string) string {
		return n[:1] + strings.Repeat("*", len(n)-2) + n[len(n)-1:]
	})
}

// digits counts them: most of what is said has few, and looking for numbers in
// it would cost more than deciding it.
func digits(text string) (n int) {
	for i := range len(text) {
		if text[i] >= '0' && text[i] <= '9' {
			n++
		}
	}
	return n
}

const longestLine = 1000 // runes of one entry

func transcribe(was flows.Case, out flows.Outcome, e flows.Event) []Line {
	first := Line{At: e.At, Step: string(out.Case.At), Via: out.Via, ID: e.ID}
	first.Who, first.Name, first.Text = heard(was, e.What)
	lines := []Line{first}
	if _, agent := e.What.(flows.AgentSaid); agent {
		return lines
	}
	said := Line{At: e.At, Who: WhoBot}
	if taken, ok := e.What.(flows.Taken); ok {
		said.Who, said.Name = WhoAgent, taken.Name
	}
	for _, r := range out.Replies {
		said.Text = spoken(r)
		lines = append(lines, said)
	}
	return lines
}

func heard(was flows.Case, what flows.Happening) (Who, string, string) {
	switch h := what.(type) {
	case flows.Said:
		return WhoApplicant, "", clipped(masked(h.Text))
	case flows.Sent:
		return WhoApplicant, "", "（发来" + h.Media + "）"
	case flows.Filled:
		return WhoApplicant, "", "（提交页面 " + string(h.Page) + "）"
	case flows.PhoneKnown:
		return WhoApplicant, "", "（提供支付宝绑定的手机号）"
	case flows.Followed:
		return WhoApplicant, "", "（关注）"
	case flows.Left:
		return WhoApplicant, "", "（取消关注）"
	case flows.AgentSaid:
		return WhoAgent, was.Owner.Name, clipped(masked(h.Text))
	case flows.Taken:
		return WhoAgent, h.Name, "（接管会话）"
	case flows.Handed:
		return WhoAgent, was.Owner.Name, "（交还机器人）"
	}
	return WhoWorld, "", string(what.Kind())
}

func spoken(r flows.Reply) string {
	text := r.Text
	for _, c := range r.Choices {
		text += "\n· " + c.Label
	}
	if r.Page != nil {
		text += "\n［页面：" + r.Page.Title + "］"
	}
	if r.QR != nil {
		text += "\n［二维码：" + r.QR.Caption + "］"
	}
	if r.Card != nil {
		text += "\n［转发：" + r.Card.Title + "］"
	}
	if strings.Contains(text, "-") {
		text = ticket.ReplaceAllString(text, "****-****")
	}
	return clipped(text)
}

func clipped(text string) string {
	if len(text) <= longestLine {
		return text
	}
	r := []rune(text)
	if len(r) > longestLine {
		return string(r[:longestLine]) + "…"
	}
	return text
}
