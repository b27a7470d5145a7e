package flows

import (
	"regexp"
	"strings"
	"time"
)

// What a company has at hand: the licence, and the details that it gives to
// everybody who is to send it an invoice.

var (
	pastedCode     = regexp.MustCompile(`[0-9A-Z](?:[ -]?[0-9A-Z]){17,}`)
	pastedOldCode  = regexp.MustCompile(`注册号\s*:?\s*(\d{15})(?:\D|$)`)
	invoiceLabel   = regexp.MustCompile(`(?:纳税人识别号|统一社会信用代码|税号|[^\s:,;]{0,6}(?:地址|开户|电话|[账帐][号户]|名称|抬头)[^\s:,;\d]{0,6})(?:\s*:\s*|\s+)`)
	invoicePhone   = regexp.MustCompile(`0\d{2,3}[- ]?\d{7,8}|1[3-9]\d{9}`)
	invoiceAccount = regexp.MustCompile(`\d(?:[ -]?\d){8,29}`)
)

// pastedLicence finds the code of an organisation in a message that is one, or
// in the words of a business licence.
func pastedLicence(text string, at time.Time) Form {
	if code, err := readCompanyCode(text, at); err == nil {
		return Form{KeyCreditCode: Conceal(code)}
	}
	if code := creditCodeIn(text, at); code != "" {
		return Form{KeyCreditCode: Conceal(code)}
	}
	if m := pastedOldCode.FindStringSubmatch(halfWidth(text)); m != nil {
		if code, err := readCompanyCode(m[1], at); err == nil {
			return Form{KeyCreditCode: Conceal(code)}
		}
	}
	return nil
}

// creditCodeIn finds the one code whose check character is right; of two that
// differ, none: nothing is guessed.
func creditCodeIn(text string, at time.Time) string {
	found := ""
	for _, run := range pastedCode.FindAllString(strings.ToUpper(halfWidth(text)), -1) {
		for _, word := range append(strings.Fields(run), run) {
			code, err := readCreditCode(word, at)
			switch {
			case err != nil:
			case found == "":
				found = code
			case found != code:
				return ""
			}
		}
	}
	return found
}

// pastedInvoice reads what companies send to be invoiced, as far as a message
// says it: with the labels that everybody uses, in any order.
func pastedInvoice(text string, at time.Time) Form {
	found := Form{}
	take := func(k Key, value string, read func(string, time.Time) (string, error)) {
		if value, err := read(strings.TrimSpace(value), at); err == nil && !found.Has(k) {
			found[k] = Conceal(value)
		}
	}
	text = halfWidth(text)
	if code := creditCodeIn(text, at); code != "" {
		take(KeyTaxNumber, code, readTaxNumber)
	}
	labels := invoiceLabel.FindAllStringIndex(text, -1)
	for i, label := range labels {
		end := len(text)
		if i+1 < len(labels) {
			end = labels[i+1][0]
		}
		invoiceDetail(text[label[0]:label[1]], strings.TrimSpace(text[label[1]:end]), take)
	}
	return found
}

// invoiceDetail takes what stands behind one label. An address and its
// telephone, a bank and its account often stand behind one.
func invoiceDetail(label, value string, take func(Key, string, func(string, time.Time) (string, error))) {
	has := func(word string) bool { return strings.Contains(label, word) }
	value, _, _ = strings.Cut(value, "\n")
	switch {
	case has("税号"), has("识别号"), has("信用代码"):
		take(KeyTaxNumber, value, readTaxNumber)
	case has("地址"), has("电话"):
		phone := invoicePhone.FindString(value)
		take(KeyOrgPhone, phone, readLandline)
		if has("地址") {
			take(KeyOrgAddress, strings.Replace(value, phone, "", 1), readAddress)
		}
	case has("开户"), has("账"), has("帐"):
		account := invoiceAccount.FindString(value)
		take(KeyBankAccount, account, readAccount)
		take(KeyBank, strings.Replace(value, account, "", 1), readBankName)
	}
}
