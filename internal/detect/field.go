package detect

import (
	"slices"
	"strconv"

	"github.com/gatebook/gatebook/event"
)

// field is a field as rules read it. Exactly one of str, strs, num, fill,
// objects and slow is set; slow is for fields that few rules read.
type field struct {
	name   string
	typ    event.Type
	list   bool
	number int  // in fieldNumbers
	costly bool // str computes its value

	str  func(*event.Event) string          // empty: absent
	strs func(*event.Event) []string        // values that are not empty
	num  func(*event.Event) (uint64, bool)  // false: absent
	slow func(*event.Event, func(v string)) // calls for each value

	fill    func(*event.Event, []string) []string // appends the values
	objects func(*event.Event) []event.Object     // its values are type/id
	from    func(*event.Event) (a, b string)      // what str is made of, where that is worth remembering
}

// each calls yield for each value.
func (f *field) each(e *event.Event, yield func(string)) {
	switch {
	case f.str != nil:
		if v := f.str(e); v != "" {
			yield(v)
		}
	case f.strs != nil:
		for _, v := range f.strs(e) {
			yield(v)
		}
	case f.num != nil:
		if n, ok := f.num(e); ok {
			yield(strconv.FormatUint(n, 10))
		}
	case f.fill != nil:
		for _, v := range f.fill(e, nil) {
			yield(v)
		}
	case f.objects != nil:
		for _, o := range f.objects(e) {
			yield(o.Type + "/" + o.ID)
		}
	default:
		f.slow(e, yield)
	}
}

// one returns the value of a field that is no list; empty: absent.
func (f *field) one(e *event.Event) string {
	if f.str != nil {
		return f.str(e)
	}
	var s string
	f.each(e, func(v string) { s = v })
	return s
}

// lookupField returns the field of a rule called name, or nil.
func lookupField(name string) *field {
	if f := lookupOriginal(name); f != nil {
		return f
	}
	f := findField(name)
	if f != nil {
		f.number = fieldNumbers[name]
	}
	return f
}

func findField(name string) *field {
	if f := lookupDerived(name); f != nil {
		return f
	}
	r := event.Lookup(name)
	if r == nil {
		return nil
	}
	f := &field{name: name, typ: r.Type, list: r.List}
	switch {
	case texts[name] != nil:
		f.str = texts[name]
	case textLists[name] != nil:
		f.strs = textLists[name]
	case fills[name] != nil:
		f.fill = fills[name]
	case objectLists[name] != nil:
		f.objects = objectLists[name]
	case numbers[name] != nil:
		get := numbers[name]
		f.num = func(e *event.Event) (uint64, bool) { n := get(e); return n, n != 0 }
	case name == "principal.level":
		f.num = func(e *event.Event) (uint64, bool) { return uint64(e.Principal.Level), e.Principal.Kind != "" }
	case r.Type == event.TypeNumber || r.Type == event.TypeDuration:
		f.num = func(e *event.Event) (n uint64, ok bool) {
			r.Values(e, func(v string) {
				var err error
				n, err = strconv.ParseUint(v, 10, 64)
				ok = err == nil
			})
			return n, ok
		}
	default:
		f.slow = r.Values
	}
	return f
}

// fieldNames returns the names of all fields that a rule can use.
func fieldNames() []string {
	var names []string
	for _, f := range event.Fields() {
		names = append(names, f.Name)
	}
	for _, d := range derivedFields {
		names = append(names, d.name)
	}
	return names
}

// texts, textLists, fills, objectLists and numbers read the fields that rules use most without
// the registry; a test compares them with it.
var texts = map[string]func(*event.Event) string{
	"kind":                   func(e *event.Event) string { return string(e.Kind) },
	"capture.method":         func(e *event.Event) string { return e.Capture.Method },
	"capture.source":         func(e *event.Event) string { return e.Capture.Source },
	"capture.route":          func(e *event.Event) string { return e.Capture.Route },
	"principal.kind":         func(e *event.Event) string { return string(e.Principal.Kind) },
	"principal.id":           func(e *event.Event) string { return e.Principal.ID },
	"principal.issuer":       func(e *event.Event) string { return e.Principal.Issuer },
	"principal.reason":       func(e *event.Event) string { return e.Principal.Reason },
	"credential.method":      func(e *event.Event) string { return e.Credential.Method },
	"credential.key_id":      func(e *event.Event) string { return e.Credential.KeyID },
	"credential.fingerprint": func(e *event.Event) string { return e.Credential.Fingerprint },
	"credential.client":      func(e *event.Event) string { return e.Credential.Client },
	"operation.method":       func(e *event.Event) string { return e.Operation.Method },
	"operation.host":         func(e *event.Event) string { return e.Operation.Host },
	"operation.route":        func(e *event.Event) string { return e.Operation.Route },
	"operation.name":         func(e *event.Event) string { return e.Operation.Name },
	"operation.basis":        func(e *event.Event) string { return string(e.Operation.Basis) },
	"operation.type":         func(e *event.Event) string { return e.Operation.Type },
	"operation.action":       func(e *event.Event) string { return string(e.Operation.Action) },
	"operation.requires":     func(e *event.Event) string { return string(e.Operation.Requires) },
	"operation.session":      func(e *event.Event) string { return e.Operation.Session },
	"outcome.decision":       func(e *event.Event) string { return e.Outcome.Decision },
	"outcome.reason":         func(e *event.Event) string { return e.Outcome.Reason },
	"outcome.error":          func(e *event.Event) string { return e.Outcome.Error },
	"who.address": func(e *event.Event) string {
		if e.Who == nil {
			return ""
		}
		return e.Who.Address
	},
	"who.tenant": func(e *event.Event) string {
		if e.Who == nil {
			return ""
		}
		return e.Who.Tenant
	},
	"who.user_agent": func(e *event.Event) string {
		if e.Who == nil {
			return ""
		}
		return e.Who.UserAgent
	},
	"who.tls.ja4": func(e *event.Event) string {
		if e.Who == nil {
			return ""
		}
		return e.Who.TLS.JA4
	},
	"who.subject": func(e *event.Event) string {
		if e.Who == nil {
			return ""
		}
		return e.Who.Subject
	},
	"what.path": func(e *event.Event) string {
		if e.What == nil {
			return ""
		}
		return e.What.Path
	},
}

var textLists = map[string]func(*event.Event) []string{
	"objects":           func(e *event.Event) []string { return e.Objects },
	"operation.parts":   func(e *event.Event) []string { return e.Operation.Parts },
	"operation.scopes":  func(e *event.Event) []string { return e.Operation.Scopes },
	"credential.scopes": func(e *event.Event) []string { return e.Credential.Scopes },
}

var fills = map[string]func(*event.Event, []string) []string{
	"data":     func(e *event.Event, to []string) []string { return appendClasses(to, e.Data) },
	"received": func(e *event.Event, to []string) []string { return appendClasses(to, e.Received) },
	"credential.delegation": func(e *event.Event, to []string) []string {
		for i := range e.Credential.Delegation {
			if id := e.Credential.Delegation[i].ID; id != "" {
				to = append(to, id)
			}
		}
		return to
	},
	"scopes.missing": func(e *event.Event, to []string) []string {
		for _, s := range e.Operation.Scopes {
			if _, found := slices.BinarySearch(e.Credential.Scopes, s); !found && s != "" {
				to = append(to, s)
			}
		}
		return to
	},
	"who.groups": func(e *event.Event, to []string) []string {
		if e.Who == nil {
			return to
		}
		return appendSome(to, e.Who.Groups)
	},
	"who.chain": func(e *event.Event, to []string) []string {
		if e.Who == nil {
			return to
		}
		return appendSome(to, e.Who.Chain)
	},
	"what.properties": func(e *event.Event, to []string) []string {
		if e.What == nil {
			return to
		}
		return appendSome(to, e.What.Properties)
	},
	"what.targets": func(e *event.Event, to []string) []string {
		if e.What == nil {
			return to
		}
		return appendSome(to, e.What.Targets)
	},
}

func appendClasses(to []string, list []event.Data) []string {
	for i := range list {
		if list[i].Class != "" {
			to = append(to, list[i].Class)
		}
	}
	return to
}

// appendSome appends those that are not empty.
func appendSome(to, list []string) []string {
	for _, s := range list {
		if s != "" {
			to = append(to, s)
		}
	}
	return to
}

var objectLists = map[string]func(*event.Event) []event.Object{
	"what.objects": func(e *event.Event) []event.Object {
		if e.What == nil {
			return nil
		}
		return e.What.Objects
	},
	"what.asked": func(e *event.Event) []event.Object {
		if e.What == nil {
			return nil
		}
		return e.What.Objects[:min(e.What.Asked, uint64(len(e.What.Objects)))]
	},
	"what.given": func(e *event.Event) []event.Object {
		if e.What == nil {
			return nil
		}
		return e.What.Objects[min(e.What.Asked, uint64(len(e.What.Objects))):]
	},
}

var numbers = map[string]func(*event.Event) uint64{
	"outcome.status": func(e *event.Event) uint64 { return uint64(max(e.Outcome.Status, 0)) },
	"request.bytes":  func(e *event.Event) uint64 { return e.Request.Bytes },
	"response.bytes": func(e *event.Event) uint64 { return e.Response.Bytes },
	"records":        func(e *event.Event) uint64 { return e.Records },
	"data.count": func(e *event.Event) uint64 {
		var n uint64
		for _, d := range e.Data {
			n += d.Count
		}
		return n
	},
	"operation.cost": func(e *event.Event) uint64 { return e.Operation.Cost },
	"duration":       func(e *event.Event) uint64 { return uint64(max(e.Duration(), 0)) },
}
