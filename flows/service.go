package flows

import "time"

// 1.4 Choosing a service: what it costs, who it is invoiced to, where it goes.

// The steps of an order before it exists.
const (
	ServiceChoose   State = "service.choose"
	ServiceInvoice  State = "service.invoice"
	ServiceReceipt  State = "service.receipt"
	ServiceDelivery State = "service.delivery"
	ServiceConfirm  State = "service.confirm"
)

// Price of a service with its UKey, before the courier.
const (
	PriceCompany Fen = 200_00
	PricePerson  Fen = 100_00
)

var service = Chapter{
	Name: "service", Title: "1.4 选择服务", Milestone: "选择服务",
	Steps: []Step{
		{
			At:    ServiceChoose,
			Lines: []int{78},
			Title: "选择证书服务",
			Turn:  Turn{"您", "1分钟"},
			Ask:   "实名认证已完成，可以购买证书了。",
			Help:  "证书存放在 UKey 里，顺丰寄给您，激活后一年有效。",
			Past:  []Exit{{If: paidFor, To: DeliveryPacking}},
			Exits: []Exit{
				{On: Picked("购买企业数字证书（UKey，一年，200元）", "购买"), If: overseas, Do: []Action{buyCompany, titleOfCompany}, To: ServiceReceipt, Lines: []int{78, 80}},
				{On: Picked("购买企业数字证书（UKey，一年，200元）", "购买"), If: company, Do: []Action{buyCompany, titleOfCompany}, To: ServiceInvoice, Lines: []int{78, 80}},
				{On: Picked("购买个人数字证书（UKey，一年，100元）", "购买"), If: person, Do: []Action{buyPerson, titleOfPerson}, To: ServiceReceipt, Lines: []int{78, 80}},
			},
		},
		{
			At:    ServiceInvoice,
			Lines: []int{79, 86, 87},
			Title: "填写开票信息",
			Turn:  Turn{"您", "2分钟"},
			Ask:   "请点开下面的页面，填写并确认开票信息，也可以在聊天里把开票信息整段发过来，或发一张截图。默认开具增值税普通发票（电子）；需要专票，请回复“人工”。",
			Help:  "发票抬头是认证通过的机构名称，不能修改。纳税人识别号必填，其他可以不填。",
			Page: &Page{
				ID: PageID(ServiceInvoice), Title: "开票信息", Submit: "确认开票信息",
				Intro: "默认开具增值税普通发票（电子）。",
				Paste: pastedInvoice, Print: pastedInvoice,
				Fields: []Field{
					{Key: KeyTitle, Lines: []int{80}, Label: "发票抬头", Input: InputFixed},
					{Key: KeyTaxNumber, Lines: []int{81}, Label: "纳税人识别号", Hint: "一般与统一社会信用代码相同", Input: InputText, Read: readTaxNumber},
					{Key: KeyBank, Lines: []int{82}, Label: "公司基本户开户行", Input: InputText, Read: readBankName, Optional: true},
					{Key: KeyBankAccount, Lines: []int{83}, Label: "公司基本户银行账号", Input: InputNumber, Read: readAccount, Optional: true},
					{Key: KeyOrgAddress, Lines: []int{84}, Label: "公司地址", Input: InputText, Read: readAddress, Optional: true},
					{Key: KeyOrgPhone, Lines: []int{85}, Label: "公司电话", Hint: "0571-88123456", Input: InputMobile, Read: readLandline, Optional: true},
				},
			},
			Back:  ServiceChoose,
			Exits: []Exit{{On: Answered(), To: ServiceDelivery}},
		},
		{
			At:    ServiceReceipt,
			Lines: []int{79, 86},
			Title: "填写开票信息",
			Turn:  Turn{"您", "1分钟"},
			Ask:   "请点开下面的页面，确认开票信息。默认开具增值税普通发票（电子），抬头是实名认证的名称，不能修改。",
			Help:  "开给个人或境外组织的发票只写抬头，不需要纳税人识别号。",
			Page: &Page{
				ID: PageID(ServiceReceipt), Title: "开票信息", Submit: "确认开票信息",
				Intro:  "默认开具增值税普通发票（电子）。",
				Fields: []Field{{Key: KeyTitle, Lines: []int{80}, Label: "发票抬头", Input: InputFixed}},
			},
			Back:  ServiceChoose,
			Exits: []Exit{{On: Answered(), To: ServiceDelivery}},
		},
		{
			At:    ServiceDelivery,
			Lines: []int{88},
			Title: "填写收货信息",
			Turn:  Turn{"您", "2分钟"},
			Ask:   "UKey 由顺丰寄付，运费按收货地址计算，计入总价。请点开下面的页面填写收货信息，或者把姓名、电话、地址一起发过来。",
			Help:  "请填写能收快递的地址和手机号，也可以直接发：王小明 13800138000 浙江省杭州市西湖区文三路90号。目前只寄中国大陆地区。",
			Page: &Page{
				ID: PageID(ServiceDelivery), Title: "收货信息", Submit: "确认收货信息",
				Intro: "快递公司：顺丰寄付（不可更改）。",
				Paste: pastedDelivery, Print: pastedDelivery,
				Fields: []Field{
					{Key: KeyRecipient, Lines: []int{93}, Label: "收货人姓名", Input: InputText, Read: readRecipient},
					{Key: KeyProvince, Lines: []int{94}, Label: "省份", Input: InputProvince, Read: readProvince},
					{Key: KeyCity, Lines: []int{94}, Label: "城市", Hint: "杭州市", Input: InputText, Read: readCity},
					{Key: KeyDistrict, Lines: []int{94}, Label: "区县", Hint: "西湖区", Input: InputText, Read: readDistrict},
					{Key: KeyDetail, Lines: []int{94}, Label: "详细地址", Hint: "街道、门牌号", Input: InputText, Read: readAddress},
					{Key: KeyToMobile, Lines: []int{96}, Label: "收货人手机", Input: InputMobile, Read: readMobile},
					{Key: KeyLandline, Lines: []int{95}, Label: "收货人固定电话", Hint: "0571-88123456", Input: InputMobile, Read: readLandline, Optional: true},
				},
			},
			Back:  ServiceChoose,
			Exits: []Exit{{On: Answered(), Do: []Action{quote}, To: ServiceConfirm, Lines: []int{89}}},
		},
		{
			At:    ServiceConfirm,
			Lines: []int{79, 89, 90, 91, 92},
			Title: "核对订单",
			Turn:  Turn{"您", "1分钟"},
			Ask: "请核对订单：\n发票抬头：{title}\n纳税人识别号：{tax}\n收货人：{to}，{tomob}\n" +
				"地址：{prov}{city}{dist}{addr}\n快递：顺丰寄付\n" +
				"UKey 费用 {keyfee} 元 + 快递费用 {fee} 元 = {total} 元，开票金额与付款金额相同。",
			Help: "为保护您的隐私，姓名、电话和地址只显示一部分；想看全文或修改，点“修改收货信息”。改了地址会重新计算运费。",
			Back: ServiceDelivery,
			Exits: []Exit{
				{On: Picked("确认并付款", "确认", "付款"), To: PaymentOrdering, Lines: []int{79, 91}},
				{On: Picked("修改收货信息", "改地址"), To: ServiceDelivery, Lines: []int{90}},
				{On: Picked("修改开票信息"), If: taxed, To: ServiceInvoice, Lines: []int{79}},
			},
		},
	},
}

var (
	buyCompany     = note("buy for a company", KeyService, "企业数字证书（UKey，一年）")
	buyPerson      = note("buy for a person", KeyService, "个人数字证书（UKey，一年）")
	titleOfCompany = titled("the invoice names the verified organisation", KeyOrgName)
	titleOfPerson  = titled("the invoice names the verified person", KeyName)
)

// paidFor holds for who was proved anew after the payment: the first proof was
// found wrong, and the order waits.
var paidFor = &Guard{"an order is paid", func(c Case, _ Event) bool { return c.Form.Has(KeyShips) && !c.Form.Has(KeySerial) }}

// overseas holds for an organisation that was proved by papers under a number
// that is no code of the mainland's, and so has no taxpayer number to be invoiced
// under.
var (
	overseas = &Guard{"an overseas organisation applies", func(c Case, _ Event) bool { return isOverseas(c.Form) }}
	taxed    = &Guard{"a mainland organisation applies", func(c Case, e Event) bool { return company.Holds(c, e) && !isOverseas(c.Form) }}
)

func isOverseas(f Form) bool {
	_, err := readCompanyCode(f.Text(KeyCreditCode), time.Time{})
	return f.Text(KeyKind) == KindCompany && f.Has(KeyCreditCode) && err != nil
}

// titled locks the invoice's title to a verified name (M80).
func titled(name string, from Key) Action {
	return Action{Name: name, Effect: func(c Case) Effect {
		return Save{Page: PageID(KeyTitle), Form: Form{KeyTitle: c.Form[from]}}
	}}
}

// quote freezes the price: the service and the courier, and their sum, which is
// what is paid and what is invoiced (M89-M91).
var quote = Action{Name: "quote the price", Effect: func(c Case) Effect {
	key, fee := Quote(c.Form)
	return Save{Page: PageID(KeyTotal), Form: Form{
		KeyKeyFee:     Conceal(key.String()),
		KeyCourierFee: Conceal(fee.String()),
		KeyTotal:      Conceal((key + fee).String()),
	}}
}}

// Quote computes what an order costs from its form: the service with its
// UKey, and the courier to the province. An unknown province has no fee; the
// page that asks for it has refused it.
func Quote(f Form) (key, courier Fen) {
	key = PricePerson
	if f.Text(KeyKind) == KindCompany {
		key = PriceCompany
	}
	return key, courierFees[f.Text(KeyProvince)]
}
