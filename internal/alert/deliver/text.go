package deliver

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert"
)

// This file says in words what a message is about. The words are the same on
// all channels; how they look is the channel's.

// Fact is one thing to know about an incident.
type Fact struct{ Name, Value string }

// words of the changes, after the severity and before the title.
var words = map[alert.Change]string{
	alert.Opened: "", alert.Raised: "raised: ", alert.Joined: "more: ", alert.Taken: "taken: ", alert.Closed: "closed: ", alert.Reopened: "open again: ",
}

// Headline is one line that says what m is about. It is not personal.
func (m *Message) Headline() string {
	switch n := m.Single(); {
	case m.Kind == Test:
		return "Test of this receiver: nothing happened"
	case n != nil:
		return fmt.Sprintf("%s: %s%s", n.Severity, words[n.Change], Clean(n.Title))
	case m.Kind == Summary:
		return fmt.Sprintf("%s: %s at once, too many to send one by one", m.Severity(), incidents(m.Total))
	}
	return fmt.Sprintf("%s: %s since the last digest", m.Severity(), incidents(m.Total))
}

func incidents(n int) string {
	if n == 1 {
		return "1 incident"
	}
	return strconv.Itoa(n) + " incidents"
}

// Facts says what to know of an incident, the most important first. Values can
// be personal, and hold what callers sent: a channel must show them as text.
func Facts(n *alert.Notice) []Fact {
	var fs []Fact
	add := func(name, value string) {
		if value = Clean(value); value != "" {
			fs = append(fs, Fact{name, value})
		}
	}
	severity := n.Severity
	if n.Was != "" {
		severity += ", was " + n.Was
	}
	add("Severity", severity)
	for _, v := range n.Entity {
		add(v.Field, v.Value)
	}
	add("Risk", strconv.FormatFloat(n.Risk, 'f', 0, 64)+" points")
	add("State", string(n.State))
	add("Assignee", n.Assignee)
	add("By", n.By)
	add("Reason", n.Reason)
	add("Rules", strings.Join(n.Rules, ", "))
	add("Began", n.From.UTC().Format(time.RFC3339))
	add("Last", n.At.UTC().Format(time.RFC3339))
	add("Proposed", strings.Join(n.Response, ", "))
	return fs
}

// Reasons says for each finding of n why it was made, and which events are its
// proof, the newest first. Values can be personal.
func Reasons(n *alert.Notice) []Fact {
	var fs []Fact
	for i := len(n.Findings) - 1; i >= 0; i-- {
		f := &n.Findings[i]
		var parts []string
		for _, t := range f.Terms {
			part := Clean(t.Name) + " " + Clean(t.Value)
			if t.Want != "" {
				part += " (" + Clean(t.Want) + ")"
			}
			parts = append(parts, part)
		}
		events := fmt.Sprintf("%d events", f.Count)
		if f.Count == 1 {
			events = "1 event"
		}
		var numbers []string
		for j := max(0, len(f.Events)-5); j < len(f.Events); j++ {
			if f.Events[j].Number >= 0 {
				numbers = append(numbers, strconv.FormatInt(f.Events[j].Number, 10))
			}
		}
		if len(numbers) > 0 {
			events += ", records " + strings.Join(numbers, ", ")
			if f.Count > uint64(len(numbers)) {
				events += " and before"
			}
		}
		fs = append(fs, Fact{Clean(f.Title), strings.Join(append(parts, events), "; ")})
	}
	return fs
}

// Line says in one line which incident n is, for a list.
func Line(n *alert.Notice) string {
	var who []string
	for _, v := range n.Entity {
		who = append(who, Clean(v.Value))
	}
	line := fmt.Sprintf("%s: %s%s", n.Severity, words[n.Change], Clean(n.Title))
	if len(who) > 0 {
		line += " (" + Cut(strings.Join(who, ", "), 100) + ")"
	}
	return line
}

// More ends a list of which n incidents are not shown.
func More(n int) string { return fmt.Sprintf("and %s more: see the console", incidents(n)) }

// Tally says how many incidents of each severity there are, the highest first.
func (m *Message) Tally() string {
	var parts []string
	for i := len(levels) - 1; i >= 0; i-- {
		if n := m.Counts[levels[i]]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, levels[i]))
		}
	}
	return strings.Join(parts, ", ")
}

// Clean returns s as one line without characters that do not show, or that make
// text around them read otherwise: control characters, and those of
// bidirectional text.
func Clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), unicode.Is(unicode.Bidi_Control, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Cut returns s with at most n characters (code points); a cut one ends with an
// ellipsis.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:max(n-1, 0)]) + "…"
}
