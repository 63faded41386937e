package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/places"
)

func (p *Program) rulesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "rules",
		Short: "List, check and test rules of detection, and run them over files of events",
		Long: "Rules of detection: what they are, whether they are right, and what they find in a file of events.\n\n" +
			"All verbs but backtest, explain, live and new ask no server and record nothing. docs/rules.md describes rules, and lists those that come with the program; docs/events.md describes files of events.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.rulesListCmd(), p.rulesShowCmd(), p.rulesCheckCmd(), p.rulesTestCmd(), p.rulesRunCmd(), p.rulesBacktestCmd(), p.rulesExplainCmd(), p.rulesLiveCmd(), p.rulesNewCmd())
	return c
}

// ruleFiles reads files of rules; none: those that come with the program.
func ruleFiles(names []string) ([]detect.File, error) {
	if len(names) == 0 {
		return detect.CatalogueFiles(), nil
	}
	var files []detect.File
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("the rules cannot be read: %w", err)
		}
		files = append(files, detect.File{Name: name, Data: b})
	}
	return files, nil
}

func loadRules(names []string) (*detect.Set, error) {
	files, err := ruleFiles(names)
	if err != nil {
		return nil, err
	}
	set, err := detect.Load(files)
	if err != nil {
		return nil, fmt.Errorf("the rules are not right:\n%w", err)
	}
	return set, nil
}

const rulesFlag = "the `file` of rules, instead of those that come with the program; can be repeated"

const placesFlag = "the `file` that says where addresses are, as detect.places of the server; without: rules about places find nothing"

// withPlaces has an engine know places by a file; without a name by none.
func withPlaces(c *detect.Config, name string) error {
	if name == "" {
		return nil
	}
	f, err := places.Open(name)
	if err != nil {
		return fmt.Errorf("--places %s: %w", name, err)
	}
	f.Configure(c)
	return nil
}

// ruleLine is a rule as JSON.
type ruleLine struct {
	Name        string   `json:"name"`
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Level       string   `json:"level"`
	Status      string   `json:"status"`
	Kind        string   `json:"kind,omitempty"`
	Points      int      `json:"points"`
	Description string   `json:"description"`
	Check       []string `json:"check,omitempty"`
	Act         []string `json:"act,omitempty"`
	Benign      []string `json:"falsepositives,omitempty"`
	Tags        []string `json:"tags,omitempty"`
	Response    []string `json:"response,omitempty"`
	File        string   `json:"file"`
}

func toLine(r *detect.Rule) ruleLine {
	return ruleLine{r.Name, r.ID, r.Title, r.Level, r.Status, r.Kind, r.Points, r.Description, r.Check, r.Act, r.Benign, r.Tags, r.Response, r.File}
}

func (p *Program) rulesListCmd() *cobra.Command {
	var o output
	var files []string
	c := &cobra.Command{Use: "list", Short: "List the rules that make findings", Args: cobra.NoArgs}
	c.Flags().StringVarP(&o.form, "output", "o", "table", "the `form`: table, json, csv")
	c.Flags().BoolVar(&o.json, "json", false, "the same as -o json: one JSON object a line")
	c.Flags().StringArrayVar(&files, "rules", nil, rulesFlag)
	c.RunE = func(*cobra.Command, []string) error {
		if err := o.check("table", "json", "csv"); err != nil {
			return err
		}
		set, err := loadRules(files)
		if err != nil {
			return err
		}
		enc := lines(p.Stdout)
		var rows [][]cell
		for _, r := range set.Rules {
			switch {
			case r.Quiet:
			case o.form == "json":
				if err := enc.Encode(toLine(r)); err != nil {
					return err
				}
			default:
				kind := r.Kind
				if kind == "" {
					kind = "event"
				}
				rows = append(rows, []cell{{r.Name, plain}, {r.Level, levelStyle(r.Level)}, {kind, plain}, {r.Title, plain}})
			}
		}
		if o.form == "json" {
			return nil
		}
		return p.rows(&o, []string{"name", "level", "kind", "title"}, rows)
	}
	return c
}

func levelStyle(level string) style {
	switch level {
	case "critical", "high":
		return red
	case "medium":
		return yellow
	}
	return plain
}

func (p *Program) rulesShowCmd() *cobra.Command {
	var files []string
	c := &cobra.Command{Use: "show NAME", Short: "Show what a rule means, what to check and what to do", Args: cobra.ExactArgs(1)}
	c.Flags().StringArrayVar(&files, "rules", nil, rulesFlag)
	c.RunE = func(_ *cobra.Command, args []string) error {
		set, err := loadRules(files)
		if err != nil {
			return err
		}
		r := set.Rule(args[0])
		if r == nil {
			return fmt.Errorf("there is no rule %q: gatebook rules list", args[0])
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n%s, %s, %s\n", r.Title, r.Name, r.Level, r.ID)
		if d := strings.TrimSpace(r.Description); d != "" {
			fmt.Fprintf(&b, "\n%s\n", d)
		}
		for _, part := range []struct {
			head string
			list []string
		}{{"Check", r.Check}, {"Do", r.Act}, {"It can also be", r.Benign}, {"Tags", r.Tags}} {
			if len(part.list) > 0 {
				fmt.Fprintf(&b, "\n%s\n", part.head)
			}
			for _, line := range part.list {
				fmt.Fprintf(&b, "  - %s\n", line)
			}
		}
		for _, line := range strings.SplitAfter(b.String(), "\n") {
			text, end := strings.CutSuffix(line, "\n")
			fmt.Fprint(p.Stdout, clean(text))
			if end {
				fmt.Fprintln(p.Stdout)
			}
		}
		return nil
	}
	return c
}

func (p *Program) rulesCheckCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "check FILE...",
		Short:   "Report everything that is wrong with files of rules",
		Long:    "Report everything that is wrong with files of rules, each with file, line, column and key.\n\nThe files are checked together: rules in one may name rules in another. The tests of the rules are not run: gatebook rules test.",
		Example: "  gatebook rules check my-rules.yaml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := loadRules(args)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.Stdout, "%d rules, all right\n", len(set.Rules))
			return err
		},
	}
}

func (p *Program) rulesTestCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "test [FILE...]",
		Short:   "Run the tests that are in files of rules",
		Long:    "Run the tests that are in files of rules, or those of the rules that come with the program.\n\nEach rule that makes findings wants at least one test that fires and two that do not. A test that fails, or is missing, ends with exit code 2.",
		Example: "  gatebook rules test my-rules.yaml",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			set, err := loadRules(args)
			if err != nil {
				return err
			}
			failed, passed := 0, 0
			for _, res := range set.Test() {
				if res.OK {
					passed++
					continue
				}
				failed++
				fmt.Fprintf(p.Stdout, "%s:%d: %s: %s: %s\n", clean(res.Rule.File), res.Line, clean(res.Rule.Name), clean(res.Name), clean(res.Detail))
			}
			if failed > 0 {
				return fmt.Errorf("%d tests of rules failed, %d passed", failed, passed)
			}
			_, err = fmt.Fprintf(p.Stdout, "%d rules, %d tests passed\n", len(set.Rules), passed)
			return err
		},
	}
}

// maxLine bounds a line of events: an envelope holds bodies.
const maxLine = 16 << 20

func (p *Program) rulesRunCmd() *cobra.Command {
	var files []string
	var where string
	var lateness time.Duration
	var cost bool
	c := &cobra.Command{
		Use:   "run FILE",
		Short: "Run all rules over a file of events and print the findings",
		Long: "Run all rules over a file of events, one JSON object a line, and print the findings, one JSON object a line, each with its events and the terms of its formula.\n\n" +
			"The events are those that gatebook export writes, or shorter ones: see docs/events.md. FILE is - for the standard input. Events may be out of order by --lateness; later ones are judged when they come. A line that cannot be read ends the run with its number. What was judged is summed up on the standard error.",
		Example: "  gatebook export --since 30d -o month.jsonl\n  gatebook rules run month.jsonl",
		Args:    cobra.ExactArgs(1),
	}
	c.Flags().StringArrayVar(&files, "rules", nil, rulesFlag)
	c.Flags().StringVar(&where, "places", "", placesFlag)
	c.Flags().DurationVar(&lateness, "lateness", 10*time.Second, "how far events may be out of order")
	c.Flags().BoolVar(&cost, "cost", false, "measure what each rule costs an event, and print it on the standard error, one JSON object a line")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if lateness <= 0 {
			return usage(c, fmt.Errorf("--lateness %s: want a time such as 10s", lateness))
		}
		set, err := loadRules(files)
		if err != nil {
			return err
		}
		in := p.Stdin
		if args[0] != "-" {
			f, err := os.Open(args[0])
			if err != nil {
				return fmt.Errorf("the events cannot be read: %w", err)
			}
			defer f.Close()
			in = f
		}
		cfg := detect.Config{Rules: set, Lateness: lateness}
		if err := withPlaces(&cfg, where); err != nil {
			return err
		}
		if cost {
			begin := time.Now()
			cfg.Clock = func() time.Duration { return time.Since(begin) }
		}
		return p.runRules(c.Context(), detect.New(cfg), in, args[0])
	}
	return c
}

func (p *Program) runRules(ctx context.Context, e *detect.Engine, in io.Reader, name string) error {
	out := bufio.NewWriter(p.Stdout)
	enc := lines(out)
	print := func(found []detect.Finding) error {
		for i := range found {
			if err := enc.Encode(&found[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := p.eachLine(ctx, e, in, name, print); err != nil {
		return errors.Join(err, out.Flush())
	}
	if err := errors.Join(print(e.Flush()), out.Flush()); err != nil {
		return err
	}
	for _, rule := range e.Inactive() {
		p.note("rule %s is not active: it needs the places of addresses (--places)", rule)
	}
	s, err := json.Marshal(e.Stats())
	if err != nil {
		return err
	}
	p.note("%s", s)
	for _, cost := range e.Costs() {
		if s, err = json.Marshal(cost); err != nil {
			return err
		}
		p.note("%s", s)
	}
	return nil
}

// parsed is an event of a line, or what is wrong with the line.
type parsed struct {
	e      *event.Event
	number int64
	err    error
}

// parseBatch is how many events are handed to the engine at a time, at most.
const parseBatch = 256

// eachLine gives the events to e and what it finds to print. The lines are
// parsed beside that: it takes as long as the rules do.
func (p *Program) eachLine(ctx context.Context, e *detect.Engine, in io.Reader, name string, print func([]detect.Finding) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	batches := make(chan []parsed, 1)
	go func() {
		defer close(batches)
		parseLines(ctx, in, name, batches)
	}()
	for batch := range batches {
		for _, x := range batch {
			if x.err != nil {
				return x.err
			}
			if err := print(e.Add(x.e, x.number)); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// parseLines sends the events of in, in their order, and at the end what is
// wrong, if something is. It ends with ctx.
func parseLines(ctx context.Context, in io.Reader, name string, out chan<- []parsed) {
	s := bufio.NewScanner(in)
	s.Buffer(make([]byte, 64<<10), maxLine)
	var batch []parsed
	send := func() bool {
		select {
		case out <- batch:
			batch = make([]parsed, 0, parseBatch)
			return true
		case <-ctx.Done():
			return false
		}
	}
	offer := func() bool { // what there is, if the rules wait for it: a stream can be slow
		select {
		case out <- batch:
			batch = make([]parsed, 0, parseBatch)
		default:
		}
		return ctx.Err() == nil
	}
	n := 0
	for s.Scan() {
		n++
		line := bytes.TrimSpace(s.Bytes())
		if len(line) == 0 {
			continue
		}
		x := parsed{}
		if x.e, x.number, x.err = detect.ParseLine(line); x.err != nil {
			x.err = fmt.Errorf("%s:%d: %w", name, n, x.err)
		}
		batch = append(batch, x)
		hand := offer
		if len(batch) >= parseBatch || x.err != nil {
			hand = send
		}
		if !hand() || x.err != nil {
			return
		}
	}
	switch err := s.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		batch = append(batch, parsed{err: fmt.Errorf("%s:%d: is longer than %s bytes", name, n+1, strconv.Itoa(maxLine))})
	case err != nil:
		batch = append(batch, parsed{err: fmt.Errorf("%s:%d: %w", name, n+1, err)})
	}
	send()
}
