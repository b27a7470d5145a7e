package desk_test

import (
	"errors"
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/desk"
)

var (
	worksAccount = flows.Holder{
		Company: true, Certified: true,
		Name: flows.Conceal("杭州某某信息科技有限公司"), CreditCode: flows.Conceal("91330106MA0000015K"),
	}
	ownAccount = flows.Holder{Certified: true, Name: flows.Conceal("王小明")}
)

// granted lets a holder agree to the grant that the talk waits for.
func (h *house) granted(account flows.Holder) (why string, err error) {
	h.t.Helper()
	url := h.talk().Case.Form.Text(flows.KeyGrantURL)
	number := url[len(url)-27:]
	return h.desk.Granted(h.t.Context(), number, h.town.logsIn(account))
}

// TestACompanyShowsItsAccount walks a company to its proof by its own Alipay
// account: a person's account, another company's and an invented code prove
// nothing, the loss of Redis loses nothing, and the right one is enough once.
func TestACompanyShowsItsAccount(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.says("企业支付宝")
	h.says("同意")
	h.reaches(flows.CompanyGrant)
	h.redis.FlushAll()
	h.says("到哪了")
	h.reaches(flows.CompanyGrant)
	other := worksAccount
	other.Name = flows.Conceal("宁波某某贸易有限公司")
	for _, account := range []flows.Holder{ownAccount, other} {
		if why, err := h.granted(account); why == "" || err != nil {
			t.Errorf("an account of somebody else: %q, %v, want a reason", why, err)
		}
	}
	url := h.talk().Case.Form.Text(flows.KeyGrantURL)
	if _, err := h.desk.Granted(t.Context(), url[len(url)-27:], "invented"); !errors.Is(err, desk.ErrWrong) {
		t.Errorf("an invented code: %v, want ErrWrong", err)
	}
	if why, err := h.granted(worksAccount); why != "" || err != nil {
		t.Fatalf("the company's account: %q, %v", why, err)
	}
	h.reaches(flows.ServiceChoose)
	if _, err := h.desk.Granted(t.Context(), url[len(url)-27:], "again"); !errors.Is(err, desk.ErrUsed) {
		t.Errorf("after the proof: %v, want ErrUsed", err)
	}
}

// TestARepresentativeApplies lets the register say what it may of whoever says
// that they are the legal representative.
func TestARepresentativeApplies(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.town.registers(flows.MatchNone)
	h.says("我是法定代表人")
	h.until("the register's no", func() bool {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return strings.Contains(strings.Join(h.town.said, "\n"), "登记的法定代表人不是您本人")
	})
	h.town.registers(flows.MatchName)
	h.says("我是法定代表人")
	h.reaches(flows.CompanyDeclare)
	h.says("同意")
	h.reaches(flows.CompanyGrant)
	if why, err := h.granted(worksAccount); why == "" || err != nil {
		t.Errorf("an account that is not the person's: %q, %v, want a reason", why, err)
	}
	h.town.registers(flows.MatchNone) // changed since
	if why, err := h.granted(ownAccount); why == "" || err != nil {
		t.Errorf("no representative any more: %q, %v, want a reason", why, err)
	}
	h.town.registers(flows.MatchName)
	if why, err := h.granted(ownAccount); why != "" || err != nil {
		t.Fatalf("the representative's account: %q, %v", why, err)
	}
	h.reaches(flows.ServiceChoose)
}

// TestARepresentativePassesAtOnce needs no account when the register knows the
// person by number (M41).
func TestARepresentativePassesAtOnce(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.town.registers(flows.MatchPerson)
	h.says("我是法定代表人")
	h.reaches(flows.ServiceChoose)
}

// TestTheRegisterIsAskedFiveTimesADay by one applicant: each answer costs.
func TestTheRegisterIsAskedFiveTimesADay(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.town.registers(flows.MatchNone)
	told := func(words string) int {
		h.town.mu.Lock()
		defer h.town.mu.Unlock()
		return strings.Count(strings.Join(h.town.said, "\n"), words)
	}
	for n := range 5 {
		h.says("我是法定代表人")
		h.until("a no", func() bool { return told("登记的法定代表人不是您本人") == n+1 })
	}
	h.says("我是法定代表人")
	h.until("that it is enough", func() bool { return told("今天核对的次数太多了") == 1 })
	h.town.mu.Lock()
	defer h.town.mu.Unlock()
	if h.town.looked != 5 {
		t.Errorf("the register was asked %d times, want 5", h.town.looked)
	}
}
