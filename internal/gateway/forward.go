package gateway

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// outbound makes the request for the API, but for its body.
func outbound(x *capture.Exchange, r *http.Request, rt *route) *http1.Request {
	out := &http1.Request{Method: r.Method, Host: r.Host, Header: r.Header, HeaderTimeout: rt.answer, IdleTimeout: rt.idle}
	out.Target = r.RequestURI
	if !strings.HasPrefix(out.Target, "/") && out.Target != "*" {
		out.Target = r.URL.RequestURI() // absolute form
	}
	if rt.base != "" && out.Target != "*" {
		out.Target = rt.base + out.Target
	}
	if rt.RewriteHost || out.Host == "" {
		out.Host = rt.host
	}
	trusted, connection := x.PeerTrusted(), r.Header["Connection"]
	out.Skip = func(name string) bool {
		switch name {
		case "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", PrincipalHeader, SubjectHeader, LevelHeader, ClientHeader:
			return true
		case "Forwarded", "X-Forwarded-Port", "X-Real-Ip":
			return !trusted
		}
		// An API may read underscores as dashes.
		if strings.IndexByte(name, '_') >= 0 && forged(name) {
			return true
		}
		return hop(name) || len(connection) > 0 && listed(connection, name)
	}
	out.Extra = make([]http1.Field, 0, 8)
	add := func(name, value string) { out.Extra = append(out.Extra, http1.Field{Name: name, Value: value}) }
	forwarded(x, r, trusted, add)
	if r.ProtoMajor == 2 {
		add("Via", "2.0 gatebook")
	} else {
		add("Via", "1.1 gatebook")
	}
	if len(r.Header["Te"]) > 0 && listed(r.Header["Te"], "trailers") {
		add("Te", "trailers")
	}
	if rt.ForwardIdentity {
		identity(x, add)
	}
	return out
}

// forged reports whether a name with underscores is one of those that only
// the gateway may write.
func forged(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
	return strings.HasPrefix(name, "gatebook-") || strings.HasPrefix(name, "x-forwarded-") || name == "x-real-ip"
}

// forwarded adds what the gateway saw of the client.
func forwarded(x *capture.Exchange, r *http.Request, trusted bool, add func(name, value string)) {
	host, proto, peer := r.Host, "http", ""
	if r.TLS != nil {
		proto = "https"
	}
	if x.Peer().IsValid() {
		peer = x.Peer().Addr().String()
	}
	if trusted {
		if v := r.Header["X-Forwarded-For"]; len(v) > 0 {
			peer = strings.Join(v, ", ") + ", " + peer
		}
		if v := r.Header.Get("X-Forwarded-Host"); v != "" {
			host = v
		}
		if v := r.Header.Get("X-Forwarded-Proto"); v != "" {
			proto = v
		}
	}
	if peer != "" {
		add("X-Forwarded-For", peer)
	}
	if host != "" {
		add("X-Forwarded-Host", host)
	}
	add("X-Forwarded-Proto", proto)
}

// identity adds who calls. What could not stand in a field is left out.
func identity(x *capture.Exchange, add func(name, value string)) {
	id := x.Identity()
	plain := func(name, value string) {
		for i := range len(value) {
			if value[i] < ' ' || value[i] == 0x7f {
				return
			}
		}
		if value != "" {
			add(name, value)
		}
	}
	plain(PrincipalHeader, id.Principal.ID)
	if id.Principal.Level >= 2 { // below that it is a claim
		plain(SubjectHeader, id.Subject)
		plain(ClientHeader, id.Credential.Client)
	}
	add(LevelHeader, strconv.Itoa(int(id.Principal.Level)))
}

// upgrade returns the protocol that a request asks to switch to. The upgrade
// to HTTP/2 in cleartext is ignored, as RFC 9113 has it: what passed through
// it would not be seen.
func upgrade(r *http.Request) string {
	up := r.Header["Upgrade"]
	if r.ProtoMajor != 1 || r.ProtoMinor == 0 || len(up) != 1 || !listed(r.Header["Connection"], "Upgrade") {
		return ""
	}
	if listed(up, "h2c") || strings.Contains(strings.ToLower(up[0]), "tls") {
		return ""
	}
	return up[0]
}
