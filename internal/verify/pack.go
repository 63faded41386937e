package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/ledger"
)

// runPack verifies an evidence pack.
func runPack(name string, o Options, stdout, stderr io.Writer) int {
	fail := func(format string, args ...any) int {
		fmt.Fprintf(stderr, "gatebook-verify: "+format+"\n", args...)
		return Unreadable
	}
	opts := evidence.Options{Key: o.Key}
	for _, name := range o.Since {
		b, err := os.ReadFile(name)
		if err != nil {
			return fail("reading the older checkpoint: %v", err)
		}
		opts.Since = append(opts.Since, b)
	}
	var asked ledger.VerifyOptions
	if err := o.witnesses(&asked); err != nil {
		return fail("%v", err)
	}
	opts.Witnesses, opts.Quorum = asked.Witnesses, asked.Quorum
	f, err := os.Open(name)
	if err != nil {
		return fail("opening the pack: %v", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fail("opening the pack: %v", err)
	}
	rep, err := evidence.Verify(f, info.Size(), opts)
	if err != nil {
		return fail("%s: %v", name, err)
	}
	if o.JSON {
		printPackJSON(stdout, rep)
	} else {
		PrintPack(stdout, rep, o.Quiet)
	}
	return PackCode(rep)
}

// PackCode returns the exit code of a report.
func PackCode(r *evidence.Report) int {
	switch {
	case !r.OK():
		return Broken
	case len(r.Unchecked) > 0:
		return Unreadable
	}
	return Intact
}

// PrintPack prints the report of a pack in sentences; if quiet, only what does
// not hold.
func PrintPack(w io.Writer, r *evidence.Report, quiet bool) {
	show := func(mark, text string) { fmt.Fprintf(w, "%-11s %s\n", mark, plain(text)) }
	for _, f := range r.Findings {
		switch {
		case !f.Holds:
			show("BROKEN", f.Text)
		case !quiet:
			show("holds", f.Text)
		}
	}
	for _, s := range r.Unchecked {
		show("UNCHECKED", s)
	}
	if quiet {
		return
	}
	for _, s := range r.Limits {
		show("note", s)
	}
	switch PackCode(r) {
	case Intact:
		show("INTACT", "the evidence pack holds")
	case Broken:
		show("BROKEN", "the evidence pack does not hold")
	default:
		show("UNKNOWN", "the pack holds, but not all that was asked for could be checked")
	}
}

// plain makes text harmless to a terminal: a pack can be hostile.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func printPackJSON(w io.Writer, r *evidence.Report) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	enc.Encode(struct {
		Result string `json:"result"`
		*evidence.Report
	}{[...]string{"intact", "broken", "unknown"}[PackCode(r)], r})
}
