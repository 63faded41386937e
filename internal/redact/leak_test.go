package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
)

// secretKind makes secrets of one kind.
type secretKind struct {
	name   string
	head   int  // how much of the beginning is no secret
	shaped bool // it is found by its shape alone
	make   func(r *rand.Rand) string
}

func text(r *rand.Rand, set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[r.IntN(len(set))]
	}
	return string(b)
}

const (
	letters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	specials = letters + "!$%&/()=?+*#;:,.<>-_ \"'\\{}[]äß"
)

var secretKinds = []secretKind{
	{"jwt", 8, true, func(r *rand.Rand) string {
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		return part(`{"alg":"ES256","kid":"`+text(r, letters, 5)+`"}`) + "." + part(`{"sub":"`+text(r, letters, 12)+`"}`) + "." + text(r, letters, 43)
	}},
	{"aws", 4, true, func(r *rand.Rand) string { return "AKIA" + text(r, upper, 16) }},
	{"github", 4, true, func(r *rand.Rand) string { return "ghp_" + text(r, letters, 36) }},
	{"github-pat", 11, true, func(r *rand.Rand) string { return "github_pat_" + text(r, letters, 40) }},
	{"slack", 5, true, func(r *rand.Rand) string { return "xoxb-1" + text(r, letters, 30) }},
	{"stripe", 8, true, func(r *rand.Rand) string { return "sk_live_" + text(r, letters, 24) }},
	{"gatebook", 4, true, func(r *rand.Rand) string { return "gbk_" + text(r, letters, 32) }},
	{"pem", 32, true, func(r *rand.Rand) string {
		return "-----BEGIN RSA PRIVATE KEY-----\n" + text(r, letters, 64) + "\n" + text(r, letters, 20) + "\n-----END RSA PRIVATE KEY-----"
	}},
	{"opaque", 0, false, func(r *rand.Rand) string { return text(r, letters, 12+r.IntN(40)) }},
	{"base64", 0, false, func(r *rand.Rand) string {
		return base64.StdEncoding.EncodeToString([]byte(text(r, specials[:40], 12+r.IntN(40))))
	}},
	{"password", 0, false, func(r *rand.Rand) string {
		return text(r, letters, 1) + text(r, letters+"!$%&/()=?+*#;:,.<>-_\"'\\{}[]", 8+r.IntN(12)) + text(r, letters, 1)
	}},
}

// leak returns the part of the secret that shows in out: eight bytes of its
// beginning or end as they are, escaped, or decoded.
func leak(out, secret string, head int) string {
	body := secret[min(head, len(secret)-8):]
	forms := []string{body[:8], body[len(body)-8:]}
	quoted, _ := json.Marshal(body)
	forms = append(forms, string(quoted[1:min(9, len(quoted)-1)]), url.QueryEscape(body)[:8], url.PathEscape(body)[:8])
	for _, form := range forms {
		if strings.Contains(out, form) {
			return form
		}
	}
	return ""
}

// bodies are the places of a secret in a body that its name gives away.
var bodies = []struct {
	name, contentType string
	make              func(field, secret string) string
}{
	{"json", "application/json", func(f, s string) string {
		b, _ := json.Marshal(map[string]any{"a": "x", f: s, "z": 1})
		return string(b)
	}},
	{"json-indent", "application/json; charset=utf-8", func(f, s string) string {
		b, _ := json.MarshalIndent(map[string]any{"a": []any{map[string]any{f: s}}, "z": 1}, "", "  ")
		return string(b)
	}},
	{"json-under", "application/json", func(f, s string) string {
		b, _ := json.Marshal(map[string]any{f: map[string]any{"v": []string{s}}})
		return string(b)
	}},
	{"json-in-json", "application/json", func(f, s string) string {
		inner, _ := json.Marshal(map[string]string{f: s})
		b, _ := json.Marshal(map[string]string{"data": string(inner)})
		return string(b)
	}},
	{"json-pair", "application/json", func(f, s string) string {
		b, _ := json.Marshal([]any{struct{ Name, Value string }{f, s}})
		return string(b)
	}},
	{"json-broken", "application/json", func(f, s string) string {
		b, _ := json.Marshal(map[string]string{f: s})
		return `{"a":[1,},` + string(b[1:])
	}},
	{"json-as-form", "application/x-www-form-urlencoded", func(f, s string) string {
		b, _ := json.Marshal(map[string]string{f: s})
		return string(b)
	}},
	{"form", "application/x-www-form-urlencoded", func(f, s string) string {
		return "a=1&" + f + "=" + url.QueryEscape(s) + "&z=2"
	}},
	{"multipart", "multipart/form-data; boundary=XX", func(f, s string) string {
		return "--XX\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--XX\r\nContent-Disposition: form-data; name=\"" + f + "\"\r\n\r\n" + s + "\r\n--XX--\r\n"
	}},
	{"xml", "application/xml", func(f, s string) string {
		return "<r><a>1</a><" + f + ">" + strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s) + "</" + f + "></r>"
	}},
	{"text-quoted", "text/plain", func(f, s string) string { return "x\n" + f + ": " + fmt.Sprintf("%q", s) + "\ny" }},
}

var sensitiveFields = []string{"password", "clientSecret", "refresh_token", "api-key", "private_key", "pin"}

func check(t *testing.T, what, in, out, secret string, head int) {
	t.Helper()
	if part := leak(out, secret, head); part != "" {
		t.Fatalf("%s: %q survives\nin  %q\nout %q", what, part, in, out)
	}
}

// TestNoSecretByNameSurvives puts every kind of secret under every name in
// every kind of body, whole and cut at random.
func TestNoSecretByNameSurvives(t *testing.T) {
	red, rnd := newTest(t), rand.New(rand.NewPCG(1, 2))
	for range 6 {
		for _, kind := range secretKinds {
			for _, place := range bodies {
				for _, field := range sensitiveFields {
					secret := kind.make(rnd)
					body := place.make(field, secret)
					out, _ := red.Call().Body(place.contentType, []byte(body), false)
					check(t, kind.name+" in "+place.name+" "+field, body, string(out), secret, kind.head)
					if place.name == "json" && !json.Valid(out) {
						t.Fatalf("%s: not JSON any more: %s", kind.name, out)
					}
					for range 4 {
						cut := body[:rnd.IntN(len(body))]
						out, _ := red.Call().Body(place.contentType, []byte(cut), true)
						check(t, "cut "+kind.name+" in "+place.name+" "+field, cut, string(out), secret, kind.head)
					}
				}
			}
		}
	}
}

// TestNoShapedSecretSurvives puts secrets of known shape where no name gives
// them away.
func TestNoShapedSecretSurvives(t *testing.T) {
	red, rnd := newTest(t), rand.New(rand.NewPCG(3, 4))
	for range 40 {
		for _, kind := range secretKinds {
			if !kind.shaped {
				continue
			}
			secret := kind.make(rnd)
			pad := strings.Repeat("x ", rnd.IntN(4)) + strings.Repeat(" ", rnd.IntN(3))
			for _, place := range bodies {
				body := place.make("note", pad+secret)
				out, _ := red.Call().Body(place.contentType, []byte(body), false)
				check(t, kind.name+" in "+place.name, body, string(out), secret, kind.head)
				cut := body[:rnd.IntN(len(body))]
				out, _ = red.Call().Body(place.contentType, []byte(cut), true)
				check(t, "cut "+kind.name+" in "+place.name, cut, string(out), secret, kind.head)
			}
			q := "a=1&q=" + url.QueryEscape(secret)
			check(t, kind.name+" in query", q, red.Call().Query(q), secret, kind.head)
			p := "/a/" + url.PathEscape(secret) + "/b"
			check(t, kind.name+" in path", p, red.Call().Path(p), secret, kind.head)
			check(t, kind.name+" in header", secret, red.Call().Header("X-Note", pad+secret), secret, kind.head)
		}
	}
}

// TestNoKnownSecretSurvives lets an echoing server repeat the credential of
// the request.
func TestNoKnownSecretSurvives(t *testing.T) {
	red, rnd := newTest(t), rand.New(rand.NewPCG(5, 6))
	for range 40 {
		for _, kind := range secretKinds {
			secret := kind.make(rnd)
			if kind.name == "pem" {
				continue
			}
			c := red.Call()
			h := c.Header([]string{"Authorization", "X-Api-Key"}[rnd.IntN(2)], []string{"", "Bearer "}[rnd.IntN(2)]+secret)
			check(t, kind.name+" in header", secret, h, secret, kind.head)
			for _, place := range bodies {
				body := place.make("note", "x "+secret+" y")
				out, _ := c.Body(place.contentType, []byte(body), false)
				check(t, "known "+kind.name+" in "+place.name, body, string(out), secret, kind.head)
				cut := body[:rnd.IntN(len(body))]
				out, _ = c.Body(place.contentType, []byte(cut), true)
				check(t, "known cut "+kind.name+" in "+place.name, cut, string(out), secret, kind.head)
			}
			q := "a=1&q=" + url.QueryEscape(secret)
			check(t, kind.name+" in query", q, c.Query(q), secret, kind.head)
			p := "/a/" + url.PathEscape(secret) + "/b"
			check(t, kind.name+" in path", p, c.Path(p), secret, kind.head)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, place := range bodies {
		f.Add(place.contentType, place.make("password", opaque), uint16(7))
	}
	red := newTest(f)
	f.Fuzz(func(t *testing.T, contentType, body string, at uint16) {
		red.Call().Body(contentType, []byte(body), true)
		c := red.Call(Known{Value: opaque})
		i := min(int(at), len(body))
		in := body[:i] + opaque + body[i:]
		out, _ := c.Body(contentType, []byte(in), false)
		if !strings.Contains(body, opaque) && strings.Contains(string(out), opaque) {
			t.Errorf("known secret survives: %q -> %q", in, out)
		}
		again, ok := red.Call().Body(contentType, []byte(body), false)
		if twice, _ := red.Call().Body(contentType, again, false); ok && len(twice) > 8*len(again)+4096 {
			t.Errorf("grows: %q", body)
		}
	})
}

func FuzzJSONStaysJSON(f *testing.F) {
	f.Add(`{"password":["a",1,{"b":null}],"c":"\u0041"}`)
	f.Add(`[{"name":"token","value":"\"x"}]`)
	f.Add(`{"a":"{\"token\":\"x\\n\"}","pin":-1.5e3}`)
	red := newTest(f)
	f.Fuzz(func(t *testing.T, body string) {
		if !json.Valid([]byte(body)) {
			return
		}
		out, ok := red.Call().Body("application/json", []byte(body), false)
		if ok && !json.Valid(out) {
			t.Errorf("%q -> %q", body, out)
		}
	})
}

func FuzzHeaderQueryPath(f *testing.F) {
	f.Add("Authorization", "Digest a=\"b\", response=c")
	f.Add("Cookie", "a=b; ;c=\"d\";=")
	f.Add("Location", "//u:p@h/%zz;a=b?token=%#x")
	red := newTest(f)
	f.Fuzz(func(t *testing.T, name, value string) {
		c := red.Call()
		c.Header(name, value)
		c.Query(value)
		c.Path(value)
		c.URL(value)
	})
}
