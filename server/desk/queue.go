package desk

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"certdesk/flows"
)

// Events of one talk are decided one after the other. Those that come while
// one is being stored are then decided from each other and stored together, as
// a database commits in groups: a burst costs a few round trips. This is for
// speed, and within one process. Truth is the commit's.

// maxChain bounds how many events are stored together.
const maxChain = 32

// queues are where events wait for those of their talk that came before. Talks
// share them.
type queues [1024]queue

type queue struct {
	mu      sync.Mutex
	busy    bool // somebody decides
	waiting []*turn
}

// turn is one event in a queue.
type turn struct {
	ctx    context.Context
	event  flows.Event
	talk   TalkID
	seen   *Handled
	called chan []*turn // with what it has to decide, itself first; with nothing when it is done
	ended  bool
	answer Answer
	err    error
}

func (t *turn) end(answer Answer, err error) {
	if t.ended {
		return
	}
	t.ended, t.answer, t.err = true, answer, err
	t.called <- nil
}

func (qs *queues) of(id TalkID) *queue {
	h := fnv.New32a()
	h.Write([]byte(id))
	return &qs[h.Sum32()%uint32(len(qs))]
}

// wait returns what a turn has to decide, itself first: nothing when another
// one has decided it. When its context ends before somebody took it, it leaves
// and nothing happened.
func (q *queue) wait(t *turn) ([]*turn, error) {
	q.mu.Lock()
	if !q.busy {
		q.busy = true
		q.mu.Unlock()
		return []*turn{t}, nil
	}
	q.waiting = append(q.waiting, t)
	q.mu.Unlock()
	select {
	case batch := <-t.called:
		return batch, nil
	case <-t.ctx.Done():
	}
	q.mu.Lock()
	at := slices.Index(q.waiting, t)
	if at >= 0 {
		q.waiting = slices.Delete(q.waiting, at, at+1)
	}
	q.mu.Unlock()
	if at >= 0 {
		return nil, t.ctx.Err()
	}
	return <-t.called, nil
}

// next calls whoever waits longest, with all that wait for the same talk.
func (q *queue) next() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.busy = false
		return
	}
	head := q.waiting[0]
	var batch []*turn
	q.waiting = slices.DeleteFunc(q.waiting, func(t *turn) bool {
		mine := t.talk == head.talk && len(batch) < maxChain
		if mine {
			batch = append(batch, t)
		}
		return mine
	})
	head.called <- batch
}

var errAbandoned = errors.New("desk: the decision was abandoned")

// serve decides turns of one talk.
func (d *Desk) serve(q *queue, turns []*turn) {
	defer func() { // after a panic, too
		for _, t := range turns {
			t.end(Answer{}, errAbandoned)
		}
		q.next()
	}()
	if len(turns) > 1 && d.together(turns) {
		return
	}
	for _, t := range turns {
		t.end(d.alone(t))
	}
}

// together decides turns from each other and stores them at once. It reports
// whether that could be done: whatever is out of the ordinary is decided alone.
func (d *Desk) together(turns []*turn) bool {
	talk, ok := d.memory.talk(turns[0].talk)
	if !ok {
		return false
	}
	chain, due := make([]Commit, len(turns)), 0
	for i, t := range turns {
		again := slices.ContainsFunc(chain[:i], func(c Commit) bool { return c.Event.ID == t.event.ID })
		if again || t.ctx.Err() != nil || gone(talk, t.event) != nil || slices.Contains(talk.Seen, t.event.ID) {
			return false
		}
		chain[i] = d.timed(talk, nil, t.event, late(t.ctx), t.seen)
		due += len(chain[i].Effects)
		talk = chain[i].Talk
	}
	first := turns[0].seen
	talk, _, err := d.commit(turns[0].ctx, first, chain...)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrNoTalk) || errors.Is(err, ErrDuplicate) || errors.Is(err, ErrFlood) {
		first.Ended, first.Decide = EndedFailed, 0
		return false
	}
	if err != nil {
		d.memory.drop(turns[0].talk) // whether it was stored is not known
		err = fmt.Errorf("desk: commit %s: %w", turns[0].talk, err)
	} else {
		d.memory.put(talk)
		d.settleSoon(talk.ID, due)
	}
	for i, t := range turns {
		t.seen.Cached, t.seen.Commit, t.seen.Ended = true, first.Commit, howEnded(err, chain[i].Answer)
		t.end(chain[i].Answer, err)
	}
	return true
}
