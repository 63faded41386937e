package watch

import (
	"fmt"
	"strings"
	"testing"
)

// TestProperties shows which names are kept of a body, in one piece and byte
// by byte.
func TestProperties(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = fmt.Sprintf(`"%c%c":1`, 'a'+i/26, 'a'+i%26)
	}
	for _, f := range []struct{ kind, body, want string }{
		{"application/json", `{"name":"x","address":{"city":"y","geo":{"lat":1}}}`, "address address.city address.geo address.geo.lat name"},
		{"application/merge-patch+json; charset=utf-8", `{"role": "admin", "note": "a \" quote: {\"not\": 1}"}`, "note role"},
		{"application/json", `[{"id":1,"tags":["a","b"]},{"id":2,"extra":null}]`, "extra id tags"},
		{"application/json", `{"alice@example.com":1,"by_id":{"4711123":{"role":1}}}`, "* by_id by_id.* by_id.*.role"},
		{"application/json", `{"a":{"b":{"c":{"d":{"e":1}}}}}`, "a a.b a.b.c a.b.c.d"},
		{"application/json", `{"a\u0062":1,"` + strings.Repeat("x", 41) + `":2}`, "*"},
		{"application/json", `"only a text"`, ""},
		{"application/json", `}}]]{"a":[[[[[[[[[[[[[[[[{"deep":1}]]]]]]]]]]]]]]]],"b":1}`, "a b"},
		{"application/json", `{"a":1,"b`, "a"},
		{"application/x-www-form-urlencoded", "name=x&role=admin&tags[]=1&e%40x=2&last", "* last name role tags"},
		{"text/plain", `{"a":1}`, ""},
	} {
		whole, bytes := propertiesOf(f.kind), propertiesOf(f.kind)
		if whole == nil {
			if f.want != "" {
				t.Errorf("%s is not read", f.kind)
			}
			continue
		}
		whole.write([]byte(f.body))
		for i := range len(f.body) {
			bytes.write([]byte{f.body[i]})
		}
		if got := strings.Join(whole.list(), " "); got != f.want {
			t.Errorf("%s: got %q, want %q", f.body, got, f.want)
		}
		if got := strings.Join(bytes.list(), " "); got != f.want {
			t.Errorf("%s, byte by byte: got %q, want %q", f.body, got, f.want)
		}
	}
	p := propertiesOf("application/json")
	p.write([]byte("{" + strings.Join(many, ",") + "}"))
	if n := len(p.list()); n != maxProperties {
		t.Errorf("%d names of a body of 200 are kept, want %d", n, maxProperties)
	}
}

// TestTargets shows what is kept of values that point somewhere.
func TestTargets(t *testing.T) {
	for _, f := range []struct{ kind, body, want string }{
		{"application/json", `{"url":"https://Hooks.Evil.Example:8443/in?token=s3cr3t","secret":"x"}`, "hooks.evil.example"},
		{"application/json", `{"to":["a@partner.example","b@partner.example","c@other.example"]}`, "other.example partner.example"},
		{"application/json", `{"dest":"s3://my-bucket/key","u":"https:\/\/x.example\/y","p":"http://user:pw@h.example/"}`, "h.example s3://my-bucket x.example"},
		{"application/json", `{"https://not.a.value/":1,"time":"12:00","text":"write to me @ home","x":"javascript://y.example","n":"@handle"}`, ""},
		{"application/json", `{"hook":"http://192.0.2.7:9000/x"}`, "192.0.2.7"},
		{"application/x-www-form-urlencoded", "callback=https%3A%2F%2Fevil.example%2Fx&mail=a%40b.example&plain=1", "b.example evil.example"},
	} {
		whole, bytes := propertiesOf(f.kind), propertiesOf(f.kind)
		whole.write([]byte(f.body))
		for i := range len(f.body) {
			bytes.write([]byte{f.body[i]})
		}
		whole.list()
		bytes.list()
		if got := strings.Join(whole.pointsTo(), " "); got != f.want {
			t.Errorf("%s: got %q, want %q", f.body, got, f.want)
		}
		if got := strings.Join(bytes.pointsTo(), " "); got != f.want {
			t.Errorf("%s, byte by byte: got %q, want %q", f.body, got, f.want)
		}
	}
}

func FuzzProperties(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,{"c":"d\""}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []string{"application/json", "application/x-www-form-urlencoded"} {
			p := propertiesOf(kind)
			p.write(b)
			for _, name := range p.list() {
				if len(name) > (maxDepth+1)*(maxName+1) {
					t.Fatalf("%q is too long", name)
				}
			}
		}
	})
}

func BenchmarkProperties(b *testing.B) {
	body := []byte("{" + strings.Repeat(`"name":"some text that is a value","items":[{"id":12345,"price":9.5}],`, 28) + `"end":1}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p := propertiesOf("application/json")
		p.write(body)
		p.list()
	}
}
