package esigntest

import (
	"crypto/md5" //nolint:gosec // the platform prescribes it
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flows of organisations, as far as a list of branches is searched in them.
// Source: the platform's references of 【3要素】企业核身认证 and 查询打款银行信息.

// Branch is one row of the platform's list.
type Branch struct {
	Bank     string `json:"bank"`
	Name     string `json:"bankName"`
	Code     string `json:"cnapsCode"`
	Province string `json:"province"`
	City     string `json:"city"`
}

const (
	opening    = "api/organization/threeFactors"
	flowLives  = 30 * 24 * time.Hour
	mostListed = 20
)

// contentMD5 is of the body; of a question without one it is empty.
func contentMD5(method string, body []byte) string {
	if method == http.MethodGet && len(body) == 0 {
		return ""
	}
	sum := md5.Sum(body) //nolint:gosec // see above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// plainAddress is the path, and the query by its names, with nothing encoded.
func plainAddress(u *url.URL) string {
	values := u.Query()
	var pairs []string
	for name := range values {
		pairs = append(pairs, name+"="+values.Get(name))
	}
	if slices.Sort(pairs); len(pairs) == 0 {
		return u.Path
	}
	return u.Path + "?" + strings.Join(pairs, "&")
}

// Flows is how many flows were opened.
func (r *Register) Flows() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.flows)
}

// inFlow opens a flow, or answers inside one.
func (r *Register) inFlow(q *http.Request, path string, body []byte) answer {
	flow, of := strings.CutPrefix(path, "pub/organization/")
	flow, list := strings.CutSuffix(flow, "/subbranch")
	switch {
	case r.taken("down"):
		return ok(30500000, "操作出错，请联系服务人员处理")
	case path == opening && q.Method == http.MethodPost:
		return r.openFlow(body)
	case of && list && q.Method == http.MethodGet:
		return r.search(flow, q.URL.Query())
	}
	return answer{status: http.StatusNotFound, Code: http.StatusNotFound, Words: "no such service"}
}

// openFlow compares an organisation with the register first.
func (r *Register) openFlow(body []byte) answer {
	var asked map[string]string
	if err := json.Unmarshal(body, &asked); err != nil {
		return ok(30500101, "参数错误")
	}
	if no, is := unfit(asked, []string{"name", "orgCode", "legalRepName"}); is {
		return no
	}
	if said := r.compare(asked); said.Code != 0 {
		return said
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := strconv.Itoa(793892446156108606 + len(r.flows))
	r.flows[id] = r.cfg.Clock()
	said := ok(0, "成功")
	said.Data = map[string]string{"flowId": id}
	return said
}

// search lists the branches whose names hold the letters of the word in their
// order: how like a name has to be, the platform does not say.
func (r *Register) search(flow string, query url.Values) answer {
	r.mu.Lock()
	opened, known := r.flows[flow]
	r.mu.Unlock()
	word := query.Get("keyWord")
	switch {
	case !known:
		return ok(30500004, "认证流程不存在")
	case r.cfg.Clock().Sub(opened) > flowLives:
		return ok(30500003, "认证流程已失效，请重新发起认证")
	case word == "" && query.Get("cnapsCode") == "":
		return ok(30500100, "keyWord与cnapsCode不能同时为空")
	}
	list := []Branch{}
	for _, b := range r.cfg.Branches {
		if holds(b.Name, word) && len(list) < mostListed {
			list = append(list, b)
		}
	}
	said := ok(0, "成功")
	said.Data = map[string]any{"list": list}
	return said
}

func holds(name, word string) bool {
	for _, letter := range word {
		_, rest, ok := strings.Cut(name, string(letter))
		if !ok {
			return false
		}
		name = rest
	}
	return true
}
