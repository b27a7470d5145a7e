package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"certdesk/server/desk"
	"certdesk/server/talks"
)

// TestTranscriptsReachTheLedger archives several talks together: each whole and
// once, what is said later is added, and a talk whose lines cannot be read is
// named and holds up nobody.
func TestTranscriptsReachTheLedger(t *testing.T) {
	n := newTown(t)
	people := n.citizens(t)
	broken, others := people[0], people[1:]
	id := broken.talk().ID
	stream := fmt.Sprintf("{p%03d}:lines:%s", talks.Partition(id), id)
	if err := n.redis.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, NoMkStream: true, Values: []any{"l", "not sealed"}}).Err(); err != nil {
		t.Fatalf("XADD = %v: this test looks in the wrong place", err)
	}
	for _, more := range []string{"帮助", "到哪了"} {
		for _, c := range people {
			c.says(more)
		}
		n.clock.later(2*archiveEvery, func() {
			err := n.archiveOnce(t.Context())
			if err == nil || !strings.Contains(err.Error(), string(id)) {
				t.Errorf("archiveOnce = %v, want the talk named that cannot be read", err)
			}
		})
		for _, c := range others {
			want, _, err := n.talks.Lines(t.Context(), c.talk().ID, "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := n.book.Archived(t.Context(), c.talk().ID)
			if err != nil || len(got) != len(want) || texts(got) != texts(want) {
				t.Errorf("%d lines are archived, %v, want %d:\n%s", len(got), err, len(want), texts(got))
			}
		}
	}
}

func texts(lines []desk.Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(string(l.Who) + " " + l.Text + "\n")
	}
	return b.String()
}
