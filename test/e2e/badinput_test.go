package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/freeport"
)

// refused runs a server that must not start on the data, and returns what it
// says.
func refused(t *testing.T, data string) result {
	t.Helper()
	r := command(t, gatebook, "serve", "--data", data, "--upstream", "http://127.0.0.1:1", "--listen", freeport.Address(t), "--ops", freeport.Address(t))
	if r.code == 0 {
		t.Errorf("serve: exit code 0, want an error\n%s%s", r.stdout, r.stderr)
	}
	return r
}

// says fails the test unless the program ended with the code and wrote each of
// the words.
func (r result) says(t *testing.T, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("got exit code %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, w := range words {
		if !strings.Contains(r.stdout+r.stderr, w) {
			t.Errorf("the message does not say %q:\n%s%s", w, r.stdout, r.stderr)
		}
	}
}

// recordedData returns the data directory of a server that recorded n calls
// with paths /call/0 to /call/n-1, and was stopped.
func recordedData(t *testing.T, n int) string {
	t.Helper()
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "hello"), "gateway:\n  listeners:\n    - {name: a, address: LISTEN}\n  routes:\n    - {name: a, upstream: UPSTREAM, durability: recorded}\nindex: {mode: \"off\"}\n")
	for i := range n {
		if status, body := get(t, fmt.Sprintf("%s/call/%d", s.url, i)); status != 200 {
			t.Fatalf("call %d: got status %d: %s", i, status, body)
		}
	}
	s.stop()
	return data
}

// TestSigningKeyFile: without its key a ledger is not gone on with, and no new
// key takes its place.
func TestSigningKeyFile(t *testing.T) {
	data := recordedData(t, 1)
	key := filepath.Join(data, "keys", "ledger.key")
	good, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(good), "\n")
	for _, c := range []struct {
		name   string
		damage func() error
		words  []string
	}{
		{"missing", func() error { return os.Remove(key) }, []string{"is missing", "restore the key"}},
		{"empty", func() error { return os.WriteFile(key, nil, 0o600) }, []string{"it is empty"}},
		{"garbage", func() error { return os.WriteFile(key, []byte("\x00\xffgarbage\nmore\n"), 0o600) }, []string{"it is not a signing key"}},
		{"one line", func() error { return os.WriteFile(key, []byte(lines[0]), 0o600) }, []string{"it is not a signing key", "two lines"}},
		{"readable by others", func() error { return os.Chmod(key, 0o644) }, []string{"others can read it", "0644", "chmod 600"}},
		{"a directory", func() error { os.Remove(key); return os.Mkdir(key, 0o700) }, []string{"is a directory"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.damage(); err != nil {
				t.Fatal(err)
			}
			r := refused(t, data)
			r.says(t, 2, append(c.words, key)...)
			for _, secret := range lines {
				if secret = strings.TrimSpace(secret); strings.HasPrefix(secret, "PRIVATE") && strings.Contains(r.stdout+r.stderr, secret) {
					t.Error("the message holds the key")
				}
			}
			if err := os.RemoveAll(key); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(key, good, 0o600); err != nil {
				t.Fatal(err)
			}
		})
	}
	intact(t, data)
}

// TestSigningKeyOfAnother: a ledger is not gone on with under another key.
func TestSigningKeyOfAnother(t *testing.T) {
	data, other := recordedData(t, 1), recordedData(t, 1)
	b, err := os.ReadFile(filepath.Join(other, "keys", "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "keys", "ledger.key"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, data).says(t, 2, "the ledger belongs to the key", "give the key that the ledger was made with")
	intact(t, data)
}

// TestWrongQuery: a query that cannot be read is shown with the place.
func TestWrongQuery(t *testing.T) {
	data := t.TempDir()
	s := serve(t, data, api(t, "hello"))
	for _, query := range []string{`who.subject:(alice or`, `nosuchfield:a`, `outcome.status:>=`, `"unfinished`, `* | stats by (`, `a) b`} {
		r := command(t, gatebook, "search", query, "--data", data)
		r.says(t, 2, query)
		shown := false
		for _, line := range strings.Split(r.stderr, "\n") {
			shown = shown || strings.Trim(line, " ") == "^"
		}
		if !shown {
			t.Errorf("%q: no caret shows where:\n%s", query, r.stderr)
		}
	}
	s.stop()
	intact(t, data)
}

// TestCorruptJournal: a changed byte among the records is found at the start,
// and by the verifier, by the file's name.
func TestCorruptJournal(t *testing.T) {
	data := recordedData(t, 20)
	files, err := filepath.Glob(filepath.Join(data, "ledger", ledger.JournalDir, "*.journal"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got journals %v, %v", files, err)
	}
	flip(t, files[0], func(b []byte) int { return bytes.Index(b, []byte("/call/3")) + 6 })
	name := ledger.JournalDir + "/" + filepath.Base(files[0])
	command(t, verifier, data).says(t, 1, name)
	refused(t, data).says(t, 1, name)
	command(t, gatebook, "search", "call", "--data", data).says(t, 1, name)
}

// TestCorruptSegment is the same for a segment that was sealed.
func TestCorruptSegment(t *testing.T) {
	data := t.TempDir()
	s := serveConfig(t, data, api(t, "hello"), smallSegments)
	body := strings.Repeat("0123456789abcdef", 1<<10)
	pattern := filepath.Join(data, "ledger", ledger.SealedDir, "*.entries")
	var sealed []string
	for i, limit := 0, time.Now().Add(20*time.Second); len(sealed) == 0; i++ {
		if status, _ := post(t, fmt.Sprintf("%s/recorded/%d", s.url, i), body); status != 200 {
			t.Fatalf("call %d: got status %d", i, status)
		}
		if time.Now().After(limit) {
			t.Fatalf("nothing was sealed after 20 s and %d calls\n%s", i, s.log.String())
		}
		sealed, _ = filepath.Glob(pattern)
	}
	s.stop()
	intact(t, data)
	flip(t, sealed[0], func([]byte) int { return 200 })
	name := ledger.SealedDir + "/" + filepath.Base(sealed[0])
	command(t, verifier, data).says(t, 1, name)

	// What was sealed is not read at the start: the gateway serves on, and
	// what is read is checked then.
	s = serveConfig(t, data, api(t, "hello"), smallSegments)
	if status, _ := post(t, s.url+"/recorded/after", body); status != 200 {
		t.Errorf("got status %d before a ledger with a corrupt old segment", status)
	}
	command(t, gatebook, "show", "1", "--data", data).says(t, 1, name)
	s.stop()
	command(t, verifier, data).says(t, 1, name)
}

// flip changes a bit of the byte at the place that at finds.
func flip(t *testing.T, name string, at func([]byte) int) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[at(b)] ^= 0x10
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNewerVersion: what a later Gatebook wrote is not called broken.
func TestNewerVersion(t *testing.T) {
	data := recordedData(t, 1)
	name := filepath.Join(data, "ledger", ledger.FormatFile)
	format, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(format), "\n")
	text := "gatebook-ledger 2\n" + strings.Join(lines[1:len(lines)-2], "") + "something: new\n"
	sum := sha256.Sum256([]byte(text))
	if err := os.WriteFile(name, fmt.Appendf(nil, "%s%x\n", text, sum[:8]), 0o600); err != nil {
		t.Fatal(err)
	}
	const say = "written by a newer version of Gatebook"
	refused(t, data).says(t, 2, say, "gatebook-ledger 2")
	command(t, verifier, data).says(t, 2, say)
	command(t, gatebook, "verify", data).says(t, 2, say)
	command(t, gatebook, "show", "0", "--data", data).says(t, 2, say)

	// Without the right sum it is a changed file of this version.
	if err := os.WriteFile(name, []byte(text+lines[len(lines)-2]), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, verifier, data).says(t, 1, ledger.FormatFile)
	refused(t, data).says(t, 1, ledger.FormatFile)
}
