// Whether WeChat could read an answer, and what the person sees of it.

package wechattest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"
)

// success is how a push is acknowledged without an answer.
const success = "success"

func acknowledges(answer []byte) bool { return len(answer) == 0 || string(answer) == success }

// receive shows an answer to the person, or the notice that it cannot be read.
// To somebody who has left nothing is shown.
func (p *Platform) receive(l *letter, answer []byte) {
	p.change(func(s *state, now time.Time) {
		if acknowledges(answer) {
			l.record.Outcome = Silent
			return
		}
		what, outcome, err := p.readAnswer(s, l.openid, answer, now)
		if err != nil {
			what, outcome = fault(), Invalid
		}
		l.record.Outcome = outcome
		if u := s.Users[l.openid]; u.Following && outcome != Transferred {
			u.show(now, viaPassive, what)
		}
	})
}

// giveUp tells the person that the account does not answer.
func (p *Platform) giveUp(l *letter) {
	p.change(func(s *state, now time.Time) {
		l.record.Outcome = Unanswered
		if u := s.Users[l.openid]; u.Following {
			u.show(now, viaPassive, fault())
		}
	})
}

// passive is an answer in the clear.
type passive struct {
	XMLName    xml.Name `xml:"xml"`
	To         string   `xml:"ToUserName"`
	From       string   `xml:"FromUserName"`
	CreateTime string
	MsgType    string
	Content    string
	Image      struct {
		MediaID string `xml:"MediaId"`
	}
	ArticleCount int
	Articles     struct {
		Item []article `xml:"item"`
	}
}

// envelope is an answer in safe mode.
type envelope struct {
	XMLName      xml.Name `xml:"xml"`
	Encrypt      string
	MsgSignature string
	TimeStamp    string
	Nonce        string
}

// stamp is a time in seconds or, as some servers send it, in milliseconds.
var stamp = regexp.MustCompile(`^[0-9]{10}([0-9]{3})?$`)

// readAnswer checks an answer as WeChat would.
func (p *Platform) readAnswer(s *state, openid string, body []byte, now time.Time) (what shown, outcome string, err error) {
	body, err = p.opened(body)
	if err != nil {
		return shown{}, "", err
	}
	var a passive
	if err := decodeOne(body, &a); err != nil {
		return shown{}, "", err
	}
	if a.To != openid || a.From != p.cfg.OriginalID || !stamp.MatchString(a.CreateTime) {
		return shown{}, "", errors.New("wechattest: answer is not addressed to the person")
	}
	if a.MsgType == "transfer_customer_service" {
		return shown{}, Transferred, nil
	}
	what, code := p.passive(s, a, now)
	if code != 0 {
		return shown{}, "", fmt.Errorf("wechattest: answer would be refused with %d", code)
	}
	return what, Answered, nil
}

// passive returns how an answer looks. Its content is under the same rules as a
// customer message's, but needs no quota.
func (p *Platform) passive(s *state, a passive, now time.Time) (shown, int) {
	switch a.MsgType {
	case "text":
		return p.content(s, customMessage{Type: "text", Text: &textPart{a.Content}}, now)
	case "image":
		return p.content(s, customMessage{Type: "image", Image: &imagePart{a.Image.MediaID}}, now)
	case "news":
		if a.ArticleCount != len(a.Articles.Item) {
			return shown{}, 45008
		}
		return p.content(s, customMessage{Type: "news", News: &newsPart{a.Articles.Item}}, now)
	}
	return shown{}, 40008
}

// opened takes an answer out of its envelope. Safe mode demands one, compatible
// mode takes one, plain mode cannot read one.
func (p *Platform) opened(body []byte) ([]byte, error) {
	var e envelope
	if err := decodeOne(body, &e); err != nil {
		return nil, err
	}
	sealed := e.Encrypt != ""
	switch {
	case !sealed && p.cfg.Mode == Safe:
		return nil, errors.New("wechattest: answer is not in an envelope")
	case sealed && p.cfg.Mode == Plain:
		return nil, errors.New("wechattest: answer is in an envelope")
	case !sealed:
		return body, nil
	}
	if !stamp.MatchString(e.TimeStamp) || e.MsgSignature != p.sealer.signature(e.TimeStamp, e.Nonce, e.Encrypt) {
		return nil, errors.New("wechattest: answer is not signed")
	}
	return p.sealer.open(e.Encrypt)
}

// decodeOne reads exactly one XML document.
func decodeOne(body []byte, into any) error {
	dec := xml.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("wechattest: answer: %w", err)
	}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wechattest: answer: %w", err)
		}
		if blank, ok := token.(xml.CharData); !ok || len(bytes.TrimSpace(blank)) > 0 {
			return errors.New("wechattest: answer goes on after its end")
		}
	}
}
