package desk_test

import (
	"errors"
	"fmt"
	"testing"

	"certdesk/flows"
	"certdesk/server/ledger"
)

// account fills in the account's page for a branch by some words of its name.
func (h *house) account(branch string) {
	h.t.Helper()
	h.fills(form("pacct", "33001616781053000001", "pbank", "建行", "pprov", "浙江省", "pcity", "杭州市", "pbranch", branch))
}

// lists gives the operator's list branches of the bank in the city.
func (h *house) lists(names ...string) {
	h.t.Helper()
	f := ledger.BranchFile{Digest: fmt.Sprint(names), By: "li"}
	for i, name := range names {
		f.Branches = append(f.Branches, flows.Branch{
			Code: fmt.Sprintf("1053310000%02d", i), Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行股份有限公司杭州" + name,
		})
	}
	if _, err := h.book.EnterBranches(h.t.Context(), f, h.now()); err != nil {
		h.t.Fatal(err)
	}
}

// TestACompanyChoosesItsBranch walks from the page to the payout by the
// operator's list: what was chosen is what the money is sent to, and a loss of
// Redis on the way loses the list that was shown, and nothing else.
func TestACompanyChoosesItsBranch(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.lists("西湖支行", "西湖文化广场支行", "武林支行")
	h.handlerProved()
	h.says("对公汇款")
	h.says("平台打款")
	h.account("西湖")
	h.reaches(flows.CompanyBranch)
	h.redis.FlushAll()
	h.says("到哪了")
	h.reaches(flows.CompanyBranch)
	h.says("都不是")
	h.says("西湖文化")
	h.reaches(flows.CompanyBranch)
	h.says("1")
	h.until("the choice to be in the ledger", func() bool {
		facts, err := h.book.Facts(t.Context(), h.id())
		return err == nil && facts.Form.Has(flows.KeyProofCode)
	})
	h.redis.FlushAll()
	h.says("到哪了")
	h.reaches(flows.CompanyConfirm)
	h.says("确认汇款")
	h.reaches(flows.CompanyAmount)
	for _, p := range h.town.payouts() {
		if p.BranchCode != "105331000001" || p.Branch != "中国建设银行股份有限公司杭州西湖文化广场支行" {
			t.Errorf("the payout goes to %q, %s", p.BranchCode, p.Branch)
		}
	}
	if h.talk().Case.Form.Has(flows.KeyBranchFound) {
		t.Error("the case still has what was to choose from")
	}
}

// TestTheVeryBranchIsNotAsked goes from the page to the account being read back.
func TestTheVeryBranchIsNotAsked(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.lists("西湖支行", "西湖文化广场支行")
	h.handlerProved()
	h.says("对公汇款")
	h.says("平台打款")
	h.account("建行西湖支行")
	h.reaches(flows.CompanyConfirm)
	if code := h.talk().Case.Form.Text(flows.KeyProofCode); code != "105331000000" {
		t.Errorf("the branch is %q", code)
	}
}

// TestAnUntypedBranchIsNotGuessed: of a branch that the applicant did not find in
// the list the code is not looked up behind their back.
func TestAnUntypedBranchIsNotGuessed(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.lists("西湖文化广场支行")
	h.handlerProved()
	h.says("对公汇款")
	h.says("平台打款")
	h.account("西湖")
	h.reaches(flows.CompanyBranch)
	h.says("不在里面")
	h.says("确认汇款")
	h.reaches(flows.CompanyAmount)
	for _, p := range h.town.payouts() {
		if p.BranchCode != "" || p.Branch != "西湖" {
			t.Errorf("the payout goes to %q, %s", p.BranchCode, p.Branch)
		}
	}
}

// TestWhoHasTheList: a provider is asked before the operator's list, which is
// asked when the provider fails or has nothing that fits. However much a provider
// sends, a case holds what people can choose from.
func TestWhoHasTheList(t *testing.T) {
	var many, foreign []flows.Branch
	for i := range 10_000 {
		many = append(many, flows.Branch{Code: fmt.Sprintf("10533100%04d", i%10_000), Bank: "中国建设银行", Name: fmt.Sprintf("中国建设银行西湖%d支行", i)})
		foreign = append(foreign, flows.Branch{Code: fmt.Sprintf("10333100%04d", i), Bank: "中国农业银行", Name: fmt.Sprintf("中国农业银行西湖\n%d支行", i)})
	}
	for name, tt := range map[string]struct {
		provider []flows.Branch
		fails    error
		listed   bool
		at       flows.State
		choices  int
		searched int
	}{
		"nobody":                         {nil, nil, false, flows.CompanyBranchCode, 2, 1},
		"the operator":                   {nil, nil, true, flows.CompanyBranch, 3, 1},
		"the provider":                   {many[:2], nil, true, flows.CompanyBranch, 4, 1},
		"a provider that has too many":   {many, nil, true, flows.CompanyBranch, 10, 1},
		"a provider of another bank":     {foreign, nil, true, flows.CompanyBranch, 3, 1},
		"a provider that fails":          {nil, errors.New("no"), true, flows.CompanyBranch, 3, 1},
		"a provider that fails, alone":   {nil, errors.New("no"), false, flows.CompanyBranchCode, 2, 1},
		"a provider that knows no other": {[]flows.Branch{}, nil, false, flows.CompanyBranchWords, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.town.branches, h.town.unlisted = tt.provider, tt.fails
			h.work(h.desk)
			if tt.listed {
				h.lists("西湖支行")
			}
			h.handlerProved()
			h.says("对公汇款")
			h.says("平台打款")
			h.account("西湖")
			h.reaches(tt.at)
			_, question, err := h.desk.Look(t.Context(), h.id())
			if err != nil || len(question.Choices) != tt.choices {
				t.Errorf("%d choices, want %d: %v, %v", len(question.Choices), tt.choices, question.Choices, err)
			}
			h.town.mu.Lock()
			defer h.town.mu.Unlock()
			if h.town.searched != tt.searched {
				t.Errorf("the provider was asked %d times, want %d", h.town.searched, tt.searched)
			}
			if n := len(h.talk().Case.Form.Text(flows.KeyBranchFound)); n > 1000 {
				t.Errorf("the case holds %d bytes of branches", n)
			}
		})
	}
}
