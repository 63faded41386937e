package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatebook/gatebook/event"
)

// Names of files and folders in a ledger.
const (
	FormatFile     = "format"
	CheckpointFile = "checkpoint"
	WitnessedFile  = "witnessed" // the newest checkpoint that enough witnesses cosigned
	CosignedDir    = "cosigned"  // older ones, in a file for each UTC day, as AppendCosigned writes them
	StampedDir     = "stamped"   // checkpoints that a time-stamp authority stamped, and the time-stamps
	JournalDir     = "journal"
	SealedDir      = "sealed"
	EnvelopeDir    = "envelope"
	TileDir        = "tile"

	journalExt = ".journal"
	sealedExt  = ".entries"
	envExt     = ".env"
	stampedExt = ".checkpoint"
	tokenExt   = ".tsr"
)

// BlockRecords is the number of records in a sealed block and of hashes in a
// full tile.
const BlockRecords = 256

// JournalName returns the name of the journal segment whose first record is n.
func JournalName(n uint64) string { return path.Join(JournalDir, digits(n)+journalExt) }

// SealedName returns the name of the sealed segment whose first record is n.
func SealedName(n uint64) string { return path.Join(SealedDir, digits(n)+sealedExt) }

// EnvelopeName returns the name of the file that holds the envelopes of class c
// of the events that arrived on day (UTC) in the sealed segment whose first
// record is n.
func EnvelopeName(c event.Class, day string, n uint64) string {
	return path.Join(EnvelopeDir, c.String(), day, digits(n)+envExt)
}

// envelopePlace returns the class and the day in the name of an envelope file.
func envelopePlace(name string) (event.Class, string) {
	parts := strings.Split(name, "/")
	class, _ := event.ParseClass(parts[1])
	return class, parts[2]
}

// Day returns the UTC day of t as envelope folders are named.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// TileName returns the name of the flat file of the hashes at the given tile
// level: hash i is at offset 32·i and is the root of the records
// [i·256^level, (i+1)·256^level).
func TileName(level int) string { return path.Join(TileDir, strconv.Itoa(level)) }

func digits(n uint64) string { return fmt.Sprintf("%020d", n) }

// listSegments returns the first records of the segments in dir, ascending. A
// folder that is not there has none. Names that are not ours are returned in
// strange.
func listSegments(fsys fs.FS, dir, ext string) (firsts []uint64, strange []string, err error) {
	entries, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ext)
		n, err := strconv.ParseUint(name, 10, 64)
		if !ok || err != nil || digits(n) != name {
			if !strings.HasSuffix(e.Name(), TempExt) {
				strange = append(strange, path.Join(dir, e.Name()))
			}
			continue
		}
		firsts = append(firsts, n)
	}
	slices.Sort(firsts)
	return firsts, strange, nil
}

// TempExt ends the name of a file that was not finished; it is no part of the
// ledger.
const TempExt = ".tmp"
