package sms

// What the service's noes mean to a customer stands here on one page.

import (
	"errors"
	"fmt"
	"strings"

	"certdesk/flows"
)

const (
	wordsLimit  = "验证码获取太频繁了，请过一会儿再试。"
	wordsMobile = "这个手机号码收不到短信，请检查号码后重新输入。"
	wordsOther  = "短信暂时发不出去，请稍后再试，或回复“人工”联系客服。"
)

// errAnswer says that the answer is not one the service should give; what
// became of the message is unknown.
var errAnswer = errors.New("answer cannot be used")

// codeLimit says that a number gets no more messages for a while.
const codeLimit = "isv.BUSINESS_LIMIT_CONTROL"

// ours begins the codes that speak of our request or our account.
const ours = "isv."

// refused is the error for an answer that is not OK. A code of [ours] means
// no; the others (isp, Throttling) speak of the service, which may do better
// later. Source: the service's
// table of error codes.
func refused(code string) error {
	words := wordsOther
	switch {
	case code == codeLimit:
		words = wordsLimit
	case code == "isv.MOBILE_NUMBER_ILLEGAL", code == "isv.MOBILE_COUNT_OVER_LIMIT":
		words = wordsMobile
	case !strings.HasPrefix(code, ours):
		return fmt.Errorf("service answered %s", short(code))
	}
	return &flows.RefusedError{Partner: "sms", Code: short(code), Public: words}
}

// short makes a code safe for a log: it is the partner's text.
func short(code string) string {
	kept := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, code)
	return kept[:min(len(kept), 48)]
}
