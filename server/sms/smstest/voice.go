package smstest

// The voice service's one action. What it refuses, and with which code: the
// service's reference of SingleCallByTts and its table of error codes.

import (
	"net/http"
	"net/url"
	"regexp"
	"time"
)

const actionCall = "SingleCallByTts"

// called is a number in China: a mobile, or one with its area.
var called = regexp.MustCompile(`^(1[3-9][0-9]{9}|0[0-9]{9,11})$`)

// callLimits are those of one number that is called.
var callLimits = []limit{
	{time.Minute, 1, "触发分钟级流控Permits:1"},
	{time.Hour, 5, "触发小时级流控Permits:5"},
	{24 * time.Hour, 20, "触发天级流控Permits:20"},
}

// call makes the checks of SingleCallByTts.
func (s *Service) call(query url.Values) (string, *refusal) {
	q := request{
		phone: query.Get("CalledNumber"), shown: query.Get("CalledShowNumber"), template: query.Get("TtsCode"),
		variables: query.Get("TtsParam"), outID: query.Get("OutId"), call: true,
	}
	variables, no := s.checkCall(q)
	return s.finish(q, variables, no)
}

func (s *Service) checkCall(q request) (map[string]string, *refusal) {
	text, known := s.cfg.Voices[q.template]
	switch {
	case q.phone == "":
		return nil, &refusal{http.StatusBadRequest, "MissingCalledNumber", "CalledNumber is mandatory for this action."}
	case !called.MatchString(q.phone):
		return nil, &refusal{http.StatusOK, "isv.MOBILE_NUMBER_ILLEGAL", "号码格式非法"}
	case q.shown != "" && q.shown != s.cfg.Number:
		return nil, &refusal{http.StatusOK, "isv.DISPLAY_NUMBER_ILLEGAL", "号显不合法"}
	case !known:
		return nil, &refusal{http.StatusOK, "isv.TTS_TEMPLATE_ILLEGAL", "未找到审核通过的文本转语音模板"}
	case len(q.outID) > 15:
		return nil, &refusal{http.StatusOK, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"}
	}
	return fits(text, q.variables)
}
