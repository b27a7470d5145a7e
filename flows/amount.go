package flows

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An amount of less than a yuan, in every form in which people say it.

var (
	yuanPattern   = regexp.MustCompile(`^(?:¥|￥|RMB|CNY)?0?\.(\d{1,2})(?:元|块|块钱)?$`)
	jiaoPattern   = regexp.MustCompile(`^(?:(\d)(?:角|毛))?(?:(\d{1,2})分?)?(?:钱)?$`)
	pastedPattern = regexp.MustCompile(`^(?:我们|财务|查到|收到|到账|了|金额|是|为|的|[:：，, ])*(.+?)(?:。|！|!)?$`)
)

// hanDigits are numbers as people write them in words.
var hanDigits = strings.NewReplacer("零", "0", "〇", "0", "一", "1", "二", "2", "两", "2", "三", "3", "四", "4", "五", "5", "六", "6", "七", "7", "八", "8", "九", "9",
	"壹", "1", "贰", "2", "叁", "3", "肆", "4", "伍", "5", "陆", "6", "柒", "7", "捌", "8", "玖", "9", "拾", "十", "点", ".", "半块", "0.50元", "半元", "0.50元")

// readSmallAmount takes 0.35, .35, 0.35元, ０．３５, 三角五分, 五毛, 35分, and
// returns yuan with two decimals.
func readSmallAmount(text string, _ time.Time) (string, error) {
	n := hanDigits.Replace(strings.ToUpper(strings.ReplaceAll(strip(text, " "), "．", ".")))
	n = tens(n)
	fen := 0
	if m := yuanPattern.FindStringSubmatch(n); m != nil {
		fen, _ = strconv.Atoi((m[1] + "0")[:2])
	} else if m := jiaoPattern.FindStringSubmatch(n); m != nil && strings.ContainsAny(n, "角毛分") {
		jiao, _ := strconv.Atoi("0" + m[1])
		rest, _ := strconv.Atoi("0" + m[2])
		if m[1] == "" || rest < 10 {
			fen = 10*jiao + rest
		}
	}
	if fen < 1 || fen > 99 {
		return "", &Refusal{"金额在 0.01 元到 0.99 元之间，请填到分。", "0.35"}
	}
	return Fen(fen).String(), nil
}

// tens reads 十 between the digits of a number in words: 十五, 三十, 三十五.
func tens(text string) string {
	before, after, found := strings.Cut(text, "十")
	if !found {
		return text
	}
	if before == "" {
		before = "1"
	}
	if !digits(before) {
		return text
	}
	if after == "" || !digits(after[:1]) {
		after = "0" + after
	}
	return before + after
}

// pastedAmount finds the amount in a message that says nothing else.
func pastedAmount(text string, at time.Time) Form {
	m := pastedPattern.FindStringSubmatch(strings.TrimSpace(halfWidth(text)))
	if m == nil {
		return nil
	}
	amount, err := readSmallAmount(m[1], at)
	if err != nil {
		return nil
	}
	return Form{KeyAmount: Conceal(amount)}
}
