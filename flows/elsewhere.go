package flows

import (
	"regexp"
	"strings"
	"time"
)

// A case that goes on in another channel: begun in WeChat, continued in the
// mini-program, or the other way round. Where it is now gives a code, to be said
// or to be scanned; where it is to be, the code joins that identity to the case,
// when whoever speaks there knows whose case it is. Decision 0019 has the reasons.

// The steps of going on elsewhere. Moved is where a talk ends whose applicant
// goes on with another one: nobody speaks in it any more.
const (
	ElsewhereOpening State = "elsewhere.opening"
	ElsewhereCode    State = "elsewhere.code"
	ElsewhereFinding State = "elsewhere.finding"
	ElsewhereConfirm State = "elsewhere.confirm"
	ElsewhereJoining State = "elsewhere.joining"
	Moved            State = "elsewhere.moved"
)

var elsewhere = Chapter{
	Name: "elsewhere", Title: "换个渠道办理",
	Steps: []Step{
		working(ElsewhereOpening, "准备接续码", "正在准备接续码，请稍候。", offerJoin,
			Exit{On: Got(KindJoinReady), To: ElsewhereCode},
			Exit{On: Picked("先接着办", WordGoOn), To: Return},
		),
		{
			At:    ElsewhereCode,
			Title: "在另一处接着办",
			Turn:  Turn{"您", "1分钟"},
			Ask: "请在那边发送下面这一行，{jointill} 前有效，只能用一次，请不要告诉别人：\n接续 {join}\n" +
				"支付宝小程序：在最下面的输入框里发送。公众号：关注后直接发送。\n" +
				"也可以扫码，不用输入：{jointo}",
			Help: "接上以后，这里和那边办的是同一件事，在哪边都能看到进度。那边已经注册过账号的，不能再接。",
			QR:   KeyJoinURL,
			Exits: []Exit{
				{On: Picked("就在这里办", WordGoOn), To: Return},
				{On: Got(KindJoinedBy), To: Return},
				{On: After(JoinWithin), To: Return},
			},
		},
		working(ElsewhereFinding, "核对接续码", "正在核对接续码，请稍候。", findJoin,
			Exit{On: Got(KindJoinFound), If: codeSought, To: ElsewhereConfirm},
			Exit{On: Got(KindJoinRefused), To: Return},
			Exit{On: Picked("不接了", WordGoOn), Do: []Action{dropJoin}, To: Return},
		),
		{
			At:    ElsewhereConfirm,
			Title: "确认接着办",
			Turn:  Turn{"您", "半分钟"},
			Ask: "要在这里接着办“{joinwhose}”吗？\n" +
				"这个码要是您自己刚才打开的才行。别人发来的请不要接：接上后，您在这里填的内容、做的认证，都会算到对方的办理里。",
			Help: "接上以后，这里和那边办的是同一件事，在哪边都能看到进度。不确定的，请点“不是我的”，什么都不会改变。",
			Exits: []Exit{
				{On: Picked("是我自己的，接着办", "是我自己的", "是我的", "接着办"), To: ElsewhereJoining},
				{On: Picked("不是我的", "不接"), Do: []Action{dropJoin}, To: Return},
				{On: After(JoinWithin), Do: []Action{dropJoin}, To: Return},
			},
		},
		working(ElsewhereJoining, "接上您的办理", "正在接上您的办理，请稍候。", joinCase,
			Exit{On: Got(KindJoined), To: Moved},
			Exit{On: Got(KindJoinRefused), To: Return},
		),
		{
			At:    Moved,
			Title: "已接到另一处",
			Turn:  Turn{"没有待办", "已接上"},
			Ask:   "已接上您在另一处的办理，请直接在这里继续。",
			Help:  "发任意一句话，就会回到您办理的那一步。",
			End:   true,
		},
	},
}

const (
	wordElsewhere = "换个渠道办理"
	wordJoin      = "接续"
)

var elsewhereWords = []string{"换个渠道", "换渠道", "换到支付宝", "换到支付宝办理", "在支付宝办理", "换到微信", "换到微信办理", "在微信办理", "接续码"}

// codeSought holds for a code that is still to be joined: who said no is not asked
// again.
var codeSought = &Guard{"the code that was given last", func(c Case, e Event) bool {
	found, ok := e.What.(JoinFound)
	return ok && found.Code == c.Form[KeyJoining]
}}

var codeGiven = &Guard{"a code was given", func(c Case, _ Event) bool { return c.At != Moved && c.Form.Has(KeyJoining) }}

// joining is what somebody says to go on with a case: the word, and the code
// however it is spaced.
var joining = regexp.MustCompile(`^接续(?:码)?[:： ]*([A-Za-z]{4})[- ]?([A-Za-z]{4})$`)

// join takes a code that was said.
func (m *move) join(step Step, text string) bool {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, wordJoin) {
		return false
	}
	code := joining.FindStringSubmatch(halfWidth(text))
	if code == nil {
		return false
	}
	m.find(step, strings.ToUpper(code[1]+code[2]))
	return true
}

// A scene that is a case, and no project, begins with joinScene and goes on with
// the letters of its code.
const joinScene = "join."

var joinLetters = regexp.MustCompile(`^[A-Z]{8}$`)

// JoinScene is the scene of a code that leads to the case which gave it.
func JoinScene(code Secret) string { return joinScene + strip(code.Reveal(), "-") }

// IsJoinScene reports whether a scene means a case: no project may be called so.
func IsJoinScene(scene string) bool { return strings.HasPrefix(scene, joinScene) }

// scanned takes a code that came as a scene. It is never kept as a project, also
// when it is spoilt.
func (m *move) scanned(step Step, scene string) bool {
	if !IsJoinScene(scene) {
		return false
	}
	code := strings.TrimPrefix(scene, joinScene)
	if !joinLetters.MatchString(code) {
		m.via = "join refused"
		m.say(JoinUnknown)
		m.ask(step)
		return true
	}
	m.find(step, code)
	return true
}

// JoinUnknown is what a code that joins nothing is answered with.
const JoinUnknown = "接续码不对或已过期，请在原来的地方重新获取。"

// find asks whose case a code is of. Whoever has an account here has a case of
// their own: two cases do not become one.
func (m *move) find(step Step, code string) {
	switch {
	case step.At == Moved: // the code came in the second in which it was joined
		m.via = "join refused"
		m.ask(step)
	case strip(m.c.Form.Text(KeyJoin), "-") == code:
		m.via = "join refused"
		m.say("这就是您正在办理的地方，直接继续就可以。")
		m.ask(step)
	case m.c.Form.Has(KeyRegistered):
		m.via = "join refused"
		m.say("这里已经注册了账号，不能再接到别的办理上。要用那边的办理，请在那边继续；需要合并，请回复“" + WordHuman + "”。")
		m.ask(step)
	default:
		m.c.Form[KeyJoining] = Conceal(code)
		m.anywhere(step, wordJoin)
	}
}

// Whose names a case for whoever is about to go on with it: enough to know one's
// own by, and no more.
func Whose(f Form) string {
	kind := map[string]string{KindPerson: "个人证书", KindCompany: "企业证书"}[f.Text(KeyKind)]
	switch {
	case kind == "":
		return "刚开始的办理"
	case f.Has(KeyName):
		return Show(KeyName, f) + "的" + kind
	case f.Has(KeyMobile):
		return "手机号 " + Show(KeyMobile, f) + " 的" + kind
	}
	return "刚开始办的" + kind
}

// JoinWithin is how long a code joins.
const JoinWithin = 10 * time.Minute

// channelNames are what customers call the channels.
var channelNames = map[Channel]string{WeChat: "微信", Alipay: "支付宝", Web: "浏览器"}

// across is the channel in which a case is to go on.
func across(c Case) Channel {
	if c.Last == WeChat {
		return Alipay
	}
	return WeChat
}

var (
	offerJoin = Action{
		Name:    "give a code to go on elsewhere",
		Effect:  func(c Case) Effect { return OfferJoin{To: across(c)} },
		Reports: []Kind{KindJoinReady},
	}
	findJoin = Action{
		Name:    "ask whose case it is",
		Effect:  func(c Case) Effect { return FindJoin{Code: c.Form[KeyJoining]} },
		Reports: []Kind{KindJoinFound, KindJoinRefused},
	}
	dropJoin = Action{Name: "drop the code", Effect: func(Case) Effect {
		return Save{Page: PageID(KeyJoining), Form: Form{KeyJoining: {}, KeyJoinWhose: {}}}
	}}
	joinCase = Action{
		Name:    "join the case",
		Effect:  func(c Case) Effect { return Join{Code: c.Form[KeyJoining]} },
		Reports: []Kind{KindJoined, KindJoinRefused},
	}
)
