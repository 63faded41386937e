package deliver

import (
	"errors"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
)

// Receiver is somebody or something that gets messages.
type Receiver struct {
	Name    string // unique
	Kind    string // of its channel, for people
	Channel Channel

	MinSeverity string         // incidents below it are not sent; empty: all are
	Changes     []alert.Change // what it hears of; empty: of all
	Match       []Matcher      // all of them must match; empty: everything does
	Detail      Detail         // empty: minimal

	// Digest is how long notices are collected to be sent in one message. 0:
	// each is sent at once.
	Digest time.Duration

	// Rate is how many messages are sent in a minute; what is more is folded
	// into one message a minute. 0: no bound.
	Rate int

	// Lifecycle says that the receiver tracks incidents itself, so that only
	// what it does not know yet can be folded.
	Lifecycle bool

	Concurrency int           // messages on their way at a time; 0: 4
	Timeout     time.Duration // of one attempt; 0: 10s
	GiveUp      time.Duration // age at which a delivery that fails becomes dead; 0: 24h

	// Identity says, without secrets in clear, what the channel is configured
	// with: of two receivers with the same identity and fields the channels do
	// the same.
	Identity string
}

// complete fills in the defaults.
func (r Receiver) complete() Receiver {
	if r.Detail == "" {
		r.Detail = Minimal
	}
	if r.Concurrency <= 0 {
		r.Concurrency = 4
	}
	if r.Timeout <= 0 {
		r.Timeout = 10 * time.Second
	}
	if r.GiveUp <= 0 {
		r.GiveUp = 24 * time.Hour
	}
	return r
}

// same reports whether two receivers do the same.
func (r Receiver) same(x Receiver) bool {
	r.Channel, x.Channel = nil, nil
	return reflect.DeepEqual(r, x)
}

// wants reports whether the receiver is to hear of n.
func (r *Receiver) wants(n *alert.Notice) bool {
	if Rank(n.Severity) < Rank(r.MinSeverity) || len(r.Changes) > 0 && !slices.Contains(r.Changes, n.Change) {
		return false
	}
	for _, m := range r.Match {
		if !m.matches(n) {
			return false
		}
	}
	return true
}

// Matcher says which incidents are meant, by one property.
type Matcher struct {
	Key     string // "rule", "tag", or the name of a field of the entity
	Pattern string // as of [path.Match]; "*" matches no slash
	Not     bool   // those are meant that do not match
}

// ParseMatcher reads a matcher: key=pattern or key!=pattern.
func ParseMatcher(s string) (Matcher, error) {
	key, pattern, ok := strings.Cut(s, "=")
	m := Matcher{Key: key, Pattern: pattern}
	m.Key, m.Not = strings.CutSuffix(m.Key, "!")
	if !ok || m.Key == "" || m.Pattern == "" || strings.ContainsAny(m.Key, " \t") {
		return m, errors.New("is no matcher, write one such as rule=mass-* or tag!=owasp.api4")
	}
	if _, err := path.Match(m.Pattern, ""); err != nil {
		return m, errors.New("has a pattern with an open bracket, close it")
	}
	return m, nil
}

// String is the inverse of [ParseMatcher].
func (m Matcher) String() string {
	op := "="
	if m.Not {
		op = "!="
	}
	return fmt.Sprintf("%s%s%s", m.Key, op, m.Pattern)
}

// matches reports whether n is meant: if any of the values of its key matches.
func (m Matcher) matches(n *alert.Notice) bool {
	hit := func(v string) bool {
		ok, err := path.Match(m.Pattern, v)
		return err == nil && ok
	}
	found := false
	switch m.Key {
	case "rule":
		found = slices.ContainsFunc(n.Rules, hit)
	case "tag":
		found = slices.ContainsFunc(n.Tags, hit)
	default:
		for _, v := range n.Entity {
			found = found || v.Field == m.Key && hit(v.Value)
		}
	}
	return found != m.Not
}
