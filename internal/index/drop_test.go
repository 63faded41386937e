package index

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestForget erases a tenth of the events while others are added: when Forget
// returns none of them can be found, also not later, and in the end the index
// has every event once, as the ledger has it then.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	s, stop := startEngine(t, dir)
	var erased atomic.Bool
	j := newJournal(6000)
	j.row = func(n uint64) Row {
		r := Row{Number: n, Time: day.Add(time.Duration(n/2000) * 24 * time.Hour), Fields: []Field{{"user", "u1"}}}
		if n%10 == 3 && n < 6000 && !erased.Load() {
			r.Fields = append(r.Fields, Field{"mail", fmt.Sprintf("alice%d@shop.example", n)}, Field{"_msg", "alice"})
		}
		return r
	}
	f, _ := follow(t, j, s, func(c *FollowerConfig) { c.Margin = time.Second })
	eventually(t, "all is indexed", indexed(f, 6000))
	find := func() uint64 {
		n, err := s.Client().Count(deadline(t), Query{LogsQL: `alice or mail:*`})
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
		return n
	}
	eventually(t, "they are found", func() bool { return find() == 600 })
	erased.Store(true)
	go j.grow(3000)
	if err := f.Forget(deadline(t), func(d string) bool { return d >= "2026-11-20" }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all is there again", func() bool {
		if n := find(); n != 0 {
			t.Fatalf("%d of what was erased are still found", n)
		}
		n, err := s.Client().Count(deadline(t), Query{LogsQL: "*"})
		return err == nil && n == 9000
	})
	eventually(t, "no day is left to fill", func() bool { return len(s.Status().Damaged) == 0 && !f.Progress().Repairing })
	mustHaveOnce(t, s.Client(), 9000)
	if err := f.Forget(deadline(t), func(d string) bool { return d < "2026-11-20" }); err != nil || s.Status().Restarts > 0 {
		t.Errorf("forgetting days that are not there: %v, %+v", err, s.Status())
	}
	stop()
	err := filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(name)
		if strings.Contains(string(b), "alice") {
			t.Errorf("%s still has it", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestForgetRemote(t *testing.T) {
	c, err := NewClient(ClientConfig{Insert: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFollower(FollowerConfig{Source: newJournal(0), Remote: c, Cursor: filepath.Join(t.TempDir(), "cursor")})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Forget(t.Context(), func(string) bool { return true }); !errors.Is(err, ErrRemote) {
		t.Errorf("got %v, want ErrRemote", err)
	}
}
