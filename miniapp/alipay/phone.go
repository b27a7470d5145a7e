package alipay

// The number that somebody has at Alipay, which they let the mini-program tell.

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"certdesk/flows"
)

// MaxPhone is the length of the longest text of my.getPhoneNumber that is read, in
// bytes. A real one has about six hundred.
const MaxPhone = 4 << 10

// ErrPhone is returned for a text that is not Alipay's word about a number.
var ErrPhone = errors.New("alipay: not a number that Alipay tells")

// Phone returns the number in what my.getPhoneNumber gave the mini-program: signed
// by Alipay, and sealed with the key of the mini-program's content encryption. The
// text says neither whose number it is nor when it was told, so it proves nothing.
//
// A definite no of Alipay's is a [*flows.RefusedError]; it may come in clear and
// unsigned, and believing it costs a number that has to be typed. Everything else
// that is no number is [ErrPhone].
//
// The library would open what is sealed before it looks at the signature.
//
// Source: facts/alipay.md 1.5.
func (c *Client) Phone(response string) (flows.Secret, error) {
	if len(response) > MaxPhone {
		return flows.Secret{}, fmt.Errorf("%w: over %d bytes", ErrPhone, MaxPhone)
	}
	var said struct {
		Response json.RawMessage `json:"response"`
		Sign     string          `json:"sign"`
	}
	if err := json.Unmarshal([]byte(response), &said); err != nil {
		return flows.Secret{}, fmt.Errorf("%w: not JSON", ErrPhone)
	}
	var box string
	switch {
	case len(said.Response) == 0:
		return flows.Secret{}, phoneRefused([]byte(response))
	case json.Unmarshal(said.Response, &box) != nil:
		return flows.Secret{}, phoneRefused(said.Response)
	}
	if err := c.signed(`"`+box+`"`, said.Sign); err != nil {
		return flows.Secret{}, err
	}
	clear, err := c.unsealed(box)
	if err != nil {
		return flows.Secret{}, err
	}
	var told struct {
		Code   text `json:"code"`
		Mobile text `json:"mobile"`
	}
	if err := json.Unmarshal(clear, &told); err != nil {
		return flows.Secret{}, fmt.Errorf("%w: what is sealed is not JSON", ErrPhone)
	}
	if told.Code != codeSuccess || told.Mobile == "" {
		return flows.Secret{}, phoneRefused(clear)
	}
	return flows.Conceal(string(told.Mobile)), nil
}

// signed checks Alipay's signature over a text.
func (c *Client) signed(said, sign string) error {
	signature, err := base64.StdEncoding.DecodeString(sign)
	if err != nil {
		return fmt.Errorf("%w: signature is not base64", ErrPhone)
	}
	sum := sha256.Sum256([]byte(said))
	if err := rsa.VerifyPKCS1v15(c.theirs, crypto.SHA256, sum[:], signature); err != nil {
		return fmt.Errorf("%w: %w", ErrPhone, err)
	}
	return nil
}

// unsealed opens what Alipay has sealed: AES in chained blocks from sixteen zero
// bytes, filled up with as many bytes as say how many.
func (c *Client) unsealed(box string) ([]byte, error) {
	if c.seal == nil {
		return nil, fmt.Errorf("%w: there is no key to open it with", ErrPhone)
	}
	sealed, err := base64.StdEncoding.DecodeString(box)
	if err != nil || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return nil, fmt.Errorf("%w: what is sealed is not whole blocks in base64", ErrPhone)
	}
	cipher.NewCBCDecrypter(c.seal, make([]byte, aes.BlockSize)).CryptBlocks(sealed, sealed)
	fill := sealed[len(sealed)-1]
	clear := len(sealed) - int(fill)
	if fill == 0 || fill > aes.BlockSize || slices.ContainsFunc(sealed[clear:], func(b byte) bool { return b != fill }) {
		return nil, fmt.Errorf("%w: sealed with another key", ErrPhone)
	}
	return sealed[:clear], nil
}

// errorCode is what Alipay's codes are made of.
var errorCode = regexp.MustCompile(`^[0-9A-Za-z._-]{1,64}$`)

// phoneRefused reads an error of Alipay's, whose names are not written as those of
// the gateway.
func phoneRefused(body []byte) error {
	var said struct {
		Code    text `json:"code"`
		SubCode text `json:"subCode"`
	}
	if json.Unmarshal(body, &said) != nil || !errorCode.MatchString(string(said.Code+said.SubCode)) || said.Code == codeSuccess {
		return fmt.Errorf("%w: neither a number nor an error", ErrPhone)
	}
	return &flows.RefusedError{
		Partner: partner, Code: strings.TrimSpace(string(said.Code + " " + said.SubCode)),
		Public: "没有拿到支付宝绑定的手机号，请直接填写。",
	}
}

// sealKey reads the key of the content encryption; there need not be one.
func sealKey(key flows.Secret) (cipher.Block, error) {
	if key.IsZero() {
		return nil, nil
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(key.Reveal()))
	if err != nil || len(raw) != aes.BlockSize {
		return nil, errors.New("alipay: AES key is not 16 bytes in base64")
	}
	return aes.NewCipher(raw)
}
