package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/reading"
)

func (p *Program) rulesBacktestCmd() *cobra.Command {
	var t target
	var s span
	var o output
	var files []string
	var where string
	c := &cobra.Command{
		Use:   "backtest NAME",
		Short: "Say what a rule would have found in the record, and about whom",
		Long: "Run one rule over the events of the record, oldest first, by the same code that judges live ones, and print what it would have found, with its events.\n\n" +
			"The events are exported for it: the look is sealed as any other, and what your role does not show is not judged. Nothing is sent or blocked. It can be interrupted at any time.",
		Example: "  gatebook rules backtest bola-enumeration --since 30d\n  gatebook rules backtest --rules my-rules.yaml my-rule --since 7d --json",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	s.flags(c)
	c.Flags().StringVarP(&o.form, "output", "o", "table", "the `form`: table, json, csv; json has each finding in full")
	c.Flags().BoolVar(&o.json, "json", false, "the same as -o json: one JSON object a line")
	c.Flags().StringArrayVar(&files, "rules", nil, rulesFlag)
	c.Flags().StringVar(&where, "places", "", placesFlag)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return err
		}
		set, err := loadRules(files)
		if err != nil {
			return err
		}
		rule := set.Rule(args[0])
		if rule == nil {
			return fmt.Errorf("there is no rule %q: gatebook rules list", args[0])
		}
		only := set.Only(rule)
		q := url.Values{"format": {"jsonl"}, "payload": {strconv.FormatBool(slices.Contains(only.Envelopes(), event.ClassPayload))}}
		if err := p.span(&s, q, false); err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		res, err := api.do(c.Context(), http.MethodGet, "/api/v1/export", q, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		cfg := detect.Config{Rules: only, Lateness: 10 * time.Second, Tireless: true}
		if err := withPlaces(&cfg, where); err != nil {
			return err
		}
		return p.backtest(c, cfg, rule, res, &o)
	}
	return c
}

// progressEvery is how many events are between two lines of progress.
const progressEvery = 100_000

// backtest runs the rules over an export, and prints what rule finds.
func (p *Program) backtest(c *cobra.Command, cfg detect.Config, rule *detect.Rule, res *http.Response, o *output) error {
	begin := time.Now()
	e := detect.New(cfg)
	for range e.Inactive() {
		p.note("rule %s is not active: it needs the places of addresses (--places)", rule.Name)
	}
	enc := lines(p.Stdout)
	var rows [][]cell
	about := map[string]bool{}
	n, told := 0, uint64(0)
	take := func(found []detect.Finding) error {
		for i := range found {
			f := &found[i]
			if f.RuleID != rule.ID {
				continue
			}
			n++
			entity := ""
			for _, v := range f.Entity {
				if entity != "" {
					entity += " "
				}
				entity += v.Field + "=" + v.Value
			}
			about[entity] = true
			if o.form == "json" {
				if err := enc.Encode(f); err != nil {
					return err
				}
				continue
			}
			last := f.Events[len(f.Events)-1]
			rows = append(rows, []cell{{f.At.Format(time.RFC3339), plain}, {entity, plain}, {strconv.FormatUint(f.Count, 10), plain}, {strconv.FormatInt(last.Number, 10), plain}})
		}
		if s := e.Stats(); s.Events >= told+progressEvery {
			told = s.Events
			p.note("%d events, %d findings, %s", s.Events, n, time.Since(begin).Round(time.Second))
		}
		return nil
	}
	err := p.eachLine(c.Context(), e, res.Body, "the export", take)
	if err == nil {
		err = take(e.Flush())
	}
	if err != nil {
		return fmt.Errorf("the backtest broke off: %w", err)
	}
	if o.form != "json" {
		if err := p.rows(o, []string{"at", "about", "events", "last event"}, rows); err != nil {
			return err
		}
	}
	var sum reading.Exported
	if err := json.Unmarshal([]byte(res.Trailer.Get("Gatebook-Export")), &sum); err != nil {
		return errors.New("the export broke off: there are more events than were judged")
	}
	p.problems(sum.Problems)
	s := e.Stats()
	p.note("%s would have fired %d times, about %d, in %d events; %s, %d more held back as one too many", rule.Name, n, len(about), s.Events, time.Since(begin).Round(time.Millisecond), s.Suppressed)
	if !sum.Complete {
		p.note("not complete: %s", sum.Note)
	}
	return nil
}
