package accesslog

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const haproxyTime = "02/Jan/2006:15:04:05.000"

// haproxy reads a line of HAProxy's HTTP log (option httplog, httpslog), whose
// request was not quoted with what could end the quotes:
//
//	10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
//
// The times have no zone.
func haproxy(line string, zone *time.Location, e *entry) ([]span, error) {
	n := strings.Index(line, ` "`)
	if n < 0 {
		return nil, fmt.Errorf("%%r: there is no request in quotes")
	}
	words := strings.Fields(line[:n])
	if len(words) < 11 {
		return nil, fmt.Errorf("the line has %d fields before the request, want 11: the format is that of option httplog", len(words))
	}
	e.remote = words[0]
	at, ok := strings.CutPrefix(words[1], "[")
	at, closed := strings.CutSuffix(at, "]")
	t, err := time.ParseInLocation(haproxyTime, at, zone)
	if !ok || !closed || err != nil {
		return nil, fmt.Errorf("%%tr: %q: want a time such as [06/Feb/2009:12:14:14.655]", clip(words[1]))
	}
	if err := setAt(true, func(string) (time.Time, error) { return t, nil })(e, at); err != nil {
		return nil, fmt.Errorf("%%tr: %w", err)
	}
	if err := haproxyTimers(words[4], e); err != nil {
		return nil, err
	}
	if err := setStatus(e, words[5]); err != nil {
		return nil, fmt.Errorf("%%ST: %w", err)
	}
	if err := setSent(e, strings.TrimPrefix(words[6], "+")); err != nil {
		return nil, fmt.Errorf("%%B: %w", err)
	}
	if e.failure = haproxyFailure(words[9]); e.failure != "" && e.status == 0 {
		e.sent = 0
	}
	from := n + 2
	end := strings.IndexByte(line[from:], '"')
	if end < 0 { // cut by the length of a line
		end, e.partial = len(line)-from, true
	}
	request := line[from : from+end]
	if request == "<BADREQ>" || request == "" {
		e.malformed = true
	} else if request = unhash(request); e.partial {
		e.method, e.target, _ = strings.Cut(request, " ")
	} else if err := setRequest(e, request); err != nil {
		return nil, err
	}
	if rest := line[min(from+end+1, len(line)):]; strings.TrimSpace(rest) != "" { // option httpslog
		haproxyTLS(strings.Fields(rest), e)
	}
	return []span{{from, from + end}}, nil
}

// haproxyTimers reads TR/Tw/Tc/Tr/Ta; -1 is a time that never came, and a plus
// sign stands before the last if the line was written before the end.
func haproxyTimers(v string, e *entry) error {
	parts := strings.Split(v, "/")
	if len(parts) != 5 {
		return fmt.Errorf("%%TR/%%Tw/%%Tc/%%Tr/%%Ta: %q: want five times", clip(v))
	}
	var ms [5]int64
	for i, p := range parts {
		n, err := strconv.ParseInt(strings.TrimPrefix(p, "+"), 10, 64)
		if err != nil || n < -1 || n > 365*24*3600*1000 {
			return fmt.Errorf("%%TR/%%Tw/%%Tc/%%Tr/%%Ta: %q is no number of milliseconds", clip(p))
		}
		ms[i] = n
	}
	if ms[4] >= 0 {
		e.took, e.timed = time.Duration(ms[4])*time.Millisecond, true
	}
	if ms[3] >= 0 {
		e.first = time.Duration(max(ms[0], 0)+max(ms[1], 0)+max(ms[2], 0)+ms[3]) * time.Millisecond
	}
	return nil
}

// haproxyTLS reads what option httpslog has at the end: errors, then the name
// that was asked for, version and cipher.
func haproxyTLS(words []string, e *entry) {
	parts := strings.Split(words[len(words)-1], "/")
	if len(parts) != 3 {
		return
	}
	for i, set := range []setter{setTLSName, setTLSVersion, setTLSCipher} {
		if parts[i] != "-" && parts[i] != "" {
			set(e, parts[i])
		}
	}
}

// unhash undoes HAProxy's way to write bytes that cannot stand in a log: #22.
func unhash(s string) string {
	if strings.IndexByte(s, '#') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
