package accesslog

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// format is a form of line that can be read.
type format struct {
	name    string // as people choose it
	form    string // which of the forms of that name
	pattern *pattern
	names   names
	wants   string // of a JSON object: a member that it must have, in lower case
	checked bool   // the server logs names of users only if it has checked them
	unzoned bool   // its times have no zone
}

// Formats are the names of formats that people choose. Those of nginx and
// Apache httpd have the forms of combined as well.
var Formats = []string{"apache", "caddy", "combined", "envoy", "haproxy", "nginx", "traefik"}

func text(name, form, server, line string) *format {
	p, err := compile(server, line)
	if err != nil {
		panic("the format " + form + " is our own: " + err.Error())
	}
	return &format{name: name, form: form, pattern: p}
}

const (
	common   = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent`
	combined = common + ` "$http_referer" "$http_user_agent"`
)

// formats are all forms, those that say more before those that say less.
var formats = func() []*format {
	list := []*format{
		{name: "caddy", form: "Caddy's JSON", names: caddyNames, wants: "request", checked: true},
		{name: "traefik", form: "Traefik's JSON", names: traefikNames, wants: "requestmethod", checked: true},
		{name: "envoy", form: "Envoy's JSON", names: envoyNames, wants: "response_code"},
		{name: "nginx", form: "JSON with the names of nginx's variables", names: nginxNames},
		{name: "haproxy", form: "HAProxy's option httplog", unzoned: true},
		text("envoy", "Envoy's default", "envoy", `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% `+
			`%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"`),
		text("envoy", "Istio's default", "envoy", `[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% `+
			`"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" `+
			`"%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% %UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%`),
		traefikText(),
		text("combined", "combined, with the times and forwarded-for", "nginx", combined+` "$http_x_forwarded_for" $request_time $upstream_response_time`),
		text("combined", "combined, with forwarded-for and the time", "nginx", combined+` "$http_x_forwarded_for" $request_time`),
		text("combined", "combined, with the time and forwarded-for", "nginx", combined+` $request_time "$http_x_forwarded_for"`),
		text("combined", "combined, with the times", "nginx", combined+` $request_time $upstream_response_time`),
		text("combined", "combined, with the time", "nginx", combined+` $request_time`),
		text("combined", "combined, with forwarded-for", "nginx", combined+` "$http_x_forwarded_for"`),
		text("combined", "combined", "nginx", combined),
		text("combined", "common", "nginx", common),
		text("apache", "Apache's vhost_combined", "apache", `%v:%p %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"`),
	}
	list[len(list)-1].checked = true // vhost_combined
	return list
}()

// traefikText is Traefik's variant of the common log format, which it escapes
// nothing in.
func traefikText() *format {
	f := text("traefik", "Traefik's common log format", "nginx", `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $connection_requests "$router" "$server" ${request_time}ms`)
	f.checked = true
	f.pattern.plain = true
	for i := range f.pattern.fields {
		x := &f.pattern.fields[i]
		switch {
		case x.shape == quoted:
			x.shape = raw
		case x.name == "$time_local":
			x.set = setAt(true, anyTime)
		case x.name == "$request_time":
			x.set = setTook(time.Millisecond)
		}
	}
	return f
}

// own returns the format that a server's configuration describes.
func own(server, line string) (*format, error) {
	if server == "" {
		switch {
		case strings.Contains(line, "$"):
			server = "nginx"
		case envoyOperator.MatchString(line):
			server = "envoy"
		case strings.Contains(line, "%"):
			server = "apache"
		}
	}
	p, err := compile(server, line)
	if err != nil {
		return nil, fmt.Errorf("the format of the lines: %w", err)
	}
	return &format{name: server, form: "a format of your own", pattern: p, checked: server == "apache"}, nil
}

// parse reads a line into e, and returns where its addresses are.
func (f *format) parse(line string, zone *time.Location, e *entry) (places []span, err error) {
	switch {
	case f.names != nil:
		if err = f.names.parse(line, e); err == nil && e.method == "" && e.target == "" && e.status == 0 && !e.malformed {
			err = errors.New("it has no request")
		}
	case f.pattern == nil:
		places, err = haproxy(line, zone, e)
	default:
		var spans []span
		spans, err = f.pattern.parse(line, e)
		for i, s := range spans {
			if f.pattern.fields[i].place {
				places = append(places, s)
			}
		}
	}
	if err == nil && e.at.IsZero() {
		err = errors.New("it has no time")
	}
	return places, err
}

// detect returns the format that most of the lines have, of all or of those of
// one name; an error if fewer than half have one.
func detect(name string, lines []string, zone *time.Location) (*format, error) {
	var best *format
	most := 0
	for _, f := range formats {
		if !f.called(name) {
			continue
		}
		fit := 0
		for _, line := range lines {
			if f.fits(line, zone) {
				fit++
			}
		}
		if fit > most {
			best, most = f, fit
		}
	}
	if 2*most < len(lines) || best == nil {
		of := "of the formats " + strings.Join(Formats, ", ")
		if name != "" {
			of = "of " + name
		}
		return nil, fmt.Errorf("most of the first %d lines have none of the forms %s that are known; if the format is your own, give the text of its log_format or LogFormat", len(lines), of)
	}
	return best, nil
}

// called reports whether people mean this form by a name.
func (f *format) called(name string) bool {
	return name == "" || f.name == name || f.name == "combined" && (name == "nginx" || name == "apache")
}

func (f *format) fits(line string, zone *time.Location) bool {
	if f.wants != "" {
		members, err := objectOf(line)
		if err != nil || !has(members, f.wants) {
			return false
		}
	}
	_, err := f.parse(line, zone, new(entry))
	return err == nil
}

func has[V any](members map[string]V, name string) bool {
	for k := range members {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}
