package syslog

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatebook/gatebook/internal/alert/deliver"
)

// sdID names our structured data. 32473 is the number that RFC 5612 sets aside
// for whoever has none.
const sdID = "gatebook@32473"

// format returns m as RFC 5424 says, of at most limit bytes: what does not fit
// is left out from the end of the structured data, then of the text.
func (c *Channel) format(m *deliver.Message, limit int) []byte {
	head := fmt.Sprintf("<%d>1 %s %s %s - %s ", c.cfg.Facility*8+severity(m.Severity()), m.Time.UTC().Format("2006-01-02T15:04:05.000000Z"),
		word(c.cfg.Host, 255), word(c.cfg.App, 48), word(string(m.Kind), 32))
	text := deliver.Cut(m.Headline(), 500)
	left := limit - len(head) - len(text) - len(" [] \ufeff") - len(sdID)
	var sd strings.Builder
	for _, p := range params(m) {
		s := fmt.Sprintf(` %s="%s"`, p.Name, escape(deliver.Cut(p.Value, 1000)))
		if left -= len(s); left < 0 {
			break
		}
		sd.WriteString(s)
	}
	line := head + "[" + sdID + sd.String() + "] \ufeff" + text
	for len(line) > limit {
		_, n := utf8.DecodeLastRuneInString(line)
		line = line[:len(line)-n]
	}
	return []byte(line)
}

// params are the members of the structured data, the most important first.
func params(m *deliver.Message) []deliver.Fact {
	var list []deliver.Fact
	add := func(name, value string) {
		if value = deliver.Clean(value); value != "" {
			list = append(list, deliver.Fact{Name: name, Value: value})
		}
	}
	add("message", m.ID)
	n := m.Single()
	if n == nil {
		add("incidents", strconv.Itoa(m.Total))
		add("severity", m.Severity())
		for i := range m.Notices {
			add("incident", m.Notices[i].Incident)
		}
		return list
	}
	add("incident", n.Incident)
	add("change", string(n.Change))
	add("severity", n.Severity)
	add("state", string(n.State))
	add("risk", strconv.FormatFloat(n.Risk, 'f', 1, 64))
	for _, v := range n.Entity {
		add(name(v.Field), v.Value)
	}
	add("rules", strings.Join(n.Rules, ","))
	add("tags", strings.Join(n.Tags, ","))
	add("from", n.From.UTC().Format("2006-01-02T15:04:05.000Z"))
	add("at", n.At.UTC().Format("2006-01-02T15:04:05.000Z"))
	add("link", n.Link)
	for _, f := range n.Findings {
		var refs []string
		for _, e := range f.Events[max(0, len(f.Events)-10):] {
			if e.Number >= 0 {
				refs = append(refs, strconv.FormatInt(e.Number, 10))
			}
		}
		add("records", strings.Join(refs, ","))
	}
	for _, f := range deliver.Reasons(n) {
		add("why", f.Name+": "+f.Value)
	}
	return list
}

// word is s as a header field: printable ASCII without spaces.
func word(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	if s == "" {
		return "-"
	}
	return s[:min(len(s), most)]
}

// name is s as the name of a parameter: at most 32 characters, of which some
// are not allowed.
func name(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' || strings.ContainsRune(`="]`, r) {
			return '_'
		}
		return r
	}, s)
	return s[:min(len(s), 32)]
}

// escape escapes the three characters that a value cannot hold (RFC 5424,
// section 6.3.3).
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, `]`, `\]`).Replace(s)
}

// severity is ours as a number of RFC 5424.
func severity(s string) int {
	switch s {
	case "critical":
		return 2
	case "high":
		return 3
	case "medium":
		return 4
	case "low":
		return 5
	}
	return 6
}

// Facilities are the facilities of RFC 5424, section 6.2.1, by their usual
// names.
var Facilities = map[string]int{
	"user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "authpriv": 10,
	"local0": 16, "local1": 17, "local2": 18, "local3": 19, "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}
