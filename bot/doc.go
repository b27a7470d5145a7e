// Package bot speaks WeChat: the bytes of a push become an event, and replies
// become the bytes of an answer.
//
// It refuses a push that is not WeChat's, is too old, is too long, or is meant
// for another account, and it refuses before it reads: the signature first,
// then the envelope, then the message. It promises that what it returns owns
// its memory, so that the caller may reuse the buffer of the request, and that
// what it renders is never longer than a message may be. It knows no clock, no
// network and no account but the one it is given.
//
// # The rules of speech
//
// Length. One message is at most [MaxText] bytes. What is longer is split
// between paragraphs, then between lines, then between sentences, and only then
// inside one; never inside a link or a character. Nothing is cut off.
//
// Numbering. Choices stand under the text, one in a line, as "1. label", in the
// order in which the step gives them, counted from 1. The label is a link that
// sends itself when it is tapped; the number is there because that link is not
// documented by WeChat and may stop working, and because some people type. The
// number comes back as typed text, and the step reads it.
//
// Links. A link stands in a line of its own, because a telephone takes the
// Chinese text that follows a bare address for a part of it.
//
// Full stops. A sentence ends with "。", a question with "？"; a choice and a
// link end with nothing. Paragraphs are divided by one empty line.
package bot

import "time"

const (
	// MaxText is the length of one text message, in bytes of UTF-8. WeChat was
	// measured to accept 2047 in a passive answer (dodgepudding/wechat-php-sdk
	// issue 363) and documents no limit, so we keep away from it.
	MaxText = 1800

	// MaxBody is the longest push we read, in bytes. A text message is at most
	// a few kilobytes, and compatible mode makes it three times as long.
	MaxBody = 64 << 10

	// MaxSkew is how far the timestamp of a push may lie from our clock. A push
	// is repeated for less than half a minute, each time with a new timestamp.
	MaxSkew = 300 * time.Second

	// NoAnswer acknowledges a push without saying anything. It is sent in the
	// clear in every mode (WeChat manual, chapter 被动回复用户消息).
	NoAnswer = "success"
)
