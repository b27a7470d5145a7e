// The browser that says who its user is, and the call that asks.

package wechattest

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"
)

// codes are what browsers bring back, good once and for five minutes.
type codes struct {
	mu    sync.Mutex
	known map[string]*code
}

type code struct {
	openid string
	until  time.Time
	used   bool
}

// PersonCookie names the cookie of the world's page that tells whose telephone a
// browser is. The parameter "as" comes before it.
const PersonCookie = "wechat_person"

var goodState = regexp.MustCompile(`^[a-zA-Z0-9]{0,128}$`)

// authorize sends the browser back with a code. Whose telephone it is stands in
// the parameter "as" or in the cookie; otherwise it asks.
func (p *Platform) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("appid") != p.cfg.AppID || q.Get("response_type") != "code" ||
		!slices.Contains([]string{"snsapi_base", "snsapi_userinfo"}, q.Get("scope")) || !goodState.MatchString(q.Get("state")) {
		http.Error(w, "参数错误 10003", http.StatusBadRequest)
		return
	}
	if home, err := url.Parse(p.cfg.CallbackURL); err != nil || back.Hostname() != home.Hostname() {
		http.Error(w, "redirect_uri域名与后台配置不一致，错误码：10003", http.StatusBadRequest)
		return
	}
	who := q.Get("as")
	if cookie, err := r.Cookie(PersonCookie); err == nil {
		who = cmp.Or(who, cookie.Value)
	}
	if who == "" {
		p.ask(w, q)
		return
	}
	answer := back.Query()
	answer.Set("code", p.codes.issue(who, p.cfg.Clock()))
	answer.Set("state", q.Get("state"))
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

var askPage = template.Must(template.New("ask").Parse(`<!doctype html><meta charset="utf-8"><title>微信</title>
<p>这是谁的手机？</p>{{range .}}<p><a href="?{{.Query}}">{{.Name}}</a></p>{{else}}<p>还没有人关注公众号。</p>{{end}}`))

// ask lists the people who have ever followed.
func (p *Platform) ask(w http.ResponseWriter, q url.Values) {
	type person struct{ Name, Query string }
	var people []person
	p.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(p.state.Users)) {
		mine := maps.Clone(q)
		mine.Set("as", name)
		people = append(people, person{name, mine.Encode()})
	}
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = askPage.Execute(w, people) // the browser is gone
}

func (c *codes) issue(openid string, now time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	value := rand.Text()
	c.known[value] = &code{openid: openid, until: now.Add(5 * time.Minute)}
	return value
}

// redeem returns whose code it is, or the code with which it is refused.
func (c *codes) redeem(value string, now time.Time) (openid string, refused int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.known[value]
	switch {
	case value == "":
		return "", 41008
	case known == nil, !now.Before(known.until):
		return "", 40029
	case known.used:
		return "", 40163
	}
	known.used = true
	return known.openid, 0
}

func snsToken(p *Platform, r *http.Request, _ []byte) (any, int) {
	q := r.URL.Query()
	switch {
	case q.Get("grant_type") != "authorization_code":
		return nil, 40002
	case q.Get("appid") != p.cfg.AppID:
		return nil, 40013
	case subtle.ConstantTimeCompare([]byte(q.Get("secret")), []byte(p.cfg.AppSecret)) != 1:
		return nil, 40125
	}
	openid, refused := p.codes.redeem(q.Get("code"), p.cfg.Clock())
	if refused != 0 {
		return nil, refused
	}
	answer := map[string]any{
		"access_token": "U_" + rand.Text(), "expires_in": 7200, "refresh_token": "R_" + rand.Text(),
		"openid": openid, "scope": "snsapi_base",
	}
	if p.faults.take(Snapshot) {
		answer["openid"], answer["is_snapshotuser"] = "o"+rand.Text(), 1
	}
	return answer, 0
}
