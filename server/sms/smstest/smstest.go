// Package smstest is the stand-in of Alibaba Cloud's SMS service, and of its
// voice service: it checks requests as they do, keeps their limits, and puts the
// messages, and what is read aloud, into inboxes that a test or the demo can read.
//
// It refuses a wrong or stale signature, a repeated nonce, an unknown sign name
// or template, variables that are not the template's, and a number that has had
// enough messages. It shares no code with the client it checks, nor
// with the library of the service. It does not deduplicate: neither does the
// service.
package smstest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"certdesk/flows"
)

// Config is the customer's account at the service, and how the stand-in runs.
type Config struct {
	KeyID     string
	KeySecret flows.Secret
	SignName  string
	Templates map[string]string // text by template code, with ${code} in it
	Voices    map[string]string // the same, of what is read aloud
	Number    string            // that calls; another is refused, none is not
	Clock     func() time.Time
	Hurry     int    // divides every limit's window and every delay; 1 when zero
	Dir       string // an existing directory that keeps the state; none when empty
}

// Service is the stand-in. It is safe for use by many goroutines.
type Service struct {
	cfg Config

	mu     sync.Mutex
	state  state
	faults map[string]int
	nonces map[string]time.Time
}

// state is what survives a restart.
type state struct {
	Inboxes map[string][]Message `json:"inboxes"`
	Sent    []Sent               `json:"sent"`
}

// Message is what arrived at a telephone: a text, or what a call read aloud.
type Message struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
	Code string    `json:"code"`
	Call bool      `json:"call,omitempty"`
	Held bool      `json:"held,omitempty"` // waits for the next one to overtake it
}

// Sent is one request that reached the service with a good signature.
type Sent struct {
	At       time.Time `json:"at"`
	Phone    string    `json:"phone"`
	Template string    `json:"template"`
	Call     bool      `json:"call,omitempty"`
	OutID    string    `json:"out_id"`
	BizID    string    `json:"biz_id,omitempty"`
	Result   string    `json:"result"` // "OK" or the code of the refusal
}

// Books are the service's own records, oldest first.
type Books struct {
	Sent []Sent `json:"sent"`
}

// New opens the stand-in with the state of cfg.Dir, when there is one.
func New(cfg Config) (*Service, error) {
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	cfg.Hurry = max(cfg.Hurry, 1)
	s := &Service{cfg: cfg, faults: map[string]int{}, nonces: map[string]time.Time{}}
	if err := s.load(); err != nil {
		return nil, err
	}
	if s.state.Inboxes == nil {
		s.state.Inboxes = map[string][]Message{}
	}
	return s, nil
}

// Inbox returns the messages that a telephone has by now, oldest first.
func (s *Service) Inbox(phone string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.cfg.Clock()
	messages := []Message{}
	for _, m := range s.state.Inboxes[phone] {
		if !m.Held && !m.At.After(now) {
			messages = append(messages, m)
		}
	}
	slices.SortStableFunc(messages, func(a, b Message) int { return a.At.Compare(b.At) })
	return messages
}

// Books returns a copy of the service's records.
func (s *Service) Books() Books {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Books{Sent: slices.Clone(s.state.Sent)}
}

// limit is how many messages, or calls, a number gets in a time.
type limit struct {
	within time.Duration
	most   int
	words  string
}

// Limits of one number under one sign name. Source: facts 5.
var limits = []limit{
	{time.Minute, 1, "触发分钟级流控Permits:1"},
	{time.Hour, 5, "触发小时级流控Permits:5"},
	{24 * time.Hour, 10, "触发天级流控Permits:10"},
}

// limited tells which limit one more message or call to a number would break,
// or "". The caller holds the lock.
func (s *Service) limited(q request, now time.Time) string {
	all := limits
	if q.call {
		all = callLimits
	}
	for _, l := range all {
		since := now.Add(-l.within / time.Duration(s.cfg.Hurry))
		sent := 0
		for _, m := range s.state.Sent {
			if m.Phone == q.phone && m.Call == q.call && m.Result == "OK" && m.At.After(since) {
				sent++
			}
		}
		if sent >= l.most {
			return l.words
		}
	}
	return ""
}

// deliver puts a message into an inbox, or spoils it as a fault asks. The
// caller holds the lock.
func (s *Service) deliver(q request, variables map[string]string, now time.Time) {
	phone, text := q.phone, "【"+s.cfg.SignName+"】"+s.cfg.Templates[q.template]
	if q.call {
		text = s.cfg.Voices[q.template]
	}
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		text = strings.ReplaceAll(text, "${"+name+"}", variables[name])
	}
	m := Message{At: now, Text: text, Code: variables["code"], Call: q.call}
	if s.take("drop") {
		return
	}
	if s.take("delay") {
		m.At = now.Add(delayBy / time.Duration(s.cfg.Hurry))
	}
	inbox := s.state.Inboxes[phone]
	if s.take("reorder") {
		m.Held = true
		s.state.Inboxes[phone] = append(inbox, m)
		return
	}
	inbox = append(inbox, m)
	if s.take("duplicate") {
		inbox = append(inbox, m)
	}
	s.state.Inboxes[phone] = overtake(inbox, m.At)
}

// overtake lets the messages that were held arrive now, behind the others.
func overtake(inbox []Message, now time.Time) []Message {
	var arrived, held []Message
	for _, m := range inbox {
		if m.Held {
			m.Held, m.At = false, now
			held = append(held, m)
		} else {
			arrived = append(arrived, m)
		}
	}
	return append(arrived, held...)
}

// record writes a request into the books and returns the receipt.
func (s *Service) record(q request, result string, now time.Time) (string, error) {
	entry := Sent{At: now, Phone: q.phone, Template: q.template, Call: q.call, OutID: q.outID, Result: cmp.Or(result, "OK")}
	if result == "" {
		entry.BizID = fmt.Sprintf("%d^0", now.UnixNano())
	}
	s.state.Sent = append(s.state.Sent, entry)
	return entry.BizID, s.save()
}
