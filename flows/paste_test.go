package flows

import (
	"slices"
	"testing"
)

func TestPastedDelivery(t *testing.T) {
	type want struct{ to, mobile, landline, province, city, district, detail string }
	for text, w := range map[string]want{
		"陈小明 13800138000 广东省汕头市金平区文化路12号3栋501":                              {"陈小明", "13800138000", "", "广东省", "汕头市", "金平区", "文化路12号3栋501"},
		"收货人：李小红\n手机号：138 0013 8000\n所在地区：浙江杭州市西湖区\n详细地址：文三路90号东部软件园1号楼502": {"李小红", "13800138000", "", "浙江省", "杭州市", "西湖区", "文三路90号东部软件园1号楼502"},
		"上海市浦东新区世纪大道100号15楼，王五，+86 13912345678，021-58880000":                {"王五", "13912345678", "021-58880000", "上海市", "上海市", "浦东新区", "世纪大道100号15楼"},
		"北京市北京市海淀区中关村大街1号 买买提·艾力 13700000000":                               {"买买提·艾力", "13700000000", "", "北京市", "北京市", "海淀区", "中关村大街1号"},
		"内蒙古自治区呼和浩特市新城区新华大街63号 赵六 15000000000":                              {"赵六", "15000000000", "", "内蒙古自治区", "呼和浩特市", "新城区", "新华大街63号"},
		"云南省大理白族自治州大理市下关镇人民路8号，周七13600000000":                               {"周七", "13600000000", "", "云南省", "大理白族自治州", "大理市", "下关镇人民路8号"},
		"１３８００１３８０００ 张三":                                                    {"张三", "13800138000", "", "", "", "", ""},
		"周七 13600000000 杭州市西湖区文三路90号":                                       {"周七", "13600000000", "", "浙江省", "杭州市", "西湖区", "文三路90号"}, // no province
		// An identity card, and a bank's: nothing of their numbers is taken.
		"姓名 王小明\n公民身份号码 11010519491231002X":                  {"王小明", "", "", "", "", "", ""},
		"11010519491231002X 王小明 13800138000 浙江省杭州市西湖区文三路90号": {"王小明", "13800138000", "", "浙江省", "杭州市", "西湖区", "文三路90号"},
		"浙江省杭州市西湖区文三路90号 身份证11010519491231002X":              {"", "", "", "浙江省", "杭州市", "西湖区", "文三路90号"},
		"浙江省杭州市西湖区文三路90号 银行卡6222021202041234567":             {"", "", "", "浙江省", "杭州市", "西湖区", "文三路90号"},
		"浙江省杭州市西湖区文三路90号 6222 0212 0204 1234 567":            {"", "", "", "浙江省", "杭州市", "西湖区", "文三路90号"},
		"浙江省杭州市文三路东部园区1号":                                    {"", "", "", "浙江省", "杭州市", "", ""}, // no district
		"帮助":     {},
		"文三路90号": {},
	} {
		got := pastedDelivery(text, noon)
		for k, v := range map[Key]string{
			KeyRecipient: w.to, KeyToMobile: w.mobile, KeyLandline: w.landline, KeyProvince: w.province,
			KeyCity: w.city, KeyDistrict: w.district, KeyDetail: w.detail,
		} {
			if got.Text(k) != v && !(k == KeyRecipient && v == "") {
				t.Errorf("%q: %s is %q, want %q", text, k, got.Text(k), v)
			}
		}
	}
}

func TestPastedLicence(t *testing.T) {
	for text, want := range map[string]string{
		"91330106MA0000015K": "91330106MA0000015K",
		"我们的代码是９１３３０１０６ＭＡ０００００１５ｋ。":                                         "91330106MA0000015K",
		"营业执照\n统一社会信用代码\n9133 0106 MA00 0001 5K\n名称 杭州例子科技有限公司\n注册资本 壹佰万元整": "91330106MA0000015K",
		"91330106MA0000015K 13800138000":                 "91330106MA0000015K",
		"91330106MA0000015K，不是 5333010650000004XL":       "", // which of the two?
		"91330106MA0000015X":                             "",
		"营业执照\n注册号：330106000012340":                      "330106000012340",
		"订单 330106000012340 到哪了":                         "",
		"我的身份证号是110105196910251758":                      "", // its check character is right for a code, too
		"身份证 110105196910251758 信用代码 91330106MA0000015K": "91330106MA0000015K",
		"9133 0106 MA00 0001 5K 0571-88123456":           "91330106MA0000015K",
		"什么是统一社会信用代码":                                    "",
		"":                                               "",
	} {
		if got := pastedLicence(text, noon).Text(KeyCreditCode); got != want {
			t.Errorf("pastedLicence(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestPastedInvoice(t *testing.T) {
	type want struct{ tax, bank, account, address, phone string }
	for text, w := range map[string]want{
		"名称：杭州例子科技有限公司\n税号：91330106MA0000015K\n单位地址：浙江省杭州市文三路90号\n电话：0571-88123456\n开户银行：中国工商银行杭州文三支行\n银行账户：3300 1616 7810 5300 0001": {
			"91330106MA0000015K", "中国工商银行杭州文三支行", "33001616781053000001", "浙江省杭州市文三路90号", "0571-88123456"},
		"单位名称 杭州例子科技有限公司 纳税人识别号 91330106MA0000015K 地址、电话 浙江省杭州市文三路90号0571-88123456 开户行及账号 中国工商银行杭州文三支行33001616781053000001": {
			"91330106MA0000015K", "中国工商银行杭州文三支行", "33001616781053000001", "浙江省杭州市文三路90号", "0571-88123456"},
		"发票抬头\n杭州例子科技有限公司\n税号\n91330106MA0000015K\n开户行\n中国工商银行杭州文三支行": {
			"91330106MA0000015K", "中国工商银行杭州文三支行", "", "", ""},
		"91330106MA0000015K": {"91330106MA0000015K", "", "", "", ""},
		"开户行：ABC 账号：12":      {},
		"开户名称：杭州例子科技有限公司\n开户行：中国工商银行杭州文三支行\n账号：33001616781053000001":                 {"", "中国工商银行杭州文三支行", "33001616781053000001", "", ""},
		"开户行：中国工商银行杭州文三支行、账号：33001616781053000001、电话：0571-88123456。":                 {"", "中国工商银行杭州文三支行", "33001616781053000001", "", "0571-88123456"},
		"开户行：中国工商银行杭州文三支行账号：33001616781053000001电话：0571-88123456":                    {"", "中国工商银行杭州文三支行", "33001616781053000001", "", "0571-88123456"},
		"地址：杭州市西湖区文三路90号、电话：0571-88123456；开户行：中国工商银行杭州文三支行；账号：33001616781053000001；": {"", "中国工商银行杭州文三支行", "33001616781053000001", "杭州市西湖区文三路90号", "0571-88123456"},
		"开户行地址：杭州市文三路1号 邮寄地址：杭州市文三路2号":                                               {},
		"开户行及账号：中国工商银行杭州文三支行 行号102331002026 账号33001616781053000001":                  {"", "中国工商银行杭州文三支行", "33001616781053000001", "", ""},
		"地址电话：杭州市西湖区文三路90号 (0571)88123456":                                           {"", "", "", "杭州市西湖区文三路90号", "0571-88123456"},
		"地址电话：杭州市西湖区文三路90号 400-800-1234":                                             {"", "", "", "杭州市西湖区文三路90号", "400-800-1234"},
		"地址：杭州市西湖区文三路90号 法人身份证 11010519491231002X":                                   {"", "", "", "杭州市西湖区文三路90号", ""},
		"地址：杭州市西湖区文三路90号11010519491231002X":                                          {},
		"开户行是什么": {},
		"":       {},
	} {
		got := pastedInvoice(text, noon)
		for k, v := range map[Key]string{KeyTaxNumber: w.tax, KeyBank: w.bank, KeyBankAccount: w.account, KeyOrgAddress: w.address, KeyOrgPhone: w.phone} {
			if got.Text(k) != v {
				t.Errorf("%q: %s is %q, want %q", text, k, got.Text(k), v)
			}
		}
	}
}

// FuzzPasted finds only what the page itself would take, on every page that
// looks for answers in a message.
func FuzzPasted(f *testing.F) {
	f.Add("陈小明 13800138000 广东省汕头市金平区文化路12号3栋501 0754-88123456")
	f.Add("收货人：，手机：１３８\n地址：内蒙古")
	f.Add("税号：91330106MA0000015K 开户行及账号：中国工商银行杭州文三支行33001616781053000001 地址、电话：文三路90号0571-88123456")
	f.Add("营业执照 注册号：330106000012340")
	f.Fuzz(func(t *testing.T, text string) {
		for _, chapter := range Manual(testPhone).Chapters {
			for _, step := range chapter.Steps {
				if step.Page != nil && step.Page.Paste != nil {
					findsOnlyAnswers(t, *step.Page, text)
				}
			}
		}
	})
}

func findsOnlyAnswers(t *testing.T, page Page, text string) {
	t.Helper()
	found := page.Paste(text, noon)
	for _, field := range page.Fields {
		if !found.Has(field.Key) || field.Input == InputFixed {
			continue
		}
		if again, err := field.Read(found.Text(field.Key), noon); err != nil || again != found.Text(field.Key) {
			t.Errorf("%q: %s is %q, which the page reads as %q, %v", text, field.Key, found.Text(field.Key), again, err)
		}
	}
	for k := range found {
		if !slices.ContainsFunc(page.Fields, func(f Field) bool { return f.Key == k }) {
			t.Errorf("%q: found %s, which the page does not show", text, k)
		}
	}
}
