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
