package cli

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/operation"
)

func (p *Program) routesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "routes",
		Short: "See and correct the route templates of the APIs",
		Long: "Route templates say which operation a call was: /customers/{id} for /customers/4711. They come from people, from OpenAPI documents and from the calls, in this order. " +
			"A template that was used keeps its meaning. Each change is recorded before it is made.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.routesListCmd(),
		p.routesChangeCmd("pin ROUTE TEMPLATE", "Make a template win over all others", "Make a template of a route win over those that were learned or described. ROUTE is the name of the configured route.",
			"  gatebook routes pin shop '/v1/reports/{period}'", 2, 2, func(args []string) operation.Change {
				return operation.Change{Do: "pin", Route: args[0], Template: args[1]}
			}),
		p.routesChangeCmd("merge ROUTE INTO TEMPLATE...", "Put one template in the place of several", "Put one template in the place of several that it covers.",
			"  gatebook routes merge shop '/v1/reports/{period}' /v1/reports/daily /v1/reports/weekly", 3, 52, func(args []string) operation.Change {
				return operation.Change{Do: "merge", Route: args[0], Template: args[1], From: args[2:]}
			}),
		p.routesChangeCmd("rename ROUTE TEMPLATE NAME", "Name the operations of a template", "Give the operations of a template that is there a name, for operation.name in the events.",
			"  gatebook routes rename shop '/v1/customers/{customer_id}' customer", 3, 3, func(args []string) operation.Change {
				return operation.Change{Do: "rename", Route: args[0], Template: args[1], Name: args[2]}
			}),
		p.routesChangeCmd("unpin ROUTE TEMPLATE", "Take back what was pinned, merged or renamed", "Take back what people said of a template.",
			"  gatebook routes unpin shop '/v1/reports/{period}'", 2, 2, func(args []string) operation.Change {
				return operation.Change{Do: "unpin", Route: args[0], Template: args[1]}
			}),
	)
	return c
}

func (p *Program) routesListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:     "list [ROUTE]",
		Short:   "List route templates",
		Long:    "List the templates of a configured route, or of all: where each comes from, the methods that its document has, the types of the objects that it names, and what took its place.",
		Example: "  gatebook routes list\n  gatebook routes list shop --json",
		Args:    cobra.MaximumNArgs(1),
	}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := o.check("table", "json", "csv"); err != nil {
			return usage(c, err)
		}
		q := url.Values{}
		if len(args) > 0 {
			q.Set("route", args[0])
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var list []operation.Listed
		if err := from.get(c.Context(), "/api/v1/routes", q, &list); err != nil {
			return err
		}
		if o.form == "json" {
			enc := lines(p.Stdout)
			for _, l := range list {
				if err := enc.Encode(l); err != nil {
					return err
				}
			}
			return nil
		}
		rows := make([][]cell, 0, len(list))
		for _, l := range list {
			replaced := cell{l.Replaced, yellow}
			rows = append(rows, []cell{{l.Route, plain}, {l.Template, bold}, {string(l.Basis), plain}, {l.Name, plain}, {strings.Join(l.Methods, " "), plain}, {strings.Join(l.Objects, " "), plain}, replaced})
		}
		return p.rows(&o, []string{"route", "template", "basis", "name", "methods", "objects", "replaced by"}, rows)
	}
	return c
}

// routesChangeCmd returns a verb that changes templates.
func (p *Program) routesChangeCmd(use, short, long, example string, least, most int, change func(args []string) operation.Change) *cobra.Command {
	var t target
	c := &cobra.Command{Use: use, Short: short, Long: long, Example: example, Args: cobra.RangeArgs(least, most)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		what := change(args)
		res, err := from.do(c.Context(), http.MethodPost, "/api/v1/routes", nil, what)
		if err != nil {
			return err
		}
		res.Body.Close()
		p.note("%s: %s on route %s", what.Decision(), what.Template, what.Route)
		return nil
	}
	return c
}
