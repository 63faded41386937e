package storage

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Usage is what an installation takes on its disk.
type Usage struct {
	At       time.Time `json:"at"`    // when it was measured
	Total    int64     `json:"total"` // bytes of the file system of the data directory; 0: the system does not tell
	Free     int64     `json:"free"`  // bytes of it that can be used
	Parts    []Part    `json:"parts"` // of the data directory
	Growth   *Growth   `json:"growth,omitempty"`
	Full     *Full     `json:"full,omitempty"`    // absent: there is no forecast
	Forecast string    `json:"forecast"`          // in a sentence, also why there is none
	Low      bool      `json:"low"`               // full in less than 7 days, or less than 5 % free
	Problem  string    `json:"problem,omitempty"` // what could not be measured
}

// Part is a part of the data directory.
type Part struct {
	Name  string `json:"name"` // "headers", "envelopes", "journal", "index", "objects", "detection" or "other"
	Bytes int64  `json:"bytes"`
}

// Growth is what is added on a day, before anything is removed.
type Growth struct {
	Bytes int64 `json:"bytes"` // the median of the days
	Days  int   `json:"days"`  // complete days that it is the median of, at most 7
}

// Full says when the disk is full at that growth.
type Full struct {
	Never bool      `json:"never,omitempty"` // not within ten years
	Days  int       `json:"days"`            // from now on
	At    time.Time `json:"at,omitzero"`
	Held  bool      `json:"held,omitempty"` // a hold is in force: it is expected that nothing is removed
}

const (
	window    = 7 // complete days that count
	leastDays = 2 // fewer are too little history
	horizon   = 3650
	lowDays   = 7
	lowShare  = 0.05
)

// day is what one day added, in bytes.
type day struct {
	headers float64                // with what grows as they do: the tree, the view of objects
	classes [event.Classes]float64 // envelopes that are still there
	index   float64
}

// history is what is known of the past.
type history struct {
	today time.Time // the day of now, UTC
	since time.Time // the first complete day; zero: there is none
	days  map[time.Time]*day
	keep  [event.Classes]time.Duration // envelopes of the class are kept so long; 0: for ever
	held  bool                         // nothing is removed
}

// complete returns the days that count, the newest first, that are younger than
// age, if that is not 0.
func (h *history) complete(age time.Duration) []time.Time {
	var list []time.Time
	for i := 1; i <= window; i++ {
		d := h.today.AddDate(0, 0, -i)
		if h.since.IsZero() || d.Before(h.since) || age > 0 && h.today.Sub(d) > age {
			break
		}
		list = append(list, d)
	}
	return list
}

// rate is the median of what the days that count have added.
func (h *history) rate(age time.Duration, of func(*day) float64) float64 {
	var list []float64
	for _, d := range h.complete(age) {
		v := 0.0
		if x := h.days[d]; x != nil {
			v = of(x)
		}
		list = append(list, v)
	}
	return median(list)
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// rates are what a day adds.
func (h *history) rates() day {
	r := day{
		headers: h.rate(0, func(d *day) float64 { return d.headers }),
		index:   h.rate(0, func(d *day) float64 { return d.index }),
	}
	for c := range r.classes {
		// What has expired is not there to be counted.
		r.classes[c] = h.rate(h.keep[c], func(d *day) float64 { return d.classes[c] })
	}
	return r
}

func (d *day) sum() float64 {
	all := d.headers + d.index
	for _, c := range d.classes {
		all += c
	}
	return all
}

// forecast fills in growth and forecast of a usage of which the rest is known.
func (u *Usage) forecast(h *history) {
	n := len(h.complete(0))
	share := 1.0
	if u.Total > 0 {
		share = float64(u.Free) / float64(u.Total)
	}
	u.Low = share < lowShare
	switch {
	case u.Total == 0:
		u.Forecast = "no forecast: the system does not tell how much room the disk has"
	case n < leastDays:
		u.Forecast = fmt.Sprintf("no forecast yet: too little history, %d of %d complete days", n, leastDays)
	}
	if n < leastDays {
		return
	}
	rates := h.rates()
	u.Growth = &Growth{Bytes: int64(math.Round(rates.sum())), Days: n}
	if u.Total == 0 {
		return
	}
	u.Full = h.full(u.At, float64(u.Free), &rates)
	u.Low = u.Low || !u.Full.Never && u.Full.Days < lowDays
	at := fmt.Sprintf("at the growth of the last %d days, %s a day", n, size(u.Growth.Bytes))
	if u.Full.Never {
		u.Forecast = "not full within ten years " + at
	} else {
		u.Forecast = fmt.Sprintf("full in %d days %s", u.Full.Days, at)
	}
	if u.Full.Held {
		u.Forecast += ", if nothing is removed while a hold is in force"
	}
}

// full goes on day by day.
func (h *history) full(now time.Time, free float64, rates *day) *Full {
	f := &Full{Held: h.held && h.keep != [event.Classes]time.Duration{}}
	for n := 1; n <= horizon; n++ {
		free -= rates.sum()
		for c, keep := range h.keep {
			if keep <= 0 || h.held {
				continue
			}
			// A day expires when its last moment is so old.
			days := int((keep + 24*time.Hour - 1) / (24 * time.Hour))
			gone := h.today.AddDate(0, 0, n-1-days)
			switch x := h.days[gone]; {
			case !gone.Before(h.today):
				free += rates.classes[c]
			case x != nil:
				free += x.classes[c]
			}
		}
		if free <= 0 {
			f.Days, f.At = n-1, now.AddDate(0, 0, n-1)
			return f
		}
	}
	f.Never = true
	return f
}

// Text says it in a line.
func (u *Usage) Text() string {
	if u.Total == 0 {
		return u.Forecast
	}
	return fmt.Sprintf("%s of %s are free (%.0f %%); %s", size(u.Free), size(u.Total), 100*float64(u.Free)/float64(u.Total), u.Forecast)
}

// size writes a number of bytes for people.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
