package evidence

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Version is the version of the format that this package writes and reads.
const Version = 1

// formatName begins the format's name, which a number follows.
const formatName = "gatebook-evidence"

// Names of the members of a pack, in the order in which they are in it.
const (
	ReadmeFile     = "README.txt"
	PageFile       = "index.html"
	ManifestFile   = "manifest.json"
	KeyFile        = "key"
	CheckpointFile = "checkpoint"
	LookFile       = "look.jsonl"
	EventsFile     = "events.jsonl"
	TableFile      = "events.csv"
	HeadersFile    = "headers.jsonl"
	ProofFile      = "proof"
)

// member is what the format says of a member.
type member struct {
	name     string
	limit    uint64 // bytes at most
	optional bool
}

// members lists all members. The limits bound what a hostile pack can cost:
// small ones are held in memory, large ones are read line by line.
var members = []member{
	{ReadmeFile, 64 << 10, false},
	{PageFile, 64 << 20, true},
	{ManifestFile, 64 << 10, false},
	{KeyFile, 4 << 10, false},
	{CheckpointFile, 64 << 10, false},
	{LookFile, 256 << 10, false},
	{EventsFile, 2 << 30, false},
	{TableFile, 1 << 30, false},
	{HeadersFile, 2 << 30, true},
	{ProofFile, 128 << 20, false},
}

// Limits of a pack, for whoever writes and whoever reads one.
const (
	MaxEvents  = 100_000   // events
	MaxHeaders = 1_000_000 // records whose headers are enclosed for a complete pack
	maxLine    = 16 << 20  // bytes of a line of events
	maxBounds  = 64        // older trees whose roots the proof gives
	maxPack    = 1 << 30   // bytes of the whole file
)

func memberOf(name string) (member, int) {
	i := slices.IndexFunc(members, func(m member) bool { return m.name == name })
	if i < 0 {
		return member{}, -1
	}
	return members[i], i
}

// ErrVersion is the error of a pack that a newer Gatebook wrote.
var ErrVersion = errors.New("the pack was written by a newer version of Gatebook")

// fault is an error that says that the evidence does not hold; other errors
// mean that the pack could not be read.
type fault struct{ text string }

func (f *fault) Error() string { return f.text }

// sentence returns the text with a capital, unless it begins with the name of a
// member.
func (f *fault) sentence() string {
	first, _, _ := strings.Cut(f.text, " ")
	if _, i := memberOf(strings.TrimSuffix(first, ":")); i >= 0 {
		return f.text
	}
	return strings.ToUpper(f.text[:1]) + f.text[1:]
}

func faultf(format string, args ...any) error { return &fault{fmt.Sprintf(format, args...)} }
