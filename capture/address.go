package capture

import (
	"net/http"
	"net/netip"
	"strings"
)

// peerOf returns the other end of the socket; the zero AddrPort if it is not
// an IP socket.
func peerOf(remote string) netip.AddrPort {
	p, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// Trusted reports whether forwarding headers from addr are believed.
func (r *Recorder) Trusted(addr netip.Addr) bool { return trusted(r.trusted, addr) }

func trusted(list []netip.Prefix, addr netip.Addr) bool {
	for _, p := range list {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// clientAddress walks from the peer towards the client, as long as it comes
// from trusted proxies, and returns the last address that one of them vouches
// for. An entry that is no address ends the walk: what lies beyond is hearsay.
func clientAddress(proxies []netip.Prefix, by string, h http.Header, peer netip.Addr) netip.Addr {
	if len(proxies) == 0 || !trusted(proxies, peer) {
		return peer
	}
	at := peer
	lines := h[by]
	for i := len(lines) - 1; i >= 0; i-- {
		for rest := lines[i]; rest != ""; {
			var entry string
			if by == "Forwarded" {
				rest, entry = lastElement(rest)
				entry = forwardedFor(entry)
			} else if j := strings.LastIndexByte(rest, ','); j >= 0 {
				rest, entry = rest[:j], rest[j+1:]
			} else {
				rest, entry = "", rest
			}
			addr, ok := parseNode(entry)
			if !ok {
				return at
			}
			if at = addr; !trusted(proxies, at) {
				return at
			}
		}
	}
	return at
}

// ClientAddress returns the address of the client: of the peer, or as trusted
// proxies vouch for it. It is not valid if the peer has none.
func (x *Exchange) ClientAddress() netip.Addr {
	if !x.peer.IsValid() {
		return netip.Addr{}
	}
	return clientAddress(x.rec.trusted, x.rec.forwardedBy, x.r.Header, x.peer.Addr())
}

// lastElement cuts the last element of a list off, with regard to quotes.
func lastElement(s string) (before, last string) {
	quoted, cut := false, -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			cut = i
		}
	}
	if cut < 0 {
		return "", s
	}
	return s[:cut], s[cut+1:]
}

// forwardedFor returns the node of the for parameter of an element of a
// Forwarded field (RFC 7239); empty if it has none.
func forwardedFor(element string) string {
	for _, pair := range strings.Split(element, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		if ok && strings.EqualFold(name, "for") {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}

// parseNode reads an address with or without port, IPv6 in brackets or bare.
func parseNode(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.WithZone("").Unmap(), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().WithZone("").Unmap(), true
	}
	return netip.Addr{}, false
}

// forwardingHeaders are those that claim something about the client.
var forwardingHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Real-Ip"}

// maxForwarded bounds the forwarding values that are recorded apart from the
// headers; the event has all of them in its payload envelope.
const maxForwarded = 16

func forwardingValues(h http.Header) []string {
	var out []string
	for _, name := range forwardingHeaders {
		for _, v := range h[name] {
			if len(out) < maxForwarded {
				out = append(out, v)
			}
		}
	}
	return out
}
