package flows

import (
	"strings"
	"time"
)

// Numbers with check characters. Each refusal says which rule failed, because
// one wrong character in eighteen is hard to find.

const idExample = "11010519491231002X"

// provinces are the first two digits of a resident identity number. Withdrawn
// district codes live on in old cards, so only the province is checked.
var provinces = map[string]bool{}

func init() {
	for _, r := range [][2]int{{11, 15}, {21, 23}, {31, 37}, {41, 46}, {50, 54}, {61, 65}, {71, 71}, {81, 83}} {
		for n := r[0]; n <= r[1]; n++ {
			provinces[string([]byte{byte('0' + n/10), byte('0' + n%10)})] = true
		}
	}
}

// readIDNumber takes a resident identity number (M36).
//
// Source: GB 11643-1999.
func readIDNumber(text string, at time.Time) (string, error) {
	n := strings.ToUpper(strip(text, " -"))
	if len(n) == 15 && digits(n) {
		return "", &Refusal{"15位身份证已停用，请填18位号码。", idExample}
	}
	if len(n) == 18 {
		if hint := mistypedDigit(n[:17]); hint != "" {
			return "", &Refusal{"身份证号前17位都是数字，" + hint, idExample}
		}
	}
	if len(n) != 18 || !digits(n[:17]) || (n[17] != 'X' && !digits(n[17:])) {
		return "", &Refusal{"身份证号应为18位，最后一位可以是X。", idExample}
	}
	born, err := time.ParseInLocation("20060102", n[6:14], Beijing)
	if err != nil || born.Year() < 1900 || born.After(at) {
		return "", &Refusal{"身份证号第7到14位不是有效的出生日期，请核对。", idExample}
	}
	if !provinces[n[:2]] {
		return "", &Refusal{"身份证号前两位不是有效的省份代码，请核对。", idExample}
	}
	if n[17] != idCheck(n) {
		return "", &Refusal{"身份证号最后一位校验不对，可能有一位输错了，请逐位核对。", idExample}
	}
	if born.AddDate(18, 0, 0).After(at) {
		return "", &Refusal{"办理人须年满18周岁，请由成年人办理。", ""}
	}
	return n, nil
}

func idCheck(n string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(n[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

const (
	creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	creditExample  = "91330106MA0000015K"
)

// readCreditCode takes a unified social credit code (M50). A letter that the
// code never uses is named together with the digit it is usually mistaken for.
//
// Source: GB 32100-2015.
func readCreditCode(text string, _ time.Time) (string, error) {
	n := strings.ToUpper(strip(text, " -"))
	if len(n) != 18 {
		return "", &Refusal{"统一社会信用代码应为18位。", creditExample}
	}
	weight, sum := 1, 0
	for i := range 17 {
		v := strings.IndexByte(creditAlphabet, n[i])
		if v < 0 {
			return "", &Refusal{mistaken(n[i]), creditExample}
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	if creditAlphabet[(31-sum%31)%31] != n[17] {
		return "", &Refusal{"统一社会信用代码最后一位校验不对，可能有一位输错了，请对照营业执照逐位核对。", creditExample}
	}
	return n, nil
}

// readCompanyCode takes a unified social credit code, or the registration
// number of a licence that is older than it (M50).
//
// Source: GS 15-2006; the check digit is ISO 7064 MOD 11,10.
func readCompanyCode(text string, at time.Time) (string, error) {
	n := strip(text, " -")
	if len(n) != 15 || !digits(n) {
		return readCreditCode(text, at)
	}
	p := 10
	for i := range 14 {
		p = (p + int(n[i]-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	if int(n[14]-'0') != (11-p)%10 {
		return "", &Refusal{"工商注册号最后一位校验不对，可能有一位输错了，请对照营业执照逐位核对。", "330106000012340"}
	}
	return n, nil
}

// mistypedDigit says which digit a letter among digits was probably meant to be,
// or nothing.
func mistypedDigit(text string) string {
	likely := map[rune]string{'O': "0", 'I': "1", 'L': "1", 'S': "5", 'Z': "2", 'B': "8"}
	for _, c := range strings.ToUpper(text) {
		if d, ok := likely[c]; ok {
			return "字母" + string(c) + "是不是数字" + d + "？"
		}
	}
	return ""
}

func mistaken(c byte) string {
	likely := map[byte]string{'I': "1", 'O': "0", 'S': "5", 'Z': "2", 'V': "U 或 Y"}
	if d, ok := likely[c]; ok {
		return "统一社会信用代码里没有字母" + string(c) + "，是不是" + d + "？"
	}
	return "统一社会信用代码只有数字和大写字母。"
}
