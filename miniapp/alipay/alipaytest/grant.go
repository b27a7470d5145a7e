package alipaytest

// Letting an application see whose an account is: the page at which its holder
// agrees, and what the application may ask then.

import (
	"net/http"
)

// Scopes that an application may ask for.
const (
	scopeBase   = "auth_base"
	scopeUser   = "auth_user"
	scopeVerify = "id_verify"
)

// loginChoices is how many accounts a page offers.
const loginChoices = 20

// granted reports whether a log-in asks for something that there is.
func (g *Gateway) granted(params map[string]string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch params["scope"] {
	case scopeBase, scopeUser:
		return true
	case scopeVerify:
		return g.verifies[params["cert_verify_id"]] != ""
	}
	return false
}

// showLogin is the page in a browser, where the account is chosen; inside the
// app it would be the app's own.
func (g *Gateway) showLogin(w http.ResponseWriter, r *http.Request) {
	params := map[string]string{}
	for name, given := range r.URL.Query() {
		params[name] = given[0]
	}
	if r.Method != http.MethodPost {
		p := page{Title: "支付宝登录", Lines: []string{"登录后，商家可以看到这个账号是谁实名的。请选择账号："}}
		for _, u := range g.cfg.Users[:min(len(g.cfg.Users), loginChoices)] {
			p.Choices = append(p.Choices, choice{u.ID, u.Name.Reveal()})
		}
		showPage(w, p)
		return
	}
	u, err := g.user(r.PostFormValue("user"))
	if err != nil {
		http.Error(w, "没有这个账号", http.StatusBadRequest)
		return
	}
	to, err := g.scanLogin(u, params)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to.URL, http.StatusFound)
}

// holder finds who gave an access token for this scope, and what they agreed to
// be compared with, or says why not.
func (g *Gateway) holder(q request, scope string) (u User, verify string, refused fields) {
	l, known := g.tokens[q.params["auth_token"]]
	switch {
	case !known:
		return User{}, "", fields{"code": "20001", "msg": "Insufficient Token Permissions", "sub_code": "aop.invalid-auth-token", "sub_msg": "无效的访问令牌"}
	case l.Scope != scope:
		return User{}, "", bad("40006", "isv.insufficient-isv-permissions")
	}
	u, err := g.user(l.User)
	if err != nil {
		return User{}, "", bad("40002", "isv.invalid-parameter")
	}
	return u, l.Verify, nil
}

// share tells whose the account is. Of a company it tells the licence as well.
//
// Source: facts/alipay.md 2.3.3.
func (g *Gateway) share(q request) fields {
	u, _, refused := g.holder(q, scopeUser)
	if refused != nil {
		return refused
	}
	out := fields{"open_id": u.OpenID, "user_type": "2", "user_status": "T", "is_certified": "T"}
	company := !u.CreditCode.IsZero()
	if company {
		out["user_type"] = "1"
	}
	if u.Uncertified {
		out["is_certified"] = "F"
		return yes(out)
	}
	out["user_name"] = u.Name.Reveal()
	if company {
		out["license_no"], out["firm_type"] = u.CreditCode.Reveal(), "CO"
	}
	return yes(out)
}

// preconsult takes the name and number of whom the application expects.
//
// Source: facts/alipay.md 2.3.4.
func (g *Gateway) preconsult(q request) fields {
	var in struct {
		Name string `json:"user_name"`
		Type string `json:"cert_type"`
		No   string `json:"cert_no"`
	}
	if !q.decode(&in) || in.Name == "" || in.Type != "IDENTITY_CARD" || !identityCard.MatchString(in.No) {
		return no("INVALID_PARAMETER", "参数有误")
	}
	id := drawn(decimal, 32)
	g.verifies[id] = digest(in.Name, in.No)
	return yes(fields{"verify_id": id})
}

// consult compares with the holder who agreed to just this comparison.
func (g *Gateway) consult(q request) fields {
	u, verify, refused := g.holder(q, scopeVerify)
	if refused != nil {
		return refused
	}
	var in struct {
		ID string `json:"verify_id"`
	}
	if !q.decode(&in) || in.ID == "" || in.ID != verify {
		return no("INVALID_PARAMETER", "参数有误")
	}
	if u.digest() != g.verifies[in.ID] || u.Uncertified {
		return yes(fields{"passed": "F", "fail_reason": "用户信息不一致"})
	}
	return yes(fields{"passed": "T"})
}
