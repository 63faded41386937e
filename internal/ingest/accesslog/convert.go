package accesslog

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// The reasons of a principal's level.
const (
	reasonChecked   = "accesslog"  // the server checked who it was
	reasonNotLogged = "not-logged" // the line says nothing of who it was
)

// event makes an event of a line, of which e is what was read and places where
// its addresses are.
func (p *Parser) event(line string, f *format, e *entry, places []span) *event.Event {
	ev := &event.Event{Who: &event.Who{}, What: &event.What{}, Payload: &event.Payload{}}
	ev.Kind = event.Access
	ev.Edge = p.label
	ev.Capture = event.Capture{Method: "import", Source: p.label, Route: p.cfg.API}
	p.times(ev, e)
	ev.ID = p.id(line, ev.Arrived, e.at)

	l := capture.Logged{Proto: e.proto, Status: e.status, Answer: e.answer}
	l.Source, l.Route, l.Method, l.Host, l.Header = p.label, cmp.Or(p.cfg.API, p.label), e.method, capture.HostName(e.host), e.header
	if l.Header == nil {
		l.Header = http.Header{}
	}
	l.Path, l.Query = splitTarget(e.target)
	l.Peer, ev.Who.Peer = e.address()
	if l.Peer.IsValid() && ev.Who.Peer == "" {
		ev.Who.Peer = l.Peer.String()
	}
	id := p.identity(f, e)
	l.Identity = &id
	ev.Principal, ev.Credential = id.Principal, id.Credential
	ev.Who.Subject, ev.Who.Claimed = id.Subject, id.Claimed

	call := p.cfg.Redactor.Call()
	p.cfg.Describer.Describe(ev, &l, call)
	ev.Who.TLS = e.tls
	ev.Request.Bytes, ev.Response.Bytes = e.received, e.sent
	ev.Upstream.First = e.first
	ev.Partial = ev.Partial || e.partial
	ev.Outcome.Error = e.failure
	if ev.Outcome.Error == "" && e.method == "" {
		ev.Outcome.Error = capture.RequestMalformed
		if e.status == http.StatusRequestTimeout {
			ev.Outcome.Error = capture.ClientTimeout
		}
	}
	ev.Payload.Original = original(line, f, e, places, call)
	return ev
}

// times sets when a call arrived and was over.
func (p *Parser) times(ev *event.Event, e *entry) {
	ev.Arrived = e.at
	end := e.at
	switch {
	case e.begun:
		end = e.at.Add(e.took)
	case e.timed:
		ev.Arrived = e.at.Add(-e.took)
	}
	if e.failure == capture.ClientAborted || e.status == 0 {
		ev.Ended = end
	} else {
		ev.Completed = end
	}
}

// identity says who made a call. A name that came with a call that was refused
// for its credential proves nothing, whoever logged it.
func (p *Parser) identity(f *format, e *entry) capture.Identity {
	if e.user == "" {
		return capture.Identity{Principal: event.Principal{Kind: event.Unknown, Reason: reasonNotLogged}}
	}
	checked := f.checked || p.cfg.Checked
	if !checked || e.status == http.StatusUnauthorized || e.method == "" {
		return *identity.Refused(identity.MethodBasic, identity.NotChecked, e.user)
	}
	user := identity.Clip(e.user)
	return capture.Identity{
		Principal:  event.Principal{Kind: event.User, ID: p.cfg.Pseudonym(p.issuer, user), Issuer: p.issuer, Level: event.LevelAsserted, Reason: reasonChecked},
		Credential: event.Credential{Method: f.method()},
		Subject:    user,
	}
}

// method is the kind of credential that a user's name came with, where only one
// kind can have been.
func (f *format) method() string {
	if f.checked { // it can have been any that the server knows
		return ""
	}
	return identity.MethodBasic
}

// id makes the id of a line's event: of the source, the line, and how many equal
// lines came before. It is a keyed hash, since a header is never erased, and a
// line has addresses and secrets.
func (p *Parser) id(line string, arrived, at time.Time) event.ID {
	text := "accesslog\x00" + p.cfg.Source + "\x00" + line
	hash := sum(p.cfg.Redactor, text)
	if n := p.equal.before(at.Unix(), hash); n > 0 {
		hash = sum(p.cfg.Redactor, text+"\x00"+string(binary.AppendUvarint(nil, uint64(n))))
	}
	return event.NewID(arrived, hash)
}

// sum is the installation's keyed hash of a text.
func sum(r *redact.Redactor, text string) (out [8]byte) {
	fp := strings.TrimPrefix(r.Fingerprint(text), "fp:")
	if n, err := hex.Decode(out[:], []byte(fp[:2*len(out)])); err != nil || n != len(out) {
		panic("a fingerprint has 32 hex digits")
	}
	return out
}

// splitTarget splits a request's target into path and query, as they were sent.
func splitTarget(target string) (path, query string) {
	if i := strings.Index(target, "://"); i > 0 && !strings.ContainsAny(target[:i], "/?") {
		if k := strings.IndexAny(target[i+3:], "/?"); k >= 0 { // absolute, as to a proxy
			target = target[i+3+k:]
		} else {
			target = "/"
		}
	}
	path, query, _ = strings.Cut(target, "?")
	return printable(path), printable(query)
}

// printable writes the bytes of a target that are no text, spaces and controls
// as a client should have: percent-encoded.
func printable(s string) string {
	return percent(s, func(r rune) bool { return r > ' ' && r != 0x7f })
}

// percent writes bytes that are no UTF-8, and characters that are not to be
// kept, as % and two hex digits.
func percent(s string, keep func(rune) bool) string {
	plain := true
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") || !keep(r) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+8)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if (r != utf8.RuneError || n > 1) && keep(r) {
			b = append(b, s[i:i+n]...)
		} else {
			for _, c := range []byte(s[i : i+n]) {
				b = append(b, '%', digits[c>>4], digits[c&15])
			}
		}
		i += n
	}
	return string(b)
}

// original returns a line without its secrets: its addresses are read as
// addresses, and then the whole as a text that may repeat what was found.
func original(line string, f *format, e *entry, places []span, call *redact.Call) string {
	kind := "text/plain"
	if f.names != nil {
		kind, places = "application/json", addresses(line)
	}
	var b strings.Builder
	at := 0
	for _, s := range places {
		if s.from < at || s.to > len(line) {
			continue
		}
		b.WriteString(line[at:s.from])
		b.WriteString(bare(line[s.from:s.to], call))
		at = s.to
	}
	b.WriteString(line[at:])
	kept, _ := call.Body(kind, []byte(visible(b.String())), e.partial)
	return string(kept)
}

// bare takes the secrets out of an address, or of the one in a request line.
func bare(s string, call *redact.Call) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		if strings.ContainsAny(w, "/?") {
			words[i] = call.URL(w)
		}
	}
	return strings.Join(words, " ")
}

// visible writes bytes that are no text as nginx does.
func visible(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			b = append(b, '\\', 'x', digits[s[i]>>4], digits[s[i]&15])
		} else {
			b = append(b, s[i:i+n]...)
		}
		i += n
	}
	return string(b)
}
