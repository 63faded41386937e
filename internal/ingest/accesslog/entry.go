package accesslog

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// entry is what a line says of a call. What is zero it does not say.
type entry struct {
	at    time.Time     // never zero
	begun bool          // at is when the call came, and not when it was over
	took  time.Duration // from the first byte of the request to the last of the answer
	timed bool          // took is known
	first time.Duration // until the header of the answer came from the API

	remote string // the other end of the socket: an address, or what stands in its place
	user   string

	method, target, proto string
	malformed             bool // there was something else in place of a request line, or of a method

	status         int
	sent, received uint64 // bytes of the bodies

	host           string
	header, answer http.Header // what was logged of them
	tls            event.TLS
	failure        string // a code of package capture
	partial        bool   // the line was cut short
}

// setter takes a value of a line. It is given no value that says that there is
// none: an empty one, or a hyphen.
type setter func(e *entry, v string) error

// maxValue bounds a value that is kept; the whole is in the original.
const maxValue = 8 << 10

func setRequest(e *entry, v string) error {
	method, rest, ok := strings.Cut(v, " ")
	target, proto := rest, ""
	if i := strings.LastIndexByte(rest, ' '); i >= 0 {
		target, proto = rest[:i], rest[i+1:]
	}
	if !ok || !isMethod(method) || target == "" || proto != "" && !isProto(proto) {
		e.malformed = true
		return nil
	}
	e.method, e.target, e.proto = method, target, proto
	return nil
}

func isMethod(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 24
}

func isProto(s string) bool { return strings.HasPrefix(s, "HTTP/") && len(s) <= 8 }

func setMethod(e *entry, v string) error {
	if !isMethod(v) {
		e.malformed = true
		return nil
	}
	e.method = v
	return nil
}

func setTarget(e *entry, v string) error { e.target = v; return nil }

// setPath and setQuery are of formats that log them apart.
func setPath(e *entry, v string) error {
	if _, query, ok := strings.Cut(e.target, "?"); ok {
		v += "?" + query
	}
	e.target = v
	return nil
}

func setQuery(e *entry, v string) error {
	path, _, _ := strings.Cut(e.target, "?")
	e.target = path + "?" + strings.TrimPrefix(v, "?")
	return nil
}

func setProto(e *entry, v string) error { e.proto = v; return nil }
func setUser(e *entry, v string) error  { e.user = v; return nil }
func setHost(e *entry, v string) error  { e.host = v; return nil }

// setRemote takes an address, with or without its port.
func setRemote(e *entry, v string) error { e.remote = v; return nil }

func setStatus(e *entry, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n != 0 && n != -1 && (n < 100 || n > 999) {
		return fmt.Errorf("%q is no status of HTTP", clip(v))
	}
	switch n {
	case 0, -1, 444, 499: // nginx closed the connection; the client did
		e.status = 0
		if n == 499 || n == 0 {
			e.failure = capture.ClientAborted
		}
	default:
		e.status = n
	}
	return nil
}

func setSent(e *entry, v string) (err error)     { e.sent, err = count(v); return err }
func setReceived(e *entry, v string) (err error) { e.received, err = count(v); return err }

func count(v string) (uint64, error) {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil || n > 1<<53 {
		return 0, fmt.Errorf("%q is no number of bytes", clip(v))
	}
	return n, nil
}

// setTook returns a setter of a duration in a unit.
func setTook(unit time.Duration) setter {
	return func(e *entry, v string) error {
		d, err := duration(v, unit)
		if err != nil {
			return err
		}
		e.took, e.timed = d, true
		return nil
	}
}

func setFirst(unit time.Duration) setter {
	return func(e *entry, v string) error {
		// nginx logs one for each server that it asked: "0.001, 0.002 : 0.003".
		v = strings.TrimSpace(v[strings.LastIndexAny(v, ",:")+1:])
		if d, err := duration(v, unit); err == nil {
			e.first = d
		}
		return nil
	}
}

var errDuration = errors.New("it is no duration")

func duration(v string, unit time.Duration) (time.Duration, error) {
	if d, err := time.ParseDuration(v); err == nil && d >= 0 {
		return d, nil // with its unit
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0) || f*float64(unit) > float64(365*24*time.Hour) {
		return 0, fmt.Errorf("%q: %w", clip(v), errDuration)
	}
	return time.Duration(f*float64(unit) + 0.5), nil
}

// setHeader returns a setter of a field of the request's header, setAnswer of
// the answer's.
func setHeader(name string) setter {
	name = http.CanonicalHeaderKey(name)
	return func(e *entry, v string) error {
		if e.header == nil {
			e.header = make(http.Header, 4)
		}
		e.header[name] = append(e.header[name], truncate(v))
		return nil
	}
}

func setAnswer(name string) setter {
	name = http.CanonicalHeaderKey(name)
	return func(e *entry, v string) error {
		if e.answer == nil {
			e.answer = make(http.Header, 4)
		}
		e.answer[name] = append(e.answer[name], truncate(v))
		return nil
	}
}

// setCookie returns a setter of one cookie of the request.
func setCookie(name string) setter {
	set := setHeader("Cookie")
	return func(e *entry, v string) error { return set(e, name+"="+v) }
}

func setTLSVersion(e *entry, v string) error {
	e.tls.Version = strings.TrimPrefix(strings.ToUpper(v), "TLSV")
	if e.tls.Version == "1" {
		e.tls.Version = "1.0"
	}
	return nil
}

func setTLSCipher(e *entry, v string) error {
	if strings.HasPrefix(v, "TLS_") { // others are not the names of IANA
		e.tls.Cipher = v
	}
	return nil
}

func setTLSName(e *entry, v string) error    { e.tls.ServerName = v; return nil }
func setTLSSubject(e *entry, v string) error { e.tls.Subject = v; return nil }

// address returns the address of the other end, and its port if it was logged.
func (e *entry) address() (netip.Addr, string) {
	if a, err := netip.ParseAddr(strings.Trim(e.remote, "[]")); err == nil {
		return a.WithZone("").Unmap(), ""
	}
	if ap, err := netip.ParseAddrPort(e.remote); err == nil {
		a := ap.Addr().WithZone("").Unmap()
		return a, netip.AddrPortFrom(a, ap.Port()).String()
	}
	// HAProxy writes addresses of IPv6 without brackets before the port.
	if i := strings.LastIndexByte(e.remote, ':'); i > 0 {
		a, err := netip.ParseAddr(e.remote[:i])
		if port, bad := strconv.ParseUint(e.remote[i+1:], 10, 16); err == nil && bad == nil {
			a = a.Unmap()
			return a, netip.AddrPortFrom(a, uint16(port)).String()
		}
	}
	return netip.Addr{}, truncate(e.remote) // a name, or a socket's
}

func truncate(s string) string {
	if len(s) > maxValue {
		s = s[:maxValue]
	}
	return s
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}
