package flows

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// 1.3.2 The branch that keeps the company's account (M75). Its twelve digits are
// found behind the scenes; whoever knows them is asked nothing.

// The steps from the account to its branch.
const (
	CompanyBranchSearch State = "company.branch-search"
	CompanyBranch       State = "company.branch"
	CompanyBranchWords  State = "company.branch-words"
	CompanyBranchCode   State = "company.branch-code"
)

// searchWithin is how long the search may take. Nobody waits longer for what they
// can do without.
const searchWithin = 2 * time.Minute

var branchSteps = []Step{
	{
		At:    CompanyBranchSearch,
		Lines: []int{75},
		Title: "查找开户支行",
		Turn:  Turn{"我们", "几秒钟"},
		Ask:   "正在查找 {pbank} 在{pcity}的支行，请稍候。",
		Help:  "查到以后请您点一家。查不到也不要紧，可以填写联行号，或按您填写的支行汇款。",
		Do:    []Action{findBranch},
		Back:  CompanyAccount,
		Exits: []Exit{
			{On: Got(KindBranchesFound), If: searchedBefore, To: Stay},
			{On: Got(KindBranchesFound), If: oneExactly, Do: []Action{takeFirst}, To: CompanyConfirm, Lines: []int{75}},
			{On: Got(KindBranchesFound), If: someFound, To: CompanyBranch, Lines: []int{75}},
			{On: Got(KindBranchesFound), To: CompanyBranchWords},
			{On: Got(KindBranchesUnknown), To: CompanyBranchCode},
			{On: After(searchWithin), To: CompanyBranchCode},
		},
	},
	{
		At:    CompanyBranch,
		Lines: []int{75},
		Title: "选择开户支行",
		Turn:  Turn{"您", "半分钟"},
		Ask:   "请选择 {pbank} 的开户支行：",
		Help:  "点一家就可以。开户许可证或网银首页上有支行名称。也可以直接回复支行名称里的几个字再查一次，或者回复12位联行号。",
		Read:  &Reader{"one of the branches, words of a name, or a code", KeyBranchSaid, readBranchSaid, branchLabels},
		Back:  CompanyAccount,
		Exits: slices.Concat([]Exit{
			{On: Answered(), If: saidFound, Do: []Action{takeSaid}, To: CompanyConfirm, Lines: []int{75}},
		}, branchSaid, []Exit{
			{On: Picked("都不是，换个关键词", "都不是", "换个关键词"), To: CompanyBranchWords},
			{On: Picked("不在里面，按我填写的汇款", "不在里面", "按我填写的汇款"), Do: []Action{asTyped}, To: CompanyConfirm},
		}),
	},
	{
		At:    CompanyBranchWords,
		Lines: []int{75},
		Title: "换个关键词查支行",
		Turn:  Turn{"您", "1分钟"},
		Ask:   "没有找到合适的支行。请点开下面的页面，填写支行名称里的几个字再查一次，例如“文三”；知道12位联行号的，填联行号。也可以在聊天里直接回复。",
		Help:  "开户许可证或网银首页上有支行名称。联行号可以向开户行或单位财务询问。都不知道的，请点“按我填写的支行汇款”。",
		Read:  &Reader{Name: "words of a name, or a code", Key: KeyBranchSaid, Read: readBranchSaid},
		Page:  branchPage(CompanyBranchWords, Field{Label: "支行名称里的字，或12位联行号", Hint: "例如 文三", Input: InputText, Read: readBranchSaid}),
		Back:  CompanyAccount,
		Exits: slices.Concat(branchSaid, withoutBranch),
	},
	{
		At:    CompanyBranchCode,
		Lines: []int{75},
		Title: "填写开户行联行号",
		Turn:  Turn{"您", "1分钟"},
		Ask: "现在查不到支行名单，“{pbranch}”是否存在我们核对不了。\n请点开下面的页面，填写开户行的12位联行号，可以向开户行或单位财务询问。也可以在聊天里直接回复。\n" +
			"不知道联行号，可以按您填写的支行汇款，或者改为由贵单位汇款。",
		Help:  "联行号我们能核对位数、银行和省份；是否有这家支行，以银行收到汇款为准。由贵单位汇款不需要联行号。",
		Read:  &Reader{Name: "a code", Key: KeyBranchSaid, Read: readPayoutCode},
		Page:  branchPage(CompanyBranchCode, Field{Label: "12位联行号", Hint: "12位数字", Input: InputNumber, Read: readCodeSaid}),
		Back:  CompanyAccount,
		Exits: slices.Concat(branchSaid[:2], withoutBranch),
	},
}

// branchSaid is where what was said of a branch leads: its code, or words to
// search for. withoutBranch is how it goes on when nobody knows.
var (
	branchSaid = []Exit{
		{On: Answered(), If: saidElsewhere, Do: []Action{tellElsewhere}, To: Again, Lines: []int{75}},
		{On: Answered(), If: saidCode, Do: []Action{takeCode}, To: CompanyConfirm, Lines: []int{75}},
		{On: Answered(), Do: []Action{takeWords}, To: CompanyBranchSearch},
	}
	withoutBranch = []Exit{
		{On: Picked("按我填写的支行汇款", "按填写的支行汇款", "不知道"), Do: []Action{asTyped}, To: CompanyConfirm},
		{On: Picked("改为我们汇款给你们", "改为由我们汇款"), To: CompanyRules, Lines: []int{60}},
	}
)

// branchPage asks for what may be said in the chat as well.
func branchPage(at State, field Field) *Page {
	field.Key, field.Lines = KeyBranchSaid, []int{75}
	return &Page{ID: PageID(at), Title: "开户支行", Submit: "下一步", Fields: []Field{field}}
}

var branchWords = regexp.MustCompile(`^[\p{Han}A-Za-z0-9()·-]*\p{Han}[\p{Han}A-Za-z0-9()·-]*$`)

// readBranchWords takes the name of a branch, or some words of it.
func readBranchWords(text string, _ time.Time) (string, error) {
	name := strip(text, " ")
	if n := utf8.RuneCountInString(name); n < 2 || n > 80 || !branchWords.MatchString(name) {
		return "", &Refusal{"请填写支行的名称，写几个字也可以。", "杭州文三支行"}
	}
	return name, nil
}

// branchLabel is what people may say before it.
var branchLabel = regexp.MustCompile(`^(?:(?:开户行)?(?:联行号|行号)(?:是|:)?|(?:开户)?支行(?:名称)?(?:是|:))`)

// readBranchSaid takes words, or a code when it is a number.
func readBranchSaid(text string, at time.Time) (string, error) {
	text = branchLabel.ReplaceAllString(strip(text, " "), "")
	if digits(strip(text, "-")) {
		return readPayoutCode(text, at)
	}
	return readBranchWords(text, at)
}

// readCodeSaid takes a code.
func readCodeSaid(text string, at time.Time) (string, error) {
	return readPayoutCode(branchLabel.ReplaceAllString(strip(text, " "), ""), at)
}

// saidBranch is which of the branches that were found was picked.
func saidBranch(f Form) (Branch, bool) {
	at := slices.Index(branchLabels(f), f.Text(KeyBranchSaid))
	if at < 0 {
		return Branch{}, false
	}
	return branchesIn(f.Text(KeyBranchFound))[at], true
}

// codeElsewhere reports whether a code is another bank's than a form names, or of
// another province.
func codeElsewhere(code BranchCode, f Form) bool {
	return code.Bank != "" && code.Bank != f.Text(KeyProofBank) || !strings.Contains(code.Region, f.Text(KeyProofProvince))
}

// account changes answers of the account's page: what is found out about the
// branch counts as if it had been typed there, and is replaced when the page is
// sent in again. What was to choose from is dropped.
func account(answers Form) Effect {
	answers[KeyBranchFound], answers[KeyBranchSaid] = Secret{}, Secret{}
	return Save{Page: PageID(CompanyAccount), Form: answers}
}

// chosen has the account's page name a branch and its code.
func chosen(b Branch) Effect {
	return account(Form{KeyProofBranch: Conceal(b.Name), KeyProofCode: Conceal(b.Code), KeyBranchPicked: Conceal(listed([]Branch{b})), KeyBranchWords: {}})
}

var (
	findBranch = Action{
		Name:    "look for the branch",
		Effect:  func(Case) Effect { return FindBranch{} },
		Reports: []Kind{KindBranchesFound, KindBranchesUnknown},
	}
	takeFirst = Action{Name: "take the branch", Effect: func(c Case) Effect { return chosen(branchesIn(c.Form.Text(KeyBranchFound))[0]) }}
	takeSaid  = Action{Name: "take that branch", Effect: func(c Case) Effect {
		b, _ := saidBranch(c.Form)
		return chosen(b)
	}}
	takeCode = Action{
		Name:   "take the code",
		Effect: func(c Case) Effect { return account(Form{KeyProofCode: c.Form[KeyBranchSaid]}) },
		Says:   "联行号的位数、银行代码和省份都核对过了；是否有这家支行我们查不到，以银行收到汇款为准。",
	}
	takeWords = Action{Name: "take the words", Effect: func(c Case) Effect { return account(Form{KeyBranchWords: c.Form[KeyBranchSaid]}) }}
	asNamed   = Action{Name: "search for the branch as it is named", Effect: func(c Case) Effect {
		if !c.Form.Has(KeyBranchWords) {
			return nil
		}
		return account(Form{KeyBranchWords: {}})
	}}
	asTyped = Action{
		Name:   "take the branch as it was typed",
		Effect: func(Case) Effect { return account(Form{KeyBranchWords: {}}) },
		Says:   "好的，按您填写的支行汇款。是否有这家支行我们核对不了，以银行收到汇款为准。",
	}
	dropCode      = Action{Name: "drop the other branch's code", Effect: func(Case) Effect { return account(Form{KeyProofCode: {}, KeyBranchPicked: {}, KeyBranchWords: {}}) }}
	tellElsewhere = Action{Name: "tell that the code is another's", Says: "联行号与填写的开户银行或省份对不上，请核对。"}

	searching      = &Guard{"this very search is waited for", func(c Case, e Event) bool { return c.At == CompanyBranchSearch && !searchedBefore.Holds(c, e) }}
	searchedBefore = &Guard{"the search was for another branch", func(c Case, e Event) bool {
		found, ok := e.What.(BranchesFound)
		return ok && found.Asked != c.Form.BranchQuery()
	}}
	oneExactly = &Guard{"just one is the branch that was named", func(c Case, e Event) bool {
		found, ok := e.What.(BranchesFound)
		return ok && found.Exact && c.Form.Has(KeyBranchFound)
	}}
	someFound = &Guard{"some can be meant", func(c Case, _ Event) bool { return c.Form.Has(KeyBranchFound) }}
	saidFound = &Guard{"one of those that were found", func(c Case, _ Event) bool {
		_, ok := saidBranch(c.Form)
		return ok
	}}
	saidCode = &Guard{"a code", func(c Case, _ Event) bool {
		_, err := ReadBranchCode(c.Form.Text(KeyBranchSaid))
		return err == nil
	}}
	saidElsewhere = &Guard{"a code of another bank or province", func(c Case, _ Event) bool {
		code, err := ReadBranchCode(c.Form.Text(KeyBranchSaid))
		return err == nil && codeElsewhere(code, c.Form)
	}}
	branchCoded = &Guard{"the branch's code is known", func(c Case, _ Event) bool { return c.Form.Has(KeyProofCode) }}
	// The page shows the code of the branch that was chosen before, and comes back
	// with it although it names another.
	branchRenamed = &Guard{"the code is that of the branch chosen before", func(c Case, _ Event) bool {
		picked := branchesIn(c.Form.Text(KeyBranchPicked))
		return len(picked) == 1 && picked[0].Code == c.Form.Text(KeyProofCode) && picked[0].Name != c.Form.Text(KeyProofBranch)
	}}
)
