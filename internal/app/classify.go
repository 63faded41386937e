package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/classify"
	"github.com/gatebook/gatebook/internal/classify/watch"
	"github.com/gatebook/gatebook/internal/redact"
)

// learnedFile is where it is kept what was learned of the data in bodies: a
// view, which can be deleted.
func (a *App) learnedFile() string { return filepath.Join(a.cfg.Data, "classify.state") }

// openClassifier makes what finds sensitive data in bodies, with what it had
// learned.
func (a *App) openClassifier() error {
	c := a.cfg.Classify
	if !c.Enabled {
		return nil
	}
	redactor, err := a.redactor(a.cfg)
	if err != nil {
		return err
	}
	cfg := classify.Config{Redactor: redactor, MaxBytes: int64(c.MaxBody), Seed: a.pathSeed(), Names: make(map[classify.Class][]string)}
	for _, code := range c.Omit {
		cfg.Omit = append(cfg.Omit, classify.ByCode(code))
	}
	for _, text := range c.Fields {
		code, name, _ := strings.Cut(text, "=")
		class := classify.ByCode(code)
		cfg.Names[class] = append(cfg.Names[class], name)
	}
	if a.classifier, err = classify.New(cfg); err != nil {
		return err
	}
	b, err := os.ReadFile(a.learnedFile())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("reading what was learned of data: %w", err)
	}
	if err := a.classifier.Restore(b); err != nil {
		a.log.Info("what was learned of data cannot be used, and is learned anew", "error", err)
	}
	return nil
}

// pathSeed returns a number of this installation's that keeps hashes of paths
// from being guessed. It depends on the names that are configured, since what
// was learned under other names is of no use.
func (a *App) pathSeed() uint64 {
	c := a.cfg.Classify
	names := []any{c.Fields, c.Omit, a.cfg.Redact.Fields, a.cfg.Redact.Keep}
	hash := redact.Fingerprint(a.keys.fingerprint, fmt.Sprintf("classify %q", names))
	seed, err := strconv.ParseUint(hash[len(hash)-16:], 16, 64)
	if err != nil {
		panic("a fingerprint ends with hex digits")
	}
	return seed
}

// data returns the observer of the bodies; nil: they are not looked at.
func (a *App) data() capture.Observer {
	if a.classifier == nil {
		return nil
	}
	var off []string
	for _, r := range a.cfg.Gateway.Routes {
		if !r.Classify {
			off = append(off, r.Name)
		}
	}
	return watch.New(watch.Config{Classifier: a.classifier, Off: off})
}

// keepEvery is how often what was learned of data is written down.
const keepEvery = 5 * time.Minute

// keepLearned writes down what was learned of data, now and then and at the
// end.
func (a *App) keepLearned(ctx context.Context) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := writeWhole(a.learnedFile(), a.classifier.Snapshot()); err != nil {
			a.log.Warn("what was learned of data could not be kept", "error", err)
		}
	}
	return nil
}

// writeWhole makes a file that holds b, or leaves the old one.
func writeWhole(name string, b []byte) error {
	tmp := name + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}
