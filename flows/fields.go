package flows

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How each answer is recognised in what people type. A reader returns the
// normal form, or a *Refusal that names the rule and gives an example; it
// never says whether somebody else's account exists.

var (
	mobilePattern   = regexp.MustCompile(`^1[3-9]\d{9}$`)
	landlinePattern = regexp.MustCompile(`^0(?:10|2[0-57-9]|[3-9]\d{2})-?[2-9]\d{6,7}(?:-\d{1,6})?$`)
	shortLandline   = regexp.MustCompile(`^0(?:10|2\d)-?\d{7}(?:-\d+)?$`) // whose numbers have eight digits
	freePattern     = regexp.MustCompile(`^[48]00-?\d{3}-?\d{4}$`)
	mailPattern     = regexp.MustCompile(`^[a-z0-9._%+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+$`)
	codePattern     = regexp.MustCompile(`^\d{6}$`)
	namePattern     = regexp.MustCompile(`^\p{Han}+(?:·\p{Han}+)*$`)
	orgPattern      = regexp.MustCompile(`^[\p{Han}A-Za-z0-9()（）·&、\-“”]+$`)
	accountPattern  = regexp.MustCompile(`^\d{8,32}$`)
	taxPattern      = regexp.MustCompile(`^(?:[0-9A-Z]{15}|[0-9A-Z]{17}|[0-9A-Z]{18}|[0-9A-Z]{20})$`)
)

func readMobile(text string, _ time.Time) (string, error) {
	n := strip(text, " -")
	for _, prefix := range []string{"+86", "0086", "86"} {
		if len(n) > 11 {
			n = strings.TrimPrefix(n, prefix)
		}
	}
	if !mobilePattern.MatchString(n) {
		return "", &Refusal{"手机号码应为11位数字，以1开头。" + mistypedDigit(n), "13800138000"}
	}
	return n, nil
}

// readLogin takes a mobile number or an e-mail address (M7).
func readLogin(text string, at time.Time) (string, error) {
	if mail := strings.ToLower(strip(text, " ")); strings.Contains(mail, "@") {
		if len(mail) > 254 || !mailPattern.MatchString(mail) {
			return "", &Refusal{"邮箱格式不对。", "wang@example.com"}
		}
		return mail, nil
	}
	n, err := readMobile(text, at)
	if err != nil {
		return "", &Refusal{"登录名请填手机号码或邮箱。", "13800138000"}
	}
	return n, nil
}

func readLandline(text string, _ time.Time) (string, error) {
	n := strip(text, " ()")
	if !landlinePattern.MatchString(n) && !freePattern.MatchString(n) && !mobilePattern.MatchString(n) {
		return "", &Refusal{"电话请连区号一起填写。", "0571-88123456"}
	}
	if shortLandline.MatchString(n) {
		return "", &Refusal{"北京、上海等区号后面的号码是8位，请核对。", "010-88123456"}
	}
	return n, nil
}

func readCode(text string, _ time.Time) (string, error) {
	n := strip(text, " -")
	if !codePattern.MatchString(n) {
		return "", &Refusal{"验证码是短信里的6位数字。", "123456"}
	}
	return n, nil
}

// ReadPassword states the rule for passwords (M11): the page that asks applies
// it, because only a hash goes further.
func ReadPassword(text string, _ time.Time) (string, error) {
	var letter, digit bool
	for _, r := range text {
		letter = letter || unicode.IsLetter(r)
		digit = digit || unicode.IsDigit(r)
	}
	if n := utf8.RuneCountInString(text); n < 8 || n > 64 || !letter || !digit {
		return "", &Refusal{"密码要8到64位，同时有字母和数字。", ""}
	}
	return text, nil
}

// readName takes a name as on a resident identity card (M35).
func readName(text string, _ time.Time) (string, error) {
	name := strip(unifyDots(text), " ")
	if n := utf8.RuneCountInString(name); n < 2 || n > 50 || !namePattern.MatchString(name) {
		return "", &Refusal{"姓名请与身份证一致，只填汉字，2到50个字；不是这样的，请回复“人工”。", "王小明"}
	}
	return name, nil
}

func readRecipient(text string, _ time.Time) (string, error) {
	name := strings.TrimSpace(halfWidth(text))
	if n := utf8.RuneCountInString(name); n < 2 || n > 50 || hasControl(name) {
		return "", &Refusal{"收货人姓名要2到50个字。", "王小明"}
	}
	return name, nil
}

// readOrg takes an organisation's full name (M15). Brackets are made uniform,
// because a bank writes them either way.
func readOrg(text string, _ time.Time) (string, error) {
	name := strings.NewReplacer("(", "（", ")", "）").Replace(strip(unifyDots(text), " "))
	n := utf8.RuneCountInString(name)
	if n < 2 || n > 100 || !orgPattern.MatchString(name) || !strings.ContainsFunc(name, isHan) {
		return "", &Refusal{"机构名称请填营业执照上的中文全称。", "杭州某某信息科技有限公司"}
	}
	return name, nil
}

// SamePayee reports whether a payer named by a bank is the organisation: equal
// after folding width, brackets, dots, blanks and case. It never drops a word:
// that may be suggested to a person, not decided by us.
func SamePayee(a, b string) bool { return payeeKey(a) == payeeKey(b) }

func payeeKey(name string) string {
	fold := strings.NewReplacer("〔", "(", "〕", ")", "【", "(", "】", ")", "[", "(", "]", ")", "﹙", "(", "﹚", ")")
	folded := strings.ToUpper(fold.Replace(unifyDots(name)))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, folded)
}

func readAccount(text string, _ time.Time) (string, error) {
	n := strip(text, " -")
	if !accountPattern.MatchString(n) {
		return "", &Refusal{"银行账号只填数字，8到32位。", "33001616781053000001"}
	}
	return n, nil
}

func readTaxNumber(text string, at time.Time) (string, error) {
	n := strings.ToUpper(strip(text, " -"))
	if !taxPattern.MatchString(n) {
		return "", &Refusal{"纳税人识别号为15、17、18或20位数字和字母。", "91330106MA0000015K"}
	}
	if len(n) == 18 && !personsTaxNumber(n, at) {
		if _, err := readCreditCode(n, at); err != nil {
			return "", err
		}
	}
	return n, nil
}

// personsTaxNumber reports whether an 18-character tax number is a resident
// identity number, as an individual business may use.
func personsTaxNumber(n string, at time.Time) bool {
	_, err := readIDNumber(n, at)
	return err == nil
}

func readAddress(text string, _ time.Time) (string, error) {
	a := strings.TrimSpace(halfWidth(text))
	if n := utf8.RuneCountInString(a); n < 5 || n > 200 || hasControl(a) {
		return "", &Refusal{"地址要5到200个字，写到门牌号。", "文三路90号东部软件园1号楼502"}
	}
	return a, nil
}

func readPlace(text string, _ time.Time) (string, error) {
	a := strip(text, " ")
	if n := utf8.RuneCountInString(a); n < 2 || n > 30 || hasControl(a) {
		return "", &Refusal{"请填写城市、区县名称。", "杭州市"}
	}
	return a, nil
}

func readBankName(text string, _ time.Time) (string, error) {
	b := strip(text, " ")
	if n := utf8.RuneCountInString(b); n < 4 || n > 60 || !strings.ContainsFunc(b, isHan) {
		return "", &Refusal{"请填写开户行全称。", "中国工商银行杭州文三支行"}
	}
	return b, nil
}

func readAgree(text string, _ time.Time) (string, error) {
	if !slices.Contains([]string{"on", "yes", "true", "1", "同意"}, text) {
		return "", &Refusal{"请先阅读并同意协议。", ""}
	}
	return "同意", nil
}

// strip folds full-width forms and drops the characters of cut.
func strip(text, cut string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(cut, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.TrimSpace(halfWidth(text)))
}

// unifyDots is halfWidth for names: the dot between the parts of a name has one
// form, and a full-width stop is such a dot.
func unifyDots(text string) string {
	return halfWidth(strings.NewReplacer("•", "·", "・", "·", "‧", "·", "∙", "·", "．", "·").Replace(text))
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

func hasControl(text string) bool { return strings.ContainsFunc(text, unicode.IsControl) }
