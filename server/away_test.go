package server

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"certdesk/flows"
	"certdesk/server/sealed"
	"certdesk/server/talks"
)

// TestAPartnerWhoIsAwayClosesItsWays has one process give Alipay up: the process
// that talks to applicants, which asks Alipay nothing, offers its ways no more,
// until some time after the last word of it.
func TestAPartnerWhoIsAwayClosesItsWays(t *testing.T) {
	store := miniredis.RunT(t)
	keys, err := sealed.ParseKeys(sealed.NewKeys())
	if err != nil {
		t.Fatal(err)
	}
	process := func(absent ...string) *health {
		client := redis.NewClient(&redis.Options{Addr: store.Addr()})
		t.Cleanup(func() { client.Close() })
		shared, err := talks.Open(t.Context(), client, keys, talks.Defaults)
		if err != nil {
			t.Fatal(err)
		}
		return &health{watch: newGauges(), shelf: shared.Shelf(), absent: absent, log: slog.New(slog.DiscardHandler)}
	}
	worker, web := process(), process("esign")
	finds := func(h *health, want flows.Ways) {
		t.Helper()
		h.look(t.Context())
		if got := h.away(); got != want {
			t.Errorf("away are %b, want %b", got, want)
		}
	}
	unconfigured := flows.WaysOf(flows.WayRegister, flows.WayMobile, flows.WayCard)
	finds(worker, 0)
	finds(web, unconfigured)

	partner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(partner.Close)
	client := worker.watch.guarded("alipay")
	for range failures {
		if got, err := client.Get(partner.URL); err == nil {
			got.Body.Close()
		}
	}
	alipays := flows.WaysOf(flows.WayFace, flows.WayAlipay, flows.WayPayout)
	finds(worker, alipays)
	finds(web, alipays|unconfigured)

	store.FastForward(awayLasts)
	finds(web, unconfigured)
	store.SetError("away")
	finds(worker, alipays) // it knows by itself
}
