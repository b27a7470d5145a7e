// Package esigntest is the stand-in of e签宝: it compares what it is asked with
// the register that it was given, searches its list of branches inside a flow of
// an organisation, and refuses what the platform would refuse, with its codes: a
// wrong signature, a time in seconds or a quarter of an hour off, a missing field,
// the same question eleven times in a minute, a flow that is none or is over.
//
// It shares no code with the client it checks, and remembers who asked what
// only for that count.
package esigntest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"certdesk/flows"
)

// Config is the customer's account, and the register.
type Config struct {
	AppID     string
	Secret    flows.Secret
	Companies []Company
	Holders   []Holder
	Branches  []Branch
	Clock     func() time.Time
}

// Company is one line of the register.
type Company struct {
	Name           string
	Code           string
	Representative string
	IDNumber       string // of the representative; the register may have none
	State          string // 1 when empty: in business; 2 is deregistered
}

// Holder is somebody with a mobile number, and a card whose bank has it.
type Holder struct {
	Name     string
	IDNumber string
	Mobile   string
	Card     string
}

// Register is the stand-in. It is safe for use by many goroutines.
type Register struct {
	cfg Config

	mu     sync.Mutex
	asked  map[string][]time.Time
	faults map[string]int
	flows  map[string]time.Time // when each was opened
}

// New makes the stand-in.
func New(cfg Config) *Register {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	return &Register{cfg: cfg, asked: map[string][]time.Time{}, faults: map[string]int{}, flows: map[string]time.Time{}}
}

// faultNames are what can go wrong: "500" answers without an answer, "timeout"
// never answers, "down" is the source behind the platform.
var faultNames = []string{"500", "timeout", "down"}

// Fault makes the next times questions go wrong. It refuses an unknown name.
func (r *Register) Fault(name string, times int) error {
	if !slices.Contains(faultNames, name) {
		return fmt.Errorf("esigntest: no fault %q, only %v", name, faultNames)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[name] = max(times, 0)
	return nil
}

func (r *Register) taken(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.faults[name] == 0 {
		return false
	}
	r.faults[name]--
	return true
}

// answer is the platform's: a code, words, and the details of a comparison.
type answer struct {
	status int
	Code   int    `json:"code"`
	Words  string `json:"message"`
	Data   any    `json:"data"`
}

// Prefixes of the paths that the stand-in answers: comparisons, and flows.
const (
	Prefix     = "/v2/identity/verify/"
	FlowPrefix = "/v2/identity/auth/"
)

// The comparisons, each with the fields that it wants.
var services = map[string][]string{
	"organization/enterprise/bureau4Factors": {"name", "orgCode", "legalRepName", "legalRepCertNo"},
	"organization/verify":                    {"name", "orgCode", "legalRepName"},
	"organization/enterprise/base":           {"name", "orgCode"},
	"individual/telecom3Factors":             {"idNo", "name", "mobileNo"},
	"individual/bank4Factors":                {"idNo", "name", "cardNo", "mobileNo"},
}

// ServeHTTP answers the comparisons.
func (r *Register) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	switch {
	case r.taken("500"):
		http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
		return
	case r.taken("timeout"):
		<-q.Context().Done()
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, q.Body, 64<<10))
	if err != nil {
		http.Error(w, "Bad Request", http.StatusBadRequest)
		return
	}
	said := r.answer(q, body)
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(said.status)
	_ = json.NewEncoder(w).Encode(said) // a client that left is no concern of ours
}

func (r *Register) answer(q *http.Request, body []byte) answer {
	if no := r.gate(q, body); no != "" {
		return answer{status: http.StatusUnauthorized, Code: http.StatusUnauthorized, Words: no}
	}
	if rest, ok := strings.CutPrefix(q.URL.Path, FlowPrefix); ok {
		return r.inFlow(q, rest, body)
	}
	service := strings.TrimPrefix(q.URL.Path, Prefix)
	needed := services[service]
	if q.Method != http.MethodPost || needed == nil {
		return answer{status: http.StatusNotFound, Code: http.StatusNotFound, Words: "no such service"}
	}
	if r.taken("down") {
		return ok(30500000, "操作出错，请联系服务人员处理")
	}
	var asked map[string]string
	if err := json.Unmarshal(body, &asked); err != nil {
		return ok(30500101, "参数错误")
	}
	if no, is := unfit(asked, needed); is {
		return no
	}
	if r.repeated(string(body)) {
		return ok(30504900, "请求已判定被风控请等待/联系管理员处理!")
	}
	if strings.HasPrefix(service, "individual/") {
		return r.holds(asked)
	}
	return r.compare(asked)
}

// holds looks for whoever holds the mobile number, and the card when one is
// asked for.
func (r *Register) holds(asked map[string]string) answer {
	for _, h := range r.cfg.Holders {
		if h.Mobile != asked["mobileNo"] {
			continue
		}
		if h.Name == asked["name"] && h.IDNumber == asked["idNo"] && (asked["cardNo"] == "" || h.Card == asked["cardNo"]) {
			return ok(0, "成功")
		}
		return ok(30504001, "信息比对不通过，请检查信息的正确性")
	}
	return ok(30504002, "数据源查询失败，请联系服务人员处理")
}

func ok(code int, words string) answer {
	return answer{status: http.StatusOK, Code: code, Words: words}
}

// gate checks the headers, and says what the gateway would.
func (r *Register) gate(q *http.Request, body []byte) string {
	head := func(name string) string { return q.Header.Get("X-Tsign-Open-" + name) }
	at, err := strconv.ParseInt(head("Ca-Timestamp"), 10, 64)
	off := r.cfg.Clock().Sub(time.UnixMilli(at)).Abs()
	text := fmt.Sprintf("%s\n%s\n%s\n%s\n%s\n%s", q.Method, q.Header.Get("Accept"), q.Header.Get("Content-MD5"),
		q.Header.Get("Content-Type"), q.Header.Get("Date"), plainAddress(q.URL))
	mac := hmac.New(sha256.New, []byte(r.cfg.Secret.Reveal()))
	_, _ = io.WriteString(mac, text)
	signed, wrong := base64.StdEncoding.DecodeString(head("Ca-Signature"))
	switch {
	case head("App-Id") != r.cfg.AppID:
		return "INVALID_APP_ID"
	case head("Auth-Mode") != "Signature":
		return "INVALID_TOKEN"
	case err != nil || off > 15*time.Minute:
		return "INVALID_TIMESTAMP"
	case q.Header.Get("Content-MD5") != contentMD5(q.Method, body):
		return "INVALID_CONTENT_MD5"
	case wrong != nil || !hmac.Equal(signed, mac.Sum(nil)):
		return "INVALID_SIGNATURE"
	}
	return ""
}

// unfit says which field the platform does not take.
func unfit(asked map[string]string, needed []string) (no answer, is bool) {
	for _, field := range needed {
		if asked[field] == "" {
			return ok(30500100, "缺少参数: "+field), true
		}
		if strings.TrimSpace(asked[field]) != asked[field] {
			return ok(30500101, "参数错误: "+field), true
		}
	}
	n := len(asked["orgCode"])
	switch {
	case utf8.RuneCountInString(asked["name"]) < 2, asked["orgCode"] != "" && n != 15 && n != 18:
		return ok(30500101, "参数错误:请输入正确的组织机构证件号!"), true
	case asked["orgCode"] == "" && len(asked["idNo"]) != 18:
		return ok(30500118, "请输入正确的身份证号码"), true
	case asked["orgCode"] == "" && len(asked["mobileNo"]) != 11:
		return ok(30500120, "请输入正确的手机号码"), true
	}
	return answer{}, false
}

// repeated counts the same question: ten in a minute are answered.
func (r *Register) repeated(question string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.cfg.Clock()
	recent := slices.DeleteFunc(r.asked[question], func(at time.Time) bool { return now.Sub(at) >= time.Minute })
	r.asked[question] = append(recent, now)
	return len(recent) >= 10
}

// compare looks into the register for what is asked.
func (r *Register) compare(asked map[string]string) answer {
	byNumber := asked["legalRepCertNo"] != ""
	found := slices.IndexFunc(r.cfg.Companies, func(c Company) bool { return c.Code == asked["orgCode"] })
	if found < 0 || byNumber && r.cfg.Companies[found].IDNumber == "" {
		return ok(30504002, "数据源查询失败，请联系服务人员处理")
	}
	c := r.cfg.Companies[found]
	same := map[string]string{
		"sameOrgName": told(c.Name == asked["name"]), "sameOrgCode": "1", "legalOrgState": c.State,
	}
	if asked["legalRepName"] != "" {
		same["sameLegalRepresentative"] = told(c.Representative == asked["legalRepName"])
	}
	if c.State == "" {
		same["legalOrgState"] = "1"
	}
	if byNumber {
		same["sameLegalRepresentativeCode"] = told(c.IDNumber == asked["legalRepCertNo"])
	}
	said := ok(0, "成功")
	for _, one := range same {
		if one == "0" {
			said = ok(30504001, "信息比对不通过，请检查信息的正确性")
		}
	}
	said.Data = map[string]any{"verifyId": fmt.Sprintf("%x", sha256.Sum256([]byte(fmt.Sprint(asked))))[:32], "compareDetails": same}
	return said
}

func told(same bool) string {
	if same {
		return "1"
	}
	return "0"
}
