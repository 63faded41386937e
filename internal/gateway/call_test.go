package gateway_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/gateway"
)

// echo answers with the header that it saw, as JSON.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	r.Header.Set("Host", r.Host)
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(r.Header)
})

func (st *story) echoed(path string, header ...string) http.Header {
	st.t.Helper()
	_, body := st.do("GET", path, "", header...)
	var h http.Header
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		st.t.Fatalf("%v in %q", err, body)
	}
	return h
}

func TestForwardingHeaders(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8")}
	tests := []struct {
		name    string
		trusted []netip.Prefix
		by      string
		header  []string
		address string // in the event
		sent    string // X-Forwarded-For to the API
	}{
		{"none", nil, "", nil, "127.0.0.1", "127.0.0.1"},
		{"forged", nil, "", []string{"X-Forwarded-For", "1.2.3.4", "X-Real-Ip", "1.2.3.4", "Forwarded", "for=1.2.3.4"}, "127.0.0.1", "127.0.0.1"},
		{"trusted", loopback, "", []string{"X-Forwarded-For", "1.2.3.4"}, "1.2.3.4", "1.2.3.4, 127.0.0.1"},
		{"forged before trusted", loopback, "", []string{"X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.0.0.1"}, "1.2.3.4", "6.6.6.6, 1.2.3.4, 10.0.0.1, 127.0.0.1"},
		{"two lines", loopback, "", []string{"X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "1.2.3.4"}, "1.2.3.4", "6.6.6.6, 1.2.3.4, 127.0.0.1"},
		{"not an address", loopback, "", []string{"X-Forwarded-For", "1.2.3.4, unknown, 10.0.0.1"}, "10.0.0.1", "1.2.3.4, unknown, 10.0.0.1, 127.0.0.1"},
		{"IPv6", loopback, "", []string{"X-Forwarded-For", "[2001:db8::1]:4711"}, "2001:db8::1", "[2001:db8::1]:4711, 127.0.0.1"},
		{"Forwarded", loopback, "Forwarded", []string{"Forwarded", `for=6.6.6.6, for="[2001:db8::2]:1";proto=https`, "X-Forwarded-For", "7.7.7.7"}, "2001:db8::2", "7.7.7.7, 127.0.0.1"},
		{"Forwarded with quoted comma", loopback, "Forwarded", []string{"Forwarded", `for=1.2.3.4;by="a, for=6.6.6.6"`}, "1.2.3.4", "127.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := start(t, setup{api: echo, recorder: capture.Config{TrustedProxies: tt.trusted, ForwardedBy: tt.by}})
			h := st.echoed("/", tt.header...)
			if got := strings.Join(h["X-Forwarded-For"], "|"); got != tt.sent {
				t.Errorf("the API saw %q, want %q", got, tt.sent)
			}
			if tt.trusted == nil && (h["Forwarded"] != nil || h["X-Real-Ip"] != nil) {
				t.Errorf("the API saw %v", h)
			}
			if e := st.next(); e.Who.Address != tt.address || !strings.HasPrefix(e.Who.Peer, "127.0.0.1:") || len(e.Who.Forwarded) != len(tt.header)/2 {
				t.Errorf("event: %+v, want %s", e.Who, tt.address)
			}
		})
	}
}

// one is an identifier that knows one token.
type one struct{}

func (one) KeySources() (keyHeaders, keyQuery, headers []string) {
	return []string{"X-Api-Key"}, []string{"key"}, nil
}

func (one) Identify(_ context.Context, ev *capture.Evidence) capture.Identity {
	id := capture.Identity{Principal: event.Principal{Kind: event.Anonymous}, Credential: event.Credential{Method: "none"}}
	for _, k := range ev.Keys {
		id.Secrets = append(id.Secrets, k)
		if k == "correct-horse-battery" {
			id.Principal = event.Principal{Kind: event.User, ID: "p_1", Level: event.LevelVerified}
			id.Subject = "ann"
		}
	}
	return id
}

func TestHopsAndIdentity(t *testing.T) {
	st := start(t, setup{api: echo, recorder: capture.Config{Identifier: one{}}, route: gateway.Route{ForwardIdentity: true}})
	h := st.echoed("/", "X-Api-Key", "correct-horse-battery", "Gatebook-Principal", "forged", "Gatebook_Level", "9",
		"Connection", "X-Hop", "X-Hop", "1", "Keep-Alive", "1", "Te", "trailers, deflate", "Proxy-Authorization", "x", "Via", "1.0 a")
	for name, want := range map[string]string{
		"Gatebook-Principal": "p_1", "Gatebook-Level": "3", "Gatebook-Subject": "ann", "Gatebook_Level": "", "X-Hop": "", "Keep-Alive": "",
		"Te": "trailers", "Proxy-Authorization": "", "Connection": "", "Via": "1.0 a|1.1 gatebook", "X-Api-Key": "correct-horse-battery",
	} {
		if got := strings.Join(h[name], "|"); got != want {
			t.Errorf("%s: the API saw %q, want %q", name, got, want)
		}
	}
}

func TestRequiredLevel(t *testing.T) {
	st := start(t, setup{api: echo, recorder: capture.Config{Identifier: one{}}, route: gateway.Route{Level: event.LevelVerified}})
	for key, want := range map[string]int{"": 401, "wrong": 401, "correct-horse-battery": 200} {
		res, _ := st.do("GET", "/", "", "X-Api-Key", key)
		e := st.next()
		denied := e.Outcome.Decision == capture.Denied && e.Outcome.Reason == capture.LevelTooLow
		if res.StatusCode != want || e.Outcome.Status != want || denied != (want != 200) || (res.Header.Get("WWW-Authenticate") == "") != (want == 200) {
			t.Errorf("%q: got %d, event %+v", key, res.StatusCode, e.Outcome)
		}
	}
}

// TestSecretsStayOut puts a secret into every place of a call and its answer.
func TestSecretsStayOut(t *testing.T) {
	const secret = "s3cr3t-Token-0123456789"
	st := start(t, setup{
		recorder: capture.Config{Identifier: one{}},
		api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Set-Cookie", "session="+secret)
			w.Header().Set("Location", "/x?key="+secret)
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprintf(z, `{"seen":"%s","visible":1}`, secret)
			z.Close()
			w.Header().Set(http.TrailerPrefix+"X-Seen", secret)
		}),
	})
	req, _ := http.NewRequest("POST", st.url+"/by/"+secret+"?key="+secret+"&a=1", io.MultiReader(strings.NewReader(`{"password":"`+secret+`","a":"`+secret+`"}`)))
	req.Header = http.Header{
		"X-Api-Key": {secret}, "Authorization": {"Bearer " + secret}, "Cookie": {"sid=" + secret}, "User-Agent": {"agent " + secret},
		"X-Forwarded-For": {secret}, "Content-Type": {"application/json"}, "X-Note": {secret},
	}
	req.Trailer = http.Header{"X-Last": {secret}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	e := st.next()
	sealed, err := e.Seal(new([event.Classes]event.Salt))
	if err != nil {
		t.Fatal(err)
	}
	parts := [][]byte{sealed.Header}
	for _, env := range sealed.Envelopes {
		parts = append(parts, env.Data)
	}
	for i, p := range parts {
		if bytes.Contains(p, []byte(secret)) {
			t.Errorf("part %d of the event has the secret: %s", i, p)
		}
	}
	if e.Payload.Response.Body == "" || !strings.Contains(e.Payload.Response.Body, `"visible":1`) {
		t.Errorf("the answer was not recorded: %q", e.Payload.Response.Body)
	}
}

func TestBodiesThatCannotBeJudged(t *testing.T) {
	for coding, body := range map[string]string{"br": "0123456789", "": "\x00\x01\x02\xff\xfe binary"} {
		st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			if coding != "" {
				w.Header().Set("Content-Encoding", coding)
			}
			io.WriteString(w, body)
		})})
		st.do("GET", "/", "")
		if e := st.next(); e.Payload.Response.Body != "" || !e.Response.Truncated || e.Response.Bytes != uint64(len(body)) || e.Payload.Response.SHA256 == "" {
			t.Errorf("%q: event: %+v %+v", coding, e.Response, e.Payload.Response)
		}
	}
}

func TestRefusals(t *testing.T) {
	st := start(t, setup{api: echo, route: gateway.Route{Path: "/api", Methods: []string{"GET", "POST"}, MaxBody: 10}})
	tests := []struct {
		name, request string
		status        int
		code          string
	}{
		{"no route", "GET /other HTTP/1.1\r\nHost: a\r\n\r\n", 404, capture.NoRoute},
		{"prefix of a word", "GET /apis HTTP/1.1\r\nHost: a\r\n\r\n", 404, capture.NoRoute},
		{"method", "PUT /api HTTP/1.1\r\nHost: a\r\n\r\n", 404, capture.NoRoute},
		{"dots", "GET /api/../x HTTP/1.1\r\nHost: a\r\n\r\n", 400, capture.RequestMalformed},
		{"encoded dots", "GET /api/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, capture.RequestMalformed},
		{"encoded slash", "GET /x%2f..%2fapi HTTP/1.1\r\nHost: a\r\n\r\n", 400, capture.RequestMalformed},
		{"backslash", "GET /api\\..\\x HTTP/1.1\r\nHost: a\r\n\r\n", 400, capture.RequestMalformed},
		{"harmless dots", "GET /api/./a/..b HTTP/1.1\r\nHost: a\r\n\r\n", 200, ""},
		{"connect", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405, capture.MethodRefused},
		{"body too large", "POST /api HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n01234567890", 413, capture.BodyTooLarge},
		{"chunks too large", "POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n", 413, capture.BodyTooLarge},
		{"not HTTP", "hello, is this HTTP?\r\n\r\n", 400, capture.RequestMalformed},
		{"no host", "GET / HTTP/1.1\r\n\r\n", 400, capture.RequestMalformed},
		{"bad coding", "GET /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501, capture.RequestMalformed},
		{"length and length", "GET /api HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, capture.RequestMalformed},
		{"long header", "GET /api HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n", 431, capture.HeaderTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", st.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			go io.WriteString(c, tt.request)
			res, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			e := st.next()
			if res.StatusCode != tt.status || e.Outcome.Status != tt.status || e.Outcome.Error != tt.code || e.Who.Peer != c.LocalAddr().String() {
				t.Errorf("got %d, event %+v from %s, want %d %s", res.StatusCode, e.Outcome, e.Who.Peer, tt.status, tt.code)
			}
		})
	}
}

func TestTheMostExactRouteWins(t *testing.T) {
	st := start(t, setup{api: echo})
	up := gateway.Upstream{URL: parse(t, st.api.URL)}
	set := func(routes ...gateway.Route) error {
		for i := range routes {
			routes[i].Upstream = up
		}
		return st.gw.Swap(routes)
	}
	err := set(
		gateway.Route{Name: "any"}, gateway.Route{Name: "v1", Path: "/v1/"}, gateway.Route{Name: "post", Path: "/v1", Methods: []string{"POST"}},
		gateway.Route{Name: "deep", Path: "/v1/a/b"}, gateway.Route{Name: "host", Hosts: []string{"API.example.com"}, Path: "/v1"},
		gateway.Route{Name: "wild", Hosts: []string{"*.example.com"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	f := func(method, host, path, want string) {
		t.Helper()
		req, _ := http.NewRequest(method, st.url+path, nil)
		req.Host = host
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
		if e := st.next(); e.Capture.Route != want {
			t.Errorf("%s %s%s: got %q, want %q", method, host, path, e.Capture.Route, want)
		}
	}
	f("GET", "x", "/", "any")
	f("GET", "x", "/v1", "v1")
	f("GET", "x", "/v10", "any")
	f("POST", "x", "/v1/a", "post")
	f("GET", "x", "/v1/a/b/c", "deep")
	f("GET", "api.example.com:8080", "/v1/a/b", "host")
	f("GET", "api.example.com", "/v2", "wild")
	f("GET", "a.b.example.com", "/v2", "any")
	if err := set(gateway.Route{Name: "a"}, gateway.Route{Name: "a", Path: "x"}); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want two errors", err)
	}
	f("GET", "x", "/v1", "v1")
	if err := set(gateway.Route{Name: "new"}); err != nil {
		t.Fatal(err)
	}
	f("GET", "x", "/v1", "new")
}
