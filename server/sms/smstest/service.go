package smstest

// The services' address: the gateway's checks, which answer with an HTTP
// status of 400 and above, and then those of the action, which answer 200 with a
// code in the body.

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"unicode/utf8"
)

const maxBody = 64 << 10

var mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// verificationCode is what a variable of a verification template may hold.
var verificationCode = regexp.MustCompile(`^[0-9A-Za-z]{4,6}$`)

// places are where a template's variables go.
var places = regexp.MustCompile(`\$\{([a-z]+)\}`)

// answer is the body of every answer.
type answer struct {
	RequestID string `json:"RequestId"`
	Code      string `json:"Code"`
	Message   string `json:"Message"`
	BizID     string `json:"BizId,omitempty"`  // of a message
	CallID    string `json:"CallId,omitempty"` // of a call
}

// refusal is a no: of the gateway when it has a status of its own.
type refusal struct {
	status int
	code   string
	words  string
}

// request is one SendSms or SingleCallByTts.
type request struct {
	phone, sign, template, variables, outID string
	shown                                   string // number that calls
	call                                    bool
}

// ServeHTTP answers POST / with the actions SendSms and SingleCallByTts.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.taken("500") {
		http.Error(w, "<html>Internal Server Error</html>", http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	said, status := s.answer(r, body)
	if s.taken("timeout") { // processed, and the answer lost
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(said) // a client that left is no concern of ours
}

func (s *Service) answer(r *http.Request, body []byte) (answer, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := answer{RequestID: fmt.Sprintf("%X", s.cfg.Clock().UnixNano()), Code: "OK", Message: "OK"}
	no := s.gateway(r, body)
	if no == nil && r.Header.Get("x-acs-action") == actionCall {
		said.CallID, no = s.call(r.URL.Query())
	} else if no == nil {
		said.BizID, no = s.send(r.URL.Query())
	}
	if no == nil {
		return said, http.StatusOK
	}
	said.Code, said.Message = no.code, no.words
	return said, no.status
}

// gateway makes the checks that precede every action.
func (s *Service) gateway(r *http.Request, body []byte) *refusal {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "UnsupportedHTTPMethod", "This http method is not supported."}
	}
	action := r.Header.Get("x-acs-action")
	if action != "SendSms" && action != actionCall || r.Header.Get("x-acs-version") != "2017-05-25" {
		return &refusal{http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found."}
	}
	return s.signed(r, body)
}

// send makes the checks of SendSms in the order of the service.
func (s *Service) send(query url.Values) (string, *refusal) {
	q := request{
		phone: query.Get("PhoneNumbers"), sign: query.Get("SignName"), template: query.Get("TemplateCode"),
		variables: query.Get("TemplateParam"), outID: query.Get("OutId"),
	}
	variables, no := s.check(q)
	return s.finish(q, variables, no)
}

// finish holds a request against the limits, does it, and writes it down.
func (s *Service) finish(q request, variables map[string]string, no *refusal) (string, *refusal) {
	now := s.cfg.Clock()
	if no == nil {
		if words := s.limited(q, now); words != "" {
			no = &refusal{http.StatusOK, "isv.BUSINESS_LIMIT_CONTROL", words}
		}
	}
	result := ""
	if no != nil {
		result = no.code
	} else {
		s.deliver(q, variables, now)
	}
	receipt, err := s.record(q, result, now)
	if err != nil {
		return "", &refusal{http.StatusOK, "isp.SYSTEM_ERROR", "系统错误"}
	}
	return receipt, no
}

func (s *Service) check(q request) (map[string]string, *refusal) {
	text, known := s.cfg.Templates[q.template]
	switch {
	case q.phone == "":
		return nil, &refusal{http.StatusBadRequest, "MissingPhoneNumbers", "PhoneNumbers is mandatory for this action."}
	case !mobile.MatchString(q.phone):
		return nil, &refusal{http.StatusOK, "isv.MOBILE_NUMBER_ILLEGAL", q.phone + "非法手机号"}
	case q.sign != s.cfg.SignName:
		return nil, &refusal{http.StatusOK, "isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名"}
	case !known:
		return nil, &refusal{http.StatusOK, "isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板"}
	}
	return fits(text, q.variables)
}

// fits reads variables and holds them against those of a template: all of them,
// no others, and none that is too long. That others are refused is stricter than
// what is known of the service.
func fits(text, given string) (map[string]string, *refusal) {
	var variables map[string]string
	if json.Unmarshal([]byte(given), &variables) != nil {
		return nil, &refusal{http.StatusOK, "isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值"}
	}
	asked := map[string]bool{}
	for _, place := range places.FindAllStringSubmatch(text, -1) {
		asked[place[1]] = true
		if variables[place[1]] == "" {
			return nil, &refusal{http.StatusOK, "isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值"}
		}
	}
	for name, value := range variables {
		switch {
		case !asked[name]:
			return nil, &refusal{http.StatusOK, "isv.INVALID_PARAMETERS", "参数异常"}
		case name == "code" && !verificationCode.MatchString(value):
			return nil, &refusal{http.StatusOK, "isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量里包含非法关键字"}
		case utf8.RuneCountInString(value) > 15:
			return nil, &refusal{http.StatusOK, "isv.PARAM_LENGTH_LIMIT", "参数超出长度限制"}
		}
	}
	return variables, nil
}
