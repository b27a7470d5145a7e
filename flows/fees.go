package flows

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// courierFees is the price of a parcel's first kilogram, prepaid by SF Express
// from Zhejiang, by the recipient's province; a UKey never weighs more (M89).
// Source: a courier's sample table, to be replaced by the contract's.
var courierFees = map[string]Fen{
	"江苏省": 12_00, "浙江省": 12_00, "上海市": 12_00,
	"安徽省": 14_00,
	"北京市": 18_00, "天津市": 18_00, "河北省": 18_00, "山西省": 18_00, "陕西省": 18_00,
	"山东省": 18_00, "河南省": 18_00, "湖北省": 18_00, "湖南省": 18_00, "江西省": 18_00,
	"福建省": 18_00, "广东省": 18_00, "海南省": 18_00, "广西壮族自治区": 18_00,
	"重庆市": 18_00, "四川省": 18_00, "贵州省": 18_00, "云南省": 18_00,
	"辽宁省": 18_00, "吉林省": 18_00, "黑龙江省": 18_00, "内蒙古自治区": 18_00,
	"甘肃省": 18_00, "宁夏回族自治区": 18_00,
	"新疆维吾尔自治区": 20_00, "青海省": 21_00, "西藏自治区": 25_00,
}

// Provinces lists where a UKey can be sent, for the page that asks.
func Provinces() []string { return slices.Sorted(maps.Keys(courierFees)) }

// readProvince takes a province by its full or its short name.
func readProvince(text string, _ time.Time) (string, error) {
	name := strip(text, " ")
	if _, ok := courierFees[name]; ok {
		return name, nil
	}
	for full := range courierFees {
		if name != "" && shortProvince(full) == shortProvince(name) {
			return full, nil
		}
	}
	for _, abroad := range []string{"香港", "澳门", "台湾"} {
		if strings.HasPrefix(name, abroad) {
			return "", &Refusal{"暂时不能寄往香港、澳门和台湾地区，请换一个内地的收货地址。", ""}
		}
	}
	return "", &Refusal{"请选择收货地址所在的省份。", "浙江省"}
}

func shortProvince(name string) string {
	for _, suffix := range []string{"壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}
