package desk_test

import (
	"testing"

	"certdesk/flows"
)

// TestACompanyTellsTheAmount walks a company to its proof by money that we
// send: a wrong amount, a bank that sends the money back, another account, and
// the right amount. A job done again, and the loss of Redis, send nothing twice.
func TestACompanyTellsTheAmount(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.handlerProved()
	h.says("对公汇款")
	h.says("平台打款")
	account := func(number string) {
		h.fills(form("pacct", number, "pbank", "中国建设银行", "pprov", "浙江省", "pcity", "杭州市", "pbranch", "杭州西湖支行"))
		h.reaches(flows.CompanyBranchCode) // nobody has a list
		h.says("按填写的支行汇款")
		h.says("确认汇款")
		h.reaches(flows.CompanyAmount)
	}
	account("33001616781053000001")
	first := h.town.payouts()[0]
	h.redis.FlushAll() // the ledger knows that the money is out
	h.says("到哪了")
	h.reaches(flows.CompanyAmount)
	h.says((first.Amount%90 + 10).String())
	h.reaches(flows.CompanyAmount)
	h.says("没有收到")
	h.town.mu.Lock()
	h.town.returned = true
	h.town.mu.Unlock()
	if err := h.desk.PayoutChanged(t.Context(), "nobody's"); err != nil {
		t.Errorf("news of a payout that is nobody's: %v", err)
	}
	if err := h.desk.PayoutChanged(t.Context(), first.Number); err != nil {
		t.Error(err)
	}
	h.reaches(flows.CompanyAccount)
	h.town.mu.Lock()
	h.town.returned = false
	h.town.mu.Unlock()
	account("33001616781053000002")
	for _, p := range h.town.payouts() {
		if p.Number == first.Number {
			continue
		}
		if p.Account.Reveal() != "33001616781053000002" || p.Name.Reveal() != "杭州某某信息科技有限公司" {
			t.Errorf("the second payout is %+v", p)
		}
		h.says("财务查到的金额是" + p.Amount.String() + "元")
	}
	h.reaches(flows.ServiceChoose)
	if n := len(h.town.payouts()); n != 2 {
		t.Errorf("%d payouts were sent, want 2", n)
	}
}

// handlerProved walks to where a company has been named by a handler who is
// proved.
func (h *house) handlerProved() {
	h.t.Helper()
	h.says("你好")
	h.says("企业证书")
	h.says("我知道了")
	h.fills(form("login", "13800138000", "mobile", "13800138000"))
	h.until("an SMS", func() bool { return h.town.code() != "" })
	h.fills(form("code", h.town.code(), "password", "$argon2id$v=19$x", "password2", "$argon2id$v=19$x", "terms", "on", "duty", "on",
		"org", "杭州某某信息科技有限公司", "org2", "杭州某某信息科技有限公司"))
	h.reaches(flows.PersonStart)
	h.showsFace()
	h.reaches(flows.CompanyPage)
	h.fills(form("uscc", "91330106MA0000015K"))
	h.reaches(flows.CompanyMethod)
}
