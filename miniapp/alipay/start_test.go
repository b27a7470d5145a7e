package alipay_test

import (
	"net/url"
	"testing"

	"certdesk/miniapp/alipay/alipaytest"
)

// TestStart scans the way into the mini-program: what it is opened with arrives
// whole.
func TestStart(t *testing.T) {
	c := newCity(t, alipaytest.ModeKey)
	query := url.Values{"scene": {"join.BCDFGHJK"}, "odd": {"a&b=c%2"}}
	scanned, err := c.gateway.Scan(t.Context(), zhang, c.Start(query))
	if err != nil || scanned.Kind != alipaytest.KindApp {
		t.Fatalf("Scan = %+v, %v, want the mini-program", scanned, err)
	}
	if got, err := url.ParseQuery(scanned.Query); err != nil || got.Encode() != query.Encode() {
		t.Errorf("the mini-program is opened with %q, %v, want %v", scanned.Query, err, query)
	}
}
