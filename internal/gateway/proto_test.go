package gateway_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/gateway"
)

// rpcAPI speaks gRPC as far as a proxy sees it: it echoes each message as it
// comes, and says how it went in trailers.
func rpcAPI(t *testing.T) string {
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("X-Traceparent", r.Header.Get("Traceparent"))
		if r.URL.Path == "/pkg.Echo/Refuse" {
			w.Header().Set("Grpc-Status", "7")
			return
		}
		w.Header().Set("Trailer", "Grpc-Status")
		w.(http.Flusher).Flush()
		buf := make([]byte, 1024)
		for {
			n, err := r.Body.Read(buf)
			w.Write(buf[:n])
			w.(http.Flusher).Flush()
			if err != nil {
				break
			}
		}
		w.Header().Set("Grpc-Status", "0")
	}))
	api.Config.Protocols = new(http.Protocols)
	api.Config.Protocols.SetUnencryptedHTTP2(true)
	api.Start()
	t.Cleanup(api.Close)
	return api.URL
}

func h2c() *http.Client {
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: tr}
}

func TestRPCPasses(t *testing.T) {
	for _, durability := range []capture.Durability{capture.Served, capture.Recorded} {
		st := start(t, setup{upstream: rpcAPI(t), route: gateway.Route{Upstream: gateway.Upstream{H2C: true}, Capture: capture.Options{Durability: durability}}})
		client := h2c()
		call := func(method string) (*http.Response, string) {
			t.Helper()
			r, w := io.Pipe()
			req, _ := http.NewRequest("POST", st.url+"/pkg.Echo/"+method, r)
			req.Header.Set("Content-Type", "application/grpc")
			req.Header.Set("Te", "trailers")
			req.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var got string
			if method == "Stream" {
				for i := range 3 { // each message comes back before the next is sent
					fmt.Fprintf(w, "message %d", i)
					b := make([]byte, 9)
					if _, err := io.ReadFull(res.Body, b); err != nil {
						t.Fatal(err)
					}
					got += string(b)
				}
			}
			w.Close()
			rest, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			return res, got + string(rest)
		}
		res, body := call("Stream")
		if body != "message 0message 1message 2" || res.Trailer.Get("Grpc-Status") != "0" {
			t.Fatalf("%s: got %q, trailers %v", durability, body, res.Trailer)
		}
		e := st.next()
		if e.Operation.Protocol != "grpc" || e.Operation.Name != "pkg.Echo/Stream" || e.Outcome.RPCStatus != "OK" || e.Request.Bytes != 27 {
			t.Errorf("%s: event: %+v %+v %+v", durability, e.Operation, e.Outcome, e.Request)
		}
		if want := (event.Trace{ID: "4bf92f3577b34da6a3ce929d0e0e4736", Parent: "00f067aa0ba902b7"}); e.Trace != want || res.Header.Get("X-Traceparent") != "00-"+want.ID+"-"+want.Parent+"-01" {
			t.Errorf("%s: the API got the trace %q, event: %+v", durability, res.Header.Get("X-Traceparent"), e.Trace)
		}
		if durability == capture.Served {
			res, _ = call("Refuse")
			if e := st.next(); res.Header.Get("Grpc-Status") != "7" || e.Outcome.RPCStatus != "PERMISSION_DENIED" {
				t.Errorf("refused: %v, event %+v", res.Header, e.Outcome)
			}
			continue
		}
		st.fail(errors.New("no"))
		if res, _ := call("Stream"); res.Trailer.Get("Grpc-Status") != "14" {
			t.Errorf("unrecorded: trailers %v", res.Trailer)
		}
	}
}

// authority makes certificates in dir.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func (a *authority) issue(t *testing.T, name string, serial int64) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: a.cert == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = tmpl, key
		tmpl.KeyUsage = x509.KeyUsageCertSign
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert == nil {
		a.cert, _ = x509.ParseCertificate(der)
		a.key = key
	}
	keyDER, _ := x509.MarshalPKCS8PrivateKey(key)
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	os.WriteFile(filepath.Join(a.dir, name+".pem"), certPEM, 0o600)
	os.WriteFile(filepath.Join(a.dir, name+".key"), keyPEM, 0o600)
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// ja4Form is a JA4 of TLS 1.3 without a server's name: the test calls an address.
var ja4Form = regexp.MustCompile(`^t13i\d{4}(h2|00)_[0-9a-f]{12}_[0-9a-f]{12}$`)

func TestTLS(t *testing.T) {
	a := &authority{dir: t.TempDir()}
	a.issue(t, "ca", 1)
	a.issue(t, "server", 2)
	ann := a.issue(t, "ann", 3)
	in := func(name string) string { return filepath.Join(a.dir, name) }
	st := start(t, setup{api: echo, tls: &gateway.TLS{CertFile: in("server.pem"), KeyFile: in("server.key"), ClientCAFile: in("ca.pem"), Client: gateway.ClientRequire}})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	get := func(h2 bool, certs ...tls.Certificate) (*http.Response, error) {
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certs}, ForceAttemptHTTP2: h2, DisableKeepAlives: true}
		res, err := (&http.Client{Transport: tr}).Get("https://" + st.addr)
		if err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
		return res, err
	}
	for h2, want := range map[bool]string{true: "h2", false: "http/1.1"} {
		res, err := get(h2, ann)
		if err != nil {
			t.Fatal(err)
		}
		e := st.next()
		if res.StatusCode != 200 || e.Operation.Protocol != want || e.Who.TLS.Subject != "CN=ann" || e.Who.TLS.Version != "1.3" || !ja4Form.MatchString(e.Who.TLS.JA4) || !strings.HasPrefix(e.Who.TLS.Certificate, "sha256:") {
			t.Errorf("got %d, event %+v %+v", res.StatusCode, e.Operation, e.Who.TLS)
		}
	}
	if _, err := get(false); err == nil {
		t.Error("a client without certificate was served")
	}
	if e := st.next(); e.Outcome.Error != capture.TLSHandshake || !strings.HasPrefix(e.Who.Peer, "127.0.0.1:") {
		t.Errorf("event: %+v %+v", e.Outcome, e.Who)
	}
	a.issue(t, "server", 4)
	if err := st.gw.Reload(); err != nil {
		t.Fatal(err)
	}
	res, err := get(false, ann)
	if err != nil || res.TLS.PeerCertificates[0].SerialNumber.Int64() != 4 {
		t.Errorf("after Reload: %v", err)
	}
	os.WriteFile(in("server.key"), []byte("no key"), 0o600)
	if err := st.gw.Reload(); err == nil || !strings.Contains(err.Error(), "server.key") {
		t.Errorf("got %v, want an error that names the key's file", err)
	}
	if _, err := get(false, ann); err != nil {
		t.Errorf("after a Reload that failed: %v", err)
	}
}

func TestAnAPIBehindTLS(t *testing.T) {
	api := httptest.NewUnstartedServer(echo)
	api.EnableHTTP2 = true
	api.StartTLS()
	defer api.Close()
	trust := api.Client().Transport.(*http.Transport).TLSClientConfig
	for _, tt := range []struct {
		conf   *tls.Config
		status int
		code   string
	}{{&tls.Config{RootCAs: trust.RootCAs}, 200, ""}, {nil, 502, capture.UpstreamTLS}} {
		st := start(t, setup{upstream: api.URL, route: gateway.Route{Upstream: gateway.Upstream{TLS: tt.conf}}})
		res, _ := st.do("GET", "/a%2Fb?x=%20", "")
		if e := st.next(); res.StatusCode != tt.status || e.Outcome.Error != tt.code {
			t.Errorf("got %d, event %+v, want %d %q", res.StatusCode, e.Outcome, tt.status, tt.code)
		}
	}
}

// frame makes a short WebSocket frame.
func frame(text string, masked bool) []byte {
	b := []byte{0x81, byte(len(text))}
	if !masked {
		return append(b, text...)
	}
	b[1] |= 0x80
	b = append(b, 1, 2, 3, 4)
	for i := range len(text) {
		b = append(b, text[i]^b[2+i&3])
	}
	return b
}

func TestWebSocketPasses(t *testing.T) {
	for _, end := range []string{"client", "api", "drain"} {
		st := start(t, setup{
			config: gateway.Config{Drain: 50 * time.Millisecond},
			api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				c, rw, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer c.Close()
				io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Proto: "+r.Header.Get("Sec-WebSocket-Protocol")+"\r\n\r\n")
				c.Write(frame("welcome", false))
				got := make([]byte, len(frame("hello", true)))
				io.ReadFull(rw, got)
				c.Write(frame("bye", false))
				if end != "api" {
					io.Copy(io.Discard, rw)
				}
			}),
		})
		c, err := net.Dial("tcp", st.addr)
		if err != nil {
			t.Fatal(err)
		}
		// The first frame comes with the header.
		c.Write(append([]byte("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: chat\r\n\r\n"), frame("hello", true)...))
		br := bufio.NewReader(c)
		res, err := http.ReadResponse(br, nil)
		if err != nil || res.StatusCode != 101 || res.Header.Get("X-Proto") != "chat" {
			t.Fatalf("%s: %v, %v", end, res, err)
		}
		want := append(frame("welcome", false), frame("bye", false)...)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(br, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s: got %q, %v", end, got, err)
		}
		switch end {
		case "client":
			c.Close()
		case "api":
			io.Copy(io.Discard, br)
			c.Close()
		case "drain":
			st.stop()
		}
		e := st.next()
		if e.Operation.Protocol != "websocket" || e.Outcome.Status != 101 || e.Payload.Request.Body != "hello\n" || e.Payload.Response.Body != "welcome\nbye\n" || e.Response.Bytes != uint64(len(want)) {
			t.Errorf("%s: event: %+v %+v %+v %q %q", end, e.Operation, e.Outcome, e.Response, e.Payload.Request.Body, e.Payload.Response.Body)
		}
		if drained := e.Outcome.Error == capture.Draining; drained != (end == "drain") {
			t.Errorf("%s: event: %+v", end, e.Outcome)
		}
		c.Close()
	}
}

func TestUpgradeToHTTP2IsIgnored(t *testing.T) {
	st := start(t, setup{api: echo})
	h := st.echoed("/", "Connection", "Upgrade, HTTP2-Settings", "Upgrade", "h2c", "Http2-Settings", "AAMAAABkAAQAAP__")
	if h["Upgrade"] != nil || h["Http2-Settings"] != nil || h["Connection"] != nil {
		t.Errorf("the API saw %v", h)
	}
}
