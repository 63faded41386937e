package ledger_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/bigledger"
)

// TestReadSome reads records that are scattered over a ledger, of which one block
// of headers and one of envelopes are damaged, and gets what Read gives for each.
func TestReadSome(t *testing.T) {
	skey, key, err := note.GenerateKey(rand.Reader, "gatebook.test/some")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	const size = 60 * ledger.BlockRecords
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	if err := bigledger.Make(dir, signer, key, size, "2026-11-20", func(i int) *event.Event {
		e := bigledger.ShopCall(at.Add(time.Duration(i)*time.Second/10), uint64(i))
		if i%7 == 0 {
			e.What = nil
		}
		return e
	}); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{ledger.SealedName(0), ledger.EnvelopeName(event.ClassWho, "2026-11-20", 0)} {
		name = filepath.Join(dir, name)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/(i+2)] ^= 1
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := ledger.Open(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	r := mathrand.New(mathrand.NewPCG(1, 2))
	bad := map[string]int{}
	for round := range 12 {
		var numbers []uint64
		from, step := r.Uint64N(size), 1+r.Uint64N(300)
		if i := uint64(round); i < 4 { // about the middle, the third and the end
			from, step = []uint64{size/2 - 1000, size/3 - 1000, size - 100, 0}[i], 100
		}
		for n := from; n < size+200 && len(numbers) < 50; n += 1 + r.Uint64N(step) {
			numbers = append(numbers, n)
		}
		classes := []event.Class{event.ClassWho, event.ClassWhat, event.ClassPayload}[:round%4]
		if round < 4 {
			classes = []event.Class{event.ClassWho, event.ClassWhat, event.ClassPayload}
		}
		var got []uint64
		err := l.ReadSome(numbers, classes, func(n uint64, s *event.Sealed, err error) error {
			got = append(got, n)
			want, wantErr := l.Read(n, classes...)
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("record %d: got the error %v, want %v", n, err, wantErr)
			}
			if err != nil {
				var e *ledger.EvidenceError
				switch {
				case errors.As(err, &e):
					bad[e.File]++
				case errors.Is(err, ledger.ErrNotFound):
					bad["not found"]++
				}
				return nil
			}
			if !bytes.Equal(s.Header, want.Header) {
				t.Fatalf("record %d: got the header %s, want %s", n, s.Header, want.Header)
			}
			for c := range event.Class(event.Classes) {
				g, w := s.Envelopes[c], want.Envelopes[c]
				if (g == nil) != (w == nil) || g != nil && (g.Salt != w.Salt || !bytes.Equal(g.Data, w.Data)) {
					t.Fatalf("record %d: got the %s envelope %v, want %v", n, c, g, w)
				}
			}
			return nil
		})
		if err != nil || !slices.Equal(got, numbers) {
			t.Fatalf("got %d records and %v, want %d and no error", len(got), err, len(numbers))
		}
	}
	if len(bad) != 3 {
		t.Errorf("what could not be read is %v, want records of two damaged blocks and some that are not there", bad)
	}
	enough := errors.New("enough")
	if err := l.ReadSome([]uint64{1, 2, 3}, nil, func(uint64, *event.Sealed, error) error { return enough }); err != enough {
		t.Errorf("an error of yield gave %v", err)
	}
}
