package courier

// The price of a parcel is a rule of the business: it is kept as plain data so
// that it can move to where such rules live.

import "certdesk/flows"

// fees is the price of the first kilogram from Jiangsu by province of the
// receiver; a UKey never weighs more. Source: the sample table of facts 3.6.
var fees = map[string]flows.Fen{
	"江苏省": 1200, "浙江省": 1200, "上海市": 1200,
	"安徽省": 1400,
	"北京市": 1800, "天津市": 1800, "河北省": 1800, "山西省": 1800, "陕西省": 1800,
	"山东省": 1800, "河南省": 1800, "湖北省": 1800, "湖南省": 1800, "江西省": 1800,
	"福建省": 1800, "广东省": 1800, "海南省": 1800, "广西壮族自治区": 1800,
	"重庆市": 1800, "四川省": 1800, "贵州省": 1800, "云南省": 1800,
	"辽宁省": 1800, "吉林省": 1800, "黑龙江省": 1800, "内蒙古自治区": 1800,
	"甘肃省": 1800, "宁夏回族自治区": 1800,
	"新疆维吾尔自治区": 2000,
	"青海省":      2100,
	"西藏自治区":    2500,
}

// Fee is the freight to a province, by its full name, in fen. It returns a
// [*flows.RefusedError] for a province we do not send to.
func Fee(province string) (flows.Fen, error) {
	if fee, ok := fees[province]; ok {
		return fee, nil
	}
	switch province {
	case "香港特别行政区", "澳门特别行政区", "台湾省":
		return 0, &flows.RefusedError{
			Partner: partner, Code: "cross-border",
			Public: "暂时不能寄往香港、澳门和台湾地区，请换一个内地的收件地址。",
		}
	}
	return 0, &flows.RefusedError{
		Partner: partner, Code: "unknown province",
		Public: "没有认出收件省份，请在地址中写明省份后重新提交。",
	}
}
