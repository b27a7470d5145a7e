package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Partners that fail and partners that hang, and the others meanwhile.

func TestAPartnerThatFailsIsLeftAlone(t *testing.T) {
	var asked atomic.Int64
	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(partner.Close)
	client := newGauges().guarded("courier")
	for range failures {
		got, err := client.Get(partner.URL)
		if err != nil || got.StatusCode != http.StatusBadGateway {
			t.Fatalf("a failing partner answers %v, %v, want its 502", got, err)
		}
		got.Body.Close()
	}
	if _, err := client.Get(partner.URL); !errors.Is(err, gobreaker.ErrOpenState) {
		t.Errorf("after %d failures the call gave %v, want it not made", failures, err)
	}
	if n := asked.Load(); n != failures {
		t.Errorf("the partner was asked %d times, want %d", n, failures)
	}
}

func TestAPartnerThatHangsSlowsNobodyElse(t *testing.T) {
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush() // it hangs in the middle of its answer
		<-release
	}))
	quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(quick.Close)
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(release) })
	gauges := newGauges()
	slow, other := gauges.guarded("bank"), gauges.guarded("sms")
	for range seats {
		got, err := slow.Get(hanging.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { got.Body.Close() })
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", hanging.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Do(r); !errors.Is(err, errSeats) {
		t.Errorf("one call more than there are seats gave %v, want errSeats", err)
	}
	got, err := other.Get(quick.URL)
	if err != nil {
		t.Fatalf("another partner cannot be asked meanwhile: %v", err)
	}
	if _, err := io.Copy(io.Discard, got.Body); err != nil {
		t.Error(err)
	}
	got.Body.Close()
}

func TestReadinessGoesRedBeforeTheProcessDrowns(t *testing.T) {
	n := newTown(t, "MAX_BUSY=8")
	ready := func() (int, string) {
		got, why := n.ask(t, "GET", "/readyz", "", nil)
		return got.StatusCode, why
	}
	if status, why := ready(); status != http.StatusOK {
		t.Fatalf("at rest it is %d %s", status, why)
	}
	n.busy.Add(7)
	if status, why := ready(); status != http.StatusServiceUnavailable || why != "busy" {
		t.Errorf("near its bound it is %d %s, want 503 busy", status, why)
	}
	n.busy.Add(1)
	if got, _ := n.ask(t, "GET", "/h5/now", "", nil); got.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("beyond its bound a request is answered with %d, want 503", got.StatusCode)
	}
	n.busy.Add(-8)
	if status, why := ready(); status != http.StatusOK {
		t.Errorf("afterwards it is %d %s", status, why)
	}
}
