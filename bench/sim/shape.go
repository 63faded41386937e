package main

import (
	"fmt"
	"io"
	"time"

	"github.com/gatebook/gatebook/internal/detect"
)

// shape measures what the background looks like, to be compared with what was
// measured on real logs.
type shape struct {
	calls  map[string]int // in a day, by client
	last   map[string]time.Time
	gaps   []float64
	minute map[int64]int
	hours  [24]int
	counts []float64 // calls in a day of a client
	day    int
}

func newShape() *shape {
	return &shape{calls: map[string]int{}, last: map[string]time.Time{}, minute: map[int64]int{}}
}

// add looks at a day.
func (s *shape) add(items []item) {
	clear(s.calls)
	clear(s.last)
	for _, it := range items {
		if it.c != nil || it.at.Before(begin) {
			continue
		}
		who := actorOf(it.e)
		s.calls[who]++
		at := detect.Time(it.e)
		if last, ok := s.last[who]; ok && len(s.gaps) < 1e6 {
			s.gaps = append(s.gaps, at.Sub(last).Seconds())
		}
		s.last[who] = at
		s.minute[at.Unix()/60]++
		s.hours[at.Hour()]++
	}
	for _, n := range s.calls {
		s.counts = append(s.counts, float64(n))
	}
	s.day++
}

func (s *shape) print(out io.Writer) {
	sum, squares, n := 0.0, 0.0, float64(s.day)*1440
	for _, c := range s.minute {
		sum, squares = sum+float64(c), squares+float64(c)*float64(c)
	}
	mean := sum / max(n, 1)
	low, high := s.hours[0], 0
	for _, h := range s.hours {
		low, high = min(low, h), max(high, h)
	}
	fmt.Fprintf(out, "\nShape of the background, and in brackets of real logs: calls of a client in a day p50 %.0f (2), p90 %.0f (8-13), p99 %.0f (50-188), most %.0f; ",
		quantile(s.counts, .5), quantile(s.counts, .9), quantile(s.counts, .99), quantile(s.counts, 1))
	fmt.Fprintf(out, "calls in a minute, variance over mean %.0f (52-145); busiest hour over quietest %.1f (1.4-40); gap in a client's day p50 %.1f s (0-5), p99 %s (an hour)\n",
		(squares/max(n, 1)-mean*mean)/max(mean, 1e-9), float64(high)/float64(max(low, 1)), quantile(s.gaps, .5), span(quantile(s.gaps, .99)))
}
