package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/index/engine"
)

// engineEnv makes the test binary the engine's child process.
const engineEnv = "GATEBOOK_INDEX_TEST_ENGINE"

func TestMain(m *testing.M) {
	if os.Getenv(engineEnv) != "" {
		os.Exit(engine.Main(os.Args[1:]))
	}
	if dir := os.Getenv(parentEnv); dir != "" {
		os.Exit(parent(dir))
	}
	os.Exit(m.Run())
}

// startEngine runs an engine on dir until the test or the returned stop ends it.
func startEngine(t testing.TB, dir string, change ...func(*SupervisorConfig)) (*Supervisor, func()) {
	t.Helper()
	cfg := SupervisorConfig{Dir: dir, Command: []string{os.Args[0]}, Env: []string{engineEnv + "=1"}, Log: testLog()}
	for _, f := range change {
		f(&cfg)
	}
	s, err := NewSupervisor(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, s.Run)
	if _, err := s.Session(deadline(t)); err != nil {
		t.Fatalf("the engine did not become ready: %v; status %+v", err, s.Status())
	}
	return s, stop
}

// running runs f until the returned function is called or the test ends.
func running(t testing.TB, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run ended with %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

func testLog() *slog.Logger {
	if os.Getenv("INDEX_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until ok is true. The engine shows rows after a while.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

var day = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// numbers returns how often the index has each number.
func numbers(t testing.TB, c *Client) map[uint64]int {
	t.Helper()
	if err := c.settle(deadline(t)); err != nil {
		t.Fatal(err)
	}
	seen := map[uint64]int{}
	err := c.Run(deadline(t), Query{LogsQL: "* | fields n"}, func(f []Field) error {
		n, err := number(f, "n")
		seen[n]++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// mustHaveOnce fails unless the index has the numbers below size once each.
func mustHaveOnce(t testing.TB, c *Client, size uint64) {
	t.Helper()
	seen := numbers(t, c)
	var missing, twice, foreign int
	for n := range size {
		switch seen[n] {
		case 0:
			missing++
		case 1:
		default:
			twice++
		}
		delete(seen, n)
	}
	foreign = len(seen)
	if missing+twice+foreign > 0 {
		t.Fatalf("of %d events %d are missing, %d are there more than once, %d are foreign", size, missing, twice, foreign)
	}
}

// journal is a source in memory that grows.
type journal struct {
	mu    sync.Mutex
	size  uint64
	grown chan struct{}
	row   func(n uint64) Row
	fail  error // of Rows
}

func newJournal(size uint64) *journal {
	return &journal{size: size, grown: make(chan struct{}), row: func(n uint64) Row {
		return Row{Number: n, Time: day.Add(time.Duration(n) * time.Millisecond), Fields: []Field{
			{"user", fmt.Sprintf("u%d", n%7)}, {"_msg", fmt.Sprintf("body of event e%d", n)},
		}}
	}}
}

func (j *journal) grow(by uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.size += by
	close(j.grown)
	j.grown = make(chan struct{})
}

func (j *journal) Size() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.size
}

func (j *journal) Rows(_ context.Context, from, to uint64, yield func(Row) error) error {
	if size := j.Size(); to > size {
		return fmt.Errorf("asked for events up to %d of %d", to, size)
	}
	if j.fail != nil {
		return j.fail
	}
	for n := from; n < to; n++ {
		if err := yield(j.row(n)); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) Wait(ctx context.Context, size uint64) error {
	for {
		j.mu.Lock()
		grown, now := j.grown, j.size
		j.mu.Unlock()
		if now > size {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-grown:
		}
	}
}

func kill(t testing.TB, s *Supervisor) {
	t.Helper()
	pid := s.Status().PID
	if pid == 0 {
		return // it is just starting again
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	var got []string
	err := eachLine(strings.NewReader("a\n\n "+long+"\nlast"), func(b []byte) error {
		got = append(got, string(b))
		return nil
	})
	if err != nil || len(got) != 3 || got[0] != "a" || got[1] != long || got[2] != "last" {
		t.Errorf("got %d lines, error %v", len(got), err)
	}
	err = eachLine(io.MultiReader(strings.NewReader("a\n"), brokenReader{}), func([]byte) error { return nil })
	var broken *readError
	if !errors.As(err, &broken) {
		t.Errorf("a broken answer gave %v, want a readError", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("cut off") }
