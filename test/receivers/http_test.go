package receivers

import (
	"context"
	"crypto/x509"
	"database/sql"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/state"
)

func channel(t *testing.T, raw string, pool *x509.CertPool) deliver.Channel {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	c, err := egress.NewClient(egress.HTTPConfig{URL: u, CA: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return webhook.New(webhook.Config{Client: c})
}

// hook is a receiver that does as each request is told by wrong, and keeps the
// ids of what it took and of what came.
type hook struct {
	mu    sync.Mutex // guards what follows
	took  []string   // accepted, in order
	came  map[string]int
	wrong func(n int, w http.ResponseWriter, r *http.Request) (done bool) // nil: all is right
	n     int
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	id := r.Header.Get("webhook-id")
	h.mu.Lock()
	if h.came == nil {
		h.came = make(map[string]int)
	}
	h.came[id]++
	h.n++
	n, wrong := h.n, h.wrong
	h.mu.Unlock()
	if wrong != nil && wrong(n, w, r) {
		return
	}
	h.mu.Lock()
	h.took = append(h.took, id)
	h.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// check fails the test unless all of the notices arrived, those of each incident
// in their order, and none was accepted twice.
func (h *hook) check(t *testing.T, want []string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if got := slices.Sorted(slices.Values(h.took)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("accepted %d messages, want each of %d once:\n%q", len(got), len(want), got)
	}
	last := make(map[string]string)
	for _, id := range h.took {
		incident, _, _ := strings.Cut(id, ".")
		if id < last[incident] {
			t.Errorf("%s was accepted after %s", id, last[incident])
		}
		last[incident] = id
	}
}

// Whatever a receiver does for a while, it has got everything once it is well,
// and another receiver got everything meanwhile.
func TestReceiversThatAreWrong(t *testing.T) {
	times := func(most int, do func(w http.ResponseWriter, r *http.Request)) func(int, http.ResponseWriter, *http.Request) bool {
		return func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n > most {
				return false
			}
			do(w, r)
			return true
		}
	}
	for _, x := range []struct {
		name  string
		wrong func(int, http.ResponseWriter, *http.Request) bool
	}{
		{"answers 500", times(9, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })},
		{"answers 429 with Retry-After", times(2, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "1"); w.WriteHeader(429) })},
		{"answers 401", times(3, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })},
		{"redirects", times(3, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "http://127.0.0.1:1/", 308) })},
		{"hangs", times(2, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })},
		{"sends half an answer", times(3, func(w http.ResponseWriter, _ *http.Request) {
			conn, b, err := w.(http.Hijacker).Hijack()
			if err == nil {
				b.WriteString("HTTP/1.1 20")
				b.Flush()
				conn.Close()
			}
		})},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			bad, good := &hook{wrong: x.wrong}, &hook{}
			badServer, goodServer := httptest.NewServer(bad), httptest.NewServer(good)
			defer badServer.Close()
			defer goodServer.Close()
			o := open(t, deliver.Config{Backoff: 5 * time.Millisecond, Receivers: []deliver.Receiver{
				{Name: "bad", Channel: channel(t, badServer.URL, nil), Timeout: 5 * time.Second}, {Name: "good", Channel: channel(t, goodServer.URL, nil)},
			}})
			var want []string
			for i := range 10 {
				for seq, change := range []alert.Change{alert.Opened, alert.Joined, alert.Closed} {
					n := notice(i, seq+1, change)
					o.add(n)
					want = append(want, n.ID)
				}
			}
			if delivered, dead := o.await("good"); delivered != 30 || dead != 0 {
				t.Errorf("the other: %d delivered, %d dead", delivered, dead)
			}
			good.check(t, want)
			if delivered, dead := o.await("bad"); delivered != 30 || dead != 0 {
				t.Errorf("%d delivered, %d dead, want 30 and none", delivered, dead)
			}
			bad.check(t, want)
		})
	}
}

// A receiver that accepts and then breaks the connection gets the message
// again, with the same id: at least once, and no more than that.
func TestResetAfterAcceptance(t *testing.T) {
	h := &hook{}
	cut := make(map[string]bool)
	h.wrong = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		id := r.Header.Get("webhook-id")
		if cut[id] {
			return false
		}
		cut[id] = true
		h.took = append(h.took, id) // it has it
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
		return true
	}
	s := httptest.NewServer(h)
	defer s.Close()
	o := open(t, deliver.Config{Backoff: time.Millisecond, Receivers: []deliver.Receiver{{Name: "r", Channel: channel(t, s.URL, nil)}}})
	for i := range 10 {
		o.add(notice(i, 1, alert.Opened))
	}
	if delivered, dead := o.await("r"); delivered != 10 || dead != 0 {
		t.Errorf("%d delivered, %d dead, want 10 and none", delivered, dead)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, n := range h.came {
		if n != 2 {
			t.Errorf("%s came %d times, want twice", id, n)
		}
	}
	if len(h.came) != 10 {
		t.Errorf("%d ids came, want 10", len(h.came))
	}
}

// A certificate that is not believed: nothing is sent, the reason shows, and all
// arrives once the authority is named.
func TestWrongTLS(t *testing.T) {
	h := &hook{}
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	r := deliver.Receiver{Name: "r", Channel: channel(t, s.URL, nil)}
	o := open(t, deliver.Config{Backoff: time.Millisecond, Receivers: []deliver.Receiver{r}})
	o.add(notice(1, 1, alert.Opened))
	until(t, "it fails", func() bool {
		list, err := o.Status(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return !list[0].Failing.IsZero() && strings.HasPrefix(list[0].Error, "the certificate is of an authority that is not known")
	})
	h.mu.Lock()
	if len(h.came) != 0 {
		t.Errorf("something was sent: %v", h.came)
	}
	h.mu.Unlock()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	r.Channel, r.Identity = channel(t, s.URL, pool), "with an authority"
	if err := o.Swap(t.Context(), []deliver.Receiver{r}); err != nil {
		t.Fatal(err)
	}
	if delivered, _ := o.await("r"); delivered != 1 {
		t.Errorf("%d delivered, want 1", delivered)
	}
}

// What is refused for good is dead, visible, and delivered when it is tried
// again by hand.
func TestDeadLetters(t *testing.T) {
	h := &hook{}
	h.wrong = func(_ int, w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(422); return true }
	s := httptest.NewServer(h)
	defer s.Close()
	o := open(t, deliver.Config{Receivers: []deliver.Receiver{{Name: "r", Channel: channel(t, s.URL, nil)}}})
	o.add(notice(1, 1, alert.Opened), notice(2, 1, alert.Opened))
	if delivered, dead := o.await("r"); delivered != 0 || dead != 2 {
		t.Fatalf("%d delivered, %d dead, want none and 2", delivered, dead)
	}
	h.mu.Lock()
	h.wrong = nil
	h.mu.Unlock()
	list, err := o.List(t.Context(), deliver.Filter{State: deliver.Dead})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if d.Error != "the receiver answered 422 Unprocessable Entity" || d.Attempts != 1 {
			t.Errorf("got %+v", d)
		}
		if err := o.Retry(t.Context(), d.ID); err != nil {
			t.Fatal(err)
		}
	}
	if delivered, dead := o.await("r"); delivered != 2 || dead != 0 {
		t.Errorf("%d delivered, %d dead, want 2 and none", delivered, dead)
	}
}

// TestMain is also the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("GATEBOOK_RECEIVERS_DIR"); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir, os.Getenv("GATEBOOK_RECEIVERS_URL")))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child sends what is in an outbox, and puts 40 incidents into one that is
// empty.
func child(dir, raw string) error {
	db, err := state.Open(filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	c, err := egress.NewClient(egress.HTTPConfig{URL: u})
	if err != nil {
		return err
	}
	o, err := deliver.New(context.Background(), deliver.Config{DB: db, Receivers: []deliver.Receiver{{Name: "r", Concurrency: 2, Channel: webhook.New(webhook.Config{Client: c})}}})
	if err != nil {
		return err
	}
	for i := range 40 {
		n := notice(i, 1, alert.Opened) // known ones are not added again
		if err := db.Write(context.Background(), func(tx *sql.Tx) error { return o.Deliver(context.Background(), tx, &n) }); err != nil {
			return err
		}
	}
	return o.Run(context.Background())
}

// Killed between sending and marking, again and again, nothing is lost, and only
// what was on its way comes twice.
func TestKilledBetweenSendAndMark(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process many times")
	}
	dir := t.TempDir()
	h := &hook{}
	var current *exec.Cmd
	kills := 0
	h.wrong = func(n int, w http.ResponseWriter, r *http.Request) bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		if n%5 != 0 || kills == 12 {
			return false
		}
		kills++
		h.took = append(h.took, r.Header.Get("webhook-id")) // accepted, and nobody will know
		current.Process.Kill()
		return true
	}
	s := httptest.NewServer(h)
	defer s.Close()
	starts := 0
	for pending := 1; pending > 0; {
		if starts++; starts > 40 {
			t.Fatal("it does not end")
		}
		h.mu.Lock()
		current = exec.Command(os.Args[0])
		current.Env = append(os.Environ(), "GATEBOOK_RECEIVERS_DIR="+dir, "GATEBOOK_RECEIVERS_URL="+s.URL)
		current.Stderr = os.Stderr
		err := current.Start()
		h.mu.Unlock()
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- current.Wait() }()
		for alive := true; alive && pending > 0; {
			select {
			case <-ended:
				alive = false
			case <-time.After(50 * time.Millisecond):
				if pending = left(t, dir); pending == 0 {
					current.Process.Kill()
					<-ended
				}
			}
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.came) != 40 {
		t.Errorf("%d ids came, want 40", len(h.came))
	}
	again := 0
	for _, n := range h.came {
		again += n - 1
	}
	// Two are on their way at a time.
	if again < 1 || again > 2*kills {
		t.Errorf("%d messages came again after %d kills, want at least 1 and at most 2 for each", again, kills)
	}
	t.Logf("%d kills: %d messages, of which %d again", kills, len(h.came)+again, again)
}

// left returns how many deliveries of the file are not delivered; a number that
// is not 0 if they are not all there yet.
func left(t *testing.T, dir string) int {
	t.Helper()
	db, err := state.Open(filepath.Join(dir, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var all, delivered int
	if err := db.QueryRow("SELECT count(*), count(*) FILTER (WHERE state = 'delivered') FROM deliveries").Scan(&all, &delivered); err != nil || all < 40 {
		return 1
	}
	return all - delivered
}
