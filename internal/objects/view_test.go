package objects_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/objects"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// house is a ledger, and the folder of a view of it.
type house struct {
	t        testing.TB
	recorder *record.Recorder
	ledger   *ledger.Ledger
	dir      string
	key      string
	flush    int
	calls    []*event.Event
}

func newHouse(t testing.TB) *house {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/objects")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "objects"), key: "key", flush: 200}
	dir := t.TempDir()
	if h.recorder, err = record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	running(t, h.recorder.Run)
	if h.ledger, err = ledger.Open(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return h
}

func running(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func (h *house) open() *objects.View {
	h.t.Helper()
	v, err := objects.Open(objects.Config{Disk: disk.Dir(h.dir), Feed: h.recorder, Ledger: h.ledger, Origin: "test", Key: []byte(h.key), Flush: h.flush})
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// random returns call n of a random record.
func random(r *mathrand.Rand, n int) *event.Event {
	var id [8]byte
	rand.Read(id[:])
	at := start.Add(time.Duration(n)*time.Minute + time.Duration(r.IntN(120))*time.Second)
	user := r.IntN(7)
	e := &event.Event{
		Header: event.Header{
			ID: event.NewID(at, id), Kind: event.Access, Arrived: at, Completed: at, Edge: "test",
			Capture:    event.Capture{Method: "gateway", Source: "default", Durability: "served"},
			Principal:  event.Principal{Kind: event.User, ID: fmt.Sprintf("p_%032d", user), Issuer: "https://issuer.test", Level: event.LevelVerified},
			Credential: event.Credential{Method: "jwt", Client: []string{"app-1", "app-2", ""}[r.IntN(3)], KeyID: []string{"k1", "k2"}[r.IntN(2)]},
			Operation:  event.Operation{Protocol: "http/1.1", Method: "GET", Action: []event.Action{event.ActionRead, event.ActionExport, ""}[r.IntN(3)]},
			Outcome:    event.Outcome{Status: 200, Decision: "allowed"},
		},
		Who:  &event.Who{Subject: fmt.Sprint("user-", user), Email: fmt.Sprintf("user-%d@test", user)},
		What: &event.What{Path: "/x"},
	}
	for i, class := range []string{"card", "email", "phone"} {
		if r.IntN(3) == i {
			e.Data = append(e.Data, event.Data{Class: class, Count: 1})
		}
	}
	switch r.IntN(20) {
	case 0:
		e.Kind, e.Note = event.Look, &event.Note{Name: "view"}
	case 1:
		return e // touches nothing
	}
	count := r.IntN(4)
	if r.IntN(15) == 0 {
		count = 300 // several blocks of one hash, soon
	}
	for range count {
		e.What.Objects = append(e.What.Objects, event.Object{Type: "customer", ID: fmt.Sprint(r.IntN(1 + r.IntN(400)))})
	}
	e.What.Asked = uint64(r.IntN(count + 1))
	return e
}

func (h *house) put(events ...*event.Event) {
	h.t.Helper()
	for _, e := range events {
		if _, err := h.recorder.Append(h.t.Context(), e); err != nil {
			h.t.Fatal(err)
		}
		h.calls = append(h.calls, e)
	}
}

// scan answers as a view must, by looking at all calls.
func (h *house) scan(name string, from, to time.Time) []objects.Group {
	groups := []objects.Group{}
	for n, e := range h.calls {
		if e.Kind != event.Access || e.What == nil || e.Arrived.Before(from) || !to.IsZero() && !e.Arrived.Before(to) {
			continue
		}
		touched, asked := false, false
		for i, o := range e.What.Objects {
			if o.Type+"/"+o.ID == name {
				touched, asked = true, asked || uint64(i) < e.What.Asked
			}
		}
		if !touched {
			continue
		}
		var data []string
		for _, d := range e.Data {
			data = append(data, d.Class)
		}
		by := objects.By{Principal: e.Principal.ID, Kind: string(e.Principal.Kind), Client: e.Credential.Client, KeyID: e.Credential.KeyID, Action: string(e.Operation.Action), Data: strings.Join(data, " ")}
		i := slices.IndexFunc(groups, func(g objects.Group) bool { return g.By == by })
		if i < 0 {
			i = len(groups)
			groups = append(groups, objects.Group{By: by, First: e.Arrived, Last: e.Arrived})
		}
		g := &groups[i]
		g.Calls++
		if asked {
			g.Asked++
		}
		if e.Arrived.Before(g.First) {
			g.First = e.Arrived
		}
		if e.Arrived.After(g.Last) {
			g.Last = e.Arrived
		}
		g.Newest = uint64(n)
	}
	sortGroups(groups)
	return groups
}

func sortGroups(groups []objects.Group) {
	slices.SortFunc(groups, func(a, b objects.Group) int { return cmp.Compare(fmt.Sprint(a.By), fmt.Sprint(b.By)) })
}

// same compares what the view says of objects with what a scan says.
func (h *house) same(v *objects.View, r *mathrand.Rand) {
	h.t.Helper()
	for range 60 {
		name := fmt.Sprint("customer/", r.IntN(1+r.IntN(400)))
		var from, to time.Time
		if r.IntN(2) == 0 {
			from = start.Add(time.Duration(r.IntN(len(h.calls))) * time.Minute)
		}
		if r.IntN(2) == 0 {
			to = start.Add(time.Duration(r.IntN(len(h.calls))) * time.Minute)
		}
		got, err := v.Find(h.t.Context(), name, from, to)
		if err != nil {
			h.t.Fatal(err)
		}
		sortGroups(got.Groups)
		if want := h.scan(name, from, to); !reflect.DeepEqual(got.Groups, want) {
			h.t.Fatalf("%s from %v to %v of %d:\ngot  %+v\nwant %+v", name, from, to, len(h.calls), got.Groups, want)
		}
		if got.Covered != uint64(len(h.calls)) || got.More != 0 {
			h.t.Errorf("covered %d and %d more, of %d", got.Covered, got.More, len(h.calls))
		}
	}
}

func (h *house) segments() []string {
	h.t.Helper()
	names, err := filepath.Glob(filepath.Join(h.dir, "*.objects"))
	if err != nil {
		h.t.Fatal(err)
	}
	return names
}

// TestSameAsScan compares the view with a scan of the record, through many
// segments, restarts with and without a stop, and Run's merges.
func TestSameAsScan(t *testing.T) {
	h := newHouse(t)
	r := mathrand.New(mathrand.NewPCG(1, 2))
	v := h.open()
	for round := range 12 {
		for range 60 + r.IntN(60) {
			h.put(random(r, len(h.calls)))
		}
		if round%3 == 1 {
			stop := running(t, v.Run)
			await(t, func() bool { return v.Progress().Covered == uint64(len(h.calls)) })
			stop()
		}
		if err := v.CatchUp(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		h.same(v, r)
		if round%2 == 1 {
			v = h.open() // as after a crash: what was not in a segment is read again
			if p := v.Progress(); p.Covered == 0 || p.Covered > p.Sealed {
				t.Fatalf("taken up at %+v", p)
			}
		}
	}
	if n := len(h.segments()); n < 3 {
		t.Errorf("%d segments: the test is too small", n)
	}
	// Reading lags behind: it says how far it is.
	h.put(random(r, len(h.calls)))
	got, err := v.Find(t.Context(), "customer/1", time.Time{}, time.Time{})
	if p := v.Progress(); err != nil || got.Covered >= p.Sealed || p.Sealed != uint64(len(h.calls)) {
		t.Errorf("before it catches up: covered %d, %+v, %v", got.Covered, p, err)
	}
}

func await(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come")
		}
	}
}

// TestNames asks for the names of principals that are known, that must be read,
// and that are not there.
func TestNames(t *testing.T) {
	h := newHouse(t)
	r := mathrand.New(mathrand.NewPCG(3, 4))
	for range 50 {
		h.put(random(r, len(h.calls)))
	}
	unknown := random(r, len(h.calls))
	unknown.Who, unknown.Principal.ID = nil, "p_unknown"
	h.put(unknown)
	v := h.open()
	asks := []objects.Ask{{h.calls[3].Principal.ID, 3}, {"p_unknown", 50}, {h.calls[9].Principal.ID, 9}, {"", 9}}
	for range 2 { // the second time they are known
		got, err := v.Names(t.Context(), asks)
		want := []objects.Name{{Subject: h.calls[3].Who.Subject, Email: h.calls[3].Who.Email}, {}, {Subject: h.calls[9].Who.Subject, Email: h.calls[9].Who.Email}, {Subject: h.calls[9].Who.Subject, Email: h.calls[9].Who.Email}}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

// TestDamage changes each file of a view, at every place in turn: it answers as
// before, or says that it is damaged and is made again.
func TestDamage(t *testing.T) {
	h := newHouse(t)
	r := mathrand.New(mathrand.NewPCG(5, 6))
	for range 150 {
		h.put(random(r, len(h.calls)))
	}
	v := h.open()
	if err := v.CatchUp(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	files := append(h.segments(), filepath.Join(h.dir, "manifest"))
	for _, name := range files {
		good, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 15 {
			bad := slices.Clone(good)
			if k == 0 {
				bad = bad[:len(bad)/2]
			} else {
				bad[r.IntN(len(bad))] ^= byte(1 + r.IntN(255))
			}
			if err := os.WriteFile(name, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			saved := h.save()
			v := h.open()
			for i := range 400 {
				got, err := v.Find(t.Context(), fmt.Sprint("customer/", i), time.Time{}, time.Time{})
				if errors.Is(err, objects.ErrDamaged) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if got.Covered == 0 {
					break // it is made again
				}
				sortGroups(got.Groups)
				want := h.scanBefore(got.Covered, fmt.Sprint("customer/", i))
				if !reflect.DeepEqual(got.Groups, want) {
					t.Fatalf("%s, change %d: got %+v, want %+v", filepath.Base(name), k, got.Groups, want)
				}
			}
			h.restore(saved)
		}
		if err := os.WriteFile(name, good, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// Found while it runs, it is made again.
	for _, name := range h.segments() {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := 4096; i < len(b)-200; i += 500 {
			b[i]++
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Find(t.Context(), "customer/0", time.Time{}, time.Time{}); !errors.Is(err, objects.ErrDamaged) {
		t.Fatalf("damaged: got %v", err)
	}
	running(t, v.Run)
	await(t, func() bool {
		_, err := v.Find(t.Context(), "customer/0", time.Time{}, time.Time{})
		return err == nil && v.Progress().Covered == uint64(len(h.calls))
	})
	h.same(v, r)
}

func (h *house) scanBefore(n uint64, name string) []objects.Group {
	some := *h
	some.calls = h.calls[:n]
	return some.scan(name, time.Time{}, time.Time{})
}

// save returns the files of the view.
func (h *house) save() map[string][]byte {
	h.t.Helper()
	out := make(map[string][]byte)
	entries, err := os.ReadDir(h.dir)
	for _, e := range entries {
		b, err2 := os.ReadFile(filepath.Join(h.dir, e.Name()))
		err = errors.Join(err, err2)
		out[e.Name()] = b
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) restore(files map[string][]byte) {
	h.t.Helper()
	err := os.RemoveAll(h.dir)
	err = errors.Join(err, os.MkdirAll(h.dir, 0o700))
	for name, b := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(h.dir, name), b, 0o600))
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// TestOtherKey opens a view that was made with another key: its hashes say
// nothing, and it is made again.
func TestOtherKey(t *testing.T) {
	h := newHouse(t)
	r := mathrand.New(mathrand.NewPCG(7, 8))
	for range 150 {
		h.put(random(r, len(h.calls)))
	}
	if err := h.open().CatchUp(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	if len(h.segments()) == 0 {
		t.Fatal("no segments")
	}
	h.key = "another"
	v := h.open()
	if p := v.Progress(); p.Covered != 0 || len(h.segments()) != 0 {
		t.Errorf("it is not made again: %+v, %v", p, h.segments())
	}
	if err := v.CatchUp(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	h.same(v, r)
}
