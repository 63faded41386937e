package state_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatebook/gatebook/internal/state"
)

type thing struct {
	Name string `json:"name"`
}

// TestView keeps items and how far the record was read, for one ledger.
func TestView(t *testing.T) {
	ctx, file := t.Context(), filepath.Join(t.TempDir(), "state.db")
	cfg := state.ViewConfig{Part: "test", Items: "test_things", Item: "thing"}
	open := func(origin string) (*state.View[thing], string) {
		t.Helper()
		db, err := state.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		v, items, next, err := state.OpenView[thing](ctx, db, cfg, origin)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for id, item := range items {
			all = append(all, id+"="+item.Name)
		}
		slices.Sort(all)
		return v, fmt.Sprint(next, " ", strings.Join(all, " "))
	}
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	save := func(v *state.View[thing], next uint64, all bool, items map[string]*thing) {
		t.Helper()
		if err := v.Save(ctx, next, all, items); err != nil {
			t.Fatal(err)
		}
	}
	v, has := open("ours")
	check("at first", has, "0 ")
	save(v, 7, true, map[string]*thing{"a": {"one"}, "b": {"two"}})
	save(v, 9, false, map[string]*thing{"b": {"three"}, "c": {"four"}})
	_, has = open("ours")
	check("what has changed", has, "9 a=one b=three c=four")
	theirs, has := open("theirs")
	check("of another ledger", has, "0 ")
	save(theirs, 1, true, map[string]*thing{"z": {"other"}})
	_, has = open("theirs")
	check("all of another ledger", has, "1 z=other")

	db, err := state.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE test_things SET thing = 'no JSON'")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := state.OpenView[thing](ctx, db, cfg, "theirs"); err == nil || !strings.Contains(err.Error(), "state of test: z: ") {
		t.Errorf("an item that cannot be read: %v", err)
	}
}
