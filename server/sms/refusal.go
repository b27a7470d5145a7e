package sms

// What the services' noes mean to a customer stands here on one page.

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alibabacloud-go/tea/tea"

	"certdesk/flows"
)

// words are what a service's noes mean to a customer.
type words struct{ limit, mobile, other string }

var (
	noText = words{
		limit:  "验证码获取太频繁了，请过一会儿再试。",
		mobile: "这个手机号码收不到短信，请检查号码后重新输入。",
		other:  "短信暂时发不出去，请稍后再试，或回复“人工”联系客服。",
	}
	noCall = words{
		limit:  "给这个号码打的电话太多了，请过一会儿再试，或重新获取短信验证码。",
		mobile: "这个手机号码打不通，请检查号码后重新输入。",
		other:  "语音电话暂时打不了，请重新获取短信验证码，或回复“人工”联系客服。",
	}
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
// later. Source: the services' tables of error codes, which share these.
func (w words) refused(code string) error {
	public := w.other
	switch {
	case code == codeLimit:
		public = w.limit
	case code == "isv.MOBILE_NUMBER_ILLEGAL", code == "isv.MOBILE_COUNT_OVER_LIMIT":
		public = w.mobile
	case !strings.HasPrefix(code, ours):
		return fmt.Errorf("service answered %s", short(code))
	}
	return &flows.RefusedError{Partner: "sms", Code: short(code), Public: public}
}

// bare keeps of the library's error only what is safe to log: its text
// repeats the answer, and the answer may repeat the request. A definite no is
// one with any HTTP status.
func (w words) bare(err error) error {
	if refusal, ok := errors.AsType[*tea.SDKError](err); ok {
		if code := tea.StringValue(refusal.Code); strings.HasPrefix(code, ours) {
			return w.refused(code)
		}
		return fmt.Errorf("%w: HTTP status %d, code %s", errAnswer, tea.IntValue(refusal.StatusCode), short(tea.StringValue(refusal.Code)))
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, errWire) {
		return err
	}
	return errAnswer
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
