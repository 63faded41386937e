package tail

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// log is a log that a server writes, and somebody rotates.
type log struct {
	t    *testing.T
	path string
	w    *os.File // that the server has open
	n    int      // lines written
	now  time.Time
	f    *Follower
	got  []string
	kept []Place
}

func newLog(t *testing.T) *log {
	l := &log{t: t, path: filepath.Join(t.TempDir(), "access.log"), now: time.Now()}
	l.reopen()
	return l
}

func (l *log) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// reopen is what a server does when it is told that its log was renamed.
func (l *log) reopen() {
	if l.w != nil {
		l.w.Close()
	}
	var err error
	l.w, err = os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	l.must(err)
}

// write writes so many lines.
func (l *log) write(n int) {
	for range n {
		l.n++
		_, err := fmt.Fprintf(l.w, "line %d %s\n", l.n, strings.Repeat("x", l.n%90))
		l.must(err)
	}
}

// shift renames the rotated files: .1 is .2, and the log is .1.
func (l *log) shift() {
	for i := 30; i >= 1; i-- {
		for _, ext := range []string{"", ".gz"} {
			old := fmt.Sprintf("%s.%d%s", l.path, i, ext)
			if _, err := os.Stat(old); err == nil {
				l.must(os.Rename(old, fmt.Sprintf("%s.%d%s", l.path, i+1, ext)))
			}
		}
	}
}

func (l *log) rename() {
	l.shift()
	l.must(os.Rename(l.path, l.path+".1"))
	l.tick(l.path + ".1")
}

func (l *log) copyTruncate() {
	l.shift()
	b, err := os.ReadFile(l.path)
	l.must(err)
	l.must(os.WriteFile(l.path+".1", b, 0o600))
	l.tick(l.path + ".1")
	l.must(os.Truncate(l.path, 0))
}

// pack compresses a rotated file.
func (l *log) pack(n int) {
	name := fmt.Sprintf("%s.%d", l.path, n)
	b, err := os.ReadFile(name)
	if err != nil {
		return
	}
	info, err := os.Stat(name)
	l.must(err)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(b)
	z.Close()
	l.must(os.WriteFile(name+".gz", packed.Bytes(), 0o600))
	l.must(os.Chtimes(name+".gz", info.ModTime(), info.ModTime()))
	l.must(os.Remove(name))
}

// tick makes a file one that was changed a minute after those before.
func (l *log) tick(name string) {
	l.now = l.now.Add(time.Minute)
	l.must(os.Chtimes(name, l.now, l.now))
}

// start starts to follow at the place that was kept.
func (l *log) start() {
	f, err := Open(Config{Path: l.path, Now: func() time.Time { return l.now }}, l.kept)
	l.must(err)
	l.f = f
}

// read reads what is there, or so many times at most.
func (l *log) read(times int) {
	for range times {
		lines, err := l.f.Next(7)
		l.must(err)
		if len(lines) == 0 {
			return
		}
		for _, x := range lines {
			l.got = append(l.got, x.Text)
		}
	}
}

// stop keeps the place.
func (l *log) stop() {
	l.kept = l.f.Places()
	l.f.Close()
}

// whole fails unless each line was read once.
func (l *log) whole(story string) {
	l.t.Helper()
	seen := make(map[int]int)
	for _, s := range l.got {
		var n int
		if _, err := fmt.Sscanf(s, "line %d", &n); err != nil {
			l.t.Errorf("%s: got %q", story, s)
		}
		seen[n]++
	}
	for n := 1; n <= l.n; n++ {
		if seen[n] != 1 {
			l.t.Fatalf("%s: line %d of %d was read %d times", story, n, l.n, seen[n])
		}
	}
	if lost := l.f.Lost(); len(lost) > 0 {
		l.t.Errorf("%s: got lost: %v", story, lost)
	}
}

// all is enough to read everything.
const all = 1 << 20

// TestStories tells how logs are rotated.
func TestStories(t *testing.T) {
	for story, play := range map[string]func(l *log){
		"it grows": func(l *log) { l.write(20); l.read(all); l.write(20) },
		"renamed, and the server goes on for a while": func(l *log) {
			l.write(20)
			l.read(1)
			l.rename()
			l.write(20)
			l.read(all)
			l.write(5)
			l.reopen()
			l.write(20)
		},
		"renamed while the follower is stopped, before the server was told": func(l *log) {
			l.write(20)
			l.read(1)
			l.rename()
			l.stop()
			l.start()
			l.read(all)
			l.now = l.now.Add(time.Hour)
			l.read(all)
			l.write(20)
			l.reopen()
			l.write(3)
		},
		"renamed three times while the follower is stopped": func(l *log) {
			l.write(20)
			l.read(1)
			l.stop()
			for range 3 {
				l.write(20)
				l.rename()
				l.reopen()
			}
			l.pack(3)
			l.pack(2)
			l.write(5)
			l.start()
		},
		"emptied after it was copied": func(l *log) { l.write(20); l.read(1); l.copyTruncate(); l.write(3) },
		"emptied and grown beyond what was read": func(l *log) {
			l.write(5)
			l.read(all)
			l.copyTruncate()
			l.write(200)
		},
		"emptied while the follower is stopped": func(l *log) {
			l.write(20)
			l.read(1)
			l.stop()
			l.write(20)
			l.copyTruncate()
			l.pack(1)
			l.write(50)
			l.start()
		},
		"not there at first": func(l *log) {
			l.must(os.Remove(l.path))
			l.read(all)
			l.reopen()
			l.write(5)
		},
	} {
		l := newLog(t)
		l.start()
		play(l)
		for range 5 {
			l.read(all)
			l.now = l.now.Add(time.Hour)
		}
		l.whole(story)
	}
}

// TestAnyStory does what can happen to a log in any order.
func TestAnyStory(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newLog(t)
		l.start()
		story := fmt.Sprintf("seed %d:", seed)
		for range 25 {
			what := r.IntN(8)
			story += fmt.Sprintf(" %d", what)
			switch what {
			case 0, 1:
				l.write(1 + r.IntN(60))
			case 2:
				l.read(r.IntN(5))
			case 3:
				l.read(all)
			case 4: // who renames tells the server, sooner or later
				if _, err := os.Stat(l.path); err == nil {
					l.write(1)
					l.rename()
					l.write(r.IntN(3))
					l.tick(l.path + ".1")
				}
				l.reopen()
			case 5: // who copies must not be behind by a whole file
				if _, err := os.Stat(l.path); err == nil {
					l.write(20)
					l.read(all)
					l.write(r.IntN(9))
					l.copyTruncate()
				}
			case 6:
				l.pack(1 + r.IntN(3))
			case 7:
				l.stop()
				if r.IntN(2) == 0 {
					l.write(r.IntN(40))
				}
				l.start()
			}
		}
		for range 5 {
			l.read(all)
			l.now = l.now.Add(time.Hour)
		}
		l.whole(story)
		l.f.Close()
		l.w.Close()
	}
}

// TestLines has lines without end, that are too long, and that come in pieces.
func TestLines(t *testing.T) {
	l := newLog(t)
	l.start()
	put := func(s string) { _, err := io.WriteString(l.w, s); l.must(err) }
	next := func(want string) {
		t.Helper()
		lines, err := l.f.Next(10)
		l.must(err)
		var got []string
		for _, x := range lines {
			got = append(got, fmt.Sprintf("%d %d %v %.5s", x.Number, len(x.Text), x.Long, x.Text))
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("got %q, want %q", s, want)
		}
	}
	put("one\ntwo\nthr")
	next("1 3 false one|2 3 false two")
	next("")
	put("ee\n\n")
	next("3 5 false three|4 0 false ")
	put(strings.Repeat("a", 3*MaxLine))
	next("5 65537 true aaaaa")
	put(strings.Repeat("a", MaxLine) + "\nsix\n")
	next("6 3 false six")
	if f, err := Open(Config{Path: l.path}, l.f.Places()); err != nil || f.current == nil || f.Behind() != 0 {
		t.Errorf("got %+v, %v: it was read to the end", f, err)
	}
	put("end")
	if f, err := Open(Config{Path: l.path, End: true}, nil); err != nil || f.Behind() != 3 {
		t.Errorf("got %+v, %v: it begins behind the last line", f, err)
	}
	l.must(os.Truncate(l.path, 0))
	put("x\n")
	next("1 1 false x")
	if lost := l.f.Lost(); len(lost) != 1 || !strings.Contains(lost[0], "access.log was emptied or removed after line 6 was read") {
		t.Errorf("got %q lost", lost)
	}
}
