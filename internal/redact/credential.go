package redact

import "strings"

// credential redacts a value that is a credential as a whole: the value of an
// Authorization field, of a key header, of a sensitive field. It returns what
// is put in its place, and the fingerprint. Only a value that names a scheme
// of HTTP authentication is more than one fingerprint. Scheme says that the
// value is that of an authorization field, where a scheme with parameters may
// stand.
func (c *Call) credential(value string, from source, scheme bool) (text, fp string) {
	v := trimSpan(value, 0, len(value))
	value = value[v.start:v.end]
	if value == "" {
		return value, ""
	}
	name, rest, ok := strings.Cut(value, " ")
	if !ok {
		fp = c.fingerprint(value, from)
		return fp, fp
	}
	rest = strings.Trim(rest, " ")
	switch kind := schemeKind(name); {
	case rest == "" || kind == unknownScheme || kind == paramScheme && !scheme:
		fp = c.fingerprint(value, from)
		return fp, fp
	case kind == basicScheme:
		user, password, ok := basicCredentials(rest)
		if !ok {
			break
		}
		fp = c.fingerprint(password, from)
		c.learn(rest, fp, max(from, fromField))
		return name + " " + user + ":" + fp, fp
	case kind == paramScheme || strings.HasPrefix(rest, "token="):
		return name + " " + c.params(rest), ""
	}
	fp = c.fingerprint(rest, from)
	return name + " " + fp, fp
}

// params redacts the parameters of a scheme such as Digest. Shapes are
// replaced in what is kept.
func (c *Call) params(s string) string {
	edits := c.shaped(nil, s, false)
	for pos := 0; pos < len(s); {
		end := pos
		for quoted := false; end < len(s) && (quoted || s[end] != ','); end++ {
			if s[end] == '"' {
				quoted = !quoted
			}
		}
		name, _, ok := strings.Cut(s[pos:end], "=")
		v := trimSpan(s, pos+len(name)+1, end)
		if ok && v.end-v.start >= 2 && s[v.start] == '"' {
			v.start++
			if s[v.end-1] == '"' {
				v.end--
			}
		}
		if name = strings.TrimSpace(name); ok && v.end > v.start && c.secretParam(name) {
			fp := c.fingerprint(s[v.start:v.end], fromCredential)
			edits = append(edits, edit{start: v.start, end: v.end, with: fp, name: name, fp: fp})
		} else if !ok {
			v = trimSpan(s, pos, end)
			fp := c.fingerprint(s[v.start:v.end], fromCredential)
			edits = append(edits, edit{start: v.start, end: v.end, with: fp, name: "authorization", fp: fp})
		}
		pos = end + 1
	}
	return c.apply(s, edits)
}

func (c *Call) secretParam(name string) bool {
	switch strings.ToLower(name) {
	case "response", "signature", "oauth_signature", "oauth_token", "mac", "cnonce", "proof":
		return true
	}
	return c.r.fields.has(name)
}

type scheme int

const (
	unknownScheme scheme = iota
	tokenScheme
	basicScheme
	paramScheme
)

// schemeKind says how the credentials of an HTTP authentication scheme are
// written.
func schemeKind(name string) scheme {
	if len(name) > 20 {
		return unknownScheme
	}
	var buf [20]byte
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	switch string(buf[:len(name)]) {
	case "bearer", "token", "dpop", "apikey", "negotiate", "ntlm", "gnap", "privatetoken", "sso-key", "splunk", "key":
		return tokenScheme
	case "basic":
		return basicScheme
	case "digest", "aws4-hmac-sha256", "oauth", "signature", "hawk", "mac", "sharedkey", "hmac":
		return paramScheme
	}
	return unknownScheme
}
