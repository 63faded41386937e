package record

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// oldFiles is the work on the envelope files that were sealed before there
// were keys. The files in clear are gone from the ledger when it is done; what
// the disk kept of them is not for us to know.
type oldFiles struct {
	listed bool
	names  []string
}

// encryptOld encrypts some of the old files, for about as long as the sealer
// can spare between two looks at the journal.
func (r *Recorder) encryptOld(ctx context.Context, old *oldFiles) error {
	if r.cfg.Keys == nil {
		return nil
	}
	if !old.listed {
		names, err := clearFiles(r.cfg.Disk)
		if err != nil {
			return err
		}
		old.listed, old.names = true, names
		if len(names) > 0 {
			r.cfg.Log.Info("encrypting the envelopes that were sealed in clear", "files", len(names))
		}
	}
	for began := time.Now(); len(old.names) > 0 && time.Since(began) < time.Second/2; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.encryptFile(old.names[0]); err != nil {
			return fmt.Errorf("encrypting %s: %w", old.names[0], err)
		}
		if old.names = old.names[1:]; len(old.names) == 0 {
			r.cfg.Log.Info("all sealed envelopes are encrypted")
		}
	}
	return nil
}

// clearFiles returns the envelope files that are in clear.
func clearFiles(d Disk) ([]string, error) {
	var names []string
	for c := range event.Class(event.Classes) {
		dir := path.Join(ledger.EnvelopeDir, c.String())
		days, err := fs.ReadDir(d, dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, day := range days {
			files, err := fs.ReadDir(d, path.Join(dir, day.Name()))
			if err != nil {
				return nil, err
			}
			for _, f := range files {
				name := path.Join(dir, day.Name(), f.Name())
				if path.Ext(name) == tempExt {
					continue
				}
				// What cannot be read is for the verifier to say.
				if id, err := ledger.EnvelopeKey(d, name); err == nil && id.IsZero() {
					names = append(names, name)
				}
			}
		}
	}
	return names, nil
}

// encryptFile writes one envelope file anew, encrypted.
func (r *Recorder) encryptFile(name string) error {
	r.sealMu.Lock()
	defer r.sealMu.Unlock()
	old, err := r.cfg.Disk.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed since it was listed
	}
	if err != nil {
		return err
	}
	defer old.Close()
	info, err := old.Stat()
	if err != nil {
		return err
	}
	at, ok := old.(io.ReaderAt)
	if !ok {
		return errors.New("its file system cannot read at an offset")
	}
	from, err := ledger.NewEnvelopeReader(at, info.Size(), name, r.cfg.ledgerKeys())
	if err != nil {
		return err
	}
	s := &sealing{cfg: &r.cfg, envelopes: make(map[string]*envelopeFile)}
	defer s.drop()
	for i := range from.Blocks() {
		envs, err := from.Block(i)
		if err != nil {
			return err
		}
		for _, e := range envs {
			if err := s.addEnvelope(name, e.N, e.Envelope); err != nil {
				return err
			}
		}
	}
	f := s.envelopes[name]
	if f == nil {
		return nil // it has none
	}
	if err := s.keep(f.blockFile); err != nil {
		return err
	}
	if err := r.cfg.Disk.SyncDir(path.Dir(name)); err != nil {
		return err
	}
	return r.cfg.retire(name, f.key.ID())
}
