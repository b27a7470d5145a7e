package desk_test

import (
	"strings"
	"testing"

	"certdesk/flows"
)

// TestAPersonWithoutAFace is refused by the mobile, which is not theirs, and
// proved by the card.
func TestAPersonWithoutAFace(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	who := flows.Person{Name: flows.Conceal("王小明"), IDNumber: flows.Conceal("11010519491231002X")}
	h.town.registered("13800138000", "6222020000000000000", who)
	told := func(words string) func() bool {
		return func() bool {
			h.town.mu.Lock()
			defer h.town.mu.Unlock()
			return strings.Contains(strings.Join(h.town.said, "\n"), words)
		}
	}
	h.says("立即实名")
	h.says("换一种方式")
	h.says("用手机号认证")
	h.fills(form("name", "王小明", "id", "11010519491231002X", "consent", "on"))
	h.until("the mobile's no", told("登记的信息与您填写的不一致"))
	h.reaches(flows.PersonMethod)
	h.says("用银行卡认证")
	h.fills(form("name", "王小明", "id", "11010519491231002X", "bankcard", "6222020000000000000", "consent", "on"))
	h.until("the proof", func() bool { return h.talk().Case.Form.Has(flows.KeyPersonProved) })
	if h.talk().Case.Form.Has(flows.KeyBankCard) {
		t.Error("the card is still known to the talk")
	}
	h.town.mu.Lock()
	defer h.town.mu.Unlock()
	if h.town.asked != 2 {
		t.Errorf("%d comparisons, want two", h.town.asked)
	}
}
