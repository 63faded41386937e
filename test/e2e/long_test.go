package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// highWater returns the most memory that a process ever had, in bytes.
func highWater(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skipf("the memory of a process is not known here: %v", err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// longBodies is an API that hashes what it is sent with PUT, and answers GET
// with size bytes of noise. It tells the hash of each body when it is through.
func longBodies(t *testing.T, size int64) (url string, sums <-chan string) {
	t.Helper()
	done := make(chan string, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.New()
		if r.Method == "PUT" {
			io.Copy(sum, r.Body)
		} else {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
			io.CopyN(io.MultiWriter(w, sum), rand.NewChaCha8([32]byte{2}), size)
		}
		done <- hex.EncodeToString(sum.Sum(nil))
	}))
	t.Cleanup(s.Close)
	return s.URL, done
}

// exchange sends n bytes of noise with PUT, or fetches n bytes with GET, and
// compares the client's hash of them with that of the API.
func exchange(t *testing.T, method, url string, n int64, sums <-chan string) {
	t.Helper()
	sum, began := sha256.New(), time.Now()
	var body io.Reader
	if method == "PUT" {
		body = io.TeeReader(io.LimitReader(rand.NewChaCha8([32]byte{3}), n), sum)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/octet-stream")
		req.ContentLength = n
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.Copy(sum, res.Body)
	if want := map[string]int64{"GET": n}[method]; err != nil || res.StatusCode != 200 || got != want {
		t.Fatalf("%s: got status %d, %d bytes, %v; want 200, %d bytes", method, res.StatusCode, got, err, want)
	}
	took := time.Since(began)
	if here, there := hex.EncodeToString(sum.Sum(nil)), <-sums; here != there {
		t.Errorf("%s: the client has sha256 %s, the API %s", method, here, there)
	}
	t.Logf("%s of %d MiB: %.0f MiB/s, hashed at both ends meanwhile", method, n>>20, float64(n>>20)/took.Seconds())
}

// TestLongBodies: bodies far longer than what is kept of them pass unchanged,
// and the gateway's memory does not grow with them.
func TestLongBodies(t *testing.T) {
	size := int64(1 << 30)
	if testing.Short() {
		size = 64 << 20
	}
	upstream, sums := longBodies(t, size)
	s := serve(t, t.TempDir(), upstream)
	exchange(t, "PUT", s.url+"/short", 1<<20, sums)
	before := highWater(t, s.cmd.Process.Pid)
	exchange(t, "PUT", s.url+"/long", size, sums)
	exchange(t, "GET", s.url+"/long", size, sums)
	after := highWater(t, s.cmd.Process.Pid)
	t.Logf("the most memory of the gateway: %.1f MiB before, %.1f MiB after", float64(before)/(1<<20), float64(after)/(1<<20))
	if after-before >= 64<<20 {
		t.Errorf("the gateway's memory grew by %d MiB, want less than 64", (after-before)>>20)
	}
	for method, want := range map[string][2]int64{"PUT": {size, 0}, "GET": {0, size}} {
		h := s.await(`what.path:="/long" and operation.method:=`+method, 1)[0].Header
		if got := [2]int64{int64(h.Request.Bytes), int64(h.Response.Bytes)}; got != want || h.Outcome.Error != "" {
			t.Errorf("%s: %d bytes are recorded, want %d; error %q", method, got, want, h.Outcome.Error)
		}
	}
	s.stop()
	intact(t, s.data)
}
