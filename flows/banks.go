package flows

import (
	"cmp"
	"slices"
	"strings"
)

// Banks and their branches, for money that the platform sends. A branch is
// known by twelve digits in the payment system of the central bank (联行号):
// three for the bank, four for the area, four for the branch, one to check.

// Bank is a bank or a family of banks that share the first digits of their
// branches' codes.
type Bank struct {
	Code    string // three digits
	Name    string // in full
	aliases string // what people call it, blank-separated
	family  bool   // many banks share the code, so that it does not tell the bank
}

// banks are the banks that have a code to themselves, and the families. The
// codes are public facts of the payment system; where they were checked is in
// deploy/decisions/0018.
var banks = []Bank{
	{Code: "102", Name: "中国工商银行", aliases: "工商银行 工行"},
	{Code: "103", Name: "中国农业银行", aliases: "农业银行 农行"},
	{Code: "104", Name: "中国银行", aliases: "中行"},
	{Code: "105", Name: "中国建设银行", aliases: "建设银行 建行"},
	{Code: "201", Name: "国家开发银行", aliases: "国开行"},
	{Code: "202", Name: "中国进出口银行", aliases: "进出口银行 口行"},
	{Code: "203", Name: "中国农业发展银行", aliases: "农业发展银行 农发行"},
	{Code: "301", Name: "交通银行", aliases: "交行"},
	{Code: "302", Name: "中信银行", aliases: "中信"},
	{Code: "303", Name: "中国光大银行", aliases: "光大银行 光大"},
	{Code: "304", Name: "华夏银行", aliases: "华夏"},
	{Code: "305", Name: "中国民生银行", aliases: "民生银行 民生"},
	{Code: "306", Name: "广发银行", aliases: "广东发展银行 广发"},
	{Code: "307", Name: "平安银行", aliases: "平安"},
	{Code: "308", Name: "招商银行", aliases: "招行"},
	{Code: "309", Name: "兴业银行", aliases: "兴业"},
	{Code: "310", Name: "上海浦东发展银行", aliases: "浦东发展银行 浦发银行 浦发"},
	{Code: "313", Name: "城市商业银行", family: true},
	{Code: "314", Name: "农村商业银行", family: true},
	{Code: "315", Name: "恒丰银行", aliases: "恒丰"},
	{Code: "316", Name: "浙商银行", aliases: "浙商"},
	{Code: "317", Name: "天津农村商业银行", aliases: "天津农商银行"},
	{Code: "318", Name: "渤海银行", aliases: "渤海"},
	{Code: "319", Name: "徽商银行", aliases: "徽商"},
	{Code: "320", Name: "村镇银行", family: true},
	{Code: "321", Name: "重庆三峡银行", aliases: "三峡银行"},
	{Code: "322", Name: "上海农村商业银行", aliases: "上海农商银行"},
	{Code: "323", Name: "互联网银行", family: true},
	{Code: "325", Name: "上海银行"},
	{Code: "401", Name: "城市信用社", family: true},
	{Code: "402", Name: "农村信用社", aliases: "农信社 信用社", family: true},
	{Code: "403", Name: "中国邮政储蓄银行", aliases: "邮政储蓄银行 邮储银行 邮储"},
}

// Banks lists the names of the banks that can be chosen, in the order of their
// codes.
func Banks() []string {
	names := make([]string, len(banks))
	for i, b := range banks {
		names[i] = b.Name
	}
	return names
}

// FindBank finds a bank by its name, by what people call it, or by the name of
// one of its branches.
func FindBank(text string) (Bank, bool) {
	name := strip(text, " ")
	best, length := Bank{}, 0
	for _, b := range banks {
		for _, known := range append(strings.Fields(b.aliases), b.Name) {
			begins := strings.HasPrefix(name, known) && (name == known || strings.HasSuffix(known, "银行") || strings.HasSuffix(known, "行"))
			if (begins || name == known || b.family && strings.Contains(name, known)) && len(known) > length {
				best, length = b, len(known)
			}
		}
	}
	return best, length > 0
}

// BranchCode is what a branch's code tells without a list of branches.
type BranchCode struct {
	Digits  string
	Bank    string // empty when many banks share the code, or none is known to have it
	Region  string // the province
	Foreign bool   // a bank with foreign money, to which small random amounts may not be sent
}

// ReadBranchCode takes the code of a branch (M75). Whether such a branch exists
// it cannot say: of the code only the length, the bank and the area can be
// checked, for the rule of the last digit is not published.
func ReadBranchCode(text string) (BranchCode, error) {
	const example = "102331002026"
	n := strip(text, " -")
	if len(n) != 12 || !digits(n) {
		return BranchCode{}, &Refusal{"联行号是12位数字，可以向开户行或单位财务询问。", example}
	}
	c := BranchCode{Digits: n, Region: branchRegion(n[3:5]), Foreign: '5' <= n[0] && n[0] <= '7'}
	at := slices.IndexFunc(banks, func(b Bank) bool { return b.Code == n[:3] })
	switch {
	case at >= 0 && !banks[at].family:
		c.Bank = banks[at].Name
	case at < 0 && strings.IndexByte("234567", n[0]) < 0:
		return BranchCode{}, &Refusal{"联行号前3位不是银行的代码，请核对。", example}
	}
	if c.Region == "" {
		return BranchCode{}, &Refusal{"联行号第4、5位不是地区的代码，请核对。", example}
	}
	return c, nil
}

// regions are the provinces by the first two digits of the area, of which each
// has a run that begins here. They are the central bank's, not GB/T 2260.
var regions = []struct{ from, province string }{
	{"10", "北京市"}, {"11", "天津市"}, {"12", "河北省"}, {"16", "山西省"}, {"19", "内蒙古自治区"},
	{"22", "辽宁省"}, {"24", "吉林省"}, {"26", "黑龙江省"}, {"29", "上海市"}, {"30", "江苏省"},
	{"33", "浙江省"}, {"36", "安徽省"}, {"39", "福建省"}, {"42", "江西省"}, {"45", "山东省"},
	{"49", "河南省"}, {"52", "湖北省"}, {"55", "湖南省"}, {"58", "广东省"}, {"61", "广西壮族自治区"},
	{"64", "海南省"}, {"65", "四川省、重庆市"}, {"70", "贵州省"}, {"73", "云南省"}, {"77", "西藏自治区"},
	{"79", "陕西省"}, {"82", "甘肃省"}, {"85", "青海省"}, {"87", "宁夏回族自治区"}, {"88", "新疆维吾尔自治区"},
	{"91", ""},
}

func branchRegion(area string) (province string) {
	at, ok := slices.BinarySearchFunc(regions, area, func(r struct{ from, province string }, area string) int {
		return cmp.Compare(r.from, area)
	})
	if !ok {
		at--
	}
	if at < 0 {
		return ""
	}
	return regions[at].province
}
