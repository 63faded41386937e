package event

import (
	"slices"
	"strconv"
	"time"
)

var fields = []Field{
	{"id", TypeString, "header", false, false, "The event's id, a UUID version 7 chosen where the call was seen.", one(func(e *Event) string { return e.ID.String() })},
	{"kind", TypeString, "header", false, false, "What the event is about: `access`, `gap`, `look`, `decision` or `system`.", one(func(e *Event) string { return string(e.Kind) })},
	{"arrived", TypeTime, "header", false, false, "When the first byte of the request was read.", moment(func(e *Event) time.Time { return e.Arrived })},
	{"completed", TypeTime, "header", false, false, "When the last byte of the answer was handed on; absent if it did not complete.", moment(func(e *Event) time.Time { return e.Completed })},
	{"ended", TypeTime, "header", false, false, "When a call was over that did not complete: the client went away, or the API did.", moment(func(e *Event) time.Time { return e.Ended })},
	{"duration", TypeDuration, "header", false, false, "From arrival to completion, or to the end of what did not complete, in nanoseconds.", span(func(e *Event) time.Duration { return e.Duration() })},
	{"upstream.first", TypeDuration, "header", false, false, "From arrival until the answer's header came from the API behind the gateway, in nanoseconds.", span(func(e *Event) time.Duration { return e.Upstream.First })},
	{"edge", TypeString, "header", false, false, "The capturing process that saw the call.", one(func(e *Event) string { return e.Edge })},
	{"seq", TypeNumber, "header", false, false, "The edge's own gap-free count, from 1.", number(func(e *Event) uint64 { return e.Sequence })},
	{"capture.method", TypeString, "header", false, false, "How the event was captured: `gateway`, `middleware`, `import`, or `self` for Gatebook's own events.", one(func(e *Event) string { return e.Capture.Method })},
	{"capture.source", TypeString, "header", false, false, "The listener, or the format and source of an import.", one(func(e *Event) string { return e.Capture.Source })},
	{"capture.route", TypeString, "header", false, false, "The configured route that served the call.", one(func(e *Event) string { return e.Capture.Route })},
	{"capture.durability", TypeString, "header", false, false, "`recorded` if the answer waited for this record, `served` if it did not.", one(func(e *Event) string { return e.Capture.Durability })},

	{"principal.kind", TypeString, "header", false, false, "`user`, `service`, `machine`, `anonymous` (showed no credential) or `unknown` (its credential could not be checked).", one(func(e *Event) string { return string(e.Principal.Kind) })},
	{"principal.id", TypeString, "header", false, false, "Stable pseudonym of who made the call; the name is in `who.subject`.", one(func(e *Event) string { return e.Principal.ID })},
	{"principal.issuer", TypeString, "header", false, false, "Who vouches for the principal.", one(func(e *Event) string { return e.Principal.Issuer })},
	{"principal.level", TypeNumber, "header", false, false, "How far it is proven: 0 none, 1 claimed, 2 asserted over a trusted hop, 3 verified, 4 bound to the sender.", one(func(e *Event) string {
		if e.Principal.Kind == "" {
			return ""
		}
		return strconv.Itoa(int(e.Principal.Level))
	})},
	{"principal.reason", TypeString, "header", false, false, "Why the level is what it is, as a stable code.", one(func(e *Event) string { return e.Principal.Reason })},

	{"credential.method", TypeString, "header", false, false, "The kind of evidence: `jwt`, `mtls`, `api-key`, `basic`, `trusted-header`, `bearer`, `session` (signed in to the console), `none`.", one(func(e *Event) string { return e.Credential.Method })},
	{"credential.key_id", TypeString, "header", false, false, "The issuer's key, or the API key's public id.", one(func(e *Event) string { return e.Credential.KeyID })},
	{"credential.fingerprint", TypeString, "header", false, false, "Keyed hash of the secret, or `sha256:` and the hash of the certificate.", one(func(e *Event) string { return e.Credential.Fingerprint })},
	{"credential.algorithm", TypeString, "header", false, false, "Algorithm of the credential's signature.", one(func(e *Event) string { return e.Credential.Algorithm })},
	{"credential.client", TypeString, "header", false, false, "The OAuth client (app) that presented it.", one(func(e *Event) string { return e.Credential.Client })},
	{"credential.scopes", TypeString, "header", false, true, "The scopes granted to it.", many(func(e *Event) []string { return e.Credential.Scopes })},
	{"credential.expires", TypeTime, "header", false, false, "When the credential ends.", moment(func(e *Event) time.Time { return e.Credential.Expires })},
	{"credential.delegation", TypeString, "header", false, true, "Pseudonyms of the actors who called for the principal, nearest first.", each(func(e *Event, yield func(string)) {
		for _, d := range e.Credential.Delegation {
			yield(d.ID)
		}
	})},

	{"operation.protocol", TypeString, "header", false, false, "`http/1.0`, `http/1.1`, `h2`, `grpc`, `websocket` or `sse`.", one(func(e *Event) string { return e.Operation.Protocol })},
	{"operation.method", TypeString, "header", false, false, "The HTTP method as sent.", one(func(e *Event) string { return e.Operation.Method })},
	{"operation.host", TypeString, "header", false, false, "The API's host as asked for.", one(func(e *Event) string { return e.Operation.Host })},
	{"operation.route", TypeString, "header", false, false, "The template of the path.", one(func(e *Event) string { return e.Operation.Route })},
	{"operation.name", TypeString, "header", false, false, "The operation in the API's own terms, such as an operationId or a gRPC method.", one(func(e *Event) string { return e.Operation.Name })},
	{"operation.basis", TypeString, "header", false, false, "How route or name is known: `document`, `router`, `learned`, `person` or `protocol`.", one(func(e *Event) string { return string(e.Operation.Basis) })},
	{"operation.type", TypeString, "header", false, false, "The kind of operation in its protocol, such as `mutation`.", one(func(e *Event) string { return e.Operation.Type })},
	{"operation.action", TypeString, "header", false, false, "What it does: `read`, `create`, `update`, `delete`, `export`, `administer`, `grant` or `authenticate`.", one(func(e *Event) string { return string(e.Operation.Action) })},
	{"operation.parts", TypeString, "header", false, true, "Named operations inside the call: root fields, methods of a batch, tools that a model called.", many(func(e *Event) []string { return e.Operation.Parts })},
	{"operation.count", TypeNumber, "header", false, false, "Operations in a batch.", number(func(e *Event) uint64 { return e.Operation.Count })},
	{"operation.depth", TypeNumber, "header", false, false, "Nesting of what was asked for.", number(func(e *Event) uint64 { return e.Operation.Depth })},
	{"operation.cost", TypeNumber, "header", false, false, "Fields or rows that were asked for, by the protocol's own estimate.", number(func(e *Event) uint64 { return e.Operation.Cost })},
	{"operation.model", TypeString, "header", false, false, "The language model that answered.", one(func(e *Event) string { return e.Operation.Model })},
	{"operation.tokens.in", TypeNumber, "header", false, false, "Tokens of the prompt.", number(func(e *Event) uint64 { return e.Operation.Tokens.In })},
	{"operation.tokens.out", TypeNumber, "header", false, false, "Tokens of a language model's answer.", number(func(e *Event) uint64 { return e.Operation.Tokens.Out })},
	{"operation.session", TypeString, "header", false, false, "Keyed hash of the session that the call belongs to.", one(func(e *Event) string { return e.Operation.Session })},
	{"operation.requires", TypeString, "header", false, false, "What a caller needs as the API's document says: `nothing`, `credential` or `scopes`.", one(func(e *Event) string { return string(e.Operation.Requires) })},
	{"operation.scopes", TypeString, "header", false, true, "The scopes that the operation needs.", many(func(e *Event) []string { return e.Operation.Scopes })},
	{"scopes.missing", TypeString, "header", false, true, "Scopes that the operation needs and the credential does not have.", each(func(e *Event, yield func(string)) { difference(e.Operation.Scopes, e.Credential.Scopes, yield) })},
	{"scopes.unneeded", TypeString, "header", false, true, "Scopes that the credential has and the operation does not need, where it is known what it needs.", each(func(e *Event, yield func(string)) {
		if e.Operation.Requires != "" {
			difference(e.Credential.Scopes, e.Operation.Scopes, yield)
		}
	})},
	{"trace.id", TypeString, "header", false, false, "The distributed trace that the call is part of, as its caller says: 32 hex digits. Any caller can send any id.", one(func(e *Event) string { return e.Trace.ID })},
	{"trace.parent", TypeString, "header", false, false, "The caller's span that made the call, as the caller says: 16 hex digits.", one(func(e *Event) string { return e.Trace.Parent })},
	{"objects", TypeString, "header", false, true, "The types of the objects touched.", many(func(e *Event) []string { return e.Objects })},
	{"objects.count", TypeNumber, "header", false, false, "How many distinct objects were touched.", number(func(e *Event) uint64 {
		if len(e.Counts) == 0 {
			return uint64(len(e.Objects))
		}
		var n uint64
		for _, c := range e.Counts {
			n += c
		}
		return n
	})},

	{"outcome.status", TypeNumber, "header", false, false, "The HTTP status that was sent; absent if none was.", one(func(e *Event) string {
		if e.Outcome.Status == 0 {
			return ""
		}
		return strconv.Itoa(e.Outcome.Status)
	})},
	{"outcome.rpc_status", TypeString, "header", false, false, "The status in the protocol's own terms: the gRPC code by name, a JSON-RPC error code, `error` for GraphQL.", one(func(e *Event) string { return e.Outcome.RPCStatus })},
	{"outcome.decision", TypeString, "header", false, false, "What Gatebook decided: `allowed` or `denied`.", one(func(e *Event) string { return e.Outcome.Decision })},
	{"outcome.reason", TypeString, "header", false, false, "Why it was denied, or with a measure that is dry would have been, as a stable code.", one(func(e *Event) string { return e.Outcome.Reason })},
	{"outcome.measure", TypeString, "header", false, false, "The id of the measure by which it was denied, or would have been.", one(func(e *Event) string { return e.Outcome.Measure })},
	{"outcome.error", TypeString, "header", false, false, "What went wrong, as a stable code.", one(func(e *Event) string { return e.Outcome.Error })},
	{"request.bytes", TypeNumber, "header", false, false, "Bytes of the request's body as it passed.", number(func(e *Event) uint64 { return e.Request.Bytes })},
	{"request.type", TypeString, "header", false, false, "Media type of the request's body.", one(func(e *Event) string { return e.Request.Type })},
	{"request.messages", TypeNumber, "header", false, false, "Messages in the request's stream.", number(func(e *Event) uint64 { return e.Request.Messages })},
	{"response.bytes", TypeNumber, "header", false, false, "Bytes of the answer's body as it passed.", number(func(e *Event) uint64 { return e.Response.Bytes })},
	{"response.type", TypeString, "header", false, false, "Media type of the answer's body.", one(func(e *Event) string { return e.Response.Type })},
	{"response.messages", TypeNumber, "header", false, false, "Messages in the answer's stream.", number(func(e *Event) uint64 { return e.Response.Messages })},
	{"records", TypeNumber, "header", false, false, "Records returned, where the answer is a list that was recognised.", number(func(e *Event) uint64 { return e.Records })},
	{"data", TypeString, "header", false, true, "Classes of sensitive data in the answer.", classes(func(e *Event) []Data { return e.Data })},
	{"data.count", TypeNumber, "header", false, false, "Occurrences of sensitive data in the answer, of all classes.", number(func(e *Event) uint64 {
		var n uint64
		for _, d := range e.Data {
			n += d.Count
		}
		return n
	})},
	{"received", TypeString, "header", false, true, "Classes of sensitive data in the request.", classes(func(e *Event) []Data { return e.Received })},
	{"partial", TypeString, "header", false, false, "`true` if not all that passed was looked at, so that objects.count, records, data and received may be too low.", one(func(e *Event) string {
		if e.Partial {
			return "true"
		}
		return ""
	})},

	{"lost.count", TypeNumber, "header", false, false, "Gap events: how many calls were not recorded.", number(func(e *Event) uint64 {
		if e.Lost == nil {
			return 0
		}
		return e.Lost.Count
	})},
	{"lost.reason", TypeString, "header", false, false, "Gap events: why they were not recorded, as a stable code.", one(func(e *Event) string {
		if e.Lost == nil {
			return ""
		}
		return e.Lost.Reason
	})},
	{"note.name", TypeString, "header", false, false, "Look, decision and system events: what was done.", one(func(e *Event) string {
		if e.Note == nil {
			return ""
		}
		return e.Note.Name
	})},
	{"note.facts", TypeString, "header", false, true, "Look, decision and system events: the facts, each as `name=value`.", each(func(e *Event, yield func(string)) {
		if e.Note == nil {
			return
		}
		for _, f := range e.Note.Facts {
			yield(f.Name + "=" + f.Value)
		}
	})},

	{"who.subject", TypeString, "who", true, false, "The principal as its issuer names it.", one(func(e *Event) string { return e.Who.Subject })},
	{"who.name", TypeString, "who", true, false, "The principal's name for people.", one(func(e *Event) string { return e.Who.Name })},
	{"who.email", TypeString, "who", true, false, "The e-mail address that the issuer states.", one(func(e *Event) string { return e.Who.Email })},
	{"who.groups", TypeString, "who", true, true, "Roles and groups that the issuer states.", many(func(e *Event) []string { return e.Who.Groups })},
	{"who.tenant", TypeString, "who", true, false, "The customer whose user or app the caller is, as the issuer states it.", one(func(e *Event) string { return e.Who.Tenant })},
	{"who.claimed", TypeString, "who", true, false, "An identity that was claimed and not verified.", one(func(e *Event) string { return e.Who.Claimed })},
	{"who.address", TypeString, "who", true, false, "The client's address, by way of trusted proxies only.", one(func(e *Event) string { return e.Who.Address })},
	{"who.peer", TypeString, "who", true, false, "The address and port at the other end of the socket.", one(func(e *Event) string { return e.Who.Peer })},
	{"who.forwarded", TypeString, "who", true, true, "What forwarding headers claimed, as sent.", many(func(e *Event) []string { return e.Who.Forwarded })},
	{"who.user_agent", TypeString, "who", true, false, "The client's user agent as sent.", one(func(e *Event) string { return e.Who.UserAgent })},
	{"who.tls.version", TypeString, "who", true, false, "TLS version of the client's connection.", one(func(e *Event) string { return e.Who.TLS.Version })},
	{"who.tls.subject", TypeString, "who", true, false, "Subject of the client's certificate.", one(func(e *Event) string { return e.Who.TLS.Subject })},
	{"who.tls.ja4", TypeString, "who", true, false, "The kind of program that called, by its ClientHello (JA4).", one(func(e *Event) string { return e.Who.TLS.JA4 })},
	{"who.chain", TypeString, "who", true, true, "Subjects of the delegation, nearest first.", many(func(e *Event) []string { return e.Who.Chain })},

	{"what.path", TypeString, "what", true, false, "The path as sent, redacted.", one(func(e *Event) string { return e.What.Path })},
	{"what.query", TypeString, "what", true, false, "The query as sent, redacted; for look events what was asked.", one(func(e *Event) string { return e.What.Query })},
	{"what.objects", TypeString, "what", true, true, "The objects touched, each as `type/id`.", each(func(e *Event, yield func(string)) {
		for _, o := range e.What.Objects {
			yield(o.Type + "/" + o.ID)
		}
	})},
	{"what.asked", TypeString, "what", true, true, "Those of the objects that the request named, each as `type/id`.", each(func(e *Event, yield func(string)) {
		for _, o := range e.What.Objects[:min(e.What.Asked, uint64(len(e.What.Objects)))] {
			yield(o.Type + "/" + o.ID)
		}
	})},

	{"what.properties", TypeString, "what", true, true, "The names of the properties in the request's body, as paths with points; never their values.", many(func(e *Event) []string { return e.What.Properties })},
	{"what.targets", TypeString, "what", true, true, "Where the request's body points to, without paths: domains of addresses and of mail, buckets.", many(func(e *Event) []string { return e.What.Targets })},

	{"payload.request.headers", TypeText, "payload", true, true, "Header fields of the request, each as `name: value`, redacted.", lines(func(p *Payload) []HeaderLine { return p.Request.Headers })},
	{"payload.request.body", TypeText, "payload", true, false, "The request's body, redacted.", one(func(e *Event) string { return e.Payload.Request.text() })},
	{"payload.response.headers", TypeText, "payload", true, true, "Header fields of the answer, each as `name: value`, redacted.", lines(func(p *Payload) []HeaderLine { return p.Response.Headers })},
	{"payload.response.body", TypeText, "payload", true, false, "The answer's body, redacted.", one(func(e *Event) string { return e.Payload.Response.text() })},
	{"payload.original", TypeText, "payload", true, false, "Imports: the original record.", one(func(e *Event) string { return e.Payload.Original })},
}

// difference yields what is in a and not in b; both are sorted.
func difference(a, b []string, yield func(string)) {
	for _, s := range a {
		if _, found := slices.BinarySearch(b, s); !found {
			yield(s)
		}
	}
}

func classes(get func(*Event) []Data) getter {
	return each(func(e *Event, yield func(string)) {
		for _, d := range get(e) {
			yield(d.Class)
		}
	})
}

// text returns the body if it is text; base64 is not worth a search.
func (m *Message) text() string {
	if m.Encoding != "" {
		return ""
	}
	return m.Body
}

func lines(get func(*Payload) []HeaderLine) getter {
	return each(func(e *Event, yield func(string)) {
		for _, l := range get(e.Payload) {
			yield(l.Name + ": " + l.Value)
		}
	})
}
