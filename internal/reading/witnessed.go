package reading

import (
	"errors"
	"io/fs"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// Stale is how old a cosigned checkpoint may be before outsiders are shown the
// newest one instead, without cosignatures.
const Stale = time.Minute

// Witnessed returns the newest checkpoint that enough witnesses cosigned, with
// the cosignatures. It is public, and no look is recorded. If there is none the
// error wraps [fs.ErrNotExist].
func (r *Room) Witnessed() (ledger.Checkpoint, []byte, error) {
	c, signed, err := r.cfg.Ledger.Witnessed()
	if err == nil && c.Size > r.cfg.Ledger.Size() {
		err = r.cfg.Ledger.Refresh()
	}
	return c, signed, err
}

// Shown returns the checkpoint to show to outsiders: the newest that witnesses
// cosigned, or the newest published one, if that has more records and the
// cosignatures are older than [Stale]. No look is recorded.
func (r *Room) Shown() (ledger.Checkpoint, []byte, error) {
	w, cosigned, werr := r.Witnessed()
	c, signed, err := r.Checkpoint()
	switch {
	case werr != nil && !errors.Is(werr, fs.ErrNotExist):
		return w, nil, werr
	case err != nil || werr != nil:
		return c, signed, err
	case w.Size >= c.Size, r.cfg.Now().Sub(ledger.ClaimedTime(cosigned)) < Stale:
		return w, cosigned, nil
	}
	return c, signed, nil
}

// Key returns the public key that the ledger names, as C2SP signed-note writes
// it.
func (r *Room) Key() string { return r.cfg.Ledger.Format().Key }

// provenBy returns the checkpoint for the proof of record n: one that witnesses
// cosigned, if that covers it.
func (r *Room) provenBy(n uint64) (ledger.Checkpoint, []byte, error) {
	c, signed, err := r.Witnessed()
	if err == nil && n < c.Size || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, signed, err
	}
	return r.Checkpoint()
}
