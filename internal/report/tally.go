package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// stat counts the calls of one group.
type stat struct {
	Key            []string
	Name           string // for people, the newest that is known
	Calls, Failed  uint64
	Records, Bytes uint64
	Unverified     uint64
	Found          uint64 // of the class that was asked for
	First, Last    time.Time
	Expires        time.Time         // of a credential; zero: never, or it is not known
	Data           map[string]uint64 // by class
	Others         map[string]struct{}
	OthersMore     bool // there are more than Others
}

// tally counts by groups. Beyond its limit it counts all other groups as one.
type tally struct {
	groups map[string]*stat
	rest   *stat // nil: all groups are told apart
	limit  int   // 0: [maxGroups]
}

// at returns the group with the key.
func (t *tally) at(key ...string) *stat {
	k := strings.Join(key, "\x00")
	s := t.groups[k]
	if s != nil {
		return s
	}
	if t.groups == nil {
		t.groups = map[string]*stat{}
	}
	if len(t.groups) >= cmp.Or(t.limit, maxGroups) {
		if t.rest == nil {
			t.rest = &stat{Key: make([]string, len(key))}
			t.rest.Key[0] = "(all others)"
			t.rest.Name = "(all others)"
		}
		return t.rest
	}
	s = &stat{Key: key}
	t.groups[k] = s
	return s
}

// sorted returns the groups with the most calls first, and those beyond the
// limit last.
func (t *tally) sorted() []*stat {
	list := slices.Collect(maps.Values(t.groups))
	slices.SortFunc(list, func(a, b *stat) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), slices.Compare(a.Key, b.Key))
	})
	if t.rest != nil {
		list = append(list, t.rest)
	}
	return list
}

// len returns the number of groups that are told apart.
func (t *tally) len() int { return len(t.groups) }

// other remembers one of the different values that a group had, up to a bound.
func (s *stat) other(v string) {
	const most = 1000
	if _, ok := s.Others[v]; ok || v == "" {
		return
	}
	if len(s.Others) >= most {
		s.OthersMore = true
		return
	}
	if s.Others == nil {
		s.Others = map[string]struct{}{}
	}
	s.Others[v] = struct{}{}
}

// span notes when something of the group was seen.
func (s *stat) span(at time.Time) {
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
}

// data adds a class.
func (s *stat) data(class string, n uint64) {
	if s.Data == nil {
		s.Data = map[string]uint64{}
	}
	s.Data[class] += n
}

// classes writes the classes of data with their counts.
func (s *stat) classes() string {
	var parts []string
	for _, c := range slices.Sorted(maps.Keys(s.Data)) {
		parts = append(parts, c+" "+group(number(s.Data[c])))
	}
	return strings.Join(parts, ", ")
}

// rows makes a table of groups. It returns how many are left out.
func rows(list []*stat, cells func(*stat) []string) (out [][]string, left uint64) {
	for i, s := range list {
		if i == maxRows {
			return out, uint64(len(list) - i)
		}
		out = append(out, cells(s))
	}
	return out, 0
}
