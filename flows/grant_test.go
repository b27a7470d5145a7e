package flows

import (
	"strings"
	"testing"
)

// TestHolderWhyNot holds what an account must say of its holder to prove a
// company (M52), and that nobody is told whose a stranger's account is.
func TestHolderWhyNot(t *testing.T) {
	org := Organisation{Name: Conceal("杭州甲（浙江）科技有限公司"), CreditCode: Conceal("91330106MA0000015K")}
	good := Holder{Company: true, Certified: true, Name: org.Name, CreditCode: org.CreditCode}
	tests := []struct {
		name   string
		change func(*Holder)
		want   string // part of the reason; empty when it proves the company
	}{
		{"the company's own", func(*Holder) {}, ""},
		{"written with other brackets", func(h *Holder) { h.Name = Conceal("杭州甲(浙江)科技有限公司") }, ""},
		{"without a licence that we may see", func(h *Holder) { h.CreditCode = Secret{} }, ""},
		{"a person's of the company's name", func(h *Holder) { h.Company = false }, "个人支付宝"},
		{"not certified", func(h *Holder) { h.Certified = false }, "还没有完成实名"},
		{"another company's", func(h *Holder) { h.Name = Conceal("宁波乙贸易有限公司") }, "不是 杭州甲"},
		{"nobody's", func(h *Holder) { h.Name = Secret{} }, "不是 杭州甲"},
		{"a company of the same name", func(h *Holder) { h.CreditCode = Conceal("91350100M000100Y43") }, "信用代码与填写的不一致"},
	}
	for _, tt := range tests {
		h := good
		tt.change(&h)
		why := h.WhyNot(org)
		if (why == "") != (tt.want == "") || !strings.Contains(why, tt.want) || strings.Contains(why, "宁波乙") || strings.Contains(why, "91350100M000100Y43") {
			t.Errorf("%s: WhyNot = %q, want %q in it", tt.name, why, tt.want)
		}
	}
}
