// Who opened a page: the silent half of OAuth, which tells the OpenID only.

package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// ErrVirtual is returned for a page shown as a snapshot: WeChat invents a person
// for it, who cannot be anybody's applicant.
var ErrVirtual = errors.New("wechat: page is a snapshot without a person")

// SignIn returns the address that sends a WeChat browser to back with a code and
// the state. The state is at most 128 letters and digits; the host of back is
// the account's web domain. No call is made.
//
// The parameters stand in the order of the manual, which WeChat's own page is
// said to rely on, so url.Values, which sorts, is of no use. Source: WeChat
// official account manual, chapter 网页授权.
func (c *Client) SignIn(back, state string) string {
	return c.cfg.OpenURL + "/connect/oauth2/authorize?appid=" + url.QueryEscape(c.cfg.AppID) +
		"&redirect_uri=" + url.QueryEscape(back) +
		"&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state) + "#wechat_redirect"
}

// Who returns the OpenID of the person whose browser brought the code. A code
// works once, for five minutes; afterwards Who returns [ErrCode].
func (c *Client) Who(ctx context.Context, code string) (openid string, err error) {
	var answer struct {
		OpenID   string `json:"openid"`
		Snapshot int    `json:"is_snapshotuser"`
	}
	err = c.try(ctx, call{method: http.MethodGet, path: "/sns/oauth2/access_token", query: url.Values{
		"appid":      {c.cfg.AppID},
		"secret":     {c.cfg.AppSecret.Reveal()},
		"code":       {code},
		"grant_type": {"authorization_code"},
	}}, &answer)
	if err != nil {
		return "", err
	}
	if answer.Snapshot == 1 {
		return "", ErrVirtual
	}
	if answer.OpenID == "" {
		return "", errors.New("wechat: /sns/oauth2/access_token: answer holds no OpenID")
	}
	return answer.OpenID, nil
}
