package desk

import (
	"container/list"
	"sync"
	"time"
)

// memory keeps the talks that this process decided last, so that a message
// costs one round trip. It may be stale: the commit compares revisions.
type memory struct {
	mu         sync.Mutex
	size       int
	order      *list.List // of TalkID, the last used in front
	talks      map[TalkID]remembered
	identities map[Identity]met
}

// met is whose talk an identity has, and since when that is known.
type met struct {
	talk TalkID
	at   time.Time
}

// metFor is how long an identity is remembered without asking: like the copy in
// Redis, so that who was forgotten meanwhile is met as somebody new.
const metFor = 24 * time.Hour

type remembered struct {
	talk Talk
	at   *list.Element
}

func newMemory(size int) *memory {
	return &memory{size: size, order: list.New(), talks: map[TalkID]remembered{}, identities: map[Identity]met{}}
}

func (m *memory) talk(id TalkID) (Talk, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.talks[id]
	if ok {
		m.order.MoveToFront(r.at)
	}
	return r.talk, ok
}

func (m *memory) put(t Talk) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.talks[t.ID]; ok {
		m.order.MoveToFront(r.at)
		m.talks[t.ID] = remembered{t, r.at}
		return
	}
	m.talks[t.ID] = remembered{t, m.order.PushFront(t.ID)}
	if m.order.Len() > m.size {
		last := m.order.Back()
		delete(m.talks, m.order.Remove(last).(TalkID))
	}
}

func (m *memory) drop(id TalkID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.talks[id]; ok {
		m.order.Remove(r.at)
		delete(m.talks, id)
	}
}

func (m *memory) identity(who Identity, now time.Time) (TalkID, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	known, ok := m.identities[who]
	return known.talk, ok && now.Sub(known.at) < metFor
}

// meet remembers an identity. When there are too many, it begins anew: a miss
// costs one query.
func (m *memory) meet(who Identity, id TalkID, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.identities) >= m.size {
		m.identities = map[Identity]met{}
	}
	m.identities[who] = met{id, now}
}
