package flows

import (
	"errors"
	"slices"
	"strings"
)

// The words understood in every step. They are printed in the help text, so
// that nobody has to guess them.
const (
	WordHelp     = "帮助"
	WordBack     = "返回"
	WordWhere    = "到哪了"
	WordCancel   = "取消"
	WordHuman    = "人工"
	WordAbout    = "平台介绍"
	WordConsents = "我的授权"
	WordWithdraw = "撤回授权"
	WordGoOn     = "继续办理"
	WordThanks   = "谢谢"
)

var synonyms = map[string]string{
	"help": WordHelp, "?": WordHelp, "怎么办": WordHelp, "不会": WordHelp, "联系我们": WordHelp,
	"上一步": WordBack, "back": WordBack, "撤销": WordBack,
	"进度": WordWhere, "到哪里了": WordWhere, "查询进度": WordWhere, "我的订单": WordWhere, "订单": WordWhere, "物流": WordWhere, "status": WordWhere,
	"人工客服": WordHuman, "转人工": WordHuman, "客服": WordHuman, "人工服务": WordHuman,
	"多谢": WordThanks, "感谢": WordThanks, "谢谢您": WordThanks, "谢谢你": WordThanks, "thanks": WordThanks,
	"关于": WordAbout, "关于我们": WordAbout, "关于平台": WordAbout,
	"授权记录": WordConsents, "我的同意": WordConsents, "同意记录": WordConsents, "查看授权": WordConsents,
	"继续": WordGoOn, "返回自助": WordGoOn, "首页": WordGoOn,
}

// normal folds what people type alike: full-width letters and digits, case,
// blanks and the punctuation after a short answer.
func normal(text string) string {
	word := strings.ToLower(halfWidth(strings.TrimSpace(text)))
	word = strings.Trim(word, "。.！!，, 、“”\"")
	if w, ok := synonyms[word]; ok {
		return w
	}
	return word
}

// halfWidth maps full-width ASCII and the ideographic space to their plain
// forms.
func halfWidth(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\u3000':
			return ' '
		case r >= '\uff01' && r <= '\uff5e':
			return r - 0xfee0
		}
		return r
	}, text)
}

// anywhere obeys the words that work in each step.
func (m *move) anywhere(step Step, word string) bool {
	for _, x := range m.flow.Whenever {
		if x.On.pick != "" && x.On.named(word) && m.holds(x) {
			m.take(x)
			return true
		}
	}
	switch word {
	case WordHelp:
		m.help(step)
	case WordBack:
		m.back(step)
	case WordWhere:
		m.where(step)
	case WordHuman:
		m.callAgent(WhyApplicant)
	case WordQuiet, WordRemind:
		m.silence(word)
	case WordAbout:
		m.about(step)
	case WordConsents:
		m.consents(step)
	case WordThanks:
		m.via = "thanks"
		m.say("不客气。有需要随时回复“" + WordHelp + "”。")
	case WordGoOn:
		m.via = "go on"
		m.ask(step)
	default:
		return false
	}
	return true
}

// fraud and anger are words that a person must hear at once: money or an
// identity may be in somebody else's hands, or we have failed.
var (
	fraud = []string{"诈骗", "被骗", "骗钱", "骗我", "骗了", "盗用", "冒用", "冒充", "盗刷", "被转走", "不是我办", "不是本人办", "报警", "报案"}
	anger = []string{"投诉", "举报", "起诉", "消费者协会", "12315", "不想活", "自杀"}
)

// distress says why a person must hear a text at once, or nothing.
func distress(word string) (why string) {
	word = strip(word, " ")
	has := func(w string) bool { return strings.Contains(word, w) }
	switch {
	case slices.ContainsFunc(fraud, has), has("骗子") && !has("是不是") && !has("吗"): // a question about us has its answer
		return WhyFraud
	case slices.ContainsFunc(anger, has):
		return WhyDistress
	}
	return ""
}

// distressed brings a person to somebody who is cheated, or angry.
func (m *move) distressed(word string) bool {
	switch why := distress(word); why {
	case WhyFraud:
		m.tell("您说的情况很重要。请先不要付款，也不要把验证码、密码告诉任何人；如果已经转账，请马上拨打 110 或 96110。")
		m.callAgent(why)
	case WhyDistress:
		m.tell("很抱歉给您带来不好的体验。")
		m.callAgent(why)
	default:
		return false
	}
	return true
}

func (m *move) help(step Step) {
	m.via = "help"
	m.say(m.flow.Fill(step.Help, m.c.Form))
	m.say("随时可以回复：" + strings.Join([]string{WordHelp, WordBack, WordWhere, WordCancel, WordHuman}, "、") +
		"。证书服务电话：" + m.flow.Phone + "。")
	m.ask(step)
}

// about says what this place is (M3), and what it never does.
func (m *move) about(step Step) {
	m.via = "about"
	m.say("这里是数字证书办理平台。从注册、实名认证、选购付款到收到 UKey 并激活，每一步都由这里带您办，进度一直保存，随时可以回来继续。" +
		"公众号和支付宝小程序都能办，要换到另一边接着办，回复“" + wordElsewhere + "”。")
	m.say("证书由电子认证机构签发，装在邮寄给您的 UKey 里。我们不会在聊天里向您要密码、验证码或银行卡号。证书服务电话：" + m.flow.Phone + "。")
	m.ask(step)
}

func (m *move) back(step Step) {
	m.via = "back"
	if step.detour() && step.Back == "" {
		m.enter(m.c.Left)
		return
	}
	if step.At == m.flow.Start {
		m.say("这里已经是第一步了。")
		m.ask(step)
		return
	}
	if step.Back == "" {
		m.say("这一步不能退回了，前面办好的都已保存。需要修改请回复“" + WordHuman + "”。")
		m.ask(step)
		return
	}
	m.enter(step.Back)
}

// where tells what is done, what is next, whose turn it is and how long that
// takes.
func (m *move) where(step Step) {
	m.via = "where"
	m.say(m.progress(step))
	m.ask(step)
}

// progress draws the milestones. A chapter that is none, such as the welcome,
// stands before the list.
func (m *move) progress(step Step) string {
	if left, ok := m.flow.Step(m.c.Left); ok {
		step = left
	}
	here := m.flow.Fill(step.Title, m.c.Form)
	if !step.End {
		here += "（轮到" + step.Turn.Who + "，" + step.Turn.Takes + "）"
	}
	var lines []string
	under := m.flow.milestone(step.At)
	if under == "" {
		lines = append(lines, "→ "+here)
	}
	for _, ms := range m.flow.Milestones(m.c) {
		switch {
		case ms.Name == under && ms.State == ProgressDone:
			lines = append(lines, "✓ "+here)
		case ms.State == ProgressNow:
			lines = append(lines, "→ "+ms.Name+"："+here)
		case ms.State == ProgressDone:
			lines = append(lines, "✓ "+ms.Name)
		default:
			lines = append(lines, "○ "+ms.Name)
		}
	}
	return "您的办理进度：\n" + strings.Join(lines, "\n")
}

func (c Chapter) holds(at State) bool {
	for _, s := range c.Steps {
		if s.At == at {
			return true
		}
	}
	return false
}

// Fill puts the form's answers into the {places} of a text, masked where a
// bystander must not read them. A line that ends in an answer not given is left
// out, when there are others.
func (f *Flow) Fill(text string, form Form) string {
	lines := strings.Split(text, "\n")
	var filled []string
	for _, line := range lines {
		got, empty := f.fillLine(line, form)
		if !empty || len(lines) == 1 {
			filled = append(filled, got)
		}
	}
	return strings.Join(filled, "\n")
}

// fillLine fills one line, and reports whether it ends in an empty place.
func (f *Flow) fillLine(line string, form Form) (filled string, empty bool) {
	var b strings.Builder
	for {
		before, rest, open := strings.Cut(line, "{")
		key, after, closed := strings.Cut(rest, "}")
		if !open || !closed {
			b.WriteString(line)
			return b.String(), empty && line == ""
		}
		b.WriteString(before)
		answer := f.place(key, form)
		b.WriteString(answer)
		empty, line = answer == "", after
	}
}

func (f *Flow) place(key string, form Form) string {
	if text, ok := f.known(key); ok {
		return text
	}
	return Show(Key(key), form)
}

// known is a place that is filled alike for everybody.
func (f *Flow) known(key string) (text string, ok bool) {
	switch key {
	case "phone":
		return f.Phone, true
	case "download":
		return f.Download, true
	case "company-price":
		return PriceCompany.String(), true
	case "person-price":
		return PricePerson.String(), true
	}
	return "", false
}

// words is what an applicant reads of an error.
func words(err error) string {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Words()
	}
	return "这样填写不对，请检查后再试。"
}
