package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Subject says whose calls are meant: those that have all that is set. The zero
// Subject means no call.
type Subject struct {
	Credential string       // the fingerprint of the credential, as in event.Credential
	Key        string       // the public id of an API key
	Principal  string       // the pseudonym, as in event.Principal
	App        string       // the OAuth client
	Address    netip.Prefix // of the client
	Route      string       // the name of a configured route
	Operation  string       // "GET /customers/{id}", or a template alone for any method
}

// The names of the parts of a subject, in the order in which they are written.
const (
	PartCredential = "credential"
	PartKey        = "key"
	PartPrincipal  = "principal"
	PartApp        = "app"
	PartAddress    = "address"
	PartRoute      = "route"
	PartOperation  = "operation"
)

// Parts lists the names of the parts.
var Parts = []string{PartCredential, PartKey, PartPrincipal, PartApp, PartAddress, PartRoute, PartOperation}

// maxPart bounds a part in bytes.
const maxPart = 512

// ErrSubject is the error of a text that is no subject. The error that wraps it
// says what is wrong with it.
var ErrSubject = errors.New("that is no subject")

// ParseSubject reads a subject as String writes it: parts like
// "principal:p_0b6c…" or "address:203.0.113.0/24", separated by " and ". An
// address without length is one address. The parts may come in any order, each
// once.
func ParseSubject(text string) (Subject, error) {
	var s Subject
	for part := range strings.SplitSeq(text, " and ") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), ":")
		if value = strings.TrimSpace(value); !ok || value == "" {
			return Subject{}, fmt.Errorf("%w: %q: want a part like principal:p_0b6c… or address:203.0.113.7; the parts are %s", ErrSubject, clip(part), strings.Join(Parts, ", "))
		}
		if err := s.set(name, value); err != nil {
			return Subject{}, err
		}
	}
	return s, nil
}

func (s *Subject) set(name, value string) error {
	to := map[string]*string{
		PartCredential: &s.Credential, PartKey: &s.Key, PartPrincipal: &s.Principal, PartApp: &s.App, PartRoute: &s.Route, PartOperation: &s.Operation,
	}[name]
	switch {
	case len(value) > maxPart || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%w: the part %q is too long, or has control characters", ErrSubject, clip(name))
	case to != nil && *to != "", name == PartAddress && s.Address.IsValid():
		return fmt.Errorf("%w: it has the part %q twice", ErrSubject, name)
	case to != nil:
		*to = value
		return nil
	case name == PartAddress:
		p, err := ParsePrefix(value)
		s.Address = p
		return err
	}
	return fmt.Errorf("%w: there is no part %q: the parts are %s", ErrSubject, clip(name), strings.Join(Parts, ", "))
}

// ParsePrefix reads an address, which is a range of one, or a range.
func ParsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.WithZone("").Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%w: %q is neither an address nor a range like 203.0.113.0/24", ErrSubject, clip(text))
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%w: write the range %q as one of IPv4", ErrSubject, clip(text))
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	return p.Masked(), nil
}

func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}

// Part is one part of a subject.
type Part struct{ Name, Value string }

// Parts returns what is set, in the order of [Parts].
func (s Subject) Parts() []Part {
	var list []Part
	add := func(name, value string) {
		if value != "" {
			list = append(list, Part{name, value})
		}
	}
	add(PartCredential, s.Credential)
	add(PartKey, s.Key)
	add(PartPrincipal, s.Principal)
	add(PartApp, s.App)
	if s.Address.IsValid() {
		if s.Address.IsSingleIP() {
			add(PartAddress, s.Address.Addr().String())
		} else {
			add(PartAddress, s.Address.String())
		}
	}
	add(PartRoute, s.Route)
	add(PartOperation, s.Operation)
	return list
}

// Has reports whether the part called name is set.
func (s Subject) Has(name string) bool {
	return slices.ContainsFunc(s.Parts(), func(p Part) bool { return p.Name == name })
}

// IsZero reports whether nothing is set.
func (s Subject) IsZero() bool { return s == Subject{} }

// String returns the subject as [ParseSubject] reads it.
func (s Subject) String() string {
	var b strings.Builder
	for i, p := range s.Parts() {
		if i > 0 {
			b.WriteString(" and ")
		}
		b.WriteString(p.Name + ":" + p.Value)
	}
	return b.String()
}

// Within reports whether every call that s means is one that wider means.
func (s Subject) Within(wider Subject) bool {
	if wider.IsZero() {
		return false
	}
	same := func(have, want string) bool { return want == "" || have == want }
	return same(s.Credential, wider.Credential) && same(s.Key, wider.Key) && same(s.Principal, wider.Principal) && same(s.App, wider.App) &&
		same(s.Route, wider.Route) && operationWithin(s.Operation, wider.Operation) &&
		(!wider.Address.IsValid() || s.Address.IsValid() && wider.Address.Bits() <= s.Address.Bits() && wider.Address.Contains(s.Address.Addr()))
}

func operationWithin(have, want string) bool {
	if want == "" || have == want {
		return true
	}
	_, template, ok := strings.Cut(have, " ")
	return ok && template == want
}

// means reports whether s means the call.
func (s *Subject) means(c *Call) bool {
	return (s.Credential == "" || s.Credential == c.Credential) &&
		(s.Key == "" || s.Key == c.Key) &&
		(s.Principal == "" || s.Principal == c.Principal) &&
		(s.App == "" || s.App == c.App) &&
		(s.Route == "" || s.Route == c.Route) &&
		(!s.Address.IsValid() || s.Address.Contains(c.Address)) &&
		(s.Operation == "" || c.does(s.Operation))
}

// does reports whether the call does the operation.
func (c *Call) does(operation string) bool {
	if c.Template == "" {
		return false
	}
	if method, template, ok := strings.Cut(operation, " "); ok {
		return method == c.Method && template == c.Template
	}
	return operation == c.Template
}
