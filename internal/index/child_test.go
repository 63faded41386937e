package index

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// parentEnv makes the test binary a parent that runs an engine on the directory
// it names, says so, and waits for its end.
const parentEnv = "GATEBOOK_INDEX_TEST_PARENT"

func parent(dir string) int {
	os.Unsetenv(parentEnv)
	s, err := NewSupervisor(SupervisorConfig{Dir: dir, Command: []string{os.Args[0]}, Env: []string{engineEnv + "=1"}})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go s.Run(context.Background())
	if _, err := s.Session(context.Background()); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	select {}
}

// TestOrphan kills the parent: its engine must end by itself, or the next one
// could not lock the directory.
func TestOrphan(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "ready\n" {
		t.Errorf("the parent said %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	startEngine(t, dir)
}

// TestEngineSettings: settings that cannot work are refused with one clear line
// and nothing else, not even what libraries log when they are initialised.
func TestEngineSettings(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), engineEnv+"=1")
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 {
			t.Errorf("%q ended with %v, want exit code 2", args, err)
		}
		if got := strings.TrimSpace(string(out)); got != "index engine: "+want {
			t.Errorf("%q printed %q, want %q", args, got, want)
		}
	}
	f("-dir is empty: name the storage directory", "-listen=127.0.0.1:0")
	f("-listen is empty: name unix:PATH or HOST:PORT", "-dir=x")
	f("-memory 5 is too little: give at least 64 MiB", "-dir=x", "-listen=127.0.0.1:0", "-memory=5")
	f("-flush 0s must be positive", "-dir=x", "-listen=127.0.0.1:0", "-flush=0s")
	f("flag provided but not defined: -unknown", "-dir=x", "-unknown")
	f("standard input must begin with the line of the token: EOF", "-dir=x", "-listen=127.0.0.1:0")
}

// TestPrivate: nobody else on the machine can reach the engine.
func TestPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "index")
	s, _ := startEngine(t, dir)
	for path, want := range map[string]os.FileMode{dir: 0o700, s.socket(): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", path, got, want)
		}
	}
}

// TestLongPath: a directory too long for a unix socket still works.
func TestLongPath(t *testing.T) {
	s, _ := startEngine(t, filepath.Join(t.TempDir(), strings.Repeat("long/", 30)))
	if s.token == "" || !s.cfg.Loopback {
		t.Error("the engine is not on a port with a token")
	}
	if n, err := s.Client().Count(deadline(t), Query{}); n != 0 || err != nil {
		t.Errorf("Count = %d, %v", n, err)
	}
}

func TestFatalLine(t *testing.T) {
	var lines []string
	w := &lineWriter{line: func(l string) { lines = append(lines, l) }}
	for _, part := range []string{"one\ntw", "o\n\npanic: FATAL: broken\n", "goroutine 1\n"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	w.Write(bytes.Repeat([]byte("x"), 100<<10))
	if len(lines) != 5 || w.lastFatal() != "panic: FATAL: broken" {
		t.Errorf("%d lines, last fatal %q", len(lines), w.lastFatal())
	}
}
