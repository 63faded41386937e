package witness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/ledger"
)

// Config says what to have cosigned, and by whom. Zero values mean the stated
// defaults.
type Config struct {
	Dir       string         // the ledger's folder. Required
	Ledger    *ledger.Ledger // in it. Required
	Witnesses []Witness      // none: nothing is asked for
	Quorum    int            // how many must have cosigned before a checkpoint is kept; all
	Every     time.Duration  // at most this often are witnesses asked; 1 s
	Timeout   time.Duration  // of one call; 5 s
	History   time.Duration  // at most this often does a checkpoint join the history; 1 minute

	// Wait returns when the ledger has more than size records, with their
	// number, or when ctx ends. Required.
	Wait func(ctx context.Context, size uint64) (uint64, error)
	// Changed is told when a witness fails for longer than a minute, says that
	// the ledger is not what it has cosigned, or is well again. It may record
	// that. Nil: nobody.
	Changed func(ctx context.Context, s State)

	Transport http.RoundTripper // http.DefaultTransport
	Now       func() time.Time
	Log       *slog.Logger
}

// State is how it stands with one witness.
type State struct {
	Name string
	// Size and Time are of its newest cosignature in this process's life.
	Size uint64
	Time time.Time
	// Failing is since when it has not cosigned though it was asked; zero: it
	// is well. Error says why.
	Failing time.Time
	Error   string
	// Conflict says that it has cosigned more than the ledger has, or another
	// history: the ledger was changed, or two run with one key.
	Conflict bool
}

// Status is how it stands with the cosignatures of the ledger.
type Status struct {
	Size      uint64    // of the newest checkpoint that the quorum cosigned; 0: none in this process's life
	Time      time.Time // by this machine's clock, when it was kept
	Error     string    // why the last one could not be kept
	Witnesses []State
}

// Follower has the checkpoints of a ledger cosigned. Make one with [New], then
// [Follower.Run] it. Status is safe for concurrent use.
type Follower struct {
	cfg    Config
	key    note.Verifier
	client *http.Client

	// Owned by the goroutine of Run.
	store *store
	peers []*peer

	mu     sync.Mutex // guards what follows
	status Status
}

// peer is a witness and what is known of it. A goroutine that asks it owns it
// meanwhile, then that of Run.
type peer struct {
	Witness
	old   uint64    // what it is believed to have cosigned last
	after time.Time // it is not asked before
	wait  time.Duration
	busy  bool
	state State
	told  string // the kind of state that Changed was told last
}

// answer is what came of asking a witness.
type answer struct {
	peer *peer
	c    ledger.Checkpoint
	line string
	err  error
}

// ErrCut is the error of a ledger that has fewer records than a checkpoint of it
// that was cosigned, or others.
var ErrCut = errors.New("the ledger is not the one that was cosigned")

// New makes a follower. It fails with [ErrCut] if the ledger contradicts the
// cosigned checkpoint in its folder.
func New(cfg Config) (*Follower, error) {
	cfg.Quorum = cmp.Or(cfg.Quorum, len(cfg.Witnesses))
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, 5*time.Second)
	cfg.History = cmp.Or(cfg.History, time.Minute)
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	key, err := note.NewVerifier(cfg.Ledger.Format().Key)
	if err != nil {
		return nil, err
	}
	f := &Follower{cfg: cfg, key: key, client: &http.Client{Transport: cfg.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if f.store, err = openStore(cfg.Dir, cfg.History); err != nil {
		return nil, fmt.Errorf("opening the cosigned history: %w", err)
	}
	if err := f.compare(); err != nil {
		return nil, err
	}
	for _, w := range cfg.Witnesses {
		f.peers = append(f.peers, &peer{Witness: w, old: f.store.size, state: State{Name: w.Key.Name()}})
	}
	f.publish()
	return f, nil
}

// compare holds the ledger against the cosigned checkpoint in its folder.
func (f *Follower) compare() error {
	b, err := os.ReadFile(filepath.Join(f.cfg.Dir, ledger.WitnessedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := ledger.ParseCheckpoint(b, f.key)
	if err != nil {
		return &ledger.EvidenceError{File: ledger.WitnessedFile, Reason: err.Error()}
	}
	if have := f.cfg.Ledger.Size(); c.Size > have {
		return fmt.Errorf("%w: %s is for %d records, the ledger has %d: the newest were removed, or an older copy of the ledger was put in its place", ErrCut, ledger.WitnessedFile, c.Size, have)
	}
	root, err := f.cfg.Ledger.Root(c.Size)
	if err != nil {
		return err
	}
	if root != c.Root {
		return fmt.Errorf("%w: the first %d records are not those that %s is for", ErrCut, c.Size, ledger.WitnessedFile)
	}
	f.store.size = c.Size
	return nil
}

// Status returns how it stands.
func (f *Follower) Status() Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.status
	s.Witnesses = append([]State(nil), s.Witnesses...)
	return s
}

// publish makes the state of the peers that of Status.
func (f *Follower) publish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status.Witnesses = f.status.Witnesses[:0:0]
	for _, p := range f.peers {
		f.status.Witnesses = append(f.status.Witnesses, p.state)
	}
}

// Run has checkpoints cosigned until ctx ends.
func (f *Follower) Run(ctx context.Context) error {
	var asking sync.WaitGroup
	defer asking.Wait()
	answers := make(chan answer, len(f.peers))
	grown := make(chan uint64)
	asking.Go(func() { f.watch(ctx, grown) })

	tick := time.NewTicker(f.cfg.Every)
	defer tick.Stop()
	var round round
	var want uint64 // records that there are; a checkpoint is published a moment later
	for {
		select {
		case <-ctx.Done():
			return nil
		case want = <-grown:
		case a := <-answers:
			a.peer.busy = false
			f.take(ctx, a)
			if a.err == nil && a.c == round.c {
				round.lines[a.peer] = a.line
			}
			if !f.asking() {
				f.keep(&round)
			}
		case <-tick.C:
			f.keep(&round)
			if round.c.Size < want {
				f.next(&round)
			}
			for _, p := range f.peers {
				if !p.busy && p.state.Size < round.c.Size && !f.cfg.Now().Before(p.after) {
					p.busy = true
					c, signed := round.c, round.signed
					asking.Go(func() { answers <- f.ask(ctx, p, c, signed) })
				}
			}
		}
	}
}

// next begins a round with the newest checkpoint, unless the one before still
// has time to get its quorum.
func (f *Follower) next(r *round) {
	now := f.cfg.Now()
	if r.c.Size > 0 && r.kept == 0 && now.Sub(r.began).Abs() < 2*f.cfg.Timeout {
		return
	}
	c, signed, err := f.cfg.Ledger.Checkpoint()
	if err != nil {
		f.cfg.Log.Error("the checkpoint could not be read, to have it cosigned", "error", err)
		return
	}
	if c.Size > r.c.Size {
		*r = round{c: c, signed: signed, lines: make(map[*peer]string), began: now}
	}
}

// asking reports whether a witness has still to answer.
func (f *Follower) asking() bool {
	return slices.ContainsFunc(f.peers, func(p *peer) bool { return p.busy })
}

// watch tells how many records there are, when that has changed, at most once in
// a round.
func (f *Follower) watch(ctx context.Context, grown chan<- uint64) {
	size := uint64(0)
	for {
		n, err := f.cfg.Wait(ctx, size)
		if err != nil {
			return
		}
		size = n
		select {
		case grown <- n:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(f.cfg.Every):
		case <-ctx.Done():
			return
		}
	}
}

// round is one checkpoint on its way to the witnesses.
type round struct {
	c      ledger.Checkpoint
	signed []byte
	lines  map[*peer]string // of cosignatures
	kept   int              // lines that are on the disk
	began  time.Time
}

func (f *Follower) ask(ctx context.Context, p *peer, c ledger.Checkpoint, signed []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	if f.cfg.Ledger.Size() < c.Size {
		if err := f.cfg.Ledger.Refresh(); err != nil {
			return answer{peer: p, c: c, err: err}
		}
	}
	line, err := submit(ctx, f.client, p.Witness, f.cfg.Ledger, c, signed, p.old)
	return answer{p, c, line, err}
}

const (
	firstWait = time.Second
	maxWait   = time.Minute
	// patience is how long a witness may fail before that is told.
	patience = time.Minute
)

// take notes what came of asking a witness.
func (f *Follower) take(ctx context.Context, a answer) {
	if ctx.Err() != nil {
		return
	}
	p, now := a.peer, f.cfg.Now()
	if a.err == nil {
		p.old, p.wait = a.c.Size, 0
		p.state = State{Name: p.state.Name, Size: a.c.Size, Time: now}
		f.tell(ctx, p, "well")
		f.publish()
		return
	}
	p.wait = min(max(2*p.wait, firstWait), maxWait)
	p.after = now.Add(p.wait)
	if p.state.Failing.IsZero() {
		p.state.Failing = now
	}
	p.state.Error = a.err.Error()
	p.state.Conflict = errors.Is(a.err, ErrAhead) || errors.Is(a.err, ErrForked)
	f.cfg.Log.Warn("a witness did not cosign", "witness", p.state.Name, "error", a.err)
	switch {
	case p.state.Conflict:
		f.tell(ctx, p, "conflict")
	case now.Sub(p.state.Failing) >= patience:
		f.tell(ctx, p, "failing")
	}
	f.publish()
}

// tell tells Changed of a witness that is in another kind of state than before.
func (f *Follower) tell(ctx context.Context, p *peer, kind string) {
	before := cmp.Or(p.told, "well")
	p.told = kind
	if f.cfg.Changed != nil && before != kind {
		f.cfg.Changed(ctx, p.state)
	}
}

// keep keeps the checkpoint of a round if enough have cosigned it. Witnesses
// that come later are added to it.
func (f *Follower) keep(r *round) {
	if len(r.lines) < max(f.cfg.Quorum, r.kept+1) {
		return
	}
	signed := append([]byte(nil), r.signed...)
	for _, p := range f.peers {
		signed = append(signed, r.lines[p]...)
	}
	now := f.cfg.Now()
	err := f.store.keep(signed, r.c.Size, now)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.status.Error = err.Error()
		f.cfg.Log.Error("a cosigned checkpoint could not be kept", "error", err)
		return
	}
	r.kept = len(r.lines)
	f.status.Size, f.status.Time, f.status.Error = r.c.Size, now, ""
}
