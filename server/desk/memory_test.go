package desk

import (
	"testing"
	"time"

	"certdesk/flows"
)

// TestMemoryForgetsWhoWasMetLongAgo asks for an identity a day later.
func TestMemoryForgetsWhoWasMetLongAgo(t *testing.T) {
	m := newMemory(2)
	who, now := Identity{Channel: flows.WeChat, ID: "o"}, time.Unix(0, 0)
	m.meet(who, "talk", now)
	if id, ok := m.identity(who, now.Add(metFor-1)); !ok || id != "talk" {
		t.Errorf("within a day: %q, %t, want the talk", id, ok)
	}
	if _, ok := m.identity(who, now.Add(metFor)); ok {
		t.Error("after a day an identity is still remembered without asking")
	}
}
