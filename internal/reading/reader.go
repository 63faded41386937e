package reading

import (
	"errors"
	"fmt"

	"github.com/gatebook/gatebook/event"
)

// Role says what a reader may do. The zero Role may do nothing.
type Role string

// The roles, each with what it may do.
const (
	Viewer        Role = "viewer"        // search, view, prove and tail, without payload envelopes
	Investigator  Role = "investigator"  // as a viewer, with payloads, and export
	Auditor       Role = "auditor"       // as an investigator, and verify
	Administrator Role = "administrator" // everything, also manage keys
)

// Reader is who looks at the record, as whoever authenticated them says.
type Reader struct {
	Name    string // as the issuer of the credential names them; never empty
	Role    Role
	Address string // where they are, for the record; may be empty
	Agent   string // the program they use, as it says; may be empty
	Tool    string // "api", "cli", "console"; may be empty
	Reason  string // why they look, in their words; may be empty
}

// Action is one thing that a role allows or does not.
type Action string

// The actions. The names are those of the look and decision events.
const (
	ActSearch Action = "search" // also facets, histogram and stats
	ActView   Action = "view"
	ActProve  Action = "prove"
	ActTail   Action = "tail"
	ActWho    Action = "who"
	ActExport Action = "export"
	ActVerify Action = "verify"
	ActKeys   Action = "keys"
)

// rank orders the roles: each may do all that the lower ones may.
var rank = map[Role]int{Viewer: 1, Investigator: 2, Auditor: 3, Administrator: 4}

var needs = map[Action]Role{
	ActSearch: Viewer, ActView: Viewer, ActProve: Viewer, ActTail: Viewer, ActWho: Viewer,
	ActExport: Investigator, ActVerify: Auditor, ActKeys: Administrator,
}

// ErrForbidden is the error of a reader whose role does not allow what was
// asked for. The error that wraps it says which role does.
var ErrForbidden = errors.New("not allowed")

// May returns nil if the reader's role allows the action.
func (r Reader) May(a Action) error {
	need, ok := needs[a]
	switch {
	case r.Name == "":
		return fmt.Errorf("%w: the reader is not known", ErrForbidden)
	case !ok || rank[r.Role] < rank[need]:
		return fmt.Errorf("%w: %s needs the role %s, and %s has the role %q", ErrForbidden, a, need, r.Name, r.Role)
	}
	return nil
}

// seesPayload reports whether the reader may see payload envelopes, and so
// what was found in them.
func (r Reader) seesPayload() bool { return rank[r.Role] >= rank[Investigator] }

// sees reports whether the reader may see envelopes of class c.
func (r Reader) sees(c event.Class) bool { return c != event.ClassPayload || r.seesPayload() }
