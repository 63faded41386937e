package detect

import (
	"encoding/json"
	"slices"
	"time"
)

// mark is an event and when it counts for.
type mark struct {
	At  int64 `json:"t"`
	Ref Ref   `json:"r"`
}

// window is the newest entries of a list, oldest first. What left it at the
// front stays in memory until half of the memory is such, so that a window that
// moves on makes no garbage.
type window[T any] struct {
	list []T
	gone uint32 // entries at the front of the list that left it
}

func (w *window[T]) all() []T { return w.list[w.gone:] }
func (w *window[T]) len() int { return len(w.list) - int(w.gone) }

func (w *window[T]) push(v T) {
	if len(w.list) == cap(w.list) && 2*int(w.gone) >= len(w.list) {
		n := copy(w.list, w.all())
		w.list, w.gone = w.list[:n], 0
	}
	w.list = append(w.list, v)
}

// MarshalJSON writes what is in the window.
func (w window[T]) MarshalJSON() ([]byte, error) { return json.Marshal(w.all()) }

// UnmarshalJSON is the inverse of MarshalJSON.
func (w *window[T]) UnmarshalJSON(b []byte) error {
	w.gone = 0
	return json.Unmarshal(b, &w.list)
}

// counted is the newest events of a group, oldest first.
type counted struct{ window[mark] }

// add adds an event, keeps the newest max, and drops those before since.
func (s *counted) add(at int64, ref Ref, max int, since int64) {
	s.push(mark{at, ref})
	for s.len() > 0 && (s.first() < since || s.len() > max) {
		s.gone++
	}
}

// first is the time of the oldest; there must be one.
func (s *counted) first() int64 { return s.list[s.gone].At }

// last is the time of the newest; there must be one.
func (s *counted) last() int64 { return s.list[len(s.list)-1].At }

// before returns the events but the newest.
func (s *counted) before() []Ref {
	all := s.all()
	refs := make([]Ref, 0, len(all))
	for _, m := range all[:len(all)-1] {
		refs = append(refs, m.Ref)
	}
	return refs
}

func (s *counted) worth(now int64, need int, span time.Duration) float64 {
	if s.len() == 0 || s.last() < now-int64(span) {
		return -1
	}
	return float64(s.len())/float64(need) + recent(s.last())
}

// times are the newest times of what a share is of, oldest first.
type times struct{ window[int64] }

// note keeps the newest max times, from since on.
func (s *times) note(at int64, max int, since int64) {
	s.push(at)
	for s.len() > 0 && (s.list[s.gone] < since || s.len() > max) {
		s.gone++
	}
}

// since counts the times from t on; nil has none.
func (s *times) since(t int64) int {
	if s == nil {
		return 0
	}
	i, _ := slices.BinarySearch(s.all(), t)
	return s.len() - i
}

// recent orders states that are worth the same by when they were touched.
func recent(at int64) float64 { return float64(at) / 1e24 }
