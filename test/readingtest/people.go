package readingtest

import (
	"path/filepath"
	"testing"

	"github.com/gatebook/gatebook/internal/people"
	"github.com/gatebook/gatebook/internal/state"
)

// State opens an empty state, which is closed at the end of the test.
func State(t testing.TB) *state.DB {
	t.Helper()
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// People returns people without an account, in a state of their own. Their
// passwords are hashed in no time.
func People(t testing.TB, change func(*people.Config)) *people.People {
	t.Helper()
	c := people.Config{DB: State(t), Key: []byte("a key of the tests, of 32 bytes."), Memory: 64}
	if change != nil {
		change(&c)
	}
	p, err := people.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
