package alipay

// Whose an account is, when its holder lets us ask: the web log-in, and what
// Alipay then says of a company, or of a person whom we name.

import (
	"context"
	"fmt"
	"net/url"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

const scopeHolder = "auth_user"

// Authorise returns the address at which somebody logs in to Alipay and lets us
// see whose the account is. From there the browser goes on to back with a code
// for [Client.Holder] and the state, which the caller compares. No call is made.
//
// Source: facts/alipay.md 2.3.2.
func (c *Client) Authorise(back, state string) string {
	return c.authorise(url.Values{"scope": {scopeHolder}, "redirect_uri": {back}, "state": {state}})
}

// AuthoriseAs is [Client.Authorise] for somebody who is to be the person that
// [Client.Prepare] named: the code is for [Client.Same].
//
// Source: facts/alipay.md 2.3.4; the scope and the parameter are from memory,
// and the scope can be configured.
func (c *Client) AuthoriseAs(verifyID, back, state string) string {
	return c.authorise(url.Values{
		"scope": {c.cfg.VerifyScope}, "redirect_uri": {back}, "state": {state}, "cert_verify_id": {verifyID},
	})
}

// authorise builds the address ourselves: the library's is fixed.
func (c *Client) authorise(query url.Values) string {
	query.Set("app_id", c.cfg.AppID)
	return c.cfg.OAuth + "?" + query.Encode()
}

// Holder exchanges the code of [Client.Authorise], which is good for one use
// and a few minutes, for whose the account is. The access token is dropped.
//
// A code that is used, too old or invented is a [*flows.RefusedError].
//
// Source: facts/alipay.md 2.3.3, alipay.user.info.share. Not the library's
// struct, which has none of a company's fields.
func (c *Client) Holder(ctx context.Context, code string) (flows.Holder, error) {
	token, _, err := c.token(ctx, code)
	if err != nil {
		return flows.Holder{}, err
	}
	request := sdk.NewPayload("alipay.user.info.share").AddParam("auth_token", token.Reveal())
	var out struct {
		verdict
		Type      text `json:"user_type"`
		Status    text `json:"user_status"`
		Certified text `json:"is_certified"`
		Name      text `json:"user_name"`
		Licence   text `json:"license_no"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return flows.Holder{}, err
	}
	holder := flows.Holder{
		Company: out.Type == "1", Certified: out.Certified == "T" && out.Status == "T",
		Name: flows.Conceal(string(out.Name)), CreditCode: flows.Conceal(string(out.Licence)),
	}
	if out.Type != "1" && out.Type != "2" || holder.Company && holder.Certified && out.Name == "" {
		return flows.Holder{}, fmt.Errorf("%s: %w: no user_type or name; have the fields granted in the console", request.APIName(), ErrUnclear)
	}
	return holder, nil
}

// Prepare names the person whom an account's holder is to be, and returns what
// [Client.AuthoriseAs] and [Client.Same] know them by.
//
// Source: facts/alipay.md 2.3.4, alipay.user.certdoc.certverify.preconsult.
func (c *Client) Prepare(ctx context.Context, who flows.Person) (verifyID string, err error) {
	request := sdk.NewPayload("alipay.user.certdoc.certverify.preconsult").
		AddBizField("user_name", who.Name.Reveal()).
		AddBizField("cert_type", "IDENTITY_CARD").
		AddBizField("cert_no", who.IDNumber.Reveal())
	var out struct {
		verdict
		VerifyID text `json:"verify_id"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return "", err
	}
	if out.VerifyID == "" {
		return "", fmt.Errorf("%s: %w: no verify_id", request.APIName(), ErrUnclear)
	}
	return string(out.VerifyID), nil
}

// Same exchanges the code of [Client.AuthoriseAs] for whether the account is
// that person's. Only T is a yes.
//
// Source: facts/alipay.md 2.3.4, alipay.user.certdoc.certverify.consult.
func (c *Client) Same(ctx context.Context, code, verifyID string) (bool, error) {
	token, _, err := c.token(ctx, code)
	if err != nil {
		return false, err
	}
	request := sdk.NewPayload("alipay.user.certdoc.certverify.consult").
		AddParam("auth_token", token.Reveal()).
		AddBizField("verify_id", verifyID)
	var out struct {
		verdict
		Passed text `json:"passed"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return false, err
	}
	if out.Passed != "T" && out.Passed != "F" {
		return false, fmt.Errorf("%s: %w: passed is neither T nor F", request.APIName(), ErrUnclear)
	}
	return out.Passed == "T", nil
}
