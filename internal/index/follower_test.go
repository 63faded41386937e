package index

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// follow runs a follower of j into the engine s.
func follow(t *testing.T, j *journal, s *Supervisor, change ...func(*FollowerConfig)) (*Follower, func()) {
	t.Helper()
	cfg := FollowerConfig{Source: j, Engine: s, Log: testLog()}
	for _, f := range change {
		f(&cfg)
	}
	f, err := NewFollower(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return f, running(t, f.Run)
}

func indexed(f *Follower, size uint64) func() bool {
	return func() bool { return f.Progress().Indexed == size }
}

// TestFollow: what is in the ledger is indexed, what comes is found, and a second
// follower on the same files adds nothing twice.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	s, stopEngine := startEngine(t, dir)
	j := newJournal(10_000)
	f, stop := follow(t, j, s)
	eventually(t, "first events are indexed", indexed(f, 10_000))
	j.grow(1)
	eventually(t, "the new event is found", func() bool {
		hits, err := s.Client().Search(deadline(t), Query{LogsQL: "e10000"})
		return err == nil && len(hits) == 1 && hits[0].Number == 10_000
	})
	if p := f.Progress(); p.Lag != 0 || p.Behind != 0 || p.Sealed != 10_001 || p.LastError != "" || p.Repairing {
		t.Errorf("Progress %+v", p)
	}
	stop()
	stopEngine()

	s, _ = startEngine(t, dir)
	f, _ = follow(t, j, s)
	j.grow(500)
	eventually(t, "all is indexed", indexed(f, 10_501))
	mustHaveOnce(t, s.Client(), 10_501)
}

// TestCursor: it stays behind by the margin, and reaches the end when nothing comes.
func TestCursor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cursor.json")
	c, err := openCursor(path, 15*time.Second)
	if err != nil || c.at != 0 {
		t.Fatalf("a new cursor is at %d, %v", c.at, err)
	}
	now := day
	for i := range 100 { // a thousand events a second
		if err := c.add(uint64(i+1)*100, now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(100 * time.Millisecond)
	}
	if c.at != 0 {
		t.Errorf("after 10 s the cursor is at %d, want 0", c.at)
	}
	now = now.Add(10 * time.Second)
	c.add(10_000, now)
	if c.at != 5100 { // what was added 15 s ago, as of that second's mark
		t.Errorf("10 s later it is at %d, want 5100", c.at)
	}
	c.forget()
	c.add(10_000, now.Add(time.Hour))
	if c.at != 5100 {
		t.Errorf("forgotten marks moved it to %d", c.at)
	}
	c.add(10_000, now.Add(time.Hour+15*time.Second))
	if c, err = openCursor(path, time.Second); c.at != 10_000 || err != nil {
		t.Errorf("the file says %d, %v; want 10000", c.at, err)
	}
	for _, bad := range []string{"", "5", `{"version":2,"cursor":1}`, `{"version":1,"cursor":-1}`} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openCursor(path, time.Second); err == nil || !strings.Contains(err.Error(), "rebuild") {
			t.Errorf("cursor file %q gave %v, want an error that says what to do", bad, err)
		}
	}
}

// TestKill ends the engine with kill -9 again and again while events come. Every
// event must be there once in the end.
func TestKill(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(0)
	f, _ := follow(t, j, s)
	for i := range 4 {
		for range 20 {
			j.grow(400)
			time.Sleep(10 * time.Millisecond) // load over time, so that some is flushed
		}
		eventually(t, "some events are indexed", func() bool { return f.Progress().Indexed > uint64(i)*8000 })
		kill(t, s)
		eventually(t, "the end of the engine is noticed", func() bool { return s.Status().Restarts > i })
	}
	eventually(t, "all is indexed", indexed(f, 32_000))
	eventually(t, "the engine is back and has all", func() bool {
		n, err := s.Client().Count(t.Context(), Query{})
		return err == nil && n >= 32_000 && s.Status().State == Ready && !f.Progress().Repairing
	})
	mustHaveOnce(t, s.Client(), 32_000)
	if st := s.Status(); st.Restarts == 0 || st.LastError == "" {
		t.Errorf("after the kills the status is %+v", st)
	}
}

// TestKillWhenIdle: rows that a kill loses come back though no new event wakes
// the follower.
func TestKillWhenIdle(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(5000)
	f, _ := follow(t, j, s)
	eventually(t, "all is indexed", indexed(f, 5000))
	kill(t, s)
	eventually(t, "all is found again", func() bool {
		n, err := s.Client().Count(deadline(t), Query{})
		return err == nil && n == 5000
	})
	mustHaveOnce(t, s.Client(), 5000)
}

// TestLife: what a life of the engine lost is not said to be there before it
// was looked for in the next.
func TestLife(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(500)
	f, stop := follow(t, j, s)
	eventually(t, "all is searchable", func() bool { return f.Progress().Searchable == 500 })
	before := f.Progress()
	stop() // nobody looks for what is lost
	kill(t, s)
	eventually(t, "the engine is back", func() bool { return s.Status().Life > before.Life })
	if p := f.Progress(); p.Indexed != p.Cursor || p.Searchable != p.Cursor || p.Cursor != 0 || p.Lag != 500 {
		t.Errorf("in a new life of the engine: %+v, want no more than the cursor, 0", p)
	}
	running(t, f.Run)
	eventually(t, "all is searchable again", func() bool { return f.Progress().Searchable == 500 })
	if n, err := s.Client().Count(deadline(t), Query{}); n != 500 || err != nil {
		t.Errorf("when all is said to be searchable %d are found, %v", n, err)
	}
	if p := f.Progress(); p.Life <= before.Life {
		t.Errorf("the life is %d, as before", p.Life)
	}
}

// TestHoles: an engine that was killed may lack rows below the highest that it
// kept. Those are added, and those that are there are not added again.
func TestHoles(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(3000)
	var kept []Row
	for n := range uint64(2000) {
		if n%100 < 60 {
			kept = append(kept, j.row(n))
		}
	}
	if err := s.Client().Insert(deadline(t), kept); err != nil {
		t.Fatal(err)
	}
	f, _ := follow(t, j, s)
	eventually(t, "all is indexed", indexed(f, 3000))
	mustHaveOnce(t, s.Client(), 3000)
}

// TestRebuild: numbers that should not be there are gone, the others are back,
// while Run goes on.
func TestRebuild(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(70_000)
	f, _ := follow(t, j, s)
	eventually(t, "all is indexed", indexed(f, 70_000))
	if err := s.Client().Insert(deadline(t), []Row{j.row(5), j.row(99_999_999)}); err != nil {
		t.Fatal(err)
	}
	var steps []string
	err := f.Rebuild(deadline(t), func(done, total uint64) { steps = append(steps, fmt.Sprint(done, "/", total)) })
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(steps); got != "[0/70000 65536/70000 70000/70000]" {
		t.Errorf("progress was %s", got)
	}
	mustHaveOnce(t, s.Client(), 70_000)
	j.grow(10)
	eventually(t, "Run goes on", indexed(f, 70_010))
	mustHaveOnce(t, s.Client(), 70_010)
}

// TestRepair: missing numbers among many are added, and those that are there
// twice are counted.
func TestRepair(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(3*window + 100)
	if err := s.Client().Insert(deadline(t), []Row{j.row(7), j.row(7), j.row(window + 3)}); err != nil {
		t.Fatal(err)
	}
	f, err := NewFollower(FollowerConfig{Source: j, Engine: s, Log: testLog()})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.feed(deadline(t), span{2 * window, 3 * window}); err != nil {
		t.Fatal(err)
	}
	f.next.Store(j.size)
	added, err := f.Repair(deadline(t), 0, j.size)
	if want := uint64(2*window - 2 + 100); err != nil || added != want {
		t.Errorf("Repair added %d, %v; want %d", added, err, want)
	}
	if p := f.Progress(); p.Duplicates != 1 {
		t.Errorf("Progress %+v, want 1 duplicate", p)
	}
	if seen := numbers(t, s.Client()); len(seen) != int(j.size) || seen[7] != 2 {
		t.Errorf("the index has %d numbers, number 7 %d times", len(seen), seen[7])
	}
	if added, err = f.Repair(deadline(t), 0, j.size); added != 0 || err != nil {
		t.Errorf("a second Repair added %d, %v", added, err)
	}
}

// TestDamage removes a part of one day behind the engine's back. The day is put
// aside, the others answer, and the day is filled again.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	s, stopEngine := startEngine(t, dir)
	j := newJournal(3000)
	j.row = func(n uint64) Row {
		return Row{Number: n, Time: day.AddDate(0, 0, int(n%3)), Fields: []Field{{"a", "b"}}}
	}
	short := func(c *FollowerConfig) { c.Margin = time.Second }
	f, stop := follow(t, j, s, short)
	eventually(t, "the cursor is at the end", func() bool { return f.Progress().Cursor == 3000 })
	stop()
	stopEngine()

	parts, err := filepath.Glob(filepath.Join(dir, "engine/partitions/20261121/datadb/*"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("no parts: %v", err)
	}
	for _, p := range parts {
		if filepath.Base(p) != "parts.json" {
			if err := os.RemoveAll(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, _ = startEngine(t, dir)
	if st := s.Status(); fmt.Sprint(st.Damaged) != "[20261121]" || !strings.Contains(st.LastError, "missing on disk") || strings.Contains(st.LastError, "panic") {
		t.Fatalf("status %+v, want 20261121 as damaged", st)
	}
	if n, err := s.Client().Count(deadline(t), Query{}); n != 2000 || err != nil {
		t.Errorf("the other days have %d events, %v; want 2000", n, err)
	}
	follow(t, j, s, short)
	eventually(t, "the day is filled again", func() bool { return len(s.Status().Damaged) == 0 })
	mustHaveOnce(t, s.Client(), 3000)
	if kept, _ := filepath.Glob(filepath.Join(dir, quarantineDir, "20261121-*")); len(kept) != 1 {
		t.Errorf("put aside: %v", kept)
	}
}

func TestDamagedDay(t *testing.T) {
	f := func(message, want string) {
		t.Helper()
		if got, _ := damagedDay(errors.New(message)); got != want {
			t.Errorf("damagedDay(%q) = %q, want %q", message, got, want)
		}
	}
	f(`panic: FATAL: part "/d/engine/partitions/20261121/datadb/18A" is listed in "x", but is missing on disk`, "20261121")
	f(`panic: FATAL: cannot write to "/d/engine/partitions/20261121/datadb/18A": no space left on device`, "")
	f(`panic: FATAL: cannot open "/d/engine/partitions/20261121/datadb/18A": too many open files`, "")
	f(`query for /partitions/20261121/ failed`, "")
	f(`panic: FATAL: cannot parse "/d/engine/metadata"`, "")
}

// TestForeignCursor: an index that is ahead of its ledger is refused, not mixed.
func TestForeignCursor(t *testing.T) {
	dir := t.TempDir()
	s, _ := startEngine(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "cursor.json"), []byte(`{"version":1,"cursor":11}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := NewFollower(FollowerConfig{Source: newJournal(10), Engine: s})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(deadline(t)); err == nil || !strings.Contains(err.Error(), "rebuild it") {
		t.Errorf("Run returned %v, want an error that says what to do", err)
	}
}

// TestUnreadableLedger: an error of the source ends the follower with its cause.
func TestUnreadableLedger(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(10)
	j.fail = errors.New("bad sector")
	f, err := NewFollower(FollowerConfig{Source: j, Engine: s})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Run(deadline(t)); !errors.Is(err, j.fail) {
		t.Errorf("Run returned %v, want %v", err, j.fail)
	}
}

// TestDown: without an engine every call answers at once, and the caller learns why.
func TestDown(t *testing.T) {
	s, err := NewSupervisor(SupervisorConfig{Dir: t.TempDir(), Command: []string{"/nonexistent/gatebook"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client().Search(deadline(t), Query{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("before Run a search gave %v", err)
	}
	stop := running(t, s.Run)
	eventually(t, "the start fails", func() bool { return s.Status().State == Down })
	if st := s.Status(); !strings.Contains(st.LastError, "/nonexistent/gatebook") || st.Since.IsZero() {
		t.Errorf("status %+v", st)
	}
	if _, err := s.Client().Search(deadline(t), Query{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it is down a search gave %v", err)
	}
	stop()
	if st := s.Status(); st.State != Stopped {
		t.Errorf("after Run the state is %s", st.State)
	}
}

// TestFreshness measures how long after being sealed an event is found, at a
// moderate rate, and prints it; the figure is judged by people.
func TestFreshness(t *testing.T) {
	s, _ := startEngine(t, t.TempDir())
	j := newJournal(0)
	follow(t, j, s)
	ctx, cancel := context.WithCancel(deadline(t))
	var load sync.WaitGroup
	load.Go(func() {
		for ctx.Err() == nil {
			j.grow(10)
			wait(ctx, 10*time.Millisecond)
		}
	})
	defer load.Wait()
	defer cancel()
	var worst, sum time.Duration
	const tries = 15
	for range tries {
		began := time.Now()
		n := j.Size()
		j.grow(1)
		eventually(t, "the event is found", func() bool {
			hits, err := s.Client().Search(ctx, Query{LogsQL: fmt.Sprintf("e%d", n)})
			return err == nil && len(hits) == 1
		})
		took := time.Since(began)
		worst, sum = max(worst, took), sum+took
	}
	t.Logf("1,000 events/s: found after %v on average, %v at worst of %d", sum/tries, worst, tries)
}
