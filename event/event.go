package event

import "time"

// Version is the version of the encoding that this package writes.
const Version = 3

// MaxHeader is the limit of an encoded header in bytes: the entry limit of
// C2SP tlog-tiles.
const MaxHeader = 65535

// Event is one fact: a header and the envelopes that it commits to. A nil
// envelope means that the event has none of that class, or, for an event that
// was read back, that it was not asked for, may not be seen, or was erased
// (compare with Commit).
type Event struct {
	Header
	Who     *Who
	What    *What
	Payload *Payload
}

// Kind says what an event is about.
type Kind string

// The kinds of event.
const (
	Access   Kind = "access"   // a call
	Gap      Kind = "gap"      // calls that were served but not recorded
	Look     Kind = "look"     // a person or a tool read the record
	Decision Kind = "decision" // an alert, a block, an approval, a change of keys
	System   Kind = "system"   // start, stop, clock, configuration
)

// Header is the part of an event that is sealed in the ledger and never
// erased. It holds no name, address, path, value or body: what is personal is
// in the envelopes. See docs/fields.md for the meaning of each field, and
// docs/FORMAT.md for the encoding.
type Header struct {
	Version   int       `json:"v"`         // of the encoding; [Version] when written by this package
	ID        ID        `json:"id"`        // chosen where the call was seen; never zero
	Kind      Kind      `json:"kind"`      // never empty
	Arrived   time.Time `json:"arrived"`   // when the first byte of the request was read; UTC, nanoseconds, never zero
	Completed time.Time `json:"completed"` // when the last byte of the answer was handed on; zero: it did not complete
	Ended     time.Time `json:"ended"`     // since 2: when a call was over that did not complete; zero: it completed, or that is not known
	Upstream  Upstream  `json:"upstream"`  // how long the API behind the gateway took; zero: it was not asked
	Edge      string    `json:"edge"`      // which capturing process saw it
	Sequence  uint64    `json:"seq"`       // the edge's own gap-free count, from 1; 0: the edge does not count
	Capture   Capture   `json:"capture"`   // how it was captured

	Principal  Principal  `json:"principal"`  // who, by pseudonym
	Credential Credential `json:"credential"` // the evidence for who
	Operation  Operation  `json:"operation"`  // what was done, in the API's own terms
	Trace      Trace      `json:"trace"`      // since 3: the distributed trace that the call says it is part of; zero: it says none
	Objects    []string   `json:"objects"`    // the types of the objects touched, sorted, each once; ids are in the what envelope
	Counts     []uint64   `json:"counts"`     // since 2: how many distinct objects of each of these types, in their order; empty: one of each
	Outcome    Outcome    `json:"outcome"`    // how it ended
	Request    Body       `json:"request"`    // what came in
	Response   Body       `json:"response"`   // what went out
	Records    uint64     `json:"records"`    // records returned, where the answer is a list that was recognised
	Data       []Data     `json:"data"`       // classes of sensitive data in the answer, sorted by class
	Received   []Data     `json:"received"`   // since 2: classes of sensitive data in the request, sorted by class
	Partial    bool       `json:"partial"`    // since 2: not all that passed was looked at, so that Counts, Records, Data and Received may be too low

	// Kind Gap only.
	Lost *Lost `json:"lost"` // what was not recorded
	// Kinds Look, Decision and System only.
	Note *Note `json:"note"` // what happened

	Commit Commit `json:"commit"` // salted commitments to the envelopes
}

// End returns when the call was over, complete or not; zero: that is not known.
func (h *Header) End() time.Time {
	if h.Completed.IsZero() {
		return h.Ended
	}
	return h.Completed
}

// Duration returns how long the call took, complete or not; 0: that is not
// known.
func (h *Header) Duration() time.Duration {
	end := h.End()
	if end.IsZero() {
		return 0
	}
	return end.Sub(h.Arrived)
}

// Upstream is the time that the API behind the gateway took.
type Upstream struct {
	Sent  time.Duration `json:"sent"`  // from arrival until the request's header was sent on
	First time.Duration `json:"first"` // from arrival until the answer's header came; 0: none came
}

// Capture says how an event came to be, and so how far its facts can be
// trusted.
type Capture struct {
	Method     string `json:"method"`     // "gateway", "middleware", "import", "self"
	Source     string `json:"source"`     // the listener, or the format and source of an import
	Route      string `json:"route"`      // the configured route that served it; empty: none matched
	Durability string `json:"durability"` // "recorded": the answer waited for this record; "served": it did not; empty: does not apply
}

// PrincipalKind says what a principal is.
type PrincipalKind string

// The kinds of principal. Unknown is one whose credential could not be
// checked; Anonymous showed none.
const (
	User      PrincipalKind = "user"
	Service   PrincipalKind = "service"
	Machine   PrincipalKind = "machine"
	Anonymous PrincipalKind = "anonymous"
	Unknown   PrincipalKind = "unknown"
)

// Level is how far a principal is proven.
type Level int

// The levels. A claim (below LevelAsserted) is never an identity.
const (
	LevelNone     Level = 0 // no evidence
	LevelClaimed  Level = 1 // a header or a token that nobody verified
	LevelAsserted Level = 2 // asserted over a trusted hop
	LevelVerified Level = 3 // bearer evidence verified: signature, introspection, key match
	LevelBound    Level = 4 // bound to the sender: mTLS, DPoP, RFC 9421, SPIFFE
)

// Principal is who made a call.
type Principal struct {
	Kind   PrincipalKind `json:"kind"`   // empty only where no principal applies (system events)
	ID     string        `json:"id"`     // stable pseudonym, "p_" and 32 hex digits; empty: nobody is known. The name behind it is in the who envelope
	Issuer string        `json:"issuer"` // who vouches for the principal: an OIDC issuer, "mtls:" and the CA's name, "gatebook" for API keys
	Level  Level         `json:"level"`  // how far it is proven
	Reason string        `json:"reason"` // why the level is what it is, as a short stable code: "signature-verified", "token-expired", "issuer-unavailable"
}

// Credential is the evidence that a call brought.
type Credential struct {
	Method      string     `json:"method"`      // "jwt", "mtls", "api-key", "basic", "trusted-header", "bearer", "session", "none"
	KeyID       string     `json:"key_id"`      // the issuer's key (kid) or the API key's public id
	Fingerprint string     `json:"fingerprint"` // keyed hash of the secret, or "sha256:" and the hash of the certificate; never the secret
	Algorithm   string     `json:"algorithm"`   // of the signature
	Client      string     `json:"client"`      // the OAuth client (app) that presented it
	Scopes      []string   `json:"scopes"`      // granted to it, sorted
	Expires     time.Time  `json:"expires"`     // when it ends; zero: not known
	Delegation  []Delegate `json:"delegation"`  // RFC 8693 actors, the one nearest to the call first
}

// Delegate is one actor in a chain of delegation.
type Delegate struct {
	ID     string `json:"id"`     // pseudonym, as in Principal
	Issuer string `json:"issuer"` // who vouches for it
}

// Operation is what was done.
type Operation struct {
	Protocol string `json:"protocol"` // "http/1.1", "h2", "grpc", "websocket", "sse"
	Method   string `json:"method"`   // as sent: "GET"
	Host     string `json:"host"`     // the API's host as asked for, lower case, no port; empty if it is none of the configured ones
	Route    string `json:"route"`    // template: "/customers/{id}"; empty: not known
	Name     string `json:"name"`     // in the API's own terms: an operationId, a gRPC method, a GraphQL operation, an MCP tool

	// Since version 2.

	Basis    Basis    `json:"basis"`    // how Route or Name is known; empty: neither is
	Type     string   `json:"type"`     // kind of operation in its protocol: "query", "mutation", "subscription", "tools/call", "chat"; empty: it has only one
	Action   Action   `json:"action"`   // what it does to its objects; empty: not known
	Parts    []string `json:"parts"`    // named operations inside the call, sorted, each once: root fields, methods of a batch, tools that a model called
	Count    uint64   `json:"count"`    // operations in a batch; 0: it is none
	Depth    uint64   `json:"depth"`    // nesting of what was asked for; 0: does not apply
	Cost     uint64   `json:"cost"`     // fields or rows that were asked for, by the protocol's own estimate; 0: does not apply
	Model    string   `json:"model"`    // of a language model's answer
	Tokens   Tokens   `json:"tokens"`   // that a language model counted
	Session  string   `json:"session"`  // ties the calls of one session together; keyed hash, never the session's id
	Requires Requires `json:"requires"` // what a caller needs, as the API's document says; empty: it says nothing, or there is none
	Scopes   []string `json:"scopes"`   // the scopes needed, sorted, each once; of several sets that would do, the one nearest to what the credential has
}

// Tokens are counts of a language model.
type Tokens struct {
	In  uint64 `json:"in"`  // of the prompt
	Out uint64 `json:"out"` // of the answer
}

// Basis says how an operation's name is known. The list is open.
type Basis string

// The bases.
const (
	BasisDocument Basis = "document" // from a description of the API
	BasisLearned  Basis = "learned"  // from traffic, by the rule in docs/operations.md
	BasisPerson   Basis = "person"   // pinned, merged or renamed by a person
	BasisProtocol Basis = "protocol" // the call itself says so: gRPC, GraphQL, JSON-RPC
	BasisRouter   Basis = "router"   // the router of the program that the middleware is in
)

// Action is a class of what operations do. The list is open.
type Action string

// The actions.
const (
	ActionRead         Action = "read"
	ActionCreate       Action = "create"
	ActionUpdate       Action = "update"
	ActionDelete       Action = "delete"
	ActionExport       Action = "export"       // reads in bulk, to take away
	ActionAdminister   Action = "administer"   // changes settings of the API itself
	ActionGrant        Action = "grant"        // changes what somebody may do
	ActionAuthenticate Action = "authenticate" // gets, renews or ends a credential
)

// Requires says what an operation asks of its callers. The list is open.
type Requires string

// The requirements.
const (
	RequiresNothing    Requires = "nothing"    // anybody may call it
	RequiresCredential Requires = "credential" // any valid credential will do
	RequiresScopes     Requires = "scopes"     // those of Operation.Scopes
)

// Trace is the place of a call in a distributed trace, as the call itself says
// (W3C Trace Context, B3). Any caller can send any id, so it finds calls that
// may belong together, and proves nothing.
type Trace struct {
	ID     string `json:"id"`     // 32 lower-case hex digits, not all 0; empty: the call names no trace
	Parent string `json:"parent"` // the span of the caller that made the call: 16 lower-case hex digits, not all 0; empty: not known, or there is no ID
}

// IsTraceID reports whether s can be [Trace.ID].
func IsTraceID(s string) bool { return len(s) == 32 && isID(s) }

// IsSpanID reports whether s can be [Trace.Parent].
func IsSpanID(s string) bool { return len(s) == 16 && isID(s) }

// isID reports whether s is lower-case hex digits, of which one is not 0.
func isID(s string) bool {
	some := false
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		some = some || c != '0'
	}
	return some
}

// Outcome is how a call ended.
type Outcome struct {
	Status    int    `json:"status"`     // HTTP status sent; 0: none was sent
	RPCStatus string `json:"rpc_status"` // status in the protocol's own terms: gRPC code by name, JSON-RPC error code, "error" for GraphQL answers with errors; empty: none was sent
	Decision  string `json:"decision"`   // "allowed", "denied": what Gatebook decided; empty: it decided nothing
	Reason    string `json:"reason"`     // why it was denied, or would have been, as a short stable code
	Measure   string `json:"measure"`    // since 2: id of the measure by which it was denied, or would have been
	Error     string `json:"error"`      // what went wrong, as a short stable code: "client-aborted", "upstream-refused"
}

// Body sums up one direction of an exchange. The content is in the payload
// envelope.
type Body struct {
	Bytes     uint64 `json:"bytes"`     // of the body as it passed, before any decoding
	Type      string `json:"type"`      // media type without parameters
	Truncated bool   `json:"truncated"` // the payload envelope holds less than what passed
	Messages  uint64 `json:"messages"`  // since 2: messages in a stream of them: WebSocket, gRPC, server-sent events; 0: it is none, or they were not counted
}

// Data counts one class of sensitive data.
type Data struct {
	Class string `json:"class"` // "email", "card", "iban"
	Count uint64 `json:"count"` // occurrences, at least 1
}

// Lost is what a gap event stands for.
type Lost struct {
	Count  uint64    `json:"count"`  // calls
	Reason string    `json:"reason"` // short stable code: "queue-full", "disk-full"
	From   time.Time `json:"from"`   // arrival of the first
	To     time.Time `json:"to"`     // arrival of the last
}

// Note is what a look, decision or system event says.
type Note struct {
	Name  string `json:"name"`  // what was done: "search", "view", "export", "start", "clock", "key-added"
	Facts []Fact `json:"facts"` // sorted by name, each name once
}

// Fact is one named value of a note. It is never personal and never secret.
type Fact struct{ Name, Value string }

// Commit holds a commitment for each envelope of the event; see [Commitment].
// A zero Hash means that the event has no such envelope.
type Commit struct{ Who, What, Payload Hash }

// Of returns the commitment of class c.
func (c Commit) Of(class Class) Hash { return [...]Hash{c.Who, c.What, c.Payload}[class] }

// Who is the envelope of names and places.
type Who struct {
	Subject   string   `json:"subject"`    // as the issuer names it
	Name      string   `json:"name"`       // for people
	Email     string   `json:"email"`      // as the issuer states it
	Groups    []string `json:"groups"`     // roles and groups, as the issuer states them, in its order
	Tenant    string   `json:"tenant"`     // since 2: the customer whose user or app the caller is, as the issuer states it; empty: it states none, or none is asked for
	Claimed   string   `json:"claimed"`    // an identity that was claimed and not verified
	Address   string   `json:"address"`    // the client's address, by way of trusted proxies only
	Peer      string   `json:"peer"`       // the address and port at the other end of the socket
	Forwarded []string `json:"forwarded"`  // what forwarding headers claimed, as sent
	UserAgent string   `json:"user_agent"` // as sent
	TLS       TLS      `json:"tls"`        // of the connection
	Chain     []string `json:"chain"`      // the subjects of the delegation, in the order of Credential.Delegation
}

// TLS describes the client's connection. The zero value means cleartext.
type TLS struct {
	Version     string `json:"version"`     // "1.3"
	Cipher      string `json:"cipher"`      // IANA name
	ServerName  string `json:"server_name"` // SNI
	Protocol    string `json:"protocol"`    // ALPN
	Subject     string `json:"subject"`     // of the client's certificate
	Certificate string `json:"certificate"` // "sha256:" and the hash of the client's certificate
	JA4         string `json:"ja4"`         // since 2: the kind of program that called, by its ClientHello; empty: it was not seen
}

// What is the envelope of the things touched.
type What struct {
	Path    string   `json:"path"`    // as sent, redacted
	Query   string   `json:"query"`   // as sent, redacted; for look events the query that was asked
	Objects []Object `json:"objects"` // in the order found, each once, up to a limit; those of the request come first
	Asked   uint64   `json:"asked"`   // since 2: how many of Objects the request named; the others came in the answer

	// Since 2: the names of the properties in the request's body, as paths with
	// points, sorted, each once, up to a limit; never their values. A name that
	// looks like a value is "*".
	Properties []string `json:"properties"`
	// Since 2: where the request's body points to, without paths: domains of
	// addresses and of mail, buckets; sorted, each once, up to a limit.
	Targets []string `json:"targets"`
}

// Object is one thing touched.
type Object struct{ Type, ID string }

// Payload is the envelope of headers and bodies, after redaction.
type Payload struct {
	Request  Message `json:"request"`
	Response Message `json:"response"`
	Original string  `json:"original"` // for imports: the original record
}

// Message is one direction of an exchange.
type Message struct {
	Headers  []HeaderLine `json:"headers"`  // in the order sent where that is known, else sorted
	Body     string       `json:"body"`     // redacted, up to the capture limit
	Encoding string       `json:"encoding"` // of Body: empty for UTF-8 text, "base64"
	Rendered string       `json:"rendered"` // since 2: what Body was made from, where it is not the body as sent: "protobuf", "sse"; empty: it is
	SHA256   string       `json:"sha256"`   // hex, of the whole body as it passed, before redaction; empty: no body
	Trailers []HeaderLine `json:"trailers"` // gRPC's status is here
}

// HeaderLine is one header field.
type HeaderLine struct{ Name, Value string }
