package desk

import (
	"container/list"
	"sync"
)

// memory keeps the talks that this process decided last, so that a message
// costs one round trip. It may be stale: the commit compares revisions.
type memory struct {
	mu         sync.Mutex
	size       int
	order      *list.List // of TalkID, the last used in front
	talks      map[TalkID]remembered
	identities map[Identity]TalkID
}

type remembered struct {
	talk Talk
	at   *list.Element
}

func newMemory(size int) *memory {
	return &memory{size: size, order: list.New(), talks: map[TalkID]remembered{}, identities: map[Identity]TalkID{}}
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

func (m *memory) identity(who Identity) (TalkID, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.identities[who]
	return id, ok
}

// meet remembers an identity. When there are too many, it begins anew: a miss
// costs one query.
func (m *memory) meet(who Identity, id TalkID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.identities) >= m.size {
		m.identities = map[Identity]TalkID{}
	}
	m.identities[who] = id
}
