package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// auditEvents are records of an audit log: somebody reads Secrets, one after the
// other.
func auditEvents(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"RequestResponse","auditID":"audit-%d","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/shop/secrets/db-%d","verb":"get","user":{"username":"ann@example.org"},"sourceIPs":["192.0.2.7"],"userAgent":"kubectl","objectRef":{"resource":"secrets","namespace":"shop","name":"db-%d"},"responseStatus":{"code":200},"responseObject":{"kind":"Secret","metadata":{"name":"db-%d"},"data":{"x":"czNjcjN0"}},"requestReceivedTimestamp":"2026-11-20T10:00:%02d.000000Z","stageTimestamp":"2026-11-20T10:00:%02d.250000Z"}`, i, i, i, i, i%60, i%60))
	}
	return list
}

// TestKubernetes takes in an audit log in all three ways: as a file, by the
// webhook, and by following it.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	data, folder := t.TempDir(), t.TempDir()
	audit, name := filepath.Join(folder, "audit.log"), filepath.Join(folder, "gatebook.yaml")
	for _, err := range []error{
		os.WriteFile(audit, []byte(strings.Join(auditEvents(0, 30), "\n")+"\n"), 0o600),
		os.WriteFile(name, []byte("sources: [{name: followed, file: "+audit+", format: kubernetes}]\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, data, "127.0.0.1:0", "--config", name)

	command(t, gatebook, "import", "kubernetes", audit, "--data", data, "--source", "file").says(t, 0, "30 events imported", "form: audit log of Kubernetes")
	command(t, gatebook, "import", "kubernetes", audit, "--data", data, "--source", "file").says(t, 0, "0 events imported, 30 were known")

	command(t, gatebook, "readers", "add", "two words", "--role", "sender", "--data", data).says(t, 2, "becomes the source of what is sent")
	token := strings.TrimSpace(command(t, gatebook, "readers", "add", "prod", "--role", "sender", "--data", data).stdout)
	ask := func(method, path, body string) (int, string) {
		req, err := http.NewRequest(method, s.ops+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(b)
	}
	list := func(from, to int) string {
		return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + strings.Join(auditEvents(from, to), ",") + `]}`
	}
	send := func(from, to int, want string) {
		t.Helper()
		if status, body := ask("POST", "/api/v1/webhooks/kubernetes?timeout=30s", list(from, to)); status != 200 || !strings.Contains(body, want) {
			t.Errorf("got %d %s, want 200 with %s", status, body, want)
		}
	}
	send(0, 20, `"events":20,"known":0`)
	send(10, 30, `"events":10,"known":10`)
	if status, body := ask("GET", "/api/v1/search?query=*", ""); status != 403 {
		t.Errorf("who sends may look: %d %s", status, body)
	}
	if status, body := ask("POST", "/api/v1/imports/kubernetes", list(0, 1)); status != 403 {
		t.Errorf("who sends may import: %d %s", status, body)
	}
	s.kill()
	s = start(t, data, "127.0.0.1:0", "--config", name)
	send(20, 35, `"events":5,"known":10`)

	awaitIndex(t, s)
	for source, n := range map[string]int{"file": 30, "prod": 35, "followed": 30} {
		hits := s.await(fmt.Sprintf(`capture.source:="kubernetes:%s"`, source), n)
		if h := hits[0]; h.Header.Operation.Name != "secrets:get" || h.Header.Principal.Level != 2 || h.Who.Subject != "ann@example.org" || strings.Contains(string(h.Payload), "czNjcjN0") {
			t.Errorf("%s: got %+v", source, h)
		}
	}
	command(t, gatebook, "object", "secret/shop/db-7", "--data", data).says(t, 0, "3")
	s.stop()
	intact(t, data)
}
