package couriertest

// The platform's address, in the order in which the platform refuses: fields,
// account, time, digest, repetition, load, and then the service's own checks.

import (
	"crypto/md5" //nolint:gosec // the courier prescribes it
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of the platform. Source: facts 3.1 for the rate and the repetition;
// the age of a request that is refused is not published.
const (
	maxBody    = 1 << 20
	maxAge     = 10 * time.Minute
	perSecond  = 30
	rememberID = time.Minute
)

// outer is the answer of the gateway.
type outer struct {
	ID     string `json:"apiResponseID"`
	Error  string `json:"apiErrorMsg"`
	Code   string `json:"apiResultCode"`
	Result string `json:"apiResultData"`
}

// inner is the answer of a service.
type inner struct {
	Success bool   `json:"success"`
	Code    string `json:"errorCode"`
	Error   string `json:"errorMsg"`
	Data    any    `json:"msgData"`
}

// refusal is a no of the gateway or, when its code is not one of the A10xx, of
// a service.
type refusal struct{ code, words string }

// pace counts the calls of a service in one second.
type pace struct {
	second int64
	calls  int
}

// ServeHTTP answers POST /std/service.
func (c *Courier) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.taken("500") {
		http.Error(w, "Internal Server Error", http.StatusInternalServerError)
		return
	}
	if r.Method != http.MethodPost {
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		writeJSON(w, outer{Code: "A1001", Error: "必传参数不可为空"})
		return
	}
	answer := c.answer(r)
	if c.taken("timeout") { // processed, and the answer lost
		<-r.Context().Done()
		return
	}
	writeJSON(w, answer)
}

func writeJSON(w http.ResponseWriter, answer outer) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(answer) // a client that left is no concern of ours
}

// answer wraps what the service said; its result is JSON inside a string.
func (c *Courier) answer(r *http.Request) outer {
	c.mu.Lock()
	defer c.mu.Unlock()
	reply := outer{ID: fmt.Sprintf("%d", c.cfg.Clock().UnixNano())}
	if no := c.gateway(r); no != nil {
		reply.Code, reply.Error = no.code, no.words
		return reply
	}
	result := inner{Success: true, Code: "S0000"}
	data, no := c.serve(r.PostFormValue("serviceCode"), []byte(r.PostFormValue("msgData")))
	if no != nil {
		result = inner{Code: no.code, Error: no.words}
	} else {
		result.Data = data
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		reply.Code, reply.Error = "A1099", "系统异常"
		return reply
	}
	reply.Code, reply.Result = "A1000", string(encoded)
	return reply
}

// gateway makes the checks that precede every service.
func (c *Courier) gateway(r *http.Request) *refusal {
	for _, field := range []struct {
		name string
		max  int
	}{{"partnerID", 64}, {"requestID", 40}, {"serviceCode", 50}, {"timestamp", 20}, {"msgDigest", 128}, {"msgData", maxBody}} {
		if value := r.PostFormValue(field.name); value == "" || len(value) > field.max {
			return &refusal{"A1001", "必传参数不可为空: " + field.name}
		}
	}
	if r.PostFormValue("partnerID") != c.cfg.PartnerID || services[r.PostFormValue("serviceCode")] == nil {
		return &refusal{"A1004", "无对应服务权限"}
	}
	now := c.cfg.Clock()
	ms, err := strconv.ParseInt(r.PostFormValue("timestamp"), 10, 64)
	if err != nil || now.Sub(time.UnixMilli(ms)).Abs() > maxAge {
		return &refusal{"A1002", "请求时效已过期"}
	}
	signed := r.PostFormValue("msgData") + r.PostFormValue("timestamp") + c.cfg.Checkword.Reveal()
	if r.PostFormValue("msgDigest") != c.sign(signed) {
		return &refusal{"A1006", "数字签名无效"}
	}
	return c.admit(r.PostFormValue("requestID"), r.PostFormValue("serviceCode"), now)
}

// admit refuses a repeated request and more than 30 calls in a second.
func (c *Courier) admit(id, service string, now time.Time) *refusal {
	for old, at := range c.seen {
		if now.Sub(at) > rememberID {
			delete(c.seen, old)
		}
	}
	if _, again := c.seen[id]; again {
		return &refusal{"A1007", "重复请求"}
	}
	c.seen[id] = now
	p := c.pace[service]
	if p.second != now.Unix() {
		p = pace{second: now.Unix()}
	}
	p.calls++
	c.pace[service] = p
	if p.calls > perSecond*c.cfg.Hurry {
		return &refusal{"A1005", "流量限制"}
	}
	return nil
}

// sign is the platform's own digest, byte by byte as java.net.URLEncoder
// writes: letters, digits and . - * _ stay, a space is a plus, the rest is
// escaped in capitals.
func (c *Courier) sign(text string) string {
	if c.cfg.SignMode == "standard" {
		var b strings.Builder
		for i := range len(text) {
			switch ch := text[i]; {
			case ch == ' ':
				b.WriteByte('+')
			case 'a' <= ch && ch <= 'z', 'A' <= ch && ch <= 'Z', '0' <= ch && ch <= '9', strings.IndexByte(".-*_", ch) >= 0:
				b.WriteByte(ch)
			default:
				fmt.Fprintf(&b, "%%%02X", ch)
			}
		}
		text = b.String()
	}
	sum := md5.Sum([]byte(text)) //nolint:gosec // the courier prescribes it
	return base64.StdEncoding.EncodeToString(sum[:])
}
