package reading

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
)

// FollowHeaders calls f with the header of each record from the number from on, up
// to size, for [Decision] to say what it decides. It returns the number of the
// next record, which is from if there was nothing to read. The ledger is
// refreshed if it has fewer records than size, and what it lacks then is left
// for the next time. An error of f ends it. When it takes long, as it does over
// millions of records, log is told now and then how far it is; nil: nobody is.
func FollowHeaders(ctx context.Context, l *ledger.Ledger, from, size uint64, log *slog.Logger, f func(n uint64, header []byte) error) (next uint64, err error) {
	if l.Size() < size {
		if err := l.Refresh(); err != nil {
			return from, err
		}
	}
	size = min(size, l.Size())
	if from >= size {
		return from, nil
	}
	told := time.Now()
	return size, l.Headers(from, size, func(n uint64, header []byte) error {
		if n%tellEach == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if now := time.Now(); log != nil && now.Sub(told) > patience {
				log.Info("reading the record", "at", n, "of", size)
				told = now
			}
		}
		return f(n, header)
	})
}

// A reader of headers looks at the clock after so many, and says how far it is
// after so long.
const (
	tellEach = 1024
	patience = 5 * time.Second
)

// Decision decodes the header of a decision that Gatebook itself has sealed, and
// returns the facts of it by their names. It returns nil for every other header,
// and for one that cannot be read, of which the verifier tells.
func Decision(header []byte) (h *event.Header, facts map[string]string) {
	if !bytes.Contains(header[:min(len(header), 96)], []byte(`,"kind":"decision"`)) {
		return nil, nil
	}
	h, err := event.DecodeHeader(header)
	if err != nil || h.Note == nil || h.Capture.Method != "self" {
		return nil, nil
	}
	facts = make(map[string]string, len(h.Note.Facts))
	for _, f := range h.Note.Facts {
		facts[f.Name] = f.Value
	}
	return h, facts
}
