package desk_test

import (
	"strings"
	"testing"

	"certdesk/flows"
)

// TestAPictureIsRead for what the page asks, and for nothing else that is on it.
func TestAPictureIsRead(t *testing.T) {
	h := newHouse(t)
	h.work(h.desk)
	h.registers()
	h.proves()
	h.says("1")
	h.fills(form()) // the invoice
	h.town.printed = map[string]string{"m2": "姓名 王小明\n公民身份号码 11010519491231002X\n住址 浙江省杭州市西湖区文三路90号\n电话 13800138000"}
	sends := func(picture, words string) {
		t.Helper()
		_, err := h.desk.Handle(t.Context(), h.identity(), h.event(flows.Sent{Media: "image", Picture: flows.Conceal(picture)}))
		if err != nil {
			t.Fatal(err)
		}
		h.until(words, func() bool {
			h.town.mu.Lock()
			defer h.town.mu.Unlock()
			return strings.Contains(strings.Join(h.town.said, "\n"), words)
		})
	}
	sends("m1", "没有从图片里读到要填的内容")
	sends("m2", "已从图片里读到：收货人姓名、省份、城市、区县、详细地址、收货人手机")
	on := h.talk().Case.Proposed
	if on.Text(flows.KeyRecipient) != "王小明" || on.Text(flows.KeyToMobile) != "13800138000" || on.Text(flows.KeyDetail) != "文三路90号" {
		t.Errorf("proposed %q, %q, %q", on.Text(flows.KeyRecipient), on.Text(flows.KeyToMobile), on.Text(flows.KeyDetail))
	}
	for key, value := range on {
		if strings.Contains(value.Reveal(), "19491231") {
			t.Errorf("%s keeps of the identity card what no page asks for", key)
		}
	}
}
