package foreign

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/ledger"
)

// keys are the private and the public keys of ledgers, by folder.
var keys = map[string][2]string{}

// someEvent is an event that happens now.
func someEvent(i int) *event.Event {
	at := time.Now()
	var random [8]byte
	rand.Read(random[:])
	return &event.Event{
		Header: event.Header{ID: event.NewID(at, random), Kind: event.Access, Arrived: at, Sequence: uint64(i + 1)},
		Who:    &event.Who{Subject: fmt.Sprintf("user-%d", i)},
	}
}

// makeLedger records events in a ledger of which a part is sealed.
func makeLedger(t *testing.T, events int) (dir string, key note.Verifier) {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.test/foreign")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = note.NewVerifier(vkey); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	keys[dir] = [2]string{skey, vkey}
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: vkey, SegmentSize: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	var wg sync.WaitGroup
	for c := range 128 {
		wg.Go(func() {
			for i := c; i < events; i += 128 {
				if _, err := r.Append(ctx, someEvent(i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for r.Stats().SealedSegments == 0 {
		time.Sleep(10 * time.Millisecond) // until the sealer's next round
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return dir, key
}

// serve serves the ledger's checkpoint and tiles as the API does, without
// tokens. If change is not nil it is given each answer with its path, and
// returns what to send instead.
func serve(t *testing.T, dir string, l *ledger.Ledger, change func(path string, b []byte) []byte) *httptest.Server {
	t.Helper()
	room := reading.New(reading.Config{Ledger: l, Files: os.DirFS(dir)})
	server := api.New(api.Config{Room: room, PublicTiles: true})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if change == nil {
			server.ServeHTTP(w, r)
			return
		}
		r.Header.Del("Accept-Encoding") // so that the content is changed, not its compression
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, r)
		w.WriteHeader(answer.Code)
		w.Write(change(r.URL.Path, answer.Body.Bytes()))
	}))
	t.Cleanup(s.Close)
	return s
}

// read has torchwood read the whole ledger at url: the checkpoint, and each
// entry with its proof in the tree. It returns how many entries it took.
func read(ctx context.Context, url string, key note.Verifier) (entries int64, tree tlog.Tree, err error) {
	fetcher, err := torchwood.NewTileFetcher(url)
	if err != nil {
		return 0, tree, err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return 0, tree, err
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(key.Name()), torchwood.SingleVerifierPolicy(key))
	c, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return 0, tree, fmt.Errorf("checkpoint: %w", err)
	}
	client, err := torchwood.NewClient(fetcher)
	if err != nil {
		return 0, c.Tree, err
	}
	for i, entry := range client.AllEntries(ctx, c.Tree, 0) {
		if _, err := event.DecodeHeader(entry); err != nil {
			return entries, c.Tree, fmt.Errorf("entry %d: %w", i, err)
		}
		entries++
	}
	if err := client.Err(); err != nil {
		return entries, c.Tree, err
	}
	if _, _, err := client.Entry(ctx, c.Tree, c.N/2); err != nil {
		return entries, c.Tree, fmt.Errorf("one entry with its proof: %w", err)
	}
	return entries, c.Tree, nil
}

// checksumDB is a [tlog.TileReader] over HTTP, as the go command has one.
type checksumDB struct{ url string }

func (checksumDB) Height() int                     { return torchwood.TileHeight }
func (checksumDB) SaveTiles([]tlog.Tile, [][]byte) {}
func (c checksumDB) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		resp, err := http.Get(c.url + "/" + torchwood.TilePath(t))
		if err != nil {
			return nil, err
		}
		data[i], err = io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s (%v)", t.Path(), resp.Status, err)
		}
	}
	return data, nil
}

// prove has tlog prove some records, and an older tree, from the tiles at url.
func prove(url string, tree tlog.Tree, l *ledger.Ledger) error {
	r := tlog.TileHashReader(tree, checksumDB{url})
	for _, n := range []int64{0, 255, 256, tree.N / 2, tree.N - 1} {
		proof, err := tlog.ProveRecord(tree.N, n, r)
		if err != nil {
			return err
		}
		rec, err := l.Record(uint64(n))
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, tlog.RecordHash(rec.Header)); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
	}
	old := tree.N * 2 / 3
	root, err := tlog.TreeHash(old, r)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old, r)
	if err != nil {
		return err
	}
	if ours, err := l.Root(uint64(old)); err != nil || ours != root {
		return fmt.Errorf("the root of the first %d records is %v, ours is %v (%v)", old, root, ours, err)
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old, root)
}

func TestOthersReadUs(t *testing.T) {
	const events = 4000
	dir, key := makeLedger(t, events)
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	honest := serve(t, dir, l, nil)
	n, tree, err := read(t.Context(), honest.URL, key)
	if err != nil || n != tree.N || n < events {
		t.Fatalf("torchwood read %d of %d entries: %v", n, tree.N, err)
	}
	if err := prove(honest.URL, tree, l); err != nil {
		t.Errorf("tlog, over our tiles: %v", err)
	}

	f := func(what, part string, proves bool) {
		t.Helper()
		changed := false
		s := serve(t, dir, l, func(path string, b []byte) []byte {
			if !strings.HasPrefix(path, part) {
				return b
			}
			changed = true
			b = bytes.Clone(b)
			b[len(b)/2] ^= 1
			return b
		})
		if n, _, err := read(t.Context(), s.URL, key); err == nil || !changed {
			t.Errorf("%s: torchwood read %d entries and found nothing wrong (changed: %v)", what, n, changed)
		}
		if err := prove(s.URL, tree, l); (err == nil) != proves {
			t.Errorf("%s: tlog says %v", what, err)
		}
	}
	f("a changed checkpoint", "/checkpoint", true)
	f("a changed tile of leaves", "/tile/0/001", false)
	f("a changed tile of level 1", "/tile/1/", false)
	f("a changed sealed entry bundle", "/tile/entries/000", true)
	f("a changed entry bundle at the end", fmt.Sprintf("/tile/entries/%03d", tree.N/256), true)

	other, err := otherKey(key.Name())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := read(t.Context(), honest.URL, other); err == nil {
		t.Error("torchwood took the checkpoint for one of another key")
	}
}

func otherKey(name string) (note.Verifier, error) {
	_, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(vkey)
}
