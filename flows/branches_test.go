package flows

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBranchWords(t *testing.T) {
	icbc := BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市"}
	for name, want := range map[string]string{
		"杭州文三支行": "文三", "工行文三路支行": "文三路", "中国工商银行股份有限公司杭州文三支行": "文三", "浙江省杭州市西湖支行": "西湖", "西湖": "西湖",
		"杭州分行营业部": "分行营业部", "中国工商银行": "", "": "", "文三 西湖支行": "文三 西湖", "　西湖（新）支行": "西湖(新)", "农行文三支行": "农行文三",
	} {
		icbc.Name = name
		if got := strings.Join(icbc.Words(), " "); got != want {
			t.Errorf("the words of %q are %q, want %q", name, got, want)
		}
	}
	// A short name of a bank may be a place.
	if got := (BranchQuery{Bank: "兴业银行", City: "上海市", Name: "兴业路支行"}).Words(); !slices.Equal(got, []string{"兴业路"}) {
		t.Errorf("the words of a street are %q", got)
	}
}

// TestFoundLeavesOut holds what a list gives to the bank, the province, and what
// the name of a branch can be.
func TestFoundLeavesOut(t *testing.T) {
	q := BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "西湖支行"}
	good := Branch{Code: "102331000002", City: "杭州", Name: "中国工商银行杭州西湖支行"}
	for about, bad := range map[string]func(*Branch){
		"another bank's code":     func(b *Branch) { b.Code = "103331000002" },
		"a family's code":         func(b *Branch) { b.Code = "313331000002" },
		"another province's code": func(b *Branch) { b.Code = "102586000002" },
		"eleven digits":           func(b *Branch) { b.Code = "10233100002" },
		"thirteen digits":         func(b *Branch) { b.Code = "1023310000020" },
		"digits with blanks":      func(b *Branch) { b.Code = "1023 3100 0002" },
		"wide digits":             func(b *Branch) { b.Code = "１02331000002" },
		"no digits":               func(b *Branch) { b.Code = "10233100000X" },
		"no code":                 func(b *Branch) { b.Code = "" },
		"no name":                 func(b *Branch) { b.Name = "" },
		"a short name":            func(b *Branch) { b.Name = "支行" },
		"a long name":             func(b *Branch) { b.Name = strings.Repeat("西湖", 40) + "支行" },
		"two lines":               func(b *Branch) { b.Name = "中国工商银行\n杭州西湖支行" },
		"a control":               func(b *Branch) { b.Name = "中国工商银行\x00杭州西湖支行" },
		"a mark that turns":       func(b *Branch) { b.Name = "中国工商银行\u2029杭州西湖支行" },
		"a link":                  func(b *Branch) { b.Name = `<a href="https://x">西湖支行</a>` },
		"no text":                 func(b *Branch) { b.Name = "西湖支行\xff" },
		"a command":               func(b *Branch) { b.Name = "换个渠道办理" },
	} {
		b := good
		bad(&b)
		if found := q.Found([]Branch{b, good}); len(found.Branches) != 1 || found.Branches[0] != good || found.More {
			t.Errorf("%s: %+v", about, found)
		}
	}
}

// TestFoundOfOtherBanks: a bank without a code to itself is known by its name, and
// one with foreign money is sent none.
func TestFoundOfOtherBanks(t *testing.T) {
	for _, tt := range []struct {
		bank string
		b    Branch
		fits bool
	}{
		{"杭州银行", Branch{Code: "313331000014", Bank: "杭州银行", Name: "西湖支行（新）"}, true},
		{"杭州银行", Branch{Code: "313331000014", Name: "杭州银行股份有限公司西湖支行"}, true},
		{"杭州银行", Branch{Code: "313331000014", Bank: "宁波银行", Name: "宁波银行杭州西湖支行"}, false},
		{"杭州银行", Branch{Code: "102331000014", Bank: "杭州银行", Name: "杭州银行西湖支行"}, false},
		{"汇丰银行", Branch{Code: "501331000014", Bank: "汇丰银行", Name: "汇丰银行杭州支行"}, false},
	} {
		q := BranchQuery{Bank: tt.bank, Province: "浙江省", City: "杭州市"}
		if found := q.Found([]Branch{tt.b}); len(found.Branches) > 0 != tt.fits {
			t.Errorf("%+v of %s: %v, want %t", tt.b, tt.bank, found.Branches, tt.fits)
		}
	}
}

// TestNoBranchIsACommand: what is understood anywhere is understood beside any
// branches, too.
func TestNoBranchIsACommand(t *testing.T) {
	f := Manual(testPhone)
	step, _ := f.Step(CompanyBranch)
	words := []string{WordHelp, WordBack, WordWhere, WordCancel, WordHuman, WordAbout, WordConsents, WordWithdraw, WordGoOn, WordThanks, WordQuiet, WordRemind}
	for said, word := range synonyms {
		words = append(words, said, word)
	}
	for _, x := range slices.Concat(f.Whenever, step.Exits) {
		words = append(append(words, x.On.words...), x.On.pick)
	}
	for _, word := range words {
		if isBranchName(word) {
			t.Errorf("%q could be the name of a branch", word)
		}
	}
}

// TestFoundIsSmall: however much a list has, a case and a message hold what is
// found.
func TestFoundIsSmall(t *testing.T) {
	q := BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: "西湖"}
	var all []Branch
	for i := range 10_000 {
		all = append(all, Branch{Code: fmt.Sprintf("10233100%04d", i%9000), Name: strings.Repeat("长", 54) + fmt.Sprintf("%04d", i) + "支行"})
	}
	found := q.Found(all)
	if len(found.Branches) != branchesShown || !found.More {
		t.Fatalf("%d are found, more %t", len(found.Branches), found.More)
	}
	if n := len(listed(found.Branches)); n > 8*200 {
		t.Errorf("the case holds %d bytes of them", n)
	}
	c := Case{At: CompanyBranch, Form: Form{KeyProofBank: Conceal(q.Bank), KeyBranchFound: Conceal(listed(found.Branches))}}
	choices := Manual(testPhone).Question(c).Choices
	if len(choices) != branchesShown+2 {
		t.Errorf("%d choices", len(choices))
	}
	for _, choice := range choices {
		if utf8.RuneCountInString(choice.Label) > 60 {
			t.Errorf("the label %q is long", choice.Label)
		}
	}
}

// TestTheVeryBranch: one whose name is what was typed, whatever of bank and city
// was left out, stands first, and is known to be it.
func TestTheVeryBranch(t *testing.T) {
	square := Branch{Code: "102331000003", Name: "中国工商银行股份有限公司杭州西湖文化广场支行"}
	lake := Branch{Code: "102331000002", City: "杭州市", Name: "中国工商银行股份有限公司杭州西湖支行"}
	twin := Branch{Code: "102331000004", City: "杭州市", Name: "中国工商银行杭州市西湖支行"}
	away := Branch{Code: "102332000002", City: "宁波市", Name: "中国工商银行股份有限公司西湖支行"}
	for _, tt := range []struct {
		name string
		list []Branch
		want string
	}{
		{"西湖支行", []Branch{square, lake}, lake.Code},
		{"工行杭州西湖支行", []Branch{square, lake}, lake.Code},
		{"西湖", []Branch{lake}, ""},
		{"西湖支行", []Branch{lake, twin}, ""},
		{"西湖支行", []Branch{away}, ""},
		{"", []Branch{lake}, ""},
	} {
		q := BranchQuery{Bank: "中国工商银行", Province: "浙江省", City: "杭州市", Name: tt.name}
		found := q.Found(tt.list)
		if got := found.Exact; got != (tt.want != "") || got && found.Branches[0].Code != tt.want {
			t.Errorf("%q of %v: %+v, want %q", tt.name, tt.list, found, tt.want)
		}
	}
}

func FuzzFound(f *testing.F) {
	f.Add("中国工商银行", "浙江省", "杭州市", "西湖支行", "102331000002", "中国工商银行杭州西湖支行")
	f.Add("杭州银行", "浙江省", "", "文三", "313331000014", "杭州银行股份有限公司示例支行")
	f.Fuzz(func(t *testing.T, bank, province, city, name, code, listedName string) {
		q := BranchQuery{bank, province, city, name}
		found := q.Found([]Branch{{Code: code, Bank: bank, City: city, Name: listedName}})
		if got := branchesIn(listed(found.Branches)); len(got) != len(found.Branches) {
			t.Fatalf("%+v becomes %+v", found.Branches, got)
		}
		form := Form{KeyProofBank: Conceal(bank), KeyBranchFound: Conceal(listed(found.Branches))}
		for _, label := range branchLabels(form) {
			form[KeyBranchSaid] = Conceal(label)
			if b, ok := saidBranch(form); !ok || b.Code != found.Branches[0].Code {
				t.Errorf("the choice %q is %+v, %t", label, b, ok)
			}
		}
	})
}

// TestBranchesAreNoQuestions: what names a branch is read, and what asks about one
// is answered.
func TestBranchesAreNoQuestions(t *testing.T) {
	f := Manual(testPhone)
	c := Case{At: CompanyBranchWords, Entry: "e0", Form: Form{KeyProofBank: Conceal("中国工商银行"), KeyProofProvince: Conceal("浙江省")}}
	for text, want := range map[string]string{
		"杭州文三支行": "answers / take the words", "文三": "answers / take the words", "解放路支行": "answers / take the words", "发展大道支行": "answers / take the words",
		"中国工商银行股份有限公司杭州开元支行": "answers / take the words", "102331002026": "answers [a code] / take the code", "1023 3100 2026": "answers [a code] / take the code",
		"联行号102331002026": "answers [a code] / take the code", "联行号：102331002026": "answers [a code] / take the code", "支行：杭州文三支行": "answers / take the words",
		"支行名称是文三支行": "answers / take the words", "联行号在哪里看": "asked branch", "不知道联行号怎么办": "asked branch", "帮助": "help", "人工": "call an agent", "返回": "back",
	} {
		if out := f.Decide(c, said(text, "")); out.Via != want {
			t.Errorf("%s: %s, want %s", text, out.Via, want)
		}
	}
}
