package server

import (
	"sync"
	"time"
)

// limiter bounds guesses per address, in this process: what it guards (a code
// of eight letters, good for half an hour) is safe behind any number of
// processes. Addresses that fell silent are forgotten with their window.
type limiter struct {
	most   int
	window time.Duration
	mu     sync.Mutex
	began  time.Time
	counts map[string]int
}

func newLimiter(most int, window time.Duration) *limiter {
	return &limiter{most: most, window: window, counts: map[string]int{}}
}

// Allow counts one try and reports whether it is within the limit.
func (l *limiter) Allow(who string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.began) > l.window {
		l.began, l.counts = now, map[string]int{}
	}
	l.counts[who]++
	return l.counts[who] <= l.most
}
