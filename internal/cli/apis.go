package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/reading"
)

// wanted are the flags that narrow the inventory down.
type wanted struct {
	api, class, app, text, since string
	open                         bool
	limit                        int
}

func (w *wanted) flags(c *cobra.Command, names ...string) {
	f := c.Flags()
	for _, name := range names {
		switch name {
		case "api":
			f.StringVar(&w.api, "api", "", "only this API: the `name` of a configured route")
		case "class":
			f.StringVar(&w.class, "class", "", "only what returned this `class` of data, such as email")
		case "app":
			f.StringVar(&w.app, "app", "", "only this `app`: an OAuth client")
		case "open":
			f.BoolVar(&w.open, "open", false, "only what was answered with success to callers who were not verified")
		case "since":
			f.StringVar(&w.since, "since", "", "only what was seen from this `time` on: 15m, 7d, today, 2026-11-24, RFC 3339")
		}
	}
	f.IntVar(&w.limit, "limit", 200, "entries at most, those with most calls first")
}

func (w *wanted) values(p *Program) (url.Values, error) {
	q := url.Values{"limit": {strconv.Itoa(w.limit)}}
	for name, v := range map[string]string{"api": w.api, "class": w.class, "app": w.app, "text": w.text} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if w.open {
		q.Set("open", "true")
	}
	if w.since != "" {
		t, err := p.ago(w.since)
		if err != nil {
			return nil, fmt.Errorf("--since %w", err)
		}
		q.Set("since", t.Format(time.RFC3339Nano))
	}
	return q, nil
}

// ago reads a time, or how long ago it was.
func (p *Program) ago(text string) (time.Time, error) {
	if d, err := api.ParseDuration(text); err == nil {
		return p.Now().Add(-d).UTC(), nil
	}
	return api.ParseTime(text, p.Now().In(p.Zone))
}

// inventoryVerb is a verb that shows a part of the inventory.
type inventoryVerb[T any] struct {
	use, short, long, example string
	args                      cobra.PositionalArgs
	path                      string
	names                     []string // of flags
	more                      func(c *cobra.Command) func(url.Values, []string) error
	head                      []string
	rows                      func(l look, answer *T) [][]cell
	items                     func(answer *T) []any
	status                    func(answer *T) *reading.Inventory
}

func inventoryCmd[T any](p *Program, v inventoryVerb[T]) *cobra.Command {
	var t target
	var o output
	var w wanted
	c := &cobra.Command{Use: v.use, Short: v.short, Long: v.long, Example: v.example, Args: v.args}
	t.flags(c)
	w.flags(c, v.names...)
	o.flags(c, "table, json or csv")
	var more func(url.Values, []string) error
	if v.more != nil {
		more = v.more(c)
	}
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		q, err := w.values(p)
		if err == nil && more != nil {
			err = more(q, args)
		}
		if err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		answer := new(T)
		if err := from.get(c.Context(), v.path, q, answer); err != nil {
			return err
		}
		if o.form == "json" {
			enc := lines(p.Stdout)
			for _, item := range v.items(answer) {
				if err := enc.Encode(item); err != nil {
					return err
				}
			}
			return nil
		}
		l := p.look(&o)
		if o.form == "csv" {
			l.screen = screen{}
		}
		rows := v.rows(l, answer)
		if len(rows) > 0 || o.form == "csv" {
			if err := p.rows(&o, v.head, rows); err != nil {
				return err
			}
		}
		p.inventoryNote(v.status(answer), len(rows))
		return nil
	}
	return c
}

// inventoryNote says how far the inventory reaches.
func (p *Program) inventoryNote(i *reading.Inventory, shown int) {
	p.note("%d of %d, counted from %d calls: no evidence", shown, i.Total, i.Status.Calls)
	if behind := i.Sealed - min(i.Sealed, i.Status.Next); behind > 0 {
		p.note("the inventory is behind by %d records", behind)
	}
	if d := i.Status.Dropped; d != (catalog.Dropped{}) {
		p.note("let go to keep within the limits, those first that were seen longest ago: %d operations, %d apps, %d callers, %d credentials", d.Operations, d.Apps, d.Callers, d.Credentials)
	}
}

func (p *Program) apisCmd() *cobra.Command {
	c := inventoryCmd(p, inventoryVerb[reading.Operations]{
		use: "apis [TEXT]", short: "Show the operations of the APIs",
		long: "Show the operations that were called: by whom and how often, what they do, which classes of sensitive data they return, and how often they were answered with success to callers who were not verified. TEXT is a part of their names. The inventory is counted from the headers of the events; it can be deleted, and is then made again.",
		example: "  gatebook apis\n  gatebook apis customers --class email\n  gatebook apis --open\n" +
			"  gatebook apis drift\n  gatebook apis diff --since 7d",
		args: cobra.MaximumNArgs(1), path: "/api/v1/inventory/operations", names: []string{"api", "class", "app", "open", "since"},
		more: textArg,
		head: []string{"api", "operation", "action", "calls", "callers", "apps", "data", "records", "open", "last"},
		rows: func(l look, a *reading.Operations) (rows [][]cell) {
			for i := range a.Operations {
				o := &a.Operations[i]
				open := cell{number(o.Open.Count), red}
				if o.Open.Count == 0 {
					open = cell{}
				}
				rows = append(rows, []cell{{o.API, dim}, {o.ID, bold}, {string(o.Action), plain}, {number(o.Count), plain}, {distinct(o.Callers), plain},
					{number(uint64(len(o.Apps))), plain}, {classes(o.Data), yellow}, {number(o.Records), plain}, open, {l.time(o.Last), dim}})
			}
			return rows
		},
		items:  func(a *reading.Operations) []any { return items(a.Operations) },
		status: func(a *reading.Operations) *reading.Inventory { return &a.Inventory },
	})
	c.AddCommand(p.apisShowCmd(), p.apisDriftCmd(), p.apisDiffCmd(), p.apisOpenAPICmd())
	return c
}

func textArg(*cobra.Command) func(url.Values, []string) error {
	return func(q url.Values, args []string) error {
		if len(args) > 0 {
			q.Set("text", args[0])
		}
		return nil
	}
}

func items[T any](list []T) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

func distinct(d catalog.Distinct) string {
	n, exact := d.Count()
	if !exact {
		return "about " + number(n)
	}
	return number(n)
}

// classes lists classes of data, those first that occurred most.
func classes(m map[string]catalog.Tally) string {
	names := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(names, func(a, b string) int { return int(min(m[b].Values, 1<<40)) - int(min(m[a].Values, 1<<40)) })
	for i, n := range names {
		names[i] = fmt.Sprintf("%s %d", n, m[n].Values)
	}
	return strings.Join(names, ", ")
}

func (p *Program) apisDriftCmd() *cobra.Command {
	return inventoryCmd(p, inventoryVerb[reading.Drift]{
		use: "drift", short: "Compare the descriptions of the APIs with the traffic",
		long: "Compare the OpenAPI documents that are configured with the traffic:\n\n" +
			"  shadow        answered with success, and in no description\n" +
			"  zombie        deprecated, or an older version that is described no more, and still called\n" +
			"  unused        described, and never called\n" +
			"  status        answered with a status that is not described\n" +
			"  open          described as protected, and answered with success to callers who were not verified\n" +
			"  unclassified  calls that fit no operation\n\n" +
			"APIs without a description are left out.",
		args: cobra.NoArgs, path: "/api/v1/inventory/drift", names: []string{"api"},
		head: []string{"kind", "api", "operation", "calls", "first", "last", "what"},
		rows: func(l look, a *reading.Drift) (rows [][]cell) {
			for _, d := range a.Deviations {
				st := yellow
				if d.Kind == catalog.KindOpen || d.Kind == catalog.KindShadow {
					st = red
				}
				rows = append(rows, []cell{{d.Kind, st}, {d.API, dim}, {d.ID, bold}, {number(d.Count), plain}, {l.time(d.First), dim}, {l.time(d.Last), dim}, {d.Detail, plain}})
			}
			return rows
		},
		items:  func(a *reading.Drift) []any { return items(a.Deviations) },
		status: func(a *reading.Drift) *reading.Inventory { return &a.Inventory },
	})
}

func (p *Program) apisDiffCmd() *cobra.Command {
	return inventoryCmd(p, inventoryVerb[reading.Diff]{
		use: "diff --since TIME [--until TIME]", short: "Show what is new in the inventory, or gone",
		long:    "Show operations, apps, classes of data and scopes that were seen for the first time between two times, and operations and apps that were seen before and not since.",
		example: "  gatebook apis diff --since 7d\n  gatebook apis diff --since 2026-11-01 --until 2026-11-15",
		args:    cobra.NoArgs, path: "/api/v1/inventory/diff",
		more: func(c *cobra.Command) func(url.Values, []string) error {
			var since, until string
			c.Flags().StringVar(&since, "since", "", "from this `time` on: 7d, 2026-11-24, RFC 3339")
			c.Flags().StringVar(&until, "until", "", "until this `time`; without: now")
			return func(q url.Values, _ []string) error {
				q.Del("limit")
				if since == "" {
					return fmt.Errorf("--since is missing")
				}
				for name, text := range map[string]string{"from": since, "to": until} {
					if text == "" {
						continue
					}
					t, err := p.ago(text)
					if err != nil {
						return err
					}
					q.Set(name, t.Format(time.RFC3339Nano))
				}
				return nil
			}
		},
		head: []string{"change", "kind", "api", "where", "what", "calls", "first", "last"},
		rows: func(l look, a *reading.Diff) (rows [][]cell) {
			for _, d := range a.Changes {
				change := cell{"gone", dim}
				if d.New {
					change = cell{"new", green}
				}
				rows = append(rows, []cell{change, {d.Kind, plain}, {d.API, dim}, {d.ID, bold}, {d.What, yellow}, {number(d.Count), plain}, {l.time(d.First), dim}, {l.time(d.Last), dim}})
			}
			return rows
		},
		items:  func(a *reading.Diff) []any { return items(a.Changes) },
		status: func(a *reading.Diff) *reading.Inventory { return &a.Inventory },
	})
}

func (p *Program) apisOpenAPICmd() *cobra.Command {
	var t target
	var w wanted
	var file string
	c := &cobra.Command{
		Use: "openapi", Short: "Write what was observed as an OpenAPI 3.1 document", Args: cobra.NoArgs,
		Long: "Write what was observed as an OpenAPI 3.1 document. Schemas have the shape of recorded bodies, and the examples say types only: there is no value of any call in it. A reader who may not see payloads gets no bodies.",
	}
	t.flags(c)
	w.flags(c, "api", "since")
	c.Flags().StringVarP(&file, "output", "o", "-", "the `file` to write; - is the standard output")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		q, err := w.values(p)
		if err != nil {
			return usage(c, err)
		}
		q.Del("limit")
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var doc json.RawMessage
		if err := from.get(c.Context(), "/api/v1/inventory/openapi.json", q, &doc); err != nil {
			return err
		}
		doc = append(doc, '\n')
		if file == "-" {
			_, err := p.Stdout.Write(doc)
			return err
		}
		return p.writeFile(file, doc)
	}
	return c
}
