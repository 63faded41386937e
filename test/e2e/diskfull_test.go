package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallSegments is a configuration with a route of each durability, whose
// segments are soon full.
const smallSegments = `
gateway:
  listeners:
    - {name: a, address: LISTEN}
  routes:
    - {name: served, path: /served, upstream: UPSTREAM}
    - {name: recorded, path: /recorded, upstream: UPSTREAM, durability: recorded}
ledger: {segment_size: 256KiB}
index: {mode: "off"}
`

// get and post make a call and return its status and the whole answer.
func get(t testing.TB, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	return answer(t, res, err)
}

func post(t testing.TB, url, body string) (int, string) {
	t.Helper()
	res, err := http.Post(url, "text/plain", strings.NewReader(body))
	return answer(t, res, err)
}

func answer(t testing.TB, res *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestDiskFull: with a full disk "served" calls go on and are counted,
// "recorded" calls are refused with the reason, and with room again the loss is
// sealed, to the last call.
func TestDiskFull(t *testing.T) {
	disk := smallDisk(t)
	data, ballast := filepath.Join(disk, "data"), filepath.Join(disk, "ballast")
	s := serveConfig(t, data, api(t, "hello"), smallSegments)
	if status, body := post(t, s.url+"/recorded/before", ""); status != http.StatusOK {
		t.Fatalf("got status %d before the disk is full: %s", status, body)
	}

	// What was made ahead takes some calls more.
	body := strings.Repeat("0123456789abcdef", 2<<10)
	refusal := ""
	for calls := 0; refusal == ""; calls++ {
		fill(t, ballast)
		status, text := post(t, s.url+"/recorded/filling", body)
		switch {
		case status == http.StatusServiceUnavailable:
			refusal = text
		case status != http.StatusOK || calls == 2000:
			t.Fatalf("call %d on a full disk: got status %d: %s", calls, status, text)
		}
	}
	var problem struct {
		Status       int
		Code, Detail string
	}
	if err := json.Unmarshal([]byte(refusal), &problem); err != nil || problem.Status != http.StatusServiceUnavailable || !strings.Contains(problem.Detail, "disk-full") {
		t.Errorf("got the refusal %s, %v; want a problem document with the reason disk-full", refusal, err)
	}

	const served = 100
	for i := range served {
		if status, text := post(t, fmt.Sprintf("%s/served/%d", s.url, i), body); status != http.StatusOK || text != "hello" {
			t.Fatalf("served call %d on a full disk: got status %d: %s", i, status, text)
		}
	}
	if status, _ := get(t, s.ops+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz on a full disk: got status %d, want 503", status)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	for {
		status, text := post(t, s.url+"/recorded/after", "")
		if status == http.StatusOK {
			break
		}
		if time.Since(freed) > 20*time.Second {
			t.Fatalf("20 s after there is room again: got status %d: %s\n%s", status, text, s.log.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("recorded again %v after there was room", time.Since(freed).Round(10*time.Millisecond))
	s.awaitGap("/served/", served)
	s.stop()
	intact(t, data)
}

// awaitGap waits until of the calls with paths below prefix each is recorded,
// or counted by a gap event as lost to a full disk.
func (s *server) awaitGap(prefix string, calls uint64) {
	s.t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		var lost, kept uint64
		for _, e := range s.search("", "--limit", "10000") {
			switch {
			case e.Header.Kind == "gap":
				if e.Header.Lost.Reason != "disk-full" || e.Header.Lost.Count == 0 {
					s.t.Errorf("got a gap of %+v, want some lost to disk-full", *e.Header.Lost)
				}
				lost += e.Header.Lost.Count
			case strings.HasPrefix(e.What.Path, prefix):
				kept++
			}
		}
		if lost > 0 && lost+kept == calls {
			s.t.Logf("of %d calls %d are recorded, and the gaps are of %d", calls, kept, lost)
			return
		}
		if time.Now().After(limit) {
			s.t.Fatalf("of %d calls %d are recorded, and the gaps are of %d\n%s", calls, kept, lost, s.log.String())
		}
	}
}

// smallDisk mounts a file system of 24 MiB, or skips the test.
func smallDisk(t *testing.T) string {
	t.Helper()
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=24m"); err != nil {
		t.Skipf("a file system of its own is needed, and mounting one is not permitted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return disk
}

// fill writes to the end of the file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zeros := make([]byte, 64<<10)
	for size := len(zeros); size > 0; {
		_, err := f.Write(zeros[:size])
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			t.Fatal(err)
		}
	}
}
