package engine

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlinsert/jsonline"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlselect/logsql"
	"github.com/VictoriaMetrics/VictoriaMetrics/app/vlstorage"
)

// handler serves the three requests of the child.
type handler struct {
	token   []byte
	queries chan struct{} // one slot for each query that may run at a time

	// flushes orders inserts (readers) and flushes (writers): a flush that
	// returns covers every insert that began before it, answered or not.
	flushes sync.RWMutex
	dirty   atomic.Bool // rows were added since the last flush
}

func newHandler(token string) *handler {
	// A query uses every processor by itself; more at a time only add memory.
	return &handler{token: []byte(token), queries: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer endOnPanic()
	if len(h.token) > 0 {
		want := append([]byte("Bearer "), h.token...)
		if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), want) != 1 {
			http.Error(w, "missing or wrong token", http.StatusUnauthorized)
			return
		}
	}
	if r.Method != http.MethodPost {
		http.Error(w, "only POST", http.StatusMethodNotAllowed)
		return
	}
	switch r.URL.Path {
	case "/insert/jsonline":
		h.flushes.RLock()
		defer h.flushes.RUnlock()
		h.dirty.Store(true)
		jsonline.RequestHandler(w, r)
		h.dirty.Store(true)
	case "/select/logsql/query":
		select {
		case h.queries <- struct{}{}:
			defer func() { <-h.queries }()
			logsql.ProcessQueryRequest(r.Context(), w, r)
		case <-r.Context().Done():
		}
	case "/internal/force_flush":
		h.flush()
	default:
		http.NotFound(w, r)
	}
}

// endOnPanic ends the process when the engine panicked: net/http would go on
// with whatever locks the engine still holds.
func endOnPanic() {
	p := recover()
	if p == nil || p == http.ErrAbortHandler {
		return
	}
	fmt.Fprintf(os.Stderr, "panic: %v\n%s", p, debug.Stack())
	os.Exit(exitPanic)
}

// flushEvery makes new rows searchable at least every interval, until ctx ends.
// The engine by itself takes up to a second.
func (h *handler) flushEvery(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if h.dirty.Load() {
				h.flush()
			}
		}
	}
}

func (h *handler) flush() {
	h.flushes.Lock()
	defer h.flushes.Unlock()
	if !h.dirty.Swap(false) {
		return
	}
	// The storage is private to vlstorage, which flushes it on this request only.
	r, err := http.NewRequest(http.MethodPost, "/internal/force_flush", nil)
	if err != nil {
		panic(fmt.Sprintf("engine: a constant request is invalid: %v", err))
	}
	vlstorage.RequestHandler(nullWriter{}, r)
}

// nullWriter is the answer that nobody reads.
type nullWriter struct{}

func (nullWriter) Header() http.Header         { return http.Header{} }
func (nullWriter) Write(p []byte) (int, error) { return len(p), nil }
func (nullWriter) WriteHeader(int)             {}
