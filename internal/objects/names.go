package objects

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/disk"
)

// Name is how a principal was called when it was last looked at. The zero Name
// is that of one of whom nothing is known.
type Name struct {
	Subject string `json:"subject,omitempty"` // as the issuer names the principal
	Name    string `json:"name,omitempty"`    // for people
	Email   string `json:"email,omitempty"`
}

const (
	namesName  = "names"
	maxNames   = 100_000
	namesEvery = time.Minute // between two saves while records come
	maxReads   = 256         // names that one question reads from the ledger
)

// known is a name, and where it is from.
type known struct {
	Name
	Number uint64 `json:"number"` // of the record
	Day    string `json:"day"`    // on which its call arrived
}

// names are those of the principals that were seen last: a copy of what is in
// who envelopes, from one record for each principal and day. What is not here is
// read from the ledger.
type names struct {
	view *View

	mu     sync.Mutex // guards what follows
	of     map[string]known
	erased uint64 // how often something was forgotten
	dirty  bool
	saved  time.Time
}

// namesFile is the file, version 1.
type namesFile struct {
	Version int              `json:"version"`
	Names   map[string]known `json:"names"` // by pseudonym
}

func (n *names) clear() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.of, n.dirty = make(map[string]known), true
	n.erased++
}

// load reads the file. Without one, or with another, names are read from the
// ledger as they are needed.
func (n *names) load() {
	n.clear()
	b, err := fs.ReadFile(n.view.cfg.Disk, namesName)
	if err != nil {
		return
	}
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	sum := sha256.Sum256(rest)
	var f namesFile
	if string(line) != hex.EncodeToString(sum[:]) || json.Unmarshal(rest, &f) != nil || f.Version != version || f.Names == nil {
		n.view.cfg.Log.Warn("the names of principals are read from the ledger again: their file is damaged, or of another version")
		return
	}
	n.of, n.dirty = f.Names, false
}

func (n *names) saveSometimes() error {
	n.mu.Lock()
	early := time.Since(n.saved) < namesEvery
	n.mu.Unlock()
	if early {
		return nil
	}
	return n.save()
}

// save writes the file, if there is anything new. The caller holds work.
func (n *names) save() error {
	n.mu.Lock()
	b, err := json.Marshal(namesFile{version, n.of})
	dirty := n.dirty
	n.dirty, n.saved = false, time.Now()
	n.mu.Unlock()
	if !dirty {
		return nil
	}
	if err == nil {
		sum := sha256.Sum256(b)
		err = disk.Replace(n.view.cfg.Disk, ".", namesName, append([]byte(hex.EncodeToString(sum[:])+"\n"), b...))
	}
	if err != nil {
		n.mu.Lock()
		n.dirty = true
		n.mu.Unlock()
		return fmt.Errorf("saving the names of principals: %w", err)
	}
	return nil
}

const dayForm = "2006-01-02"

// see notes the name of who called, once a day. The caller holds work.
func (n *names) see(h *event.Header, number uint64, env *event.Envelope) {
	if h.Principal.ID == "" || env == nil {
		return
	}
	day := h.Arrived.UTC().Format(dayForm)
	n.mu.Lock()
	defer n.mu.Unlock()
	if have, ok := n.of[h.Principal.ID]; ok && have.Day >= day {
		return
	}
	if who, err := event.DecodeWho(env.Data); err == nil {
		n.put(h.Principal.ID, known{Name{who.Subject, who.Name, who.Email}, number, day})
	}
}

// put adds a name, and makes room by dropping the half that is from the oldest
// records. The caller holds mu.
func (n *names) put(id string, k known) {
	n.of[id], n.dirty = k, true
	if len(n.of) <= maxNames {
		return
	}
	numbers := make([]uint64, 0, len(n.of))
	for _, k := range n.of {
		numbers = append(numbers, k.Number)
	}
	slices.Sort(numbers)
	for id, k := range n.of {
		if k.Number < numbers[len(numbers)/2] {
			delete(n.of, id)
		}
	}
}

// Ask is a principal whose name is asked for.
type Ask struct {
	ID     string // pseudonym; empty: nobody is known, and the record says what was claimed
	Number uint64 // of one of its records
}

// Names returns the names of principals, the zero Name where there is none. Up
// to a bound it reads from the ledger those that it does not know.
func (v *View) Names(ctx context.Context, asks []Ask) ([]Name, error) {
	out := make([]Name, len(asks))
	var missing []int
	n := &v.names
	n.mu.Lock()
	erased := n.erased
	for i, a := range asks {
		k, ok := n.of[a.ID]
		if out[i] = k.Name; !ok {
			missing = append(missing, i)
		}
	}
	n.mu.Unlock()
	missing = missing[:min(len(missing), maxReads)]
	slices.SortFunc(missing, func(i, j int) int { return cmp.Compare(asks[i].Number, asks[j].Number) })
	for _, i := range missing {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		k, ok, err := v.readName(asks[i].Number)
		if err != nil {
			return nil, err
		}
		if out[i] = k.Name; !ok || asks[i].ID == "" {
			continue
		}
		n.mu.Lock()
		if _, have := n.of[asks[i].ID]; !have && n.erased == erased {
			n.put(asks[i].ID, k)
		}
		n.mu.Unlock()
	}
	return out, nil
}

// readName reads the name from a record, if it is there.
func (v *View) readName(number uint64) (known, bool, error) {
	if v.cfg.Ledger.Size() <= number {
		if err := v.cfg.Ledger.Refresh(); err != nil {
			return known{}, false, err
		}
	}
	s, err := v.cfg.Ledger.Read(number, event.ClassWho)
	if err != nil {
		return known{}, false, err
	}
	env := s.Envelopes[event.ClassWho]
	if env == nil {
		return known{}, false, nil
	}
	h, err := event.DecodeHeader(s.Header)
	who, err2 := event.DecodeWho(env.Data)
	if errors.Join(err, err2) != nil {
		return known{}, false, nil // whoever shows it says what is wrong with it
	}
	return known{Name{who.Subject, who.Name, who.Email}, number, h.Arrived.UTC().Format(dayForm)}, true, nil
}
