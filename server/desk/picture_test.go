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
	h.town.printed = map[string]string{"m2": "收货人：王小明 13800138000\n身份证 11010519491231002X"}
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
	sends("m2", "已从图片里读到：收货人姓名、收货人手机")
	known := h.talk().Case.Form
	if known.Text(flows.KeyRecipient) != "王小明" || known.Text(flows.KeyToMobile) != "13800138000" {
		t.Errorf("proposed %q, %q", known.Text(flows.KeyRecipient), known.Text(flows.KeyToMobile))
	}
	for key, value := range known {
		if key != flows.KeyIDNumber && strings.Contains(value.Reveal(), "11010519491231002X") {
			t.Errorf("%s keeps what no page asked for", key)
		}
	}
}
