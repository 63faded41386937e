package index

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How long the child may take to open its files and to close them. Opening reads
// the head of each part of each day, which takes long after years on a slow disk.
const (
	openTime  = 5 * time.Minute
	closeTime = 20 * time.Second
)

// child is one process of the engine.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	errs   *lineWriter
	addr   string        // where it listens
	exited chan struct{} // closed when it has ended
	exit   error         // why; valid after exited
}

// start runs a child and waits until it answers.
func (s *Supervisor) start(ctx context.Context) (*child, error) {
	listen := "unix:" + s.socket()
	if s.cfg.Loopback {
		listen = "127.0.0.1:0"
	}
	args := append(s.cfg.Command[1:len(s.cfg.Command):len(s.cfg.Command)],
		"-dir="+s.storage(),
		"-listen="+listen,
		"-memory="+strconv.FormatInt(s.cfg.MemoryLimit, 10),
		"-flush="+s.cfg.FlushInterval.String())
	cmd := exec.Command(s.cfg.Command[0], args...)
	// Queries take from the engine's own limit, so Go's must lie above it.
	cmd.Env = append(os.Environ(), "GOMEMLIMIT="+strconv.FormatInt(s.cfg.MemoryLimit+s.cfg.MemoryLimit/4, 10))
	cmd.Env = append(cmd.Env, s.cfg.Env...)
	ownGroup(cmd)

	ready := make(chan string, 1)
	c := &child{cmd: cmd, exited: make(chan struct{}), errs: &lineWriter{line: logLine(s.log)}}
	cmd.Stderr = c.errs
	cmd.Stdout = &lineWriter{line: func(l string) {
		select {
		case ready <- l:
		default:
		}
	}}
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the index engine: %w", err)
	}
	if err := c.run(s.token); err != nil {
		return nil, fmt.Errorf("starting the index engine: %w", err)
	}
	limit := time.NewTimer(openTime)
	defer limit.Stop()
	select {
	case c.addr = <-ready:
		return c, nil
	case <-c.exited:
		return nil, c.failure()
	case <-limit.C:
		err = fmt.Errorf("the index engine did not open its files within %v", openTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.stop()
	return nil, err
}

// run starts the process. The goroutine keeps its thread until the process has
// ended, because the signal of a parent's death is that of the parent's thread.
func (c *child) run(token string) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.exit = c.cmd.Wait()
			close(c.exited)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	if _, err := io.WriteString(c.stdin, token+"\n"); err != nil {
		return errors.Join(err, c.stop())
	}
	return nil
}

// stop asks the child to close its files and waits for it; after closeTime it
// is killed, which is an error.
func (c *child) stop() error {
	c.stdin.Close()
	t := time.NewTimer(closeTime)
	defer t.Stop()
	select {
	case <-c.exited:
		if c.exit != nil {
			return c.failure()
		}
		return nil
	case <-t.C:
		c.cmd.Process.Kill()
		<-c.exited
		return fmt.Errorf("the index engine did not stop within %v and was killed", closeTime)
	}
}

// failure says why a child ended that was not asked to.
func (c *child) failure() error {
	why := "exit status 0"
	if c.exit != nil {
		why = c.exit.Error()
	}
	if last := c.errs.lastFatal(); last != "" {
		return fmt.Errorf("the index engine ended (%s): %s", why, last)
	}
	return fmt.Errorf("the index engine ended (%s)", why)
}

// lineWriter splits what the child writes into lines.
type lineWriter struct {
	line func(string)

	mu    sync.Mutex
	rest  []byte
	fatal string // the last line that says why the engine gives up
}

// Write takes the next part of the child's output.
func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	const longest = 64 << 10
	w.rest = append(w.rest, p...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 && len(w.rest) < longest {
			return len(p), nil
		}
		if i < 0 {
			i = len(w.rest) - 1
		}
		l := strings.TrimSpace(string(w.rest[:i+1]))
		w.rest = w.rest[i+1:]
		// A panic prints its message first and then repeats it in parts.
		if strings.Contains(l, "FATAL") || strings.Contains(l, "fatal error:") || strings.HasPrefix(l, "index engine:") ||
			(w.fatal == "" && strings.Contains(l, "panic")) {
			w.fatal = cut(message(l), 1000)
		}
		if l != "" {
			w.line(l)
		}
	}
}

// message returns what a line says. The engine's logger writes the time, the
// level, the place in the program and the message, with tabs between them;
// its panics are logged so, and then written by themselves. Where two
// goroutines panic, either line can be the last.
func message(l string) string {
	if parts := strings.SplitN(l, "\t", 4); len(parts) == 4 {
		return parts[3]
	}
	return l
}

func (w *lineWriter) lastFatal() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fatal
}

// logLine passes the engine's messages on.
func logLine(log *slog.Logger) func(string) {
	return func(l string) { log.Debug("index engine says", "line", cut(l, 1000)) }
}

func cutUnix(addr string) (path string, ok bool) { return strings.CutPrefix(addr, "unix:") }

func newToken() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
