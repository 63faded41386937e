package http1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/gateway/http1"
)

// api answers each connection by script: each call of answer reads one request
// and returns what to send; an empty answer closes.
func api(t *testing.T, answer func(n int, r *http.Request) string) (*http1.Pool, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	var conns, calls atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			go func() {
				defer c.Close()
				br := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(br)
					if err != nil {
						return
					}
					io.Copy(io.Discard, r.Body)
					a := answer(int(calls.Add(1)), r)
					io.WriteString(c, strings.TrimSuffix(a, "<close>"))
					if a == "" || strings.HasSuffix(a, "<close>") {
						return
					}
				}
			}()
		}
	}()
	p := &http1.Pool{Address: l.Addr().String()}
	t.Cleanup(p.Close)
	return p, &conns
}

func get(t *testing.T, p *http1.Pool, r *http1.Request) (res *http1.Response, body string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if r.Method == "" {
		r.Method, r.Target, r.Host = "GET", "/", "api"
	}
	h := make(http.Header)
	if res, err = p.Do(ctx, r, h); err != nil {
		return nil, "", err
	}
	defer res.Close()
	for {
		b, err := res.Next()
		body += string(b)
		if err == io.EOF {
			return res, body, nil
		}
		if err != nil {
			return res, body, err
		}
	}
}

func TestAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	long := strings.Repeat("x", 200_000)
	tests := []struct {
		name, answer string
		want         string // the body
		again        bool   // the connection is used again
	}{
		{"length", ok + "Content-Length: 5\r\n\r\nhello", "hello", true},
		{"same length twice", ok + "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", "hello", true},
		{"no body", "HTTP/1.1 204 No Content\r\n\r\n", "", true},
		{"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "", true},
		{"chunks", ok + "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n", "hello!", true},
		{"chunk in capitals", ok + "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n00\r\n\r\n", "0123456789", true},
		{"trailers", ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n", "x", true},
		{"to the end", ok + "\r\nhello<close>", "hello", false},
		{"version 1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok<close>", "ok", false},
		{"connection close", ok + "Connection: Close\r\nContent-Length: 2\r\n\r\nok<close>", "ok", false},
		{"interim", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", "ok", true},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", "ok", true},
		{"long", ok + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(long)) + long, long, true},
		{"long chunk", ok + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long), long, true},
		{"long header", ok + "X-Long: " + long[:100_000] + "\r\nContent-Length: 2\r\n\r\nok", "ok", true},
		{"more than one answer", ok + "Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nsmug!", "ok", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, conns := api(t, func(int, *http.Request) string { return tt.answer })
			for range 2 {
				res, body, err := get(t, p, &http1.Request{})
				if err != nil || body != tt.want {
					t.Fatalf("got %d bytes %.40q, %v, want %d bytes %.40q", len(body), body, err, len(tt.want), tt.want)
				}
				if tt.name == "trailers" && res.Trailer.Get("X-Sum") != "1" {
					t.Errorf("trailers: %v", res.Trailer)
				}
			}
			if again := conns.Load() == 1; again != tt.again {
				t.Errorf("%d connections for two calls, want used again %v", conns.Load(), tt.again)
			}
		})
	}
}

// TestSmuggling has answers that two parsers could read in two ways, or that
// are no answers. None of them may be passed on as complete, and none of their
// connections may be used again.
func TestSmuggling(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := []struct{ name, answer string }{
		{"two lengths", ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
		{"list of lengths", ok + "Content-Length: 5, 5\r\n\r\nhello"},
		{"signed length", ok + "Content-Length: +5\r\n\r\nhello"},
		{"negative length", ok + "Content-Length: -5\r\n\r\nhello"},
		{"hex length", ok + "Content-Length: 0x5\r\n\r\nhello"},
		{"empty length", ok + "Content-Length: \r\n\r\nhello"},
		{"huge length", ok + "Content-Length: 99999999999999999999\r\n\r\nhello"},
		{"length and chunks", ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"other coding", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
		{"identity coding", ok + "Transfer-Encoding: identity\r\n\r\nhello"},
		{"coding twice", ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"coding with tab", ok + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n"},
		{"chunks in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{"space before colon", ok + "Content-Length : 5\r\n\r\nhello"},
		{"folded line", ok + "X-A: b\r\n Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"},
		{"folded first line", ok + " X-A: b\r\nContent-Length: 5\r\n\r\nhello"},
		{"bare line feed", ok + "X-A: b\nContent-Length: 5\r\n\r\nhello"},
		{"bare carriage return", ok + "X-A: b\rContent-Length: 5\r\n\r\nhello"},
		{"NUL", ok + "X-A: b\x00\r\nContent-Length: 5\r\n\r\nhello"},
		{"no colon", ok + "Content-Length 5\r\n\r\nhello"},
		{"empty name", ok + ": 5\r\n\r\nhello"},
		{"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
		{"HTTP/2", "HTTP/2.0 200 OK\r\n\r\n"},
		{"status in words", "HTTP/1.1 OK 200\r\n\r\n"},
		{"long status", "HTTP/1.1 2000 OK\r\n\r\n"},
		{"status 99", "HTTP/1.1 099 OK\r\n\r\n"},
		{"interim with body", "HTTP/1.1 103 Early\r\nContent-Length: 5\r\n\r\nhello" + ok + "\r\n"},
		{"switch unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
		{"endless interim", strings.Repeat("HTTP/1.1 103 Early\r\n\r\n", 50)},
		{"chunk without size", ok + "Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n"},
		{"chunk with 0x", ok + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"},
		{"signed chunk", ok + "Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n"},
		{"chunk out of range", ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
		{"chunk at the border", ok + "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\nhello\r\n0\r\n\r\n"},
		{"chunk longer than it says", ok + "Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n"},
		{"chunk with bare line feed", ok + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"},
		{"chunk ended by line feed", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n"},
		{"long extension", ok + "Transfer-Encoding: chunked\r\n\r\n5;" + strings.Repeat("x", 10_000) + "\r\nhello\r\n0\r\n\r\n"},
		{"extension with control", ok + "Transfer-Encoding: chunked\r\n\r\n5;\rx\r\nhello\r\n0\r\n\r\n"},
		{"trailer with length", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"},
		{"trailer folded", ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n"},
		{"header without end", ok + strings.Repeat("X-A: "+strings.Repeat("b", 1000)+"\r\n", 400)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, conns := api(t, func(n int, r *http.Request) string {
				if n == 1 {
					return tt.answer
				}
				return ok + "Content-Length: 2\r\n\r\nok"
			})
			_, body, err := get(t, p, &http1.Request{})
			if !errors.Is(err, http1.ErrMalformed) {
				t.Errorf("got %q, %v, want ErrMalformed", body, err)
			}
			if _, body, err := get(t, p, &http1.Request{}); err != nil || body != "ok" || conns.Load() != 2 {
				t.Errorf("the next call: %q, %v on %d connections", body, err, conns.Load())
			}
		})
	}
}

func TestShortAnswers(t *testing.T) {
	for _, answer := range []string{
		"<close>", "HTTP/1.1 200<close>", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell<close>",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n<close>",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n<close>",
	} {
		p, _ := api(t, func(int, *http.Request) string { return answer })
		_, body, err := get(t, p, &http1.Request{})
		if err == nil || errors.Is(err, http1.ErrMalformed) {
			t.Errorf("%q: got %q, %v, want an error of the connection", answer, body, err)
		}
	}
}

// TestStaleConnections is about an API that closes after each answer without
// saying so.
func TestStaleConnections(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		p, conns := api(t, func(int, *http.Request) string { return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok<close>" })
		for range 5 {
			_, body, err := get(t, p, &http1.Request{Method: method, Target: "/", Host: "api"})
			if err != nil && method == "GET" {
				t.Fatalf("%s: %v", method, err)
			}
			if err == nil && body != "ok" {
				t.Fatalf("%s: got %q", method, body)
			}
		}
		if method == "GET" && conns.Load() != 5 {
			t.Errorf("%d connections, want 5", conns.Load())
		}
	}
}

// TestNeverTwice is about an API that reads a POST and closes: it may have
// acted on it.
func TestNeverTwice(t *testing.T) {
	var seen atomic.Int32
	p, _ := api(t, func(n int, r *http.Request) string {
		if r.Method == "POST" {
			seen.Add(1)
			return ""
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	})
	if _, _, err := get(t, p, &http1.Request{}); err != nil {
		t.Fatal(err)
	}
	_, _, err := get(t, p, &http1.Request{Method: "POST", Target: "/", Host: "api", Body: strings.NewReader("x"), Length: 1})
	if err == nil || seen.Load() != 1 {
		t.Errorf("sent %d times, %v", seen.Load(), err)
	}
}

func TestRequestsThatCannotBeSent(t *testing.T) {
	p, conns := api(t, func(int, *http.Request) string { return "HTTP/1.1 204 No Content\r\n\r\n" })
	for name, r := range map[string]*http1.Request{
		"method":  {Method: "GET /x HTTP/1.1\r\nX: ", Target: "/", Host: "a"},
		"target":  {Method: "GET", Target: "/ HTTP/1.1\r\nX: y", Host: "a"},
		"space":   {Method: "GET", Target: "/a b", Host: "a"},
		"bare":    {Method: "GET", Target: "a", Host: "a"},
		"host":    {Method: "GET", Target: "/", Host: "a\r\nX: y"},
		"name":    {Method: "GET", Target: "/", Host: "a", Header: http.Header{"X: y\r\nZ": {"1"}}},
		"value":   {Method: "GET", Target: "/", Host: "a", Header: http.Header{"X": {"1\r\nY: 2"}}},
		"extra":   {Method: "GET", Target: "/", Host: "a", Extra: []http1.Field{{Name: "X", Value: "1\n2"}}},
		"upgrade": {Method: "GET", Target: "/", Host: "a", Upgrade: "x\r\nY: z"},
	} {
		if _, _, err := get(t, p, r); !errors.Is(err, http1.ErrRequest) {
			t.Errorf("%s: got %v, want ErrRequest", name, err)
		}
	}
	if _, _, err := get(t, p, &http1.Request{}); err != nil {
		t.Errorf("after them: %v on %d connections", err, conns.Load())
	}
}

func TestFramingFieldsAreOurs(t *testing.T) {
	got := make(chan *http.Request, 1)
	p, _ := api(t, func(_ int, r *http.Request) string {
		got <- r
		return "HTTP/1.1 204 No Content\r\n\r\n"
	})
	_, _, err := get(t, p, &http1.Request{Method: "POST", Target: "/", Host: "a", Body: strings.NewReader("hello"), Length: 5,
		Header: http.Header{"Content-Length": {"1"}, "Transfer-Encoding": {"chunked"}, "Connection": {"close"}, "Host": {"evil"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.ContentLength != 5 || r.Host != "a" || r.TransferEncoding != nil || r.Close {
		t.Errorf("got length %d, host %q, coding %q, close %v", r.ContentLength, r.Host, r.TransferEncoding, r.Close)
	}
}

func TestTheEndOfTheContext(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	p, _ := api(t, func(int, *http.Request) string { <-release; return "" })
	ctx, cancel := context.WithCancel(context.Background())
	_, err := p.Do(ctx, &http1.Request{Method: "GET", Target: "/", Host: "a", Sent: cancel}, http.Header{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	_, err = p.Do(context.Background(), &http1.Request{Method: "GET", Target: "/", Host: "a", HeaderTimeout: time.Millisecond}, http.Header{})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
	}
}
