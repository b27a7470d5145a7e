package server

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"certdesk/bot"
	"certdesk/flows"
	"certdesk/server/desk"
	"certdesk/server/sealed"
)

// Links into a conversation. A link is a sealed note of which talk, which
// entry into which step, and until when: nobody else can make or read one, none
// has to be kept, and it is spent as soon as the case moves on. In whose browser
// it opens is in oauth.go and device.go; decision 0006 has the reasons.

// links makes and reads them.
type links struct {
	keys *sealed.Keys
	base string // public address of the service
	now  func() time.Time
	life time.Duration
}

const (
	linkLife  = 30 * time.Minute
	linkPlace = "link"
	seatPlace = "seat"
	cardPlace = "card"
	documents = "/h5/terms/"
	entryLen  = 8
)

// link is what a token says.
type link struct {
	id    string // digest of the note: no two spellings of a token are two links
	talk  desk.TalkID
	entry [entryLen]byte
	until time.Time
}

var errLink = errors.New("server: not a link of ours")

func entryMark(entry string) (mark [entryLen]byte) {
	sum := sha256.Sum256([]byte(entry))
	copy(mark[:], sum[:])
	return mark
}

func digest[T string | []byte](secret T) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// to is the address of a step's page.
func (l *links) to(talk desk.TalkID, entry string) string {
	return l.base + "/h5/s/" + l.token(linkPlace, talk, entry, l.life)
}

func (l *links) token(place string, talk desk.TalkID, entry string, life time.Duration) string {
	mark := entryMark(entry)
	note := binary.BigEndian.AppendUint32(mark[:], uint32(l.now().Add(life).Unix()))
	return base64.RawURLEncoding.EncodeToString(l.keys.Seal(place, append(note, talk...)))
}

// read opens a token. An expired one is returned together with
// [desk.ErrExpired].
func (l *links) read(place, token string) (link, error) {
	box, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(box) > 256 {
		return link{}, errLink
	}
	note, err := l.keys.Open(place, box)
	if err != nil || len(note) <= entryLen+4 {
		return link{}, errLink
	}
	k := link{
		id: digest(box), talk: desk.TalkID(note[entryLen+4:]),
		until: time.Unix(int64(binary.BigEndian.Uint32(note[entryLen:])), 0),
	}
	copy(k.entry[:], note)
	if l.now().After(k.until) {
		return k, desk.ErrExpired
	}
	return k, nil
}

// statusMark is the entry of a link that shows wherever the case is now.
var statusMark = entryMark("status")

// statusLife is the longest that a link of a page lives.
const statusLife = 48 * time.Hour

// status is the address of the case's present step, for messages that outlive
// a step.
func (l *links) status(talk desk.TalkID) string {
	return l.base + "/h5/s/" + l.token(linkPlace, talk, "status", statusLife)
}

// cardLife is longer than any step lasts in which the card shows something.
const cardLife = 8 * 24 * time.Hour

// card is the address that an applicant passes on to a colleague.
func (l *links) card(talk desk.TalkID) string {
	return l.base + "/f/" + l.token(cardPlace, talk, "card", cardLife)
}

// of are the links of one talk, as a channel needs them.
func (l *links) of(talk desk.TalkID) bot.Links {
	return bot.Links{
		Page:     func(p flows.PageLink) string { return l.to(talk, p.Entry) },
		QR:       func(q flows.QR) string { return l.to(talk, q.Entry) },
		Card:     func() string { return l.card(talk) },
		Document: func(d flows.DocumentLink) string { return l.base + documents + d.ID },
	}
}
