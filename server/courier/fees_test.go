package courier_test

import (
	"errors"
	"testing"

	"certdesk/flows"
	"certdesk/server/courier"
)

func TestFee(t *testing.T) {
	want := map[flows.Fen]int{1200: 3, 1400: 1, 1800: 24, 2000: 1, 2100: 1, 2500: 1}
	provinces := []string{
		"北京市", "天津市", "河北省", "山西省", "内蒙古自治区", "辽宁省", "吉林省", "黑龙江省", "上海市", "江苏省", "浙江省",
		"安徽省", "福建省", "江西省", "山东省", "河南省", "湖北省", "湖南省", "广东省", "广西壮族自治区", "海南省", "重庆市",
		"四川省", "贵州省", "云南省", "西藏自治区", "陕西省", "甘肃省", "青海省", "宁夏回族自治区", "新疆维吾尔自治区",
	}
	got := map[flows.Fen]int{}
	for _, province := range provinces {
		fee, err := courier.Fee(province)
		if err != nil {
			t.Errorf("Fee(%s): %v", province, err)
		}
		got[fee]++
	}
	for fee, n := range want {
		if got[fee] != n {
			t.Errorf("%d provinces cost %s, want %d", got[fee], fee, n)
		}
	}
}

func TestFeeRefuses(t *testing.T) {
	for _, province := range []string{"香港特别行政区", "澳门特别行政区", "台湾省", "", "江苏"} {
		fee, err := courier.Fee(province)
		no, ok := errors.AsType[*flows.RefusedError](err)
		if !ok || no.Public == "" || fee != 0 {
			t.Errorf("Fee(%q) = %s, %v, want a refusal with words", province, fee, err)
		}
	}
}
