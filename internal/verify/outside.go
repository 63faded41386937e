package verify

import (
	"fmt"
	"io"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// maxLines bounds the lines of a kind that are printed beside the result.
const maxLines = 10

// witnesses takes the options about witnesses into those of the ledger.
func (o *Options) witnesses(opts *ledger.VerifyOptions) error {
	for _, key := range o.Witnesses {
		k, err := ledger.ParseWitnessKey(key)
		if err != nil {
			return fmt.Errorf("--witness: %w", err)
		}
		for _, other := range opts.Witnesses {
			if other.String() == k.String() {
				return fmt.Errorf("--witness: %s is given twice", k.Name())
			}
		}
		opts.Witnesses = append(opts.Witnesses, k)
	}
	if o.Quorum < 0 || o.Quorum > len(opts.Witnesses) {
		return fmt.Errorf("--quorum: %d of %d witnesses cannot be: name more with --witness, or ask for fewer", o.Quorum, len(opts.Witnesses))
	}
	if o.Tolerance < 0 {
		return fmt.Errorf("--tolerance: %s is negative", o.Tolerance)
	}
	opts.Quorum, opts.Tolerance = o.Quorum, o.Tolerance
	return nil
}

func printWitnesses(w io.Writer, r *ledger.Report) {
	for _, c := range r.Witnessed {
		if c.Newest.Size == 0 {
			fmt.Fprintf(w, "witness     %s cosigned nothing that fits these records\n", c.Witness.Name())
			continue
		}
		fmt.Fprintf(w, "witness     %s cosigned %d records at %s\n", c.Witness.Name(), c.Newest.Size, c.At.Format(time.RFC3339))
	}
	if r.Vouched.Size > 0 {
		fmt.Fprintf(w, "witnessed   %d records existed as they are at %s\n", r.Vouched.Size, r.Vouched.At.Format(time.RFC3339))
	}
	if s := r.Stamped; s.Count > 0 {
		fmt.Fprintf(w, "stamped     %d records existed as they are at %s, says a time-stamp; who signed it was not checked:\n            openssl ts -verify -data %s -in %s -CAfile AUTHORITY.pem\n",
			s.Size, s.Time.Format(time.RFC3339), ledger.StampedName(s.Size), ledger.TokenName(s.Size))
	}
}

func printLosses(w io.Writer, losses []ledger.Loss, most int) {
	for i, l := range losses {
		if i == most {
			fmt.Fprintf(w, "lost        and %d more: gatebook gaps lists them\n", len(losses)-most)
			return
		}
		fmt.Fprintf(w, "lost        %s\n", LossText(l))
	}
}

// LossText says in a sentence what is known of a loss.
func LossText(l ledger.Loss) string {
	span := fmt.Sprintf("%s to %s", stamp(l.From), stamp(l.To))
	switch l.Reason {
	case ledger.EndedWithoutStop:
		return fmt.Sprintf("%s: %s ended without a word, so that what it had not written then is lost; the next start is record %d", span, l.Edge, l.Record)
	case ledger.MissingNumbers:
		return fmt.Sprintf("about %s: %d events of %s are missing, numbers %d to %d of its own count", span, l.Count, l.Edge, l.First, l.Last)
	}
	return fmt.Sprintf("%s: %d calls were served and not recorded: %s (record %d)", span, l.Count, l.Reason, l.Record)
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func printClock(w io.Writer, states []ledger.ClockState, most int) {
	for i, s := range states {
		if i == most {
			fmt.Fprintf(w, "clock       and %d more: gatebook clock lists them\n", len(states)-most)
			return
		}
		fmt.Fprintf(w, "clock       %s\n", ClockText(s))
	}
}

// ClockText says in a sentence what is known of the clock.
func ClockText(s ledger.ClockState) string {
	to := "the end of the record"
	if !s.To.IsZero() {
		to = stamp(s.To)
	}
	return fmt.Sprintf("%s to %s: %s (record %d)", stamp(s.From), to, s.What, s.Record)
}

func witnessesJSON(r *ledger.Report) []map[string]any {
	out := make([]map[string]any, len(r.Witnessed))
	for i, c := range r.Witnessed {
		out[i] = map[string]any{"name": c.Witness.Name(), "key": c.Witness.String(), "size": c.Newest.Size}
		if c.Newest.Size > 0 {
			out[i]["time"] = c.At.Format(time.RFC3339)
		}
	}
	return out
}

func stampedJSON(r *ledger.Report) any {
	if r.Stamped.Count == 0 {
		return nil
	}
	return map[string]any{"count": r.Stamped.Count, "size": r.Stamped.Size, "time": r.Stamped.Time.Format(time.RFC3339)}
}

func witnessedJSON(r *ledger.Report) any {
	if r.Vouched.Size == 0 {
		return nil
	}
	return map[string]any{"size": r.Vouched.Size, "time": r.Vouched.At.Format(time.RFC3339)}
}

// LossesJSON returns losses as objects for JSON.
func LossesJSON(losses []ledger.Loss) []map[string]any {
	out := make([]map[string]any, len(losses))
	for i, l := range losses {
		out[i] = map[string]any{"reason": l.Reason, "from": stamp(l.From), "to": stamp(l.To)}
		if l.Count > 0 {
			out[i]["count"] = l.Count
		}
		if l.Edge != "" {
			out[i]["edge"] = l.Edge
		}
		if l.Reason == ledger.MissingNumbers {
			out[i]["first"], out[i]["last"] = l.First, l.Last
			continue
		}
		out[i]["record"] = l.Record
	}
	return out
}

// ClockJSON returns states of the clock as objects for JSON.
func ClockJSON(states []ledger.ClockState) []map[string]any {
	out := make([]map[string]any, len(states))
	for i, s := range states {
		out[i] = map[string]any{"from": stamp(s.From), "what": s.What, "record": s.Record}
		if !s.To.IsZero() {
			out[i]["to"] = stamp(s.To)
		}
	}
	return out
}
