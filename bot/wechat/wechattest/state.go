// What the platform remembers, and how it outlives a restart.

package wechattest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// state is everything that a restart must not lose.
type state struct {
	Users   map[string]*user
	Media   map[string]*medium
	Scenes  map[string]*scene // by ticket
	Menu    json.RawMessage   `json:",omitempty"`
	LastID  int64             // of messages
	Pushes  []*Push
	Refused map[string]int // refusals of calls, by path and code
	Reads   int            // of print, on ReadDay
	ReadDay string
}

// user is one person and the account.
type user struct {
	OpenID    string
	Following bool
	Left      int       // messages that may still be sent
	Until     time.Time // and until when
	Last      time.Time // last thing the person did
	Typing    time.Time // until when "typing" is shown
	Inbox     []Item
	Offers    map[string]string // what a tap on a choice says, by identifier
}

// medium is a file on the platform.
type medium struct {
	ID      string
	Type    string
	At      time.Time
	Printed string // what can be read on it, as whoever sent it says
	content []byte // kept in a file of its own
}

// scene is a code that opens the account.
type scene struct {
	Scene  string
	URL    string
	Until  time.Time // zero for ever
	Ticket string
}

const stateFile = "wechat.json"

func load(dir string) (state, error) {
	s := state{Users: map[string]*user{}, Media: map[string]*medium{}, Scenes: map[string]*scene{}, Refused: map[string]int{}}
	if dir == "" {
		return s, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("wechattest: state: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("wechattest: state: %w", err)
	}
	for id, m := range s.Media {
		if m.content, err = os.ReadFile(filepath.Join(dir, mediaFile(id))); err != nil {
			return s, fmt.Errorf("wechattest: medium: %w", err)
		}
	}
	return s, nil
}

func mediaFile(id string) string { return "wechat-media-" + id }

// saver writes the state a moment after it changed.
type saver struct {
	p     *Platform
	dirty chan struct{}
	stop  chan struct{}
	once  sync.Once // closes stop
	ended sync.WaitGroup
	saved map[string]bool // media that have their file
	err   error
}

// saveGap keeps a busy platform from writing all the time.
const saveGap = 200 * time.Millisecond

func startSaver(p *Platform) *saver {
	s := &saver{p: p, dirty: make(chan struct{}, 1), stop: make(chan struct{}), saved: map[string]bool{}}
	if p.cfg.Dir != "" {
		s.ended.Go(s.run)
	}
	return s
}

// soon asks for a save; the lock on the state may be held.
func (s *saver) soon() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

func (s *saver) run() {
	for {
		select {
		case <-s.stop:
			s.err = s.save()
			return
		case <-s.dirty:
		}
		s.err = s.save()
		select {
		case <-s.stop:
		case <-time.After(saveGap):
		}
	}
}

func (s *saver) close() error {
	s.once.Do(func() { close(s.stop) })
	s.ended.Wait()
	return s.err
}

// save writes new media first, so that the state never names a missing one.
func (s *saver) save() error {
	s.p.mu.Lock()
	text, err := json.Marshal(s.p.state)
	fresh := map[string][]byte{}
	for id, m := range s.p.state.Media {
		if !s.saved[id] {
			fresh[id] = m.content
		}
	}
	s.p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("wechattest: state: %w", err)
	}
	for id, content := range fresh {
		if err := os.WriteFile(filepath.Join(s.p.cfg.Dir, mediaFile(id)), content, 0o600); err != nil {
			return fmt.Errorf("wechattest: medium: %w", err)
		}
		s.saved[id] = true
	}
	name := filepath.Join(s.p.cfg.Dir, stateFile)
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return fmt.Errorf("wechattest: state: %w", err)
	}
	return os.Rename(name+".new", name)
}
