package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Limits bound what a catalog holds. Zero values mean the stated defaults.
type Limits struct {
	Operations  int // 20,000
	Apps        int // 5,000
	Callers     int // 100,000
	Credentials int // 100,000
}

// maxWithin bounds each list inside an entry: the apps of an operation, the
// operations of a caller.
const maxWithin = 512

// Catalog is the inventory. It is safe for concurrent use; events are added by
// one goroutine.
type Catalog struct {
	limits Limits

	mu    sync.RWMutex // guards what follows
	next  uint64       // number of the next event
	first time.Time    // arrival of the first call
	last  time.Time    // of the newest
	calls uint64

	operations  map[string]*Operation
	apps        map[string]*App
	callers     map[string]*Caller
	credentials map[string]*Credential
	dropped     Dropped
}

// Dropped counts the entries that were let go to keep within the limits.
type Dropped struct {
	Operations  uint64 `json:"operations,omitempty"`
	Apps        uint64 `json:"apps,omitempty"`
	Callers     uint64 `json:"callers,omitempty"`
	Credentials uint64 `json:"credentials,omitempty"`
}

// New returns an empty catalog.
func New(l Limits) *Catalog {
	l.Operations = cmp.Or(l.Operations, 20_000)
	l.Apps = cmp.Or(l.Apps, 5_000)
	l.Callers = cmp.Or(l.Callers, 100_000)
	l.Credentials = cmp.Or(l.Credentials, 100_000)
	c := &Catalog{limits: l}
	c.clear()
	return c
}

func (c *Catalog) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
}

func (c *Catalog) clear() {
	c.next, c.calls, c.first, c.last, c.dropped = 0, 0, time.Time{}, time.Time{}, Dropped{}
	c.operations, c.apps = make(map[string]*Operation), make(map[string]*App)
	c.callers, c.credentials = make(map[string]*Caller), make(map[string]*Credential)
}

// Seen says when something was seen first and last, and how often.
type Seen struct {
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
	Count uint64    `json:"count"` // calls
}

func (s *Seen) at(t time.Time) {
	if s.Count == 0 || t.Before(s.First) {
		s.First = t
	}
	if t.After(s.Last) {
		s.Last = t
	}
	s.Count++
}

// Tally is what was seen of a class of data.
type Tally struct {
	Seen
	Values uint64 `json:"values"` // occurrences
}

// Operation is one operation of an API.
type Operation struct {
	ID       string         `json:"id"`  // what names it in the API and on the command line: see [OperationID]
	API      string         `json:"api"` // the configured route, or the source of what was imported
	Protocol string         `json:"protocol"`
	Method   string         `json:"method,omitempty"`
	Route    string         `json:"route,omitempty"` // template; empty: not known
	Name     string         `json:"name,omitempty"`
	Type     string         `json:"type,omitempty"`
	Version  string         `json:"version,omitempty"` // of the API, as the template says: "v2"
	Basis    event.Basis    `json:"basis,omitempty"`   // how it is known, by the newest call
	Action   event.Action   `json:"action,omitempty"`
	Requires event.Requires `json:"requires,omitempty"`
	Scopes   []string       `json:"scopes,omitempty"` // needed, by the newest call
	Seen

	Hosts    map[string]Seen  `json:"hosts,omitempty"`
	Statuses map[string]Seen  `json:"statuses,omitempty"` // "200"; "0": no answer was sent
	Kinds    map[string]Seen  `json:"kinds,omitempty"`    // of the callers
	Levels   map[string]Seen  `json:"levels,omitempty"`   // to which they were verified
	Apps     map[string]Seen  `json:"apps,omitempty"`
	Data     map[string]Tally `json:"data,omitempty"`     // classes in answers
	Received map[string]Tally `json:"received,omitempty"` // classes in requests
	Objects  map[string]Seen  `json:"objects,omitempty"`  // types
	Types    map[string]Seen  `json:"types,omitempty"`    // media types of answers
	Callers  Distinct         `json:"callers"`

	Success Seen   `json:"success"` // calls that were answered with success, also in the protocol's own terms
	Open    Seen   `json:"open"`    // calls that were answered with success to nobody known, or to a claim that nobody verified
	Records uint64 `json:"records"`
	In      uint64 `json:"in"`     // bytes of requests
	Out     uint64 `json:"out"`    // bytes of answers
	Sample  uint64 `json:"sample"` // number of the newest event that was answered with success
	Sampled bool   `json:"sampled,omitempty"`
}

// App is an OAuth client or another program that presents credentials of
// others or its own.
type App struct {
	ID string `json:"id"` // the OAuth client
	Seen
	Issuers    map[string]Seen  `json:"issuers,omitempty"`
	Operations map[string]Seen  `json:"operations,omitempty"`
	Data       map[string]Tally `json:"data,omitempty"`
	Objects    map[string]Seen  `json:"objects,omitempty"`
	Callers    Distinct         `json:"callers"` // for how many principals it acts
	Records    uint64           `json:"records"`
	Out        uint64           `json:"out"`
	Scopes     ScopeUse         `json:"scopes"`
}

// Caller is a principal.
type Caller struct {
	ID     string              `json:"id"` // pseudonym
	Kind   event.PrincipalKind `json:"kind"`
	Issuer string              `json:"issuer,omitempty"`
	Level  event.Level         `json:"level"` // the highest that was reached
	Seen
	Operations map[string]Seen  `json:"operations,omitempty"`
	Apps       map[string]Seen  `json:"apps,omitempty"`
	Data       map[string]Tally `json:"data,omitempty"`
	Objects    map[string]Seen  `json:"objects,omitempty"`
	Records    uint64           `json:"records"`
	Out        uint64           `json:"out"`
}

// Credential is what calls are made with. Tokens that are renewed are one
// credential: that of a principal with an app. See [CredentialID].
type Credential struct {
	ID          string      `json:"id"`
	Method      string      `json:"method"`
	KeyID       string      `json:"key_id,omitempty"` // of an API key
	Client      string      `json:"client,omitempty"`
	Principal   string      `json:"principal,omitempty"`   // pseudonym
	Level       event.Level `json:"level"`                 // the highest to which a call with it was verified
	Fingerprint string      `json:"fingerprint,omitempty"` // of the newest
	Expires     time.Time   `json:"expires,omitzero"`      // of the newest
	Seen
	Operations map[string]Seen `json:"operations,omitempty"`
	Scopes     ScopeUse        `json:"scopes"`
}

// ScopeUse compares what was granted with what was needed.
type ScopeUse struct {
	Granted map[string]Seen `json:"granted,omitempty"` // scopes that the credential carried
	Needed  map[string]Seen `json:"needed,omitempty"`  // of these, scopes that an operation needed which was called with it
	Judged  uint64          `json:"judged"`            // calls of operations of which it is known what they need
	Calls   uint64          `json:"calls"`             // all calls
}

// identityScopes ask an issuer for facts about the user, or for a longer grant
// (OpenID Connect Core, sections 5.4 and 11). No API needs them, so that none
// does says nothing.
var identityScopes = []string{"openid", "profile", "email", "address", "phone", "offline_access"}

// Unused returns the scopes that were granted and that no call needed, sorted,
// but for those that are for the issuer. It is empty while no call could be
// judged.
func (u *ScopeUse) Unused() []string {
	var list []string
	if u.Judged == 0 {
		return nil
	}
	for scope := range u.Granted {
		if _, needed := u.Needed[scope]; !needed && !slices.Contains(identityScopes, scope) {
			list = append(list, scope)
		}
	}
	slices.Sort(list)
	return list
}

// OperationID names the operation of a call: "GET /customers/{id}" for a route
// template, "grpc shop.v1.Customers/List" where the protocol has a name of its
// own, "GET (unknown)" where neither is known. It is unique within an API.
func OperationID(h *event.Header) string {
	op := &h.Operation
	if op.Basis == event.BasisProtocol && op.Name != "" {
		if op.Type != "" && (op.Protocol == "graphql" || op.Protocol == "mcp") {
			return op.Protocol + " " + op.Type + " " + op.Name
		}
		return op.Protocol + " " + op.Name
	}
	if op.Route != "" {
		return op.Method + " " + op.Route
	}
	if op.Name != "" {
		return op.Protocol + " " + op.Name
	}
	return op.Method + " (unknown)"
}

// CredentialID names the credential of a call: for an API key and a client
// certificate by its own id, else by method, client and principal, since tokens
// come and go. Empty: the call had none.
func CredentialID(h *event.Header) string {
	c := &h.Credential
	switch c.Method {
	case "", "none":
		return ""
	case "api-key":
		return "api-key " + cmp.Or(c.KeyID, c.Fingerprint)
	case "mtls":
		return "mtls " + c.Fingerprint
	}
	if h.Principal.ID == "" {
		return c.Method + " " + c.Fingerprint
	}
	if c.Client != "" {
		return c.Method + " " + c.Client + " " + h.Principal.ID
	}
	return c.Method + " " + h.Principal.ID
}

// shape returns a template without the names of its parameters: a template that
// was learned before the description was read has other names.
func shape(route string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(route, "{")
		_, after, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return b.String() + route
		}
		b.WriteString(before)
		b.WriteString("{}")
		route = after
	}
}

// unversioned returns the shape of a template without its version, and the
// version as a number; 0: it has none.
func unversioned(route string) (rest string, v float64) {
	name := version(route)
	if name == "" {
		return "", 0
	}
	v, _ = strconv.ParseFloat(name[1:], 64) // version has parsed it
	segments := strings.Split(shape(route), "/")
	i := slices.IndexFunc(segments, func(s string) bool { return strings.EqualFold(s, name) })
	segments[i] = "v"
	return strings.Join(segments, "/"), v
}

// version returns the version that a template begins with, after /api or not.
func version(route string) string {
	for _, segment := range strings.SplitN(strings.Trim(route, "/"), "/", 4) {
		if len(segment) > 1 && segment[0]|0x20 == 'v' {
			if _, err := strconv.ParseFloat(segment[1:], 64); err == nil {
				return strings.ToLower(segment)
			}
		}
	}
	return ""
}
