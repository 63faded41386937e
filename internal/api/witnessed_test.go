package api_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

// TestWhatOutsidersAreShown shows the newest checkpoint until one is cosigned,
// then that, and the newest again once the cosigned one is old.
func TestWhatOutsidersAreShown(t *testing.T) {
	s := open(t, func(c *api.Config) { c.PublicTiles = true })
	put(s.house, 3)
	c := s.covered(3)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, err := ledger.NewWitnessKey("witness.test/<a>", public)
	if err != nil {
		t.Fatal(err)
	}
	cosign := func(at time.Time) {
		t.Helper()
		signed, err := os.ReadFile(filepath.Join(s.house.Dir, ledger.CheckpointFile))
		if err == nil {
			err = os.WriteFile(filepath.Join(s.house.Dir, ledger.WitnessedFile), append(signed, w.Cosign(c, private, at)...), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f := func(what, path string, cosigned bool, want ...string) http.Header {
		t.Helper()
		res := s.do("GET", path, "", "")
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", what, res.Status, err)
		}
		if strings.Contains(string(b), "witness.test") != cosigned {
			t.Errorf("%s: cosigned %v, want %v:\n%s", what, !cosigned, cosigned, b)
		}
		for _, text := range want {
			if !strings.Contains(string(b), text) {
				t.Errorf("%s: it does not say %q:\n%s", what, text, b)
			}
		}
		return res.Header
	}
	f("before", "/checkpoint", false)
	f("the page before", "/ledger", false, "3 records", "No witness has cosigned it")
	cosign(time.Now())
	f("cosigned", "/checkpoint", true)
	h := f("the page", "/ledger", true, "3 records", "witness.test/&lt;a&gt;", "Witnesses have cosigned it")
	if got := h.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
		t.Errorf("the page's policy is %q", got)
	}
	put(s.house, 1)
	s.covered(4)
	f("cosigned a moment ago", "/checkpoint", true)
	cosignedProof := &reading.Proof{}
	s.json("/api/v1/events/1/proof", cosignedProof)
	if !strings.Contains(cosignedProof.Checkpoint, "witness.test") || cosignedProof.Size != 3 {
		t.Errorf("the proof is not with the cosigned checkpoint: %+v", cosignedProof)
	}
	newer := &reading.Proof{}
	s.json("/api/v1/events/3/proof", newer)
	if newer.Size < 4 {
		t.Errorf("the proof of what is not cosigned yet: %+v", newer)
	}
	old, err := os.ReadFile(filepath.Join(s.house.Dir, ledger.WitnessedFile))
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(old), "— witness.test")
	if err := os.WriteFile(filepath.Join(s.house.Dir, ledger.WitnessedFile), []byte(text+w.Cosign(c, private, time.Now().Add(-2*reading.Stale))), 0o600); err != nil {
		t.Fatal(err)
	}
	f("cosigned long ago, and there is more", "/checkpoint", false)
	if err := os.WriteFile(filepath.Join(s.house.Dir, ledger.WitnessedFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if res := s.do("GET", "/checkpoint", "", ""); res.StatusCode == http.StatusOK {
		t.Error("a damaged cosigned checkpoint is not told")
	}

	closed := open(t, nil)
	if res := closed.do("GET", "/ledger", "", ""); res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the page of a ledger that is not public: got %s", res.Status)
	}
}
