package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// Request is what a report is to be about.
type Request struct {
	Name     string    // one of [Names]
	From, To time.Time // arrival in [From, To); both are needed

	// Access takes exactly one of these.
	Object event.Object // "customer", "4711"
	Class  string       // of data: "email"

	Principal string // Person: pseudonym, subject, e-mail, name, client, key id or fingerprint

	Idle  time.Duration // Dormant: not used for so long before To; zero: 90 days
	Known []Known       // Dormant: credentials that are known by other means than calls

	Privileged []string // Privileged: patterns of routes, see [ParsePattern]; nil: [DefaultPrivileged]

	Verified *ledger.Report // Integrity: what a verification of the whole ledger found
}

// Known is a credential that exists, used or not.
type Known struct {
	Kind    string // "API key", "reader's token"
	ID      string // public
	Name    string // whose it is
	Created time.Time
	Expires time.Time // zero: never
	Revoked time.Time // zero: it is not
	Used    time.Time // last; zero: never
}

// The names of reports.
const (
	Access     = "access"
	Person     = "person"
	Dormant    = "dormant"
	Privileged = "privileged"
	Unverified = "unverified"
	Integrity  = "integrity"
)

// Names lists the reports.
func Names() []string { return []string{Access, Person, Dormant, Privileged, Unverified, Integrity} }

// About says in a sentence what a report says.
func About(name string) string {
	return map[string]string{
		Access:     "Who accessed an object or a class of data.",
		Person:     "What one person, service or credential accessed.",
		Dormant:    "Credentials that are known and not used.",
		Privileged: "Administrative operations, grants, and changes of keys.",
		Unverified: "Calls by callers who were not verified.",
		Integrity:  "Whether the record of the period is whole, and who looked at it.",
	}[name]
}

// ErrRequest is the error of a request that makes no sense. The error that
// wraps it says why.
var ErrRequest = errors.New("the report cannot be made")

// day is 24 hours.
const day = 24 * time.Hour

// DefaultIdle is the idle time of credentials that are dormant.
const DefaultIdle = 90 * day

// check completes the request, or says what is wrong with it.
func (r *Request) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrRequest}, args...)...)
	}
	switch {
	case !slices.Contains(Names(), r.Name):
		return wrong("there is no report %q: want one of %s", short(r.Name), strings.Join(Names(), ", "))
	case r.From.IsZero() || r.To.IsZero() || !r.From.Before(r.To):
		return wrong("its period has no length: it must end after it begins")
	}
	object := r.Object != event.Object{}
	switch r.Name {
	case Access:
		if object == (r.Class != "") {
			return wrong("name either an object (TYPE/ID) or a class of data")
		}
		if object && (r.Object.Type == "" || r.Object.ID == "") {
			return wrong("the object needs a type and an id: TYPE/ID, such as customer/4711")
		}
	case Person:
		if strings.TrimSpace(r.Principal) == "" {
			return wrong("name the principal by pseudonym, subject, e-mail, name, client, key id or fingerprint")
		}
	case Dormant:
		if r.Idle == 0 {
			r.Idle = DefaultIdle
		}
		if r.Idle < 0 {
			return wrong("the idle time is negative")
		}
	}
	for flag, set := range map[string]bool{"an object": object && r.Name != Access, "a class of data": r.Class != "" && r.Name != Access, "a principal": r.Principal != "" && r.Name != Person, "an idle time": r.Idle != 0 && r.Name != Dormant} {
		if set {
			return wrong("%s takes no part in the report %s", flag, r.Name)
		}
	}
	return nil
}

func short(s string) string {
	if len(s) > 60 {
		s = s[:60] + "…"
	}
	return strings.ToValidUTF8(s, "")
}

// Whole reports whether the report needs the whole record, not only that of its
// period.
func (r *Request) Whole() bool { return r.Name == Dormant || r.Name == Integrity }

// Listed is how many records a report lists one by one.
const Listed = 1000

// Limits of what a report holds in memory and shows.
const (
	maxGroups = 50_000 // groups that are told apart
	maxRows   = 500    // rows of a table of groups
)
