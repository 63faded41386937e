package foreign

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	tesseraapi "github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/internal/record"
	"github.com/gatebook/gatebook/internal/witness"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/freeport"
)

// cosigned has the witness cosign all of the ledger in dir, and returns the
// cosigned checkpoint as it is kept.
func cosigned(t *testing.T, dir string, w witness.Witness) []byte {
	t.Helper()
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	want, _, err := l.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	f, err := witness.New(witness.Config{
		Dir: dir, Ledger: l, Witnesses: []witness.Witness{w}, Every: time.Millisecond,
		Wait: func(ctx context.Context, size uint64) (uint64, error) {
			if size < want.Size {
				return want.Size, nil
			}
			<-ctx.Done()
			return 0, ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	for limit := time.Now().Add(20 * time.Second); f.Status().Size < want.Size; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("the witness does not cosign: %+v", f.Status())
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(filepath.Join(dir, ledger.WitnessedFile))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// ourWitness is a witness of ours that listens.
func ourWitness(t *testing.T, name string, logs ...string) (witness.Witness, *witness.Server) {
	t.Helper()
	s, err := witness.OpenServer(witness.ServerConfig{Dir: t.TempDir(), Name: name, Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() { h.Close(); s.Close() })
	u, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	return witness.Witness{Key: s.Key(), URL: u}, s
}

// vkeyOf returns the public key that the ledger in dir names.
func vkeyOf(t *testing.T, dir string) string {
	t.Helper()
	f, err := ledger.ReadFormat(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return f.Key
}

// TestTorchwoodTrustsOurWitness has torchwood's policies accept what our
// witness cosigned, and refuse it where the witness is another.
func TestTorchwoodTrustsOurWitness(t *testing.T) {
	dir, key := makeLedger(t, 4000)
	w, _ := ourWitness(t, "witness.test/ours", vkeyOf(t, dir))
	signed := cosigned(t, dir, w)
	check := func(text string) error {
		policy, err := torchwood.ParsePolicy([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = torchwood.VerifyCheckpoint(signed, policy)
		return err
	}
	policy := fmt.Sprintf("log %s\nwitness one %s\nquorum one\n", vkeyOf(t, dir), w.Key)
	if err := check(policy); err != nil {
		t.Errorf("torchwood refuses what our witness cosigned: %v\n%s\n%s", err, policy, signed)
	}
	other, _ := ourWitness(t, "witness.test/ours", vkeyOf(t, dir))
	if err := check(fmt.Sprintf("log %s\nwitness one %s\nquorum one\n", vkeyOf(t, dir), other.Key)); err == nil {
		t.Error("torchwood takes it for the cosignature of another witness")
	}

	// And ours accepts what torchwood's signer makes.
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := torchwood.NewCosignatureSigner("witness.test/theirs", private)
	if err != nil {
		t.Fatal(err)
	}
	published, err := os.ReadFile(filepath.Join(dir, ledger.CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(published, note.VerifierList(key))
	if err != nil {
		t.Fatal(err)
	}
	both, err := note.Sign(n, signer)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := ledger.ParseWitnessKey(signer.Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := ledger.ParseCosigned(both, key, []*ledger.WitnessKey{theirs})
	if err != nil || len(c.By) != 1 || time.Since(c.By[0].Time).Abs() > time.Hour {
		t.Errorf("the cosignature of torchwood: got %+v, %v", c.By, err)
	}
}

// TestLitewitness has torchwood's litewitness, as a process of its own, cosign
// a ledger that grows, and refuse one that was made anew.
func TestLitewitness(t *testing.T) {
	dir, key := makeLedger(t, 4000)
	w := litewitness(t, key.Name(), vkeyOf(t, dir))
	signed := cosigned(t, dir, w)
	c, err := ledger.ParseCosigned(signed, key, []*ledger.WitnessKey{w.Key})
	if err != nil || len(c.By) != 1 {
		t.Fatalf("got %+v, %v", c, err)
	}
	report := ledger.Verify(os.DirFS(dir), ledger.VerifyOptions{Key: vkeyOf(t, dir), Witnesses: []*ledger.WitnessKey{w.Key}})
	if !report.OK() || report.Vouched.Size != c.Size {
		t.Errorf("got %v, vouched for %d of %d", report.Problems, report.Vouched.Size, c.Size)
	}
	grow(t, dir)
	grown, err := ledger.ParseCosigned(cosigned(t, dir, w), key, []*ledger.WitnessKey{w.Key})
	if err != nil || grown.Size <= c.Size {
		t.Errorf("after it has grown: got %+v, %v", grown, err)
	}

	// The ledger is made anew with its own key.
	forged := t.TempDir()
	copyKey(t, dir, forged)
	grow(t, forged)
	l, err := ledger.Open(os.DirFS(forged))
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan witness.State, 1)
	f, err := witness.New(witness.Config{
		Dir: forged, Ledger: l, Witnesses: []witness.Witness{w}, Every: time.Millisecond,
		Wait: func(ctx context.Context, size uint64) (uint64, error) {
			if size == 0 {
				return l.Size(), nil
			}
			<-ctx.Done()
			return 0, ctx.Err()
		},
		Changed: func(_ context.Context, s witness.State) { told <- s },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	if s := <-told; !s.Conflict || !strings.Contains(s.Error, witness.ErrAhead.Error()) {
		t.Errorf("a forged ledger: got %+v", s)
	}
	cancel()
	<-done
}

// grow adds records to the ledger in dir.
func grow(t *testing.T, dir string) {
	t.Helper()
	signer, err := note.NewSigner(keys[dir][0])
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Open(record.Config{Dir: dir, Signer: signer, Key: keys[dir][1]})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for i := range 300 {
		if _, err := r.Append(ctx, someEvent(i)); err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// copyKey gives another folder the key of a ledger.
func copyKey(t *testing.T, from, to string) { keys[to] = keys[from] }

// litewitness starts torchwood's witness for one ledger. Its key is in an agent
// in this process.
func litewitness(t *testing.T, origin, vkey string) witness.Witness {
	t.Helper()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "filippo.io/torchwood/cmd/litewitness", "filippo.io/torchwood/cmd/witnessctl").CombinedOutput(); err != nil {
		t.Fatalf("building litewitness: %v\n%s", err, out)
	}
	dir := t.TempDir()
	db := filepath.Join(dir, "litewitness.db")
	for _, args := range [][]string{{"add-log", "-db", db, "-origin", origin}, {"add-key", "-db", db, "-origin", origin, "-key", vkey}} {
		if out, err := exec.Command(filepath.Join(bin, "witnessctl"), args...).CombinedOutput(); err != nil {
			t.Fatalf("witnessctl %v: %v\n%s", args, err, out)
		}
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { agent.ServeAgent(ring, conn); conn.Close() }()
		}
	}()
	address := freeport.Address(t)
	const name = "witness.test/lite"
	hash := sha256.Sum256(public)
	cmd := exec.Command(filepath.Join(bin, "litewitness"), "-name", name, "-db", db, "-ssh-agent", socket, "-listen", address, "-key", hex.EncodeToString(hash[:]))
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		l.Close()
		if t.Failed() {
			t.Logf("litewitness:\n%s", log.String())
		}
	})
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get("http://" + address + "/"); err == nil {
			res.Body.Close()
			break
		}
		if time.Now().After(limit) {
			t.Fatal("litewitness does not listen")
		}
	}
	key, err := ledger.NewWitnessKey(name, public)
	if err != nil {
		t.Fatal(err)
	}
	return witness.Witness{Key: key, URL: &url.URL{Scheme: "http", Host: address}}
}

// TestTesseraReadsUs has Tessera's fsck make our whole tree anew from the entry
// bundles over HTTP, compare each tile and the checkpoint, and find what was
// changed.
func TestTesseraReadsUs(t *testing.T) {
	dir, key := makeLedger(t, 4000)
	w, _ := ourWitness(t, "witness.test/ours", vkeyOf(t, dir))
	cosigned(t, dir, w)
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	check := func(change func(path string, b []byte) []byte) error {
		u, err := url.Parse(serve(t, dir, l, change).URL)
		if err != nil {
			t.Fatal(err)
		}
		source, err := client.NewHTTPFetcher(u, nil)
		if err != nil {
			t.Fatal(err)
		}
		return fsck.New(key.Name(), key, source, leafHashes, fsck.Opts{N: 2}).Check(t.Context())
	}
	if err := check(nil); err != nil {
		t.Errorf("Tessera's fsck: %v", err)
	}
	for _, part := range []string{"/tile/0/", "/tile/entries/001", "/checkpoint"} {
		changed := false
		err := check(func(path string, b []byte) []byte {
			if changed || !strings.HasPrefix(path, part) {
				return b
			}
			changed = true
			b = bytes.Clone(b)
			b[len(b)/2] ^= 1
			return b
		})
		if err == nil || !changed {
			t.Errorf("Tessera's fsck found nothing wrong with a changed %s (changed: %v)", part, changed)
		}
	}
}

// leafHashes is how Tessera hashes the entries of a bundle.
func leafHashes(bundle []byte) ([][]byte, error) {
	var b tesseraapi.EntryBundle
	if err := b.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return hashes, nil
}

// TestTesseraAsksOurWitness has a log of Tessera's ask our witness before it
// publishes a checkpoint.
func TestTesseraAsksOurWitness(t *testing.T) {
	skey, vkey, err := note.GenerateKey(rand.Reader, "log.test/tessera")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	w, _ := ourWitness(t, "witness.test/ours", vkey)
	theirs, err := tessera.NewWitness(w.Key.String(), w.URL)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(t.Context(), posix.Config{Path: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	group := tessera.NewWitnessGroup(1, theirs)
	opts := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCheckpointInterval(100*time.Millisecond).WithBatching(16, 10*time.Millisecond).WithWitnesses(group, nil)
	appender, shutdown, reader, err := tessera.NewAppender(t.Context(), driver, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		await := tessera.NewPublicationAwaiter(t.Context(), reader.ReadCheckpoint, 20*time.Millisecond)
		_, checkpoint, err := await.Await(t.Context(), appender.Add(t.Context(), tessera.NewEntry(fmt.Appendf(nil, "entry %d", i))))
		if err != nil {
			t.Fatal(err)
		}
		if !group.Satisfied(checkpoint) {
			t.Errorf("Tessera does not find our cosignature in\n%s", checkpoint)
		}
	}
	if err := shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
