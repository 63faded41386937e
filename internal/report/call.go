package report

import (
	"net/url"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// failed reports whether the call was refused or went wrong.
func failed(e *event.Event) bool {
	return e.Outcome.Status >= 400 || e.Outcome.Decision == "denied" || e.Outcome.Error != "" || e.Outcome.Status == 0 && e.Outcome.RPCStatus == ""
}

// status writes how the call ended.
func status(e *event.Event) string {
	var parts []string
	if e.Outcome.Status != 0 {
		parts = append(parts, number(uint64(e.Outcome.Status)))
	}
	for _, s := range []string{e.Outcome.RPCStatus, e.Outcome.Reason, e.Outcome.Error} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " ")
}

// add counts a call.
func (s *stat) add(e *event.Event) {
	s.Calls++
	if failed(e) {
		s.Failed++
	}
	if e.Principal.Level < event.LevelVerified {
		s.Unverified++
	}
	s.Records += e.Records
	s.Bytes += e.Response.Bytes
	for _, d := range e.Data {
		s.data(d.Class, d.Count)
	}
	s.span(e.Arrived)
}

// whoKey tells principals apart.
func whoKey(e *event.Event) string {
	switch {
	case e.Principal.ID != "":
		return e.Principal.ID
	case e.Credential.Fingerprint != "":
		return "credential " + e.Credential.Fingerprint
	case e.Who != nil:
		return string(e.Principal.Kind) + " at " + e.Who.Address
	}
	return string(e.Principal.Kind)
}

// whoName names a principal for people. A claim is written as one.
func whoName(e *event.Event) string {
	if e.Who != nil && e.Principal.Level >= event.LevelAsserted {
		name := e.Who.Name
		if name == "" || name == e.Who.Subject {
			name = e.Who.Subject
		} else if e.Who.Subject != "" {
			name += " (" + e.Who.Subject + ")"
		}
		if e.Who.Email != "" && e.Who.Email != e.Who.Subject {
			name += " <" + e.Who.Email + ">"
		}
		if name != "" {
			return name
		}
	}
	switch {
	case e.Principal.ID != "" && e.Who == nil && !e.Commit.Who.IsZero():
		return e.Principal.ID + " (name erased)"
	case e.Principal.ID != "":
		return e.Principal.ID
	case e.Who != nil && e.Who.Claimed != "":
		return "claims to be " + e.Who.Claimed + place(e)
	}
	kind := string(e.Principal.Kind)
	if kind == "" {
		kind = "nobody"
	}
	return kind + place(e)
}

func place(e *event.Event) string {
	if e.Who == nil || e.Who.Address == "" {
		return ""
	}
	return " at " + e.Who.Address
}

// through names the app and the kind of credential.
func through(e *event.Event) string {
	switch {
	case e.Credential.Client != "":
		return e.Credential.Client + " (" + e.Credential.Method + ")"
	case e.Credential.Method == "" || e.Credential.Method == "none":
		return "no credential"
	case e.Credential.KeyID != "" && e.Credential.Method == "api-key":
		return "API key " + e.Credential.KeyID
	}
	return e.Credential.Method
}

// operation names what was done: by template where there is one, else by path.
func operation(e *event.Event) string {
	what := e.Operation.Route
	switch {
	case what == "" && e.Operation.Name != "" && e.Operation.Method == "":
		return e.Operation.Name
	case what == "" && e.What != nil:
		what = e.What.Path
	case what == "" && !e.Commit.What.IsZero():
		what = "(path erased)"
	}
	text := strings.TrimSpace(e.Operation.Method + " " + what)
	if e.Operation.Name != "" && e.Operation.Name != e.Operation.Route {
		text += " [" + e.Operation.Name + "]"
	}
	return text
}

// touches says how a call touched an object: "asked for", "in the answer", or,
// where no objects were recognised, "by path". Empty: it did not.
func touches(e *event.Event, o event.Object) string {
	if e.What == nil {
		return ""
	}
	for i, got := range e.What.Objects {
		if got.ID == o.ID && sameType(got.Type, o.Type) {
			if e.What.Asked > 0 && uint64(i) >= e.What.Asked {
				return "in the answer"
			}
			return "asked for"
		}
	}
	if len(e.What.Objects) > 0 {
		return ""
	}
	segments := strings.Split(e.What.Path, "/")
	for i := 1; i < len(segments); i++ {
		id, err := url.PathUnescape(segments[i])
		if err == nil && id == o.ID && sameType(segments[i-1], o.Type) {
			return "by path"
		}
	}
	return ""
}

// sameType compares types of objects without regard to case and the plural.
func sameType(a, b string) bool { return singular(a) == singular(b) }

func singular(s string) string {
	s = strings.ToLower(s)
	if stem, ok := strings.CutSuffix(s, "ies"); ok {
		return stem + "y"
	}
	for _, end := range []string{"sses", "shes", "ches", "xes"} {
		if strings.HasSuffix(s, end) {
			return strings.TrimSuffix(s, "es")
		}
	}
	if strings.HasSuffix(s, "ss") {
		return s
	}
	return strings.TrimSuffix(s, "s")
}

// isPrincipal reports whether the call is of the principal that people name in
// one of several ways.
func isPrincipal(e *event.Event, name string) bool {
	if e.Principal.ID == name || e.Credential.Fingerprint == name || e.Credential.Client == name || e.Credential.Method == "api-key" && e.Credential.KeyID == name {
		return true
	}
	for _, d := range e.Credential.Delegation {
		if d.ID == name {
			return true
		}
	}
	return e.Who != nil && (e.Who.Subject == name || strings.EqualFold(e.Who.Email, name) || e.Who.Name == name)
}
