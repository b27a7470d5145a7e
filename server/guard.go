package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Calls to one partner, kept apart from all others: a partner that hangs takes
// a few seats for a few seconds and slows nobody else; one that keeps failing
// is left alone for a while. Whoever is turned away is a job that comes again.

const (
	seats       = 12               // calls to one partner at a time
	seatWait    = 2 * time.Second  // for a seat
	failures    = 8                // in a row, before a partner is left alone
	leftAlone   = 20 * time.Second // until it is tried again, with one call
	slowestCall = partnerTimeout
)

var (
	errSeats  = errors.New("server: too many calls to this partner are under way")
	errFailed = errors.New("server: the partner answered with 5xx")
)

// guard is the way to one partner.
type guard struct {
	partner string
	next    http.RoundTripper
	seats   chan struct{}
	breaker *gobreaker.CircuitBreaker[*http.Response]
	watch   *gauges
}

// guarded makes the HTTP client for one partner.
func (w *gauges) guarded(partner string) *http.Client {
	g := &guard{partner: partner, next: http.DefaultTransport.(*http.Transport).Clone(), seats: make(chan struct{}, seats), watch: w}
	open := w.open.WithLabelValues(partner)
	open.Set(0)
	g.breaker = gobreaker.NewCircuitBreaker[*http.Response](gobreaker.Settings{
		Name: partner, MaxRequests: 1, Timeout: leftAlone,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failures },
		IsSuccessful: func(err error) bool { return err == nil || errors.Is(err, context.Canceled) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			open.Set(map[bool]float64{true: 1}[to != gobreaker.StateClosed])
		},
	})
	w.guards[partner] = g
	return &http.Client{Timeout: slowestCall, Transport: g}
}

// givenUp reports whether calls to a partner are cut off.
func (w *gauges) givenUp(partner string) bool {
	g, ok := w.guards[partner]
	return ok && g.breaker.State() == gobreaker.StateOpen
}

// RoundTrip implements [http.RoundTripper].
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	began := time.Now()
	leave, err := g.enter(r.Context())
	if err != nil {
		g.watch.calls.WithLabelValues(g.partner, "turned away").Inc()
		return nil, err
	}
	var answer *http.Response
	_, err = g.breaker.Execute(func() (*http.Response, error) {
		var err error
		if answer, err = g.next.RoundTrip(r); err == nil && answer.StatusCode >= http.StatusInternalServerError {
			err = errFailed
		}
		return nil, err
	})
	g.watch.call.WithLabelValues(g.partner).Observe(time.Since(began).Seconds())
	g.watch.calls.WithLabelValues(g.partner, outcome(err)).Inc()
	if answer == nil {
		leave()
		return nil, err
	}
	answer.Body = &heldBody{answer.Body, leave}
	return answer, nil
}

func outcome(err error) string {
	switch {
	case err == nil:
		return "answered"
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return "left alone"
	case errors.Is(err, errFailed):
		return "5xx"
	}
	return "no answer"
}

// enter takes a seat, which the returned function gives back.
func (g *guard) enter(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, seatWait)
	defer cancel()
	select {
	case g.seats <- struct{}{}:
		return sync.OnceFunc(func() { <-g.seats }), nil
	case <-ctx.Done():
		return nil, errSeats
	}
}

// heldBody is a body whose end gives the seat back: a partner may hang there too.
type heldBody struct {
	io.ReadCloser
	leave func()
}

func (s *heldBody) Close() error {
	defer s.leave()
	return s.ReadCloser.Close()
}
