package alipay

// Proving a face with the newer product, which has an answer for "not passed".

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// Verification proves faces with
// datadigital.fincloud.generalsaas.face.verification, where the contract is for
// that product. Source: facts/alipay.md 2.2, product C.
type Verification struct{ client *Client }

// Verification returns the newer product of the same application.
func (c *Client) Verification() Verification { return Verification{c} }

// Begin is like [Client.Begin]. The identifier holds what Page needs as well:
// Alipay tells the address of its camera once.
func (v Verification) Begin(ctx context.Context, number string, who flows.Person) (id string, err error) {
	if !attemptNumber.MatchString(number) {
		return "", fmt.Errorf("alipay: attempt number %q is not 1 to 32 letters and digits", clip(number))
	}
	request := sdk.NewPayload("datadigital.fincloud.generalsaas.face.verification.initialize").
		AddBizField("outer_order_no", number).
		AddBizField("biz_code", "DATA_DIGITAL_BIZ_CODE_FACE_VERIFICATION").
		AddBizField("identity_type", "CERT_INFO").
		AddBizField("cert_type", "IDENTITY_CARD").
		AddBizField("cert_name", who.Name.Reveal()).
		AddBizField("cert_no", who.IDNumber.Reveal())
	var out struct {
		verdict
		CertifyID text `json:"certify_id"`
		WebURL    text `json:"web_url"`
	}
	if err := v.client.call(ctx, request, &out); err != nil {
		return "", err
	}
	if out.CertifyID == "" || out.WebURL == "" || strings.Contains(string(out.CertifyID), " ") {
		return "", fmt.Errorf("%s: %w: no certify_id or no web_url", request.APIName(), ErrUnclear)
	}
	return string(out.CertifyID + " " + out.WebURL), nil
}

// Page returns the address at which Alipay shows its camera, to be opened inside
// Alipay. No call is made.
func (v Verification) Page(id string) (string, error) {
	_, page, ok := strings.Cut(id, " ")
	if !ok {
		return "", errors.New("alipay: face page without an address")
	}
	return page, nil
}

// Result asks how far a verification is. One that was attacked is failed,
// whatever it says besides. The photograph in the answer is not read.
func (v Verification) Result(ctx context.Context, id string) (flows.FaceState, error) {
	certify, _, _ := strings.Cut(id, " ")
	request := sdk.NewPayload("datadigital.fincloud.generalsaas.face.verification.query").AddBizField("certify_id", certify)
	var out struct {
		verdict
		State    text `json:"certify_state"`
		Attacked text `json:"attack_flag"`
	}
	if err := v.client.call(ctx, request, &out); err != nil {
		return "", err
	}
	switch {
	case out.State == "PROCESSING":
		return flows.FacePending, nil
	case out.State == "FAIL", out.State == "SUCCESS" && out.Attacked == "true":
		return flows.FaceFailed, nil
	case out.State == "SUCCESS":
		return flows.FacePassed, nil
	}
	return "", fmt.Errorf("%s: %w: certify_state is none of three", request.APIName(), ErrUnclear)
}
