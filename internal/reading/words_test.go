package reading_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/index"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/test/bigledger"
	"github.com/gatebook/gatebook/test/readingtest"
)

// TestOneWord looks for words of the text of calls, whole, in part and side by
// side: where one word is looked for field by field, it finds what the text has.
func TestOneWord(t *testing.T) {
	h := readingtest.Open(t)
	now := time.Now().UTC().Add(-time.Minute)
	for i := range 40 {
		e := bigledger.ShopCall(now.Add(time.Duration(i)*time.Second), uint64(i*i))
		switch i % 8 {
		case 0:
			e.Who = nil
		case 1:
			e.Who.Subject, e.Who.Name, e.Who.Address = "12345", "Zoë O'Hara", "2001:db8::7"
		case 2:
			e.Who.Subject, e.What.Query = "-17", "from=2026-11-20&v=1.5"
		case 3:
			e.What.Objects = append(e.What.Objects, event.Object{Type: "invoice", ID: fmt.Sprint(i)})
		}
		h.Put(e)
	}
	h.StartIndex()
	h.Indexed()
	asked := map[string]bool{}
	var words []string
	ask := func(w string) {
		if w != "" && !asked[w] {
			asked[w] = true
			words = append(words, w)
		}
	}
	for n := range uint64(40) {
		s, err := h.Ledger.Record(n)
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.Open()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range reading.Row(n, e).Fields {
			if f.Name != "_msg" {
				continue
			}
			for line := range strings.Lines(f.Value) {
				line = strings.TrimSpace(line)
				parts := strings.FieldsFunc(line, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' })
				ask(fmt.Sprintf("%q", line))
				for i, p := range parts {
					ask(p)
					ask(fmt.Sprintf("%q*", p[:len(p)/2]))
					ask("not " + p)
					if i > 0 {
						ask(fmt.Sprintf("%q", parts[i-1]+"/"+p))
					}
				}
			}
		}
	}
	if len(words) < 300 {
		t.Fatalf("only %d words", len(words))
	}
	found := 0
	client := h.Config.Index.(*index.Client)
	for i, w := range words {
		if i%3 != 0 && i > 150 { // enough of them
			continue
		}
		res, err := h.Room.Search(t.Context(), viewer, reading.Search{Query: reading.Query{LogsQL: w}, Limit: 100})
		if err != nil {
			t.Fatal(w, err)
		}
		not, word, _ := strings.Cut(w, "not ")
		if word == "" {
			not, word = "", not
		} else {
			not = "!"
		}
		want, err := client.Search(t.Context(), index.Query{LogsQL: not + "_msg:" + word, Filters: []string{`kind:!="look"`}, Newest: true})
		if err != nil {
			t.Fatal(w, err)
		}
		var got, expected []uint64
		for _, r := range res.Hits {
			got = append(got, r.Number)
		}
		for _, r := range want {
			expected = append(expected, r.Number)
		}
		if fmt.Sprint(got) != fmt.Sprint(expected) {
			t.Errorf("%s: found %v, the text has it in %v", w, got, expected)
		}
		found += len(got)
	}
	if found < 1000 {
		t.Errorf("only %d hits in all", found)
	}
}
