package witness

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// house is a ledger that is being written to.
type house struct {
	t      testing.TB
	dir    string
	vkey   string
	signer note.Signer
	rec    *record.Recorder
	stop   func()
}

func newHouse(t testing.TB) *house {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/witness")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "ledger"), vkey: vkey, signer: signer}
	h.open()
	return h
}

// other is another ledger with the same key.
func (h *house) other() *house {
	o := &house{t: h.t, dir: filepath.Join(h.t.TempDir(), "ledger"), vkey: h.vkey, signer: h.signer}
	o.open()
	return o
}

func (h *house) open() {
	h.t.Helper()
	var err error
	h.rec, err = record.Open(record.Config{Dir: h.dir, Signer: h.signer, Key: h.vkey, Publish: time.Millisecond})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.rec.Run(ctx) }()
	ended := false
	h.stop = func() {
		if !ended {
			ended = true
			cancel()
			if err := <-done; err != nil {
				h.t.Error(err)
			}
		}
	}
	h.t.Cleanup(h.stop)
}

// put records n events.
func (h *house) put(n int) {
	h.t.Helper()
	for range n {
		var random [8]byte
		rand.Read(random[:])
		at := time.Now()
		if _, err := h.rec.Append(h.t.Context(), &event.Event{Header: event.Header{ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Capture: event.Capture{Method: "gateway"}}}); err != nil {
			h.t.Fatal(err)
		}
	}
}

func (h *house) ledger() *ledger.Ledger {
	h.t.Helper()
	l, err := ledger.Open(os.DirFS(h.dir))
	if err != nil {
		h.t.Fatal(err)
	}
	return l
}

// published waits until the newest checkpoint covers all records.
func (h *house) published() (ledger.Checkpoint, []byte) {
	h.t.Helper()
	l := h.ledger()
	for {
		c, signed, err := l.Checkpoint()
		if err != nil {
			h.t.Fatal(err)
		}
		if c.Size == h.rec.Size() {
			return c, signed
		}
		time.Sleep(time.Millisecond) // until the recorder publishes
	}
}

// verify verifies the ledger with the witnesses given.
func (h *house) verify(quorum int, keys ...*ledger.WitnessKey) *ledger.Report {
	return ledger.Verify(os.DirFS(h.dir), ledger.VerifyOptions{Key: h.vkey, Witnesses: keys, Quorum: quorum})
}

// server is a witness that listens.
type server struct {
	*Server
	dir  string
	url  *url.URL
	http *httptest.Server
	down atomic.Bool
}

func newServer(t testing.TB, name string, logs ...string) *server {
	t.Helper()
	s := &server{dir: filepath.Join(t.TempDir(), "witness")}
	var err error
	if s.Server, err = OpenServer(ServerConfig{Dir: s.dir, Name: name, Logs: logs}); err != nil {
		t.Fatal(err)
	}
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		s.Server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { s.http.Close(); s.Close() })
	if s.url, err = url.Parse(s.http.URL); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) witness() Witness { return Witness{s.Key(), s.url} }

// post makes a call of add-checkpoint.
func (s *server) post(t testing.TB, body []byte) (status int, kind, answer string) {
	t.Helper()
	res, err := http.Post(s.http.URL+"/add-checkpoint", "", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(b)
}

func TestProtocol(t *testing.T) {
	h := newHouse(t)
	h.put(3)
	three, signedThree := h.published()
	h.put(4)
	seven, signedSeven := h.published()
	l := h.ledger()
	proof, err := l.ProveConsistency(3, 7)
	if err != nil {
		t.Fatal(err)
	}
	fork := h.other()
	fork.put(7)
	forked, signedFork := fork.published()
	if forked.Size != seven.Size || forked.Root == seven.Root {
		t.Fatalf("the fork is %+v, the ledger %+v", forked, seven)
	}
	stranger := newHouse(t)
	stranger.put(1)
	_, signedStranger := stranger.published() // same origin, other key

	s := newServer(t, "witness.test/a", h.vkey)
	f := func(what string, r request, status int, want string) {
		t.Helper()
		got, kind, answer := s.post(t, r.format())
		if got != status || !strings.Contains(answer, want) {
			t.Errorf("%s: got %d %q, want %d %q", what, got, answer, status, want)
		}
		if (kind == sizeType) != (status == 409) {
			t.Errorf("%s: the content type is %q", what, kind)
		}
	}
	f("a size that was not cosigned", request{old: 2, note: signedThree}, 409, "0\n")
	f("a proof from nothing", request{proof: proof, note: signedThree}, 422, "")
	f("the first", request{note: signedThree}, 200, "— witness.test/a ")
	f("the first again", request{old: 3, note: signedThree}, 200, "— witness.test/a ")
	f("from nothing again", request{note: signedSeven}, 409, "3\n")
	f("without a proof", request{old: 3, note: signedSeven}, 422, "")
	f("with a wrong proof", request{old: 3, proof: proof[1:], note: signedSeven}, 422, "")
	f("a fork", request{old: 3, proof: proof, note: signedFork}, 422, "")
	f("the old size is larger", request{old: 8, note: signedSeven}, 400, "")
	f("grown", request{old: 3, proof: proof, note: signedSeven}, 200, "— witness.test/a ")
	f("smaller", request{old: 7, note: signedThree}, 400, "")
	f("an old one replayed", request{old: 3, note: signedThree}, 409, "7\n")
	f("another of the same size", request{old: 7, note: signedFork}, 409, "7\n")
	f("another key", request{old: 7, note: signedStranger}, 403, "")
	f("another origin", request{old: 7, note: bytes.ReplaceAll(signedSeven, []byte("gatebook.test/witness"), []byte("gatebook.test/else"))}, 404, "")
	if got, _, _ := s.post(t, []byte("old 7\n")); got != 400 {
		t.Errorf("half a request: got %d, want 400", got)
	}
	if got, _, _ := s.post(t, bytes.Repeat([]byte("x"), 2*maxRequest)); got != 400 {
		t.Errorf("a large request: got %d, want 400", got)
	}

	// Anybody can see what was cosigned, and it stands alone.
	res, err := http.Get(s.http.URL + "/" + originName(three.Origin) + "/checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	view, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	key, err := note.NewVerifier(h.vkey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.ParseCosigned(view, key, []*ledger.WitnessKey{s.Key()})
	if err != nil || c.Checkpoint != seven || len(c.By) != 1 {
		t.Errorf("the view of the witness: got %+v, %v", c, err)
	}

	// It has not forgotten after a restart, and cannot be had with another
	// name, key or process.
	if _, err := OpenServer(ServerConfig{Dir: s.dir, Logs: []string{h.vkey}}); !errors.Is(err, ErrLocked) {
		t.Errorf("two of one directory: got %v, want %v", err, ErrLocked)
	}
	vkey := s.Key().String()
	s.Close()
	if _, err := OpenServer(ServerConfig{Dir: s.dir, Name: "witness.test/b"}); err == nil || !strings.Contains(err.Error(), "cannot be changed") {
		t.Errorf("another name: got %v", err)
	}
	if _, err := OpenServer(ServerConfig{Dir: s.dir, Logs: []string{stranger.vkey}}); err == nil || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("another key of the ledger: got %v", err)
	}
	if s.Server, err = OpenServer(ServerConfig{Dir: s.dir, Logs: []string{h.vkey}}); err != nil {
		t.Fatal(err)
	}
	if s.Key().String() != vkey {
		t.Errorf("after a restart: the key is %s, want %s", s.Key(), vkey)
	}
	f("an old one after a restart", request{old: 3, note: signedThree}, 409, "7\n")
	info, err := os.Stat(filepath.Join(s.dir, keyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
}

func TestKeyFile(t *testing.T) {
	for range 200 { // base64 has plus signs now and then
		dir := t.TempDir()
		private, key, err := openKey(dir, "witness.test/a")
		if err != nil {
			t.Fatal(err)
		}
		again, sameKey, err := openKey(dir, "")
		if err != nil || !again.Equal(private) || sameKey.String() != key.String() {
			b, _ := os.ReadFile(filepath.Join(dir, keyFile))
			t.Fatalf("the key that was made is not the one that was read: %v\n%s", err, b)
		}
	}
	for _, text := range []string{"", "x", "x\n", "PRIVATE+KEY+a\nb", "PRIVATE+KEY+a+b+c\na+b+c\n"} {
		if _, _, err := parseKey(text); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add([]byte("old 0\n\nnote\n"))
	f.Add((&request{old: 7, proof: []ledger.Hash{{1}, {2}}, note: []byte("a\n1\nb\n\n— x y\n")}).format())
	f.Add([]byte("old 07\n\nnote"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRequest(b)
		if err == nil && !bytes.Equal(r.format(), b) {
			t.Errorf("got %q of %q", r.format(), b)
		}
	})
}

// following runs a follower until the test or the returned function ends it.
func (h *house) following(quorum int, changed func(State), witnesses ...Witness) (*Follower, func()) {
	h.t.Helper()
	f, err := New(Config{
		Dir: h.dir, Ledger: h.ledger(), Witnesses: witnesses, Quorum: quorum, Every: time.Millisecond, Timeout: 2 * time.Second, History: time.Nanosecond,
		Wait: h.rec.Wait, Changed: func(_ context.Context, s State) { changed(s) },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	stop := func() { cancel(); <-done }
	h.t.Cleanup(stop)
	return f, stop
}

// until waits until the follower's status is as wanted.
func until(t testing.TB, f *Follower, what string, ok func(Status) bool) {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); !ok(f.Status()); {
		if time.Now().After(limit) {
			t.Fatalf("%s: it does not come: %+v", what, f.Status())
		}
		time.Sleep(time.Millisecond)
	}
}

func unchanged(t testing.TB) func(State) {
	return func(s State) { t.Errorf("told of %+v", s) }
}

func TestFollower(t *testing.T) {
	h := newHouse(t)
	a, b, c := newServer(t, "witness.test/a", h.vkey), newServer(t, "witness.test/b", h.vkey), newServer(t, "witness.test/c", h.vkey)
	c.down.Store(true)
	f, stop := h.following(2, unchanged(t), a.witness(), b.witness(), c.witness())
	for range 3 {
		h.put(300)
		until(t, f, "the newest is cosigned", func(s Status) bool { return s.Size == h.rec.Size() })
	}
	stop()
	r := h.verify(2, a.Key(), b.Key(), c.Key())
	if !r.OK() || r.Vouched.Size != 900 || r.History < 3 || r.Witnessed[0].Newest.Size != 900 || r.Witnessed[2].Newest.Size != 0 {
		t.Errorf("got %v, %+v of a history of %d", r.Problems, r.Vouched, r.History)
	}

	// The third comes late, and the follower has forgotten what they know.
	c.down.Store(false)
	f, stop = h.following(3, unchanged(t), a.witness(), b.witness(), c.witness())
	until(t, f, "all cosign", func(s Status) bool { return s.Size == 900 })
	stop()
	if r := h.verify(3, a.Key(), b.Key(), c.Key()); !r.OK() || r.Vouched.Size != 900 {
		t.Errorf("of three: got %v, %+v", r.Problems, r.Vouched)
	}
}

// TestFollowerFindsAForgery shows what comes of a ledger that is not the one
// that a witness has cosigned.
func TestFollowerFindsAForgery(t *testing.T) {
	h := newHouse(t)
	a := newServer(t, "witness.test/a", h.vkey)
	h.put(20)
	f, stop := h.following(1, unchanged(t), a.witness())
	until(t, f, "it is cosigned", func(s Status) bool { return s.Size == 20 })
	stop()

	g := func(what string, records int, want error) {
		t.Helper()
		told := make(chan State, 10)
		o := h.other()
		o.put(records)
		o.published()
		f, stop := o.following(1, func(s State) { told <- s }, a.witness())
		defer stop()
		s := <-told
		if !s.Conflict || !strings.Contains(s.Error, want.Error()) {
			t.Errorf("%s: got %+v, want %v", what, s, want)
		}
		if f.Status().Size != 0 {
			t.Errorf("%s: it was cosigned: %+v", what, f.Status())
		}
	}
	g("the newest were removed", 10, ErrAhead)
	g("made anew, of the same size", 20, ErrForked)
	g("made anew, and grown", 30, ErrForked)

	// The cosigned checkpoint in its folder is enough to stop the start.
	cosigned, err := os.ReadFile(filepath.Join(h.dir, ledger.WitnessedFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, records := range []int{10, 30} {
		o := h.other()
		o.put(records)
		if err := os.WriteFile(filepath.Join(o.dir, ledger.WitnessedFile), cosigned, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Config{Dir: o.dir, Ledger: o.ledger(), Wait: o.rec.Wait}); !errors.Is(err, ErrCut) {
			t.Errorf("with %d other records: got %v, want %v", records, err, ErrCut)
		}
	}
}

// TestStrangeWitness has answers that no witness should give.
func TestStrangeWitness(t *testing.T) {
	h := newHouse(t)
	h.put(5)
	c, signed := h.published()
	good := newServer(t, "witness.test/a", h.vkey)
	other := newServer(t, "witness.test/a", h.vkey)
	f := func(what string, answer http.HandlerFunc, want string) {
		t.Helper()
		s := httptest.NewServer(answer)
		defer s.Close()
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		line, err := submit(t.Context(), http.DefaultClient, Witness{good.Key(), u}, h.ledger(), c, signed, 0)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %q", what, line, err, want)
		}
	}
	text := func(status int, s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, s) }
	}
	f("nothing", text(200, ""), "not spelt as one")
	f("a page", text(200, "<html>"), "not spelt as one")
	f("the key of another with its name", other.ServeHTTP, "did not cosign with the key")
	f("a redirect", text(302, ""), "answered 302")
	f("a size that is none", text(409, "07\n"), "not a size")
	f("a size without end", text(409, "7"), "not a size")
	f("a size that comes and goes", func() http.HandlerFunc {
		n := 0
		return func(w http.ResponseWriter, _ *http.Request) { n++; w.WriteHeader(409); fmt.Fprintf(w, "%d\n", n) }
	}(), "again and again")
	f("more than there is", text(409, "6\n"), ErrAhead.Error())
	f("unknown", text(404, ""), ErrUnknown.Error())
	f("another key of ours", text(403, ""), ErrKey.Error())
	f("more than can be read", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x\n"), maxAnswer)) }, "not spelt as one")
}

func TestHistoryGoesOn(t *testing.T) {
	h := newHouse(t)
	a := newServer(t, "witness.test/a", h.vkey)
	keep := func(s *store, now time.Time) {
		t.Helper()
		h.put(1)
		c, signed := h.published()
		if err := s.keep(append(signed, a.Key().Cosign(c, a.private, now)...), c.Size, now); err != nil {
			t.Fatal(err)
		}
	}
	lines := func(day string) int {
		b, _ := os.ReadFile(filepath.Join(h.dir, ledger.CosignedDir, day))
		notes, rest := ledger.SplitCosigned(b)
		if len(rest) > 0 {
			t.Errorf("%s: a rest of %q", day, rest)
		}
		return len(notes)
	}
	open := func() *store {
		t.Helper()
		s, err := openStore(h.dir, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	now := time.Date(2026, 11, 26, 23, 58, 0, 0, time.UTC)
	s := open()
	keep(s, now)
	keep(s, now.Add(30*time.Second))
	keep(s, now.Add(61*time.Second))
	if got := lines("2026-11-26"); got != 2 {
		t.Errorf("the first day: got %d, want 2", got)
	}
	keep(s, now.Add(3*time.Minute))
	s = open()
	keep(s, now.Add(3*time.Minute+time.Second)) // too early, also after a restart
	if got := lines("2026-11-27"); got != 1 {
		t.Errorf("the next day: got %d, want 1", got)
	}
	// A torn end is cut, and a clock that was set back goes on in the newest.
	name := filepath.Join(h.dir, ledger.CosignedDir, "2026-11-27")
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(b, b[:50]...), 0o600); err != nil {
		t.Fatal(err)
	}
	s = open()
	keep(s, now.Add(-time.Hour))
	if a, b := lines("2026-11-26"), lines("2026-11-27"); a != 2 || b != 2 {
		t.Errorf("after the clock was set back: got %d and %d, want 2 and 2", a, b)
	}
	r := h.verify(0)
	if !r.OK() || r.History != 4 {
		t.Errorf("got %v, %d", r.Problems, r.History)
	}
}
