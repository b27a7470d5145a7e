package flows

// What the table cannot say of itself: lines of the manual that are obeyed
// elsewhere, replaced, open, or not obeyed yet.

// ruling is a verdict by hand. Obeyed and Replaced need a test in Shown.
type ruling struct {
	Verdict Verdict
	By      []string
	Why     string
	Shown   []string
}

func notYet(why string) ruling { return ruling{Verdict: NotYet, Why: why} }

func replaced(by, why, shown string) ruling {
	return ruling{Replaced, []string{by}, why, []string{shown}}
}

func obeyedBy(by, shown string) ruling {
	return ruling{Obeyed, []string{by}, "", []string{shown}}
}

const (
	noProvider = "no provider stands between us and Alipay, so there is no second account to log in to"
	oneCode    = "the code from the chat ties the tool to the account and its order"
)

var rulings = map[int]ruling{
	3: {
		Verdict: Obeyed, By: []string{"the menu of the official account", "the words under each step of the mini-program"},
		Shown: []string{"flows.TestWordsAnswerAnywhere", "server.TestTheMenuSaysWordsThatAreUnderstood", "miniapp.TestTheHeadersLinksAreWords"},
	},
	4: obeyedBy("“依据” in every answer of the FAQ; flows.Version, kept with each case", "flows.TestAnswersSayWhatTheyRestOn"),
	8: {
		Verdict: Obeyed, By: []string{"“使用支付宝绑定的手机号” in the mini-program, when the operator has the key for it"},
		Why: "WeChat tells an official account nobody's number", Shown: []string{"server.TestTheNumberThatAlipayKnows"},
	},
	10: replaced("a word to pick, once several codes were sent", "WeChat and Alipay know who writes, so nobody is asked before there is a doubt", "talks/human.txt"),
	19: {Verdict: Confirm, Why: "the manual does not print a person's fields: taken as an organisation's without its name"},
	23: replaced("Alipay's face verification", noProvider, "talks/person.txt"),
	24: replaced("Alipay's face verification", noProvider, "talks/person.txt"),
	25: replaced("Alipay's face verification", noProvider, "talks/person.txt"),
	27: replaced("a narrower authorisation", "only result, time and serial number are asked for, nothing of an account", "talks/person.txt"),
	32: obeyedBy("“人工” in every step", "flows.TestWordsAnswerAnywhere"),
	40: {
		Verdict: Obeyed, By: []string{"what rests is sealed, an identity number goes after the activation, and a consent can be taken back"},
		Shown: []string{"server.TestNothingPersonalIsLogged", "server/ledger.TestNothingPersonalRestsInClear", "server/ledger.TestRetention"},
	},
	75: {
		Verdict: Obeyed, By: []string{"whoever has a list of branches: e签宝, or the operator's file"},
		Shown: []string{"server/desk.TestWhoHasTheList", "server.TestABranchIsChosenInABrowser", "server.TestBranchesOfAProvider"},
	},
	98:  notYet("an order is paid with Alipay only"),
	103: notYet("no invoice is issued"),
	105: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	106: replaced("the activation code", oneCode, "cmd/ukeyagent.TestActivate"),
	107: replaced("the activation code", oneCode, "cmd/ukeyagent.TestCodeIsGoodOnce"),
	108: replaced("the activation code", oneCode, "cmd/ukeyagent.TestCodeIsGoodOnce"),
	109: replaced("running the tool with the code", oneCode, "cmd/ukeyagent.TestActivate"),
	110: replaced("the tool reading model and serial from the UKey itself", "the order is bound to the one UKey, and another is refused before anything is written", "cmd/ukeyagent.TestOtherKeys"),
	111: obeyedBy("server/desk", "cmd/certdesk.TestTheWholeWay"),
	112: obeyedBy("server/desk", "cmd/certdesk.TestTheWholeWay"),
	113: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	115: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	116: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	117: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	118: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	119: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	120: obeyedBy("cmd/ukeyagent", "cmd/ukeyagent.TestActivate"),
	124: {Verdict: Confirm, Why: "pages that the manual shows as pictures only"},
}
