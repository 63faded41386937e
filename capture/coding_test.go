package capture_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// answered records the answer that has the body b, as it is coded.
func answered(t *testing.T, coding string, b []byte, opts capture.Options, o capture.Observer) *event.Event {
	t.Helper()
	m := &memory{events: make(chan *event.Event, 1)}
	rec, err := capture.New(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	h := rec.Middleware(opts)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", coding)
		w.Write(b)
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	return <-m.events
}

// TestRecordOfCodedBodies keeps the text of each coding, without its secrets.
func TestRecordOfCodedBodies(t *testing.T) {
	const body, want = `{"name":"Alice","password":"hunter2hunter2"}`, `{"name":"Alice","password":"`
	for coding, b := range map[string][]byte{
		"gzip": gzipped(body), "deflate": zlibbed(body), "br": brotlied(body), "zstd": zstandard(body),
		"gzip, br": brotlied(string(gzipped(body))), "br, zstd, gzip": gzipped(string(zstandard(string(brotlied(body))))),
	} {
		e := answered(t, coding, b, capture.Options{}, nil)
		got := e.Payload.Response
		if !strings.HasPrefix(got.Body, want) || strings.Contains(got.Body, "hunter2") || got.Encoding != "" || e.Response.Truncated {
			t.Errorf("%s: got %q %q, truncated %v", coding, got.Body, got.Encoding, e.Response.Truncated)
		}
		if e.Response.Bytes != uint64(len(b)) {
			t.Errorf("%s: got %d bytes, want those that passed, %d", coding, e.Response.Bytes, len(b))
		}
		cut := answered(t, coding, b[:len(b)-1], capture.Options{}, nil)
		if !cut.Response.Truncated || strings.Contains(cut.Payload.Response.Body, "hunter2") {
			t.Errorf("%s without its last byte: got %q, truncated %v", coding, cut.Payload.Response.Body, cut.Response.Truncated)
		}
	}
}

// counter is an observer that counts what it is shown.
type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) Observe(*capture.Call) capture.Observation { return c }
func (c *counter) Request([]byte)                            {}
func (c *counter) Answer(int, http.Header)                   {}
func (c *counter) End(*capture.Facts)                        {}
func (c *counter) Response(p []byte) {
	c.mu.Lock()
	c.n += len(p)
	c.mu.Unlock()
}

// TestBombs sends bodies that become a thousand times as long, and more: what
// is kept and what is looked at stay bounded.
func TestBombs(t *testing.T) {
	const size = 300 << 20 // more than an observer is shown
	bomb := func(w io.WriteCloser, b *bytes.Buffer) []byte {
		chunk := make([]byte, 1<<20)
		for range size / len(chunk) {
			w.Write(chunk)
		}
		w.Close()
		return b.Bytes()
	}
	var br, zs bytes.Buffer
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	for coding, b := range map[string][]byte{"br": bomb(brotli.NewWriterLevel(&br, 1), &br), "zstd": bomb(z, &zs)} {
		for _, limit := range []int{0, 10} { // as a whole when it has passed, and while it passes
			c := new(counter)
			e := answered(t, coding, b, capture.Options{ResponseLimit: limit}, c)
			if !e.Response.Truncated || !e.Partial {
				t.Errorf("%s of %d bytes, limit %d: truncated %v, partial %v", coding, len(b), limit, e.Response.Truncated, e.Partial)
			}
			if c.n > 257<<20 || len(e.Payload.Response.Body) > 5*max(64<<10, len(b)) {
				t.Errorf("%s of %d bytes, limit %d: an observer saw %d bytes, and %d are kept", coding, len(b), limit, c.n, len(e.Payload.Response.Body))
			}
		}
	}
}

// TestManyWindows decodes more long bodies at once than there are windows for:
// some are not looked at, all are recorded, and afterwards there is room again.
func TestManyWindows(t *testing.T) {
	var long strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&long, "%x", i*7919)
	}
	b := brotlied(long.String())
	opts := capture.Options{ResponseLimit: 100}
	const calls = 100
	m := &memory{events: make(chan *event.Event, calls)}
	rec, err := capture.New(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Observer: new(counter)})
	if err != nil {
		t.Fatal(err)
	}
	begun, end := make(chan struct{}, calls), make(chan struct{})
	h := rec.Middleware(opts)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		w.Write(b[:2000])
		begun <- struct{}{}
		<-end
		w.Write(b[2000:])
	}))
	for range calls {
		go h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
	}
	for range calls {
		<-begun
	}
	close(end)
	partial := 0
	for range calls {
		if e := <-m.events; e.Partial {
			partial++
		}
	}
	if partial != calls-64 {
		t.Errorf("%d of %d were not looked at, want %d", partial, calls, calls-64)
	}
	if e := answered(t, "br", b, opts, new(counter)); e.Partial {
		t.Error("there is no window again when all have ended")
	}
}

// FuzzCodings gives decoders what no encoder made.
func FuzzCodings(f *testing.F) {
	for coding, b := range map[string][]byte{"gzip": gzipped("hello"), "deflate": zlibbed("hello"), "br": brotlied("hello"), "zstd": zstandard("hello"), "br, zstd": wideZstd} {
		f.Add(coding, b)
	}
	f.Fuzz(func(t *testing.T, coding string, b []byte) {
		if strings.ContainsFunc(coding, func(r rune) bool { return r < ' ' || r > '~' }) || len(b) > 64<<10 {
			t.Skip()
		}
		for _, limit := range []int{0, 2} {
			e := answered(t, coding, bytes.Clone(b), capture.Options{ResponseLimit: limit}, new(counter))
			if e.Response.Bytes != uint64(len(b)) {
				t.Errorf("got %d bytes, want %d", e.Response.Bytes, len(b))
			}
		}
	})
}
