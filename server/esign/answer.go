package esign

// What the platform's answers mean stands here on one page. Source: its
// reference of the comparisons (信息比对) and their table of error codes, read
// in the library of public pages; the codes of the catalogue are not all tried.

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"certdesk/flows"
)

// Codes of the platform that decide.
const (
	codeMatch    = 0
	codeMismatch = 30504001 // 信息比对不通过
	codeNoRecord = 30504002 // the source has no such record
	codeUnfit    = 30500100 // and the 99 after it: a parameter is missing or not taken
	lastUnfit    = 30500199
	codeRepeated = 30504900 // the same question too often: half an hour at most
)

const (
	wordsUnfit    = "登记系统不认这些信息，请核对后再试，或换一种方式认证。"
	wordsNoRecord = "登记系统里没有查到贵单位，新成立的单位要过几天才查得到。请换一种方式认证。"
	wordsRepeated = "核对得太频繁了，请半小时后再试，或换一种方式认证。"
	wordsEnded    = "登记系统显示贵单位已注销或吊销，不能办理。如有疑问请回复“人工”。"
)

var (
	// errAnswer is returned for an answer that is not one of the platform's.
	errAnswer = errors.New("answer cannot be read")
	// errNoRecord is returned when the register knows nothing of the question.
	errNoRecord = errors.New("no record")
)

// reply is every answer.
type reply struct {
	Code *int64 `json:"code"`
	Data *struct {
		Details *struct {
			State text `json:"legalOrgState"` // 企业经营状态; only when the platform has switched it on
		} `json:"compareDetails"`
	} `json:"data"`
}

// text is a JSON string, or a JSON number read as its digits: the platform's
// reference says one and its examples show the other.
type text string

// UnmarshalJSON refuses what is neither.
func (t *text) UnmarshalJSON(raw []byte) error {
	if n, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64); err == nil {
		*t = text(strconv.FormatInt(n, 10))
		return nil
	}
	var s string
	err := json.Unmarshal(raw, &s)
	*t = text(s)
	return err
}

// ended are the states in which a company is no more: 注销, 吊销, 撤销.
var ended = map[text]bool{"2": true, "3": true, "4": true}

// verdict reads an answer.
func verdict(body []byte) (match bool, err error) {
	var r reply
	if json.Unmarshal(body, &r) != nil || r.Code == nil {
		return false, errAnswer
	}
	switch *r.Code {
	case codeMatch:
		if r.Data != nil && r.Data.Details != nil && ended[r.Data.Details.State] {
			return false, &flows.RefusedError{Partner: partner, Code: "ended", Public: wordsEnded}
		}
		return true, nil
	case codeMismatch, 30501001, 30501006, 30501010: // the latter say what differs
		return false, nil
	case codeNoRecord:
		return false, errNoRecord
	case codeRepeated:
		return false, refused(*r.Code)
	}
	if *r.Code >= codeUnfit && *r.Code <= lastUnfit {
		return false, refused(*r.Code)
	}
	return false, fmt.Errorf("platform answered %d", *r.Code)
}

const partner = "esign"

// refused is a no for which the customer has something to do.
func refused(code int64) error {
	words := wordsUnfit
	switch code {
	case codeNoRecord:
		words = wordsNoRecord
	case codeRepeated:
		words = wordsRepeated
	}
	return &flows.RefusedError{Partner: partner, Code: strconv.FormatInt(code, 10), Public: words}
}
