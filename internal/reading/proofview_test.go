package reading_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestProofView checks the proof of an event as a browser does, and proofs that
// somebody worked on.
func TestProofView(t *testing.T) {
	h := readingtest.Open(t)
	for i := range 20 {
		h.Put(readingtest.Call(time.Now().Add(time.Duration(i)), "alice", "GET", "/a", 200))
	}
	p, err := h.Room.Prove(t.Context(), admin, "7")
	if err != nil {
		t.Fatal(err)
	}
	look := func(text, key string) (v evidence.ProofView) {
		if err := json.Unmarshal(evidence.LookProof([]byte(text), key), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := look(p.Text, p.Key)
	if !v.OK || v.Number != 7 || v.Size != p.Size || v.Error != "" || !strings.Contains(v.Header, `"kind":"access"`) {
		t.Errorf("got %+v", v)
	}

	other, err := h.Room.Prove(t.Context(), admin, "8")
	if err != nil {
		t.Fatal(err)
	}
	extra := func(text string) string { return strings.Split(text, "\n")[1] }
	f := func(name, text, key string) {
		t.Helper()
		if v := look(text, key); v.OK {
			t.Errorf("%s: it holds: %+v", name, v)
		}
	}
	f("the header of another event", strings.Replace(p.Text, extra(p.Text), extra(other.Text), 1), p.Key)
	f("another number", strings.Replace(p.Text, "index 7", "index 8", 1), p.Key)
	f("no header", strings.Replace(p.Text, extra(p.Text), "extra ", 1), p.Key)
	f("another checkpoint", p.Text[:len(p.Text)-len(p.Checkpoint)]+strings.Replace(p.Checkpoint, fmt.Sprintf("\n%d\n", p.Size), fmt.Sprintf("\n%d\n", p.Size+1), 1), p.Key)
	f("a path that is cut short", strings.Replace(p.Text, p.Path[0]+"\n", "", 1), p.Key)
	f("no proof", "", p.Key)
	f("no key", p.Text, "")
	f("half a proof", p.Text[:len(p.Text)/2], p.Key)
	for i := 0; i < len(p.Text); i += 7 {
		changed := []byte(p.Text)
		changed[i] ^= 1
		f(fmt.Sprintf("byte %d changed", i), string(changed), p.Key)
	}
}
