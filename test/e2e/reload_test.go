package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/test/freeport"
)

// reloadable is a configuration with one route whose calls wait for their
// record, so that what was answered can be counted on to be found.
const reloadable = "gateway:\n  listeners:\n    - {name: a, address: LISTEN}\n  routes:\n    - {name: a, upstream: UPSTREAM, durability: recorded}\nindex: {mode: \"off\"}\n"

// awaitLog waits until the log holds n times what it looks for.
func (s *server) awaitLog(words string, n int) {
	s.t.Helper()
	for limit := time.Now().Add(patience); strings.Count(s.log.String(), words) < n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			s.t.Fatalf("the log does not say %d times %q:\n%s", n, words, s.log.String())
		}
	}
}

// TestReload: SIGHUP sends new calls to another API; connections stay, a call in
// flight ends where it began, and a file with an error changes nothing.
func TestReload(t *testing.T) {
	data, listen := t.TempDir(), freeport.Address(t)
	held, release := make(chan bool), make(chan bool)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(held)
			<-release
		}
		io.WriteString(w, "first")
	}))
	defer first.Close()
	second := api(t, "second")
	file := filepath.Join(t.TempDir(), "gatebook.yaml")
	writeConfig(t, file, reloadable, listen, first.URL)
	s := start(t, data, listen, "--config", file)

	// Each connection that is dialled is counted.
	dialled := 0
	client := &http.Client{Transport: &http.Transport{Dial: func(network, addr string) (net.Conn, error) {
		dialled++
		return net.Dial(network, addr)
	}}}
	defer client.CloseIdleConnections()
	calls := 0
	ask := func(want string) {
		t.Helper()
		res, err := client.Get(s.url + "/quick")
		if status, body := answer(t, res, err); status != http.StatusOK || body != want {
			t.Errorf("got status %d and %q, want 200 and %q", status, body, want)
		}
		calls++
	}
	ask("first")
	slow := make(chan string, 1)
	go func() {
		res, err := http.Get(s.url + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		slow <- fmt.Sprint(res.StatusCode, " ", string(b), " ", err)
	}()
	<-held

	writeConfig(t, file, reloadable, listen, second)
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.awaitLog("configuration reloaded", 1)
	ask("second")

	for i, broken := range []string{
		strings.Replace(reloadable, "durability", "durabillity", 1),
		strings.Replace(reloadable, "recorded", "maybe", 1),
		"gateway: [",
	} {
		writeConfig(t, file, broken, listen, first.URL)
		s.cmd.Process.Signal(syscall.SIGHUP)
		s.awaitLog("the configuration was not reloaded; the old one stays", i+1)
		ask("second")
	}
	if log := s.log.String(); !strings.Contains(log, "durabillity") || !strings.Contains(log, "maybe") {
		t.Errorf("the log does not name the errors:\n%s", log)
	}
	close(release)
	if got := <-slow; got != "200 first <nil>" {
		t.Errorf("the call in flight: got %q, want it answered by the first API", got)
	}

	// Mended, it is taken again.
	writeConfig(t, file, reloadable, listen, first.URL)
	s.cmd.Process.Signal(syscall.SIGHUP)
	s.awaitLog("configuration reloaded", 2)
	ask("first")
	if dialled != 1 {
		t.Errorf("%d connections were made for %d calls one after the other, want 1", dialled, calls)
	}
	s.stop()
	intact(t, data)

	// Each reload is in the record.
	const key = "gateway.routes[a].upstream"
	var got []string
	for _, h := range sealedHeaders(t, data) {
		if h.Note == nil || h.Kind != event.System {
			continue
		}
		for _, f := range h.Note.Facts {
			if f.Name == key {
				got = append(got, h.Note.Name+" "+f.Value)
			}
		}
		if h.Note.Name == "reload-refused" {
			got = append(got, h.Note.Name)
		}
	}
	quoted := func(url string) string { return `"` + url + `"` }
	want := []string{
		"start " + quoted(first.URL), "reload " + quoted(first.URL) + " -> " + quoted(second),
		"reload-refused", "reload-refused", "reload-refused", "reload " + quoted(second) + " -> " + quoted(first.URL),
	}
	if !slices.Equal(got, want) {
		t.Errorf("the record says of the configuration\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDrain: at SIGTERM no new call is taken; the one in flight is answered
// whole and recorded, and the program ends without an error.
func TestDrain(t *testing.T) {
	data := t.TempDir()
	held, release := make(chan bool), make(chan bool)
	half := strings.Repeat("0123456789abcdef", 4<<10)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, half)
		w.(http.Flusher).Flush()
		close(held)
		<-release
		io.WriteString(w, half)
	}))
	defer slow.Close()
	s := serveConfig(t, data, slow.URL, strings.Replace(reloadable, "recorded", "served", 1))
	got := make(chan error, 1)
	go func() {
		res, err := http.Get(s.url + "/slow")
		if err != nil {
			got <- err
			return
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err == nil && (res.StatusCode != http.StatusOK || string(b) != half+half) {
			err = fmt.Errorf("got status %d and %d bytes, want 200 and %d", res.StatusCode, len(b), 2*len(half))
		}
		got <- err
	}()
	<-held
	s.cmd.Process.Signal(syscall.SIGTERM)
	addr := strings.TrimPrefix(s.url, "http://")
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			break // nobody listens any more
		}
		conn.Close()
		if time.Now().After(limit) {
			t.Fatal("new connections are accepted 10 s after SIGTERM")
		}
	}
	select {
	case err := <-s.done:
		s.done <- err
		t.Fatalf("gatebook ended while a call was in flight: %v\n%s", err, s.log.String())
	default:
	}
	close(release)
	if err := <-got; err != nil {
		t.Errorf("the call in flight: %v", err)
	}
	select {
	case err := <-s.done:
		s.done <- err
		if err != nil {
			t.Errorf("the end: %v\n%s", err, s.log.String())
		}
	case <-time.After(patience):
		t.Fatalf("gatebook does not end after the last call\n%s", s.log.String())
	}
	intact(t, data)
	found := false
	for _, h := range sealedHeaders(t, data) {
		if h.Kind == event.Access {
			found = h.Outcome.Status == http.StatusOK && h.Outcome.Error == "" && h.Response.Bytes == uint64(2*len(half))
			if !found {
				t.Errorf("got the outcome %+v and %d bytes, want 200 and %d bytes", h.Outcome, h.Response.Bytes, 2*len(half))
			}
		}
	}
	if !found {
		t.Error("the call in flight is not in the record")
	}
}

// sealedHeaders returns the headers of all events in the ledger of the data
// directory, in order.
func sealedHeaders(t *testing.T, data string) []event.Header {
	t.Helper()
	l := openLedger(t, data)
	var headers []event.Header
	err := l.Range(0, l.Size(), func(_ uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err == nil {
			headers = append(headers, e.Header)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return headers
}
