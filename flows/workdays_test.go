package flows

import (
	"testing"
	"time"
)

// Vectors: facts/domain.md 8, checked there against two libraries.
func TestAddWorkdays(t *testing.T) {
	for _, tt := range []struct{ from, one, two string }{
		{"2026-09-30", "2026-10-08", "2026-10-09"},
		{"2026-10-08", "2026-10-09", "2026-10-10"},
		{"2026-10-09", "2026-10-10", "2026-10-12"},
		{"2026-02-13", "2026-02-14", "2026-02-24"},
		{"2026-09-18", "2026-09-20", "2026-09-21"},
		{"2026-11-23", "2026-11-24", "2026-11-25"},
		{"2025-01-25", "2025-01-26", "2025-01-27"},
		{"2025-09-30", "2025-10-09", "2025-10-10"},
		{"2026-12-31", "2027-01-01", "2027-01-04"}, // no decree yet: weekdays
	} {
		from, err := time.ParseInLocation(time.DateOnly, tt.from, Beijing)
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]string{1: tt.one, 2: tt.two} {
			if got := addWorkdays(from, n).Format(time.DateOnly); got != want {
				t.Errorf("addWorkdays(%s, %d) = %s, want %s", tt.from, n, got, want)
			}
		}
	}
}

func TestShipsBy(t *testing.T) {
	for _, tt := range []struct{ name, paid, want string }{
		{"before closing the count starts at once", "2026-11-23T15:59:59+08:00", "11月25日"},
		{"at closing it starts a day later", "2026-11-23T16:00:00+08:00", "11月26日"},
		{"the day is Beijing's, not London's", "2026-11-23T17:00:00Z", "11月26日"},
		{"a holiday is not counted", "2026-09-30T10:00:00+08:00", "10月9日"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			paid, err := time.Parse(time.RFC3339, tt.paid)
			if err != nil {
				t.Fatal(err)
			}
			if got := DayWords(ShipsBy(paid)); got != tt.want {
				t.Errorf("ShipsBy(%s) = %s, want %s", tt.paid, got, tt.want)
			}
		})
	}
}
