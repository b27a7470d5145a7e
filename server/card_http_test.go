package server

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"certdesk/flows"
)

var cardLink = regexp.MustCompile(`href="([^"]*/f/[^"]*)"`)

// passesOn is the address of the card in what the chat says now.
func (c *citizen) passesOn() string {
	c.t.Helper()
	m := cardLink.FindStringSubmatch(html.UnescapeString(c.says("到哪了")))
	if m == nil {
		c.t.Fatalf("the chat has no card for the colleague")
	}
	return m[1]
}

// tellsBy sends the card in, as a browser that opened it does.
func (c *citizen) tellsBy(colleague *http.Client, address, amount string) (int, string) {
	c.t.Helper()
	_, page := c.opens(colleague, address)
	sheet := url.Values{"amount": {amount}}
	for _, m := range formToken.FindAllStringSubmatch(page, -1) {
		sheet.Set("_"+m[1], html.UnescapeString(m[2]))
	}
	got, err := colleague.PostForm(address, sheet)
	if err != nil {
		c.t.Fatal(err)
	}
	return got.StatusCode, c.read(got)
}

// TestTheCardForAColleague passes a card on: it shows what a colleague has to
// know and no more, takes the amount, and shows nothing when it is not their turn.
func TestTheCardForAColleague(t *testing.T) {
	n := newTown(t)
	c := n.citizens(t)[0]
	colleague := otherBrowser(t)
	c.namesCompany()
	nothing := n.links.card(c.talk().ID)
	if status, page := c.opens(colleague, nothing); status != http.StatusNotFound || !strings.Contains(page, "没有要财务办的事") {
		t.Errorf("before there is anything to do: %d\n%s", status, page)
	}

	c.says("对公汇款")
	c.says("同意")
	c.reaches(flows.CompanyTransfer)
	address := c.passesOn()
	_, page := c.opens(colleague, address)
	account := c.talk().Case.Form.Text(flows.KeyPayeeAccount)
	if !strings.Contains(page, account) || !strings.Contains(page, "0.01 元") || !strings.Contains(page, c.Company.Name) || strings.Contains(page, "<form") {
		t.Errorf("the card of a transfer\n%s", page)
	}

	c.says("返回")
	c.says("改为你们汇款给我们")
	c.fills(map[flows.Key]string{
		flows.KeyProofAccount: c.Company.Account, flows.KeyProofBank: "中国建设银行", flows.KeyProofProvince: "浙江省",
		flows.KeyProofCity: "杭州市", flows.KeyProofBranch: "杭州西湖支行",
	})
	c.reaches(flows.CompanyBranchCode)
	c.says("按填写的支行汇款")
	c.says("确认汇款")
	c.reaches(flows.CompanyAmount)
	_, page = c.opens(colleague, address)
	for _, private := range []string{c.Name, c.Mobile, c.Login, c.IDNumber, c.Company.Account, account} {
		if strings.Contains(page, private) {
			t.Errorf("the card shows %q", private)
		}
	}
	if !strings.Contains(page, "还可以填的次数：3") || !strings.Contains(page, "账户验证") {
		t.Errorf("the card of an amount\n%s", page)
	}
	c.stays(func() {
		if status, page := c.tellsBy(colleague, address, "十元"); status != http.StatusOK || !strings.Contains(page, "0.99") || !strings.Contains(page, "十元") {
			t.Errorf("what is no such amount: %d\n%s", status, page)
		}
		for _, other := range []string{n.base + "/f/none", n.base + "/f/" + strings.TrimPrefix(c.link(), "/h5/s/")} {
			if status, _ := c.opens(colleague, other); status != http.StatusNotFound {
				t.Errorf("%s is answered with %d, want 404", other, status)
			}
		}
		c.clock.later(cardLife+time.Hour, func() {
			if status, page := c.opens(colleague, address); status != http.StatusNotFound || !strings.Contains(page, "已过期") {
				t.Errorf("after its time: %d\n%s", status, page)
			}
		})
	})

	var arrivals []struct{ Amount, Status string }
	c.wait(t, "the money to arrive", func() bool {
		n.learns(t, "/world/bank/arrivals", &arrivals)
		return arrivals[len(arrivals)-1].Status == "SUCCESS"
	})
	right := arrivals[len(arrivals)-1].Amount
	wrong := "0.11"
	if right == wrong {
		wrong = "0.12"
	}
	c.tellsBy(colleague, address, wrong)
	c.wait(t, "the wrong amount to be counted", func() bool {
		_, page := c.opens(colleague, address)
		return strings.Contains(page, "还可以填的次数：2") && strings.Contains(page, "金额不对，还可以填2次")
	})
	c.tellsBy(colleague, address, right)
	c.reaches(flows.ServiceChoose)
	if status, page := c.opens(colleague, address); status != http.StatusNotFound || !strings.Contains(page, "单位认证已通过") {
		t.Errorf("after the proof: %d\n%s", status, page)
	}
}
