package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/gateway"
)

var size = flag.Int64("gateway.bytes", 64<<20, "bytes of the long bodies")

// TestEventsComeOneByOne has an API that waits after each event until the
// client has it.
func TestEventsComeOneByOne(t *testing.T) {
	for _, durability := range []capture.Durability{capture.Served, capture.Recorded} {
		got := make(chan bool)
		st := start(t, setup{
			api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/event-stream")
				for i := range 3 {
					fmt.Fprintf(w, "data: %d\n\n", i)
					w.(http.Flusher).Flush()
					<-got
				}
			}),
			route: gateway.Route{Capture: capture.Options{Durability: durability}},
		})
		res, err := http.Get(st.url)
		if err != nil {
			t.Fatal(err)
		}
		br := bufio.NewReader(res.Body)
		for i := range 3 {
			line, err := br.ReadString('\n')
			if want := fmt.Sprintf("data: %d\n", i); line != want {
				t.Fatalf("%s: got %q, %v, want %q", durability, line, err, want)
			}
			if blank, err := br.ReadString('\n'); blank != "\n" {
				t.Fatalf("%s: got %q, %v, want an empty line", durability, blank, err)
			}
			got <- true
		}
		if _, err := br.ReadByte(); err != io.EOF {
			t.Errorf("%s: after the last event: %v", durability, err)
		}
		res.Body.Close()
		e := st.next()
		if e.Operation.Protocol != "sse" || e.Response.Bytes != 27 || e.Outcome.Error != "" {
			t.Errorf("%s: event: %+v %+v %+v", durability, e.Operation, e.Response, e.Outcome)
		}
	}
}

func TestTrailersPass(t *testing.T) {
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Trailer", "X-Announced")
		io.WriteString(w, "hello")
		w.Header().Set("X-Announced", r.Trailer.Get("X-Sum"))
		w.Header().Set(http.TrailerPrefix+"X-Late", "2")
	})})
	req, _ := http.NewRequest("POST", st.url, io.MultiReader(strings.NewReader("x")))
	req.Trailer = http.Header{"X-Sum": {"1"}}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	if res.Trailer.Get("X-Announced") != "1" || res.Trailer.Get("X-Late") != "2" {
		t.Errorf("trailers: %v", res.Trailer)
	}
	e := st.next()
	if got := fmt.Sprint(e.Payload.Request.Trailers, e.Payload.Response.Trailers); got != "[{X-Sum 1}] [{X-Announced 1} {X-Late 2}]" {
		t.Errorf("recorded trailers: %s", got)
	}
}

// TestExpectIsTheAPIsToAnswer: one API asks for the body, the other refuses
// without.
func TestExpectIsTheAPIsToAnswer(t *testing.T) {
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/no" {
			w.Header().Set("Connection", "close")
			w.WriteHeader(417)
			return
		}
		b, _ := io.ReadAll(r.Body)
		w.Write(b)
	})})
	for path, want := range map[string]bool{"/yes": true, "/no": false} {
		asked := false
		trace := &httptrace.ClientTrace{Got100Continue: func() { asked = true }}
		req, _ := http.NewRequest("PUT", st.url+path, strings.NewReader("body"))
		req.Header.Set("Expect", "100-continue")
		c := http.Client{Transport: &http.Transport{ExpectContinueTimeout: 10 * time.Second, DisableKeepAlives: true}}
		res, err := c.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if asked != want || (string(b) == "body") != want {
			t.Errorf("%s: asked %v, got %d %q", path, asked, res.StatusCode, b)
		}
		if e := st.next(); e.Request.Bytes != uint64(len(b)) || e.Outcome.Error != "" {
			t.Errorf("%s: event: %+v %+v", path, e.Request, e.Outcome)
		}
	}
}

func TestEarlyHintsPass(t *testing.T) {
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(103)
		w.Header().Del("Link")
		io.WriteString(w, "ok")
	})})
	var link string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		link = h.Get("Link")
		return nil
	}}
	req, _ := http.NewRequest("GET", st.url, nil)
	res, err := http.DefaultClient.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if link != "</style.css>" || res.Header.Get("Link") != "" {
		t.Errorf("hint %q, then %q", link, res.Header)
	}
}

// endless is a body of n bytes that nobody holds.
type endless struct {
	n   int64
	sum hash.Hash
}

func (e *endless) Read(p []byte) (int, error) {
	if e.n == 0 {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), e.n)]
	for i := range p {
		p[i] = byte('a' + (e.n-int64(i))%23)
	}
	e.sum.Write(p)
	e.n -= int64(len(p))
	return len(p), nil
}

// TestLongBodiesInFlatMemory sends a long body both ways, hashed by the
// client, the API and the event, in one process.
func TestLongBodiesInFlatMemory(t *testing.T) {
	var received hash.Hash
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received = sha256.New()
		io.Copy(received, r.Body)
		down := &endless{*size, sha256.New()}
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", fmt.Sprint(*size))
		}
		io.Copy(w, down)
		w.Header().Set(http.TrailerPrefix+"X-Sum", hex.EncodeToString(down.sum.Sum(nil)))
	})})
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, path := range []string{"/length", "/chunks"} {
		up := &endless{*size, sha256.New()}
		req, _ := http.NewRequest("POST", st.url+path, up)
		if path == "/length" {
			req.ContentLength = *size
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		down := sha256.New()
		n, err := io.Copy(down, res.Body)
		res.Body.Close()
		if err != nil || n != *size {
			t.Fatalf("%s: got %d bytes, %v", path, n, err)
		}
		e := st.next()
		if got, want := e.Payload.Request.SHA256, hex.EncodeToString(up.sum.Sum(nil)); got != want || hex.EncodeToString(received.Sum(nil)) != want {
			t.Errorf("%s: the upload's hash is %s in the event, %x at the API, want %s", path, got, received.Sum(nil), want)
		}
		if got, want := e.Payload.Response.SHA256, hex.EncodeToString(down.Sum(nil)); got != want {
			t.Errorf("%s: the download's hash is %s, want %s", path, got, want)
		}
		if e.Request.Bytes != uint64(*size) || e.Response.Bytes != uint64(*size) || !e.Request.Truncated || len(e.Payload.Response.Body) > capture.DefaultLimit {
			t.Errorf("%s: event: %+v %+v, %d bytes kept", path, e.Request, e.Response, len(e.Payload.Response.Body))
		}
	}
	runtime.ReadMemStats(&peak)
	t.Logf("%d MiB each way twice; allocated meanwhile %d KiB, heap in use %d KiB", *size>>20, (peak.TotalAlloc-before.TotalAlloc)>>10, peak.HeapInuse>>10)
	if grown := peak.Sys - before.Sys; grown > 48<<20 {
		t.Errorf("the process grew by %d MiB", grown>>20)
	}
}

// TestAClientThatLeaves breaks off while the API is silent, and while its
// answer passes.
func TestAClientThatLeaves(t *testing.T) {
	came, left := make(chan struct{}, 2), make(chan struct{}, 2)
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		if r.URL.Path == "/begun" {
			io.WriteString(w, "begun")
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		left <- struct{}{}
	})})
	for path, status := range map[string]int{"/silent": 0, "/begun": 200} {
		c, err := net.Dial("tcp", st.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path)
		if status != 0 {
			bufio.NewReader(c).ReadString('\n')
		}
		<-came
		c.Close()
		e := st.next()
		<-left // the API was told
		if e.Outcome.Error != capture.ClientAborted || e.Outcome.Status != status || !e.Completed.IsZero() {
			t.Errorf("%s: event: %+v, completed %v", path, e.Outcome, e.Completed)
		}
	}
}

// TestABodyThatStops is about a client that leaves in the middle of its body.
func TestABodyThatStops(t *testing.T) {
	st := start(t, setup{api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) })})
	for _, head := range []string{"Content-Length: 10", "Content-Length: 1000000", "Transfer-Encoding: chunked"} {
		c, err := net.Dial("tcp", st.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n5\r\nhello", head)
		c.Close()
		if e := st.next(); e.Outcome.Error != capture.ClientAborted || e.Outcome.Status != 0 {
			t.Errorf("%s: event: %+v", head, e.Outcome)
		}
	}
}

// rawAPI answers each connection with the same bytes, once it has read a
// header, and closes.
func rawAPI(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			http.ReadRequest(bufio.NewReader(c))
			io.WriteString(c, answer)
			c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestAnAPIThatFails(t *testing.T) {
	closed, _ := net.Listen("tcp", "127.0.0.1:0")
	closed.Close()
	tests := []struct {
		name, upstream string
		durability     capture.Durability
		timeout        time.Duration
		status         int // that the client gets; 0: a broken answer
		recorded       int // status in the event
		code           string
	}{
		{"down", "http://" + closed.Addr().String(), "", 0, 502, 502, capture.UpstreamRefused},
		{"no such name", "http://nowhere.invalid", "", 0, 502, 502, capture.UpstreamUnresolved},
		{"closes", rawAPI(t, ""), "", 0, 502, 502, capture.UpstreamReset},
		{"no HTTP", rawAPI(t, "hello\r\n\r\n"), "", 0, 502, 502, capture.UpstreamMalformed},
		{"dies in its body", rawAPI(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"), "", 0, 0, 200, capture.UpstreamReset},
		{"dies in its chunks", rawAPI(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhell\r\n"), "", 0, 0, 200, capture.UpstreamReset},
		{"dies in its body, held", rawAPI(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell"), capture.Recorded, 0, 502, 502, capture.UpstreamReset},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := start(t, setup{upstream: tt.upstream, route: gateway.Route{Capture: capture.Options{Durability: tt.durability}}})
			res, err := http.Get(st.url)
			status := 0
			if err == nil {
				if _, err = io.ReadAll(res.Body); err == nil {
					status = res.StatusCode
				}
				res.Body.Close()
			}
			if status != tt.status {
				t.Errorf("the client got %d, %v, want %d", status, err, tt.status)
			}
			if e := st.next(); e.Outcome.Error != tt.code || e.Outcome.Status != tt.recorded || e.Completed.IsZero() != (tt.status == 0) {
				t.Errorf("event: %+v, completed %v, want %s, %d", e.Outcome, e.Completed, tt.code, tt.recorded)
			}
		})
	}
}

func TestAnAPIThatIsSilent(t *testing.T) {
	over := make(chan struct{})
	st := start(t, setup{
		api:   http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-over }),
		route: gateway.Route{Timeouts: gateway.Timeouts{Answer: 20 * time.Millisecond}},
	})
	defer close(over)
	for _, body := range []string{"", "short", strings.Repeat("long", 100_000)} {
		if res, _ := st.do("PUT", "/", body); res.StatusCode != 504 {
			t.Errorf("%d bytes: got %d", len(body), res.StatusCode)
		}
		if e := st.next(); e.Outcome.Error != capture.UpstreamTimeout {
			t.Errorf("%d bytes: event: %+v", len(body), e.Outcome)
		}
	}
}

// TestAnAnswerBeforeTheBodysEnd is a refusal that the API gives without
// reading: the client gets it, and the rest of its body is not taken for
// another request.
func TestAnAnswerBeforeTheBodysEnd(t *testing.T) {
	st := start(t, setup{upstream: rawAPI(t, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")})
	c, err := net.Dial("tcp", st.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
	br := bufio.NewReader(c)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if res.StatusCode != 413 || string(b) != "no" || err != nil || !res.Close {
		t.Errorf("got %d %q %v, close %v", res.StatusCode, b, err, res.Close)
	}
	io.WriteString(c, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
	io.Copy(io.Discard, br)
	st.next()
	st.stop()
	if n := st.count(); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestRecordedAnswersThatAreLong(t *testing.T) {
	long := strings.Repeat("0123456789", 30_000)
	st := start(t, setup{
		api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/length" {
				w.Header().Set("Content-Length", fmt.Sprint(len(long)))
			}
			io.WriteString(w, long)
		}),
		route: gateway.Route{Capture: capture.Options{Durability: capture.Recorded}},
	})
	for _, path := range []string{"/length", "/chunks"} {
		st.fail(nil)
		if _, body := st.do("GET", path, ""); body != long {
			t.Errorf("%s: got %d bytes", path, len(body))
		}
		st.next()
		st.fail(errors.New("no"))
		res, err := http.Get(st.url + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err == nil {
			t.Errorf("%s: an answer that could not be recorded looks complete (%d bytes)", path, len(b))
		}
		// HTTP/1.0 has no end but that of the connection.
		c, err := net.Dial("tcp", st.addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.0\r\n\r\n", path)
		raw, _ := io.ReadAll(c)
		c.Close()
		if bytes.HasSuffix(raw, []byte(long)) {
			t.Errorf("%s: HTTP/1.0: the whole answer was given", path)
		}
	}
}

func TestDrainEndsStreamsWithTheirEvents(t *testing.T) {
	st := start(t, setup{
		api: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: 1\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}),
		config: gateway.Config{Drain: 50 * time.Millisecond},
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", st.url, nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	st.stop()
	if n := st.count(); n != 1 {
		t.Fatalf("%d events after Run has returned, want 1", n)
	}
	if e := st.next(); e.Outcome.Error != capture.Draining || e.Response.Bytes != 9 {
		t.Errorf("event: %+v %+v", e.Outcome, e.Response)
	}
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("a stream that was cut looks complete")
	}
}
