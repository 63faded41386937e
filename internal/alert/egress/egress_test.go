package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	for address, want := range map[string]Class{
		"93.184.216.34": Public, "2606:2800:220:1::1": Public, "172.32.0.1": Public, "100.128.0.1": Public,
		"127.0.0.1": Loopback, "127.255.0.3": Loopback, "::1": Loopback, "::ffff:127.0.0.1": Loopback, "64:ff9b::7f00:1": Loopback,
		"10.1.2.3": Private, "172.16.0.1": Private, "192.168.1.1": Private, "100.64.0.1": Private, "fd12::1": Private, "::ffff:10.0.0.1": Private, "2002:0a00:0001::1": Private,
		"169.254.169.254": Refused, "169.254.1.1": Refused, "fe80::1": Refused, "fe80::1%lo": Refused, "fd00:ec2::254": Refused, "168.63.129.16": Refused, "100.100.100.200": Refused,
		"::ffff:169.254.169.254": Refused, "64:ff9b::a9fe:a9fe": Refused, "2002:a9fe:a9fe::1": Refused,
		"0.0.0.0": Refused, "::": Refused, "224.0.0.1": Refused, "ff02::1": Refused, "255.255.255.255": Refused, "240.0.0.1": Refused, "192.0.0.192": Refused,
	} {
		if got := Classify(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestGuard(t *testing.T) {
	for _, x := range []struct {
		host    string
		allow   bool
		address string
		ok      bool
	}{
		{"hooks.example.com", false, "93.184.216.34", true},
		{"hooks.example.com", false, "10.0.0.1", false},
		{"hooks.example.com", false, "127.0.0.1", false},
		{"hooks.example.com", true, "10.0.0.1", true},
		{"10.0.0.1", false, "10.0.0.1", true},
		{"localhost", false, "127.0.0.1", true},
		{"LOCALHOST.", false, "::1", true},
		{"x.localhost", false, "127.0.0.1", true},
		{"notlocalhost", false, "127.0.0.1", false},
		{"hooks.example.com", true, "169.254.169.254", false},
		{"169.254.169.254", true, "169.254.169.254", false},
		{"10.0.0.1", false, "169.254.169.254", false},
	} {
		if err := NewGuard(x.host, x.allow).Check(netip.MustParseAddr(x.address)); (err == nil) != x.ok {
			t.Errorf("%s (private allowed: %t) at %s: got %v, want ok %t", x.host, x.allow, x.address, err, x.ok)
		}
	}
}

// client returns a client for a server, as if its address had been written.
func client(t *testing.T, c HTTPConfig, raw string) *Client {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	c.URL = u
	x, err := NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// A name that resolves to an address that was not meant is refused when it is
// connected to.
func TestNamesThatResolveElsewhere(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	d := NewGuard("hooks.example.com", false).Dialer()
	if conn, err := d.Dial("tcp", "localhost:"+port); err == nil { // as hooks.example.com would be resolved by whoever owns it
		conn.Close()
		t.Error("got a connection to loopback for a name that is not")
	} else if e := Wrap(err); !strings.Contains(e.Reason, "allow_private") {
		t.Errorf("got %q, want a hint at allow_private", e.Reason)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestOutcomes(t *testing.T) {
	const secret = "T00/B00/hunter2"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		switch r.URL.Query().Get("do") {
		case "ok":
			w.WriteHeader(202)
		case "500", "400", "401", "404", "503":
			w.WriteHeader(map[string]int{"500": 500, "400": 400, "401": 401, "404": 404, "503": 503}[r.URL.Query().Get("do")])
			io.WriteString(w, "no\x1b[31m "+r.URL.Path)
		case "429":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(429)
		case "date":
			w.Header().Set("Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
			w.WriteHeader(503)
		case "year":
			w.Header().Set("Retry-After", "31536000")
			w.WriteHeader(429)
		case "redirect":
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		case "reset":
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		case "hang":
			select {
			case <-r.Context().Done():
			case <-release:
			}
		case "long":
			w.Write(make([]byte, 1<<20))
		}
	}))
	defer s.Close()
	defer close(release)
	for _, x := range []struct {
		do        string
		reason    string // empty: accepted
		permanent bool
		after     time.Duration
	}{
		{"ok", "", false, 0},
		{"long", "", false, 0},
		{"500", "the receiver answered 500 Internal Server Error", false, 0},
		{"503", "the receiver answered 503 Service Unavailable", false, 0},
		{"400", "the receiver answered 400 Bad Request", true, 0},
		{"401", "the receiver answered 401 Unauthorized: check the key, or the URL if the key is in it", false, 0},
		{"404", "the receiver answered 404 Not Found: check the URL", false, 0},
		{"429", "the receiver answered 429 Too Many Requests", false, 2 * time.Minute},
		{"year", "the receiver answered 429 Too Many Requests", false, time.Hour},
		{"date", "the receiver answered 503 Service Unavailable", false, time.Minute},
		{"redirect", "the receiver answered 307 Temporary Redirect: redirects are not followed, correct the URL", false, 0},
		{"reset", "the connection was closed before an answer came", false, 0},
		{"hang", "no answer came in time", false, 0},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if x.do == "hang" {
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
		}
		_, err := client(t, HTTPConfig{}, s.URL+"/"+secret+"?do="+x.do).Send(ctx, "POST", "", nil, []byte("{}"), http.Header{"Authorization": {"Bearer hunter2"}})
		cancel()
		if x.reason == "" {
			if err != nil {
				t.Errorf("%s: got %v", x.do, err)
			}
			continue
		}
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an *Error", x.do, err)
			continue
		}
		if e.Reason != x.reason || e.Permanent != x.permanent {
			t.Errorf("%s: got %q, permanent %t; want %q, %t", x.do, e.Reason, e.Permanent, x.reason, x.permanent)
		}
		if e.After > x.after || e.After < x.after-2*time.Second {
			t.Errorf("%s: got to be left alone for %s, want %s", x.do, e.After, x.after)
		}
		if strings.Contains(e.Error(), "hunter2") || strings.Contains(e.Answer, "\x1b") {
			t.Errorf("%s: %q, %q has the secret or a control character", x.do, e, e.Answer)
		}
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	send := func(c HTTPConfig, u string) error {
		_, err := client(t, c, u).Send(t.Context(), "POST", "", nil, nil, nil)
		if err == nil {
			return nil
		}
		return Wrap(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	if err := send(HTTPConfig{}, s.URL); err == nil || !strings.Contains(err.Error(), "authority that is not known") {
		t.Errorf("a certificate of nobody: got %v", err)
	}
	if err := send(HTTPConfig{CA: pool}, s.URL); err != nil {
		t.Errorf("with its authority: got %v", err)
	}
	if err := send(HTTPConfig{CA: pool}, strings.Replace(s.URL, "127.0.0.1", "x.localhost", 1)); err == nil || !strings.Contains(err.Error(), "for another host") && !strings.Contains(err.Error(), "not known") {
		t.Errorf("another name: got %v", err)
	}
	if err := send(HTTPConfig{CA: pool}, strings.Replace(s.URL, "https", "http", 1)); err == nil {
		t.Error("in clear to a server of TLS: got no error")
	}
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	if err := send(HTTPConfig{}, strings.Replace(plain.URL, "http", "https", 1)); err == nil || !strings.Contains(err.Error(), "does not speak TLS") {
		t.Errorf("TLS to a server without: got %v", err)
	}
	old := httptest.NewUnstartedServer(http.NotFoundHandler())
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	old.StartTLS()
	defer old.Close()
	if err := send(HTTPConfig{CA: pool}, old.URL); err == nil {
		t.Error("TLS 1.1: got no error")
	}
}

func TestDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := "http://" + l.Addr().String()
	l.Close()
	_, err = client(t, HTTPConfig{}, u).Send(t.Context(), "POST", "", nil, nil, nil)
	if err == nil || err.Error() != "the connection was refused" {
		t.Errorf("got %v", err)
	}
	if _, err := NewClient(HTTPConfig{URL: &url.URL{Scheme: "http", Host: "169.254.169.254"}, AllowPrivate: true}); err == nil {
		t.Error("a metadata address: got no error")
	}
}

// Only the proxy of the configuration is used.
func TestProxy(t *testing.T) {
	var through atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { through.Add(1) }))
	defer proxy.Close()
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	if _, err := client(t, HTTPConfig{}, s.URL).Send(t.Context(), "POST", "", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if n := through.Load(); n != 0 {
		t.Errorf("the proxy of the environment was asked %d times", n)
	}
	u, _ := url.Parse(proxy.URL)
	if _, err := client(t, HTTPConfig{Proxy: u}, "http://hooks.example.com/x").Send(t.Context(), "POST", "", nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if n := through.Load(); n != 1 {
		t.Errorf("the proxy of the configuration was asked %d times, want 1", n)
	}
}
