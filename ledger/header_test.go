package ledger

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/event"
)

// commitments is how commitments are spelt at the end of a header.
var commitments = regexp.MustCompile(`,"commit":\{(?:"who":"([0-9a-f]{64})")?(?:,?"what":"([0-9a-f]{64})")?(?:,?"payload":"([0-9a-f]{64})")?\}\}$`)

func TestCommitOf(t *testing.T) {
	who, what, payload := strings.Repeat("1a", 32), strings.Repeat("2b", 32), strings.Repeat("3c", 32)
	f := func(header string, want ...string) {
		t.Helper()
		got, err := commitOf([]byte(header))
		if want == nil {
			if err == nil {
				t.Errorf("%s: got %v, want an error", header, got)
			}
			return
		}
		for c, w := range want {
			if g, _ := got.Of(event.Class(c)).MarshalText(); string(g) != w || err != nil {
				t.Errorf("%s: class %d: got %q, %v, want %q", header, c, g, err, w)
			}
		}
	}
	f(`{"v":1,"commit":{"who":"`+who+`","what":"`+what+`","payload":"`+payload+`"}}`, who, what, payload)
	f(`{"v":1,"commit":{"what":"`+what+`"}}`, "", what, "")
	f(`{"v":1,"commit":{"who":"`+who+`","payload":"`+payload+`"}}`, who, "", payload)
	f(`{"v":1,"note":{"name":",\"commit\":{"}}`, "", "", "")
	f(`{"v":1}`, "", "", "")
	f(``, "", "", "")
	f(`{"v":1,"commit":{}}`)
	f(`{"v":1,"commit":{"who":"` + who + `",}}`)
	f(`{"v":1,"commit":{"what":"` + what + `","who":"` + who + `"}}`)
	f(`{"v":1,"commit":{"who":"` + who + `","who":"` + who + `"}}`)
	f(`{"v":1,"commit":{"who":"` + strings.ToUpper(who) + `"}}`)
	f(`{"v":1,"commit":{"who":"` + strings.Repeat("0", 64) + `"}}`)
	f(`{"v":1,"commit":{"who":"` + who[1:] + `"}}`)
	f(`{"v":1,"commit":{"who":"` + who + `"},"x":{"y":1}}`)
}

// FuzzCommitOf holds the reading of commitments from the end of a header to
// the strict decoder's, for all that it accepts, and to how they are spelt.
func FuzzCommitOf(f *testing.F) {
	who := strings.Repeat("1a", 32)
	for _, s := range []string{
		`{"v":1,"id":"01a20779-75ca-7000-8102-030405060708","kind":"access","arrived":"2026-11-23T08:15:30.250000000Z","commit":{"who":"` + who + `","what":"` + who + `"}}`,
		`{"v":1,"id":"01a20779-75ca-7000-8102-030405060708","kind":"access","arrived":"2026-11-23T08:15:30.250000000Z","commit":{"payload":"` + who + `"}}`,
		`{"v":1,"id":"01a20779-75ca-7000-8102-030405060708","kind":"access","arrived":"2026-11-23T08:15:30.250000000Z"}`,
		`{"v":1,"commit":{"who":"` + who + `",}}`,
		`{"v":1,"commit":{"who":"` + who + `00"}}`, // once a panic in the decoder
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, header []byte) {
		got, err := commitOf(header)
		if h, bad := event.DecodeHeader(header); bad == nil && (err != nil || got != h.Commit) {
			t.Errorf("%q: got %v, %v, the decoder says %v", header, got, err, h.Commit)
		}
		if err != nil || got == (event.Commit{}) {
			return
		}
		m := commitments.FindSubmatch(header)
		if m == nil {
			t.Fatalf("%q: got %v, but no commitments are spelt so", header, got)
		}
		for c := range event.Class(event.Classes) {
			var want event.Hash
			hex.Decode(want[:], m[c+1])
			if got.Of(c) != want {
				t.Errorf("%q: %s: got %s, want %s", header, c, got.Of(c), want)
			}
		}
	})
}
