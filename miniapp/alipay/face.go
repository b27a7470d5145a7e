package alipay

// Proving a face with alipay.user.certify.open: begin, show the page, ask.

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// attemptNumber is what Alipay takes for outer_order_no.
var attemptNumber = regexp.MustCompile(`^[0-9A-Za-z]{1,32}$`)

// Begin opens a face verification for a mainland identity card and returns its
// certify_id, which may be used for 23 hours. The number is 1 to 32 letters
// and digits, new for each attempt.
//
// A definite no is a [*flows.RefusedError]; after any other error Begin may be
// called again under the same number.
//
// Source: facts/alipay.md 2.1, alipay.user.certify.open.initialize.
func (c *Client) Begin(ctx context.Context, number string, who flows.Person) (id string, err error) {
	if !attemptNumber.MatchString(number) {
		return "", fmt.Errorf("alipay: attempt number %q is not 1 to 32 letters and digits", clip(number))
	}
	request := sdk.NewPayload("alipay.user.certify.open.initialize").
		AddBizField("outer_order_no", number).
		AddBizField("biz_code", c.cfg.FaceProduct).
		AddBizField("identity_param", map[string]string{
			"identity_type": "CERT_INFO",
			"cert_type":     "IDENTITY_CARD",
			"cert_name":     who.Name.Reveal(),
			"cert_no":       who.IDNumber.Reveal(),
		}).
		AddBizField("merchant_config", map[string]string{"return_url": c.cfg.ReturnURL})
	var out struct {
		verdict
		CertifyID text `json:"certify_id"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return "", err
	}
	if out.CertifyID == "" {
		return "", fmt.Errorf("%s: %w: no certify_id", request.APIName(), ErrUnclear)
	}
	return string(out.CertifyID), nil
}

// Page returns the address at which Alipay shows its camera, signed now. It
// must be opened inside Alipay, and soon, because it carries the time; put an
// own short address into a QR and redirect from there. No call is made.
//
// Source: facts/alipay.md 2.1, alipay.user.certify.open.certify.
func (c *Client) Page(id string) (string, error) {
	if id == "" {
		return "", errors.New("alipay: face page without a certify_id")
	}
	request := sdk.NewPayload("alipay.user.certify.open.certify").AddBizField("certify_id", id)
	page, err := c.sdk.BuildURL(request)
	if err != nil {
		return "", fmt.Errorf("%s: %w", request.APIName(), err)
	}
	return page.String(), nil
}

// Result asks how far a verification is. Alipay says F both for "not passed"
// and for "not begun", so F is pending until our own deadline.
//
// A definite no, such as an identifier older than three months, is a
// [*flows.RefusedError].
//
// Source: facts/alipay.md 2.1, alipay.user.certify.open.query.
func (c *Client) Result(ctx context.Context, id string) (flows.FaceState, error) {
	request := sdk.NewPayload("alipay.user.certify.open.query").AddBizField("certify_id", id)
	var out struct {
		verdict
		Passed text `json:"passed"`
	}
	if err := c.call(ctx, request, &out); err != nil {
		return "", err
	}
	switch out.Passed {
	case "T":
		return flows.FacePassed, nil
	case "F":
		return flows.FacePending, nil
	default:
		return "", fmt.Errorf("%s: %w: passed is neither T nor F", request.APIName(), ErrUnclear)
	}
}
