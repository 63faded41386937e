package state

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func open(t *testing.T, name string) *DB {
	t.Helper()
	db, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const notes = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"

func add(tx *sql.Tx, text string) error {
	_, err := tx.Exec("INSERT INTO notes (text) VALUES (?)", text)
	return err
}

func count(t *testing.T, db *DB) (n int) {
	t.Helper()
	if err := db.QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestMigrate(t *testing.T) {
	ctx, name := context.Background(), filepath.Join(t.TempDir(), "state #1?.db")
	db := open(t, name)
	more := notes + "; ALTER TABLE notes ADD COLUMN author TEXT"
	for range 2 { // the second time nothing is to be done
		if err := db.Migrate(ctx, "notes", notes); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Migrate(ctx, "notes", notes, "ALTER TABLE notes ADD COLUMN author TEXT; BROKEN"); err == nil || !strings.Contains(err.Error(), "state of notes: step 2") {
		t.Fatalf("a broken step: got %v", err)
	}
	if err := db.Migrate(ctx, "notes", notes, "ALTER TABLE notes ADD COLUMN author TEXT"); err != nil {
		t.Fatalf("after a broken step, of which nothing may be left: %v", err)
	}
	if err := db.Migrate(ctx, "notes", more); !errors.Is(err, ErrNewer) {
		t.Fatalf("a file of a newer program: got %v, want ErrNewer", err)
	}
	if _, err := os.Stat(name); err != nil {
		t.Fatalf("the name was not taken as it is: %v", err)
	}
}

func TestWrite(t *testing.T) {
	ctx, name := context.Background(), filepath.Join(t.TempDir(), "state.db")
	db := open(t, name)
	if err := db.Migrate(ctx, "notes", notes); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	if err := db.Write(ctx, func(tx *sql.Tx) error { return errors.Join(add(tx, "a"), refused) }); !errors.Is(err, refused) {
		t.Fatalf("got %v, want the error of the change", err)
	}
	func() {
		defer func() { recover() }()
		db.Write(ctx, func(tx *sql.Tx) error { add(tx, "b"); panic("no") })
	}()
	if n := count(t, db); n != 0 {
		t.Fatalf("%d notes after changes that failed, want none", n)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			if err := db.Write(ctx, func(tx *sql.Tx) error { return add(tx, fmt.Sprint(i)) }); err != nil {
				t.Error(err)
			}
			var n int
			if err := db.QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil || n == 0 {
				t.Errorf("a write is not seen by who reads after it: %d, %v", n, err)
			}
		})
	}
	wg.Wait()
	if _, err := db.Exec("DELETE FROM notes"); err == nil {
		t.Error("a write past Write was taken")
	}
	db.Close()
	if n := count(t, open(t, name)); n != 50 {
		t.Errorf("%d notes after opening again, want 50", n)
	}
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, want 0600 (%v)", info.Mode(), err)
	}
}

func TestPurge(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	db := open(t, filepath.Join(dir, "state.db"))
	if err := db.Migrate(ctx, "notes", notes); err != nil {
		t.Fatal(err)
	}
	const secret = "anna.example@example.org"
	if err := db.Write(ctx, func(tx *sql.Tx) error { return add(tx, secret) }); err != nil {
		t.Fatal(err)
	}
	if !found(t, dir, secret) {
		t.Fatal("the test looks in the wrong place")
	}
	if err := db.Write(ctx, func(tx *sql.Tx) error { _, err := tx.Exec("DELETE FROM notes"); return err }); err != nil {
		t.Fatal(err)
	}
	if err := db.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if found(t, dir, secret) {
		t.Error("what was deleted is still in a file")
	}
}

func found(t *testing.T, dir, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

func TestDamaged(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(name, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Fatalf("got %v, want an error that says what to do", err)
	}
}
