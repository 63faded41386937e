package operation

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

var sinkFacts capture.Facts

// reportCPU reports the processor time of an operation: on a machine that does
// other things too it says more than the time that has passed.
func reportCPU(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &u)
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkObserve is what a call with a kilobyte of JSON costs.
func BenchmarkObserve(b *testing.B) {
	tr := tracker(b, Config{})
	var body strings.Builder
	body.WriteString(`{"id":"cus_000002","name":"Carla Ilic","email":"carla@example.com","orders":[`)
	for i := range 8 {
		fmt.Fprintf(&body, `{"id":"ord_%06d","total":%d,"currency":"EUR","status":"shipped","note":"leave it at the door, please, and ring twice"},`, i, i*100)
	}
	body.WriteString(`{"id":"ord_999999"}]}`)
	answer := []byte(body.String())
	header := http.Header{"Content-Type": {"application/json"}}
	id := &capture.Identity{Principal: event.Principal{ID: "p_1"}}
	b.SetBytes(int64(len(answer)))
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		c := capture.Call{Route: "shop", Method: "GET", Path: "/v1/customers/cus_000002", Header: header, Identity: id}
		o := tr.Observe(&c)
		o.Answer(200, header)
		o.Response(answer)
		sinkFacts = capture.Facts{}
		o.End(&sinkFacts)
	}
}

// BenchmarkFind is the match of a path alone, against GitHub's 811 templates as
// a document has them.
func BenchmarkFind(b *testing.B) {
	texts := map[string]bool{}
	for _, op := range operationsOf(b, "testdata/github.txt") {
		_, text, _ := strings.Cut(op, " ")
		texts[text] = true
	}
	var list []*Template
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, &Template{Text: text})
	}
	m, err := NewMatcher(list)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	defer reportCPU(b)()
	var out Match
	for b.Loop() {
		if !m.Find("/repos/octo/hello-world/issues/4711/comments", &out) {
			b.Fatal("not found")
		}
	}
}
