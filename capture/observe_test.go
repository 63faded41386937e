package capture_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// eye is an observer that remembers what it is shown, and says facts.
type eye struct {
	call     capture.Call
	answers  []int
	request  []byte
	response []byte
	facts    capture.Facts
	panics   string // in which method
}

func (o *eye) Observe(c *capture.Call) capture.Observation {
	o.call = *c
	return o
}

func (o *eye) Request(p []byte) {
	if o.panics == "Request" {
		panic("a mistake")
	}
	o.request = append(o.request, p...)
}

func (o *eye) Answer(status int, _ http.Header) {
	o.answers = append(o.answers, status)
	o.response = nil
}

func (o *eye) Response(p []byte) {
	if o.panics == "Response" {
		panic("a mistake")
	}
	o.response = append(o.response, p...)
}

func (o *eye) End(f *capture.Facts) {
	if o.panics == "End" {
		panic("a mistake")
	}
	*f = o.facts
}

// observed makes a call with body that h answers, and returns its event.
func observed(t *testing.T, o *eye, opts capture.Options, h http.HandlerFunc, req *http.Request) (*event.Event, []byte) {
	t.Helper()
	m := &memory{events: make(chan *event.Event, 10)}
	rec, err := capture.New(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(rec.Middleware(opts)(h))
	defer s.Close()
	req.URL.Scheme, req.URL.Host, req.RequestURI = "http", strings.TrimPrefix(s.URL, "http://"), ""
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if n := rec.ObserverPanics(); n != uint64(min(len(o.panics), 1)) {
		t.Errorf("panics of the observer: got %d", n)
	}
	return <-m.events, b
}

func gzipped(s string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

func zlibbed(s string) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

func brotlied(s string) []byte {
	var b bytes.Buffer
	w := brotli.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

// wideBrotli returns s with a window of 16 MiB.
func wideBrotli(s string) []byte {
	var b bytes.Buffer
	w := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 24})
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

func zstandard(s string) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	io.WriteString(w, s)
	w.Close()
	return b.Bytes()
}

// wideZstd is "hello" in a frame that asks for a window of 1 GiB: magic, no
// content size, the window, one raw block that is the last.
var wideZstd = append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 5<<3 | 1, 0, 0}, "hello"...)

// TestObserverSeesContent shows bodies of each coding and length, as they were
// before coding and before redaction.
func TestObserverSeesContent(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 1<<16)
	var random strings.Builder // does not compress
	for i, x := 0, uint32(1); i < 300_000; i++ {
		x = x*1664525 + 1013904223
		random.WriteByte(byte('!' + x>>24%90))
	}
	tests := []struct {
		name, coding string
		body         []byte
		want         string
		limit        int
		partial      bool
	}{
		{"short", "", []byte(`{"password":"hunter2hunter2"}`), `{"password":"hunter2hunter2"}`, 0, false},
		{"long", "", []byte(long), long, 0, false},
		{"not recorded", "", []byte(long), long, -1, false},
		{"gzip", "gzip", gzipped("hello"), "hello", 0, false},
		{"gzip not recorded", "gzip", gzipped("hello"), "hello", -1, false},
		{"gzip beyond what is kept", "x-gzip", gzipped(random.String()), random.String(), 100, false},
		{"deflate", "deflate", zlibbed("hello"), "hello", 0, false},
		{"deflate beyond what is kept", "deflate", zlibbed(random.String()), random.String(), 100, false},
		{"cut gzip", "gzip", gzipped(random.String())[:2000], "", 0, true},
		{"no gzip", "gzip", []byte("hello"), "", 0, true},
		{"br", "br", brotlied("hello"), "hello", 0, false},
		{"br beyond what is kept", "br", brotlied(random.String()), random.String(), 100, false},
		{"br not recorded", "BR", brotlied("hello"), "hello", -1, false},
		{"cut br", "br", brotlied(random.String())[:2000], "", 0, true},
		{"cut br beyond what is kept", "br", brotlied(random.String())[:2000], "", 100, true},
		{"no br", "br", []byte("hello"), "", 0, true},
		{"br of a window that is too large", "br", wideBrotli("hello"), "", 0, true},
		{"zstd", "zstd", zstandard("hello"), "hello", 0, false},
		{"zstd beyond what is kept", "zstd", zstandard(random.String()), random.String(), 100, false},
		{"zstd in two frames", "zstd", append(zstandard("hel"), zstandard("lo")...), "hello", 0, false},
		{"cut zstd", "zstd", zstandard(random.String())[:2000], "", 0, true},
		{"no zstd", "zstd", []byte("hello"), "", 100, true},
		{"zstd of a window that is too large", "zstd", wideZstd, "", 0, true},
		{"foreign", "compress", []byte("hello"), "", 0, true},
		{"coded twice", "gzip, gzip", gzipped(string(gzipped("hello"))), "hello", 0, false},
		{"two codings", "gzip, br", brotlied(string(gzipped("hello"))), "hello", 0, false},
		{"two codings beyond what is kept", "zstd, identity, deflate", zlibbed(string(zstandard(random.String()))), random.String(), 100, false},
		{"in the wrong order", "br, gzip", brotlied(string(gzipped("hello"))), "", 0, true},
		{"coded too often", "gzip, gzip, gzip, gzip", gzipped(string(gzipped(string(gzipped(string(gzipped("hello"))))))), "", 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := new(eye)
			req := httptest.NewRequest("POST", "/things?q=1", bytes.NewReader(tt.body))
			if tt.coding != "" {
				req.Header.Set("Content-Encoding", tt.coding)
			}
			e, got := observed(t, o, capture.Options{Route: "r", RequestLimit: tt.limit, ResponseLimit: tt.limit}, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if tt.coding != "" {
					w.Header().Set("Content-Encoding", tt.coding)
				}
				w.Write(b)
			}, req)
			if !bytes.Equal(got, tt.body) {
				t.Errorf("the client got %d bytes, want %d", len(got), len(tt.body))
			}
			if e.Partial != tt.partial {
				t.Errorf("partial: got %v", e.Partial)
			}
			if c := o.call; c.Method != "POST" || c.Path != "/things" || c.Query != "q=1" || c.Route != "r" || c.Identity == nil || !slices.Equal(o.answers, []int{200}) {
				t.Errorf("the call: got %+v, answers %v", c, o.answers)
			}
			if tt.partial {
				return
			}
			if string(o.request) != tt.want || string(o.response) != tt.want {
				t.Errorf("seen: %d and %d bytes, want %d", len(o.request), len(o.response), len(tt.want))
			}
		})
	}
}

// TestObserverFacts puts what an observer says into an event: bounded, sorted,
// and without secrets.
func TestObserverFacts(t *testing.T) {
	const token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"
	o := &eye{facts: capture.Facts{
		Operation: event.Operation{
			Method: "ignored", Host: "ignored", Route: "/customers/{id}", Name: "not plain", Basis: event.BasisLearned, Action: event.ActionRead,
			Parts: []string{"b", "a", "b", "with space"}, Scopes: []string{"z", "a"}, Requires: event.RequiresScopes, Model: strings.Repeat("x", 300),
		},
		Objects: []event.Object{{Type: "customer", ID: "4711"}, {Type: "order", ID: token}, {Type: "session_id", ID: "abcdefgh12345678"}, {Type: "", ID: "x"}, {Type: "order", ID: strings.Repeat("x", 300)}},
		Asked:   1, Counts: map[string]uint64{"order": 4100}, Records: 4100,
		Data:         []event.Data{{Class: "phone", Count: 1}, {Class: "email", Count: 3}, {Class: "none"}},
		ResponseText: capture.Rendered{From: "sse", Text: []byte(`{"password":"hunter2hunter2","answer":"all of it"}`)},
	}}
	for i := range 2 * capture.MaxObjects {
		o.facts.Objects = append(o.facts.Objects, event.Object{Type: "item", ID: strconv.Itoa(i)})
	}
	e, _ := observed(t, o, capture.Options{}, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "data: piece\n\n") }, httptest.NewRequest("GET", "/x", nil))
	op := e.Operation
	if op.Method != "GET" || op.Host != "example.com" || op.Route != "/customers/{id}" || op.Name != "" || op.Basis != event.BasisLearned || op.Model != "" {
		t.Errorf("operation: got %+v", op)
	}
	if !slices.Equal(op.Parts, []string{"a", "b"}) || !slices.Equal(op.Scopes, []string{"a", "z"}) {
		t.Errorf("lists: got %v %v", op.Parts, op.Scopes)
	}
	if want := []string{"customer", "item", "order", "session_id"}; !slices.Equal(e.Objects, want) || !slices.Equal(e.Counts, []uint64{1, 2 * capture.MaxObjects, 4100, 1}) {
		t.Errorf("objects: got %v %v", e.Objects, e.Counts)
	}
	if len(e.What.Objects) != capture.MaxObjects || e.What.Asked != 1 || e.What.Objects[0].ID != "4711" {
		t.Errorf("what: got %d objects, %d asked", len(e.What.Objects), e.What.Asked)
	}
	for _, o := range e.What.Objects[1:3] {
		if !strings.HasPrefix(o.ID, "fp:") {
			t.Errorf("the id of %s is %q, want a fingerprint", o.Type, o.ID)
		}
	}
	if len(e.Data) != 2 || e.Data[0].Class != "email" || e.Records != 4100 {
		t.Errorf("data: got %v", e.Data)
	}
	if p := e.Payload.Response; p.Rendered != "sse" || !strings.Contains(p.Body, "all of it") || strings.Contains(p.Body, "hunter2") {
		t.Errorf("rendered: got %+v", p)
	}
	if _, err := e.Seal(new([event.Classes]event.Salt)); err != nil {
		t.Error(err)
	}
}

// slow is an observer that looks at an answer only once it may.
type slow struct {
	eye
	may chan struct{}
}

func (o *slow) Observe(*capture.Call) capture.Observation { return o }

func (o *slow) Response([]byte) { <-o.may }

// TestObserverDelaysNothing has the client read the first bytes of an answer
// while the observer has not looked at them yet.
func TestObserverDelaysNothing(t *testing.T) {
	o, m := &slow{may: make(chan struct{})}, &memory{events: make(chan *event.Event, 1)}
	rec, err := capture.New(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Observer: o})
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.Repeat([]byte("x"), 64<<10) // more than net/http buffers
	s := httptest.NewServer(rec.Middleware(capture.Options{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(first)
		io.WriteString(w, "the rest")
	})))
	defer s.Close()
	res, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, len(first)/2)); err != nil {
		t.Fatal(err)
	}
	close(o.may) // had it been asked first, the test would hang
	if rest, err := io.ReadAll(res.Body); err != nil || !bytes.HasSuffix(rest, []byte("the rest")) {
		t.Errorf("the rest: %d bytes, %v", len(rest), err)
	}
	<-m.events
}

// teller is an observer that says what it is told in Observe and in End.
type teller struct {
	eye
	name string
	said *[]string
}

func (o *teller) Observe(c *capture.Call) capture.Observation {
	*o.said = append(*o.said, o.name+" after "+c.Template)
	c.Template = o.name
	return o
}

func (o *teller) End(f *capture.Facts) {
	*o.said = append(*o.said, o.name+" ends after "+f.Operation.Name)
	f.Operation.Name = o.name
}

// TestObservers has two observers watch one call.
func TestObservers(t *testing.T) {
	var said []string
	a, b := &teller{name: "a", said: &said}, &teller{name: "b", said: &said}
	o := capture.Observers(nil, a, b).Observe(new(capture.Call))
	o.Request([]byte("in"))
	o.Answer(200, nil)
	o.Response([]byte("out"))
	o.End(new(capture.Facts))
	if want := []string{"a after ", "b after a", "b ends after ", "a ends after b"}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
	for _, o := range []*teller{a, b} {
		if string(o.request) != "in" || string(o.response) != "out" {
			t.Errorf("%s saw %q and %q", o.name, o.request, o.response)
		}
	}
	if capture.Observers(nil) != nil || capture.Observers(a) != capture.Observer(a) {
		t.Error("none or one need no list")
	}
}

// TestObserverPanics has an observer make mistakes: the call must not notice.
func TestObserverPanics(t *testing.T) {
	for _, where := range []string{"Request", "Response", "End"} {
		o := &eye{panics: where, facts: capture.Facts{Operation: event.Operation{Route: "/x"}}}
		e, got := observed(t, o, capture.Options{}, func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) }, httptest.NewRequest("POST", "/x", strings.NewReader("hello")))
		if string(got) != "hello" || !e.Partial || e.Operation.Route != "" || e.Payload.Response.Body != "hello" {
			t.Errorf("%s: the client got %q, partial %v, route %q", where, got, e.Partial, e.Operation.Route)
		}
	}
}

// TestObserverSeesTheLastAnswer holds an answer on a recorded route, and drops
// it for another.
func TestObserverSeesTheLastAnswer(t *testing.T) {
	o := new(eye)
	observed(t, o, capture.Options{Durability: capture.Recorded}, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(*capture.Exchange).Problem(502, capture.UpstreamReset, "The API broke off.")
	}, httptest.NewRequest("GET", "/x", nil))
	if !slices.Equal(o.answers, []int{200, 502}) || !strings.HasPrefix(string(o.response), `{"type"`) {
		t.Errorf("got answers %v and %q", o.answers, o.response)
	}
}

// TestPatterns: an observer is told what the program's own router has for a
// call: the mux that is wrapped, or what the program says.
func TestPatterns(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /customers/{id}", func(http.ResponseWriter, *http.Request) {})
	for _, tt := range []struct {
		name    string
		handler http.Handler
		own     func(*http.Request) string
		path    string
		want    string
	}{
		{"a mux", mux, nil, "/customers/4711", "GET /customers/{id}"},
		{"nothing of the mux", mux, nil, "/elsewhere", ""},
		{"a handler", http.HandlerFunc(mux.ServeHTTP), nil, "/customers/4711", ""},
		{"the program's own", http.HandlerFunc(mux.ServeHTTP), func(r *http.Request) string { return r.Method + " /mine/{id}" }, "/mine/1", "GET /mine/{id}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, m := &eye{}, &memory{events: make(chan *event.Event, 1)}
			wrap, err := capture.Middleware(capture.Config{Edge: "e", Sink: m, Key: []byte("0123456789abcdef"), Observer: o, Options: capture.Options{Pattern: tt.own}})
			if err != nil {
				t.Fatal(err)
			}
			wrap(tt.handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", tt.path, nil))
			<-m.events
			if o.call.Pattern != tt.want {
				t.Errorf("got the pattern %q, want %q", o.call.Pattern, tt.want)
			}
		})
	}
}
