package reading

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Role says what a reader may do. The zero Role may do nothing.
type Role string

// The roles, each with what it may do. An auditor is no investigator: who
// watches those who look needs no bodies for it.
const (
	Viewer        Role = "viewer"        // search, view, prove and tail, without payload envelopes and look events
	Investigator  Role = "investigator"  // as a viewer, with payloads, and export, evidence packs and reports
	Auditor       Role = "auditor"       // all about looks, decisions and proofs: search, export, evidence packs, reports, verify, lists of keys and readers; no payloads
	Administrator Role = "administrator" // everything

	// Edge is no reader: it is a program with the middleware, which gives its
	// events and gets its settings, and may do nothing else.
	Edge Role = "edge"

	// Sender is no reader either: it is a program that sends what it logs, under
	// the name of its token.
	Sender Role = "sender"
)

// Roles lists the roles of those who read.
var Roles = []Role{Viewer, Investigator, Auditor, Administrator}

// TokenRoles lists the roles that a named token can have.
var TokenRoles = append(slices.Clone(Roles), Edge, Sender)

// Reader is who looks at the record, as whoever authenticated them says.
type Reader struct {
	Name    string // as the issuer of the credential names them; never empty
	Role    Role
	KeyID   string // public id of the token that they showed, or of their session; empty: it has none
	Address string // where they are, for the record; may be empty
	Agent   string // the program they use, as it says; may be empty
	Tool    string // "api", "cli", "console"; may be empty
	Reason  string // why they look, in their words; may be empty

	// NoPayload leaves payload envelopes out of what [Room.Search],
	// [Room.Event], [Room.Tail] and [Room.Export] show. They are searched all
	// the same.
	NoPayload bool

	// Session says that they signed in to the console, and KeyID is that of
	// the session. Stale says that this was too long ago for what cannot be
	// undone.
	Session, Stale bool

	masked bool // payloads are withheld: a reason is asked for, and none was given
}

// Action is one thing that a role allows or does not.
type Action string

// The actions. The names are those of the look and decision events.
const (
	ActSearch    Action = "search"       // also facets, histogram and stats, and saved searches
	ActShare     Action = "share-search" // save a search for others, too
	ActView      Action = "view"
	ActProve     Action = "prove"
	ActTail      Action = "tail"
	ActWho       Action = "who"
	ActTiles     Action = "tiles" // headers as entry bundles, with a token
	ActExport    Action = "export"
	ActEvidence  Action = "evidence"
	ActReport    Action = "report"
	ActLooks     Action = "looks" // look events: who looked at what
	ActVerify    Action = "verify"
	ActSetup     Action = "setup"     // how calls come in: listeners, routes, upstreams
	ActInventory Action = "inventory" // operations, apps, callers and credentials, as counted
	ActListKeys  Action = "list-keys" // API keys and readers, without secrets
	ActKeys      Action = "keys"      // make and revoke API keys
	ActReaders   Action = "readers"   // make and revoke readers
	ActSession   Action = "session"   // sign in and out, own sessions and password
	ActAccounts  Action = "accounts"  // make and change accounts, end the sessions of others
	ActRoutes    Action = "routes"    // pin, merge and rename route templates
	ActImport    Action = "import"    // take in files of others
	ActSend      Action = "send"      // send what one logs oneself
	ActEdge      Action = "edge"      // give events of one's own, and get settings and measures
	ActErase     Action = "erase"     // remove envelopes
	ActHold      Action = "hold"      // begin and end legal holds

	ActMeasures Action = "list-measures" // what is done about access
	ActPropose  Action = "propose"       // propose what is done, for somebody else to approve
	ActApprove  Action = "approve"       // approve what somebody else proposed
	ActAct      Action = "act"           // block, throttle, demand new authentication, and undo that

	ActRevocations Action = "list-revocations" // what was taken back at providers
	ActRevoke      Action = "revoke"           // take access back at a provider, and undo that

	ActHolds Action = "list-holds" // legal holds

	ActDeliveries Action = "list-deliveries" // where alerts went, and how the receivers are
	ActDeliver    Action = "deliver"         // test a receiver, and try a delivery again
	ActRetention  Action = "retention"       // what goes when

	ActAlerts  Action = "alerts"       // what detection found, and which rules run
	ActHandle  Action = "handle-alert" // take, give, note, close and reopen incidents
	ActSilence Action = "silence"      // begin and end silences

	// ActPayload is no request of its own: it is whatever would show payload
	// envelopes.
	ActPayload Action = "view-payload"
)

var (
	everyone   = Roles
	searchers  = []Role{Investigator, Auditor, Administrator}
	payloads   = []Role{Investigator, Administrator}
	overseers  = []Role{Auditor, Administrator}
	management = []Role{Administrator}
)

// needs says which roles may do what, in the order of [Roles].
var needs = map[Action][]Role{
	ActSearch: everyone, ActView: everyone, ActProve: everyone, ActTail: everyone, ActWho: everyone, ActTiles: everyone, ActInventory: everyone, ActAlerts: everyone,
	ActSetup: searchers, ActShare: searchers, ActExport: searchers, ActEvidence: searchers, ActReport: searchers,
	ActSession: everyone, ActAccounts: management,
	ActPayload: payloads,
	ActLooks:   overseers, ActVerify: overseers, ActListKeys: overseers,
	ActHandle: payloads, ActSilence: payloads,
	ActKeys: management, ActReaders: management, ActRoutes: management, ActErase: management, ActImport: management, ActHold: management,
	ActMeasures: everyone, ActPropose: payloads, ActApprove: payloads, ActAct: management,
	ActRevocations: searchers, ActRevoke: management,
	ActHolds: overseers, ActRetention: overseers,
	ActDeliveries: searchers, ActDeliver: payloads,
	ActEdge: {Edge}, ActSend: {Administrator, Sender},
}

// confirmed lists what is done only for who showed a short while ago who they
// are: a copied cookie, or a browser that was left open, cannot do it.
var confirmed = []Action{ActErase, ActHold, ActKeys, ActReaders, ActAccounts}

// Allowed returns the names of the actions that the reader's role allows,
// sorted.
func (r Reader) Allowed() []string {
	all := []string{}
	for _, name := range Actions() {
		if slices.Contains(needs[Action(name)], r.Role) {
			all = append(all, name)
		}
	}
	return all
}

// Actions returns the names of all actions, sorted.
func Actions() []string {
	var all []string
	for a := range needs {
		all = append(all, string(a))
	}
	slices.Sort(all)
	return all
}

// ErrForbidden is the error of a reader whose role does not allow what was
// asked for. The error that wraps it says which role does.
var ErrForbidden = errors.New("not allowed")

// ErrReason is the error of what this installation gives only to who says why.
var ErrReason = errors.New("a reason is asked for")

// ErrConfirm is the error of what is done only for who signed in a short while
// ago.
var ErrConfirm = errors.New("signing in was too long ago")

// May returns nil if the reader's role allows the action.
func (r Reader) May(a Action) error {
	if r.Name == "" {
		return fmt.Errorf("%w: the reader is not known", ErrForbidden)
	}
	if !slices.Contains(needs[a], r.Role) {
		var want []string
		for _, role := range needs[a] {
			want = append(want, string(role))
		}
		return fmt.Errorf("%w: %s needs the role %s, and %s has the role %q", ErrForbidden, a, strings.Join(want, " or "), r.Name, r.Role)
	}
	return nil
}

// seesPayload reports whether the reader may see payload envelopes, and so
// what was found in them.
func (r Reader) seesPayload() bool { return !r.masked && slices.Contains(payloads, r.Role) }

// seesLooks reports whether the reader may see what others looked at.
func (r Reader) seesLooks() bool { return slices.Contains(overseers, r.Role) }

// sees reports whether the reader may see envelopes of class c.
func (r Reader) sees(c event.Class) bool { return c != event.ClassPayload || r.seesPayload() }

// admit is the beginning of everything that a reader does: it checks the role,
// and that there is a reason where one is asked for. The reader that it returns
// is the one to go on with.
func (r *Room) admit(who Reader, a Action) (Reader, error) {
	if err := who.May(a); err != nil {
		return who, err
	}
	if who.Stale && slices.Contains(confirmed, a) {
		return who, fmt.Errorf("%w for %s", ErrConfirm, a)
	}
	if strings.TrimSpace(who.Reason) != "" {
		return who, nil
	}
	if slices.Contains(r.cfg.RequireReason, a) {
		return who, fmt.Errorf("%w for %s here", ErrReason, a)
	}
	who.masked = slices.Contains(r.cfg.RequireReason, ActPayload)
	return who, nil
}

// Admit returns nil if the reader may do a, and gave a reason if one is asked
// for. It is for what is not done in this package.
func (r *Room) Admit(who Reader, a Action) error {
	_, err := r.admit(who, a)
	return err
}
