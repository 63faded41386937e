package index

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// SupervisorConfig says how to run the engine.
type SupervisorConfig struct {
	// Dir is the index's own directory. It is made (0700) if it is missing, and may
	// be deleted while nothing runs: the index is then rebuilt.
	Dir string
	// Command starts the engine; its settings are appended. Nil means this program
	// with the arguments "index", "engine".
	Command []string
	// Env is added to the environment of the child.
	Env []string
	// Loopback makes the child listen on a port of 127.0.0.1, with a token, where a
	// unix socket is not possible. It is also chosen if Dir is too long for one.
	Loopback bool
	// MemoryLimit is how many bytes the engine aims to stay under. Zero means 1 GiB.
	MemoryLimit int64
	// FlushInterval is how long rows take to become searchable. Zero means 250 ms.
	FlushInterval time.Duration
	// Tenant is the value of the stream field of rows without one; "" is "default".
	Tenant string
	// Log receives starts, stops and the engine's own messages. Nil discards them.
	Log *slog.Logger
}

// State is what the engine is doing.
type State string

// The states of an engine.
const (
	Starting State = "starting" // it opens its files
	Ready    State = "ready"    // it answers
	Down     State = "down"     // it ended and is started again after a while
	Stopped  State = "stopped"  // the supervisor does not run
)

// Status describes the engine at one moment.
type Status struct {
	State    State
	Since    time.Time // of this state
	PID      int       // 0 unless Ready
	Life     uint64    // counts how often the engine became ready
	Restarts int       // how often the engine ended without being asked to
	// LastError is why it ended the last time, or could not be started. "" if it
	// never did.
	LastError string
	// Damaged are the days (YYYYMMDD, UTC) whose files were put aside and that
	// are not yet filled again from the ledger.
	Damaged []string
}

// Supervisor runs one engine on one directory. Its methods are safe for
// concurrent use; only Run starts anything.
type Supervisor struct {
	cfg    SupervisorConfig
	log    *slog.Logger
	token  string
	client *Client
	drops  chan drop     // requests to delete data, served by Run
	hung   chan struct{} // the child does not answer; received by Run

	mu      sync.Mutex
	status  Status
	addr    string        // of the child that is ready, as it told it
	session chan struct{} // closed when the child that is ready ends; nil if none is
	changed chan struct{} // closed at each change of state
	damaged damage
}

// back-off between two starts of a child that ends at once.
const (
	firstPause  = 100 * time.Millisecond
	longestWait = 10 * time.Second
)

// NewSupervisor prepares dir and returns a supervisor that does not run yet.
func NewSupervisor(cfg SupervisorConfig) (*Supervisor, error) {
	if cfg.Dir == "" {
		return nil, errors.New("index: Dir is empty: name the directory of the index")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	cfg.Dir = dir
	if len(cfg.Command) == 0 {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("index: finding this program: %w", err)
		}
		cfg.Command = []string{exe, "index", "engine"}
	}
	if cfg.MemoryLimit == 0 {
		cfg.MemoryLimit = 1 << 30
	}
	if cfg.FlushInterval <= 0 {
		cfg.FlushInterval = 250 * time.Millisecond
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("index: %w", err)
	}
	s := &Supervisor{
		cfg:     cfg,
		log:     cfg.Log,
		drops:   make(chan drop),
		hung:    make(chan struct{}),
		changed: make(chan struct{}),
		status:  Status{State: Stopped, Since: time.Now()},
	}
	if s.damaged, err = openDamage(dir); err != nil {
		return nil, err
	}
	const longestSocket = 100 // sockaddr_un holds 107 bytes
	if len(s.socket()) > longestSocket {
		s.cfg.Loopback = true
	}
	if s.cfg.Loopback {
		s.token = newToken()
	}
	return s, s.makeClient()
}

func (s *Supervisor) socket() string  { return filepath.Join(s.cfg.Dir, "engine.sock") }
func (s *Supervisor) storage() string { return filepath.Join(s.cfg.Dir, "engine") }

// makeClient makes the client whose connections go to whichever child is ready.
func (s *Supervisor) makeClient() error {
	c, err := NewClient(ClientConfig{
		Insert: &url.URL{Scheme: "http", Host: "engine"},
		Token:  s.token,
		Tenant: s.cfg.Tenant,
		HTTP: &http.Client{Transport: &http.Transport{
			DialContext:         s.dial,
			DisableCompression:  true,
			MaxIdleConnsPerHost: 16,
		}},
	})
	if err != nil {
		return err
	}
	c.settle = c.flush
	s.client = c
	return nil
}

func (s *Supervisor) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	addr, state := s.addr, s.status.State
	s.mu.Unlock()
	if addr == "" {
		return nil, fmt.Errorf("the engine is %s", state)
	}
	var d net.Dialer
	network := "tcp"
	if rest, ok := cutUnix(addr); ok {
		network, addr = "unix", rest
	}
	return d.DialContext(ctx, network, addr)
}

// Client returns the client of this engine, through all its restarts. While the
// engine is not ready its calls return ErrUnavailable at once.
func (s *Supervisor) Client() *Client { return s.client }

// Status returns what the engine is doing now.
func (s *Supervisor) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Damaged = s.damaged.days()
	return st
}

// Session waits until the engine is ready. The channel is closed when that life
// of the engine ends, and with it the certainty that its newest rows were kept.
func (s *Supervisor) Session(ctx context.Context) (ended <-chan struct{}, err error) {
	for {
		s.mu.Lock()
		session, changed := s.session, s.changed
		s.mu.Unlock()
		if session != nil {
			return session, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		}
	}
}

// abandon kills a child that took rows and does not answer. If it lived on, it
// might add them after they were found missing and added again.
func (s *Supervisor) abandon() {
	select {
	case s.hung <- struct{}{}:
	default: // it has ended already
	}
}

// filled says that the days were filled again from the ledger.
func (s *Supervisor) filled(days []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged.remove(days)
}

// Run runs the engine until ctx ends, and restarts it whenever it ends. It
// returns nil after the engine has closed its files, or an error if it had to be
// killed; the index then repairs itself at the next start.
func (s *Supervisor) Run(ctx context.Context) error {
	defer s.set(Stopped, nil, nil)
	pause := firstPause
	for ctx.Err() == nil {
		s.set(Starting, nil, nil)
		c, err := s.start(ctx)
		if err == nil {
			pause = firstPause
			s.set(Ready, c, nil)
			again, werr := s.watch(ctx, c)
			if ctx.Err() != nil {
				return werr
			}
			if again {
				continue
			}
			err = werr
		}
		if ctx.Err() != nil {
			return nil
		}
		if day, ok := damagedDay(err); ok {
			if qerr := s.quarantine(day); qerr != nil {
				err = errors.Join(err, qerr)
			}
		}
		s.set(Down, nil, err)
		s.log.Warn("index engine is down", "error", err, "again_in", pause)
		s.rest(ctx, pause)
		pause = min(2*pause, longestWait)
	}
	return nil
}

// watch waits for the end of a child that is ready. again says that it was
// stopped in order to be started anew.
func (s *Supervisor) watch(ctx context.Context, c *child) (again bool, err error) {
	select {
	case <-ctx.Done():
		return false, c.stop()
	case <-c.exited:
		return false, c.failure()
	case <-s.hung:
		c.cmd.Process.Kill()
		<-c.exited
		return false, errors.New("the index engine did not answer and was killed")
	case d := <-s.drops:
		if !d.needed(s) {
			d.done <- nil
			return s.watch(ctx, c)
		}
		s.set(Starting, nil, nil)
		if err := c.stop(); err != nil {
			s.log.Warn("index engine was killed to delete its data", "error", err)
		}
		d.done <- d.do(s)
		return true, nil
	}
}

// rest waits for the next try; a request to delete the data ends it.
func (s *Supervisor) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case d := <-s.drops:
		d.done <- d.do(s)
	}
}

// marks are what the engine writes before a reason to end, and people need not
// read.
var marks = strings.NewReplacer("panic: FATAL: ", "", "FATAL: ", "", "panic: ", "")

// set changes the state. c is the child that is ready, if one is.
func (s *Supervisor) set(state State, c *child, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		close(s.session)
		s.session, s.addr, s.status.PID = nil, "", 0
		s.client.cfg.HTTP.CloseIdleConnections()
	}
	s.status.State, s.status.Since = state, time.Now()
	if c != nil {
		s.status.Life++
		s.session, s.addr, s.status.PID = make(chan struct{}), c.addr, c.cmd.Process.Pid
		s.log.Info("index engine is ready", "pid", s.status.PID)
	}
	if err != nil {
		s.status.LastError = marks.Replace(err.Error())
		s.status.Restarts++
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
