package flows

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// vector is one input of a reader; want is empty when it must be refused.
type vector struct{ in, want string }

func same(in ...string) []vector {
	var all []vector
	for _, s := range in {
		all = append(all, vector{s, s})
	}
	return all
}

func refused(in ...string) []vector {
	var all []vector
	for _, s := range in {
		all = append(all, vector{s, ""})
	}
	return all
}

// reading is a reader with its vectors.
type reading struct {
	name    string
	read    func(string, time.Time) (string, error)
	vectors [][]vector
}

// TestNumbers runs every vector of facts/domain.md 1 that has a check character.
func TestNumbers(t *testing.T) {
	for _, r := range []reading{
		{"resident identity number", readIDNumber, [][]vector{
			same("11010519491231002X", "320926195511175276", "330106199003071236", "440507198502280015", "44050719991231004X",
				"810000199408230021", "830000199201300022", "110101200002298888"),
			refused("440524188001010014", "110101199003070000", "11010119900307888X", "110101200102298888", "", "1", "110105491231002",
				"000000199003071236", "11010520491231002X", "3301061990030712361", "33010619900307123A", "统一社会信用"),
			{{"11010519491231002x", "11010519491231002X"}, {" 110105 19491231 002X ", "11010519491231002X"}, {"１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"}},
		}},
		{"unified social credit code", readCreditCode, [][]vector{
			same("91350100M000100Y43", "91610113071293373N", "913301087458306077", "91440300708461136T", "91110000600037341L",
				"12100000400000624D", "92371000MA3MXH0E3W", "91330106MA0000015K", "92330106MA2TEHT04N", "93330106MA00000313",
				"113301060000000008", "12330106400000018C", "133301064000000264", "31330106500000015F", "513301065000000238",
				"523301065000000310", "5333010650000004XL", "54330106500000058H", "81330106600000012C", "N133010670000001XW",
				"A1330106800000017G", "Y1330106900000014X"),
			refused("91310000MA1FL0000X", "92330108MA00000000", "91330106MA000001OK", "9133010", "", "统一社会信用", "91330106MA0000015I"),
			{{"91330106ma0000015k", "91330106MA0000015K"}, {"９１330106 MA0000015K", "91330106MA0000015K"}},
		}},
		{"company code", readCompanyCode, [][]vector{
			same("110108000000016", "440301103097413", "330106000012340", "440500600005674", "91330106MA0000015K"),
			refused("310115400016806", "330106000012345", "3301060000123", "33010600001234A"),
		}},
	} {
		r.test(t)
	}
}

// TestReaders runs the vectors of everything else that people type.
func TestReaders(t *testing.T) {
	for _, r := range []reading{
		{"mobile", readMobile, [][]vector{
			same("13800138000", "19212345678", "17012345678"),
			refused("12800138000", "1380013800", "138001380000", "", "０", "86138001380", "1380013800a"),
			{{"+86 138-0013-8000", "13800138000"}, {"8613800138000", "13800138000"}, {"008613800138000", "13800138000"}, {"１３８００１３８０００", "13800138000"}},
		}},
		{"landline", readLandline, [][]vector{
			same("0754-88123456", "010-88123456", "021-22345678", "0571-88123456-801", "400-087-8198", "13800138000"),
			refused("026-1234567", "021-12345678", "0752-7654", "88123456", ""),
			{{"(0571)88123456", "057188123456"}},
		}},
		{"login", readLogin, [][]vector{
			same("13800138000", "wang@example.com"),
			refused("wang", "wang@", "@example.com", "wang@example", "a b@@c.com", strings.Repeat("a", 300)+"@example.com"),
			{{"Wang@Example.COM", "wang@example.com"}, {"ｗang＠example.com", "wang@example.com"}},
		}},
		{"name", readName, [][]vector{
			same("王小明", "阿卜杜拉·买买提", "𠮷野家"),
			refused("王", "Wang", "王小明1", "·王", "王··明", strings.Repeat("王", 51), ""),
			{{"王 小 明", "王小明"}, {"阿卜杜拉•买买提", "阿卜杜拉·买买提"}, {"阿卜杜拉．买买提", "阿卜杜拉·买买提"}},
		}},
		{"organisation", readOrg, [][]vector{
			same("杭州天谷（浙江）信息科技有限公司", "甲·乙&丙商行"),
			refused("Example Ltd", "杭", strings.Repeat("杭", 101), "杭州<b>有限公司", ""),
			{{"杭州天谷(浙江) 信息科技有限公司", "杭州天谷（浙江）信息科技有限公司"}},
		}},
		{"bank account", readAccount, [][]vector{
			same("15000094971252", "8888888548802022", "30206857010042"),
			refused("1234567", strings.Repeat("1", 33), "62A", ""),
			{{"3300 1616-7810 53", "33001616781053"}},
		}},
		{"bank card", readBankCard, [][]vector{ // the payment networks' own test numbers
			same("6200000000000005", "4111111111111111", "5500000000000004"),
			refused("6200000000000006", "411111111111", "62000000000000000005", "620000000000000X", "银银银银银", ""),
			{{"6200 0000-0000 0005", "6200000000000005"}, {"６２０００００００００００００５", "6200000000000005"}},
		}},
		{"taxpayer number", readTaxNumber, [][]vector{
			same("91330106MA0000015K", "110108000000016", "11010519491231002X", "11010519491231002X01", "12345678901234567"),
			refused("91330106MA0000015X", "1234", "", strings.Repeat("1", 16)),
		}},
		{"province", readProvince, [][]vector{
			{{"浙江", "浙江省"}, {"浙江省", "浙江省"}, {"新疆", "新疆维吾尔自治区"}, {"北京", "北京市"}},
			refused("", "火星", "香港特别行政区", "台湾省", "澳门"),
		}},
		{"password", ReadPassword, [][]vector{same("longenough1", "密码12345678"), refused("short1", "onlyletters", "12345678", strings.Repeat("a1", 33), "")}},
	} {
		r.test(t)
	}
}

func (r reading) test(t *testing.T) {
	t.Helper()
	for _, vectors := range r.vectors {
		for _, v := range vectors {
			got, err := r.read(v.in, noon)
			var refusal *Refusal
			if err != nil && !errors.As(err, &refusal) {
				t.Errorf("%s %q: %v is not a refusal with words", r.name, v.in, err)
			}
			if got != v.want || (err == nil) != (v.want != "") {
				t.Errorf("%s %q = %q, %v, want %q", r.name, v.in, got, err, v.want)
			}
		}
	}
}

// TestAdult holds the line of eighteen years to the day.
func TestAdult(t *testing.T) {
	number := func(born string) string {
		n := "330106" + born + "123"
		return n + string(idCheck(n+"0"))
	}
	for born, want := range map[string]bool{"20081122": true, "20081123": true, "20081124": false, "20270101": false} {
		if _, err := readIDNumber(number(born), noon); (err == nil) != want {
			t.Errorf("born %s on %s: %v, want accepted %v", born, noon.Format(time.DateOnly), err, want)
		}
	}
}

func TestSamePayee(t *testing.T) {
	const name = "杭州天谷（浙江）信息科技有限公司"
	for other, want := range map[string]bool{
		name: true, "杭州天谷(浙江) 信息科技有限公司": true, "杭州天谷【浙江】信息科技有限公司": true, "杭州天谷（浙江）信息科技有限公司\u200b": true,
		"杭州天谷信息科技有限公司": false, "杭州天谷（浙江）信息科技": false, "杭州地谷（浙江）信息科技有限公司": false, "": false,
	} {
		if got := SamePayee(name, other); got != want {
			t.Errorf("SamePayee(%q, %q) = %v, want %v", name, other, got, want)
		}
	}
	if !SamePayee("ＡＢＣ商行", "abc商行") || SamePayee("甲", "乙") {
		t.Error("width and case are folded, words are not")
	}
}

// TestPricesAreSaid keeps the price in the label equal to the price in the sum.
func TestPricesAreSaid(t *testing.T) {
	step, _ := Manual(testPhone).Step(ServiceChoose)
	for _, x := range step.Exits {
		price := PriceCompany
		if x.If == person {
			price = PricePerson
		}
		if yuan := strings.TrimSuffix(price.String(), ".00") + "元"; !strings.Contains(x.On.pick, yuan) {
			t.Errorf("%s does not say %s", x.On.pick, yuan)
		}
	}
}

// TestQuoteAddsUp is M91: what is invoiced and paid is the key and the courier.
func TestQuoteAddsUp(t *testing.T) {
	for _, kind := range []string{KindPerson, KindCompany} {
		for _, province := range Provinces() {
			form := Form{KeyKind: Conceal(kind), KeyProvince: Conceal(province)}
			key, fee := Quote(form)
			saved, ok := quote.Effect(Case{Form: form}).(Save)
			if !ok || fee <= 0 || saved.Form.Text(KeyTotal) != (key+fee).String() {
				t.Errorf("%s to %s: %s + %s, saved %s", kind, province, key, fee, saved.Form.Text(KeyTotal))
			}
		}
	}
}

func TestOrgKind(t *testing.T) {
	for code, want := range map[string]string{
		"91330106MA0000015K": OrgEnterprise, "330106000012340": OrgEnterprise, "92330106MA2TEHT04N": OrgSelfEmployed,
		"113301060000000008": OrgPublic, "12330106400000018C": OrgPublic, "513301065000000238": OrgSocial, "5333010650000004XL": OrgSocial,
		"81330106600000012C": OrgSocial, "93330106MA00000313": OrgOther, "31330106500000015F": OrgOther, "N133010670000001XW": OrgOther,
	} {
		if got := orgKind(code); got != want {
			t.Errorf("orgKind(%s) = %s, want %s", code, got, want)
		}
	}
}
