// What people said themselves. The platform keeps only what they read, but a
// telephone shows both sides of a conversation.

package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"certdesk/bot/wechat/wechattest"
)

// saying is one thing that a person did in the chat.
type saying struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"` // saidText, or saidNote for what makes no bubble
	Text string    `json:"text"`
}

const (
	saidText = "text"
	saidNote = "note"

	maxSayings = 500 // of one person; older ones are forgotten
	keepEvery  = time.Second
)

// talk keeps the sayings of everybody.
type talk struct {
	file string

	mu      sync.Mutex
	sayings map[string][]saying // by OpenID, oldest first
	changed bool
}

func loadTalk(dir string) (*talk, error) {
	t := &talk{file: filepath.Join(dir, "sayings.json"), sayings: map[string][]saying{}}
	text, err := os.ReadFile(t.file)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, fmt.Errorf("world: sayings: %w", err)
	}
	if err := json.Unmarshal(text, &t.sayings); err != nil {
		return nil, fmt.Errorf("world: sayings: %w", err)
	}
	return t, nil
}

func (t *talk) add(openid string, s saying) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(t.sayings[openid], s)
	t.sayings[openid] = all[max(0, len(all)-maxSayings):]
	t.changed = true
}

func (t *talk) of(openid string) []saying {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.sayings[openid])
}

// run writes the sayings down now and then, and a last time when ctx ends.
func (t *talk) run(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	var err error
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		err = t.save()
	}
	return err
}

func (t *talk) save() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.changed {
		return nil
	}
	if err := keep(t.file, t.sayings); err != nil {
		return err
	}
	t.changed = false
	return nil
}

// line is one line of a conversation as its telephone shows it: a message of
// the account's, or a saying.
type line struct {
	From string           `json:"from"` // "account" or "person"
	At   time.Time        `json:"at"`
	Item *wechattest.Item `json:"item,omitempty"`
	Said *saying          `json:"said,omitempty"`
}

// conversation puts both sides in order.
func conversation(inbox []wechattest.Item, said []saying) []line {
	lines := make([]line, 0, len(inbox)+len(said))
	for i := range said {
		lines = append(lines, line{From: "person", At: said[i].At, Said: &said[i]})
	}
	for i := range inbox {
		lines = append(lines, line{From: "account", At: inbox[i].At, Item: &inbox[i]})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.At.Compare(b.At) })
	return lines
}
