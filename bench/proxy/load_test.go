//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestBucketsCoverEveryValueOnce(t *testing.T) {
	for _, v := range []uint64{0, 1, 127, 128, 255, 256, 257, 1023, 1024, 1 << 20, 1<<20 + 1<<13, 1<<63 - 1, 1<<64 - 1} {
		i := bucket(v)
		if v > bucketMax(i) || (i > 0 && v <= bucketMax(i-1)) {
			t.Errorf("%d is in bucket %d, which holds %d to %d", v, i, bucketMax(i-1)+1, bucketMax(i))
		}
		if got := bucketMax(i); got-v > v/128 {
			t.Errorf("%d counts as up to %d, more than 1/128 above", v, got)
		}
	}
	if last := bucket(1<<64 - 1); last != histBuckets-1 {
		t.Errorf("the largest value is in bucket %d of %d", last, histBuckets)
	}
}

func TestQuantilesAgreeWithASortedList(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var h hist
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(r.ExpFloat64() * float64(3*time.Millisecond))
		h.add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		want := all[max(int(q*float64(len(all))+0.5), 1)-1]
		if got := h.quantile(q); got < want || got > want+want/128 {
			t.Errorf("quantile %v: got %v, want %v and at most 1/128 more", q, got, want)
		}
	}
	if got := new(hist).quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing: got %v, want 0", got)
	}
}

func TestParseAnswer(t *testing.T) {
	f := func(text string, want answer, wantErr error) {
		t.Helper()
		got, err := parseAnswer([]byte(text))
		if !errors.Is(err, wantErr) || (err == nil && got != want) {
			t.Errorf("%q:\n got %+v, %v\nwant %+v, %v", text, got, err, want, wantErr)
		}
	}
	const length = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc"
	f(length, answer{200, len(length), false}, nil)
	f(length+"more", answer{200, len(length), false}, nil)
	const refused = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	f(refused, answer{401, len(refused), true}, nil)
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n"
	f(chunked, answer{200, len(chunked), false}, nil)
	for i := range length {
		f(length[:i], answer{}, errShort)
	}
	for i := range chunked {
		f(chunked[:i], answer{}, errShort)
	}
	f("HTTP/1.1 200 OK\r\n\r\nuntil the end", answer{}, errFormat)
	f("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", answer{}, errFormat)
	f("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", answer{}, errFormat)
	f("SSH-2.0-OpenSSH_9.2\r\n\r\n", answer{}, errFormat)
}

func testLoad(t *testing.T, h http.Handler) load {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	addr := netip.MustParseAddrPort(s.Listener.Addr().String())
	request := fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 5\r\n\r\nhello", addr)
	return load{addr: addr, requests: [][]byte{request}, connections: 8}
}

func TestClosedLoopCountsWhatTheServerServed(t *testing.T) {
	var served atomic.Uint64
	l := testLoad(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		time.Sleep(2 * time.Millisecond)
	}))
	l.duration = 200 * time.Millisecond
	out, err := l.run()
	if err != nil {
		t.Fatal(err)
	}
	if out.done != served.Load() || out.bad != 0 || out.latency.total != out.done {
		t.Errorf("counted %d good, %d bad, %d latencies; the server served %d", out.done, out.bad, out.latency.total, served.Load())
	}
	if got := out.latency.quantile(0); got < 2*time.Millisecond {
		t.Errorf("the fastest answer took %v, and the server waits for 2ms", got)
	}
	if most := 8 * 0.2 / 0.002; out.rate*0.2 > most {
		t.Errorf("%.0f answers, and 8 connections to a server that waits allow %.0f", out.rate*0.2, most)
	}
}

// A server that stalls once must be charged for every request that was due
// meanwhile, although the stall keeps them from being sent.
func TestOpenLoopChargesAStallToAllItDelayed(t *testing.T) {
	const stall = 300 * time.Millisecond
	var first atomic.Bool
	l := testLoad(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if first.CompareAndSwap(false, true) {
			time.Sleep(stall)
		}
	}))
	l.connections, l.rate, l.duration = 1, 100, 600*time.Millisecond
	out, err := l.run()
	if err != nil {
		t.Fatal(err)
	}
	if out.done != 60 || out.unsent != 0 || out.bad != 0 {
		t.Errorf("%d good, %d bad, %d unsent; want all 60 good", out.done, out.bad, out.unsent)
	}
	// Half of the requests were due during the stall, spread evenly over it: the
	// 75th percentile waited for about half of it, and not for less.
	if got := out.latency.quantile(0.75); got < stall/2-20*time.Millisecond {
		t.Errorf("75th percentile is %v, which forgets the requests that a stall of %v delayed", got, stall)
	}
}

func TestBadAnswersAreNeverCountedAsGood(t *testing.T) {
	var n atomic.Uint64
	l := testLoad(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 3 {
		case 0:
			http.Error(w, "no", http.StatusUnauthorized)
		case 1:
			panic(http.ErrAbortHandler) // cuts the connection
		}
	}))
	l.duration = 100 * time.Millisecond
	out, err := l.run()
	if err != nil {
		t.Fatal(err)
	}
	if out.done+out.bad != n.Load() || out.done > out.bad {
		t.Errorf("%d good and %d bad of %d, of which a third was good", out.done, out.bad, n.Load())
	}
	if out.firstBad == nil {
		t.Error("the first bad answer is not named")
	}
}

// The upstream must understand the requests that proxies make of ours.
func TestUpstreamAnswersNetHTTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go upstream(l)
	for _, body := range []string{"", "with a length", "chunked"} {
		req, err := http.NewRequest("POST", "http://"+l.Addr().String(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body == "chunked" {
			req.ContentLength = -1
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		var order struct{ ID string }
		if err := json.NewDecoder(res.Body).Decode(&order); err != nil || order.ID == "" || res.ContentLength != 1024 {
			t.Errorf("%q: got %d bytes, order %q, error %v", body, res.ContentLength, order.ID, err)
		}
		res.Body.Close()
	}
}

func TestRequestsAreValidHTTP(t *testing.T) {
	is, err := startIssuer()
	if err != nil {
		t.Fatal(err)
	}
	all, err := is.requests("127.0.0.1:1", 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 6 {
		t.Fatalf("%d requests, want a GET and a POST for each of 3 tokens", len(all))
	}
	for _, raw := range all {
		req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		if token := req.Header.Get("Authorization"); strings.Count(token, ".") != 2 {
			t.Errorf("not a bearer token: %q", token)
		}
		if req.Method == "POST" {
			var v any
			if err := json.NewDecoder(req.Body).Decode(&v); err != nil {
				t.Errorf("body is not JSON: %v", err)
			}
		}
	}
}

func TestParseStat(t *testing.T) {
	// The name of a process may hold spaces and parentheses.
	const line = "4711 (a (b) c) S 12 4711 4711 0 -1 4194560 9 8 7 6 150 50 20 30 20 0 5 0 100 1000 10"
	got, err := parseStat(line)
	want := stat{pid: 4711, parent: 12, cpu: 2500 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"", "4711 sh S 1", "4711 (sh) S 1 2", "x (sh) S 12 4711 4711 0 -1 4194560 9 8 7 6 150 50 20 30"} {
		if _, err := parseStat(bad); !errors.Is(err, errStat) {
			t.Errorf("%q: got %v, want errStat", bad, err)
		}
	}
}

func TestRecordedCallsAreCounted(t *testing.T) {
	s := setup{dir: t.TempDir()}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("access.log", "started\n{\"uri\":\"/v1/orders\"}\n{\"uri\":\"/v1/orders/1?expand=lines\"}\n")
	if n, err := logLines("access.log")(s); n != 2 || err != nil {
		t.Errorf("log: got %d, %v; want 2", n, err)
	}
	if _, err := logLines("other.log")(s); err == nil {
		t.Error("a log that is not there counts as one without calls")
	}
	if _, err := ledgerSize(s); err == nil {
		t.Error("a ledger that is not there counts as an empty one")
	}
	write("data/ledger/checkpoint", "example.com/bench\n4711\nhash\n\nsignature\n")
	if n, err := ledgerSize(s); n != 4711 || err != nil {
		t.Errorf("ledger: got %d, %v; want 4711", n, err)
	}
}
