package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/catalog"
	"github.com/gatebook/gatebook/internal/reading"
)

// apisShowCmd shows one operation in full.
func (p *Program) apisShowCmd() *cobra.Command {
	var t target
	var w wanted
	var asJSON, utc bool
	c := &cobra.Command{
		Use: "show OPERATION", Short: "Show one operation: who calls it, through what, and what it returns", Args: cobra.ExactArgs(1),
		Example: "  gatebook apis show 'GET /v1/customers/{id}'",
	}
	t.flags(c)
	w.flags(c, "api")
	c.Flags().Lookup("limit").Hidden = true
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&utc, "utc", false, "times in UTC instead of the local zone")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		w.text = args[0]
		q, err := w.values(p)
		if err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var a reading.Operations
		if err := from.get(c.Context(), "/api/v1/inventory/operations", q, &a); err != nil {
			return err
		}
		found := slices.DeleteFunc(slices.Clone(a.Operations), func(o catalog.Operation) bool { return o.ID != args[0] && o.API+" "+o.ID != args[0] })
		switch {
		case len(found) == 0 && len(a.Operations) > 0:
			return fmt.Errorf("there is no operation %q; did you mean %q?", args[0], a.Operations[0].ID)
		case len(found) == 0:
			return fmt.Errorf("there is no operation %q: gatebook apis lists them", args[0])
		case len(found) > 1:
			return fmt.Errorf("%d APIs have an operation %q: choose one with --api, as in --api %s", len(found), args[0], found[0].API)
		}
		if asJSON {
			return lines(p.Stdout).Encode(&found[0])
		}
		o := output{form: "table", utc: utc}
		return p.operation(p.look(&o), &found[0])
	}
	return c
}

// operation prints all that is known of an operation.
func (p *Program) operation(l look, o *catalog.Operation) error {
	fact := func(name, text string) {
		if text != "" {
			fmt.Fprintf(p.Stdout, "%-10s %s\n", name, clean(text))
		}
	}
	fact("operation", o.ID)
	fact("api", o.API)
	fact("known by", string(o.Basis))
	fact("does", string(o.Action))
	fact("needs", strings.TrimSpace(string(o.Requires)+" "+strings.Join(o.Scopes, " ")))
	fact("calls", fmt.Sprintf("%d, from %s to %s", o.Count, l.time(o.First), l.time(o.Last)))
	fact("callers", distinct(o.Callers))
	fact("returned", fmt.Sprintf("%d records, %d bytes", o.Records, o.Out))
	if o.Open.Count > 0 {
		fact("open", fmt.Sprintf("%d times answered with success to callers who were not verified, the last at %s", o.Open.Count, l.time(o.Open.Last)))
	}
	if o.Sampled {
		fact("see", fmt.Sprintf("gatebook show %d", o.Sample))
	}
	for _, part := range []struct {
		name string
		m    map[string]catalog.Seen
	}{{"data returned", tallies(o.Data)}, {"data received", tallies(o.Received)}, {"objects", o.Objects}, {"app", o.Apps}, {"caller", o.Kinds}, {"level", o.Levels}, {"status", o.Statuses}, {"host", o.Hosts}} {
		if len(part.m) == 0 {
			continue
		}
		fmt.Fprintln(p.Stdout)
		if err := l.table(p.Stdout, []string{part.name, "calls", "first", "last"}, seenRows(l, part.m)); err != nil {
			return err
		}
	}
	return nil
}

func tallies(m map[string]catalog.Tally) map[string]catalog.Seen {
	out := make(map[string]catalog.Seen, len(m))
	for k, t := range m {
		out[k] = t.Seen
	}
	return out
}

// seenRows has those first that were seen most.
func seenRows(l look, m map[string]catalog.Seen) (rows [][]cell) {
	keys := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(keys, func(a, b string) int { return int(min(m[b].Count, 1<<40)) - int(min(m[a].Count, 1<<40)) })
	for _, k := range keys {
		rows = append(rows, []cell{{k, plain}, {number(m[k].Count), plain}, {l.time(m[k].First), dim}, {l.time(m[k].Last), dim}})
	}
	return rows
}

func (p *Program) appsCmd() *cobra.Command {
	return inventoryCmd(p, inventoryVerb[reading.Apps]{
		use: "apps [TEXT]", short: "Show the apps: for whom they act and what they read",
		long: "Show the apps, which are the OAuth clients that credentials were given to: for how many principals they act, which operations they call, and which classes of sensitive data and how many records they were given. What is read with a user's token counts for the app here and for the user in callers.",
		args: cobra.MaximumNArgs(1), path: "/api/v1/inventory/apps", names: []string{"class", "since"}, more: textArg,
		head: []string{"app", "calls", "callers", "operations", "data", "records", "bytes", "first", "last"},
		rows: func(l look, a *reading.Apps) (rows [][]cell) {
			for i := range a.Apps {
				x := &a.Apps[i]
				rows = append(rows, []cell{{x.ID, bold}, {number(x.Count), plain}, {distinct(x.Callers), plain}, {number(uint64(len(x.Operations))), plain},
					{classes(x.Data), yellow}, {number(x.Records), plain}, {number(x.Out), plain}, {l.time(x.First), dim}, {l.time(x.Last), dim}})
			}
			return rows
		},
		items:  func(a *reading.Apps) []any { return items(a.Apps) },
		status: func(a *reading.Apps) *reading.Inventory { return &a.Inventory },
	})
}

func (p *Program) callersCmd() *cobra.Command {
	return inventoryCmd(p, inventoryVerb[reading.Callers]{
		use: "callers [PSEUDONYM]", short: "Show who calls: principals, with what they read",
		long: "Show the principals that called: kind, the level to which they were verified, apps and operations, classes of sensitive data and records that they were given. Names are looked up for the first fifty, as far as the record still has them.",
		args: cobra.MaximumNArgs(1), path: "/api/v1/inventory/callers", names: []string{"class", "app", "since"}, more: textArg,
		head: []string{"who", "pseudonym", "kind", "level", "calls", "apps", "operations", "data", "records", "last"},
		rows: func(l look, a *reading.Callers) (rows [][]cell) {
			for i := range a.Callers {
				x := &a.Callers[i]
				rows = append(rows, []cell{{x.Name, bold}, {x.ID, dim}, {string(x.Kind), plain}, {number(uint64(x.Level)), plain}, {number(x.Count), plain},
					{strings.Join(slices.Sorted(maps.Keys(x.Apps)), ", "), plain}, {number(uint64(len(x.Operations))), plain}, {classes(x.Data), yellow}, {number(x.Records), plain}, {l.time(x.Last), dim}})
			}
			return rows
		},
		items:  func(a *reading.Callers) []any { return items(a.Callers) },
		status: func(a *reading.Callers) *reading.Inventory { return &a.Inventory },
	})
}

func (p *Program) leastPrivilegeCmd() *cobra.Command {
	return inventoryCmd(p, inventoryVerb[reading.Credentials]{
		use: "leastprivilege", short: "Show what credentials were granted and never needed",
		long:    "Show credentials with scopes that no call needed, and credentials that were not used for a time. What an operation needs is known from its OpenAPI document (security), so without one no call can be judged. Tokens that are renewed are one credential: that of a principal with an app.",
		example: "  gatebook leastprivilege\n  gatebook leastprivilege --idle 60d --app crm-sync",
		args:    cobra.NoArgs, path: "/api/v1/inventory/credentials", names: []string{"app", "since"},
		more: func(c *cobra.Command) func(url.Values, []string) error {
			var idle string
			var all bool
			c.Flags().StringVar(&idle, "idle", "60d", "mark credentials that were not used for this `long`")
			c.Flags().BoolVar(&all, "all", false, "also credentials without such scopes that are in use")
			return func(q url.Values, _ []string) error {
				if idle == "" {
					return errors.New("--idle is empty: say how long, like 60d")
				}
				t, err := p.ago(idle)
				if err != nil {
					return fmt.Errorf("--idle %w", err)
				}
				q.Set("idle", t.Format(time.RFC3339Nano))
				if !all {
					q.Set("only", "true")
				}
				return nil
			}
		},
		head: []string{"credential", "calls", "judged", "granted", "needed", "never needed", "last used"},
		rows: func(l look, a *reading.Credentials) (rows [][]cell) {
			for i := range a.Credentials {
				x := &a.Credentials[i]
				last := cell{l.time(x.Last), dim}
				if x.Idle {
					last = cell{l.time(x.Last) + " (idle)", yellow}
				}
				rows = append(rows, []cell{{x.ID, bold}, {number(x.Scopes.Calls), plain}, {number(x.Scopes.Judged), plain}, {number(uint64(len(x.Scopes.Granted))), plain},
					{number(uint64(len(x.Scopes.Needed))), plain}, {strings.Join(x.Unused, " "), yellow}, last})
			}
			return rows
		},
		items:  func(a *reading.Credentials) []any { return items(a.Credentials) },
		status: func(a *reading.Credentials) *reading.Inventory { return &a.Inventory },
	})
}
