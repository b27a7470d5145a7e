package talks

import (
	"fmt"
	"hash/fnv"

	"certdesk/server/desk"
)

// Every key is built here. The keys of one talk share a hash tag, so that one
// script may touch them all on a Redis Cluster.

// Partitions is how many hash tags there are. The number is written into Redis
// at the first start and compared at every other: with another number each
// talk would be looked for in the wrong place.
const Partitions = 256

// Partition is where a talk lives.
func Partition(id desk.TalkID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % Partitions)
}

// tags are made once: each message asks for seven of them.
var tags = func() (all [Partitions]string) {
	for p := range all {
		all[p] = fmt.Sprintf("{p%03d}", p)
	}
	return all
}()

func tag(partition int) string { return tags[partition] }

func key(id desk.TalkID, kind string) string {
	return tag(Partition(id)) + ":" + kind + ":" + string(id)
}

// talkKey is a string: the revision, then the sealed talk.
func talkKey(id desk.TalkID) string { return key(id, "talk") }

// linesKey is a stream: the transcript.
func linesKey(id desk.TalkID) string { return key(id, "lines") }

// dueKey is a hash: effects that are not in the ledger yet, by dueField.
func dueKey(id desk.TalkID) string { return key(id, "due") }

// rateKey is a counter of the applicant's messages in the running window.
func rateKey(id desk.TalkID) string { return key(id, "rate") }

// saidKey is a hash: how much was said unasked since something the applicant did.
func saidKey(id desk.TalkID) string { return key(id, "said") }

// doneKey is a string: the answer that an event got, for ten minutes.
func doneKey(id desk.TalkID, event string) string { return key(id, "done") + ":" + event }

// identityKey is a string: the talk of an identity. The identity is not in it.
func identityKey(channel, blind string) string { return "certdesk:who:" + channel + ":" + blind }

// movedChannel, and the mark of a process, is where it is told of talks that
// another process has written.
const movedChannel = "certdesk:moved:"

// todoKey is a set: the talks of a partition with effects to settle.
func todoKey(partition int) string { return tag(partition) + ":todo" }

// freshKey is a sorted set: the talks of a partition with lines to archive, by
// the time of the last.
func freshKey(partition int) string { return tag(partition) + ":fresh" }

// partitionsKey holds the number of partitions.
const partitionsKey = "certdesk:partitions"

// The official account's token, sealed; whose turn it is to fetch it; and how
// often a new one was forced.
const (
	tokenKey       = "certdesk:wechat:token"
	tokenTurnKey   = "certdesk:wechat:token:turn"
	tokenGapKey    = "certdesk:wechat:token:gap"
	tokenForcedKey = "certdesk:wechat:token:forced"
	pictureKeys    = "certdesk:wechat:picture:"
	toldKeys       = "certdesk:wechat:told:" // then the identifier of a template message
)

// awayKeys, and a partner's name, is there while some process has given it up.
const awayKeys = "certdesk:away:"

// The flow of e签宝 in which branches are searched for, and that one was opened.
const (
	flowKey    = "certdesk:esign:flow"
	flowGapKey = "certdesk:esign:flow:gap"
)

// linkKeys, and the digest of a link, is a string: the digest of the browser
// that took it.
const linkKeys = "certdesk:link:"
