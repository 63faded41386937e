package cli

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/saved"
)

func (p *Program) searchesCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "searches",
		Short: "Manage saved searches",
		Long: "List, save and delete searches: a query with its span of time and its columns, under a name. They are yours alone, or shared with everyone who may search. " +
			"The console has the same ones, and gatebook search --saved NAME runs one. What nobody used for a year is deleted.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.searchesListCmd(), p.searchesSaveCmd(), p.searchesRenameCmd(), p.searchesRemoveCmd())
	return c
}

func (p *Program) searchesListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "list", Short: "List your searches and those that are shared", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[saved.Entry](p, c, &t, &o, "/api/v1/searches")
		if err != nil || o.form == "json" {
			return err
		}
		rows := make([][]cell, 0, len(list))
		for _, e := range list {
			shared := ""
			if e.Shared {
				shared = "shared"
			}
			rows = append(rows, []cell{{e.Name, bold}, {e.Query, plain}, {e.From, dim}, {e.To, dim}, {e.Owner, plain}, {shared, plain}})
		}
		return p.rows(&o, []string{"name", "query", "from", "to", "owner", "shared"}, rows)
	}
	return c
}

func (p *Program) searchesSaveCmd() *cobra.Command {
	var t target
	var x saved.Search
	var cols string
	var oldest bool
	c := &cobra.Command{
		Use:   "save NAME [QUERY]",
		Short: "Save a search under a name",
		Long: "Save a search under a name that you have not used yet. A time such as 24h is kept as it is, and counted from when the search runs. " +
			"A shared one is sealed as a decision; that needs the role investigator, auditor or administrator.",
		Example: "  gatebook searches save refused 'outcome.status:403' --since 24h --shared\n  gatebook search --saved refused",
		Args:    cobra.MinimumNArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&x.From, "since", "", "events from this `time` on: 15m, 7d, today, 2026-11-24, RFC 3339")
	c.Flags().StringVar(&x.To, "until", "", "events before this `time`")
	c.Flags().StringVar(&cols, "columns", "", "`columns` of the table, with commas: names of fields")
	c.Flags().BoolVar(&oldest, "oldest", false, "oldest first")
	c.Flags().BoolVar(&x.Shared, "shared", false, "for everyone who may search")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		x.Name, x.Query, x.Columns = args[0], strings.Join(args[1:], " "), tidy(cols)
		if oldest {
			x.Order = "oldest"
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var made saved.Entry
		if err := to.post(c.Context(), "/api/v1/searches", x, &made); err != nil {
			return err
		}
		p.note("saved as %q: gatebook search --saved %q", made.Name, made.Name)
		return nil
	}
	return c
}

func (p *Program) searchesRenameCmd() *cobra.Command {
	var t target
	c := &cobra.Command{Use: "rename NAME NEW", Short: "Give a saved search of yours another name", Args: cobra.ExactArgs(2)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		e, err := savedSearch(c.Context(), to, args[0])
		if err != nil {
			return err
		}
		e.Name = args[1]
		res, err := to.do(c.Context(), http.MethodPut, "/api/v1/searches/"+url.PathEscape(e.ID), nil, e.Search)
		if err != nil {
			return err
		}
		res.Body.Close()
		p.note("%q is %q now", args[0], args[1])
		return nil
	}
	return c
}

func (p *Program) searchesRemoveCmd() *cobra.Command {
	return p.deleteCmd("remove NAME", "Delete a saved search", "/api/v1/searches/", "%q is deleted")
}

// savedSearch returns the search of a name or an id.
func savedSearch(ctx context.Context, from *client, name string) (*saved.Entry, error) {
	e := new(saved.Entry)
	return e, from.get(ctx, "/api/v1/searches/"+url.PathEscape(name), nil, e)
}
