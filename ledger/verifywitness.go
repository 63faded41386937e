package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// WitnessReport is what a witness vouches for.
type WitnessReport struct {
	Witness *WitnessKey
	Newest  Checkpoint // the largest that it cosigned, of those that fit the records; size 0: none
	At      time.Time  // when
}

// Vouched is the newest checkpoint that the wanted number of witnesses
// cosigned and that fits the records.
type Vouched struct {
	Checkpoint
	At time.Time // by then the wanted number had cosigned
}

// witnessFiles is what is there of cosigned checkpoints when a verification
// begins. It is looked at before everything else: a server publishes first, and
// has cosigned then.
type witnessFiles struct {
	newest  []byte // content of WitnessedFile; nil: not there
	history []historyFile
	stamped []uint64 // sizes of time-stamped checkpoints
}

// historyFile is a file of CosignedDir, which grows at its end.
type historyFile struct {
	name string
	size int64
}

func (v *verifier) openWitnessed() {
	b, err := readSmall(v.fsys, WitnessedFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(WitnessedFile, "", err)
	}
	v.witnesses.newest = b
	entries, err := fs.ReadDir(v.fsys, CosignedDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		v.problem(CosignedDir, "", err)
	}
	for _, e := range entries {
		name := path.Join(CosignedDir, e.Name())
		if _, err := time.Parse(time.DateOnly, e.Name()); err != nil {
			if path.Ext(name) != TempExt {
				v.leftOver([]string{name})
			}
			continue
		}
		info, err := e.Info()
		if err != nil {
			v.problem(name, "", err)
			continue
		}
		v.witnesses.history = append(v.witnesses.history, historyFile{name, info.Size()})
	}
}

// source is a cosigned checkpoint and where it stands.
type source struct {
	name, where string
	given       bool // by the caller: no part of the ledger
	note        []byte
	cosigned    Cosigned
	err         error
	root        Hash // of as many records, once the tree is there
	known       bool // there are as many, and all could be read
}

// expectWitnessed reads all cosigned checkpoints, and says which roots the tree
// must have by them.
func (v *verifier) expectWitnessed() {
	v.cosigned = v.history()
	if v.witnesses.newest != nil {
		v.cosigned = append(v.cosigned, source{name: WitnessedFile, note: v.witnesses.newest})
	}
	for i, b := range v.opts.Since {
		v.cosigned = append(v.cosigned, source{name: sinceName(i), note: b, given: true})
	}
	v.opts.Parallel(len(v.cosigned), func(i int) {
		s := &v.cosigned[i]
		s.cosigned, s.err = ParseCosigned(s.note, v.key, v.opts.Witnesses)
	})
	for i := range v.cosigned {
		if s := &v.cosigned[i]; s.err == nil {
			v.expectRoot(s.cosigned.Size, func(root Hash, known bool) { s.root, s.known = root, known })
		}
	}
}

// witnessed checks all cosigned checkpoints against the records, and what is
// wanted of witnesses.
func (v *verifier) witnessed() {
	sources := v.cosigned
	v.report.Witnessed = make([]WitnessReport, len(v.opts.Witnesses))
	for i, w := range v.opts.Witnesses {
		v.report.Witnessed[i].Witness = w
	}
	quorum := v.quorum()
	var bounds []bound
	var others, before uint64
	for i := range sources {
		s := &sources[i]
		if s.err == nil && !s.given {
			if s.cosigned.Size < before {
				s.err = fmt.Errorf("it is for %d records, but stands after one for %d", s.cosigned.Size, before)
			}
			before = max(before, s.cosigned.Size)
		}
		if s.err == nil && s.cosigned.Unknown > 0 {
			others++
		}
		if v.fits(s) {
			v.credit(&s.cosigned)
			if at, ok := s.cosigned.At(quorum); ok {
				first, _ := s.cosigned.At(1)
				bounds = append(bounds, bound{s.cosigned.Size, first, at})
				if s.cosigned.Size >= v.report.Vouched.Size {
					v.report.Vouched = Vouched{s.cosigned.Checkpoint, at}
				}
			}
		}
	}
	v.bounds = sortBounds(bounds)
	v.vouched(others)
}

// quorum is how many of the witnesses must have cosigned.
func (v *verifier) quorum() int {
	if v.opts.Quorum > 0 {
		return v.opts.Quorum
	}
	return len(v.opts.Witnesses)
}

// history returns the checkpoints of the cosigned history.
func (v *verifier) history() []source {
	var sources []source
	for i, h := range v.witnesses.history {
		if h.size > maxHistory {
			v.wrong(h.name, "", "it has %d bytes: the checkpoints of a day have at most %d", h.size, maxHistory)
			continue
		}
		b, err := readFirst(v.fsys, h.name, h.size)
		if err != nil {
			v.problem(h.name, "", err)
			continue
		}
		notes, rest := SplitCosigned(b)
		for k, n := range notes {
			sources = append(sources, source{name: h.name, where: fmt.Sprintf("checkpoint %d", k), note: n})
		}
		switch {
		case len(rest) == 0:
		case i == len(v.witnesses.history)-1:
			v.report.Notes = append(v.report.Notes, fmt.Sprintf("%s: its end, %d bytes, is not a whole checkpoint: it is taken for a write that was interrupted", h.name, len(rest)))
		default:
			v.wrong(h.name, "", "its end, %d bytes, is not a whole checkpoint", len(rest))
		}
	}
	v.report.History = len(sources)
	return sources
}

// maxHistory is the largest size of a file of cosigned checkpoints: some five
// in each second of its day.
const maxHistory = 1 << 28

// readFirst reads the first size bytes of a file.
func readFirst(fsys fs.FS, name string, size int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, size))
}

// fits compares a cosigned checkpoint with the records. Those that the caller
// gave are compared by since, which reports what is wrong with them.
func (v *verifier) fits(s *source) bool {
	c := &s.cosigned
	if s.err != nil {
		if _, err := ParseCheckpoint(s.note, v.key); !s.given || err == nil {
			v.wrong(s.name, s.where, "%s", s.err)
		}
		return false
	}
	switch {
	case !s.given && v.report.Checkpoint.Origin != "" && c.Size > v.report.Checkpoint.Size:
		v.wrong(s.name, s.where, "it is for %d records%s, but the published checkpoint, which is always the newer one, is for %d: it was replaced by an older one", c.Size, c.by(), v.report.Checkpoint.Size)
		return false
	case len(v.report.Unreadable) > 0:
		return false
	case c.Size > v.report.Size && !s.given:
		v.wrong(s.name, s.where, "it is for %d records%s, but there are only %d: the newest %d records were removed", c.Size, c.by(), v.report.Size, c.Size-v.report.Size)
	case s.known && s.root != c.Root && !s.given:
		v.wrong(s.name, s.where, "the first %d records are not the ones that it was made for%s: the ledger was rewritten, or this is another history", c.Size, c.by())
	}
	return s.known && s.root == c.Root
}

// by says who cosigned, for a sentence.
func (c *Cosigned) by() string {
	if len(c.By) == 0 {
		return ""
	}
	text := ""
	for i, s := range c.By {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("cosigned by %s at %s", s.Witness.Name(), s.Time.Format(time.RFC3339))
	}
	return " (" + text + ")"
}

// credit notes what each witness vouches for.
func (v *verifier) credit(c *Cosigned) {
	for _, s := range c.By {
		for i := range v.report.Witnessed {
			if r := &v.report.Witnessed[i]; r.Witness == s.Witness && c.Size >= r.Newest.Size {
				r.Newest, r.At = c.Checkpoint, s.Time
			}
		}
	}
}

// vouched says whether what was wanted of witnesses is there.
func (v *verifier) vouched(others uint64) {
	n := len(v.opts.Witnesses)
	switch {
	case n == 0 && others > 0:
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("nothing outside vouches for this ledger: %d checkpoints carry cosignatures, which were not checked; give the keys of witnesses that you got another way (--witness)", others))
	case n == 0:
		v.report.Notes = append(v.report.Notes, "nothing outside vouches for this ledger: whoever holds its signing key could have made it anew; witnesses can (--witness)")
	case v.report.Size == 0 || len(v.report.Unreadable) > 0:
	case v.report.Vouched.Size == 0:
		v.wrong(WitnessedFile, "", "no checkpoint of these records is cosigned by %d of the %d witnesses that were named: they do not vouch for this ledger", v.quorum(), n)
	case v.report.Vouched.Size < v.report.Size:
		v.report.Notes = append(v.report.Notes, fmt.Sprintf("the newest %d records, from number %d on, are not cosigned yet; the last cosignature is from %s", v.report.Size-v.report.Vouched.Size, v.report.Vouched.Size, v.report.Vouched.At.Format(time.RFC3339)))
	}
}

func sinceName(i int) string { return fmt.Sprintf("the checkpoint given as number %d", i+1) }
