package flows

import (
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
		"浙江省杭州市文三路东部园区1号":                                                   {"", "", "", "浙江省", "杭州市", "", ""},                       // no district
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

// FuzzPastedDelivery finds only what the page itself would take.
func FuzzPastedDelivery(f *testing.F) {
	f.Add("陈小明 13800138000 广东省汕头市金平区文化路12号3栋501 0754-88123456")
	f.Add("收货人：，手机：１３８\n地址：内蒙古")
	step, _ := Manual(testPhone).Step(ServiceDelivery)
	f.Fuzz(func(t *testing.T, text string) {
		found := pastedDelivery(text, noon)
		for _, field := range step.Page.Fields {
			if !found.Has(field.Key) {
				continue
			}
			if again, err := field.Read(found.Text(field.Key), noon); err != nil || again != found.Text(field.Key) {
				t.Errorf("%q: %s is %q, which the page reads as %q, %v", text, field.Key, found.Text(field.Key), again, err)
			}
		}
	})
}
