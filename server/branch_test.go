package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/ledger"
)

var branchButton = regexp.MustCompile(`name="_choice" value="([^"]+)"[^>]*>([^<]+)</button>`)

// TestABranchIsChosenInABrowser goes from the account's page to the account being
// read back without a chat and without a script: what the page says does not fit
// is said there, and what was found is a row of buttons.
func TestABranchIsChosenInABrowser(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	list := ledger.BranchFile{Digest: "f", By: "li", Branches: []flows.Branch{
		{Code: "105331000017", Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行股份有限公司杭州西湖支行"},
		{Code: "105331000025", Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行股份有限公司杭州西湖文化广场支行"},
	}}
	if _, err := n.book.EnterBranches(t.Context(), list, n.now()); err != nil {
		t.Fatal(err)
	}
	c.namesCompany()
	c.says("对公汇款")
	c.says("改为你们汇款给我们")
	account := map[flows.Key]string{
		flows.KeyProofAccount: c.Company.Account, flows.KeyProofBank: "建行", flows.KeyProofProvince: "浙江省",
		flows.KeyProofCity: "杭州", flows.KeyProofBranch: "西湖", flows.KeyProofCode: "103331000017",
	}
	path, sheet := c.sheet(account)
	if got, page := c.sends(path, sheet); got.StatusCode != http.StatusOK || !strings.Contains(page, "联行号与填写的开户银行或省份对不上") || !strings.Contains(page, `value="西湖"`) {
		t.Errorf("a code of another bank: %d\n%s", got.StatusCode, page)
	}
	delete(account, flows.KeyProofCode)
	c.fills(account)
	c.reaches(flows.CompanyBranch)
	buttons := func() map[string]string {
		_, page := c.ask(t, "GET", c.link(), "", nil)
		found := map[string]string{}
		for _, m := range branchButton.FindAllStringSubmatch(page, -1) {
			found[m[2]] = m[1]
		}
		return found
	}
	press := func(label string) {
		path, sheet := c.sheet(nil)
		sheet.Set("_choice", buttons()[label])
		c.sends(path, sheet)
	}
	offered := buttons()
	for _, label := range []string{"杭州西湖支行", "杭州西湖文化广场支行", "都不是，换个关键词", "不在里面，按我填写的汇款"} {
		if offered[label] == "" {
			t.Errorf("there is no button %s: %v", label, offered)
		}
	}
	press("都不是，换个关键词")
	c.reaches(flows.CompanyBranchWords)
	path, sheet = c.sheet(map[flows.Key]string{flows.KeyBranchSaid: "103331000017"})
	if got, page := c.sends(path, sheet); got.StatusCode != http.StatusOK || !strings.Contains(page, "联行号与填写的开户银行或省份对不上") {
		t.Errorf("a code of another bank: %d\n%s", got.StatusCode, page)
	}
	c.fills(map[flows.Key]string{flows.KeyBranchSaid: "西湖文化"})
	c.reaches(flows.CompanyBranch)
	press("杭州西湖文化广场支行")
	c.reaches(flows.CompanyConfirm)
	if got := c.talk().Case.Form.Text(flows.KeyProofCode); got != "105331000025" {
		t.Errorf("the branch is %s", got)
	}
}

// TestBranchesOfAProvider wires e签宝, in the operator's own name: it is asked
// before the operator's list, there is one flow for all searches, and the list is
// there when it fails.
func TestBranchesOfAProvider(t *testing.T) {
	n := newTown(t, "ESIGN_ORG_NAME=杭州某某信息科技有限公司", "ESIGN_ORG_CODE=91330106MA0000015K", "ESIGN_ORG_REPRESENTATIVE=周敏")
	own := flows.Branch{Code: "105331000017", Bank: "中国建设银行", Province: "浙江省", City: "杭州市", Name: "中国建设银行杭州西湖支行"}
	if _, err := n.book.EnterBranches(t.Context(), ledger.BranchFile{Digest: "f", By: "li", Branches: []flows.Branch{own}}, n.now()); err != nil {
		t.Fatal(err)
	}
	c := n.citizens(t)[0]
	c.namesCompany()
	c.says("对公汇款")
	c.says("改为你们汇款给我们")
	finds := func(branch, want string) {
		t.Helper()
		c.fills(map[flows.Key]string{
			flows.KeyProofAccount: c.Company.Account, flows.KeyProofBank: "建行", flows.KeyProofProvince: "浙江省",
			flows.KeyProofCity: "杭州市", flows.KeyProofBranch: branch,
		})
		c.reaches(flows.CompanyBranch)
		if got := c.talk().Case.Form.Text(flows.KeyBranchFound); !strings.HasPrefix(got, want) {
			t.Errorf("%s: found %q, want %s first", branch, got, want)
		}
		c.says("返回")
		c.reaches(flows.CompanyAccount)
	}
	finds("西湖", "105331000092")
	flow, err := n.talks.Shelf().Flow(t.Context())
	if err != nil || flow == "" {
		t.Errorf("the flow is %q, %v", flow, err)
	}
	finds("西湖第二", "105331000095")
	if again, err := n.talks.Shelf().Flow(t.Context()); again != flow || err != nil {
		t.Errorf("the second search is in flow %q, %v, want %q", again, err, flow)
	}
	n.tells(t, "/world/faults", map[string]any{"partner": "esign", "fault": "down", "times": 1}, nil)
	finds("西湖", own.Code)
	if may, err := n.talks.Shelf().MayOpen(t.Context()); may || err != nil {
		t.Errorf("another flow may be opened at once: %t, %v", may, err)
	}
}

// TestASearcherIsWhole refuses half an organisation to search for.
func TestASearcherIsWhole(t *testing.T) {
	if _, err := ConfigFrom([]string{prefix + "ESIGN_ORG_NAME=杭州某某信息科技有限公司", prefix + "ESIGN_APP_ID=1"}); err == nil || !strings.Contains(err.Error(), "ESIGN_ORG_NAME") {
		t.Errorf("a name alone: %v", err)
	}
	if _, err := ConfigFrom(nil); err == nil || strings.Contains(err.Error(), "ESIGN_ORG") {
		t.Errorf("none: %v", err)
	}
}
