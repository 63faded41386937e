package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/test/freeport"
)

// watcher is a gatebook witness that runs.
type watcher struct {
	t      *testing.T
	data   string
	listen string
	ledger []string // keys of the ledgers
	key    string   // of the witness
	cmd    *exec.Cmd
	log    *lockedBuffer
}

// watch starts a witness of the ledgers with the given keys.
func watch(t *testing.T, name string, ledgers ...string) *watcher {
	t.Helper()
	w := &watcher{t: t, data: filepath.Join(t.TempDir(), "witness"), listen: freeport.Address(t), ledger: ledgers}
	w.start("--name", name)
	return w
}

func (w *watcher) start(more ...string) {
	w.t.Helper()
	args := append([]string{"witness", "--data", w.data, "--listen", w.listen}, more...)
	for _, key := range w.ledger {
		args = append(args, "--ledger", key)
	}
	w.cmd, w.log = exec.Command(gatebook, args...), new(lockedBuffer)
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	if err := w.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	cmd := w.cmd
	w.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	for limit := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get("http://" + w.listen + "/"); err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(limit) {
			w.t.Fatalf("the witness does not listen\n%s", w.log.String())
		}
	}
	_, rest, _ := strings.Cut(w.log.String(), "witness  ")
	w.key, _, _ = strings.Cut(rest, "\n")
}

// kill ends the witness at once.
func (w *watcher) kill() {
	w.cmd.Process.Kill()
	w.cmd.Wait()
}

// view returns what the witness has last cosigned of a ledger, as anybody can
// ask for it, in a file.
func (w *watcher) view(key string) string {
	w.t.Helper()
	origin, _, _ := strings.Cut(key, "+")
	res, err := http.Get(fmt.Sprintf("http://%s/%x/checkpoint", w.listen, sha256.Sum256([]byte(origin))))
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.t.Fatalf("the view of the witness: %s %v", res.Status, err)
	}
	name := filepath.Join(w.t.TempDir(), "view")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return name
}

func (w *watcher) config() string {
	return fmt.Sprintf("\nwitness:\n  every: 100ms\n  witnesses:\n    - {key: %q, url: \"http://%s\"}\n", w.key, w.listen)
}

const oneRoute = "gateway:\n  listeners: [{name: default, address: LISTEN}]\n  routes: [{name: shop, upstream: UPSTREAM}]\nindex: {mode: \"off\"}\n"

// ledgerKey returns the public key of the ledger in a data directory.
func ledgerKey(t *testing.T, data string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "ledger", "format"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(b), "\n")[2]
}

// call makes n calls.
func (s *server) call(n int) {
	s.t.Helper()
	for range n {
		res, err := http.Get(s.url + "/customers/1")
		if err != nil {
			s.t.Fatal(err)
		}
		res.Body.Close()
	}
}

// vouched waits until the witness vouches for all n records, and returns what
// gatebook-verify says.
func vouched(t *testing.T, data string, w *watcher, least int) string {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		r := command(t, verifier, "--key", ledgerKey(t, data), "--witness", w.key, "--json", data)
		var report struct {
			Result    string
			Witnessed *struct{ Size int }
		}
		if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
			t.Fatalf("gatebook-verify --json: %v in %s", err, r.stdout)
		}
		if report.Result == "intact" && report.Witnessed != nil && report.Witnessed.Size >= least {
			return r.stdout
		}
		if time.Now().After(limit) {
			t.Fatalf("the witness does not vouch for %d records: exit code %d\n%s%s", least, r.code, r.stdout, r.stderr)
		}
	}
}

// TestTwoInstallationsWatchEachOther is the set-up that docs/witness.md
// describes, with both sides killed at work, and then what each finds of a
// ledger that was taken back or made anew.
func TestTwoInstallationsWatchEachOther(t *testing.T) {
	upstream := api(t, "hello")
	dir := t.TempDir()
	dataA, dataB := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, data := range []string{dataA, dataB} {
		s := serveConfig(t, data, upstream, oneRoute)
		s.call(3)
		s.stop()
	}
	keyA, keyB := ledgerKey(t, dataA), ledgerKey(t, dataB)
	ofA, ofB := watch(t, "witness.b.test", keyA), watch(t, "witness.a.test", keyB)

	a, b := serveConfig(t, dataA, upstream, oneRoute+ofA.config()), serveConfig(t, dataB, upstream, oneRoute+ofB.config())
	a.call(20)
	b.call(20)
	vouched(t, dataA, ofA, 24)
	vouched(t, dataB, ofB, 24)

	// A copy of A as it is now, with all that belongs to it.
	a.stop()
	old := filepath.Join(dir, "old")
	copyAll(t, dataA, old)

	// Both sides are killed while they work.
	a = serveConfig(t, dataA, upstream, oneRoute+ofA.config())
	a.call(10)
	ofA.kill()
	a.call(10)
	ofA.start()
	vouched(t, dataA, ofA, 45)
	a.call(10)
	a.kill()
	a = serveConfig(t, dataA, upstream, oneRoute+ofA.config())
	a.call(10)
	out := vouched(t, dataA, ofA, 60)
	if !strings.Contains(out, "ended-without-stop") {
		t.Errorf("the kill does not show:\n%s", out)
	}

	// What the gateway shows to others is cosigned, and its proofs are.
	res, err := http.Get(a.ops + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	ready, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if !strings.Contains(string(ready), `"witness"`) || !strings.Contains(string(ready), "1 of 1 witnesses answer") {
		t.Errorf("/readyz does not tell of the witness: %s", ready)
	}
	proof := command(t, gatebook, "prove", "5", "--data", dataA)
	if !strings.Contains(proof.stdout, "\n— witness.b.test ") {
		t.Errorf("the proof is not cosigned:\n%s%s", proof.stdout, proof.stderr)
	}
	a.stop()

	// The operator puts the old copy in the place of the ledger, and removes
	// whatever could tell: it is whole in itself.
	view := ofA.view(keyA)
	if r := command(t, verifier, "--key", keyA, "--witness", ofA.key, old); r.code != 0 {
		t.Errorf("the old copy in itself: exit code %d\n%s", r.code, r.stdout)
	}
	r := command(t, verifier, "--key", keyA, "--since", view, old)
	if r.code != 1 || !strings.Contains(r.stdout, "records were removed") {
		t.Errorf("the old copy and the view of the witness: exit code %d\n%s", r.code, r.stdout)
	}
	if r := command(t, verifier, "--key", keyA, "--since", view, dataA); r.code != 0 {
		t.Errorf("the ledger and the view of the witness: exit code %d\n%s", r.code, r.stdout)
	}
	rolled := serveConfig(t, old, upstream, oneRoute+ofA.config())
	rolled.conflict("cosigned more records than the ledger has")
	rolled.call(100) // now it has more than the witness has seen
	rolled.conflict("another history")
	rolled.stop()
	hits := command(t, gatebook, "search", "kind:=system note.name:=witness", "--data", old, "--json")
	if !strings.Contains(hits.stdout, "conflict") {
		t.Errorf("the conflict is not in the record:\n%s%s", hits.stdout, hits.stderr)
	}

	// The ledger is made anew with the stolen key.
	forged := filepath.Join(dir, "forged")
	copyAll(t, filepath.Join(dataA, "keys"), filepath.Join(forged, "keys"))
	if err := os.Remove(filepath.Join(forged, "keys", "anchor")); err != nil {
		t.Fatal(err)
	}
	f := command(t, gatebook, "config", "show", "--upstream", "http://127.0.0.1:1", "--data", forged)
	if f.code != 0 {
		t.Fatal(f.stderr)
	}
	// The key is there and no ledger: Gatebook begins one with it.
	s := serveConfig(t, forged, upstream, oneRoute)
	s.call(70)
	s.stop()
	if r := command(t, verifier, "--key", keyA, forged); r.code != 0 {
		t.Errorf("the forged ledger, nobody asked: exit code %d\n%s", r.code, r.stdout)
	}
	if r := command(t, verifier, "--key", keyA, "--witness", ofA.key, forged); r.code != 1 || !strings.Contains(r.stdout, "do not vouch for this ledger") {
		t.Errorf("the forged ledger and a witness: exit code %d\n%s", r.code, r.stdout)
	}
	if r := command(t, verifier, "--key", keyA, "--since", view, forged); r.code != 1 || !strings.Contains(r.stdout, "this is another history") {
		t.Errorf("the forged ledger and the view of the witness: exit code %d\n%s", r.code, r.stdout)
	}
	b.stop()
}

// conflict waits until /readyz says that the witness contradicts the ledger.
func (s *server) conflict(want string) {
	s.t.Helper()
	var body []byte
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(s.ops + "/readyz")
		if err != nil {
			s.t.Fatal(err)
		}
		body, _ = io.ReadAll(res.Body)
		res.Body.Close()
		if strings.Contains(string(body), want) {
			return
		}
	}
	s.t.Errorf("/readyz does not say %q: %s\n%s", want, body, s.log.String())
}

func copyAll(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	// CopyFS gives files the mode 0666 and what the umask leaves of it.
	filepath.WalkDir(to, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(name, 0o600)
		}
		return err
	})
}
