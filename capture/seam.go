package capture

import (
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Sink takes finished events. [github.com/gatebook/gatebook/internal/record]
// has the one that seals them. It is safe for concurrent use.
type Sink interface {
	// Put hands e over and returns at once. If the sink cannot keep up it
	// counts e as lost, and seals that loss as a gap event later. The caller
	// must not touch e again.
	Put(e *event.Event)

	// Append returns when e is durable, with its number in the ledger, or
	// with an error that says why it will not be recorded. If ctx ends first,
	// e may or may not become durable. The caller must not touch e again.
	Append(ctx context.Context, e *event.Event) (Receipt, error)
}

// Receipt is what a sink answers once an event is durable.
type Receipt struct {
	Number     uint64 // the event's number in the ledger, from 0
	Checkpoint []byte // a signed checkpoint of the ledger that holds the event
}

// Evidence is everything in a call from which an identity can follow. It is
// all that an identifier sees: never the request itself.
type Evidence struct {
	Authorization []string            // values of the Authorization header, as sent
	Keys          []string            // values of the API key headers and query parameters that are configured
	Headers       map[string][]string // the header fields named in the identifier's Headers, canonical names
	DPoP          []string            // values of the DPoP header
	Method, URL   string              // what DPoP proofs are bound to: method, and URL without query and fragment
	Certificates  []*x509.Certificate // the client's verified chain, leaf first; nil: none, or not verified
	Unverified    *x509.Certificate   // the client's certificate if it was not verified against a CA
	Peer          netip.AddrPort      // the other end of the socket
}

// Identity is what the evidence came to. The zero value is not valid: a call
// without evidence has Principal.Kind anonymous and Credential.Method "none".
type Identity struct {
	Principal  event.Principal
	Credential event.Credential
	Subject    string    // for the who envelope, as are those below
	Name       string    //
	Email      string    //
	Groups     []string  //
	Tenant     string    //
	Claimed    string    //
	Chain      []string  //
	Issued     time.Time // when the credential was issued; zero: not known
	Proven     time.Time // when its holder last proved who they are (auth_time); zero: not known
	Secrets    []string  // exact values of the credentials, to be redacted wherever they occur; never stored
}

// Identifier turns evidence into an identity. It never fails and never waits
// long: if something that it needs does not answer, the identity says so in
// its reason. It is safe for concurrent use.
type Identifier interface {
	Identify(ctx context.Context, ev *Evidence) Identity
	// KeySources names the header fields and query parameters whose values go
	// to Evidence.Keys, and the header fields that go to Evidence.Headers.
	// Header names are canonical.
	KeySources() (keyHeaders, keyQuery, headers []string)
}
