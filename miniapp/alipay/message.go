package alipay

// Messages to the application's gateway: Alipay tells that something has
// changed. What it has become is asked.

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// payoutChanged is the method of a message about money sent to a bank account.
const payoutChanged = "alipay.fund.trans.order.changed"

// Message verifies a message, given as the bytes of its form, and returns the
// number of the payout that it is about. It is empty for a message of any other
// kind: the application's gateway is one address for all of them. [ErrForged],
// [ErrOtherApp] and [ErrUnreadable] as of [Client.Notice].
//
// The bytes are not kept.
//
// Source: facts/alipay.md 2.13.
func (c *Client) Message(form []byte) (payout string, err error) {
	values, err := readForm(form)
	if err != nil {
		return "", err
	}
	if c.authentic(values) != nil {
		err = c.authenticV2(values)
	}
	if err != nil {
		return "", err
	}
	if values.Get("app_id") != c.cfg.AppID {
		return "", ErrOtherApp
	}
	if values.Get("msg_method") != payoutChanged {
		return "", nil
	}
	var said struct {
		Number text `json:"out_biz_no"`
	}
	if err := json.Unmarshal([]byte(values.Get("biz_content")), &said); err != nil {
		return "", fmt.Errorf("%w: biz_content is not JSON", ErrUnreadable)
	}
	if !billNumber.MatchString(string(said.Number)) {
		return "", fmt.Errorf("%w: out_biz_no is no number of ours", ErrUnreadable)
	}
	return string(said.Number), nil
}

// authenticV2 is the rule that also signs sign_type. Which of the two rules a
// message obeys is not documented, and the library knows one.
func (c *Client) authenticV2(values url.Values) error {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(values[name]) != 1 {
			return fmt.Errorf("%w: a parameter is repeated", ErrForged)
		}
		if name != "sign" {
			pairs = append(pairs, name+"="+values.Get(name))
		}
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("sign"))
	if err != nil {
		return fmt.Errorf("%w: signature is not base64", ErrForged)
	}
	sum := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	if err := rsa.VerifyPKCS1v15(c.theirs, crypto.SHA256, sum[:], signature); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	return nil
}
