package ledger

// The rows of migrations/0001: what is read from and written to the tables.
// They leave this package only as values of desk and flows.

import (
	"github.com/uptrace/bun"

	"certdesk/flows"
	"certdesk/server/desk"
)

type talkRow struct {
	bun.BaseModel `bun:"table:talk"`

	ID          desk.TalkID     `bun:"id,pk"`
	CreatedAt   int64           `bun:"created_at"`
	OwnerKind   flows.OwnerKind `bun:"owner_kind"`
	OwnerAgent  string          `bun:"owner_agent"`
	OwnerName   string          `bun:"owner_name"`
	OwnerEpoch  int64           `bun:"owner_epoch"`
	OwnedAt     int64           `bun:"owned_at"`
	LastChannel flows.Channel   `bun:"last_channel"`
	CancelledAt int64           `bun:"cancelled_at"`
	Archived    string          `bun:"archived"`
	ForgottenAt int64           `bun:"forgotten_at"` // 0 while somebody is here
	MovedTo     desk.TalkID     `bun:"moved_to"`     // with which whoever spoke here goes on; empty for none
}

type identityRow struct {
	bun.BaseModel `bun:"table:identity"`

	Channel flows.Channel `bun:"channel,pk"`
	IDBlind string        `bun:"id_blind,pk"`
	Sealed  string        `bun:"sealed"`
	Talk    desk.TalkID   `bun:"talk"`
	At      int64         `bun:"at"`
}

type pageRow struct {
	bun.BaseModel `bun:"table:page"`

	Talk   desk.TalkID  `bun:"talk,pk"`
	Name   flows.PageID `bun:"name,pk"`
	Sealed string       `bun:"sealed"`
	Turn   int64        `bun:"turn"`
	At     int64        `bun:"at"`
}

type consentRow struct {
	bun.BaseModel `bun:"table:consent"`

	Talk        desk.TalkID   `bun:"talk,pk"`
	Document    string        `bun:"document,pk"`
	Version     string        `bun:"version,pk"`
	SHA256      string        `bun:"sha256"`
	Via         flows.Channel `bun:"via"`
	At          int64         `bun:"at,pk"`
	WithdrawnAt int64         `bun:"withdrawn_at"` // 0 while it is in force
}

type accountRow struct {
	bun.BaseModel `bun:"table:account"`

	ID           string      `bun:"id,pk"`
	Talk         desk.TalkID `bun:"talk"`
	LoginBlind   string      `bun:"login_blind"`
	Login        string      `bun:"login"`
	Mobile       string      `bun:"mobile"`
	Kind         string      `bun:"kind"`
	PasswordHash string      `bun:"password_hash"`
	At           int64       `bun:"at"`
}

type codeRow struct {
	bun.BaseModel `bun:"table:code"`

	ID          string        `bun:"id,pk"`
	Ref         string        `bun:"ref"`
	Talk        desk.TalkID   `bun:"talk"`
	Purpose     flows.Purpose `bun:"purpose"`
	Aloud       flows.Aloud   `bun:"aloud"`
	CodeBlind   string        `bun:"code_blind"`
	Sealed      string        `bun:"sealed"`
	MobileBlind string        `bun:"mobile_blind"`
	Mobile      string        `bun:"mobile"`
	Tries       int           `bun:"tries"`
	At          int64         `bun:"at"`
	Until       int64         `bun:"until"`
	ClosedAt    int64         `bun:"closed_at"`
}

type checkRow struct {
	bun.BaseModel `bun:"table:face_check"`

	Number      string      `bun:"number,pk"`
	Talk        desk.TalkID `bun:"talk"`
	Person      string      `bun:"person"`
	Provider    string      `bun:"provider"`
	URL         string      `bun:"url"`
	State       string      `bun:"state"`
	Way         flows.Way   `bun:"way"`
	At          int64       `bun:"at"`
	Until       int64       `bun:"until"`
	IDBlind     string      `bun:"id_blind"`     // of the identity number of who was proved, and for a day of who was not
	ForgottenAt int64       `bun:"forgotten_at"` // when it went
}

type effectRow struct {
	bun.BaseModel `bun:"table:effect"`

	Talk      desk.TalkID `bun:"talk,pk"`
	Event     string      `bun:"event,pk"`
	Index     int         `bun:"idx,pk"`
	Verb      flows.Verb  `bun:"verb"`
	Sealed    string      `bun:"sealed"`
	Job       int64       `bun:"job"`
	At        int64       `bun:"at"`
	DoneAt    int64       `bun:"done_at"`
	FlaggedAt int64       `bun:"flagged_at"`
}

type reportRow struct {
	bun.BaseModel `bun:"table:report"`

	ID         string      `bun:"id,pk"`
	Talk       desk.TalkID `bun:"talk"`
	Kind       flows.Kind  `bun:"kind"`
	Sealed     string      `bun:"sealed"`
	Job        int64       `bun:"job"`
	At         int64       `bun:"at"`
	AcceptedAt int64       `bun:"accepted_at"`
}

type helpRow struct {
	bun.BaseModel `bun:"table:help"`

	ID         string      `bun:"id,pk"`
	Talk       desk.TalkID `bun:"talk"`
	Why        string      `bun:"why"`
	Since      int64       `bun:"since"`
	AnsweredAt int64       `bun:"answered_at"`
}

type staffRow struct {
	bun.BaseModel `bun:"table:staff"`

	Name         string `bun:"name,pk"`
	Display      string `bun:"display"`
	PasswordHash string `bun:"password_hash"`
	Role         Role   `bun:"role"`
	At           int64  `bun:"at"`
}

type auditRow struct {
	bun.BaseModel `bun:"table:audit"`

	ID     string      `bun:"id,pk"`
	At     int64       `bun:"at"`
	Actor  string      `bun:"actor"`
	Did    string      `bun:"did"`
	Talk   desk.TalkID `bun:"talk"`
	About  string      `bun:"about"`
	Sealed string      `bun:"sealed"`
}

// transcriptRow holds lines that were archived together. Seq counts the lines of
// the talk up to the last of them, and At is that one's time.
type transcriptRow struct {
	bun.BaseModel `bun:"table:transcript"`

	Talk   desk.TalkID `bun:"talk,pk"`
	Seq    int64       `bun:"seq,pk"`
	Sealed string      `bun:"sealed"`
	At     int64       `bun:"at"`
}

type clockRow struct {
	bun.BaseModel `bun:"table:clock"`
	Talk          desk.TalkID `bun:",pk"`
	Reminder      bool        `bun:",pk"`
	Job           int64
}
