package kubernetes

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation"
)

// Reasons of a principal's level.
const (
	reasonAuthenticated = "kubernetes"
	reasonNone          = "no-credential"
)

// maxObjects bounds the objects of an event, as those of calls.
const maxObjects = 1000

// Parse makes an event of a record. A stage before the end of a call is none:
// nil, without an error.
func (p *Parser) Parse(line string) (*event.Event, error) {
	line = strings.TrimSpace(line)
	if line == "" {
		return nil, nil
	}
	return p.event([]byte(line))
}

func (p *Parser) event(raw []byte) (*event.Event, error) {
	raw = inner(raw)
	c, from, to, err := parse(raw)
	if err == errStage {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := &event.Event{Who: &event.Who{}, What: &event.What{}, Payload: &event.Payload{Original: withoutSecrets(raw, c, p.cfg.Redactor)}}
	sum := sha256.Sum256([]byte("kubernetes\x00" + p.cfg.Source + "\x00" + c.AuditID))
	e.ID = event.NewID(from, [8]byte(sum[:8]))
	e.Kind, e.Arrived, e.Edge = event.Access, from, p.label
	if c.Stage == "Panic" {
		e.Ended = to
	} else {
		e.Completed = to
	}
	e.Capture = event.Capture{Method: "import", Source: p.label}

	l := capture.Logged{Status: c.Response.Code, Answer: http.Header{}}
	l.Header = http.Header{"User-Agent": {c.UserAgent}}
	l.Path, l.Query, _ = strings.Cut(c.RequestURI, "?")
	if n := len(c.SourceIPs); n > 0 { // the last is the peer's, those before it are what headers claimed
		l.Peer, _ = netip.ParseAddr(c.SourceIPs[n-1])
		e.Who.Peer = c.SourceIPs[n-1]
		if n > 1 {
			l.Header["X-Forwarded-For"] = []string{strings.Join(c.SourceIPs[:n-1], ", ")}
		}
	}
	p.cfg.Describer.Describe(e, &l, p.cfg.Redactor.Call())
	if c.Stage == "Panic" {
		e.Outcome.Error = capture.HandlerPanic
	}
	if c.Response.Status == "Failure" || c.Response.Code >= 400 {
		e.Outcome.RPCStatus = plain(c.Response.Reason)
	}
	p.who(c, e)
	p.what(c, e)
	return e, nil
}

// who says who made a call. Of an impersonated call that is who was
// impersonated; who did so is the actor.
func (p *Parser) who(c *record, e *event.Event) {
	caller := &c.User
	if c.Impersonated != nil && c.Impersonated.Username != "" {
		caller = c.Impersonated
		e.Credential.Delegation = []event.Delegate{{ID: p.cfg.Pseudonym(p.label, c.User.Username), Issuer: p.label}}
		e.Who.Chain = []string{c.User.Username}
	}
	kind := kindOf(caller.Username)
	if kind == event.Anonymous {
		e.Principal = event.Principal{Kind: kind, Reason: reasonNone}
		e.Credential.Method = "none"
		return
	}
	e.Principal = event.Principal{Kind: kind, ID: p.cfg.Pseudonym(p.label, caller.Username), Issuer: p.label, Level: event.LevelAsserted, Reason: reasonAuthenticated}
	e.Who.Subject, e.Who.Groups = caller.Username, caller.Groups
	for _, id := range c.User.Extra["authentication.kubernetes.io/credential-id"] {
		switch {
		case strings.HasPrefix(id, "X509SHA256="):
			e.Credential.Method, e.Credential.Fingerprint = "mtls", "sha256:"+plain(strings.TrimPrefix(id, "X509SHA256="))
		case strings.HasPrefix(id, "JTI="):
			e.Credential.Method, e.Credential.KeyID = "jwt", plain(strings.TrimPrefix(id, "JTI="))
		}
	}
}

// kindOf tells the kind of a principal by its name, which the API server's
// authenticators make.
func kindOf(name string) event.PrincipalKind {
	switch {
	case name == "" || name == "system:anonymous":
		return event.Anonymous
	case strings.HasPrefix(name, "system:serviceaccount:"):
		return event.Service
	case strings.HasPrefix(name, "system:"), strings.HasPrefix(name, "eks:"), strings.HasPrefix(name, "aksService"):
		return event.Machine
	}
	return event.User
}

// what says what was done, and to what.
func (p *Parser) what(c *record, e *event.Event) {
	op := &e.Operation
	*op = event.Operation{Protocol: "kubernetes", Basis: event.BasisProtocol}
	if e.Principal.Kind != event.Anonymous {
		op.Requires = event.RequiresCredential
	}
	ref := c.Object
	if ref == nil || ref.Resource == "" {
		op.Name, op.Action = "nonresource:"+plain(strings.ToLower(c.Verb)), actionOf(c.Verb, "")
		return
	}
	resource := ref.Resource
	if ref.Subresource != "" {
		resource += "/" + ref.Subresource
	}
	name := resource
	if ref.APIGroup != "" {
		name = ref.APIGroup + "/" + resource
	}
	op.Name, op.Action = plain(name+":"+strings.ToLower(c.Verb)), actionOf(c.Verb, resource)
	if op.Name == "" {
		op.Basis = ""
	}
	listed, whole := p.objects(c, ref, e)
	if e.Outcome.Status < 200 || e.Outcome.Status > 299 {
		return
	}
	if listed > 0 {
		e.Records = uint64(listed)
	}
	switch {
	case ref.Resource == "secrets" && ref.Subresource == "" && op.Action == event.ActionRead, resource == "serviceaccounts/token":
		e.Data = []event.Data{{Class: "secret", Count: uint64(max(listed, 1))}}
		e.Partial = !whole
	case ref.Resource == "secrets" && (op.Action == event.ActionCreate || op.Action == event.ActionUpdate):
		e.Received = []event.Data{{Class: "secret", Count: 1}}
	}
}

// objects adds the objects that a call was about: that which it names, then those
// of a list in its answer. Whole is false if there was a list and it was not
// logged.
func (p *Parser) objects(c *record, ref *reference, e *event.Event) (listed int, whole bool) {
	typ := operation.TypeName(ref.Resource)
	if typ == "" {
		typ = plain(ref.Resource)
	}
	add := func(namespace, name string) {
		if namespace != "" && ref.Resource != "namespaces" {
			name = namespace + "/" + name
		}
		o := event.Object{Type: typ, ID: name}
		if typ != "" && len(name) <= 256 && len(e.What.Objects) < maxObjects && !slices.Contains(e.What.Objects, o) {
			e.What.Objects = append(e.What.Objects, o)
		}
	}
	type meta struct {
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	var answer struct {
		meta
		Items []meta `json:"items"`
	}
	json.Unmarshal(c.ResponseObject, &answer) // what is no list has no items
	name := ref.Name
	if name == "" && len(answer.Items) == 0 && c.Verb == "create" { // its name was made by the server
		name = answer.Metadata.Name
	}
	if name != "" {
		add(ref.Namespace, name)
		e.What.Asked = 1
	}
	for _, item := range answer.Items {
		add(item.Metadata.Namespace, item.Metadata.Name)
	}
	whole = name != "" || len(c.ResponseObject) > 0
	n := max(len(e.What.Objects), len(answer.Items))
	if n == 0 || typ == "" {
		return 0, whole
	}
	e.Objects = []string{typ}
	if n > 1 {
		e.Counts = []uint64{uint64(n)}
	}
	return len(answer.Items), whole
}

// plain returns s if it can stand in a header.
func plain(s string) string {
	if len(s) > capture.MaxWord {
		return ""
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return ""
		}
	}
	return s
}
