package accesslog

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/operation"
	"github.com/gatebook/gatebook/internal/redact"
)

// config returns a configuration that learns templates, as a server's does.
func config(t testing.TB) Config {
	t.Helper()
	r, err := redact.New(redact.Config{Key: redact.Key(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	o, err := operation.New(operation.Config{APIs: []operation.API{{Route: Label("")}}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := capture.NewDescriber(o, nil, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	return Config{Redactor: r, Describer: d, Pseudonym: func(issuer, subject string) string { return "p(" + issuer + " " + subject + ")" }}
}

// readAll reads a log to its end. Each event must be one that can be sealed.
func readAll(t testing.TB, log string, cfg Config) ([]*event.Event, *Reader, error) {
	t.Helper()
	r, err := NewReader(strings.NewReader(log), cfg)
	if err != nil {
		return nil, r, err
	}
	var all []*event.Event
	for {
		e, err := r.Next()
		if err == io.EOF {
			return all, r, nil
		}
		if err != nil {
			return all, r, err
		}
		if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
			t.Fatalf("an event cannot be sealed: %v", err)
		}
		all = append(all, e)
	}
}

// one reads a line that must be readable.
func one(t *testing.T, line string, cfg Config) *event.Event {
	t.Helper()
	all, r, err := readAll(t, line+"\n", cfg)
	if err != nil {
		t.Fatalf("%s\n%v", line, err)
	}
	if len(all) != 1 {
		t.Fatalf("%s\ngot %d events, %v", line, len(all), r.Skipped())
	}
	return all[0]
}

// says sums an event up.
func says(e *event.Event) string {
	who := e.Who.Subject
	if who == "" && e.Who.Claimed != "" {
		who = "claimed:" + e.Who.Claimed
	}
	took := "open"
	if !e.Completed.IsZero() || !e.Ended.IsZero() {
		took = e.Duration().String()
	}
	return fmt.Sprintf("%s %s %s %s?%s %d in=%d out=%d %s @%s peer=%s who=%s %d %s", e.Operation.Protocol, e.Operation.Method, e.Operation.Host, e.What.Path, e.What.Query,
		e.Outcome.Status, e.Request.Bytes, e.Response.Bytes, took, e.Arrived.Format("15:04:05.000"), e.Who.Peer, who, e.Principal.Level, e.Outcome.Error)
}

const at = "[27/Nov/2026:12:00:00 +0100]"

// TestForms reads a line of each form that is known. The examples of Envoy and
// Traefik are those of their documentation, and those of Caddy, nginx, Apache
// httpd and HAProxy lines that they wrote.
func TestForms(t *testing.T) {
	for _, test := range []struct{ form, line, want string }{
		{"common", `192.0.2.7 - - ` + at + ` "GET /customers/4711 HTTP/1.1" 200 512`,
			"http/1.1 GET  /customers/4711? 200 in=0 out=512 0s @11:00:00.000 peer=192.0.2.7 who= 0 "},
		{"combined", `2001:db8::7 - ann ` + at + ` "POST /customers?x=1 HTTP/2.0" 201 - "-" "curl/8"`,
			"h2 POST  /customers?x=1 201 in=0 out=0 0s @11:00:00.000 peer=2001:db8::7 who=claimed:ann 1 "},
		{"combined, with forwarded-for", `10.0.0.1 - - ` + at + ` "GET / HTTP/1.1" 200 5 "-" "curl/8" "192.0.2.7, 10.0.0.2"`,
			"http/1.1 GET  /? 200 in=0 out=5 0s @11:00:00.000 peer=10.0.0.1 who= 0 "},
		{"combined, with the time", `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" 200 5 "-" "curl/8" 0.250`,
			"http/1.1 GET  /? 200 in=0 out=5 250ms @10:59:59.750 peer=192.0.2.7 who= 0 "},
		{"combined, with the times", `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" 499 0 "-" "curl/8" 0.250 0.001, 0.249`,
			"http/1.1 GET  /? 0 in=0 out=0 250ms @10:59:59.750 peer=192.0.2.7 who= 0 client-aborted"},
		{"combined, with forwarded-for and the time", `10.0.0.1 - - ` + at + ` "GET / HTTP/1.1" 200 5 "-" "curl/8" "192.0.2.7" 1.5`,
			"http/1.1 GET  /? 200 in=0 out=5 1.5s @10:59:58.500 peer=10.0.0.1 who= 0 "},
		{"Apache's vhost_combined", `www.example.org:443 ::1 - bob ` + at + ` "GET /a?auto HTTP/1.1" 200 1044 "-" "collectd"`,
			"http/1.1 GET www.example.org /a?auto 200 in=0 out=1044 0s @11:00:00.000 peer=::1 who=bob 2 "},
		{"JSON with the names of nginx's variables", `{"time_iso8601":"2026-11-27T12:00:00+01:00","remote_addr":"192.0.2.7","request":"GET /a\u0022 HTTP/1.1","status":"404","body_bytes_sent":"153","request_time":"0.002","http_user_agent":"x"}`,
			`http/1.1 GET  /a"? 404 in=0 out=153 2ms @10:59:59.998 peer=192.0.2.7 who= 0 `},
		{"JSON with the names of nginx's variables", `{"ts":1795777200.5,"ip":"192.0.2.7","method":"GET","uri":"/a","args":"b=1","status":200,"bytes":3}`,
			" GET  /a?b=1 200 in=0 out=3 0s @11:00:00.500 peer=192.0.2.7 who= 0 "},
		{"Caddy's JSON", `{"level":"info","ts":1795777200.25,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.7","remote_port":"41342","client_ip":"192.0.2.7","proto":"HTTP/2.0","method":"GET","host":"api.example.org:443","uri":"/a?b=1","headers":{"User-Agent":["curl/8"]},"tls":{"version":772,"server_name":"api.example.org"}},"bytes_read":7,"user_id":"ann","duration":0.25,"size":10900,"status":200,"resp_headers":{"Content-Type":["application/json"]}}`,
			"h2 GET api.example.org /a?b=1 200 in=7 out=10900 250ms @11:00:00.000 peer=192.0.2.7 who=ann 2 "},
		{"Traefik's JSON", `{"ClientAddr":"192.0.2.7:4711","ClientHost":"192.0.2.7","ClientUsername":"-","DownstreamContentSize":415,"DownstreamStatus":200,"Duration":1500000,"OriginDuration":1000000,"RequestAddr":"a.example.org","RequestContentSize":2,"RequestHost":"a.example.org","RequestMethod":"GET","RequestPath":"/a?b=1","RequestProtocol":"HTTP/1.1","StartLocal":"2026-11-27T12:00:00.5+01:00","StartUTC":"2026-11-27T11:00:00.5Z","request_User-Agent":"curl/8","level":"info","msg":"","time":"2026-11-27T12:00:00+01:00"}`,
			"http/1.1 GET a.example.org /a?b=1 200 in=2 out=415 1.5ms @11:00:00.500 peer=192.0.2.7:4711 who= 0 "},
		{"Traefik's common log format", `10.42.0.1 - - [28/Sep/2020:07:18:12 +0000] "GET / HTTP/1.1" 200 415 "-" "curl/7.64.1" 3 "whoami@docker" "http://172.18.0.2:80" 1ms`,
			"http/1.1 GET  /? 200 in=0 out=415 1ms @07:18:12.000 peer=10.42.0.1 who= 0 "},
		{"HAProxy's option httplog, times read as UTC", `Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html?a=#22 HTTP/1.1"`,
			`http/1.1 GET  /index.html?a=" 200 in=0 out=2750 109ms @12:14:14.655 peer=10.0.1.2:33317 who= 0 `},
		{"HAProxy's option httplog, times read as UTC", `<134>1 2026-11-27T12:00:00.123+01:00 host haproxy 123 - - 2001:db8::1:33317 [27/Nov/2026:12:00:00.100] http-in~ http-in/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"`,
			"   ? 400 in=0 out=0 0s @11:00:00.100 peer=[2001:db8::1]:33317 who= 0 request-malformed"},
		{"HAProxy's option httplog, times read as UTC", `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in~ api/srv1 0/0/0/-1/+50 503 217 - - sH-- 1/1/1/1/0 0/0 "GET /slow HTTP/1.1" 0/0000000000000000/0/0/0 api.example.org/TLSv1.3/TLS_AES_256_GCM_SHA384`,
			"http/1.1 GET  /slow? 503 in=0 out=217 50ms @12:14:14.655 peer=10.0.1.2:33317 who= 0 upstream-timeout"},
		{"Envoy's default", `[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"`,
			"h2 POST locations /api/v1/locations? 204 in=154 out=0 226ms @20:17:00.310 peer= who= 0 "},
		{"Istio's default", `[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl/7.73.0" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin default`,
			"http/1.1 GET httpbin /status/418? 418 in=0 out=135 3ms @21:26:18.409 peer=10.44.1.23:37652 who= 0 "},
		{"Envoy's JSON", `{"start_time":"2026-11-27T11:00:00.5Z","method":"GET","path":"/a?b=1","protocol":"HTTP/2","response_code":503,"response_flags":"UF","bytes_received":0,"bytes_sent":91,"duration":12,"authority":"a.example.org","downstream_remote_address":"192.0.2.7:4711","user_agent":null}`,
			"h2 GET a.example.org /a?b=1 503 in=0 out=91 12ms @11:00:00.500 peer=192.0.2.7:4711 who= 0 upstream-refused"},
		{"combined", `192.0.2.7 - - ` + at + ` "\x16\x03\x01\x02" 400 150 "-" "-"`,
			"   ? 400 in=0 out=150 0s @11:00:00.000 peer=192.0.2.7 who= 0 request-malformed"},
		{"combined", `192.0.2.7 - - ` + at + ` "" 400 0 "-" "-"`,
			"   ? 400 in=0 out=0 0s @11:00:00.000 peer=192.0.2.7 who= 0 request-malformed"},
		{"combined", `192.0.2.7 - - ` + at + ` "-" 408 - "-" "-"`,
			"   ? 408 in=0 out=0 0s @11:00:00.000 peer=192.0.2.7 who= 0 client-timeout"},
	} {
		all, r, err := readAll(t, test.line+"\n", config(t))
		if err != nil || len(all) != 1 {
			t.Errorf("%s\ngot %d events, %v", test.line, len(all), err)
			continue
		}
		if r.Form() != test.form {
			t.Errorf("%s\ngot the form %q, want %q", test.line, r.Form(), test.form)
		}
		if got := says(all[0]); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.line, got, test.want)
		}
	}
}

// TestNobodyWritesTheLog has callers who put into a request what looks like
// another line.
func TestNobodyWritesTheLog(t *testing.T) {
	for _, test := range []struct{ name, line, want string }{
		{"a user's name with a time", `192.0.2.7 - x [01/Jan/2020:00:00:00 +0000] y ` + at + ` "GET /real HTTP/1.1" 200 5 "-" "-"`,
			"http/1.1 GET  /real? 200 in=0 out=5 0s @11:00:00.000 peer=192.0.2.7 who=claimed:x [01/Jan/2020:00:00:00 +0000] y 1 "},
		{"a user's name with a request, as nginx writes it", `192.0.2.7 - x [01/Jan/2020:00:00:00 +0000] \x22GET /fake HTTP/1.1\x22 200 5 ` + at + ` "GET /real HTTP/1.1" 401 5 "-" "-"`,
			"http/1.1 GET  /real? 401 in=0 out=5 0s @11:00:00.000 peer=192.0.2.7 who=claimed:x [01/Jan/2020:00:00:00 +0000] \"GET /fake HTTP/1.1\" 200 5 1 "},
		{"the same, as Apache httpd writes it", `192.0.2.7 - x \"GET /fake HTTP/1.1\" 200 5 \\ ` + at + ` "GET /real HTTP/1.1" 401 5 "-" "-"`,
			"http/1.1 GET  /real? 401 in=0 out=5 0s @11:00:00.000 peer=192.0.2.7 who=claimed:x \"GET /fake HTTP/1.1\" 200 5 \\ 1 "},
		{"quotes in a path", `192.0.2.7 - - ` + at + ` "GET /a\x22 200 5 \x22-\x22 HTTP/1.1" 404 5 "-" "-"`,
			`http/1.1 GET  /a"%20200%205%20"-"? 404 in=0 out=5 0s @11:00:00.000 peer=192.0.2.7 who= 0 `},
		{"quotes in Envoy's user agent, which it does not escape", `[2016-04-15T20:17:00.310Z] "GET /real HTTP/2" 403 - 0 1 2 3 "-" "x" "y" "z" "w" 200 "q"" "id" "api.example.org" "10.0.2.1:80"`,
			"h2 GET w\" 200 \"q\"\" \"id\" \"api.example.org /real? 403 in=0 out=1 2ms @20:17:00.310 peer= who= 0 "},
	} {
		e := one(t, test.line, config(t))
		got, want := says(e), test.want
		if strings.HasPrefix(test.line, "[") { // what comes after the first quote of the caller's is the caller's
			e.Operation.Host = ""
			got, want = says(e), "h2 GET  /real? 403 in=0 out=1 2ms @20:17:00.310 peer= who= 0 "
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", test.name, got, want)
		}
	}
}

// TestObjects finds what a call was about, as the gateway does.
func TestObjects(t *testing.T) {
	var log strings.Builder
	for i := range 30 {
		fmt.Fprintf(&log, `192.0.2.%d - - %s "GET /v1/customers/%d/orders?product_id=p%d HTTP/1.1" 200 5`+"\n", i, at, 4700+i, i)
	}
	all, _, err := readAll(t, log.String(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	e := all[29]
	if e.Operation.Route != "/v1/customers/{customer_id}/orders" || e.Operation.Action != event.ActionRead || fmt.Sprint(e.What.Objects) != "[{customer 4729} {product p29}]" || e.What.Asked != 2 || fmt.Sprint(e.Objects) != "[customer product]" {
		t.Errorf("got %+v, %+v", e.Operation, e.What)
	}
}

// TestSecrets has secrets in all places of a line that can have them.
func TestSecrets(t *testing.T) {
	const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.dGhpcyBpcyBhIHNpZ25hdHVyZQ"
	for _, line := range []string{
		`192.0.2.7 - - ` + at + ` "GET /reset/` + jwt + `?access_token=s3cr3t-one&x=1 HTTP/1.1" 200 5 "https://u:s3cr3t-two@a.example.org/?api_key=s3cr3t-three" "curl/8 Bearer ` + jwt + `"`,
		`192.0.2.7 - - ` + at + ` "GET http://u:s3cr3t-two@a.example.org/x?access_token=s3cr3t-one HTTP/1.1" 200 5 "/?api_key=s3cr3t-three" "-"`,
		`{"time_iso8601":"2026-11-27T12:00:00+01:00","request":"GET /x?access_token=s3cr3t-one&a=\u00e9 HTTP/1.1","status":200,"http_referer":"https://u:s3cr3t-two@a/?api_key=s3cr3t-three","http_authorization":"Bearer ` + jwt + `","http_cookie":"sid=s3cr3t-four"}`,
		`{"ts":1795777200.25,"msg":"handled request","request":{"remote_ip":"192.0.2.7","proto":"HTTP/2.0","method":"GET","host":"a","uri":"/x?access_token=s3cr3t-one","headers":{"Authorization":["Bearer ` + jwt + `"],"Referer":["https://u:s3cr3t-two@a/?api_key=s3cr3t-three"],"Cookie":["sid=s3cr3t-four"]}},"duration":1,"status":200}`,
		`10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in api/a 0/0/0/1/2 200 5 - - ---- 1/1/1/1/0 0/0 {Bearer ` + jwt + `} "GET /x?access_token=s3cr3t-one HTTP/1.1"`,
	} {
		e := one(t, line, config(t))
		sealed, err := e.Seal(new([event.Classes]event.Salt))
		if err != nil {
			t.Fatal(err)
		}
		all := string(sealed.Header)
		for _, x := range sealed.Envelopes {
			if x != nil {
				all += string(x.Data)
			}
		}
		for _, secret := range []string{"s3cr3t-", jwt, "dGhpcyBpcyBhIHNpZ25hdHVyZQ"} {
			if strings.Contains(all, secret) {
				t.Errorf("%s is kept of\n%s\nin\n%s", secret, line, all)
			}
		}
		if !strings.Contains(e.What.Query, "access_token=fp:") || !strings.Contains(e.Payload.Original, "access_token=fp:") || !strings.Contains(e.Payload.Original, "200") {
			t.Errorf("the fingerprint is not where the secret was: %s, %s", e.What.Query, e.Payload.Original)
		}
	}
}

// TestWhere says whose address is believed.
func TestWhere(t *testing.T) {
	for _, test := range []struct{ peer, forwarded, want string }{
		{"10.0.0.1", "192.0.2.7", "192.0.2.7"},
		{"10.0.0.1", "198.51.100.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"},
		{"203.0.113.1", "192.0.2.7", "203.0.113.1"},
		{"10.0.0.1", "-", "10.0.0.1"},
		{"unix:", "192.0.2.7", ""},
	} {
		e := one(t, test.peer+` - - `+at+` "GET / HTTP/1.1" 200 5 "-" "-" "`+test.forwarded+`"`, config(t))
		if e.Who.Address != test.want || e.Who.Peer != test.peer {
			t.Errorf("%s for %s: got the address %q and the peer %q, want %q", test.peer, test.forwarded, e.Who.Address, e.Who.Peer, test.want)
		}
	}
}

// TestWho says what a name in a log is worth.
func TestWho(t *testing.T) {
	for _, test := range []struct {
		server  string
		checked bool
		status  string
		want    event.Principal
	}{
		{"", false, "200", event.Principal{Kind: event.Unknown, Level: event.LevelClaimed, Reason: "not-checked"}},
		{"nginx", false, "200", event.Principal{Kind: event.Unknown, Level: event.LevelClaimed, Reason: "not-checked"}},
		{"nginx", true, "200", event.Principal{Kind: event.User, ID: "p(accesslog:edge ann)", Issuer: "accesslog:edge", Level: event.LevelAsserted, Reason: "accesslog"}},
		{"apache", false, "200", event.Principal{Kind: event.User, ID: "p(accesslog:edge ann)", Issuer: "accesslog:edge", Level: event.LevelAsserted, Reason: "accesslog"}},
		{"apache", false, "401", event.Principal{Kind: event.Unknown, Level: event.LevelClaimed, Reason: "not-checked"}},
	} {
		cfg := config(t)
		cfg.Format, cfg.Checked, cfg.Source = test.server, test.checked, "edge"
		e := one(t, `192.0.2.7 - ann `+at+` "GET / HTTP/1.1" `+test.status+` 5 "-" "-"`, cfg)
		if e.Principal != test.want || e.Capture.Source != "accesslog:edge" {
			t.Errorf("%+v: got %+v of %s", test, e.Principal, e.Capture.Source)
		}
		if (e.Who.Subject == "ann") != (test.want.Level == 2) || (e.Who.Claimed == "ann") != (test.want.Level == 1) {
			t.Errorf("%+v: got the subject %q and the claim %q", test, e.Who.Subject, e.Who.Claimed)
		}
	}
}

// TestOwnForms reads formats of people's own, as their servers' configuration
// has them.
func TestOwnForms(t *testing.T) {
	for _, test := range []struct{ server, lines, line, want string }{
		{"", `$remote_addr [$time_iso8601] $request_method "$request_uri" ${status} $body_bytes_sent $request_time "$sent_http_content_type" $scheme`,
			`192.0.2.7 [2026-11-27T12:00:00+01:00] GET "/a?b=1" 200 7 0.5 "application/json; charset=utf-8" https`,
			" GET  /a?b=1 200 in=0 out=7 500ms @10:59:59.500 peer=192.0.2.7 who= 0 "},
		{"nginx", "log_format api escape=json '{\"t\":\"$msec\",\"r\":\"$request\",'\n  '\"s\":$status,\"u\":\"$remote_user\"}';",
			`{"t":"1795777200.123","r":"GET /a\"b HTTP/1.1","s":200,"u":""}`,
			`http/1.1 GET  /a"b? 200 in=0 out=0 0s @11:00:00.123 peer= who= 0 `},
		{"", `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %D`,
			`192.0.2.7 - ann ` + at + ` "GET / HTTP/1.1" 200 5 "-" "-" 1500`,
			"http/1.1 GET  /? 200 in=0 out=5 1.5ms @11:00:00.000 peer=192.0.2.7 who=ann 2 "},
		{"apache", `LogFormat "%a %{usec}t %m %U%q %H %>s %B %{ms}T \"%{User-Agent}i\" %{c}a" api`,
			`192.0.2.7 1795777200000250 GET /a?b=1 HTTP/1.1 200 5 20 "x y" 10.0.0.1`,
			"http/1.1 GET  /a?b=1 200 in=0 out=5 20ms @11:00:00.000 peer=192.0.2.7 who= 0 "},
		{"apache", `%{%FT%T%z}t %h "%r" %>s`, `2026-11-27T12:00:00+0100 192.0.2.7 "GET / HTTP/1.1" 200`,
			"http/1.1 GET  /? 200 in=0 out=0 0s @11:00:00.000 peer=192.0.2.7 who= 0 "},
		{"", `%START_TIME% %REQ(:METHOD)% %REQ(:PATH)% %RESPONSE_CODE% %DURATION% %DOWNSTREAM_REMOTE_ADDRESS%`,
			`2026-11-27T11:00:00.000Z GET /a 200 3 192.0.2.7:4711`,
			" GET  /a? 200 in=0 out=0 3ms @11:00:00.000 peer=192.0.2.7:4711 who= 0 "},
	} {
		cfg := config(t)
		cfg.Format, cfg.Lines = test.server, test.lines
		if got := says(one(t, test.line, cfg)); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.lines, got, test.want)
		}
	}
	for _, test := range []struct{ server, lines, want string }{
		{"", `$remote_addr "$request" $status`, "the format has no time: it wants one of $time_local"},
		{"", `[$time_local] $status`, "the format has no request: it wants one of $request"},
		{"", `$remote_addr$time_local "$request"`, "$remote_addr and $time_local have nothing between them"},
		{"", `nothing at all`, "formats of one's own are those of nginx, apache and envoy"},
		{"caddy", `$request`, `not of "caddy"`},
		{"apache", `%t %{x}T "%r"`, "%{x}T: want %{s}T"},
		{"apache", `%{msec_frac}t "%r"`, "is a part of a time"},
		{"apache", `%{%Q}t "%r"`, "of strftime only"},
		{"apache", `%{%T}t "%r"`, "the time needs its year and its zone"},
		{"envoy", `%START_TIME(%s)% %REQ(:PATH)%`, "only START_TIME without a format of its own"},
	} {
		cfg := config(t)
		cfg.Format, cfg.Lines = test.server, test.lines
		if _, err := NewReader(strings.NewReader(""), cfg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.lines, err, test.want)
		}
	}
}

// TestBadLines says what is wrong with a line among good ones, and goes on.
func TestBadLines(t *testing.T) {
	good := `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" 200 5 "-" "x"`
	json := `{"time":"2026-11-27T12:00:00Z","method":"GET","uri":"/","status":200}`
	proxy := `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in api/a 0/0/0/1/2 200 5 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"`
	for _, test := range []struct{ good, bad, want string }{
		{good, "hello", "$remote_addr: the line does not fit the format at column 1"},
		{good, `192.0.2.7 - - [tomorrow] "GET / HTTP/1.1" 200 5 "-" "x"`, `$time_local: "tomorrow": want a time with its zone`},
		{good, `192.0.2.7 - - [27/Nov/1970:12:00:00 +0100] "GET / HTTP/1.1" 200 5 "-" "x"`, "lies outside of the years 2000 to 2200"},
		{good, `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" two 5 "-" "x"`, `$status: "two" is no status of HTTP`},
		{good, `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" 200 -5 "-" "x"`, `$body_bytes_sent: "-5" is no number of bytes`},
		{good, `192.0.2.7 - - ` + at + ` "GET / HTTP/1.1" 200 5 "-"`, "$http_referer: the line does not fit the format at column"},
		{good, good + ` 12`, "the line goes on after what the format has"},
		{good, good + strings.Repeat("x", MaxLine), "the line is longer than 65536 bytes"},
		{json, `{"time":"2026-11-27T12:00:00Z",`, "it is no JSON"},
		{json, `[1]`, "it is no JSON object"},
		{json, `{"time":"2026-11-27T12:00:00Z","method":"GET","uri":"/","status":"x"}`, `status: "x" is no status of HTTP`},
		{json, `{"method":"GET","uri":"/","status":200}`, "it has no time"},
		{json, `{"time":"2026-11-27T12:00:00Z"}`, "it has no request"},
		{proxy, `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in api/a 0/0/0/1 200 5 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"`, "want five times"},
		{proxy, `10.0.1.2:33317 [x] in api/a 0/0/0/1/2 200 5 - - ---- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"`, "%tr: "},
		{proxy, `10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in api/a 200 "GET /x HTTP/1.1"`, "5 fields before the request, want 11"},
		{proxy, `Server api/a is DOWN`, "there is no request in quotes"},
	} {
		all, r, err := readAll(t, test.good+"\n\n"+test.good+"\n"+test.bad+"\n"+test.good+"\n", config(t))
		if err != nil {
			t.Errorf("%s: %v", clip(test.bad), err)
			continue
		}
		s := r.Skipped()
		if len(all) != 3 || s.Count != 1 || len(s.Problems) != 1 || s.Problems[0].Line != 4 || !strings.Contains(s.Problems[0].Reason, test.want) {
			t.Errorf("%s: got %d events and %+v, want 3 and at line 4 %q", clip(test.bad), len(all), s, test.want)
		}
	}
	for _, test := range []struct{ name, log, want string }{
		{"another log", strings.Repeat("2026-11-27 ERROR it went wrong\n", 3), "most of the first 3 lines have none of the forms"},
		{"damaged gzip", "\x1f\x8bxx", "the compressed file is damaged"},
	} {
		if _, _, err := readAll(t, test.log, config(t)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got error %v, want one with %q", test.name, err, test.want)
		}
	}
	if all, _, err := readAll(t, "\n\n", config(t)); err != nil || len(all) != 0 {
		t.Errorf("empty lines: got %d events, %v, want none", len(all), err)
	}
}

// TestCutLine keeps what is left of a line that the server cut.
func TestCutLine(t *testing.T) {
	for _, line := range []string{
		`192.0.2.7 - - ` + at + ` "GET /a HTTP/1.1" 200 5 "-" "Mozilla/5.0 (compatible; Goo`,
		`10.0.1.2:33317 [06/Feb/2009:12:14:14.655] in api/a 0/0/0/1/2 200 5 - - ---- 1/1/1/1/0 0/0 "GET /a?token=s3cr3t-on`,
	} {
		e := one(t, line, config(t))
		if e.Operation.Method != "GET" || e.What.Path != "/a" || e.Outcome.Status != 200 || !e.Partial || strings.Contains(e.Payload.Original+e.What.Query, "s3cr3t") {
			t.Errorf("%s\ngot %+v, %+v, %s", line, e.Header, e.What, e.Payload.Original)
		}
	}
}

// TestSameLineIsSameEvent imports a file again, grown, rotated, and with equal
// lines.
func TestSameLineIsSameEvent(t *testing.T) {
	line := func(n int) string { return fmt.Sprintf(`192.0.2.7 - - %s "GET /%d HTTP/1.1" 200 5`+"\n", at, n) }
	ids := func(log, source string) (list []event.ID) {
		cfg := config(t)
		cfg.Source = source
		all, _, err := readAll(t, log, cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			list = append(list, e.ID)
		}
		return list
	}
	first := ids(line(1)+line(2)+line(1)+line(1), "")
	for i, id := range first {
		for _, other := range first[:i] {
			if id == other {
				t.Errorf("two equal lines are one event: %v", first)
			}
		}
	}
	if grown := ids(line(1)+line(2)+line(1)+line(1)+line(3), ""); fmt.Sprint(grown[:4]) != fmt.Sprint(first) {
		t.Errorf("a grown file has other ids: %v, %v", grown, first)
	}
	if other := ids(line(2), ""); other[0] != first[1] {
		t.Errorf("a line by itself has another id: %v, %v", other, first)
	}
	if other := ids(line(2), "edge"); other[0] == first[1] {
		t.Error("equal lines of two sources are one event")
	}
}

// TestApacheLines reads real lines.
func TestApacheLines(t *testing.T) {
	f, err := os.Open("../../../../shared/data/accesslog-apache/apache_logs.gz")
	if err != nil {
		t.Skip("the data set is not here: ", err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	all, r, err := readAll(t, string(b), config(t))
	if err != nil || len(all) != 10_000 || r.Skipped().Count != 0 {
		t.Fatalf("got %d events, %+v, %v, want 10000 and nothing skipped", len(all), r.Skipped(), err)
	}
	ids, methods, statuses, cut := make(map[event.ID]bool), make(map[string]int), make(map[int]int), 0
	for _, e := range all {
		ids[e.ID] = true
		methods[e.Operation.Method]++
		statuses[e.Outcome.Status]++
		if e.Partial {
			cut++
		}
	}
	// By: zcat apache_logs.gz | awk '{print $6}' | sort | uniq -c, and $9.
	if len(ids) != 10_000 || methods["GET"] != 9952 || methods["HEAD"] != 42 || methods["POST"] != 5 || methods["OPTIONS"] != 1 || statuses[200] != 9126 || statuses[404] != 213 || cut != 1 {
		t.Errorf("got %d ids, %v, %v, %d cut", len(ids), methods, statuses, cut)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`192.0.2.7 - - ` + at + ` "GET /a\x22?b=\xff HTTP/1.1" 200 5 "-" "x" "y" 0.1`)
	f.Add(`{"request":{"headers":{"A":[1]},"uri":"/"},"ts":1e9,"duration":1e99,"status":200}`)
	f.Add(`Feb  6 12:14:14 h haproxy[1]: ::1:1 [06/Feb/2009:12:14:14.655] a b/c 1/2/3/4/5 200 1 - - ---- 1 0/0 "GET /#2`)
	cfg := config(f)
	f.Fuzz(func(t *testing.T, line string) {
		for _, form := range formats {
			p, err := NewParser(cfg)
			if err != nil {
				t.Fatal(err)
			}
			p.format = form
			e, err := p.Parse(line)
			if err != nil || e == nil {
				continue
			}
			if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
				t.Errorf("%s: an event cannot be sealed: %v", form.form, err)
			}
		}
	})
}
