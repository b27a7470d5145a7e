// What the platform answers when it does not do as it is told.

package wechat

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
)

var (
	// ErrClosed is returned when nothing reaches the person now: the last
	// message is over 48 hours old, or the account is not followed (45015,
	// 43004). The next thing the person does opens the door again.
	ErrClosed = errors.New("wechat: nothing reaches this person now")

	// ErrQuota is returned when all messages are used up that the person's last
	// action allowed (45047): five after a message, three after anything else.
	ErrQuota = errors.New("wechat: no message left for this person")

	// ErrBusy is returned when the same call may succeed later (-1, 45009,
	// 45011): in seconds, tomorrow, or in a minute.
	ErrBusy = errors.New("wechat: platform is busy")

	// ErrToken is returned when the platform refused two tokens in a row (40001,
	// 40014, 42001).
	ErrToken = errors.New("wechat: token is refused")

	// ErrCode is returned when a code of a page is wrong, old or used (40029,
	// 40163): the person opens the page again.
	ErrCode = errors.New("wechat: code of the page is spent")

	// ErrKind is returned when the account may not send such a message (40200).
	ErrKind = errors.New("wechat: account may not send this kind of message")

	// ErrMedia is returned when a picture is not there any more (40007): it is
	// uploaded again.
	ErrMedia = errors.New("wechat: picture is gone")
)

// kinds maps the platform's codes to what the caller can do about them. Source:
// WeChat official account manual, chapter 全局返回码; facts in customer messages.
var kinds = map[int]error{
	-1: ErrBusy, 45009: ErrBusy, 45011: ErrBusy,
	45015: ErrClosed, 43004: ErrClosed,
	45047: ErrQuota,
	40001: ErrToken, 40014: ErrToken, 42001: ErrToken,
	40029: ErrCode, 40163: ErrCode,
	40007: ErrMedia,
	40200: ErrKind,
}

// Error is the platform's refusal of a call. It matches one of the sentinels
// when its code does.
type Error struct {
	Path string // which call
	Code int    // the platform's errcode
	RID  string // by which the platform finds the call in its logs
}

func (e *Error) Error() string {
	text := fmt.Sprintf("wechat: %s: errcode %d", e.Path, e.Code)
	if e.RID != "" {
		text += ", rid " + e.RID
	}
	return text
}

// Is makes the error match [ErrClosed], [ErrQuota], [ErrBusy], [ErrToken],
// [ErrCode], [ErrKind] or [ErrMedia].
func (e *Error) Is(target error) bool {
	kind := kinds[e.Code]
	return kind != nil && target == kind
}

var rid = regexp.MustCompile(`rid: ?([0-9a-f-]{8,40})`)

// refusal keeps nothing of the platform's text but the rid: the text may repeat
// what was sent.
func refusal(path string, code int, text string) error {
	e := &Error{Path: path, Code: code}
	if m := rid.FindStringSubmatch(text); m != nil {
		e.RID = m[1]
	}
	return e
}

// withoutURL takes the address off an error of net/http, because the token is in
// it.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
