package saved_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/saved"
	"github.com/gatebook/gatebook/test/readingtest"
)

// names are the names of the searches that an owner may use.
func names(t *testing.T, s *saved.Store, owner string) []string {
	t.Helper()
	list, err := s.List(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Owner+"/"+e.Name)
	}
	return out
}

// TestStore tells of two people who save, share, rename and delete.
func TestStore(t *testing.T) {
	ctx, now := t.Context(), time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s, err := saved.Open(ctx, readingtest.State(t), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	add := func(owner string, x saved.Search) *saved.Entry {
		t.Helper()
		e, err := s.Add(ctx, owner, x)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	mine := add("ada", saved.Search{Name: "refused", Query: "outcome.status:403", From: "24h", Columns: []string{"who.email"}})
	shared := add("ada", saved.Search{Name: "all", Shared: true})
	add("bob", saved.Search{Name: "refused", Query: "other"})
	if got, want := names(t, s, "ada"), []string{"ada/all", "ada/refused"}; !slices.Equal(got, want) {
		t.Errorf("ada's: got %q, want %q", got, want)
	}
	if got, want := names(t, s, "bob"), []string{"ada/all", "bob/refused"}; !slices.Equal(got, want) {
		t.Errorf("bob's: got %q, want %q", got, want)
	}
	if e, err := s.Find(ctx, "ada", "refused"); err != nil || e.ID != mine.ID || e.From != "24h" || !slices.Equal(e.Columns, mine.Columns) {
		t.Errorf("found by its name: %+v, %v; want %+v", e, err, mine)
	}
	if _, err := s.Find(ctx, "bob", mine.ID); !errors.Is(err, saved.ErrNotFound) {
		t.Errorf("what is ada's alone is found by bob: %v", err)
	}
	if _, err := s.Add(ctx, "bob", saved.Search{Name: "all", Shared: true}); !errors.Is(err, saved.ErrExists) {
		t.Errorf("a second one that is shared under a name: %v, want %v", err, saved.ErrExists)
	}
	if _, err := s.Change(ctx, *mine, saved.Search{Name: "all"}); !errors.Is(err, saved.ErrExists) {
		t.Errorf("renamed to another of one's own: %v, want %v", err, saved.ErrExists)
	}
	if e, err := s.Change(ctx, *shared, saved.Search{Name: "everything"}); err != nil || e.Shared {
		t.Errorf("renamed, and no more shared: %+v, %v", e, err)
	}
	if err := s.Remove(ctx, mine.ID); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, s, "bob"), []string{"bob/refused"}; !slices.Equal(got, want) {
		t.Errorf("bob's at last: got %q, want %q", got, want)
	}

	// What is used stays, what is not ends.
	now = now.Add(200 * 24 * time.Hour)
	if err := s.Use(ctx, shared.ID); err != nil {
		t.Fatal(err)
	}
	now = now.Add(200 * 24 * time.Hour)
	if got, want := names(t, s, "ada"), []string{"ada/everything"}; !slices.Equal(got, want) {
		t.Errorf("after a year: got %q, want %q", got, want)
	}
	if got := names(t, s, "bob"); got != nil {
		t.Errorf("bob's after a year: got %q, want none", got)
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		x    saved.Search
		want string // in the error; empty: none
	}{
		{saved.Search{Name: "Späte Rückgaben"}, ""},
		{saved.Search{Name: strings.Repeat("ä", 80), Query: strings.Repeat("q", 8192), Order: "oldest"}, ""},
		{saved.Search{}, "name"},
		{saved.Search{Name: " a"}, "name"},
		{saved.Search{Name: "a\u202eb"}, "name"},
		{saved.Search{Name: strings.Repeat("a", 81)}, "name"},
		{saved.Search{Name: "a", Query: strings.Repeat("q", 8193)}, "query"},
		{saved.Search{Name: "a", From: strings.Repeat("1", 41)}, "from"},
		{saved.Search{Name: "a", Order: "up"}, "order"},
		{saved.Search{Name: "a", Columns: make([]string, 61)}, "columns"},
	} {
		err := saved.Check(&test.x)
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, saved.ErrInvalid) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%.40q: got %v, want it to name %q", fmt.Sprint(test.x), err, test.want)
		}
	}
}

// TestBounds saves one search too many.
func TestBounds(t *testing.T) {
	s, err := saved.Open(t.Context(), readingtest.State(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range saved.MaxOwn {
		if _, err := s.Add(t.Context(), "ada", saved.Search{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(t.Context(), "ada", saved.Search{Name: "more"}); !errors.Is(err, saved.ErrInvalid) {
		t.Errorf("one more: got %v, want %v", err, saved.ErrInvalid)
	}
	if _, err := s.Add(t.Context(), "bob", saved.Search{Name: "more"}); err != nil {
		t.Errorf("one of somebody else: %v", err)
	}
}

// TestNaming finds and removes what names a person, whoever saved it.
func TestNaming(t *testing.T) {
	s, err := saved.Open(t.Context(), readingtest.State(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	for owner, x := range map[string]saved.Search{
		"ada":   {Name: "one", Query: `who.email:="Carol@shop.example"`},
		"bob":   {Name: "what carol@shop.example did", Shared: true},
		"carol": {Name: "hers, and not about her", Query: "outcome.status:403"},
	} {
		if _, err := s.Add(t.Context(), owner, x); err != nil {
			t.Fatal(err)
		}
	}
	who := []string{"", "carol@shop.example"}
	for _, step := range []struct {
		remove bool
		want   int
	}{{false, 2}, {true, 2}, {false, 0}} {
		if n, err := s.Naming(t.Context(), who, step.remove); err != nil || n != step.want {
			t.Errorf("remove %v: got %d, %v; want %d", step.remove, n, err, step.want)
		}
	}
	if got := names(t, s, "carol"); len(got) != 1 {
		t.Errorf("what does not name her: got %q, want it to stay", got)
	}
}
