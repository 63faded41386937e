package cli_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/cli"
)

// begun tells when the first bytes of an answer are on their way.
type begun struct {
	http.ResponseWriter
	once *sync.Once
	tell chan<- struct{}
}

func (b begun) Write(p []byte) (int, error) {
	n, err := b.ResponseWriter.Write(p)
	b.once.Do(func() { close(b.tell) })
	return n, err
}

func (b begun) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// tailing runs gatebook alerts tail until what is done once it has begun has
// come to its end, and returns what it printed.
func tailing(t *testing.T, srv func(http.Handler) *httptest.Server, api http.Handler, args []string, then func(url string)) (code int, stdout, stderr string) {
	t.Helper()
	tell, once := make(chan struct{}), new(sync.Once)
	s := srv(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/alerts/tail" {
			w = begun{w, once, tell}
		}
		api.ServeHTTP(w, r)
	}))
	defer s.Close()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	p := &cli.Program{
		Args: append([]string{"alerts", "tail", "--server", s.URL, "--token-file", file}, args...), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Version: "test", Zone: time.UTC,
	}
	ended := make(chan int, 1)
	go func() { ended <- p.Run() }()
	select {
	case <-tell:
		then(s.URL)
		code = <-ended
	case code = <-ended:
	}
	return code, out.String(), errs.String()
}

// TestAlertsTail has an incident change while somebody looks.
func TestAlertsTail(t *testing.T) {
	h, _ := house(t)
	c := served(t, h)
	c.Alerts = alerts(h)
	handler := api.New(c)
	change := func(verbs ...[]string) func(string) {
		return func(url string) {
			for _, v := range verbs {
				file := filepath.Join(t.TempDir(), "token")
				if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
					t.Fatal(err)
				}
				if code, _, errs := run(t, nil, append(append([]string{"alerts"}, v...), "--server", url, "--token-file", file)...); code != 0 {
					t.Errorf("%v: %d, %s", v, code, errs)
				}
			}
		}
	}
	code, out, errs := tailing(t, httptest.NewServer, handler, []string{"--limit", "2"}, change([]string{"ack", "inc_01"}, []string{"resolve", "inc_01", "--reason", "our own scanner"}))
	got := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(got) != 2 {
		t.Fatalf("got %d\n%s%s", code, out, errs)
	}
	for i, want := range []string{"  taken     inc_0123456789ab  medium  192.0.2.0/24  A network tries paths", "  closed    inc_0123456789ab  medium  192.0.2.0/24  A network tries paths"} {
		if !strings.Contains(got[i], want) {
			t.Errorf("line %d: got %q, want %q in it", i, got[i], want)
		}
	}
	code, out, errs = tailing(t, httptest.NewServer, handler, []string{"--limit", "1", "-o", "json"}, change([]string{"reopen", "inc_01", "--reason", "it is not"}))
	var n alert.Notice
	if err := json.Unmarshal([]byte(out), &n); err != nil || code != 0 || n.Change != alert.Reopened || n.Incident != "inc_0123456789ab" {
		t.Errorf("got %d, %v\n%s%s", code, err, out, errs)
	}
	looked := false
	for _, e := range h.Looks() {
		looked = looked || e.Note.Name == "tail-incidents"
	}
	if !looked {
		t.Error("no look says that somebody tailed the incidents")
	}
}

// TestAlertsTailEnds is how it ends when nothing more can come.
func TestAlertsTailEnds(t *testing.T) {
	h, _ := house(t)
	c := served(t, h)
	c.Alerts = alerts(h)
	var s *httptest.Server
	start := func(h http.Handler) *httptest.Server { s = httptest.NewServer(h); return s }
	if code, out, errs := tailing(t, start, api.New(c), nil, func(string) { s.CloseClientConnections() }); code != cli.ExitError || out != "" || errs == "" {
		t.Errorf("the server goes away: got %d, %q, %q", code, out, errs)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"-o", "csv"}, `--output "csv": want one of [table json]`},
		{[]string{"inc_01"}, `there is no verb "inc_01"`},
		{[]string{"--limit", "few"}, "invalid argument"},
	} {
		if code, _, errs := tailing(t, httptest.NewServer, api.New(c), x.args, func(string) {}); code != cli.ExitError || !strings.Contains(errs, x.want) {
			t.Errorf("%v: got %d, %q, want %q in it", x.args, code, errs, x.want)
		}
	}
	none := served(t, h) // without detection
	if code, _, errs := tailing(t, httptest.NewServer, api.New(none), nil, func(string) {}); code != cli.ExitError || !strings.Contains(errs, "nothing is detected here") {
		t.Errorf("without detection: got %d, %q", code, errs)
	}
}
