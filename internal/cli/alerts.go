package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/ledger"
)

// levelsText lists the levels of rules for the help of a flag.
var levelsText = strings.Join(detect.Levels, ", ")

func (p *Program) alertsFindingsCmd() *cobra.Command {
	var t target
	var o output
	var rule, level, about, since, until string
	var all, oldest bool
	var limit int
	c := &cobra.Command{
		Use:   "findings",
		Short: "List what the rules found",
		Long: "List what the rules found, the newest first.\n\n" +
			"With --json, one finding a line, as gatebook rules run writes it. With --oldest, in the order in which they were found: for the same rules and the same --lateness that is what gatebook rules run finds in the ledger, byte for byte.",
		Example: "  gatebook alerts findings\n  gatebook alerts findings --level high --since 7d\n  gatebook alerts findings --oldest --limit 0 --json",
		Args:    cobra.NoArgs,
	}
	t.flags(c)
	f := c.Flags()
	f.StringVar(&rule, "rule", "", "only those of the rule of this `name`")
	f.StringVar(&about, "about", "", "only those about one of these `values`, with commas: an id, an app, a fingerprint or an address, as the column about has it")
	f.StringVar(&level, "level", "", "only those of this `level` or a higher one: "+levelsText)
	f.StringVar(&since, "since", "", "only those of which the last event was after this `time`: 7d, 2026-01-31, 2026-01-31T12:00")
	f.StringVar(&until, "until", "", "only those of which the last event was before this `time`")
	f.BoolVar(&all, "all", false, "also those that were superseded: they were made early, and did not hold in the order of the ledger")
	f.BoolVar(&oldest, "oldest", false, "the oldest first")
	f.IntVar(&limit, "limit", 50, "so many at most; 0: all")
	o.flags(c, "table, json, csv")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		q := url.Values{"order": {"newest"}, "all": {strconv.FormatBool(all)}, "limit": {"500"}}
		if oldest {
			q.Set("order", "oldest")
		}
		if limit > 0 && limit < 500 {
			q.Set("limit", strconv.Itoa(limit))
		}
		if err := p.set(q, map[string]string{"rule": rule, "level": level, "about": about}, map[string]string{"from": since, "to": until}); err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		shown := 0
		var rows [][]cell
		for {
			var page alert.Findings
			if err := from.get(c.Context(), "/api/v1/findings", q, &page); err != nil {
				return err
			}
			for _, k := range page.Findings {
				if o.form == "json" {
					err = lines(p.Stdout).Encode(k.Finding)
				} else {
					var row []cell
					row, err = findingRow(p.look(&o), k.Finding)
					rows = append(rows, row)
				}
				if err != nil {
					return err
				}
				if shown++; shown == limit {
					page.Next = ""
					break
				}
			}
			if page.Next == "" {
				break
			}
			q.Set("cursor", page.Next)
		}
		if o.form == "json" {
			return nil
		}
		return p.rows(&o, []string{"time", "level", "rule", "about", "title", "finding"}, rows)
	}
	return c
}

// set adds what is not empty to the query; times are read as people write
// them.
func (p *Program) set(q url.Values, texts, times map[string]string) error {
	for name, v := range texts {
		if v != "" {
			q.Set(name, v)
		}
	}
	for name, v := range times {
		if v == "" {
			continue
		}
		t, err := p.ago(v)
		if err != nil {
			return fmt.Errorf("%s: %w", map[string]string{"from": "--since", "since": "--since", "to": "--until"}[name], err)
		}
		q.Set(name, t.Format(time.RFC3339Nano))
	}
	return nil
}

func findingRow(l look, raw []byte) ([]cell, error) {
	var f detect.Finding
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("reading a finding: %w", err)
	}
	return []cell{{l.time(f.At), dim}, {f.Level, levelStyle(f.Level)}, {f.Rule, plain}, {about(f.Entity), plain}, {f.Title, plain}, {f.ID[:min(12, len(f.ID))], dim}}, nil
}

// about names an entity for people.
func about(entity []detect.Value) string {
	var list []string
	for _, v := range entity {
		list = append(list, v.Value)
	}
	return strings.Join(list, ", ")
}

// terms prints the terms of a formula.
func (p *Program) terms(list []detect.Term, indent string) {
	for _, t := range list {
		want := ""
		if t.Want != "" {
			want = "  (" + t.Want + ")"
		}
		fmt.Fprintf(p.Stdout, "%s%s: %s%s\n", indent, clean(t.Name), clean(t.Value), clean(want))
	}
}

// records are the numbers of events, as a decision writes them.
func records(list []detect.Ref) string {
	var numbers []uint64
	for _, r := range list {
		if r.Number >= 0 {
			numbers = append(numbers, uint64(r.Number))
		}
	}
	if len(numbers) == 0 {
		return "in no ledger"
	}
	return ledger.RangesOf(numbers).String()
}
