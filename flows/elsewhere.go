package flows

import (
	"regexp"
	"strings"
	"time"
)

// A case that goes on in another channel: begun in WeChat, continued in the
// mini-program, or the other way round. Where it is now gives a code; said where
// it is to be, the code joins that identity to the case.

// The steps of going on elsewhere. Moved is where a talk ends whose applicant
// goes on with another one: nobody speaks in it any more.
const (
	ElsewhereOpening State = "elsewhere.opening"
	ElsewhereCode    State = "elsewhere.code"
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
				"支付宝小程序：在最下面的输入框里发送。公众号：关注后直接发送。",
			Help: "接上以后，这里和那边办的是同一件事，在哪边都能看到进度。那边已经注册过账号的，不能再接。",
			Exits: []Exit{
				{On: Picked("就在这里办", WordGoOn), To: Return},
				{On: Got(KindJoinedBy), Do: []Action{tellJoined}, To: Return},
				{On: After(JoinWithin), To: Return},
			},
		},
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

const wordElsewhere = "换个渠道办理"

var elsewhereWords = []string{"换个渠道", "换渠道", "换到支付宝", "换到支付宝办理", "在支付宝办理", "换到微信", "换到微信办理", "在微信办理", "接续码"}

// joining is what somebody says to go on with a case: the word, and the code
// however it is spaced.
var joining = regexp.MustCompile(`^接续(?:码)?[:： ]*([A-Za-z]{4})[- ]?([A-Za-z]{4})$`)

// join takes a code. Whoever has an account here has a case of their own: two
// cases do not become one.
func (m *move) join(step Step, text string) bool {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "接续") {
		return false
	}
	code := joining.FindStringSubmatch(halfWidth(text))
	if code == nil {
		return false
	}
	if m.c.Form.Has(KeyRegistered) {
		m.via = "join refused"
		m.say("这里已经注册了账号，不能再接到别的办理上。要用那边的办理，请在那边继续；需要合并，请回复“" + WordHuman + "”。")
		m.ask(step)
		return true
	}
	m.via = "join"
	m.effects = append(m.effects, Join{Code: Conceal(strings.ToUpper(code[1] + code[2]))})
	m.say("正在接上您的办理，请稍候。")
	return true
}

// JoinWithin is how long a code joins.
const JoinWithin = 10 * time.Minute

var (
	offerJoin = Action{
		Name:    "give a code to go on elsewhere",
		Effect:  func(Case) Effect { return OfferJoin{} },
		Reports: []Kind{KindJoinReady},
	}
	tellJoined = Action{Name: "tell that it is joined", Says: "已接上，我们接着办："}
)
