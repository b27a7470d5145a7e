// One official account at the callback: everything to be checked between the
// bytes of a request and a message, and the way back.

package bot

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"certdesk/flows"
)

// Account is how one official account is reached.
type Account struct {
	OriginalID string // gh_...; pushes for another are refused; empty accepts any
	Token      flows.Secret
	Envelope   *Envelope     // nil in plain mode, which trusts the network
	MaxSkew    time.Duration // see [CheckSignature]; usually [MaxSkew]
}

// Receive returns the message in a push, or [ErrForged], [ErrExpired],
// [ErrEnvelope], [ErrMalformed] or [ErrUnknown]; the message that comes with
// ErrUnknown is empty.
//
// An account with an envelope reads nothing outside of it: the clear text that
// compatible mode sends along is not signed.
func (a Account) Receive(q Query, body []byte, now time.Time) (Message, error) {
	if err := CheckSignature(a.Token.Reveal(), q, now, a.MaxSkew); err != nil {
		return Message{}, err
	}
	text, err := a.open(q, body)
	if err != nil {
		return Message{}, err
	}
	m, err := Parse(text)
	if err != nil {
		return Message{}, err
	}
	if a.OriginalID != "" && m.To != a.OriginalID {
		return Message{}, fmt.Errorf("%w: made for another account", ErrForged)
	}
	if q.OpenID != "" && m.From != q.OpenID {
		return Message{}, fmt.Errorf("%w: sender differs from the address", ErrForged)
	}
	return m, nil
}

func (a Account) open(q Query, body []byte) ([]byte, error) {
	if a.Envelope == nil {
		return body, nil
	}
	if q.EncryptType != "aes" {
		return nil, fmt.Errorf("%w: not in an envelope", ErrForged)
	}
	p, err := decode(body)
	if err != nil {
		return nil, err
	}
	return a.Envelope.Open(q, p.Encrypt)
}

// Answer returns the body that says text in answer to a message, in an envelope
// when the account has one. Text is at most [MaxText] bytes, as [Render]
// returns it; nothing to say is [NoAnswer]. The rest is for [Envelope.Seal].
//
// Source: WeChat official account manual, chapter 被动回复用户消息.
func (a Account) Answer(to Message, text string, now time.Time, nonce string, random io.Reader) ([]byte, error) {
	if text == "" {
		return []byte(NoAnswer), nil
	}
	body := passive(to, text, now)
	if a.Envelope == nil {
		return body, nil
	}
	return a.Envelope.Seal(body, now, nonce, random)
}

// passive writes a passive answer of kind text. The library for XML writes the
// same, and takes ten times as long.
func passive(to Message, text string, now time.Time) []byte {
	var b bytes.Buffer
	b.Grow(256 + len(text))
	b.WriteString("<xml>")
	writeData(&b, "ToUserName", to.From)
	writeData(&b, "FromUserName", to.To)
	b.WriteString("<CreateTime>" + strconv.FormatInt(now.Unix(), 10) + "</CreateTime>")
	writeData(&b, "MsgType", "text")
	writeData(&b, "Content", text)
	b.WriteString("</xml>")
	return b.Bytes()
}

// writeData writes an element with a CDATA section, which cannot hold its own
// end.
func writeData(b *bytes.Buffer, name, text string) {
	b.WriteString("<" + name + "><![CDATA[")
	b.WriteString(strings.ReplaceAll(text, "]]>", "]]]]><![CDATA[>"))
	b.WriteString("]]></" + name + ">")
}
