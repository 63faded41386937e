package report

import (
	"strconv"
	"strings"
	"time"
)

// Document is a report, ready to be laid out.
type Document struct {
	Name    string    `json:"name"`  // of the report, as it was asked for
	Title   string    `json:"title"` // for people
	Made    time.Time `json:"made"`
	By      string    `json:"by"`               // who asked for it
	Role    string    `json:"role"`             // of By
	Reason  string    `json:"reason,omitempty"` // why, in their words; empty: none was given
	Version string    `json:"version"`          // of Gatebook
	Scope   []Pair    `json:"scope"`            // what it is about
	Summary []string  `json:"summary"`          // the findings, in sentences
	Tables  []Table   `json:"tables"`           // the figures behind them
	Method  []string  `json:"method"`           // how it was computed
	Limits  []string  `json:"limits"`           // what it cannot say
	Terms   []Pair    `json:"terms"`            // what the words mean
	Ledger  Ledger    `json:"ledger"`           // what it rests on
	Records Ranges    `json:"-"`                // numbers of the records that are listed one by one
}

// Pair is a name and what belongs to it.
type Pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Table is one table.
type Table struct {
	Title   string     `json:"title"`
	Note    string     `json:"note,omitempty"` // below the title
	Columns []Column   `json:"columns"`
	Rows    [][]string `json:"rows"` // as many cells as columns
	Left    uint64     `json:"left"` // rows that are left out, because the table is full
}

// Column is one column of a table.
type Column struct {
	Name   string `json:"name"`
	Kind   Kind   `json:"kind"`
	Weight int    `json:"-"` // its share of the width
}

// Kind says how the values of a column are written.
type Kind string

// The kinds of column. Values of all kinds are text in the document: numbers
// decimal, times RFC 3339 in UTC; empty is nothing.
const (
	Text   Kind = "text"
	Number Kind = "number"
	Time   Kind = "time"
)

// Ledger is what a report rests on.
type Ledger struct {
	Origin     string   `json:"origin"`     // names the ledger
	Key        string   `json:"key"`        // public key that signs its checkpoints
	Size       uint64   `json:"size"`       // records under the checkpoint
	Root       string   `json:"root"`       // of the tree, base64
	Checkpoint string   `json:"checkpoint"` // signed, with any cosignatures
	Signatures []string `json:"signatures"` // the names of its signers; the first is the ledger's own
	First      uint64   `json:"first"`      // the records from this number on were read
	Records    uint64   `json:"records"`    // how many
	Bad        uint64   `json:"bad"`        // of these, how many could not be read or are not what was sealed
	Problems   []string `json:"problems"`   // the first of them
}

// Show returns a value as people read it.
func (k Kind) Show(v string) string {
	switch k {
	case Number:
		return group(v)
	case Time:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Format("2006-01-02 15:04:05")
		}
	}
	return v
}

// group puts commas between groups of three digits.
func group(digits string) string {
	whole, rest := digits, ""
	if i := strings.IndexByte(digits, '.'); i >= 0 {
		whole, rest = digits[:i], digits[i:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return whole + rest
}

// count writes a number with its noun: "1 call", "2,000 calls".
func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return group(number(n)) + " " + many
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// stamp writes a time for a cell.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// moment writes a time for a sentence.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// percent writes a share.
func percent(part, whole uint64) string {
	if whole == 0 {
		return "0 %"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + " %"
}

// Ranges collects numbers of records.
type Ranges []uint64
