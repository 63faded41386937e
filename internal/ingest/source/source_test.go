package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
	"github.com/gatebook/gatebook/internal/ingest/accesslog"
	"github.com/gatebook/gatebook/internal/redact"
)

// record is a record in memory, which fails when it is told to.
type record struct {
	events []*event.Event
	fails  int // appends until one fails, after the first of its events; 0: none does
}

func (r *record) Size() uint64 { return uint64(len(r.events)) }

func (r *record) AppendAll(_ context.Context, events []*event.Event) error {
	if r.fails > 0 {
		if r.fails--; r.fails == 0 {
			r.events = append(r.events, events[0])
			return errors.New("the disk is full")
		}
	}
	r.events = append(r.events, events...)
	return nil
}

// installation is what stays when a source is stopped.
type installation struct {
	t   *testing.T
	log string
	dir string
	record
}

func (i *installation) source(end bool) *Source {
	i.t.Helper()
	r, err := redact.New(redact.Config{Key: redact.Key(strings.Repeat("k", 32))})
	if err != nil {
		i.t.Fatal(err)
	}
	d, err := capture.NewDescriber(nil, nil, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	p, err := accesslog.NewParser(accesslog.Config{Source: "edge", Redactor: r, Describer: d, Pseudonym: func(_, s string) string { return "p_" + s }})
	if err != nil {
		i.t.Fatal(err)
	}
	return New(Config{
		Name: "edge", File: i.log, End: end, Parser: p, Record: &i.record, Dir: disk.Dir(i.dir), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Imported: func(_ context.Context, from uint64) (map[event.ID]bool, error) {
			known := make(map[event.ID]bool)
			for _, e := range i.events[from:] {
				known[e.ID] = true
			}
			return known, nil
		},
	})
}

// write adds lines to the log. Most are equal to the one before.
func (i *installation) write(from, to int) {
	i.t.Helper()
	f, err := os.OpenFile(i.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		i.t.Fatal(err)
	}
	for n := from; n < to; n++ {
		fmt.Fprintf(f, "192.0.2.7 - - [27/Nov/2026:12:00:%02d +0000] \"GET /%d HTTP/1.1\" 200 5\n", n/100%60, n/3)
	}
	if err := f.Close(); err != nil {
		i.t.Fatal(err)
	}
}

// whole fails unless there is an event for each of n lines.
func (i *installation) whole(story string, n int) {
	i.t.Helper()
	ids := make(map[event.ID]bool)
	for _, e := range i.events {
		ids[e.ID] = true
	}
	if len(i.events) != n || len(ids) != n {
		i.t.Errorf("%s: got %d events with %d ids, want %d", story, len(i.events), len(ids), n)
	}
}

func newInstallation(t *testing.T) *installation {
	dir := t.TempDir()
	return &installation{t: t, log: filepath.Join(dir, "access.log"), dir: dir}
}

// TestCrash ends a source after each of its steps, as a crash does, and goes on
// with another.
func TestCrash(t *testing.T) {
	for steps := 1; steps < 7; steps++ {
		i := newInstallation(t)
		i.write(0, 3000)
		for range 12 {
			s := i.source(false)
			for range steps {
				if _, err := s.step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		i.write(3000, 3100)
		s := i.source(false)
		for more := true; more; {
			var err error
			if more, err = s.step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		i.whole(fmt.Sprint(steps, " steps"), 3100)
	}
}

// TestFailure has a record that fails in the middle of an append, and a log that
// is not there, or none.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newInstallation(t)
		i.fails = 3
		s := i.source(false)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Second)
		i.write(0, 2000)
		time.Sleep(time.Minute)
		i.whole("after the disk was full", 2000)
		st := s.Status()
		if st.Events != 1999 || st.Problem != "" || st.Form != "common" || st.Behind != 0 || st.Last.IsZero() { // of one it was not known that it was recorded
			t.Errorf("got %+v", st)
		}
		if err := os.WriteFile(i.log, []byte("hello\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if st = s.Status(); st.Skipped != 1 || len(st.Problems) != 1 || len(st.Lost) != 1 {
			t.Errorf("got %+v", st)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}

		other := newInstallation(t)
		if err := os.WriteFile(other.log, []byte("no log\nat all\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s = other.source(false)
		ctx, stop = context.WithCancel(t.Context())
		go func() { done <- s.Run(ctx) }()
		time.Sleep(time.Minute)
		if st := s.Status(); !strings.Contains(st.Problem, "have none of the forms") || st.Skipped != 0 {
			t.Errorf("got %+v", st)
		}
		other.write(0, 50)
		time.Sleep(time.Minute)
		other.whole("once most lines are those of a log", 50)
		stop()
		<-done
	})
}

// TestEnd begins at the end of a log that was there before.
func TestEnd(t *testing.T) {
	i := newInstallation(t)
	i.write(0, 100)
	for range 3 {
		s := i.source(true)
		if _, err := s.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	i.write(100, 130)
	s := i.source(true)
	for more := true; more; {
		var err error
		if more, err = s.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	i.whole("from the end", 30)
}
