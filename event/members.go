package event

// The members of each object, in the order in which they are written. The
// order and the names are the format: see docs/FORMAT.md.

func appendHeader(b []byte, h *Header) []byte {
	e := &encoder{b: append(b, '{'), first: true}
	e.num("v", uint64(h.Version))
	e.str("id", h.ID.String())
	e.str("kind", string(h.Kind))
	e.time("arrived", h.Arrived)
	e.time("completed", h.Completed)
	e.time("ended", h.Ended)
	e.obj("upstream", func() {
		e.signed("sent", int64(h.Upstream.Sent))
		e.signed("first", int64(h.Upstream.First))
	})
	e.str("edge", h.Edge)
	e.num("seq", h.Sequence)
	e.obj("capture", func() {
		e.str("method", h.Capture.Method)
		e.str("source", h.Capture.Source)
		e.str("route", h.Capture.Route)
		e.str("durability", h.Capture.Durability)
	})
	e.principal(&h.Principal)
	e.credential(&h.Credential)
	e.obj("operation", func() {
		e.str("protocol", h.Operation.Protocol)
		e.str("method", h.Operation.Method)
		e.str("host", h.Operation.Host)
		e.str("route", h.Operation.Route)
		e.str("name", h.Operation.Name)
		e.operation(&h.Operation)
	})
	e.obj("trace", func() {
		e.str("id", h.Trace.ID)
		e.str("parent", h.Trace.Parent)
	})
	e.strs("objects", h.Objects)
	e.nums("counts", h.Counts)
	e.obj("outcome", func() {
		e.signed("status", int64(h.Outcome.Status))
		e.str("rpc_status", h.Outcome.RPCStatus)
		e.str("decision", h.Outcome.Decision)
		e.str("reason", h.Outcome.Reason)
		e.str("measure", h.Outcome.Measure)
		e.str("error", h.Outcome.Error)
	})
	e.body("request", &h.Request)
	e.body("response", &h.Response)
	e.num("records", h.Records)
	e.data("data", h.Data)
	e.data("received", h.Received)
	e.truth("partial", h.Partial)
	e.conditional(h)
	e.obj("commit", func() {
		e.hash("who", h.Commit.Who)
		e.hash("what", h.Commit.What)
		e.hash("payload", h.Commit.Payload)
	})
	return append(e.b, '}')
}

// operation writes what version 2 added to it.
func (e *encoder) operation(o *Operation) {
	e.str("basis", string(o.Basis))
	e.str("type", o.Type)
	e.str("action", string(o.Action))
	e.strs("parts", o.Parts)
	e.num("count", o.Count)
	e.num("depth", o.Depth)
	e.num("cost", o.Cost)
	e.str("model", o.Model)
	e.obj("tokens", func() {
		e.num("in", o.Tokens.In)
		e.num("out", o.Tokens.Out)
	})
	e.str("session", o.Session)
	e.str("requires", string(o.Requires))
	e.strs("scopes", o.Scopes)
}

func (e *encoder) data(k string, data []Data) {
	e.list(k, len(data), func(i int) {
		e.str("class", data[i].Class)
		e.num("count", data[i].Count)
	})
}

func (e *encoder) principal(p *Principal) {
	e.obj("principal", func() {
		e.str("kind", string(p.Kind))
		e.str("id", p.ID)
		e.str("issuer", p.Issuer)
		e.signed("level", int64(p.Level))
		e.str("reason", p.Reason)
	})
}

func (e *encoder) credential(c *Credential) {
	e.obj("credential", func() {
		e.str("method", c.Method)
		e.str("key_id", c.KeyID)
		e.str("fingerprint", c.Fingerprint)
		e.str("algorithm", c.Algorithm)
		e.str("client", c.Client)
		e.strs("scopes", c.Scopes)
		e.time("expires", c.Expires)
		e.list("delegation", len(c.Delegation), func(i int) {
			e.str("id", c.Delegation[i].ID)
			e.str("issuer", c.Delegation[i].Issuer)
		})
	})
}

func (e *encoder) body(k string, b *Body) {
	e.obj(k, func() {
		e.num("bytes", b.Bytes)
		e.str("type", b.Type)
		e.truth("truncated", b.Truncated)
		e.num("messages", b.Messages)
	})
}

// conditional writes what only some kinds of event have.
func (e *encoder) conditional(h *Header) {
	if h.Lost != nil {
		e.obj("lost", func() {
			e.num("count", h.Lost.Count)
			e.str("reason", h.Lost.Reason)
			e.time("from", h.Lost.From)
			e.time("to", h.Lost.To)
		})
	}
	if h.Note != nil {
		e.obj("note", func() {
			e.str("name", h.Note.Name)
			e.list("facts", len(h.Note.Facts), func(i int) {
				e.str("name", h.Note.Facts[i].Name)
				e.str("value", h.Note.Facts[i].Value)
			})
		})
	}
}

func appendWho(b []byte, w *Who) []byte {
	e := &encoder{b: append(b, '{'), first: true}
	e.str("subject", w.Subject)
	e.str("name", w.Name)
	e.str("email", w.Email)
	e.strs("groups", w.Groups)
	e.str("tenant", w.Tenant)
	e.str("claimed", w.Claimed)
	e.str("address", w.Address)
	e.str("peer", w.Peer)
	e.strs("forwarded", w.Forwarded)
	e.str("user_agent", w.UserAgent)
	e.obj("tls", func() {
		e.str("version", w.TLS.Version)
		e.str("cipher", w.TLS.Cipher)
		e.str("server_name", w.TLS.ServerName)
		e.str("protocol", w.TLS.Protocol)
		e.str("subject", w.TLS.Subject)
		e.str("certificate", w.TLS.Certificate)
		e.str("ja4", w.TLS.JA4)
	})
	e.strs("chain", w.Chain)
	return append(e.b, '}')
}

func appendWhat(b []byte, w *What) []byte {
	e := &encoder{b: append(b, '{'), first: true}
	e.str("path", w.Path)
	e.str("query", w.Query)
	e.list("objects", len(w.Objects), func(i int) {
		e.str("type", w.Objects[i].Type)
		e.str("id", w.Objects[i].ID)
	})
	e.num("asked", w.Asked)
	e.strs("properties", w.Properties)
	e.strs("targets", w.Targets)
	return append(e.b, '}')
}

func appendPayload(b []byte, p *Payload) []byte {
	e := &encoder{b: append(b, '{'), first: true}
	e.message("request", &p.Request)
	e.message("response", &p.Response)
	e.str("original", p.Original)
	return append(e.b, '}')
}

func (e *encoder) message(k string, m *Message) {
	e.obj(k, func() {
		e.lines("headers", m.Headers)
		e.str("body", m.Body)
		e.str("encoding", m.Encoding)
		e.str("rendered", m.Rendered)
		e.str("sha256", m.SHA256)
		e.lines("trailers", m.Trailers)
	})
}

func (e *encoder) lines(k string, lines []HeaderLine) {
	e.list(k, len(lines), func(i int) {
		e.str("name", lines[i].Name)
		e.str("value", lines[i].Value)
	})
}
