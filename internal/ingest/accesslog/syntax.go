package accesslog

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// compile makes a pattern of a format as people have it in the configuration of
// a server.
func compile(server, format string) (*pattern, error) {
	p := &pattern{}
	var err error
	switch server {
	case "nginx":
		err = p.nginx(format)
	case "apache":
		err = p.apache(format)
	case "envoy":
		p.plain = true
		err = p.envoy(format)
	default:
		return nil, fmt.Errorf("formats of one's own are those of nginx, apache and envoy, not of %q", server)
	}
	if err != nil {
		return nil, err
	}
	return p, p.check()
}

// add adds a field and begins the text after it.
func (p *pattern) add(f field) {
	p.fields = append(p.fields, f)
	p.texts = append(p.texts, "")
}

// text adds to the text after the last field.
func (p *pattern) text(s string) {
	if len(p.texts) == 0 {
		p.texts = []string{""}
	}
	p.texts[len(p.texts)-1] += s
}

// check refuses a pattern that cannot be read, or that is none of a call, and
// gives the fields their shapes.
func (p *pattern) check() error {
	if len(p.fields) == 0 {
		return errors.New("the format has no field")
	}
	last := len(p.texts) - 1
	p.texts[last] = strings.TrimRight(p.texts[last], "\r\n")
	var at, what bool
	for i := range p.fields {
		f := &p.fields[i]
		before, after := p.texts[i], p.texts[i+1]
		if after == "" && i+1 < len(p.fields) {
			return fmt.Errorf("%s and %s have nothing between them, so that they cannot be told apart", f.name, p.fields[i+1].name)
		}
		if strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`) {
			if f.shape = quoted; p.plain {
				f.shape = raw
			}
		}
		at = at || f.is(timeFields)
		what = what || f.is(whatFields)
	}
	if !at {
		return errors.New("the format has no time: it wants one of " + strings.Join(timeFields, ", "))
	}
	if !what {
		return errors.New("the format has no request: it wants one of " + strings.Join(whatFields, ", "))
	}
	return nil
}

var (
	timeFields = []string{"$time_local", "$time_iso8601", "$msec", "%t", "%START_TIME%"}
	whatFields = []string{"$request", "$request_uri", "$uri", "%r", "%U", "%U%q", "%REQ(:PATH)%"}
)

// is reports whether a field is one of a list, whatever stands with its name.
func (f *field) is(list []string) bool {
	for _, name := range list {
		switch name {
		case f.name:
			return true
		case "%t":
			if strings.HasPrefix(f.name, "%{") && strings.HasSuffix(f.name, "}t") {
				return true
			}
		case "%START_TIME%":
			if strings.HasPrefix(f.name, "%START_TIME") {
				return true
			}
		case "%REQ(:PATH)%":
			if strings.HasPrefix(f.name, "%REQ(") && strings.Contains(strings.ToUpper(f.name), ":PATH") {
				return true
			}
		case "%r":
			if strings.HasPrefix(f.name, "%") && strings.HasSuffix(f.name, "r") && f.place {
				return true
			}
		}
	}
	return false
}

var (
	nginxDirective = regexp.MustCompile(`^\s*log_format\s+\S+\s+(?:escape=\w+\s+)?((?s:.*?));?\s*$`)
	nginxQuoted    = regexp.MustCompile(`'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"`)
	nginxVariable  = regexp.MustCompile(`\$(?:(\w+)|\{(\w+)\})`)
)

// nginx reads what stands in a log_format: the directive, or its text alone.
func (p *pattern) nginx(format string) error {
	if m := nginxDirective.FindStringSubmatch(format); m != nil {
		format = ""
		for _, q := range nginxQuoted.FindAllStringSubmatch(m[1], -1) {
			format += strings.NewReplacer(`\'`, `'`, `\"`, `"`, `\\`, `\`, `\t`, "\t").Replace(q[1] + q[2])
		}
	}
	at := 0
	for _, m := range nginxVariable.FindAllStringSubmatchIndex(format, -1) {
		p.text(format[at:m[0]])
		name := ""
		if m[2] >= 0 {
			name = format[m[2]:m[3]]
		} else {
			name = format[m[4]:m[5]]
		}
		p.add(nginxField(name))
		at = m[1]
	}
	p.text(format[at:])
	return nil
}

// nginxFields are nginx's variables, in its documentation's words.
var nginxFields = map[string]field{
	"remote_addr":            {set: setRemote},
	"remote_user":            {set: setUser, shape: free},
	"time_local":             {set: setAt(false, anyTime), shape: when},
	"time_iso8601":           {set: setAt(false, anyTime)},
	"msec":                   {set: setAt(false, anyTime)},
	"request":                {set: setRequest, shape: free, place: true},
	"request_method":         {set: setMethod},
	"request_uri":            {set: setTarget, shape: free, place: true},
	"uri":                    {set: setPath, shape: free, place: true},
	"document_uri":           {set: setPath, shape: free, place: true},
	"args":                   {set: setQuery, shape: free, place: true},
	"query_string":           {set: setQuery, shape: free, place: true},
	"server_protocol":        {set: setProto},
	"status":                 {set: setStatus},
	"body_bytes_sent":        {set: setSent},
	"request_time":           {set: setTook(time.Second)},
	"upstream_header_time":   {set: setFirst(time.Second), shape: free},
	"upstream_response_time": {shape: free},
	"upstream_connect_time":  {shape: free},
	"upstream_addr":          {shape: free},
	"upstream_status":        {shape: free},
	"host":                   {set: setHost},
	"server_name":            {set: setHost},
	"content_type":           {set: setHeader("Content-Type"), shape: free},
	"ssl_protocol":           {set: setTLSVersion},
	"ssl_cipher":             {set: setTLSCipher},
	"ssl_server_name":        {set: setTLSName},
	"ssl_client_s_dn":        {set: setTLSSubject, shape: free},
}

func nginxField(name string) field {
	f, ok := nginxFields[name]
	if !ok {
		f.shape = free
		switch {
		case name == "http_host":
			f.set = setHost
		case strings.HasPrefix(name, "http_"):
			f.set = setHeader(strings.ReplaceAll(name[5:], "_", "-"))
			f.place = name == "http_referer"
		case strings.HasPrefix(name, "sent_http_"):
			f.set = setAnswer(strings.ReplaceAll(name[10:], "_", "-"))
		case strings.HasPrefix(name, "cookie_"):
			f.set = setCookie(name[7:])
		case name == "bytes_sent", name == "request_length", name == "connection", name == "connection_requests", name == "pid", name == "server_port", name == "remote_port", name == "pipe", name == "scheme", name == "request_id":
			f.shape = word
		}
	}
	f.name = "$" + name
	return f
}

var (
	apacheDirective = regexp.MustCompile(`^\s*(?:LogFormat|CustomLog\s+\S+)\s+"((?:[^"\\]|\\.)*)"`)
	apacheField     = regexp.MustCompile(`%(?:!?[0-9,]+)?[<>]?(?:\{([^}]*)\})?(\^t[io]|\^FB|[a-zA-Z%])`)
)

// apache reads what stands in a LogFormat: the directive, or its text alone.
func (p *pattern) apache(format string) error {
	if m := apacheDirective.FindStringSubmatch(format); m != nil {
		format = m[1]
	}
	format = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\t`, "\t", `\n`, "").Replace(format)
	at := 0
	for _, m := range apacheField.FindAllStringSubmatchIndex(format, -1) {
		p.text(format[at:m[0]])
		at = m[1]
		arg := ""
		if m[2] >= 0 {
			arg = format[m[2]:m[3]]
		}
		letter := format[m[4]:m[5]]
		if letter == "%" {
			p.text("%")
			continue
		}
		if letter == "q" && len(p.fields) > 0 && p.texts[len(p.texts)-1] == "" && strings.HasSuffix(p.fields[len(p.fields)-1].name, "U") {
			f := &p.fields[len(p.fields)-1] // path and query, as one
			f.name, f.set = f.name+format[m[0]:m[1]], setTarget
			continue
		}
		if letter == "t" && arg == "" {
			p.text("[")
		}
		f, err := apacheValue(letter, arg)
		if err != nil {
			return err
		}
		f.name = format[m[0]:m[1]]
		p.add(f)
		if letter == "t" && arg == "" {
			p.text("]")
		}
	}
	p.text(format[at:])
	return nil
}

// apacheValue is the field of a letter of mod_log_config, and of mod_logio.
func apacheValue(letter, arg string) (f field, err error) {
	switch letter {
	case "h", "a":
		f.set = setRemote
		if arg != "" { // %{c}a: the peer, where mod_remoteip has put the client in its place
			f.set = nil
		}
	case "u":
		f = field{set: setUser, shape: free}
	case "t":
		return apacheTime(arg)
	case "r":
		f = field{set: setRequest, shape: free, place: true}
	case "m":
		f.set = setMethod
	case "U":
		f = field{set: setPath, shape: free, place: true}
	case "q":
		f = field{set: setQuery, shape: free, place: true}
	case "H":
		f.set = setProto
	case "s":
		f.set = setStatus
	case "b", "B":
		f.set = setSent
	case "D":
		f.set = setTook(time.Microsecond)
	case "T":
		unit, ok := map[string]time.Duration{"": time.Second, "s": time.Second, "ms": time.Millisecond, "us": time.Microsecond}[arg]
		if !ok {
			return f, fmt.Errorf("%%{%s}T: want %%{s}T, %%{ms}T or %%{us}T", clip(arg))
		}
		f.set = setTook(unit)
	case "v", "V":
		f.set = setHost
	case "i":
		f = field{set: setHeader(arg), shape: free, place: strings.EqualFold(arg, "Referer")}
		if strings.EqualFold(arg, "Host") {
			f.set = setHost
		}
	case "o":
		f = field{set: setAnswer(arg), shape: free}
	case "C":
		f = field{set: setCookie(arg), shape: free}
	case "x":
		f.shape = free
		switch strings.ToUpper(arg) {
		case "SSL_PROTOCOL":
			f.set = setTLSVersion
		case "SSL_CIPHER":
			f.set = setTLSCipher
		case "SSL_TLS_SNI":
			f.set = setTLSName
		case "SSL_CLIENT_S_DN":
			f.set = setTLSSubject
		}
	case "n", "e", "f", "R", "^ti", "^to":
		f.shape = free
	default: // l, p, P, k, X, I, O, S, A, L, ^FB: words that are not used
	}
	return f, nil
}

// apacheTime is the field of %t and %{...}t. Apache logs when a request came,
// but for end:.
func apacheTime(arg string) (f field, err error) {
	layout, end := strings.CutPrefix(arg, "end:")
	layout = strings.TrimPrefix(layout, "begin:")
	parse := anyTime
	switch layout {
	case "":
		f.shape = when
	case "sec", "msec", "usec":
		parse = unitTime(map[string]time.Duration{"sec": time.Second, "msec": time.Millisecond, "usec": time.Microsecond}[layout])
	case "msec_frac", "usec_frac":
		return f, fmt.Errorf("%%{%s}t is a part of a time: want the whole in one field, such as %%{usec}t", clip(arg))
	default:
		if layout, err = strftime(layout); err != nil {
			return f, err
		}
		if !strings.Contains(layout, "-0700") || !strings.Contains(layout, "06") {
			return f, fmt.Errorf("%%{%s}t: the time needs its year and its zone, as in %%{%%FT%%T%%z}t", clip(arg))
		}
		f.shape = when
		parse = func(v string) (time.Time, error) { return time.Parse(layout, v) }
	}
	f.set = setAt(!end, parse)
	return f, nil
}

var envoyOperator = regexp.MustCompile(`%([A-Z][A-Z_0-9]{2,})(?:\(([^)]*)\))?(?::(\d+))?%`)

// envoy reads a format string of Envoy's.
func (p *pattern) envoy(format string) error {
	format = strings.NewReplacer(`\n`, "", `\"`, `"`).Replace(format)
	at := 0
	for _, m := range envoyOperator.FindAllStringSubmatchIndex(format, -1) {
		p.text(format[at:m[0]])
		at = m[1]
		arg := ""
		if m[4] >= 0 {
			arg = format[m[4]:m[5]]
		}
		f := envoyField(format[m[2]:m[3]], arg)
		if f.name = format[m[0]:m[1]]; strings.HasPrefix(f.name, "%START_TIME(") {
			return fmt.Errorf("%s: only START_TIME without a format of its own can be read", clip(f.name))
		}
		p.add(f)
	}
	p.text(format[at:])
	return nil
}

// envoyField is the field of one of Envoy's command operators.
func envoyField(command, arg string) (f field) {
	first, _, _ := strings.Cut(arg, "?")
	switch command {
	case "START_TIME":
		f.set = setAt(true, anyTime)
	case "DURATION":
		f.set = setTook(time.Millisecond)
	case "RESPONSE_CODE":
		f.set = setStatus
	case "RESPONSE_FLAGS":
		f.set = setEnvoyFlags
	case "BYTES_RECEIVED":
		f.set = setReceived
	case "BYTES_SENT":
		f.set = setSent
	case "PROTOCOL":
		f.set = setProto
	case "DOWNSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT":
		f.set = setRemote
	case "DOWNSTREAM_TLS_VERSION":
		f.set = setTLSVersion
	case "DOWNSTREAM_TLS_CIPHER":
		f.set = setTLSCipher
	case "REQUESTED_SERVER_NAME":
		f.set = setTLSName
	case "DOWNSTREAM_PEER_SUBJECT":
		f = field{set: setTLSSubject, shape: free}
	case "UPSTREAM_TRANSPORT_FAILURE_REASON", "CONNECTION_TERMINATION_DETAILS", "RESPONSE_CODE_DETAILS":
		f.shape = free
	case "REQ":
		f.shape = free
		switch strings.ToUpper(first) {
		case ":METHOD":
			f = field{set: setMethod}
		case ":PATH", "X-ENVOY-ORIGINAL-PATH":
			f = field{set: setTarget, place: true}
		case ":AUTHORITY", "HOST":
			f = field{set: setHost}
		case ":SCHEME":
		case "REFERER":
			f.set, f.place = setHeader("Referer"), true
		default:
			f.set = setHeader(first)
		}
	case "RESP":
		f.shape = free
		if strings.EqualFold(first, "X-Envoy-Upstream-Service-Time") {
			f = field{set: setFirst(time.Millisecond)}
		} else {
			f.set = setAnswer(first)
		}
	}
	return f
}
