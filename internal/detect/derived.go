package detect

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// derived is a field that only rules have: computed from an event's own.
type derived struct {
	name, doc string
	str       func(*event.Event) string          // of one value
	values    func(*event.Event, func(v string)) // of a list; nil, and no str: it is in objectLists
	from      func(*event.Event) (a, b string)   // what str is made of; nil: it is cheaper than to remember it
}

// tenantTypes are the types of object that are tenants.
var tenantTypes = []string{"tenant", "org", "organization", "organisation", "workspace"}

// privileged are names of properties that say what somebody may do, whose
// something is, or what it costs: a caller should seldom set them.
var privileged = []string{
	"admin", "balance", "credit", "discount", "groups", "isadmin", "isstaff", "issuperuser", "isverified", "limit", "owner", "ownerid",
	"permission", "permissions", "plan", "price", "privileges", "quota", "role", "roleid", "roles", "scope", "scopes", "staff", "superuser",
	"tenant", "tenantid", "tier", "userid", "verified",
}

var derivedFields = []derived{
	{"who.network", "The network of `who.address`: its first 24 bits, or 48 of IPv6, as in `192.0.2.0/24`.", func(e *event.Event) string { return network(e, 24, 48) }, nil, fromAddress},
	{"who.network.wide", "A wider network: the first 16 bits, or 32 of IPv6. It stands for the provider or the place.", func(e *event.Event) string { return network(e, 16, 32) }, nil, fromAddress},
	{"who.program", "The kind of program that called: the JA4 of its ClientHello, and the names in its user agent without their versions.", program, nil, fromProgram},
	{"what.uri", "The path and the query as sent, redacted.", uri, nil, nil},
	{"what.given", "Those of the objects that came in the answer and that the request did not name, each as `type/id`.", nil, nil, nil},
	{"what.own", "Those of `what.asked` whose id is the caller's own: `who.subject`, `who.email` or `principal.id`.", nil, own, nil},
	{"what.tenants", "The tenants that the request names: the ids of its objects of type " + strings.Join(tenantTypes, ", ") + ".", nil, tenants, nil},
	{"what.tenants.foreign", "Those of them that are not the caller's own, `who.tenant`. Absent where that is not known.", nil, foreignTenants, nil},
	{"what.targets.foreign", "Those of `what.targets` that are neither under the domain of the caller's mail address, nor that of the API.", nil, foreignTargets, nil},
	{"what.privileged", "Those of `what.properties` whose last name says what somebody may do, whose something is, or what it costs, such as `role`, `is_admin`, `owner_id` and `price`.", nil, privilegedNames, nil},
}

// Derived are the fields that only rules have, with their meaning.
func Derived() []struct{ Name, Doc string } {
	var list []struct{ Name, Doc string }
	for _, d := range derivedFields {
		list = append(list, struct{ Name, Doc string }{d.name, d.doc})
	}
	return list
}

func lookupDerived(name string) *field {
	for i := range derivedFields {
		if d := &derivedFields[i]; d.name == name {
			return &field{name: name, typ: event.TypeString, list: d.str == nil, str: d.str, slow: d.values, objects: objectLists[name], costly: true, from: d.from}
		}
	}
	return nil
}

func fromAddress(e *event.Event) (a, b string) {
	if e.Who == nil {
		return "", ""
	}
	return e.Who.Address, ""
}

func fromProgram(e *event.Event) (a, b string) {
	if e.Who == nil {
		return "", ""
	}
	return e.Who.TLS.JA4, e.Who.UserAgent
}

func uri(e *event.Event) string {
	switch {
	case e.What == nil:
		return ""
	case e.What.Query == "":
		return e.What.Path
	}
	return e.What.Path + "?" + e.What.Query
}

func own(e *event.Event, yield func(string)) {
	if e.What == nil {
		return
	}
	for _, o := range e.What.Objects[:min(e.What.Asked, uint64(len(e.What.Objects)))] {
		if o.ID != "" && (o.ID == e.Principal.ID || e.Who != nil && (o.ID == e.Who.Subject || o.ID == e.Who.Email)) {
			yield(o.Type + "/" + o.ID)
		}
	}
}

func tenants(e *event.Event, yield func(string)) {
	if e.What == nil {
		return
	}
	for i := range min(e.What.Asked, uint64(len(e.What.Objects))) {
		if o := &e.What.Objects[i]; slices.Contains(tenantTypes, o.Type) {
			yield(o.ID)
		}
	}
}

func foreignTenants(e *event.Event, yield func(string)) {
	if e.Who == nil || e.Who.Tenant == "" || e.What == nil {
		return
	}
	for i := range min(e.What.Asked, uint64(len(e.What.Objects))) {
		if o := &e.What.Objects[i]; slices.Contains(tenantTypes, o.Type) && !strings.EqualFold(o.ID, e.Who.Tenant) {
			yield(o.ID)
		}
	}
}

func foreignTargets(e *event.Event, yield func(string)) {
	if e.What == nil {
		return
	}
	own := ""
	if e.Who != nil {
		_, own, _ = strings.Cut(e.Who.Email, "@")
	}
	for _, t := range e.What.Targets {
		if !under(t, own) && !under(t, e.Operation.Host) {
			yield(t)
		}
	}
}

// under reports whether host is domain, or below it.
func under(host, domain string) bool {
	if domain == "" || len(host) < len(domain) || !strings.EqualFold(host[len(host)-len(domain):], domain) {
		return false
	}
	return len(host) == len(domain) || host[len(host)-len(domain)-1] == '.'
}

func privilegedNames(e *event.Event, yield func(string)) {
	if e.What == nil {
		return
	}
	var plain [48]byte
	for _, p := range e.What.Properties {
		last := p[strings.LastIndexByte(p, '.')+1:]
		n := 0
		for i := range len(last) {
			if c := lower(last[i]); c != '_' && c != '-' && n < len(plain) {
				plain[n] = c
				n++
			}
		}
		if _, ok := slices.BinarySearchFunc(privileged, plain[:n], func(a string, b []byte) int { return strings.Compare(a, string(b)) }); ok {
			yield(p)
		}
	}
}

// program names a kind of program. Versions are left out, so that a new
// release is the same program by its user agent; its JA4 may change.
func program(e *event.Event) string {
	if e.Who == nil || e.Who.TLS.JA4 == "" && e.Who.UserAgent == "" {
		return ""
	}
	b := make([]byte, 0, 128)
	b = append(b, e.Who.TLS.JA4...)
	ua := e.Who.UserAgent
	for i := 0; i < len(ua) && len(b) < 120; {
		j := i
		for j < len(ua) && letter(ua[j]) {
			j++
		}
		if j > i+1 {
			b = append(append(b, ' '), ua[i:j]...)
		}
		for i = max(j, i+1); i < len(ua) && !letter(ua[i]); i++ {
		}
	}
	return string(b)
}

func letter(c byte) bool { c = lower(c); return 'a' <= c && c <= 'z' }

// network returns the network of the client's address.
func network(e *event.Event, v4, v6 int) string {
	a, ok := address(e)
	if !ok {
		return ""
	}
	bits := v4
	if a.Is6() {
		bits = v6
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// address returns the client's address.
func address(e *event.Event) (netip.Addr, bool) {
	if e.Who == nil || e.Who.Address == "" {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(e.Who.Address)
	if err != nil {
		return netip.Addr{}, false
	}
	return a.WithZone("").Unmap(), true
}
