package redact

import (
	"encoding/json"
	"fmt"
	"testing"
)

// cleanJSON is 2 KB of customers without a secret in it.
func cleanJSON() []byte {
	type customer struct {
		ID      int      `json:"id"`
		Name    string   `json:"name"`
		Email   string   `json:"email"`
		City    string   `json:"city"`
		Created string   `json:"created_at"`
		Active  bool     `json:"active"`
		Tags    []string `json:"tags"`
	}
	var list []customer
	for i := range 13 {
		list = append(list, customer{i + 4000, fmt.Sprint("Alice Example ", i), fmt.Sprintf("alice.%d@example.com", i), "Hamburg", "2026-11-23T10:00:00Z", true, []string{"a", "beta"}})
	}
	b, _ := json.Marshal(map[string]any{"customers": list, "next": 14})
	return b
}

func BenchmarkJSONClean(b *testing.B) {
	red, body := newTest(b), cleanJSON()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		red.Call().Body("application/json", body, false)
	}
}

func BenchmarkJSONCleanKnown(b *testing.B) {
	red, body := newTest(b), cleanJSON()
	known := Known{Value: jwt, Fingerprint: "fp:x"}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		red.Call(known).Body("application/json", body, false)
	}
}

func BenchmarkJSONLogin(b *testing.B) {
	red, body := newTest(b), []byte(`{"user":"alice","password":"`+opaque+`","remember":true}`)
	b.ReportAllocs()
	for b.Loop() {
		red.Call().Body("application/json", body, false)
	}
}

func BenchmarkTextClean(b *testing.B) {
	red, body := newTest(b), cleanJSON()[1:]
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		red.Call().Body("text/plain", body, false)
	}
}

var benchHeaders = [][2]string{
	{"Accept", "application/json, text/plain, */*"}, {"Accept-Encoding", "gzip, deflate, br"},
	{"Accept-Language", "en-US,en;q=0.9,de;q=0.8"}, {"Connection", "keep-alive"}, {"Content-Type", "application/json"},
	{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"},
	{"X-Request-Id", "0c6f1b2e-7f57-4a4b-9d5e-0a4d6b1f2c3d"}, {"Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
	{"Authorization", "Bearer " + jwt},
}

func BenchmarkHeaders(b *testing.B) {
	red := newTest(b)
	b.ReportAllocs()
	for b.Loop() {
		c := red.Call()
		for _, h := range benchHeaders {
			c.Header(h[0], h[1])
		}
	}
}

func BenchmarkHeadersKnown(b *testing.B) {
	red := newTest(b)
	known := Known{Value: jwt, Fingerprint: "fp:x"}
	b.ReportAllocs()
	for b.Loop() {
		c := red.Call(known)
		for _, h := range benchHeaders {
			c.Header(h[0], h[1])
		}
	}
}

func BenchmarkQuery(b *testing.B) {
	red := newTest(b)
	b.ReportAllocs()
	for b.Loop() {
		red.Call().Query("page=2&limit=50&sort=-created_at&q=alice+example&include=orders")
	}
}
