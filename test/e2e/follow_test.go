package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// load asks a server for /n/1, /n/2 and so on, over some connections, until it
// is stopped.
type load struct {
	url  string
	n    atomic.Int64
	stop chan struct{}
	wg   sync.WaitGroup
}

func (l *load) start() {
	l.stop = make(chan struct{})
	for range 4 {
		l.wg.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				if res, err := http.Get(fmt.Sprintf("%s/n/%d", l.url, l.n.Add(1))); err == nil {
					res.Body.Close()
				}
			}
		})
	}
}

// until waits for so many calls more.
func (l *load) until(t *testing.T, more int64) {
	t.Helper()
	want := l.n.Load() + more
	eventually(t, "the calls are made", new(lockedBuffer), func() bool { return l.n.Load() >= want })
}

func (l *load) end() { close(l.stop); l.wg.Wait() }

// TestFollowNginx follows the log of nginx under load, while it is rotated in
// both ways and Gatebook is killed in between. Each call is one event.
func TestFollowNginx(t *testing.T) {
	t.Parallel()
	nginx, folder, address := program(t, "nginx"), t.TempDir(), freeport.Address(t)
	access := filepath.Join(folder, "access.log")
	config := strings.Replace(strings.NewReplacer("FOLDER", folder, "ADDRESS", address).Replace(nginxConfig), "access_log off;", "access_log "+access+";", 1)
	for _, err := range []error{
		os.Mkdir(filepath.Join(folder, "www"), 0o755),
		os.WriteFile(filepath.Join(folder, "www", "a"), []byte("a"), 0o644),
		os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config), 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd, log := background(t, nginx, "-p", folder, "-e", "stderr", "-c", filepath.Join(folder, "nginx.conf"))
	eventually(t, "nginx is ready", log, func() bool { return answers("http://" + address + "/a") })

	data, name := t.TempDir(), filepath.Join(t.TempDir(), "gatebook.yaml")
	text := "sources:\n  - {name: edge, file: " + access + "}\nledger: {seal_after: 1s}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, data, "127.0.0.1:0", "--config", name)
	rotate := func() { // as logrotate does, with its postrotate script
		for i := 5; i > 0; i-- {
			os.Rename(fmt.Sprint(access, ".", i), fmt.Sprint(access, ".", i+1))
		}
		if err := os.Rename(access, access+".1"); err != nil {
			t.Fatal(err)
		}
		cmd.Process.Signal(syscall.SIGUSR1)
	}
	l := &load{url: "http://" + address}
	l.start()
	l.until(t, 200)
	rotate()
	l.until(t, 200)
	s.kill() // in mid-load
	l.until(t, 200)
	rotate()
	l.until(t, 200)
	rotate()
	s = start(t, data, "127.0.0.1:0", "--config", name)
	l.until(t, 300)
	s.kill()
	s = start(t, data, "127.0.0.1:0", "--config", name)
	l.until(t, 100)
	l.end()

	// copytruncate: what is written between the copy and the cut is lost to
	// everybody, so nothing is.
	s.kill()
	copied, err := os.ReadFile(access)
	if err != nil {
		t.Fatal(err)
	}
	for i := 5; i > 0; i-- {
		os.Rename(fmt.Sprint(access, ".", i), fmt.Sprint(access, ".", i+1))
	}
	if err := os.WriteFile(access+".1", copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(access, 0); err != nil {
		t.Fatal(err)
	}
	l.start()
	l.until(t, 100)
	s = start(t, data, "127.0.0.1:0", "--config", name)
	l.until(t, 100)
	l.end()

	made := 0 // lines that nginx wrote
	for i := range 8 {
		file := access
		if i > 0 {
			file = fmt.Sprint(access, ".", i)
		}
		b, _ := os.ReadFile(file)
		made += strings.Count(string(b), "GET /n/")
	}
	count := func() map[string]int {
		events := make(map[string]int)
		for line := range strings.Lines(s.run("export", `capture.source:="accesslog:edge"`)) {
			var e imported
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatal(err)
			}
			events[e.What.Path]++
		}
		return events
	}
	calls := func(events map[string]int) (n int) {
		for path, k := range events {
			if strings.HasPrefix(path, "/n/") {
				n += k
			}
		}
		return n
	}
	var events map[string]int
	for limit := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		if events = count(); calls(events) >= made || time.Now().After(limit) {
			break
		}
	}
	for n := int64(1); n <= l.n.Load(); n++ {
		if k := events["/n/"+strconv.FormatInt(n, 10)]; k != 1 {
			t.Errorf("call %d of %d is %d events", n, l.n.Load(), k)
		}
	}
	t.Logf("%d calls, %d lines, %d events, over 3 kills, 3 renames and a copy", l.n.Load(), made, calls(events))

	// A line that is none, and one that comes alone, are seen as they come.
	f, err := os.OpenFile(access, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(f, "hello")
	f.Close()
	eventually(t, "the bad line is said", &s.log, func() bool {
		out := command(t, gatebook, "sources", "--data", data)
		return strings.Contains(out.stdout, "combined") && strings.Contains(out.stderr, "$remote_addr: the line does not fit the format at column 1")
	})
	eventually(t, "the rules have judged the calls", &s.log, func() bool { return strings.Contains(s.findings(), "forced-browsing") })
	s.stop()
	intact(t, data)
}
