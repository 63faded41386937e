package api

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("here", 2*3600)
	now := time.Date(2026, 11, 24, 1, 30, 0, 0, zone)
	for _, c := range []struct{ text, want string }{
		{"now", "2026-11-24T01:30:00+02:00"},
		{"today", "2026-11-24T00:00:00+02:00"},
		{"yesterday", "2026-11-23T00:00:00+02:00"},
		{"15m", "2026-11-24T01:15:00+02:00"},
		{"7d", "2026-11-17T01:30:00+02:00"},
		{"1w", "2026-11-17T01:30:00+02:00"},
		{"2026-11-20", "2026-11-20T00:00:00+02:00"},
		{"2026-11-20 10:11:12", "2026-11-20T10:11:12+02:00"},
		{"2026-11-20T10:11:12.5Z", "2026-11-20T10:11:12.5Z"},
		{"soon", ""}, {"-5m", ""}, {"0d", ""}, {"", ""}, {"99999d", ""},
	} {
		got, err := ParseTime(c.text, now)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q was read as %s", c.text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q: %s, %v; want %s", c.text, got.Format(time.RFC3339Nano), err, c.want)
		}
	}
}
