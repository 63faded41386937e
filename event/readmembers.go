package event

import "time"

// The members of each object as members.go writes them, in the same order.

// readHeader reads a header, and reports whether it could.
func readHeader(b []byte, h *Header) bool {
	r := &reader{}
	return r.whole(b, func() {
		var version uint64
		r.num("v", &version)
		h.Version = int(min(version, 1<<30))
		if r.has("id") {
			id, err := ParseID(r.text())
			h.ID, r.bad = id, r.bad || err != nil
		}
		r.str("kind", (*string)(&h.Kind))
		r.time("arrived", &h.Arrived)
		r.time("completed", &h.Completed)
		r.time("ended", &h.Ended)
		r.obj("upstream", func() {
			r.duration("sent", &h.Upstream.Sent)
			r.duration("first", &h.Upstream.First)
		})
		r.str("edge", &h.Edge)
		r.num("seq", &h.Sequence)
		r.obj("capture", func() {
			r.str("method", &h.Capture.Method)
			r.str("source", &h.Capture.Source)
			r.str("route", &h.Capture.Route)
			r.str("durability", &h.Capture.Durability)
		})
		r.principal(&h.Principal)
		r.credential(&h.Credential)
		r.obj("operation", func() { r.operation(&h.Operation) })
		r.obj("trace", func() {
			r.str("id", &h.Trace.ID)
			r.str("parent", &h.Trace.Parent)
		})
		r.strs("objects", &h.Objects)
		r.nums("counts", &h.Counts)
		r.obj("outcome", func() {
			r.integer("status", &h.Outcome.Status)
			r.str("rpc_status", &h.Outcome.RPCStatus)
			r.str("decision", &h.Outcome.Decision)
			r.str("reason", &h.Outcome.Reason)
			r.str("measure", &h.Outcome.Measure)
			r.str("error", &h.Outcome.Error)
		})
		r.body("request", &h.Request)
		r.body("response", &h.Response)
		r.num("records", &h.Records)
		r.data("data", &h.Data)
		r.data("received", &h.Received)
		r.truth("partial", &h.Partial)
		r.conditional(h)
		r.obj("commit", func() {
			r.hash("who", &h.Commit.Who)
			r.hash("what", &h.Commit.What)
			r.hash("payload", &h.Commit.Payload)
		})
	})
}

func (r *reader) duration(k string, v *time.Duration) { r.signed(k, (*int64)(v)) }

func (r *reader) integer(k string, v *int) {
	var n int64
	r.signed(k, &n)
	*v = int(n)
}

func (r *reader) operation(o *Operation) {
	r.str("protocol", &o.Protocol)
	r.str("method", &o.Method)
	r.str("host", &o.Host)
	r.str("route", &o.Route)
	r.str("name", &o.Name)
	r.str("basis", (*string)(&o.Basis))
	r.str("type", &o.Type)
	r.str("action", (*string)(&o.Action))
	r.strs("parts", &o.Parts)
	r.num("count", &o.Count)
	r.num("depth", &o.Depth)
	r.num("cost", &o.Cost)
	r.str("model", &o.Model)
	r.obj("tokens", func() {
		r.num("in", &o.Tokens.In)
		r.num("out", &o.Tokens.Out)
	})
	r.str("session", &o.Session)
	r.str("requires", (*string)(&o.Requires))
	r.strs("scopes", &o.Scopes)
}

func (r *reader) data(k string, v *[]Data) {
	r.list(k, func() {
		var d Data
		r.str("class", &d.Class)
		r.num("count", &d.Count)
		*v = append(*v, d)
	})
}

func (r *reader) principal(p *Principal) {
	r.obj("principal", func() {
		r.str("kind", (*string)(&p.Kind))
		r.str("id", &p.ID)
		r.str("issuer", &p.Issuer)
		r.integer("level", (*int)(&p.Level))
		r.str("reason", &p.Reason)
	})
}

func (r *reader) credential(c *Credential) {
	r.obj("credential", func() {
		r.str("method", &c.Method)
		r.str("key_id", &c.KeyID)
		r.str("fingerprint", &c.Fingerprint)
		r.str("algorithm", &c.Algorithm)
		r.str("client", &c.Client)
		r.strs("scopes", &c.Scopes)
		r.time("expires", &c.Expires)
		r.list("delegation", func() {
			var d Delegate
			r.str("id", &d.ID)
			r.str("issuer", &d.Issuer)
			c.Delegation = append(c.Delegation, d)
		})
	})
}

func (r *reader) body(k string, b *Body) {
	r.obj(k, func() {
		r.num("bytes", &b.Bytes)
		r.str("type", &b.Type)
		r.truth("truncated", &b.Truncated)
		r.num("messages", &b.Messages)
	})
}

func (r *reader) conditional(h *Header) {
	var lost Lost
	if r.obj("lost", func() {
		r.num("count", &lost.Count)
		r.str("reason", &lost.Reason)
		r.time("from", &lost.From)
		r.time("to", &lost.To)
	}) {
		h.Lost = &lost
	}
	var note Note
	if r.obj("note", func() {
		r.str("name", &note.Name)
		r.list("facts", func() {
			var f Fact
			r.str("name", &f.Name)
			r.str("value", &f.Value)
			note.Facts = append(note.Facts, f)
		})
	}) {
		h.Note = &note
	}
}

func readWho(b []byte, w *Who) bool {
	r := &reader{}
	return r.whole(b, func() {
		r.str("subject", &w.Subject)
		r.str("name", &w.Name)
		r.str("email", &w.Email)
		r.strs("groups", &w.Groups)
		r.str("tenant", &w.Tenant)
		r.str("claimed", &w.Claimed)
		r.str("address", &w.Address)
		r.str("peer", &w.Peer)
		r.strs("forwarded", &w.Forwarded)
		r.str("user_agent", &w.UserAgent)
		r.obj("tls", func() {
			r.str("version", &w.TLS.Version)
			r.str("cipher", &w.TLS.Cipher)
			r.str("server_name", &w.TLS.ServerName)
			r.str("protocol", &w.TLS.Protocol)
			r.str("subject", &w.TLS.Subject)
			r.str("certificate", &w.TLS.Certificate)
			r.str("ja4", &w.TLS.JA4)
		})
		r.strs("chain", &w.Chain)
	})
}

func readWhat(b []byte, w *What) bool {
	r := &reader{}
	return r.whole(b, func() {
		r.str("path", &w.Path)
		r.str("query", &w.Query)
		r.list("objects", func() {
			var o Object
			r.str("type", &o.Type)
			r.str("id", &o.ID)
			w.Objects = append(w.Objects, o)
		})
		r.num("asked", &w.Asked)
		r.strs("properties", &w.Properties)
		r.strs("targets", &w.Targets)
	})
}

func readPayload(b []byte, p *Payload) bool {
	r := &reader{}
	return r.whole(b, func() {
		r.message("request", &p.Request)
		r.message("response", &p.Response)
		r.str("original", &p.Original)
	})
}

func (r *reader) message(k string, m *Message) {
	r.obj(k, func() {
		r.lines("headers", &m.Headers)
		r.str("body", &m.Body)
		r.str("encoding", &m.Encoding)
		r.str("rendered", &m.Rendered)
		r.str("sha256", &m.SHA256)
		r.lines("trailers", &m.Trailers)
	})
}

func (r *reader) lines(k string, v *[]HeaderLine) {
	r.list(k, func() {
		var l HeaderLine
		r.str("name", &l.Name)
		r.str("value", &l.Value)
		*v = append(*v, l)
	})
}
