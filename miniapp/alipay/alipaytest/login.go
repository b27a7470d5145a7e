package alipaytest

// Logging in: a code for one use, and what it is exchanged for.

import (
	"encoding/base64"
	"time"
)

// codeLives is the shortest life that Alipay's own pages give a code.
const codeLives = 3 * time.Minute

// AuthCode returns what my.getAuthCode gives for this user: a code for one
// use, good for three minutes.
func (g *Gateway) AuthCode(user string) (string, error) {
	u, err := g.user(user)
	if err != nil {
		return "", err
	}
	return g.agrees(login{User: u.ID, OpenID: u.OpenID, Scope: scopeBase})
}

// agrees lets a user log in, and returns the code for it.
func (g *Gateway) agrees(l login) (code string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	code, l.Born = drawn(hexadecimal, 32), g.now()
	g.logins[code] = &l
	return code, g.save()
}

// token answers without a code field when all is well.
//
// Source: facts/alipay.md 2.3.1.
func (g *Gateway) token(q request) fields {
	if q.params["grant_type"] != "authorization_code" {
		return bad("40002", "isv.invalid-parameter")
	}
	l := g.logins[q.params["code"]]
	if l == nil || l.Used || g.now().Sub(l.Born) >= g.span(codeLives) {
		return bad("40002", "isv.code-invalid")
	}
	l.Used = true
	access := "authbseB" + drawn(hexadecimal, 32)
	g.tokens[access] = *l
	return fields{
		"access_token": access, "refresh_token": "authbseB" + drawn(hexadecimal, 32),
		"auth_start": g.now().Format(clockLayout), "auth_token_type": "normal",
		"expires_in": 1296000, "re_expires_in": 2592000, "open_id": l.OpenID,
	}
}

// download hands out a certificate to whoever asks, unsigned, as Alipay does;
// a client that asks is counted, because it should not.
func (g *Gateway) download(request) fields {
	g.books.CertDownloads++
	content := base64.StdEncoding.EncodeToString([]byte(g.cfg.Credentials.AlipayCert))
	return yes(fields{"alipay_cert_content": content})
}
