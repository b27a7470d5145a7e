package alipay

// Who holds the telephone: the mini-program's auth code becomes an open_id.

import (
	"context"
	"errors"
	"fmt"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// Login exchanges the code of my.getAuthCode, which is good for one use and a
// few minutes, for the user's open_id in this application. The access token
// that comes along is dropped.
//
// A code that is used, too old or invented is a [*flows.RefusedError].
//
// Source: facts/alipay.md 2.3.1, alipay.system.oauth.token.
func (c *Client) Login(ctx context.Context, authCode string) (openID string, err error) {
	_, openID, err = c.token(ctx, authCode)
	return openID, err
}

// token exchanges an authorisation code for what it opens and for whom.
func (c *Client) token(ctx context.Context, authCode string) (access flows.Secret, openID string, err error) {
	if authCode == "" {
		return access, "", errors.New("alipay: login without a code")
	}
	request := sdk.NewPayload("alipay.system.oauth.token").
		AddParam("grant_type", "authorization_code").
		AddParam("code", authCode)
	// Not the library's struct: it takes expires_in only as a number, and its
	// success means a user_id, which new applications do not get.
	var out struct {
		verdict
		AccessToken text `json:"access_token"`
		OpenID      text `json:"open_id"`
	}
	err = c.send(ctx, request, &out)
	if foreign, ok := errors.AsType[*foreignError](err); ok {
		// A no to a code comes without a signature, and believing it costs no
		// more than another try.
		return access, "", fmt.Errorf("%s: %w", request.APIName(), foreign.refusal())
	}
	if err != nil {
		return access, "", err
	}
	if out.Code != "" && out.Code != codeSuccess {
		return access, "", fmt.Errorf("%s: %w", request.APIName(), out.judge())
	}
	if out.AccessToken == "" || out.OpenID == "" {
		return access, "", fmt.Errorf("%s: %w: no open_id; switch it on in the console", request.APIName(), ErrUnclear)
	}
	return flows.Conceal(string(out.AccessToken)), string(out.OpenID), nil
}

func (e *foreignError) refusal() error {
	if e.code == codeSuccess {
		return e
	}
	return verdict{Code: text(e.code), SubCode: text(e.subCode)}.judge()
}
