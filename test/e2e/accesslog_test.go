package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/test/freeport"
)

// requests are what callers send to servers whose logs are imported, as it is on
// the wire. Each stands on a connection of its own.
var requests = []struct{ name, text string }{
	{"plain", "GET /customers/4711 HTTP/1.1\r\nHost: a\r\nUser-Agent: plain\r\nConnection: close\r\n\r\n"},
	{"a secret", "GET /customers/4711?access_token=s3cr3t-query&x=1 HTTP/1.1\r\nHost: a\r\nReferer: http://u:s3cr3t-user@a/?api_key=s3cr3t-key\r\nUser-Agent: secret\r\nConnection: close\r\n\r\n"},
	{"quotes and another line", "GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: quotes\" 200 5 \"-\" \\\" \\ [01/Jan/2020:00:00:00 +0000] \"GET /fake HTTP/1.1\r\nConnection: close\r\n\r\n"},
	{"bytes that are no text", "GET /a?b=\xff\xfe HTTP/1.1\r\nHost: a\r\nUser-Agent: bytes \xff\xc3( \x80\tz\r\nConnection: close\r\n\r\n"},
	{"a user's name with a time", "GET /private HTTP/1.1\r\nHost: a\r\nUser-Agent: name\r\nAuthorization: Basic eCBbMS9KYW5dICJHRVQgL2Zha2UgSFRUUC8xLjEiIDIwMCA1ICItOnB3\r\nConnection: close\r\n\r\n"},
	{"a long line", "GET /" + strings.Repeat("long/", 300) + " HTTP/1.1\r\nHost: a\r\nUser-Agent: long\r\nConnection: close\r\n\r\n"},
	{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\"\r\n\r\n"},
	{"an empty request line", "\r\n\r\n \r\n\r\n"},
}

// send sends the requests, and reads each answer to its end.
func send(t *testing.T, address string) {
	t.Helper()
	for _, r := range requests {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, r.text)
		if !strings.Contains(r.text, "Connection: close") { // the server may wait for more
			c.(*net.TCPConn).CloseWrite()
		}
		buf := make([]byte, 4096)
		for {
			if _, err := c.Read(buf); err != nil {
				break
			}
		}
		c.Close()
	}
}

// lines counts the lines of a file.
func lines(name string) int {
	b, _ := os.ReadFile(name)
	return strings.Count(string(b), "\n")
}

// imported is an event, as far as these tests look at it.
type imported struct {
	Header struct {
		Capture   struct{ Source string }
		Principal struct {
			Kind, Reason string
			Level        int
		}
		Operation          struct{ Method, Route string }
		Outcome            struct{ Status int }
		Arrived, Completed string
	}
	Who struct {
		Subject, Claimed, Address, Peer string
		UserAgent                       string `json:"user_agent"`
	}
	What struct {
		Path, Query string
		Objects     []struct{ Type, ID string }
	}
	Payload struct{ Original string }
}

// convert reads a log as gatebook does, and fails if a line of it cannot be
// read.
func convert(t *testing.T, form, name string, more ...string) []imported {
	t.Helper()
	out := filepath.Join(t.TempDir(), "events.jsonl")
	command(t, gatebook, append([]string{"import", "accesslog", name, "--events", out}, more...)...).says(t, 0)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "s3cr3t") {
		t.Errorf("%s: a secret is in the events:\n%s", form, b)
	}
	var all []imported
	s := bufio.NewScanner(strings.NewReader(string(b)))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var e imported
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// asSent fails unless events are what the requests were. What has no HTTP in it
// is logged in many ways, or not at all.
func asSent(t *testing.T, form string, all []imported) {
	t.Helper()
	byAgent := make(map[string]imported)
	for _, e := range all {
		agent, _, _ := strings.Cut(strings.TrimRight(strings.Fields(e.Who.UserAgent + " -")[0], "\""), "\"")
		byAgent[agent] = e
		if e.What.Path == "/fake" || e.Header.Arrived < "2026" && strings.HasPrefix(e.Header.Arrived, "2020") {
			t.Errorf("%s: a caller wrote the log: %+v", form, e)
		}
		if e.Header.Operation.Method == "" && e.Header.Outcome.Status != 400 && e.Header.Outcome.Status != 0 {
			t.Errorf("%s: got %+v for what is no HTTP", form, e)
		}
	}
	f := func(agent, path, query string, status int) {
		t.Helper()
		e, ok := byAgent[agent]
		if !ok || e.Header.Operation.Method != "GET" || e.What.Path != path || e.What.Query != query && !strings.Contains(query, "*") || e.Header.Outcome.Status != status || e.Who.Address != "127.0.0.1" {
			t.Errorf("%s: %s: got %+v", form, agent, e)
		}
	}
	f("plain", "/customers/4711", "", 404)
	f("secret", "/customers/4711", "*", 404)
	f("quotes", "/a", "", 200)
	f("bytes", "/a", "b=%FF%FE", 200)
	f("name", "/private", "", 401)
	f("long", "/"+strings.Repeat("long/", 300), "", 404)
	if e := byAgent["name"]; e.Who.Subject != "" || e.Header.Principal.Level > 1 || e.Who.Claimed != "" && !strings.HasPrefix(e.Who.Claimed, `x [1/Jan] "GET /fake`) {
		t.Errorf("%s: the name of a refused call is %+v, %+v", form, e.Who, e.Header.Principal)
	}
	if q := byAgent["quotes"].Who.UserAgent; !strings.HasSuffix(q, `"GET /fake HTTP/1.1`) {
		t.Errorf("%s: got the user agent %q", form, q)
	}
}

// TestImportNginx imports what nginx logs of hostile callers.
func TestImportNginx(t *testing.T) {
	t.Parallel()
	nginx, folder, address := program(t, "nginx"), t.TempDir(), freeport.Address(t)
	config := strings.NewReplacer("FOLDER", folder, "ADDRESS", address, "access_log off;", `
	log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for" $request_time';
	log_format json escape=json '{"time":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request":"$request","status":$status,"body_bytes_sent":$body_bytes_sent,"request_time":$request_time,"http_referer":"$http_referer","http_user_agent":"$http_user_agent"}';
	log_format plainjson '{"time":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request":"$request","status":"$status","http_referer":"$http_referer","http_user_agent":"$http_user_agent"}';
	log_format own '$msec $remote_addr "$request_method" "$request_uri" $status "$remote_user" "$http_user_agent"';
	access_log FOLDER/combined.log; access_log FOLDER/main.log main; access_log FOLDER/json.log json; access_log FOLDER/plainjson.log plainjson; access_log FOLDER/own.log own;
	large_client_header_buffers 4 16k;`).Replace(nginxConfig)
	config = strings.Replace(config, "add_header", `location /private { auth_basic x; auth_basic_user_file FOLDER/users; }
		add_header`, 1)
	config = strings.ReplaceAll(config, "FOLDER", folder)
	for _, err := range []error{
		os.Mkdir(filepath.Join(folder, "www"), 0o755),
		os.WriteFile(filepath.Join(folder, "www", "a"), []byte("a"), 0o644),
		os.WriteFile(filepath.Join(folder, "users"), []byte("ann:{PLAIN}password\n"), 0o644),
		os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, log := background(t, nginx, "-p", folder, "-e", "stderr", "-c", filepath.Join(folder, "nginx.conf"))
	eventually(t, "nginx is ready", log, func() bool { return answers("http://" + address + "/a") })
	send(t, address)
	eventually(t, "all is logged", log, func() bool { return lines(filepath.Join(folder, "own.log")) > len(requests)-2 })
	for _, name := range []string{"combined", "main", "json", "plainjson"} {
		asSent(t, "nginx "+name, convert(t, name, filepath.Join(folder, name+".log")))
	}
	asSent(t, "nginx own", convert(t, "own", filepath.Join(folder, "own.log"), "--lines", `$msec $remote_addr "$request_method" "$request_uri" $status "$remote_user" "$http_user_agent"`))
	if e := convert(t, "main", filepath.Join(folder, "main.log"))[0]; e.Header.Completed == "" {
		t.Errorf("a call with its duration has no end: %+v", e.Header)
	}

	// Into a record, twice, and after more calls.
	data := t.TempDir()
	s := serve(t, data, "http://"+freeport.Address(t))
	name := filepath.Join(folder, "combined.log")
	n := lines(name)
	run := func(args ...string) result {
		return command(t, gatebook, append([]string{"import", "accesslog", "--data", data}, args...)...)
	}
	run(name, "--source", "edge").says(t, 0, fmt.Sprintf("%d events imported", n), "form: combined")
	send(t, address)
	eventually(t, "all is logged", log, func() bool { return lines(name) >= 2*n-1 })
	run(name, "--source", "edge").says(t, 0, fmt.Sprintf("%d events imported, %d were known", lines(name)-n, n))
	awaitIndex(t, s)
	if hits := s.search(`capture.source:="accesslog:edge" what.path:="/customers/4711"`, "--limit", "10"); len(hits) != 4 || hits[0].Header.Principal.Kind != "unknown" {
		t.Errorf("got %d calls of the customer, want 4: %+v", len(hits), hits)
	}
	log2 := filepath.Join(t.TempDir(), "access.log")
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintf(&text, "192.0.2.%d - - [20/Nov/2026:10:00:%02d +0000] \"GET /customers/%d HTTP/1.1\" 200 5 \"-\" \"curl\"\n", i%9, i, 4700+i%20)
	}
	if err := os.WriteFile(log2, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(log2, "--source", "shop").says(t, 0, "40 events imported", "from 2026-11-20T10:00:00Z to 2026-11-20T10:00:39Z")
	command(t, gatebook, "object", "customer/4711", "--data", data).says(t, 0, "2026-11-20")
	run(name, "--api", "none").says(t, 2, `there is no route "none"`)
	s.stop()
	command(t, gatebook, "verify", "--data", data).says(t, 0)
}

// apacheConfig has FOLDER and ADDRESS replaced.
const apacheConfig = `
ServerName a
ServerRoot FOLDER
PidFile FOLDER/pid
Listen ADDRESS
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authn_file_module /usr/lib/apache2/modules/mod_authn_file.so
LoadModule auth_basic_module /usr/lib/apache2/modules/mod_auth_basic.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
DefaultRuntimeDir FOLDER
Mutex file:FOLDER
User nobody
Group nogroup
DocumentRoot FOLDER/www
ErrorLog FOLDER/error.log
HttpProtocolOptions Strict
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined
LogFormat "%{usec}t %h %D \"%m\" \"%U%q\" %>s \"%u\" \"%{User-Agent}i\"" own
CustomLog FOLDER/combined.log combined
CustomLog FOLDER/vhost.log vhost_combined
CustomLog FOLDER/own.log own
<Directory />
Require all granted
</Directory>
<Location /private>
AuthType Basic
AuthName x
AuthUserFile FOLDER/users
Require valid-user
</Location>
`

// TestImportApache imports what Apache httpd logs of hostile callers.
func TestImportApache(t *testing.T) {
	t.Parallel()
	apache, folder, address := program(t, "apache2"), t.TempDir(), freeport.Address(t)
	for _, err := range []error{
		os.Chmod(filepath.Dir(folder), 0o755), os.Chmod(folder, 0o755),
		os.Mkdir(filepath.Join(folder, "www"), 0o755),
		os.WriteFile(filepath.Join(folder, "www", "a"), []byte("a"), 0o644),
		os.WriteFile(filepath.Join(folder, "users"), []byte("ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"), 0o644), // password
		os.WriteFile(filepath.Join(folder, "httpd.conf"), []byte(strings.NewReplacer("FOLDER", folder, "ADDRESS", address).Replace(apacheConfig)), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, log := background(t, apache, "-d", folder, "-f", filepath.Join(folder, "httpd.conf"), "-X")
	eventually(t, "Apache httpd is ready", log, func() bool { return answers("http://" + address + "/a") })
	send(t, address)
	own := filepath.Join(folder, "own.log")
	eventually(t, "all is logged", log, func() bool { return lines(own) > len(requests)-2 })
	asSent(t, "Apache combined", convert(t, "combined", filepath.Join(folder, "combined.log"), "--format", "apache"))
	asSent(t, "Apache combined, detected", convert(t, "combined", filepath.Join(folder, "combined.log")))
	asSent(t, "Apache vhost_combined", convert(t, "vhost", filepath.Join(folder, "vhost.log")))
	format := `%{usec}t %h %D "%m" "%U%q" %>s "%u" "%{User-Agent}i"`
	all := convert(t, "own", own, "--lines", format)
	// %U is decoded by Apache httpd, so a path has other bytes than were sent.
	if i := slices.IndexFunc(all, func(e imported) bool { return e.Who.UserAgent == "plain" }); i < 0 || all[i].What.Path != "/customers/4711" || all[i].Header.Completed <= all[i].Header.Arrived {
		t.Errorf("got %+v", all)
	}

	get := "GET /private HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YW5uOnBhc3N3b3Jk\r\nConnection: close\r\n\r\n" // ann:password
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, get)
	bufio.NewReader(c).ReadString('\n')
	c.Close()
	n := lines(own)
	eventually(t, "ann's call is logged", log, func() bool { return lines(own) >= n })
	eventually(t, "ann's call is logged", log, func() bool {
		return slices.ContainsFunc(convert(t, "combined", filepath.Join(folder, "combined.log"), "--format", "apache"), func(e imported) bool { return e.Who.Subject == "ann" && e.Header.Principal.Level == 2 })
	})
}

// haproxyConfig has FOLDER, ADDRESS and API replaced.
const haproxyConfig = `
global
	log FOLDER/log len 8192 local0
	stats socket FOLDER/stats
defaults
	mode http
	log global
	option httplog
	timeout connect 5s
	retries 0
	timeout client 1s
	timeout server 5s
frontend in
	bind ADDRESS
	capture request header User-Agent len 200
	default_backend api
backend api
	server one API
`

// TestImportHAProxy imports what HAProxy logs of hostile callers, with the
// header that it sends to syslog.
func TestImportHAProxy(t *testing.T) {
	t.Parallel()
	haproxy, folder, address, api := program(t, "haproxy"), t.TempDir(), freeport.Address(t), freeport.Address(t)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(folder, "log"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	name := filepath.Join(folder, "haproxy.log")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := socket.Read(buf)
			if err != nil {
				return
			}
			if line := strings.TrimRight(string(buf[:n]), "\n"); strings.Contains(line, " in ") || strings.Contains(line, " in/") {
				fmt.Fprintln(f, line)
			}
		}
	}()
	config := strings.NewReplacer("FOLDER", folder, "ADDRESS", address, "API", api).Replace(haproxyConfig)
	if err := os.WriteFile(filepath.Join(folder, "haproxy.cfg"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	_, log := background(t, haproxy, "-f", filepath.Join(folder, "haproxy.cfg"), "-db")
	eventually(t, "HAProxy is ready", log, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	send(t, address)
	eventually(t, "all is logged", log, func() bool { return lines(name) >= len(requests)-1 })
	all := convert(t, "haproxy", name)
	paths := make(map[string]int)
	for _, e := range all {
		paths[e.Header.Operation.Method+" "+e.What.Path]++
		if e.Header.Operation.Method != "" && e.Header.Outcome.Status != 503 || e.Header.Operation.Method == "" && e.Header.Outcome.Status == 503 {
			t.Errorf("got %+v: there is no API", e)
		}
	}
	long := 0
	for p := range paths {
		if strings.HasPrefix(p, "GET /long/long/") { // HAProxy cuts it
			long++
		}
	}
	// It refuses what is no text as what is no HTTP.
	if paths["GET /customers/4711"] != 2 || paths["GET /a"] != 1 || paths["GET /private"] != 1 || long != 1 || len(paths) != 5 {
		t.Errorf("got %v", paths)
	}
}
