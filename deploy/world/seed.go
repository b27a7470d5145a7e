// Who lives in the city: invented people and companies, with numbers whose
// check digits are right because the service looks at them.

package world

import (
	"fmt"

	"certdesk/server/bank/banktest"
	"certdesk/server/esign/esigntest"
)

// The account at which money arrives; a sub-account's number begins with its.
const (
	accountName   = "数字证书服务中心"
	accountNumber = "33050161780000000888"
	bankName      = "例子银行杭州文三路支行"
)

// person is somebody to be: everything that the pages ask for.
type person struct {
	OpenID   string  `json:"openid"`
	Alipay   string  `json:"alipay"`
	Name     string  `json:"name"`
	IDNumber string  `json:"id_number"`
	Mobile   string  `json:"mobile"`
	Second   string  `json:"second"` // another number of theirs; most have none
	Login    string  `json:"login"`
	Password string  `json:"password"`
	Address  address `json:"address"`
	Company  company `json:"company"`
	Account  string  `json:"account"` // at the bank, the person's own
	Card     string  `json:"card"`    // of that account, with its check digit
}

// address is where parcels go.
type address struct {
	Province string `json:"province"`
	City     string `json:"city"`
	District string `json:"district"`
	Street   string `json:"street"`
}

// company is one that the person may apply for; who represents it by law is in
// the register.
type company struct {
	Name      string `json:"name"`
	Code      string `json:"code"` // unified social credit code
	Bank      string `json:"bank"`
	Branch    string `json:"branch"` // words of it, as people remember them
	Account   string `json:"account"`
	Address   string `json:"address"`
	Telephone string `json:"telephone"`
	Alipay    string `json:"alipay"`         // its own account there, proved by its licence
	Legal     string `json:"representative"` // name in the register
}

// Source of the numbers: the test values of the validation rules.
var (
	software = company{
		Name: "杭州某某信息科技有限公司", Code: "91330106MA0000015K", Bank: "例子银行杭州西湖支行", Branch: "西湖",
		Account: "33001616781053000001", Address: "杭州市西湖区某某路90号", Telephone: "0571-88123456", Alipay: "2088000000000901",
		Legal: "周敏",
	}
	trade = company{
		Name: "宁波某某贸易有限公司", Code: "91350100M000100Y43", Bank: "例子银行宁波海曙支行", Branch: "海曙",
		Account: "33001616781053000002", Address: "宁波市海曙区某某路12号", Telephone: "0574-87123456", Alipay: "2088000000000902",
		Legal: "陈静",
	}
	people = []person{
		{
			OpenID: "oWangXiaoming", Alipay: "2088000000000101", Name: "王小明", IDNumber: "330106199003071236",
			Mobile: "13912345678", Login: "13912345678", Password: "Xiaoming-2026", Account: "6222020000000000101", Card: carded("622202000000000010"),
			Address: address{"浙江省", "杭州市", "西湖区", "某某路12号3单元401室"}, Company: software,
		},
		{
			OpenID: "oLiXiaohong", Alipay: "2088000000000102", Name: "李小红", IDNumber: "44050719991231004X",
			Mobile: "13812345678", Login: "lixiaohong@example.com", Password: "Xiaohong-2026", Account: "6222020000000000102", Card: carded("622202000000000010"),
			Address: address{"广东省", "汕头市", "龙湖区", "某某街8号"}, Company: trade,
		},
		{
			OpenID: "oZhangWei", Alipay: "2088000000000103", Name: "张伟", IDNumber: "440507198502280015",
			Mobile: "13712345678", Login: "13712345678", Password: "Zhangwei-2026", Account: "6222020000000000103", Card: carded("622202000000000010"),
			Address: address{"北京市", "北京市", "海淀区", "某某大街1号"}, Company: software,
		},
		{
			OpenID: "oChenJing", Alipay: "2088000000000104", Name: "陈静", IDNumber: numbered("33020319880612352"),
			Mobile: "13612345678", Login: "13612345678", Password: "Chenjing-2026", Account: "6222020000000000104", Card: carded("622202000000000010"),
			Address: address{"浙江省", "宁波市", "海曙区", "某某路12号"}, Company: trade,
		},
		{
			OpenID: "oZhouMin", Alipay: "2088000000000105", Name: "周敏", IDNumber: numbered("33010619750620142"),
			Mobile: "13512345678", Second: "13512340000", Login: "13512345678", Password: "Zhoumin-2026", Account: "6222020000000000105", Card: carded("622202000000000010"),
			Address: address{"浙江省", "杭州市", "西湖区", "某某路90号"}, Company: software,
		},
	}
)

// registered is the register of companies. It has the number of one
// representative, and only the name of the other.
func registered() []esigntest.Company {
	return []esigntest.Company{
		{Name: software.Name, Code: software.Code, Representative: software.Legal, IDNumber: people[4].IDNumber},
		{Name: trade.Name, Code: trade.Code, Representative: trade.Legal},
	}
}

// listed are the branches that e签宝 knows; the operator of the demo has a list of
// its own.
var listed = []esigntest.Branch{
	{Bank: "中国建设银行", Name: "中国建设银行股份有限公司杭州西湖某某支行", Code: "105331000092", Province: "浙江", City: "杭州市"},
	{Bank: "中国建设银行", Name: "中国建设银行股份有限公司杭州西湖某某第二支行", Code: "105331000095", Province: "浙江", City: "杭州市"},
	{Bank: "中国建设银行", Name: "中国建设银行股份有限公司宁波海曙某某支行", Code: "105332000094", Province: "浙江", City: "宁波市"},
}

// holders are those whom telephone companies and banks know.
func holders(all []person) []esigntest.Holder {
	var known []esigntest.Holder
	for _, p := range all {
		known = append(known, esigntest.Holder{Name: p.Name, IDNumber: p.IDNumber, Mobile: p.Mobile, Card: p.Card})
		if p.Second != "" {
			known = append(known, esigntest.Holder{Name: p.Name, IDNumber: p.IDNumber, Mobile: p.Second})
		}
	}
	return known
}

// carded adds the check digit of ISO/IEC 7812 to the digits of a card.
func carded(digits string) string {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	return digits + string("0987654321"[sum%10])
}

// crowd makes that many more people. Their numbers have right check digits, and
// nothing else about them is like anybody.
func crowd(n int) []person {
	all := make([]person, min(n, 10_000))
	for i := range all {
		mobile := fmt.Sprintf("139%08d", 10_000_000+i)
		all[i] = person{
			OpenID: fmt.Sprintf("oCrowd%05d", i), Alipay: fmt.Sprintf("20889%011d", i), Name: "某某" + string(rune('一'+i%1000)),
			IDNumber: numbered(fmt.Sprintf("330106%04d0307%03d", 1950+i%50, i/50)), Mobile: mobile, Login: mobile, Password: "Crowd-2026",
			Account: fmt.Sprintf("62220299%011d", i), Card: carded(fmt.Sprintf("62220299%010d", i)), Address: people[0].Address, Company: software,
		}
	}
	return all
}

// numbered adds the check character of GB 11643 to seventeen digits.
func numbered(digits string) string {
	sum, weight := 0, 1
	for i := len(digits) - 1; i >= 0; i-- {
		weight = weight * 2 % 11
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// accounts are the bank's customers besides the service: each company, and each
// person, who is the wrong payer for a company.
func accounts() []banktest.Account {
	all := []banktest.Account{
		{Name: software.Name, Number: software.Account, Corporate: true, Balance: 100_000_00},
		{Name: trade.Name, Number: trade.Account, Corporate: true, Balance: 100_000_00},
	}
	for _, p := range people {
		all = append(all, banktest.Account{Name: p.Name, Number: p.Account, Balance: 10_000_00})
	}
	return all
}
