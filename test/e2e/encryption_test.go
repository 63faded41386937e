package e2e

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/vault"
	"github.com/gatebook/gatebook/internal/vault/locate"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/freeport"
)

// openLedger opens the ledger of a data directory, with its keys if it is
// encrypted.
func openLedger(t testing.TB, data string) *ledger.Ledger {
	t.Helper()
	l, err := tryLedger(data)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// tryLedger is openLedger where a segment may come or go just now.
func tryLedger(data string) (*ledger.Ledger, error) {
	var keys ledger.Keys
	if e, err := locate.Read(data); err == nil {
		key, err := locate.ReadKey(e.KeyFile)
		if err != nil {
			return nil, err
		}
		keys = vault.Reader(os.DirFS(e.KeysDir), key)
	}
	return ledger.OpenWithKeys(os.DirFS(filepath.Join(data, "ledger")), keys)
}

// theName is in path, query and body of each call of these tests.
const theName = "Quintessa"

// called makes some calls that hold theName, and waits for their records.
func called(s *server, n int) {
	s.t.Helper()
	for range n {
		res, err := http.Post(s.url+"/customers/"+theName+"?q="+theName, "application/json", strings.NewReader(`{"name":"`+theName+`"}`))
		if err != nil {
			s.t.Fatal(err)
		}
		res.Body.Close()
	}
}

// holding returns the files of a data directory that hold theName: in the
// ledger and the keys, not in the views.
func holding(t *testing.T, data string) []string {
	t.Helper()
	var found []string
	for _, dir := range []string{"ledger", "keys"} {
		err := filepath.WalkDir(filepath.Join(data, dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(name)
			if bytes.Contains(b, []byte(theName)) {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// count returns in how many records of the ledger theName is.
func count(t *testing.T, data string) (n int) {
	t.Helper()
	l := openLedger(t, data)
	err := l.Range(0, l.Size(), func(_ uint64, s *event.Sealed) error {
		for _, env := range s.Envelopes {
			if env != nil && bytes.Contains(env.Data, []byte(theName)) {
				n++
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func upstreamAPI(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(theName)) }))
	t.Cleanup(s.Close)
	return s.URL
}

const encryptionRoute = "gateway:\n  listeners:\n    - {name: a, address: LISTEN}\n  routes:\n    - {name: a, upstream: UPSTREAM, durability: recorded}\nindex: {mode: \"off\"}\n"

// TestEncryptedByDefault: what nobody configured is encrypted; a copy of the
// ledger alone tells nothing but headers, and is still verified.
func TestEncryptedByDefault(t *testing.T) {
	data, up := filepath.Join(t.TempDir(), "data"), upstreamAPI(t)
	s := serveConfig(t, data, up, encryptionRoute)
	called(s, 5)
	s.stop()
	if found := holding(t, data); len(found) > 0 {
		t.Errorf("in clear: %v", found)
	}
	if n := count(t, data); n != 5 {
		t.Errorf("with the keys: got %d calls, want 5", n)
	}
	r := command(t, verifier, data)
	if r.code != 0 || strings.Contains(r.stdout, "encrypted") || strings.Contains(r.stdout, " 0 envelopes") {
		t.Errorf("the data directory: got exit code %d and\n%s%s\nwant all envelopes checked", r.code, r.stdout, r.stderr)
	}
	stolen := t.TempDir()
	if err := os.CopyFS(filepath.Join(stolen, "ledger"), os.DirFS(filepath.Join(data, "ledger"))); err != nil {
		t.Fatal(err)
	}
	r = command(t, verifier, stolen)
	if r.code != 0 || !strings.Contains(r.stdout, "envelopes are encrypted and no keys were given") || !strings.Contains(r.stdout, "INTACT") {
		t.Errorf("the ledger alone: got exit code %d and\n%s", r.code, r.stdout)
	}
	keys := filepath.Join(data, "keys")
	r = command(t, verifier, "--encryption-key", filepath.Join(keys, "envelope.key"), "--data-keys", filepath.Join(keys, "envelope"), stolen)
	if r.code != 0 || strings.Contains(r.stdout, "encrypted") {
		t.Errorf("the ledger with the keys named: got exit code %d and\n%s%s", r.code, r.stdout, r.stderr)
	}
	wrong := filepath.Join(t.TempDir(), "wrong.key")
	if err := os.WriteFile(wrong, []byte(vault.NewLocalKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	r = command(t, verifier, "--encryption-key", wrong, "--data-keys", filepath.Join(keys, "envelope"), stolen)
	if r.code != 2 || !strings.Contains(r.stdout, "wrapped under") {
		t.Errorf("with a wrong key: got exit code %d and\n%s%s\nwant 2 and that it is another key", r.code, r.stdout, r.stderr)
	}
	if r := command(t, gatebook, "search", "*", "--data", data); r.code != 0 || !strings.Contains(r.stdout, theName) {
		t.Errorf("search on the stopped data directory: got exit code %d and\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// notStarted starts gatebook, which must not start.
func notStarted(t *testing.T, data, up, text string, want ...string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "gatebook.yaml")
	writeConfig(t, name, text, freeport.Address(t), up)
	r := command(t, gatebook, "serve", "--config", name, "--data", data, "--ops", freeport.Address(t))
	for _, w := range want {
		if r.code == 0 || !strings.Contains(r.stderr, w) {
			t.Errorf("got exit code %d and %q, want a refusal with %q", r.code, r.stderr, w)
		}
	}
}

// TestEncryptionKeyGone: without its key an encrypted ledger is not continued,
// above all not in clear.
func TestEncryptionKeyGone(t *testing.T) {
	data, up := filepath.Join(t.TempDir(), "data"), upstreamAPI(t)
	s := serveConfig(t, data, up, encryptionRoute)
	called(s, 3)
	s.stop()
	notStarted(t, data, up, encryptionRoute+"encryption: {mode: none}\n", "encryption.mode", "stays so")
	key, aside := filepath.Join(data, "keys", "envelope.key"), filepath.Join(data, "keys", "aside")
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	rename(key, aside)
	notStarted(t, data, up, encryptionRoute, "encryption key missing", key)
	if err := os.WriteFile(key, []byte(vault.NewLocalKey()), 0o600); err != nil {
		t.Fatal(err)
	}
	notStarted(t, data, up, encryptionRoute, "encryption.key_file", "not the one")
	// All that would tell is gone, but for the ledger itself.
	keys := filepath.Join(data, "keys", "envelope")
	rename(keys, filepath.Join(data, "keys", "gone"))
	if err := os.Remove(filepath.Join(data, "keys", locate.StateFile)); err != nil {
		t.Fatal(err)
	}
	notStarted(t, data, up, encryptionRoute, "encryption key missing")
	notStarted(t, data, up, encryptionRoute+"encryption: {mode: none}\n", "encryption key missing")
	if err := os.RemoveAll(keys); err != nil {
		t.Fatal(err)
	}
	rename(filepath.Join(data, "keys", "gone"), keys)
	rename(aside, key)
	s = serveConfig(t, data, up, encryptionRoute)
	called(s, 1)
	s.stop()
	if n := count(t, data); n != 4 {
		t.Errorf("with the key back: got %d calls, want 4", n)
	}
}

// TestEncryptionTurnedOn: a ledger in clear goes on encrypted; then its key is
// changed to an age identity, which is a sealed decision.
func TestEncryptionTurnedOn(t *testing.T) {
	data, up := filepath.Join(t.TempDir(), "data"), upstreamAPI(t)
	s := serveConfig(t, data, up, encryptionRoute+"encryption: {mode: none}\n")
	called(s, 3)
	s.stop()
	if len(holding(t, data)) == 0 {
		t.Fatal("without encryption nothing is found, so that this test shows nothing")
	}
	s = serveConfig(t, data, up, encryptionRoute)
	called(s, 2)
	s.stop()
	if n := count(t, data); n != 5 {
		t.Errorf("turned on: got %d calls, want 5", n)
	}

	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	identity := filepath.Join(t.TempDir(), "identity.txt")
	if err := os.WriteFile(identity, []byte("# public key: "+id.Recipient().String()+"\n"+id.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(data, "keys", "envelope.key")
	toAge := encryptionRoute + "encryption:\n  mode: age\n  key_file: " + identity + "\n"
	notStarted(t, data, up, toAge, "encryption.key_file", "previous_key_files")
	s = serveConfig(t, data, up, toAge+"  previous_key_files: ["+first+"]\n")
	s.awaitLog("wrapped under the present key", 1)
	called(s, 1)
	s.stop()
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	s = serveConfig(t, data, up, toAge)
	called(s, 1)
	s.stop()
	if n := count(t, data); n != 7 {
		t.Errorf("with the age identity alone: got %d calls, want 7", n)
	}
	if r := command(t, verifier, data); r.code != 0 || strings.Contains(r.stdout, "encrypted") {
		t.Errorf("verify with the age identity: got exit code %d and\n%s%s", r.code, r.stdout, r.stderr)
	}
	if !slices.ContainsFunc(sealedHeaders(t, data), func(h event.Header) bool {
		return h.Kind == event.Decision && h.Note != nil && h.Note.Name == "rotate-encryption-key"
	}) {
		t.Error("no decision about the change of the key is in the record")
	}
}
