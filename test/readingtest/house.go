// Package readingtest gives tests a record that is real from end to end: a
// recorder and its ledger in a temporary folder, the search engine as a child
// process, and the room before them. It is for tests only.
package readingtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/erasure"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/index/engine"
	"github.com/gatebook/gatebook/internal/objects"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// engineEnv makes the test binary the engine's child process.
const engineEnv = "GATEBOOK_READINGTEST_ENGINE"

// Main runs the tests of a package that uses [House.StartIndex]; call it from
// TestMain.
func Main(m *testing.M) {
	if os.Getenv(engineEnv) != "" {
		os.Exit(engine.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// Engine returns how to run the engine of an index on dir, as a child of the
// test binary.
func Engine(dir string) index.SupervisorConfig {
	return index.SupervisorConfig{Dir: dir, Command: []string{os.Args[0]}, Env: []string{engineEnv + "=1"}}
}

// House is a running record.
type House struct {
	t        testing.TB
	Dir      string // of the ledger
	Recorder *record.Recorder
	Ledger   *ledger.Ledger
	Config   reading.Config // of Room
	Room     *reading.Room
	Key      string // public key of the ledger
	Signer   note.Signer
	Keeper   *erasure.Keeper // nil before StartKeeper

	inventory *catalog.Follower

	follower *index.Follower // nil before StartIndex
	stopIdx  func()
	stopOnce sync.Once
	stopRec  func()
}

// Open starts a recorder on an empty ledger, and a room without an index. All
// ends with the test.
func Open(t testing.TB) *House {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/reading")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	h := &House{t: t, Dir: filepath.Join(t.TempDir(), "ledger"), Key: vkey, Signer: signer}
	h.Recorder, err = record.Open(record.Config{Dir: h.Dir, Signer: signer, Key: vkey, Publish: 20 * time.Millisecond, SegmentSize: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, h.Recorder.Run)
	h.stopRec = func() { h.stopOnce.Do(stop) }
	t.Cleanup(h.stopRec)
	files := os.DirFS(h.Dir)
	if h.Ledger, err = ledger.Open(files); err != nil {
		t.Fatal(err)
	}
	h.Config = reading.Config{
		Ledger: h.Ledger, Files: files, Feed: h.Recorder, Appender: h.Recorder, Edge: "test",
		Pseudonym: func(issuer, subject string) string { return "p_" + fmt.Sprintf("%032x", issuer+subject)[:32] },
	}
	h.Config.Catalog = catalog.New(catalog.Limits{})
	h.inventory, err = catalog.NewFollower(catalog.FollowerConfig{
		Catalog: h.Config.Catalog, Feed: h.Recorder, Ledger: h.Ledger, Path: filepath.Join(t.TempDir(), "catalog.gz"), Origin: signer.Name(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Config.Objects, err = objects.Open(objects.Config{
		Disk: disk.Dir(filepath.Join(filepath.Dir(h.Dir), "objects")), Feed: h.Recorder, Ledger: h.Ledger, Origin: signer.Name(), Key: []byte("key"), Flush: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Room = reading.New(h.Config)
	return h
}

// CountUp brings the inventory up to date.
func (h *House) CountUp() {
	h.t.Helper()
	if err := h.inventory.CatchUp(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// StopRecorder stops the recorder: nothing can be recorded any more.
func (h *House) StopRecorder() { h.stopRec() }

// Put records events and returns the number of the first.
func (h *House) Put(events ...*event.Event) uint64 {
	h.t.Helper()
	first := h.Recorder.Size()
	for _, e := range events {
		if _, err := h.Recorder.Append(h.t.Context(), e); err != nil {
			h.t.Fatal(err)
		}
	}
	return first
}

// Call returns an access event that arrived at the given time.
func Call(at time.Time, subject, method, path string, status int) *event.Event {
	var random [8]byte
	rand.Read(random[:])
	return &event.Event{
		Header: event.Header{
			ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Completed: at.Add(3 * time.Millisecond), Edge: "test",
			Capture:    event.Capture{Method: "gateway", Source: "default", Route: "shop", Durability: "served"},
			Principal:  event.Principal{Kind: event.User, ID: fmt.Sprintf("p_%032x", subject)[:34], Issuer: "https://issuer.test", Level: event.LevelVerified, Reason: "signature-verified"},
			Credential: event.Credential{Method: "jwt", Fingerprint: "fp-" + subject, Client: "shop-app"},
			Operation:  event.Operation{Protocol: "http/1.1", Method: method, Host: "shop.test", Route: "/customers/{id}"},
			Outcome:    event.Outcome{Status: status, Decision: "allowed"},
		},
		Who:  &event.Who{Subject: subject, Email: subject + "@shop.test", Address: "192.0.2.7", UserAgent: "test/1"},
		What: &event.What{Path: path},
		Payload: &event.Payload{
			Request:  event.Message{Headers: []event.HeaderLine{{Name: "Accept", Value: "*/*"}}},
			Response: event.Message{Body: `{"note":"<b>zanzibar</b>"}`},
		},
	}
}

// StartIndex starts the engine and feeds it, and gives the room its client.
func (h *House) StartIndex() {
	h.t.Helper()
	cfg := Engine(filepath.Join(h.t.TempDir(), "i"))
	cfg.FlushInterval, cfg.MemoryLimit = 20*time.Millisecond, 256<<20
	s, err := index.NewSupervisor(cfg)
	if err != nil {
		h.t.Fatal(err)
	}
	f, err := index.NewFollower(index.FollowerConfig{Source: Source{h.Recorder, h.Ledger}, Engine: s})
	if err != nil {
		h.t.Fatal(err)
	}
	stopSupervisor := running(h.t, s.Run)
	if _, err := s.Session(h.t.Context()); err != nil {
		h.t.Fatalf("the engine did not start: %v", err)
	}
	stopFollower := running(h.t, f.Run)
	h.stopIdx = sync.OnceFunc(func() { stopFollower(); stopSupervisor() })
	h.t.Cleanup(h.stopIdx)
	status := func() reading.IndexStatus {
		p := f.Progress()
		st := reading.IndexStatus{Indexed: p.Searchable, Life: p.Life, Repairing: p.Repairing}
		if e := s.Status(); e.State != index.Ready {
			st.Down, st.Reason = e.Since, string(e.State)
		}
		return st
	}
	h.Config.Index, h.Config.Status, h.follower = s.Client(), status, f
	h.Room = reading.New(h.Config)
}

// StopIndex ends the engine.
func (h *House) StopIndex() { h.stopIdx() }

// Indexed waits until everything that is sealed now can be searched.
func (h *House) Indexed() {
	h.t.Helper()
	size := h.Recorder.Size()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if h.follower.Progress().Searchable >= size {
			return
		}
	}
	h.t.Fatalf("the index did not reach %d events", size)
}

// Looks returns the look events, oldest first.
func (h *House) Looks() []*event.Event {
	h.t.Helper()
	if err := h.Ledger.Refresh(); err != nil {
		h.t.Fatal(err)
	}
	var looks []*event.Event
	err := h.Ledger.Range(0, h.Ledger.Size(), func(_ uint64, s *event.Sealed) error {
		e, err := s.Open()
		if err == nil && e.Kind == event.Look {
			looks = append(looks, e)
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return looks
}

// Source is a ledger as the follower of an index reads it.
type Source struct {
	Feed   reading.Feed
	Ledger *ledger.Ledger
}

// Size implements [index.Source].
func (s Source) Size() uint64 { return s.Feed.Size() }

// Rows implements [index.Source].
func (s Source) Rows(ctx context.Context, from, to uint64, yield func(index.Row) error) error {
	if err := s.Ledger.Refresh(); err != nil {
		return err
	}
	return s.Ledger.Range(from, to, func(n uint64, sealed *event.Sealed) error {
		e, err := sealed.Open()
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		return yield(reading.Row(n, e))
	})
}

// Wait implements [index.Source].
func (s Source) Wait(ctx context.Context, size uint64) error {
	_, err := s.Feed.Wait(ctx, size)
	return err
}

// running runs f until the returned function is called or the test ends.
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
