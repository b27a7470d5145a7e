package flows

import "testing"

func TestFindBank(t *testing.T) {
	for text, want := range map[string]string{
		"工行": "102", "中国工商银行": "102", "中国工商银行杭州文三支行": "102", "中国农业发展银行杭州支行": "203",
		"农业银行": "103", "中国银行": "104", "浦发": "310", "广发银行 北京分行": "306", "杭州联合农村商业银行": "314",
		"": "", "银行": "", "兴业路支行": "", "火星银行": "",
	} {
		if got, ok := FindBank(text); got.Code != want || ok != (want != "") {
			t.Errorf("FindBank(%q) = %q, %v, want %q", text, got.Code, ok, want)
		}
	}
	for _, name := range Banks() {
		if got, _ := FindBank(name); got.Name != name {
			t.Errorf("FindBank(%q) = %q", name, got.Name)
		}
	}
}

func TestReadBranchCode(t *testing.T) {
	for text, want := range map[string]BranchCode{
		"102331002026":   {Digits: "102331002026", Bank: "中国工商银行", Region: "浙江省"},
		"1021 0009 9996": {Digits: "102100099996", Bank: "中国工商银行", Region: "北京市"},
		"３０８584001024":   {Digits: "308584001024", Bank: "招商银行", Region: "广东省"},
		"313331000014":   {Digits: "313331000014", Region: "浙江省"}, // a city's bank: the code does not say which
		"501290000012":   {Digits: "501290000012", Region: "上海市", Foreign: true},
		"103899000018":   {Digits: "103899000018", Bank: "中国农业银行", Region: "新疆维吾尔自治区"},
	} {
		if got, err := ReadBranchCode(text); err != nil || got != want {
			t.Errorf("ReadBranchCode(%q) = %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10233100202", "1023310020261", "10233100202X", "902331002026", "101331002026", "102001002026", "102951002026"} {
		if got, err := ReadBranchCode(text); err == nil {
			t.Errorf("ReadBranchCode(%q) = %+v, want a refusal", text, got)
		}
	}
}

// TestPublishedCodes are clearing codes of head offices and of banks of one place,
// as merchants are given them by the firms that collect for them: the bank by
// the first three digits, the province by the next two.
func TestPublishedCodes(t *testing.T) {
	for code, want := range map[string][2]string{
		"103100000026": {"中国农业银行", "北京市"}, "104100000004": {"中国银行", "北京市"}, "105100000017": {"中国建设银行", "北京市"},
		"301290000007": {"交通银行", "上海市"}, "302100011000": {"中信银行", "北京市"}, "303100000006": {"中国光大银行", "北京市"},
		"304521041448": {"华夏银行", "湖北省"}, "305100000013": {"中国民生银行", "北京市"}, "306581000003": {"广发银行", "广东省"},
		"307584007998": {"平安银行", "广东省"}, "308584000013": {"招商银行", "广东省"}, "309391000011": {"兴业银行", "福建省"},
		"310290000013": {"上海浦东发展银行", "上海市"}, "315456000105": {"恒丰银行", "山东省"}, "316331000018": {"浙商银行", "浙江省"},
		"317110010019": {"天津农村商业银行", "天津市"}, "318110000014": {"渤海银行", "天津市"}, "319361000013": {"徽商银行", "安徽省"},
		"321667090019": {"重庆三峡银行", "四川省、重庆市"}, "322290000011": {"上海农村商业银行", "上海市"}, "325290000012": {"上海银行", "上海市"},
		"403100000004": {"中国邮政储蓄银行", "北京市"}, "401225000017": {"", "辽宁省"}, "402433000016": {"", "江西省"},
		"313148053964": {"", "河北省"}, "313175000011": {"", "山西省"}, "313205057830": {"", "内蒙古自治区"}, "314249000011": {"", "吉林省"},
		"320272338019": {"", "黑龙江省"}, "313312300018": {"", "江苏省"}, "313345400010": {"", "浙江省"}, "402475901106": {"", "山东省"},
		"320515000011": {"", "河南省"}, "320537303517": {"", "湖北省"}, "314567010019": {"", "湖南省"}, "313602088017": {"", "广东省"},
		"320633100011": {"", "广西壮族自治区"}, "402641000014": {"", "海南省"}, "320687500011": {"", "四川省、重庆市"}, "314709372782": {"", "贵州省"},
		"402755000080": {"", "云南省"}, "313770000016": {"", "西藏自治区"}, "313791030003": {"", "陕西省"}, "320824275019": {"", "甘肃省"},
		"313851000018": {"", "青海省"}, "320874140215": {"", "宁夏回族自治区"}, "320902800016": {"", "新疆维吾尔自治区"},
	} {
		got, err := ReadBranchCode(code)
		if err != nil || got.Bank != want[0] || got.Region != want[1] {
			t.Errorf("ReadBranchCode(%s) = %q in %q, %v, want %q", code, got.Bank, got.Region, err, want)
		}
	}
	for _, code := range []string{"501290000012", "502290000006", "531290088881", "593100000020", "671290000017"} {
		if got, err := ReadBranchCode(code); err != nil || !got.Foreign {
			t.Errorf("ReadBranchCode(%s) = %+v, %v, want a bank with foreign money", code, got, err)
		}
	}
}
