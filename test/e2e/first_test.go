package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// TestFirstFiveMinutes is what a person does with a fresh download.
func TestFirstFiveMinutes(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, api(t, `{"hello":"world"}`))
	res, err := http.Get(s.url + "/customers/4711?fields=name")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	called := time.Now()
	if string(body) != `{"hello":"world"}` {
		t.Fatalf("got %q from the API behind the gateway", body)
	}
	hit := s.await("what.path:4711", 1)[0]
	t.Logf("the call was found %v after its answer", time.Since(called).Round(time.Millisecond))
	if hit.Header.Outcome.Status != 200 || hit.Header.Principal.Kind != "anonymous" || hit.What.Query != "fields=name" {
		t.Errorf("got %+v", hit)
	}
	shown := command(t, gatebook, "show", hit.Header.ID, "--data", data)
	if shown.code != 0 || !strings.Contains(strings.ToLower(shown.stdout), "proof") {
		t.Errorf("show: exit code %d\n%s%s", shown.code, shown.stdout, shown.stderr)
	}

	// The look is itself in the record.
	s.await(`kind:="look" and note.name:="view"`, 1)

	other := command(t, gatebook, "serve", "--data", data, "--upstream", "http://127.0.0.1:1", "--listen", freeport.Address(t), "--ops", freeport.Address(t))
	if other.code != 2 || !strings.Contains(other.stderr, "another Gatebook is running") {
		t.Errorf("a second process on the same data: exit code %d\n%s", other.code, other.stderr)
	}
	taken := command(t, gatebook, "serve", "--data", t.TempDir(), "--upstream", "http://127.0.0.1:1", "--listen", strings.TrimPrefix(s.url, "http://"), "--ops", freeport.Address(t))
	if taken.code != 2 || !strings.Contains(taken.stderr, "in use") {
		t.Errorf("an address in use: exit code %d\n%s", taken.code, taken.stderr)
	}
	s.stop()
	intact(t, data)

	// Without a server the verbs open the data by themselves.
	if got := s.search("what.path:4711"); len(got) != 1 {
		t.Errorf("without a server: got %d events, want 1", len(got))
	}
	intact(t, data)
	if out := command(t, gatebook, "demo", "tamper", "--data", data); out.code != 0 || !strings.Contains(out.stdout, "BROKEN") {
		t.Errorf("demo tamper: exit code %d\n%s%s", out.code, out.stdout, out.stderr)
	}
}

func TestUpstreamDown(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, "http://"+freeport.Address(t))
	res, err := http.Get(s.url + "/nobody")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadGateway {
		t.Errorf("got status %d, want 502", res.StatusCode)
	}
	if hit := s.await("what.path:nobody", 1)[0]; hit.Header.Outcome.Status != 502 || hit.Header.Outcome.Error == "" {
		t.Errorf("got %+v", hit.Header.Outcome)
	}
	s.stop()
	intact(t, data)
}
