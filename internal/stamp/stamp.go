// Package stamp has checkpoints of a ledger time-stamped by an authority of RFC
// 3161, and keeps the time-stamps in the ledger's folder.
//
// It promises that a kept time-stamp is of the checkpoint beside it, and that
// the recorder never waits for it. It does not check who signed a time-stamp:
// that takes the authority's certificate, and openssl ts -verify does it.
package stamp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// Config says what to have stamped, and by whom. Zero values mean the stated
// defaults.
type Config struct {
	Dir     string         // the ledger's folder. Required
	Ledger  *ledger.Ledger // in it. Required
	URLs    []*url.URL     // of authorities; the first that answers does it. None: nothing is stamped
	Every   time.Duration  // at most this often, if there are new records; 1 hour
	Timeout time.Duration  // of one request; 30 s

	Transport http.RoundTripper // http.DefaultTransport
	Now       func() time.Time
	Log       *slog.Logger
}

// Status is how it stands.
type Status struct {
	Size    uint64    // of the newest checkpoint that was stamped; 0: none in this process's life
	Time    time.Time // that the time-stamp says
	Failing time.Time // since when none could be had; zero: it is well
	Error   string    // why
}

// Stamper has checkpoints stamped. Make one with [New], then [Stamper.Run] it.
// Status is safe for concurrent use.
type Stamper struct {
	cfg    Config
	client *http.Client
	next   time.Time // not before; owned by the goroutine of Run

	mu     sync.Mutex // guards what follows
	status Status
}

// New makes a stamper.
func New(cfg Config) *Stamper {
	cfg.Every = cmp.Or(cfg.Every, time.Hour)
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	if cfg.Transport == nil {
		cfg.Transport = http.DefaultTransport
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Stamper{cfg: cfg, client: &http.Client{Transport: cfg.Transport, Timeout: cfg.Timeout}}
}

// Status returns how it stands.
func (s *Stamper) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// Run has checkpoints stamped until ctx ends.
func (s *Stamper) Run(ctx context.Context) error {
	if len(s.cfg.URLs) == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(min(s.cfg.Every, time.Second))
	defer tick.Stop()
	for {
		if now := s.cfg.Now(); !now.Before(s.next) || s.next.Sub(now) > s.cfg.Every {
			s.once(ctx, now)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// once has the newest checkpoint stamped, unless it was.
func (s *Stamper) once(ctx context.Context, now time.Time) {
	signed, size, err := s.newest()
	if err != nil {
		s.fail(ctx, now, err)
		return
	}
	if size == 0 {
		return
	}
	if _, err := os.Stat(filepath.Join(s.cfg.Dir, filepath.FromSlash(ledger.TokenName(size)))); err == nil {
		return // look again when there are more records
	}
	at, err := s.stamp(ctx, signed, size)
	if err != nil {
		s.fail(ctx, now, err)
		return
	}
	s.next = now.Add(s.cfg.Every)
	s.mu.Lock()
	s.status = Status{Size: size, Time: at}
	s.mu.Unlock()
}

// fail notes that nothing was stamped. It is tried again in a minute.
func (s *Stamper) fail(ctx context.Context, now time.Time, err error) {
	if ctx.Err() != nil {
		return
	}
	s.next = now.Add(min(time.Minute, s.cfg.Every))
	s.cfg.Log.Warn("a checkpoint could not be time-stamped; it will be tried again", "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.Failing.IsZero() {
		s.status.Failing = now
	}
	s.status.Error = err.Error()
}

// newest returns the newest checkpoint; with cosignatures, if it has them.
func (s *Stamper) newest() ([]byte, uint64, error) {
	c, signed, err := s.cfg.Ledger.Checkpoint()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	if w, cosigned, err := s.cfg.Ledger.Witnessed(); err == nil && w == c {
		signed = cosigned
	}
	return signed, c.Size, nil
}

// stamp has the checkpoint stamped and keeps both. It returns the time that the
// time-stamp says.
func (s *Stamper) stamp(ctx context.Context, signed []byte, size uint64) (time.Time, error) {
	var errs []error
	for _, u := range s.cfg.URLs {
		token, at, err := s.ask(ctx, u, signed)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.Redacted(), err))
			continue
		}
		// A token without its checkpoint would be worth nothing.
		if err := s.keep(ledger.StampedName(size), signed); err != nil {
			return time.Time{}, err
		}
		return at, s.keep(ledger.TokenName(size), token)
	}
	return time.Time{}, errors.Join(errs...)
}

// maxToken bounds an answer.
const maxToken = 256 << 10

// ask asks one authority, and checks that what it stamped is what it was given.
func (s *Stamper) ask(ctx context.Context, u *url.URL, signed []byte) ([]byte, time.Time, error) {
	var random [8]byte
	rand.Read(random[:])
	random[0] &= 0x7f // a positive INTEGER in one spelling
	nonce := new(big.Int).SetBytes(random[:])
	body, err := ledger.TimestampRequest(signed, nonce)
	if err != nil {
		return nil, time.Time{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, time.Time{}, err
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	req.Header.Set("User-Agent", "gatebook")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer res.Body.Close()
	token, err := io.ReadAll(io.LimitReader(res.Body, maxToken))
	if err != nil {
		return nil, time.Time{}, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, time.Time{}, fmt.Errorf("it answered %s", res.Status)
	}
	t, err := ledger.ParseTimestamp(token)
	switch {
	case err != nil:
		return nil, time.Time{}, err
	case !t.Covers(signed):
		return nil, time.Time{}, errors.New("its time-stamp is not of what it was given")
	case t.Nonce == nil || t.Nonce.Cmp(nonce) != 0:
		return nil, time.Time{}, errors.New("its time-stamp is the answer to another request")
	}
	return token, t.Time, nil
}

// keep makes a file durable under its name.
func (s *Stamper) keep(name string, content []byte) error {
	name = filepath.Join(s.cfg.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(name+ledger.TempExt, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keeping a time-stamp: %w", err)
	}
	if err := os.Rename(name+ledger.TempExt, name); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
