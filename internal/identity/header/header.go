// Package header takes identities from request headers that a proxy in front
// sets, such as X-Forwarded-User.
//
// It believes only peers on a list of networks: the peer is the other end of
// the socket, never an address out of a header. What anyone else writes into
// such a header is kept as a claim. The proxy must remove the headers from
// what it receives; a header that comes twice means that it does not, and is
// not believed either. What is believed is level 2: asserted, not proven.
package header

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// Config names the headers and who may set them.
type Config struct {
	Key     redact.Key     // the installation's key
	Trusted []netip.Prefix // networks of the proxies; at least one
	User    string         // the header with the user's id, the subject; never empty
	Name    string         // the header with the name for people; empty: none
	Email   string         // the header with the e-mail address; empty: none
	Groups  string         // the header with groups, separated by commas; empty: none
	Tenant  string         // the header that says which customer's user it is; empty: none
	Issuer  string         // who vouches, as it is to be recorded; empty means "trusted-header"
}

// Resolver identifies by header. Use [New].
type Resolver struct{ cfg Config }

var _ identity.Resolver = (*Resolver)(nil)

// New checks cfg and returns a resolver. All that is wrong is reported at once.
func New(cfg Config) (*Resolver, error) {
	var errs []error
	if len(cfg.Key) < redact.MinKey {
		errs = append(errs, fmt.Errorf("header: the installation's key has %d bytes, want at least %d", len(cfg.Key), redact.MinKey))
	}
	if len(cfg.Trusted) == 0 {
		errs = append(errs, errors.New("header: trusted: is empty: name the networks of the proxies that set the header, like 10.0.0.0/8"))
	}
	for i, p := range cfg.Trusted {
		if !p.IsValid() {
			errs = append(errs, fmt.Errorf("header: trusted[%d]: is not a network: want something like 10.0.0.0/8", i))
		}
	}
	if cfg.User == "" {
		errs = append(errs, errors.New("header: user: is empty: name the header with the user's id, like X-Forwarded-User"))
	}
	for _, name := range []*string{&cfg.User, &cfg.Name, &cfg.Email, &cfg.Groups, &cfg.Tenant} {
		*name = http.CanonicalHeaderKey(*name)
	}
	cfg.Issuer = cmp.Or(cfg.Issuer, "trusted-header")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Resolver{cfg}, nil
}

// Sources implements [identity.Resolver].
func (r *Resolver) Sources() identity.Sources {
	var s identity.Sources
	for _, name := range []string{r.cfg.User, r.cfg.Name, r.cfg.Email, r.cfg.Groups, r.cfg.Tenant} {
		if name != "" {
			s.Headers = append(s.Headers, name)
		}
	}
	return s
}

// Resolve implements [identity.Resolver].
func (r *Resolver) Resolve(_ context.Context, ev *capture.Evidence) *capture.Identity {
	users := ev.Headers[r.cfg.User]
	if len(users) == 0 || len(users) == 1 && users[0] == "" {
		return nil
	}
	claimed := strings.Join(users, ", ")
	switch {
	case !r.trusts(ev.Peer.Addr()):
		return identity.Refused(identity.MethodHeader, identity.UntrustedPeer, claimed)
	case len(users) > 1:
		return identity.Refused(identity.MethodHeader, identity.AmbiguousCredential, claimed)
	case !plain(users[0]):
		return identity.Refused(identity.MethodHeader, identity.MalformedCredential, claimed)
	}
	user := users[0]
	id := &capture.Identity{
		Principal: event.Principal{
			Kind:   event.User,
			ID:     identity.Pseudonym(r.cfg.Key, r.cfg.Issuer, user),
			Issuer: r.cfg.Issuer,
			Level:  event.LevelAsserted,
			Reason: identity.PeerTrusted,
		},
		Credential: event.Credential{Method: identity.MethodHeader},
		Subject:    user,
		Name:       one(ev, r.cfg.Name),
		Email:      one(ev, r.cfg.Email),
		Tenant:     one(ev, r.cfg.Tenant),
	}
	for _, value := range ev.Headers[r.cfg.Groups] {
		for group := range strings.SplitSeq(value, ",") {
			if group = strings.TrimSpace(group); group != "" && plain(group) {
				id.Groups = append(id.Groups, group)
			}
		}
	}
	return id
}

// trusts reports whether addr is in one of the networks. The list is short:
// it names proxies.
func (r *Resolver) trusts(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range r.cfg.Trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// one returns the value of a header that came exactly once.
func one(ev *capture.Evidence, name string) string {
	if v := ev.Headers[name]; name != "" && len(v) == 1 && plain(v[0]) {
		return v[0]
	}
	return ""
}

// maxValue is the limit of a name in a header, in bytes.
const maxValue = 1024

// plain reports whether s can be a name: printable text of a sensible length.
func plain(s string) bool {
	return len(s) <= maxValue && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
