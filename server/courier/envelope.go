package courier

// The envelope around every call has a signature and two levels of answer,
// either of which can say no; the three are read here so that the calls
// themselves need not know. Source: the platform's 接口规范, facts 3.1.

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the courier prescribes it
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxAnswer bounds what is read of one answer, in bytes.
const maxAnswer = 1 << 20

// ErrAnswer is returned for an answer that is not one of the courier's.
var ErrAnswer = errors.New("courier: answer cannot be read")

// reply is the outer answer; code A1000 says only that the gateway worked.
type reply struct {
	Code   text            `json:"apiResultCode"`
	Result json.RawMessage `json:"apiResultData"`
}

// result is the answer of the service behind the gateway.
type result struct {
	Success text            `json:"success"`
	Code    text            `json:"errorCode"`
	Data    json.RawMessage `json:"msgData"`
}

// call sends one request and reads the answer into out. A no of the service
// is a *businessError; the gateway's no is about our account or about load,
// never about the customer, so it stays an ordinary error.
func (c *Client) call(ctx context.Context, service string, message, out any) error {
	data, err := encode(message)
	if err != nil {
		return err
	}
	timestamp := c.timestamp()
	form := url.Values{
		"partnerID":   {c.cfg.PartnerID},
		"requestID":   {rand.Text()},
		"serviceCode": {service},
		"timestamp":   {timestamp},
		"msgDigest":   {digest(c.cfg.SignMode, data, timestamp, c.cfg.Checkword.Reveal())},
		"msgData":     {data},
	}
	body, err := c.post(ctx, form)
	if err != nil {
		return err
	}
	return open(body, out)
}

// post sends the form and returns the body of the answer.
func (c *Client) post(ctx context.Context, form url.Values) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: HTTP status %d", ErrAnswer, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("%w: longer than %d bytes", ErrAnswer, maxAnswer)
	}
	return body, nil
}

// open takes the answer out of both its envelopes.
func open(body []byte, out any) error {
	var outer reply
	if err := json.Unmarshal(body, &outer); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if outer.Code != "A1000" {
		return fmt.Errorf("courier: gateway answered %s", outer.Code.short())
	}
	inner, err := unquote(outer.Result)
	if err != nil {
		return err
	}
	var r result
	if err := json.Unmarshal(inner, &r); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	if r.Success != "true" || r.Code != "S0000" {
		return &businessError{code: r.Code.short()}
	}
	data, err := unquote(r.Data)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return nil
}

// unquote opens a value that comes as an object or as a string with the
// object in it: the platform does both.
func unquote(raw json.RawMessage) ([]byte, error) {
	if len(raw) == 0 || raw[0] != '"' {
		return raw, nil
	}
	var inside string
	if err := json.Unmarshal(raw, &inside); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return []byte(inside), nil
}

// encode writes the message once; the very same text is signed and sent.
func encode(message any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return "", fmt.Errorf("courier: message: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// digest signs a message. The standard mode hashes the text as Java's
// URLEncoder writes it: a space is a plus, the asterisk stays, the tilde does
// not. Source: the vendor's Python and PHP samples.
func digest(mode, data, timestamp, checkword string) string {
	signed := data + timestamp + checkword
	if mode == SignStandard {
		signed = url.QueryEscape(signed)
		signed = strings.NewReplacer("%2A", "*", "~", "%7E").Replace(signed)
	}
	sum := md5.Sum([]byte(signed)) //nolint:gosec // the courier prescribes it
	return base64.StdEncoding.EncodeToString(sum[:])
}

// text is a value that the platform sometimes writes as a number or a truth
// value instead of a string.
type text string

// UnmarshalJSON accepts a string, or keeps the characters of a plain value.
func (t *text) UnmarshalJSON(raw []byte) error {
	if raw[0] == '"' {
		return json.Unmarshal(raw, (*string)(t))
	}
	if raw[0] == '{' || raw[0] == '[' {
		return fmt.Errorf("%w: text expected", ErrAnswer)
	}
	if string(raw) == "null" {
		return nil
	}
	*t = text(raw)
	return nil
}

// short makes a code safe for a log: it is the partner's text.
func (t text) short() string {
	kept := strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r
		}
		return -1
	}, string(t))
	return kept[:min(len(kept), 16)]
}
