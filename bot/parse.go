// From the bytes of a push to what happened.

package bot

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"certdesk/flows"
)

var (
	// ErrMalformed is returned for a push that cannot be read.
	ErrMalformed = errors.New("bot: push cannot be read")

	// ErrUnknown is returned for an event that means nothing to us. It is to be
	// answered with [NoAnswer].
	ErrUnknown = errors.New("bot: event of no meaning")
)

// maxName bounds the names of accounts and people; an OpenID has 28 bytes.
const maxName = 64

// maxMedia bounds the identifier of a picture; those of today have 64 bytes.
const maxMedia = 256

// Message is one push, read.
type Message struct {
	From  string // OpenID of the person
	To    string // original identifier of the account, gh_...
	Event flows.Event

	// Lost is the identifier of a template message that did not reach the person.
	// Such a push says nothing else: Event has nothing that happened.
	Lost string
}

// push holds the fields that any push may have. Numbers are read as text: a
// MsgId may exceed an int64, and the id of a tapped choice need not be a number
// when somebody else made the menu.
type push struct {
	XMLName      xml.Name `xml:"xml"`
	ToUserName   string
	FromUserName string
	CreateTime   string
	MsgType      string
	MsgID        string `xml:"MsgId"`
	Content      string
	Choice       string `xml:"bizmsgmenuid"`
	Event        string
	EventKey     string
	MediaID      string `xml:"MediaId"`
	ResultID     string `xml:"MsgID"` // of a template message; its name differs in one letter
	Status       string
	Recognition  string // of a voice message, when the account has it switched on
	Encrypt      string
}

// Parse reads the clear text of a push. What it returns owns its memory.
//
// Event.ID is the same for each delivery of one push: the MsgId, or for an
// event, which has none, sender, time, name and key together, since two events
// of one person can fall into one second. It starts with the account. Event.At
// is the CreateTime, in seconds.
//
// A message of a kind that we cannot read becomes [flows.Sent], so that it is
// answered. Parse returns [ErrUnknown] for an event of no meaning, and
// [ErrMalformed] for what is longer than [MaxBody], is not XML, or has no
// sender, receiver, kind or time.
//
// Source: WeChat official account manual, chapters 接收普通消息 and 接收事件推送.
func Parse(body []byte) (Message, error) {
	p, err := decode(body)
	if err != nil {
		return Message{}, err
	}
	seconds, err := strconv.ParseInt(p.CreateTime, 10, 64)
	if err != nil || seconds <= 0 {
		return Message{}, fmt.Errorf("%w: no time", ErrMalformed)
	}
	if !named(p.FromUserName) || !named(p.ToUserName) {
		return Message{}, fmt.Errorf("%w: no sender or receiver", ErrMalformed)
	}
	if id := p.lost(); id != "" {
		return Message{From: p.FromUserName, To: p.ToUserName, Lost: id}, nil
	}
	what, err := p.happening()
	if err != nil {
		return Message{}, err
	}
	return Message{
		From: p.FromUserName,
		To:   p.ToUserName,
		Event: flows.Event{
			ID:   p.id(),
			At:   time.Unix(seconds, 0).UTC(),
			Via:  flows.WeChat,
			What: what,
			Tap:  p.tap(),
		},
	}, nil
}

// tap tells what opens the account's mouth for a minute from what opens it for
// two days. A tapped choice comes as a text, and counts as a press of the menu.
//
// Source: WeChat official account manual, chapter 客服消息.
func (p push) tap() flows.Tap { return p.MsgType == "event" || p.Choice != "" }

func decode(body []byte) (push, error) {
	if len(body) > MaxBody {
		return push{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, MaxBody)
	}
	p, plain := scan(body)
	if !plain {
		p = push{}
		if err := xml.Unmarshal(bytes.Map(printable, body), &p); err != nil {
			return push{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	for _, s := range []*string{&p.ToUserName, &p.FromUserName, &p.CreateTime, &p.MsgType, &p.MsgID,
		&p.Content, &p.Choice, &p.Event, &p.EventKey, &p.MediaID, &p.ResultID, &p.Status, &p.Recognition, &p.Encrypt} {
		*s = strings.TrimSpace(*s)
	}
	return p, nil
}

// printable drops the control characters that XML forbids and that telephones
// send all the same: a message is not lost over one.
func printable(r rune) rune {
	if r < ' ' && r != '\t' && r != '\n' && r != '\r' {
		return -1
	}
	return r
}

func named(s string) bool { return s != "" && len(s) <= maxName }

// id names a delivery alike each time. An event has no number, only who, when
// and what; a digest stands for these, because the name is stored in clear.
func (p push) id() string {
	if p.MsgID != "" {
		return "wechat/" + p.ToUserName + "/" + p.MsgID
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{p.FromUserName, p.CreateTime, p.Event, p.EventKey}, "|")))
	return "wechat/" + p.ToUserName + "/" + hex.EncodeToString(sum[:16])
}

// happening translates. A menu key is a word that could have been typed, and a
// scan by somebody who follows already is a new beginning with a scene.
func (p push) happening() (flows.Happening, error) {
	switch p.MsgType {
	case "":
		return nil, fmt.Errorf("%w: no kind", ErrMalformed)
	case "text":
		return flows.Said{Text: p.Content, Choice: p.Choice}, nil
	case "voice":
		if p.Recognition != "" {
			return flows.Said{Text: p.Recognition}, nil
		}
	case "image":
		return flows.Sent{Media: p.MsgType, Picture: flows.Conceal(p.picture())}, nil
	case "event":
		return p.event()
	}
	return flows.Sent{Media: p.MsgType}, nil
}

// picture is where the platform keeps the picture; it may be any text, so one of
// unlikely length is left out.
func (p push) picture() string {
	if len(p.MediaID) > maxMedia {
		return ""
	}
	return p.MediaID
}

// lost is the identifier of a template message that failed, whose status begins
// with another word than success.
//
// Source: WeChat official account manual, chapter 模板消息, 事件推送.
func (p push) lost() string {
	if p.MsgType != "event" || p.Event != "TEMPLATESENDJOBFINISH" || strings.HasPrefix(p.Status, "success") || len(p.ResultID) > maxName {
		return ""
	}
	return p.ResultID
}

// event compares names exactly: WeChat mixes their cases.
func (p push) event() (flows.Happening, error) {
	switch p.Event {
	case "subscribe":
		return flows.Followed{Scene: strings.TrimPrefix(p.EventKey, "qrscene_")}, nil
	case "SCAN":
		return flows.Followed{Scene: p.EventKey}, nil
	case "unsubscribe":
		return flows.Left{}, nil
	case "CLICK":
		return flows.Said{Text: p.EventKey}, nil
	}
	return nil, fmt.Errorf("%w: %.40q", ErrUnknown, p.Event)
}
