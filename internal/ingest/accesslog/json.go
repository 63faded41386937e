package accesslog

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// names are the setters of a JSON format, by the path of a member in lower
// case: "status", "request.method". A name that ends in a point stands for all
// members below it, which are headers.
type names map[string]setter

// nginxNames are those that people give to nginx's variables.
var nginxNames = func() names {
	n := make(names)
	for name, f := range nginxFields {
		if f.set != nil {
			n[name] = f.set
		}
	}
	alias := func(set setter, list ...string) {
		for _, name := range list {
			n[name] = set
		}
	}
	alias(setAt(false, anyTime), "time", "timestamp", "@timestamp", "ts", "time_unix", "date", "datetime")
	alias(setRemote, "client_ip", "clientip", "client", "remote_ip", "ip", "remote")
	alias(setUser, "user")
	alias(setMethod, "method", "http_method", "verb")
	alias(setTarget, "url", "request_path")
	alias(setPath, "path")
	alias(setQuery, "query")
	alias(setProto, "protocol", "http_version")
	alias(setStatus, "response_status", "response", "code", "status_code", "http_status")
	alias(setSent, "bytes", "body_bytes", "size", "response_size")
	alias(setTook(time.Second), "duration", "response_time", "responsetime", "request_duration")
	alias(setHeader("User-Agent"), "http_user_agent", "user_agent", "useragent", "agent")
	alias(setHeader("Referer"), "http_referer", "http_referrer", "referer", "referrer")
	alias(setHeader("X-Forwarded-For"), "http_x_forwarded_for", "x_forwarded_for", "xff", "forwarded_for")
	alias(setHost, "http_host", "vhost", "server", "domain")
	alias(setHeader("Traceparent"), "http_traceparent", "traceparent")
	alias(setHeader("X-Request-Id"), "http_x_request_id", "request_id")
	alias(setAnswer("Content-Type"), "sent_http_content_type")
	return n
}()

var caddyNames = names{
	"ts": setAt(false, anyTime), "duration": setTook(time.Second), "status": setStatus, "size": setSent, "bytes_read": setReceived, "user_id": setUser,
	"request.remote_ip": setRemote, "request.remote_addr": setRemote, "request.method": setMethod, "request.uri": setTarget, "request.proto": setProto, "request.host": setHost,
	"request.tls.server_name": setTLSName, "request.tls.version": setCaddyTLS, "request.tls.client_subject": setTLSSubject,
	"request.headers.": nil, "resp_headers.": nil,
}

// setCaddyTLS takes the number of a version of TLS on the wire.
func setCaddyTLS(e *entry, v string) error {
	e.tls.Version = map[string]string{"769": "1.0", "770": "1.1", "771": "1.2", "772": "1.3", "tls1.2": "1.2", "tls1.3": "1.3"}[v]
	return nil
}

var traefikNames = names{
	"startutc": setAt(true, anyTime), "duration": setTook(time.Nanosecond), "clientaddr": setRemote, "clientusername": setUser,
	"requesthost": setHost, "requestmethod": setMethod, "requestpath": setTarget, "requestprotocol": setProto, "requestcontentsize": setReceived,
	"downstreamstatus": setStatus, "downstreamcontentsize": setSent, "originduration": setFirst(time.Nanosecond),
	"tlsversion": setTLSVersion, "tlscipher": setTLSCipher, "tlsclientsubject": setTLSSubject,
}

var envoyNames = names{
	"start_time": setAt(true, anyTime), "duration": setTook(time.Millisecond), "method": setMethod, "path": setTarget, "protocol": setProto, "response_code": setStatus,
	"response_flags": setEnvoyFlags, "bytes_received": setReceived, "bytes_sent": setSent, "authority": setHost, "downstream_remote_address": setRemote,
	"user_agent": setHeader("User-Agent"), "x_forwarded_for": setHeader("X-Forwarded-For"), "request_id": setHeader("X-Request-Id"), "referer": setHeader("Referer"),
	"upstream_service_time": setFirst(time.Millisecond), "requested_server_name": setTLSName, "traceparent": setHeader("Traceparent"),
	"x-envoy-upstream-service-time": setFirst(time.Millisecond), "user-agent": setHeader("User-Agent"), "x-forwarded-for": setHeader("X-Forwarded-For"), "x-request-id": setHeader("X-Request-Id"), ":authority": setHost,
}

// maxNested bounds the objects in an object that are looked into.
const maxNested = 4

// parse reads a line that is a JSON object into e.
func (n names) parse(line string, e *entry) error {
	members, err := objectOf(line)
	if err != nil {
		return err
	}
	return n.object("", members, e, 0)
}

// object sets the members of an object, in the order of their names, so that
// the same line is always the same entry.
func (n names) object(prefix string, members map[string]json.RawMessage, e *entry, depth int) error {
	keys := make([]string, 0, len(members))
	for k := range members {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		name, v := strings.ToLower(prefix+k), members[k]
		if len(v) > 0 && v[0] == '{' {
			var inner map[string]json.RawMessage
			if json.Unmarshal(v, &inner) != nil {
				continue
			}
			if _, header := n[name+"."]; header {
				headers(name, inner, e)
			} else if depth < maxNested {
				if err := n.object(name+".", inner, e, depth+1); err != nil {
					return err
				}
			}
			continue
		}
		set := n[name]
		if set == nil {
			set = headerMember(k)
		}
		if set == nil {
			continue
		}
		if s := scalar(v); s != "" && s != "-" {
			if err := set(e, s); err != nil {
				return fmt.Errorf("%s%s: %w", prefix, clip(k), err)
			}
		}
	}
	return nil
}

// headerMember returns the setter of a member that is named after a header by a
// rule: nginx's http_x_y, Traefik's request_X-Y and downstream_X-Y.
func headerMember(k string) setter {
	switch {
	case strings.HasPrefix(k, "http_"):
		return setHeader(strings.ReplaceAll(k[5:], "_", "-"))
	case strings.HasPrefix(k, "sent_http_"):
		return setAnswer(strings.ReplaceAll(k[10:], "_", "-"))
	case strings.HasPrefix(k, "request_") && strings.ToLower(k) != k:
		return setHeader(k[8:])
	case strings.HasPrefix(k, "downstream_") && strings.ToLower(k) != k:
		return setAnswer(k[11:])
	}
	return nil
}

// headers takes an object of lists of values.
func headers(name string, members map[string]json.RawMessage, e *entry) {
	for k, raw := range members {
		var values []string
		if json.Unmarshal(raw, &values) != nil {
			values = []string{scalar(raw)}
		}
		set := setHeader(k)
		if strings.HasPrefix(name, "resp") {
			set = setAnswer(k)
		}
		for _, v := range values {
			set(e, v)
		}
	}
}

// scalar returns a JSON value as text; empty for null, lists and objects.
func scalar(v json.RawMessage) string {
	switch {
	case len(v) == 0 || v[0] == '{' || v[0] == '[' || string(v) == "null":
		return ""
	case v[0] == '"':
		var s string
		if json.Unmarshal(v, &s) != nil {
			return ""
		}
		return s
	}
	return string(v)
}

// objectOf reads an object. What nginx escapes in a log that looks like JSON,
// and was not told to be (escape=json), is no JSON: \x22. Bytes that are no text
// are percent-encoded, as they should have been in an address.
func objectOf(line string) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if strings.Contains(line, `\x`) {
		line = fromHex(line)
	}
	err := json.Unmarshal([]byte(percent(line, func(rune) bool { return true })), &members)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("it is no JSON: %v, at byte %d", err, syntax.Offset)
	case err != nil || members == nil:
		return nil, errors.New("it is no JSON object")
	}
	return members, nil
}

// fromHex undoes \x22, which JSON does not have.
func fromHex(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if s[i] != 'x' || i+2 >= len(s) {
			b = append(b, '\\', s[i])
			continue
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		switch {
		case err != nil:
			b = append(b, '\\', 'x')
			continue
		case n < 0x80:
			b = fmt.Appendf(b, `\u00%02x`, n)
		default:
			b = append(b, byte(n))
		}
		i += 2
	}
	return string(b)
}

// addresses returns where the texts of a JSON value are that hold an address:
// without the quotes.
func addresses(line string) (list []span) {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	for {
		from := d.InputOffset()
		t, err := d.Token()
		if err != nil {
			return list
		}
		if s, ok := t.(string); ok && strings.ContainsAny(s, "/?") {
			raw := line[from:d.InputOffset()]
			if q := strings.IndexByte(raw, '"'); q >= 0 {
				list = append(list, span{int(from) + q + 1, int(d.InputOffset()) - 1})
			}
		}
	}
}
