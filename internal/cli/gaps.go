package cli

import (
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

// offline are the flags of the verbs that read the ledger's files alone.
type offline struct {
	data string
	json bool
	utc  bool
}

func (o *offline) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.data, "data", "./gatebook-data", "the data `directory`, or a copy of it")
	f.BoolVar(&o.json, "json", false, "print JSON lines")
	f.BoolVar(&o.utc, "utc", false, "print times in UTC")
}

// headers verifies the ledger but its envelopes, and says on the standard error
// if that does not hold.
func (p *Program) headers(o *offline) (*ledger.Report, error) {
	root, err := verify.LedgerDir(o.data)
	if err != nil {
		return nil, err
	}
	r := ledger.Verify(os.DirFS(root), ledger.VerifyOptions{SkipEnvelopes: true, Parallel: verify.Parallel})
	if p.code = verify.Code(r); p.code != ExitOK {
		fmt.Fprintln(p.Stderr, "gatebook: the ledger does not hold as it is, so that this may be wrong: run gatebook verify")
	}
	return r, nil
}

func (p *Program) gapsCmd() *cobra.Command {
	var o offline
	c := &cobra.Command{
		Use:   "gaps",
		Short: "List what is known to be missing from the record, and why",
		Long: `List what is known to be missing from the record, and why, from the headers in
the ledger's files alone:

- gap events: calls that were served while they could not be recorded
  (queue-full, disk-full, disk-error, not-encodable);
- processes that ended without a stop (ended-without-stop): what they had not
  written then is lost, how much is not known;
- holes in the numbers that each capturing process counts its events with
  (missing-numbers). Events that a gap event counts are among them. While
  Gatebook runs, the newest numbers may still be on their way.

Exit codes: 0 also if something is missing; 1 the ledger does not hold.`,
		Args: cobra.NoArgs,
	}
	o.flags(c)
	c.RunE = func(*cobra.Command, []string) error {
		r, err := p.headers(&o)
		if err != nil {
			return err
		}
		if o.json {
			return p.objects(verify.LossesJSON(r.Losses))
		}
		if len(r.Losses) == 0 {
			fmt.Fprintf(p.Stderr, "nothing is known to be missing from %d records\n", r.Size)
			return nil
		}
		w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FROM\tTO\tCOUNT\tREASON\tOF")
		for _, l := range r.Losses {
			count, of := "unknown", fmt.Sprintf("record %d", l.Record)
			if l.Count > 0 {
				count = fmt.Sprint(l.Count)
			}
			switch l.Reason {
			case ledger.MissingNumbers:
				of = fmt.Sprintf("%s, numbers %d to %d", clean(l.Edge), l.First, l.Last)
			case ledger.EndedWithoutStop:
				of = fmt.Sprintf("%s, before %s", clean(l.Edge), of)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.when(l.From, o.utc), p.when(l.To, o.utc), count, clean(l.Reason), of)
		}
		return w.Flush()
	}
	return c
}

func (p *Program) clockCmd() *cobra.Command {
	var o offline
	c := &cobra.Command{
		Use:   "clock",
		Short: "List when the clock of the record had no source, and when it jumped",
		Long: `List when the clock of the record had no source, and when it jumped, as its
clock events in the ledger's files tell it.

Exit codes: 0 also if it did; 1 the ledger does not hold.`,
		Args: cobra.NoArgs,
	}
	o.flags(c)
	c.RunE = func(*cobra.Command, []string) error {
		r, err := p.headers(&o)
		if err != nil {
			return err
		}
		if o.json {
			return p.objects(verify.ClockJSON(r.Clock))
		}
		if len(r.Clock) == 0 {
			fmt.Fprintf(p.Stderr, "the clock had a source, and did not jump, through %d records\n", r.Size)
			return nil
		}
		w := tabwriter.NewWriter(p.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "FROM\tTO\tRECORD\tWHAT")
		for _, s := range r.Clock {
			to := "the end"
			if !s.To.IsZero() {
				to = p.when(s.To, o.utc)
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", p.when(s.From, o.utc), to, s.Record, s.What)
		}
		return w.Flush()
	}
	return c
}

// objects prints a line of JSON for each.
func (p *Program) objects(list []map[string]any) error {
	enc := lines(p.Stdout)
	for _, o := range list {
		if err := enc.Encode(o); err != nil {
			return err
		}
	}
	return nil
}

// when is a time for people.
func (p *Program) when(t time.Time, utc bool) string {
	if t.IsZero() {
		return "unknown"
	}
	if utc {
		t = t.UTC()
	} else {
		t = t.In(p.Zone)
	}
	return t.Format("2006-01-02 15:04:05.000")
}
