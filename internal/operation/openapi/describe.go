package openapi

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation"
)

// bases returns the paths under which the API is served, as the gateway's
// clients see them.
func (doc *document) bases(servers []server, o Options) []string {
	if o.Base != "" {
		return []string{strings.TrimRight(o.Base, "/")}
	}
	var bases []string
	add := func(base string) {
		base = strings.TrimRight(base, "/")
		if rest, ok := strings.CutPrefix(base, strings.TrimRight(o.Upstream, "/")); ok && (rest == "" || rest[0] == '/') {
			base = rest
		}
		if !slices.Contains(bases, base) && len(bases) < maxServers {
			bases = append(bases, base)
		}
	}
	for _, s := range servers {
		text := s.URL
		for name, v := range s.Variables {
			text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
		}
		if u, err := url.Parse(text); err == nil {
			add(u.Path)
		}
	}
	if doc.Swagger != "" {
		add(doc.BasePath)
	}
	if len(bases) == 0 {
		add("")
	}
	return bases
}

// operation translates an operation.
func (doc *document) operation(op *described, item *pathItem) *operation.Described {
	d := &operation.Described{Name: op.ID, Deprecated: op.Deprecated, Action: event.Action(clip(op.Action))}
	for _, list := range [][]parameter{item.Parameters, op.Parameters} {
		for _, p := range list {
			if p = doc.parameter(p); p.In == "path" && len(p.Enum)+len(p.Schema.Enum) > 0 {
				if d.Fixed == nil {
					d.Fixed = make(map[string]bool)
				}
				d.Fixed[p.Name] = true
			}
		}
	}
	security := doc.Security
	if op.Security != nil {
		security = *op.Security
	}
	if security != nil {
		doc.require(d, security)
	}
	d.Answer = op.answer()
	for status := range op.Responses {
		d.Statuses = append(d.Statuses, status)
	}
	slices.Sort(d.Statuses)
	return d
}

func (doc *document) parameter(p parameter) parameter {
	if p.Ref == "" {
		return p
	}
	return doc.Components.Parameters[unescape(p.Ref[strings.LastIndexByte(p.Ref, '/')+1:])]
}

// require says what a list of security requirements comes to. An empty one
// among them means that nothing is needed.
func (doc *document) require(d *operation.Described, security []requirement) {
	d.Requires = event.RequiresNothing
	for _, r := range security {
		if len(r) == 0 {
			d.Requires, d.Choices = event.RequiresNothing, nil
			return
		}
		var c operation.Choice
		for name, scopes := range r {
			c.Methods = append(c.Methods, credentialMethods(doc.Components.Schemes[name])...)
			c.Scopes = append(c.Scopes, scopes...)
		}
		slices.Sort(c.Scopes)
		c.Scopes = slices.Compact(c.Scopes)
		switch {
		case len(c.Scopes) > 0:
			d.Requires = event.RequiresScopes
		case d.Requires == event.RequiresNothing:
			d.Requires = event.RequiresCredential
		}
		d.Choices = append(d.Choices, c)
	}
}

// credentialMethods returns the methods of event.Credential that a security
// scheme can be; none: it is not known.
func credentialMethods(s scheme) []string {
	switch {
	case s.Type == "oauth2", s.Type == "openIdConnect", s.Type == "http" && strings.EqualFold(s.Scheme, "bearer"):
		return []string{"jwt", "bearer"}
	case s.Type == "apiKey":
		return []string{"api-key"}
	case s.Type == "http" && strings.EqualFold(s.Scheme, "basic"), s.Type == "basic":
		return []string{"basic"}
	case s.Type == "mutualTLS":
		return []string{"mtls"}
	}
	return nil
}

// answer returns the type of the objects in the answer to a call that went
// well, by the name of their schema; empty if it has no name.
func (op *described) answer() string {
	for _, status := range []string{"200", "201", "2XX", "default"} {
		r, ok := op.Responses[status]
		if !ok {
			continue
		}
		if t := schemaName(r.Schema); t != "" {
			return t
		}
		for media, c := range r.Content {
			if strings.Contains(media, "json") {
				if t := schemaName(c.Schema); t != "" {
					return t
				}
			}
		}
		return ""
	}
	return ""
}

func schemaName(s schema) string {
	ref := s.Ref
	if ref == "" {
		ref = s.Items.Ref
	}
	return operation.TypeName(ref[strings.LastIndexByte(ref, '/')+1:])
}
