package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
)

func (p *Program) keysCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Manage the gateway's API keys",
		Long:  "Make, list and revoke the API keys by which the gateway recognises callers. Each change is recorded before it is made.",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.keysAddCmd(), p.keysListCmd(), p.keysRevokeCmd())
	return c
}

func (p *Program) keysAddCmd() *cobra.Command {
	var t target
	var kind, scopes, expires string
	var asJSON bool
	c := &cobra.Command{
		Use:     "add NAME",
		Short:   "Make a key",
		Long:    "Make a key for a principal. The secret is printed once and kept nowhere: pass it on at once.",
		Example: "  gatebook keys add billing-sync --kind service --scopes orders:read,customers:read --expires 90d",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&kind, "kind", "service", "user, service or machine")
	c.Flags().StringVar(&scopes, "scopes", "", "`scopes` granted to the key, with commas")
	c.Flags().StringVar(&expires, "expires", "", "when the key ends: a `time`, or how long from now, like 90d; without: never")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		k := api.NewKey{Name: args[0], Kind: kind, Scopes: tidy(scopes)}
		if expires != "" {
			if k.Expires, err = p.expiry(expires); err != nil {
				return usage(c, fmt.Errorf("--expires %w", err))
			}
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var made api.KeySecret
		if err := from.post(c.Context(), "/api/v1/keys", k, &made); err != nil {
			return err
		}
		if asJSON {
			return lines(p.Stdout).Encode(made)
		}
		p.note("key %s of %s; its secret, shown this once:", made.Key.ID, made.Key.Name)
		fmt.Fprintln(p.Stdout, made.Secret)
		return nil
	}
	return c
}

func (p *Program) keysListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "list", Short: "List all keys", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[api.Key](p, c, &t, &o, "/api/v1/keys")
		if err != nil || o.form == "json" {
			return err
		}
		return p.rows(&o, []string{"id", "name", "kind", "scopes", "created", "state"}, keyRows(p.look(&o), p.Now(), list))
	}
	return c
}

func keyRows(l look, now time.Time, list []api.Key) [][]cell {
	rows := make([][]cell, 0, len(list))
	for _, k := range list {
		rows = append(rows, []cell{{k.ID, bold}, {k.Name, plain}, {k.Kind, plain}, {strings.Join(k.Scopes, " "), plain}, {l.time(k.Created), dim}, validity(l, now, k.Revoked, k.Expires)})
	}
	return rows
}

// validity says whether a key or token can be used now.
func validity(l look, now, revoked, expires time.Time) cell {
	switch {
	case !revoked.IsZero():
		return cell{"revoked " + l.time(revoked), red}
	case !expires.IsZero() && !expires.After(now):
		return cell{"expired " + l.time(expires), yellow}
	case !expires.IsZero():
		return cell{"valid until " + l.time(expires), green}
	}
	return cell{"valid", green}
}

func (p *Program) keysRevokeCmd() *cobra.Command {
	return p.deleteCmd("revoke ID", "End a key at once", "/api/v1/keys/", "key %s is revoked")
}
