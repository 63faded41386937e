package storage

import (
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
)

const gib = 1 << 30

var today = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

// past is a history of n complete days, each of a GiB of headers, of who and of
// index, and of four of payload; the oldest was the day after the first record.
func past(n int, change ...func(*history)) *history {
	h := &history{today: today, since: today.AddDate(0, 0, -n), days: map[time.Time]*day{}}
	for i := range n {
		d := h.of(today.AddDate(0, 0, -1-i))
		d.headers, d.index, d.classes[event.ClassWho], d.classes[event.ClassPayload] = gib, gib, gib, 4*gib
	}
	for _, f := range change {
		f(h)
	}
	return h
}

// keepPayload keeps payloads for so many days, and no older ones are there.
func keepPayload(days int) func(*history) {
	return func(h *history) {
		h.keep[event.ClassPayload] = time.Duration(days) * 24 * time.Hour
		for at, d := range h.days {
			if h.today.Sub(at) > h.keep[event.ClassPayload] {
				d.classes[event.ClassPayload] = 0
			}
		}
	}
}

func held(h *history) { h.held = true }

func TestForecast(t *testing.T) {
	f := func(name string, total, free int64, h *history, full int, growth int64, low bool, text string) {
		t.Helper()
		u := &Usage{At: today.Add(12 * time.Hour), Total: total * gib, Free: free * gib}
		u.forecast(h)
		gotFull, gotGrowth := -1, int64(-1)
		if u.Growth != nil {
			gotGrowth = u.Growth.Bytes / gib
		}
		if u.Full != nil && !u.Full.Never {
			gotFull = u.Full.Days
			if want := u.At.AddDate(0, 0, gotFull); !u.Full.At.Equal(want) {
				t.Errorf("%s: full at %v, want %v", name, u.Full.At, want)
			}
		}
		if gotFull != full || gotGrowth != growth || u.Low != low || !strings.Contains(u.Text(), text) {
			t.Errorf("%s: full in %d days, growth %d GiB, low %v, %q; want %d, %d, %v, %q", name, gotFull, gotGrowth, u.Low, u.Text(), full, growth, low, text)
		}
	}
	f("nothing yet", 1000, 900, past(0), -1, -1, false, "900 GiB of 1000 GiB are free (90 %); no forecast yet: too little history, 0 of 2 complete days")
	f("a day", 1000, 900, past(1), -1, -1, false, "too little history, 1 of 2")
	f("a day and hardly any room", 1000, 49, past(1), -1, -1, true, "too little history")
	f("two days", 1000, 70, past(2), 9, 7, false, "full in 9 days at the growth of the last 2 days, 7.0 GiB a day")
	f("a week", 1000, 700, past(30), 99, 7, false, "full in 99 days at the growth of the last 7 days")
	f("less than a week", 400, 48, past(30), 6, 7, true, "full in 6 days")
	f("a week and a bit", 400, 50, past(30), 7, 7, false, "full in 7 days")
	f("little room for a long time", 100_000, 4_999, past(30), 714, 7, true, "full in 714 days")
	f("already full", 1000, 0, past(30), 0, 7, true, "full in 0 days")
	f("no system", 0, 0, past(30), -1, 7, false, "no forecast: the system does not tell")
	f("no system and no history", 0, 0, past(0), -1, -1, false, "no forecast")

	// What one day added by an import, or by a night without calls, changes nothing.
	spike := func(h *history) { h.days[today.AddDate(0, 0, -3)].headers = 500 * gib }
	gap := func(h *history) { delete(h.days, today.AddDate(0, 0, -2)) }
	f("an import", 1000, 700, past(30, spike), 99, 7, false, "7.0 GiB a day")
	f("a day without calls", 1000, 700, past(30, gap), 99, 7, false, "7.0 GiB a day")
	f("a day that is not over", 1000, 700, past(30, func(h *history) { h.of(today).headers = 90 * gib }), 99, 7, false, "7.0 GiB a day")

	// Payloads that are kept for ten days take no more room after ten days.
	f("retention reached", 1000, 299, past(30, keepPayload(10)), 99, 7, false, "full in 99 days at the growth of the last 7 days, 7.0 GiB a day")
	f("retention not reached", 1000, 300, past(5, keepPayload(10)), 93, 7, false, "full in 93 days")
	f("kept shorter than a week", 1000, 300, past(30, keepPayload(3)), 99, 7, false, "full in 99 days")
	f("a hold", 1000, 299, past(30, keepPayload(10), held), 42, 7, false, "full in 42 days at the growth of the last 7 days, 7.0 GiB a day, if nothing is removed while a hold is in force")
	f("a hold without retention", 1000, 700, past(30, held), 99, 7, false, "7.0 GiB a day")
	f("never", 1000, 700, past(30, func(h *history) {
		for _, d := range h.days {
			*d = day{headers: 1 << 10}
		}
	}), -1, 0, false, "not full within ten years at the growth of the last 7 days, 1.0 KiB a day")
}

func TestSize(t *testing.T) {
	f := func(n int64, want string) {
		t.Helper()
		if got := size(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	f(0, "0 B")
	f(1023, "1023 B")
	f(1024, "1.0 KiB")
	f(150<<20, "150 MiB")
	f(3<<40/2, "1.5 TiB")
	f(3<<50, "3072 TiB")
}
