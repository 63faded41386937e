package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) readersCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "readers",
		Short: "Manage who may read the record",
		Long: `Make, list and revoke the named tokens with which people and tools read the
record, so that "who looked" is a person. Each change is recorded before it is
made. The roles:

  viewer         search, view, prove and tail; no payloads, no look events
  investigator   as a viewer, with payloads, and export and reports
  auditor        all about looks, decisions and proofs: search, export, reports,
                 verify, the lists of keys and readers; no payloads
  administrator  everything
  edge           no reader, but a Go program with the middleware: it gives its
                 calls, and gets its settings, and can do nothing else
  sender         no reader, but a program that sends what it logs, under the name
                 of the token, and can do nothing else`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.readersAddCmd(), p.readersListCmd(), p.readersRevokeCmd())
	return c
}

func (p *Program) readersAddCmd() *cobra.Command {
	var t target
	var role, expires string
	var asJSON bool
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Make a token for one person or tool",
		Long: "Make a token for one person or tool. It is printed once and kept nowhere: pass it on at once. " +
			"Its owner writes it into a file that nobody else can read, and names that with --token-file, or sets GATEBOOK_TOKEN.",
		Example: "  gatebook readers add 'Ada Quist' --role auditor --expires 90d --reason 'yearly audit'\n" +
			"  GATEBOOK_TOKEN=$(gatebook readers add orders --role edge)",
		Args: cobra.ExactArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&role, "role", "", "viewer, investigator, auditor, administrator, edge or sender")
	c.Flags().StringVar(&expires, "expires", "", "when the token ends: a `time`, or how long from now, like 90d; without: never")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		n := api.NewReader{Name: args[0], Role: role}
		if role == "" {
			return usage(c, fmt.Errorf("--role is missing: viewer, investigator, auditor, administrator, edge or sender"))
		}
		if expires != "" {
			if n.Expires, err = p.expiry(expires); err != nil {
				return usage(c, fmt.Errorf("--expires %w", err))
			}
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var made api.ReaderToken
		if err := to.post(c.Context(), "/api/v1/readers", n, &made); err != nil {
			return err
		}
		if asJSON {
			return lines(p.Stdout).Encode(made)
		}
		p.note("%s of %s (%s); the token, shown this once:", made.Reader.ID, made.Reader.Name, made.Reader.Role)
		fmt.Fprintln(p.Stdout, made.Token)
		return nil
	}
	return c
}

// expiry reads when something ends: a time, or how long from now.
func (p *Program) expiry(text string) (time.Time, error) {
	if d, err := api.ParseDuration(text); err == nil {
		return p.Now().Add(d).UTC(), nil
	}
	return api.ParseTime(text, p.Now().In(p.Zone))
}

func (p *Program) readersListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "list", Short: "List all readers", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[api.Reader](p, c, &t, &o, "/api/v1/readers")
		if err != nil || o.form == "json" {
			return err
		}
		l, rows := p.look(&o), make([][]cell, 0, len(list))
		for _, r := range list {
			used := cell{l.time(r.Used), dim}
			if r.Used.IsZero() {
				used.text = "never"
			}
			rows = append(rows, []cell{{r.ID, bold}, {r.Name, plain}, {r.Role, plain}, {l.time(r.Created), dim}, used, validity(l, p.Now(), r.Revoked, r.Expires)})
		}
		return p.rows(&o, []string{"id", "name", "role", "created", "used", "state"}, rows)
	}
	return c
}

func (p *Program) readersRevokeCmd() *cobra.Command {
	return p.deleteCmd("revoke ID", "End a token at once", "/api/v1/readers/", "the token %s is revoked")
}
