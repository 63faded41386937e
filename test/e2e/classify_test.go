package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestExport: an export of N customers says so in its header: N records, N
// e-mail addresses, and what else there was. Who got cards is then a search.
func TestExport(t *testing.T) {
	const customers = 137
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.URL.Query().Get("n"))
		if err != nil {
			n = customers
		}
		w.Header().Set("Content-Type", "application/json")
		io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, `{"data":[`)
		for i := range n {
			if i > 0 {
				fmt.Fprint(w, ",")
			}
			fmt.Fprintf(w, `{"id":"cus_%06d","firstName":"Carla","email":"carla.%d@example.com","orderNumber":"4556737586899855","notes":%q}`, i, i, strings.Repeat("n", 200))
			if i%10 == 0 {
				w.(http.Flusher).Flush()
			}
		}
		fmt.Fprintf(w, `],"total":%d`, n)
		if r.URL.Path == "/cards" {
			fmt.Fprint(w, `,"billing":{"cardNumber":"4556 7375 8689 9855"}`)
		}
		fmt.Fprint(w, "}")
	}))
	t.Cleanup(upstream.Close)
	data := t.TempDir()
	s := serve(t, data, upstream.URL)
	get := func(path, body string) {
		t.Helper()
		res, err := http.Post(s.url+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	get("/export", `{"requestedBy":"boss@example.com"}`)
	get("/cards?n=3", "{}")
	get("/export?n=0", "{}")

	export := s.await(fmt.Sprintf("records:=%d", customers), 1)[0]
	want := fmt.Sprintf("[{email %d} {name %d}]", customers, customers)
	if got := fmt.Sprint(export.Header.Data); got != want || export.What.Path != "/export" {
		t.Errorf("the export of %d customers: got %s at %s, want %s", customers, got, export.What.Path, want)
	}
	if got := fmt.Sprint(export.Header.Received); got != "[{email 1}]" {
		t.Errorf("its request: got %s, want one address", got)
	}
	if export.Header.Partial {
		t.Error("it is marked as partial")
	}
	cards := s.await("data:card", 1)
	if len(cards) != 1 || cards[0].What.Path != "/cards" {
		t.Errorf("who got cards: got %+v, want the one call of /cards", cards)
	}
	s.stop()
	intact(t, data)

	// What was learned is kept over a restart, without any value.
	state, err := os.ReadFile(filepath.Join(data, "classify.state"))
	if err != nil {
		t.Fatal(err)
	}
	if len(state) < 100 || bytes.Contains(state, []byte("carla")) || bytes.Contains(state, []byte("email")) {
		t.Errorf("what was learned has %d bytes, and holds names or values", len(state))
	}
	again := serve(t, data, upstream.URL)
	again.stop()
	after, err := os.ReadFile(filepath.Join(data, "classify.state"))
	if err != nil || !bytes.Equal(after, state) {
		t.Errorf("a restart changed what was learned (%v)", err)
	}
}
