package alipay

// An answer is a yes, a definite no, or neither. This file draws the line, and
// keeps the gateway's explanations out of our errors: the one for a wrong
// signature quotes the whole request, with name and identity number.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	sdk "github.com/smartwalle/alipay/v3"

	"certdesk/flows"
)

// ErrUnsigned is returned for an answer that anybody could have written. The
// result of the call is unknown.
var ErrUnsigned = errors.New("alipay: answer is not signed")

// ErrUnclear is returned for an answer that is Alipay's own and settles
// nothing: the gateway is busy, does not know, or finds fault with our set-up.
// The result of the call is unknown.
var ErrUnclear = errors.New("alipay: answer settles nothing")

const (
	codeSuccess  = "10000"
	codeToken    = "20001"
	codeBusiness = "40004"
)

// text is a JSON string that also accepts a number: the gateway is not
// consistent about amounts.
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err == nil {
		*t = text(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil {
		return errors.New("alipay: neither a string nor a number")
	}
	*t = text(n)
	return nil
}

// verdict is the part that all answers share.
type verdict struct {
	Code    text `json:"code"`
	SubCode text `json:"sub_code"`
}

func (v verdict) itself() verdict { return v }

type answer interface{ itself() verdict }

// call sends one request and reads its signed answer into out, a pointer.
func (c *Client) call(ctx context.Context, request *sdk.Payload, out answer) error {
	if err := c.send(ctx, request, out); err != nil {
		return err
	}
	if err := out.itself().judge(); err != nil {
		return fmt.Errorf("%s: %w", request.APIName(), err)
	}
	return nil
}

// send is call without the judgement.
func (c *Client) send(ctx context.Context, request *sdk.Payload, out answer) error {
	err := c.sdk.Request(ctx, request, out)
	if err == nil {
		return nil
	}
	if unsigned, ok := errors.AsType[*sdk.Error](err); ok {
		return fmt.Errorf("%s: %w", request.APIName(), unsignedError(unsigned))
	}
	return fmt.Errorf("%s: %w", request.APIName(), err)
}

// unsignedError copes with nil: the library returns a nil pointer as an error
// when the gateway says null.
func unsignedError(e *sdk.Error) error {
	if e == nil {
		return ErrUnsigned
	}
	return &foreignError{code: clip(string(e.Code)), subCode: clip(e.SubCode)}
}

// foreignError is an [ErrUnsigned] that still says what was in the answer.
type foreignError struct{ code, subCode string }

func (e *foreignError) Error() string {
	return fmt.Sprintf("%v: %q %q", ErrUnsigned, e.code, e.subCode)
}

func (e *foreignError) Unwrap() error { return ErrUnsigned }

// judge returns nil for a yes and a [*flows.RefusedError] for a no to this
// request. What an operator can repair, such as an expired certificate or a
// wrong clock, is no answer to the customer: the same request will do later.
func (v verdict) judge() error {
	code, sub := clip(string(v.Code)), clip(string(v.SubCode))
	words, known := refusals[sub]
	switch {
	case code == codeSuccess:
		return nil
	case passing[sub]:
	case code == codeBusiness, code == codeToken, known:
		if !known {
			words = refusedWords
		}
		return &flows.RefusedError{Partner: partner, Code: cmp.Or(sub, code), Public: words}
	}
	return fmt.Errorf("%w: %q %q", ErrUnclear, code, sub)
}

// clip keeps what a stranger wrote short enough for a log line.
func clip(s string) string { return s[:min(len(s), 64)] }
