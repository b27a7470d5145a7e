// What a push says, and what the books say of it.

package wechattest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Push is one thing that happened to the account, in the books.
type Push struct {
	N          int       `json:"n"`
	OpenID     string    `json:"openid"`
	Kind       string    `json:"kind"`   // "text", "subscribe", "CLICK", ...
	MsgID      string    `json:"msg_id"` // empty for an event
	At         time.Time `json:"at"`
	Deliveries int       `json:"deliveries"`
	Outcome    string    `json:"outcome"` // empty while it is under way
	Forged     int       `json:"forged"`  // HTTP status that a forged copy got
}

// The outcomes of a push.
const (
	Answered    = "answered"    // something was said
	Silent      = "silent"      // acknowledged
	Invalid     = "invalid"     // answered with what WeChat cannot read
	Unanswered  = "unanswered"  // given up after all retries
	Transferred = "transferred" // handed to WeChat's own customer service
)

// field is one element of a push.
type field struct{ name, value string }

// kind is what sort of push it is.
type kind struct{ msgType, event string }

func message(msgType string) kind { return kind{msgType: msgType} }

func event(name string) kind { return kind{msgType: "event", event: name} }

func (k kind) String() string {
	if k.event != "" {
		return k.event
	}
	return k.msgType
}

// letter is a push on its way. Its content is the same at each delivery.
type letter struct {
	openid  string
	content []byte
	record  *Push // guarded by the lock on the state
}

// push hands something that happened to the courier. The lock on the state is
// held, so that a person's pushes leave in the order in which they happened.
func (p *Platform) push(s *state, now time.Time, openid string, k kind, fields ...field) {
	record := &Push{N: len(s.Pushes) + 1, OpenID: openid, Kind: k.String(), At: now}
	head := []field{
		{"ToUserName", p.cfg.OriginalID},
		{"FromUserName", openid},
		{"CreateTime", strconv.FormatInt(now.Unix(), 10)},
		{"MsgType", k.msgType},
	}
	if k.event != "" {
		head = append(head, field{"Event", k.event})
	} else {
		record.MsgID = strconv.FormatInt(s.nextID(now), 10)
		fields = append(slices.Clone(fields), field{"MsgId", record.MsgID})
	}
	s.Pushes = append(s.Pushes, record)
	p.courier.take(&letter{openid: openid, content: elements(append(head, fields...)), record: record})
}

// nextID numbers messages. It follows the clock, so that a platform that lost
// its state does not use a number again.
func (s *state) nextID(now time.Time) int64 {
	s.LastID = max(s.LastID+1, now.UnixMilli()*10000)
	return s.LastID
}

// elements writes fields without the element around them: words in CDATA
// sections, numbers bare.
func elements(fields []field) []byte {
	var buf bytes.Buffer
	for _, f := range fields {
		value := f.value
		if !digits.MatchString(value) {
			value = "<![CDATA[" + strings.ReplaceAll(value, "]]>", "]]]]><![CDATA[>") + "]]>"
		}
		fmt.Fprintf(&buf, "<%s>%s</%s>", f.name, value, f.name)
	}
	return buf.Bytes()
}

// wrapped returns the address and the body of one delivery: fresh time, fresh
// nonce, the envelope as the mode wants it.
func (p *Platform) wrapped(l *letter, s sealer) (address string, body []byte, err error) {
	nonce, err := rand.Int(rand.Reader, big.NewInt(1e10))
	if err != nil {
		return "", nil, fmt.Errorf("wechattest: nonce: %w", err)
	}
	q := url.Values{"timestamp": {strconv.FormatInt(p.cfg.Clock().Unix(), 10)}, "nonce": {nonce.String()}, "openid": {l.openid}}
	q.Set("signature", s.signature(q.Get("timestamp"), q.Get("nonce")))
	content := l.content
	if p.cfg.Mode != Plain {
		sealed, err := s.seal(document(l.content))
		if err != nil {
			return "", nil, err
		}
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", s.signature(q.Get("timestamp"), q.Get("nonce"), sealed))
		envelope := elements([]field{{"Encrypt", sealed}})
		if p.cfg.Mode == Safe {
			content = elements([]field{{"ToUserName", p.cfg.OriginalID}})
		}
		content = append(slices.Clone(content), envelope...)
	}
	glue := "?"
	if strings.Contains(p.cfg.CallbackURL, "?") {
		glue = "&"
	}
	return p.cfg.CallbackURL + glue + q.Encode(), document(content), nil
}

func document(content []byte) []byte {
	return slices.Concat([]byte("<xml>"), content, []byte("</xml>"))
}
