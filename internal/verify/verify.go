// Package verify is the command gatebook-verify, and the verb of the same
// name of gatebook: it prints what [ledger.Verify] found in a ledger, or
// [evidence.Verify] in an evidence pack, for people or for programs.
//
// It promises the exit codes 0 (the evidence holds), 1 (it does not) and 2 (it
// could not be read, or the command was wrong), and reaches nothing but
// packages event, ledger, evidence, internal/query, and the packages that read
// the keys of an encrypted ledger: no network, no server.
package verify

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// Exit codes.
const (
	Intact     = 0 // all could be read, and the evidence holds
	Broken     = 1 // the evidence does not hold
	Unreadable = 2 // not all could be read, or the command was wrong
)

const usage = `usage: gatebook-verify [flags] DIRECTORY
       gatebook-verify [flags] PACK.zip

Checks that a ledger of Gatebook is complete and unchanged, or that an evidence
pack holds. DIRECTORY is a data directory, a copy of one, or the ledger folder
in it. Nothing is written, and no network is used.

  --key KEY         the public key that the ledger must be signed with
                    (default: the one that the ledger names)
  --since FILE      a signed checkpoint, saved earlier, that the ledger must
                    continue; may be given several times
  --witness KEY     the public key of a witness that must vouch for the ledger;
                    may be given several times
  --quorum K        how many of the witnesses must have cosigned (default: all)
  --tolerance D     how far the times of records may be from those of witnesses
                    and of their neighbours (default: 1m)
  --encryption-key FILE
                    the key file, or age identity, of an encrypted ledger
  --data-keys DIR   the folder of its data keys (default for both: those in the
                    data directory; without them the content of envelopes is
                    not checked)
  --headers-only    leave the envelopes (who, what, payload) of a ledger unread
  --decode          also decode each header of a ledger strictly
  --json            print one JSON object
  --quiet           print nothing but problems

Exit status: 0 the evidence holds, 1 it does not, 2 it could not be read.
`

// Main runs the command with the given arguments, and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	var o Options
	var since, witnesses stringList
	flags := flag.NewFlagSet("gatebook-verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.Key, "key", "", "")
	flags.Var(&since, "since", "")
	flags.Var(&witnesses, "witness", "")
	flags.IntVar(&o.Quorum, "quorum", 0, "")
	flags.DurationVar(&o.Tolerance, "tolerance", 0, "")
	flags.StringVar(&o.KeyFile, "encryption-key", "", "")
	flags.StringVar(&o.KeysDir, "data-keys", "", "")
	flags.BoolVar(&o.HeadersOnly, "headers-only", false, "")
	flags.BoolVar(&o.Decode, "decode", false, "")
	flags.BoolVar(&o.JSON, "json", false, "")
	flags.BoolVar(&o.Quiet, "quiet", false, "")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return Intact
	}
	if err == nil && flags.NArg() != 1 {
		err = fmt.Errorf("want one directory or pack, got %d arguments", flags.NArg())
	}
	if err != nil {
		fmt.Fprintf(stderr, "gatebook-verify: %v\n\n%s", err, usage)
		return Unreadable
	}
	o.Since, o.Witnesses = since, witnesses
	return Run(flags.Arg(0), o, stdout, stderr)
}

type stringList []string

func (l *stringList) String() string     { return "" }
func (l *stringList) Set(s string) error { *l = append(*l, s); return nil }

// Options are those of the command; see its usage.
type Options struct {
	Key                              string
	Since                            []string // names of files
	Witnesses                        []string // public keys
	Quorum                           int
	Tolerance                        time.Duration
	KeyFile, KeysDir                 string // of an encrypted ledger; see its usage
	HeadersOnly, Decode, JSON, Quiet bool
	Progress                         func(done, total uint64) // may be nil
}

// Run verifies the ledger in dir, or the evidence pack if it is a file, prints
// the result, and returns the exit code.
func Run(dir string, o Options, stdout, stderr io.Writer) int {
	if info, err := os.Stat(dir); err == nil && info.Mode().IsRegular() {
		return runPack(dir, o, stdout, stderr)
	}
	opts := ledger.VerifyOptions{Key: o.Key, SkipEnvelopes: o.HeadersOnly, Decode: o.Decode, Parallel: Parallel, Progress: o.Progress}
	for _, name := range o.Since {
		b, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintf(stderr, "gatebook-verify: reading the older checkpoint: %v\n", err)
			return Unreadable
		}
		opts.Since = append(opts.Since, b)
	}
	if err := o.witnesses(&opts); err != nil {
		fmt.Fprintf(stderr, "gatebook-verify: %v\n", err)
		return Unreadable
	}
	root, err := LedgerDir(dir)
	if err != nil {
		fmt.Fprintf(stderr, "gatebook-verify: %v\n", err)
		return Unreadable
	}
	if opts.Keys, err = o.keys(dir); err != nil {
		fmt.Fprintf(stderr, "gatebook-verify: %v\n", err)
		return Unreadable
	}
	report := ledger.Verify(os.DirFS(root), opts)
	if o.JSON {
		printJSON(stdout, report)
	} else {
		printText(stdout, report, o)
	}
	return Code(report)
}

// Code returns the exit code of a report.
func Code(r *ledger.Report) int {
	switch {
	case len(r.Problems) > 0:
		return Broken
	case len(r.Unreadable) > 0:
		return Unreadable
	}
	return Intact
}

// LedgerDir returns the ledger's folder in dir, or dir if it is one.
func LedgerDir(dir string) (string, error) {
	if _, err := os.ReadDir(dir); err != nil {
		return "", fmt.Errorf("opening the ledger: %w", err)
	}
	inner := filepath.Join(dir, "ledger")
	if info, err := os.Stat(inner); err == nil && info.IsDir() {
		return inner, nil
	}
	for _, name := range []string{ledger.FormatFile, ledger.CheckpointFile, ledger.JournalDir, ledger.SealedDir} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s holds no ledger: give the data directory of Gatebook, or a copy of it", dir)
}

// Parallel calls do(0), …, do(n-1) on as many goroutines as there are
// processors, and returns when all have returned.
func Parallel(n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				do(i)
			}
		})
	}
	wg.Wait()
}

func printText(w io.Writer, r *ledger.Report, o Options) {
	for _, p := range r.Problems {
		fmt.Fprintf(w, "CHANGED     %s\n", p)
	}
	for _, p := range r.Unreadable {
		fmt.Fprintf(w, "UNREADABLE  %s\n", p)
	}
	if o.Quiet {
		return
	}
	printLosses(w, r.Losses, maxLines)
	printClock(w, r.Clock, maxLines)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note        %s\n", n)
	}
	fmt.Fprintf(w, "ledger      %s\nkey         %s\n", r.Format.Origin, r.Format.Key)
	fmt.Fprintf(w, "checkpoint  %d records, root %s\n", r.Checkpoint.Size, r.Checkpoint.Root)
	for _, c := range r.Since {
		fmt.Fprintf(w, "since       %d records, root %s\n", c.Size, c.Root)
	}
	printWitnesses(w, r)
	fmt.Fprintf(w, "read        %d records, %d envelopes\n", r.Size, r.Envelopes)
	if text := r.RemovedText(); text != "" {
		fmt.Fprintf(w, "removed     %s\n", text)
	}
	switch Code(r) {
	case Intact:
		fmt.Fprintln(w, "INTACT      every record is the one that was sealed, none is missing")
	case Broken:
		fmt.Fprintf(w, "BROKEN      the evidence does not hold: %d problems\n", len(r.Problems))
	default:
		fmt.Fprintf(w, "UNKNOWN     not all could be read: %d files, folders or records\n", len(r.Unreadable))
	}
}

func printJSON(w io.Writer, r *ledger.Report) {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.Encode(map[string]any{
		"result":     [...]string{"intact", "broken", "unreadable"}[Code(r)],
		"origin":     r.Format.Origin,
		"key":        r.Format.Key,
		"checkpoint": map[string]any{"size": r.Checkpoint.Size, "root": r.Checkpoint.Root.String()},
		"records":    r.Size,
		"envelopes":  r.Envelopes,
		"locked":     r.Locked,
		"witnesses":  witnessesJSON(r),
		"witnessed":  witnessedJSON(r),
		"stamped":    stampedJSON(r),
		"lost":       LossesJSON(r.Losses),
		"clock":      ClockJSON(r.Clock),
		"removals":   removals(r.Removals),
		"problems":   problems(r.Problems),
		"unreadable": problems(r.Unreadable),
		"notes":      append([]string{}, r.Notes...),
	})
}

func problems(ps []ledger.Problem) []map[string]string {
	out := make([]map[string]string, len(ps))
	for i, p := range ps {
		out[i] = map[string]string{"file": p.File, "where": p.Where, "what": p.What}
	}
	return out
}

func removals(list []ledger.Removed) []map[string]any {
	out := make([]map[string]any, len(list))
	for i, r := range list {
		out[i] = map[string]any{"decision": r.Number, "name": r.Name, "at": r.At, "decided": r.Count, "missing": r.Missing}
	}
	return out
}
