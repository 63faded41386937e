package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// Stamped is the newest time-stamp in the ledger that is of a checkpoint that
// fits the records. Nobody checked its signature.
type Stamped struct {
	Count     int    // of time-stamps
	Size      uint64 // records of the newest; 0: there is none
	Timestamp        // the newest
}

// openStamped lists the time-stamped checkpoints.
func (v *verifier) openStamped() {
	entries, err := fs.ReadDir(v.fsys, StampedDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(StampedDir, "", err)
	}
	for _, e := range entries {
		name := e.Name()
		stem, _, _ := strings.Cut(name, ".")
		n, err := strconv.ParseUint(stem, 10, 64)
		switch {
		case strings.HasSuffix(name, TempExt):
		case err != nil || name != digits(n)+stampedExt && name != digits(n)+tokenExt:
			v.leftOver([]string{StampedDir + "/" + name})
		default:
			v.witnesses.stamped = append(v.witnesses.stamped, n)
		}
	}
	slices.Sort(v.witnesses.stamped)
	v.witnesses.stamped = slices.Compact(v.witnesses.stamped)
}

// expectStamped reads the time-stamped checkpoints, and asks for the roots that
// they must have.
func (v *verifier) expectStamped() {
	for _, n := range v.witnesses.stamped {
		signed, err := fs.ReadFile(v.fsys, StampedName(n))
		if errors.Is(err, fs.ErrNotExist) {
			v.wrong(StampedName(n), "", "it is missing, but its time-stamp is there")
			continue
		}
		if err != nil {
			v.problem(StampedName(n), "", err)
			continue
		}
		s := &source{name: StampedName(n), note: signed}
		if s.cosigned, s.err = ParseCosigned(signed, v.key, v.opts.Witnesses); s.err == nil && s.cosigned.Size != n {
			s.err = fmt.Errorf("it is for %d records, its name says %d", s.cosigned.Size, n)
		}
		if s.err == nil {
			v.expectRoot(n, func(root Hash, known bool) { s.root, s.known = root, known })
		}
		v.stamps = append(v.stamps, s)
	}
}

// stamped checks the time-stamped checkpoints, but not who signed the
// time-stamps.
func (v *verifier) stamped() {
	for _, s := range v.stamps {
		if !v.fits(s) {
			continue
		}
		n := s.cosigned.Size
		token, err := fs.ReadFile(v.fsys, TokenName(n))
		if errors.Is(err, fs.ErrNotExist) {
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("%s has no time-stamp: its making was interrupted", s.name))
			continue
		}
		if err != nil {
			v.problem(TokenName(n), "", err)
			continue
		}
		t, err := ParseTimestamp(token)
		switch {
		case err != nil:
			v.wrong(TokenName(n), "", "%s", err)
		case !t.Covers(s.note):
			v.wrong(TokenName(n), "", "it is not the time-stamp of %s", s.name)
		default:
			v.report.Stamped.Count++
			v.report.Stamped.Size, v.report.Stamped.Timestamp = n, *t
		}
	}
}
