package stamp

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// authority is openssl's time-stamp authority behind HTTP.
type authority struct {
	t   *testing.T
	dir string
	url *url.URL
}

const opensslConfig = `
[ req ]
distinguished_name = dn
prompt = no
x509_extensions = ext
[ dn ]
CN = Test TSA
[ ext ]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[ tsa ]
default_tsa = one
[ one ]
serial = ./serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
signer_digest = sha256
`

func newAuthority(t *testing.T) *authority {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	a := &authority{t: t, dir: t.TempDir()}
	for name, content := range map[string]string{"openssl.cnf": opensslConfig, "serial": "01\n"} {
		if err := os.WriteFile(filepath.Join(a.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "tsa.pem", "-days", "2", "-config", "openssl.cnf")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			http.Error(w, "no query", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(a.reply(query))
	}))
	t.Cleanup(s.Close)
	var err error
	if a.url, err = url.Parse(s.URL); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *authority) openssl(args ...string) string {
	a.t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = a.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// reply stamps a query.
func (a *authority) reply(query []byte) []byte {
	if err := os.WriteFile(filepath.Join(a.dir, "query"), query, 0o600); err != nil {
		a.t.Error(err)
	}
	a.openssl("ts", "-reply", "-config", "openssl.cnf", "-section", "one", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "key.pem", "-out", "reply")
	b, err := os.ReadFile(filepath.Join(a.dir, "reply"))
	if err != nil {
		a.t.Error(err)
	}
	return b
}

// makeLedger records some events.
func makeLedger(t *testing.T) (dir, vkey string) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/stamp")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for i := range 3 {
		at := time.Now()
		if _, err := r.Append(ctx, &event.Event{Header: event.Header{ID: event.NewID(at, [8]byte{byte(i)}), Kind: event.Access, Arrived: at}}); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return dir, vkey
}

func TestStamp(t *testing.T) {
	a := newAuthority(t)
	dead, err := url.Parse("http://127.0.0.1:1/")
	if err != nil {
		t.Fatal(err)
	}
	dir, vkey := makeLedger(t)
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Dir: dir, Ledger: l, URLs: []*url.URL{dead, a.url}})
	s.once(t.Context(), time.Now())
	if st := s.Status(); st.Size != 3 || st.Error != "" || time.Since(st.Time).Abs() > time.Hour {
		t.Fatalf("got %+v", st)
	}

	// openssl takes the two files for what they are.
	checkpoint, token := filepath.Join(dir, ledger.StampedName(3)), filepath.Join(dir, ledger.TokenName(3))
	if out := a.openssl("ts", "-verify", "-data", checkpoint, "-in", token, "-CAfile", "tsa.pem"); !strings.Contains(out, "Verification: OK") {
		t.Errorf("openssl ts -verify says %s", out)
	}
	report := func() *ledger.Report { return ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Key: vkey}) }
	if r := report(); !r.OK() || r.Stamped.Count != 1 || r.Stamped.Size != 3 || !r.Stamped.Time.Equal(s.Status().Time) {
		t.Errorf("got %v, %+v", r.Problems, r.Stamped)
	}

	// What does not fit is noticed.
	f := func(what, name string, change func([]byte) []byte, want string) {
		t.Helper()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		defer os.WriteFile(name, b, 0o600)
		if c := change(bytes.Clone(b)); c == nil {
			err = os.Remove(name)
		} else {
			err = os.WriteFile(name, c, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		r := report()
		var lines []string
		for _, p := range r.Problems {
			lines = append(lines, p.String())
		}
		if got := strings.Join(append(lines, r.Notes...), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	f("a token of something else", token, func([]byte) []byte {
		query, err := ledger.TimestampRequest([]byte("else"), big.NewInt(7))
		if err != nil {
			t.Fatal(err)
		}
		return a.reply(query)
	}, "it is not the time-stamp of")
	f("half a token", token, func(b []byte) []byte { return b[:len(b)/2] }, "not the answer of a time-stamp authority")
	f("a changed checkpoint", checkpoint, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, "stamped/00000000000000000003.checkpoint")
	f("no checkpoint", checkpoint, func([]byte) []byte { return nil }, "it is missing, but its time-stamp is there")
	f("no token", token, func([]byte) []byte { return nil }, "has no time-stamp")
	if r := report(); !r.OK() {
		t.Errorf("after all that: %v", r.Problems)
	}
}

func TestAnswersThatAreNone(t *testing.T) {
	a := newAuthority(t)
	dir, _ := makeLedger(t)
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, answer http.HandlerFunc, want string) {
		t.Helper()
		h := httptest.NewServer(answer)
		defer h.Close()
		u, err := url.Parse(h.URL)
		if err != nil {
			t.Fatal(err)
		}
		s := New(Config{Dir: dir, Ledger: l, URLs: []*url.URL{u}})
		s.once(t.Context(), time.Now())
		if got := s.Status(); !strings.Contains(got.Error, want) || got.Failing.IsZero() {
			t.Errorf("%s: got %+v, want %q", what, got, want)
		}
	}
	of := func(text string, nonce int64) []byte {
		query, err := ledger.TimestampRequest([]byte(text), big.NewInt(nonce))
		if err != nil {
			t.Fatal(err)
		}
		return a.reply(query)
	}
	_, signed, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	old := of(string(signed), 7)
	other := of("else", 7)
	f("an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) }, "it answered 500")
	f("a page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "not the answer of a time-stamp authority")
	f("of something else", func(w http.ResponseWriter, _ *http.Request) { w.Write(other) }, "not of what it was given")
	f("an old answer", func(w http.ResponseWriter, _ *http.Request) { w.Write(old) }, "the answer to another request")
	f("a refusal", func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02})
	}, "refused, with status 2")
}

func FuzzParseTimestamp(f *testing.F) {
	f.Add([]byte{0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02})
	f.Fuzz(func(_ *testing.T, b []byte) { ledger.ParseTimestamp(b) })
}
