package flows

import (
	"regexp"
	"strings"
	"time"
)

// What a company has at hand: the licence, and the details that it gives to
// everybody who is to send it an invoice.

// detail is what stands behind a label of such a text.
type detail string

const (
	detailTax     detail = "tax"
	detailBank    detail = "bank"
	detailAccount detail = "account"
	detailAddress detail = "address"
	detailPhone   detail = "phone"
	detailName    detail = "name"
	detailOther   detail = "other" // ends the value before it, and is taken for nothing
)

// details are the labels that everybody uses. Of two that begin at one place the
// earlier row is meant, so the longer stand above what they begin with.
var details = []struct {
	means detail
	words string
}{
	{detailOther, `开户行地址|(?:邮寄|收件|收货)地址|收件人|收货人|联系人|行号|联行号|(?:法人|法定代表人)(?:身份证号?码?)?|(?:公民)?身份证?号码|身份证号?|手机号?码?|邮箱|备注`},
	{detailName, `(?:单位|公司|企业|发票|购方|购买方|开户|账户)?(?:名称|抬头)|(?:开户)?户名`},
	{detailTax, `(?:统一)?社会信用代码|纳税人识别号|税务登记号|税号`},
	{detailBank, `(?:基本户)?开户(?:银)?行(?:名称|全称)?(?:[、及和/]?(?:银行)?[账帐]号)?`},
	{detailAccount, `(?:银行|对公|公司|基本户)?[账帐][号户]`},
	{detailAddress, `(?:单位|公司|企业|注册|经营)?地址(?:[、及和/]?(?:联系)?电话)?`},
	{detailPhone, `(?:单位|公司|企业|联系|固定)?电话(?:号码)?|座机`},
}

var (
	pastedCode    = regexp.MustCompile(`[0-9A-Z]{18,}|[0-9A-Z]{4}(?: [0-9A-Z]{4}){3} [0-9A-Z]{2}`)
	pastedOldCode = regexp.MustCompile(`注册号\s*:?\s*(\d{15})(?:\D|$)`)
	detailLabel   = labelPattern()
	detailDigits  = regexp.MustCompile(`\d(?:[ -]?\d){7,}`)
	detailCall    = regexp.MustCompile(`[(0-9][0-9() -]{5,}[0-9]$`)
	longNumber    = regexp.MustCompile(`\d{7,}`)
)

// labelPattern has a group for each row of details, and one more for the digit that
// may stand directly behind a label.
func labelPattern() *regexp.Regexp {
	rows := make([]string, len(details))
	for i, d := range details {
		rows[i] = "(" + d.words + ")"
	}
	return regexp.MustCompile("(?:" + strings.Join(rows, "|") + `)(?:\s*:\s*|\s+|(\d))`)
}

// detailsIn cuts a text at its labels. Of two of one meaning the first counts.
func detailsIn(text string) map[detail]string {
	found := map[detail]string{}
	labels := detailLabel.FindAllStringSubmatchIndex(text, -1)
	for n, at := range labels {
		begin, end := at[1], len(text)
		if digit := at[2*len(details)+2]; digit >= 0 {
			begin = digit
		}
		if n+1 < len(labels) {
			end = labels[n+1][0]
		}
		value, _, _ := strings.Cut(strings.TrimSpace(text[begin:end]), "\n")
		for i, d := range details {
			if _, had := found[d.means]; at[2*i+2] >= 0 && !had {
				found[d.means] = strings.Trim(value, " \t\r,;、。.|/")
			}
		}
	}
	return found
}

// pastedLicence finds the code of an organisation in a message that is one, or
// in the words of a business licence, and its name there.
func pastedLicence(text string, at time.Time) Form {
	text = halfWidth(text)
	found := Form{}
	code := creditCodeIn(text, at)
	if m := pastedOldCode.FindStringSubmatch(text); code == "" && m != nil {
		code, _ = readCompanyCode(m[1], at)
	} else if code == "" && len(strip(text, " -")) == 15 {
		code, _ = readCompanyCode(text, at)
	}
	if code == "" {
		return nil
	}
	found[KeyCreditCode] = Conceal(code)
	if name, err := readOrg(detailsIn(text)[detailName], at); err == nil {
		found[KeyOrgName] = Conceal(name)
	}
	return found
}

// creditCodeIn finds the one code whose check character is right; of two that
// differ, none: nothing is guessed. One in thirty numbers has the right
// character by chance, so digits alone are a code only where the text says so or
// holds nothing else, and an identity card's number never is.
func creditCodeIn(text string, at time.Time) string {
	said := strings.Contains(text, "信用代码")
	found := ""
	for _, run := range pastedCode.FindAllString(strings.ToUpper(text), -1) {
		code, err := readCreditCode(run, at)
		_, person := readIDNumber(run, at)
		switch {
		case err != nil, person == nil, digits(code) && !said && strip(text, " -") != code:
		case found == "":
			found = code
		case found != code:
			return ""
		}
	}
	return found
}

// pastedInvoice reads what companies send to be invoiced, as far as a message
// says it, and whose details they are.
func pastedInvoice(text string, at time.Time) Form {
	found := Form{}
	take := func(k Key, value string, read func(string, time.Time) (string, error)) {
		if value, err := read(value, at); err == nil {
			found[k] = Conceal(value)
		}
	}
	text = halfWidth(text)
	said := detailsIn(text)
	take(KeyTitle, said[detailName], readOrg)
	take(KeyTaxNumber, said[detailTax], readTaxNumber)
	if !found.Has(KeyTaxNumber) {
		take(KeyTaxNumber, creditCodeIn(text, at), readTaxNumber)
	}
	bank, account := said[detailBank], said[detailAccount]
	if number := detailDigits.FindString(bank); number != "" && account == "" {
		account = number
		bank, _, _ = strings.Cut(bank, number)
	}
	take(KeyBankAccount, detailDigits.FindString(account), readAccount)
	address, phone := said[detailAddress], said[detailPhone]
	if call := detailCall.FindString(address); call != "" && phone == "" {
		phone = call
		address = strings.TrimSuffix(address, call)
	}
	take(KeyOrgPhone, strings.NewReplacer("(", "", ")", "-").Replace(phone), readLandline)
	take(KeyBank, numberless(bank), readBankName)
	take(KeyOrgAddress, numberless(address), readAddress)
	return found
}

// numberless is a value without a number that no label of ours announces, or
// nothing when it holds one.
func numberless(value string) string {
	if longNumber.MatchString(value) {
		return ""
	}
	return strings.Trim(value, " ,;、。")
}
