package flows

// A code that does not come by SMS is read aloud over the telephone (M14), where
// somebody can be asked to call. It is offered once a message went out, by the
// report of it; how soon, how often and when not at all is the ledger's to say.

const calling = "收不到短信？语音播报"

var callWords = []string{"语音播报", "语音验证码", "语音", "打电话"}

var (
	callable = &Guard{"a code can be read aloud", func(c Case, _ Event) bool { return c.Form.Has(KeyAloud) }}
	wasRead  = &Guard{"it is read aloud", func(_ Case, e Event) bool {
		s, ok := e.What.(CodeSent)
		return ok && bool(s.Aloud)
	}}
	callableRisky = both(callable, risky)

	readRegisterCode = Action{
		Name:    "have a code read aloud",
		Effect:  func(Case) Effect { return SendCode{Purpose: PurposeRegister, Aloud: true} },
		Reports: []Kind{KindCodeSent, KindCodeRefused},
	}
	readPhoneCode = Action{
		Name:    "have a code read aloud to the new number",
		Effect:  func(Case) Effect { return SendCode{Purpose: PurposePhone, Aloud: true} },
		Reports: []Kind{KindCodeSent, KindCodeRefused},
	}
	codeRead      = Action{Name: "tell that the telephone rings", Says: "正在给 {mobile} 打电话，请接听：会念6位验证码，不会问您任何事。"}
	phoneCodeRead = Action{Name: "tell that the telephone rings", Says: "正在给 {newmobile} 打电话，请接听：会念6位验证码，不会问您任何事。"}
)
