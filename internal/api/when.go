package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a time as people give it, relative to now: RFC 3339, a date,
// "now", "today" and "yesterday" (their beginnings, in the zone of now), or a
// duration before now, as [ParseDuration] reads it.
func ParseTime(s string, now time.Time) (time.Time, error) {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch s {
	case "now":
		return now, nil
	case "today":
		return midnight, nil
	case "yesterday":
		return midnight.AddDate(0, 0, -1), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", time.DateTime, "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	if d, err := ParseDuration(s); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("is %q, want a time like 2026-11-24T10:00:00Z, a date, today, or a duration before now like 15m or 7d", clip(s, 40))
}

// ParseDuration reads a positive duration as Go writes it, or in days ("7d") or
// weeks ("2w").
func ParseDuration(s string) (time.Duration, error) {
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if n, ok := strings.CutSuffix(s, suffix); ok {
			if v, err := strconv.ParseUint(n, 10, 12); err == nil && v > 0 {
				return time.Duration(v) * unit, nil
			}
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("is %q, want a duration like 30s, 15m, 12h or 7d", clip(s, 40))
	}
	return d, nil
}
