package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/people"
)

func (p *Program) accountsCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "accounts",
		Short: "Manage who may sign in to the console",
		Long: `Make, list, change and remove the accounts with which people sign in to the
console. Each change is recorded before it is made, and ends the sessions of the
account. The roles are those of gatebook readers; tools use readers' tokens.

Nobody needs to know the password of another: without --password-file the
answer is a link, which counts once and for three days, by which they set
their own.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.accountsAddCmd(), p.accountsListCmd(), p.accountsRoleCmd(), p.accountsPasswordCmd(), p.accountsDisableCmd(true), p.accountsDisableCmd(false), p.accountsRemoveCmd())
	return c
}

// password reads a password from a file, or from the standard input for "-".
func (p *Program) password(file string) (string, error) {
	b, err := readSecret(p.Stdin, file)
	if err != nil {
		return "", fmt.Errorf("--password-file: %w", err)
	}
	return b, nil
}

func (p *Program) printLink(l *api.SignInLink, what string) {
	p.note("%s; it counts once, until %s:", what, l.Expires.In(p.Zone).Format("2006-01-02 15:04"))
	fmt.Fprintln(p.Stdout, l.URL)
}

func (p *Program) accountsAddCmd() *cobra.Command {
	var t target
	var role, file string
	var asJSON bool
	c := &cobra.Command{
		Use: "add NAME", Short: "Make an account, and a link by which its owner sets the password",
		Example: "  gatebook accounts add ada@example.com --role auditor --reason 'yearly audit'",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&role, "role", "", "viewer, investigator, auditor or administrator")
	c.Flags().StringVar(&file, "password-file", "", "a `file` with the password, - for the standard input; without: a link is made")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		n := api.NewAccount{Name: args[0], Role: role}
		if role == "" {
			return usage(c, errors.New("--role is missing: viewer, investigator, auditor or administrator"))
		}
		if file != "" {
			if n.Password, err = p.password(file); err != nil {
				return err
			}
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var made api.AccountMade
		if err := to.post(c.Context(), "/api/v1/accounts", n, &made); err != nil {
			return err
		}
		switch {
		case asJSON:
			return lines(p.Stdout).Encode(made)
		case made.Link != nil:
			p.printLink(made.Link, fmt.Sprintf("%s (%s) can sign in with this link, and then sets a password", made.Account.Name, made.Account.Role))
		default:
			p.note("%s (%s) can sign in", made.Account.Name, made.Account.Role)
		}
		return nil
	}
	return c
}

func (p *Program) accountsListCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "list", Short: "List all accounts", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[people.Account](p, c, &t, &o, "/api/v1/accounts")
		if err != nil || o.form == "json" {
			return err
		}
		l, rows := p.look(&o), make([][]cell, 0, len(list))
		for _, a := range list {
			signedIn, by, state := "never", "password", "active"
			if !a.SignedIn.IsZero() {
				signedIn = l.time(a.SignedIn)
			}
			switch {
			case a.Disabled:
				state = "disabled"
			case a.Invited:
				state = "invited"
			}
			if a.Issuer != "" {
				by = a.Issuer
			}
			rows = append(rows, []cell{{a.Name, bold}, {a.Role, plain}, {by, plain}, {l.time(a.Created), dim}, {signedIn, dim}, {state, plain}})
		}
		return p.rows(&o, []string{"name", "role", "by", "created", "signed in", "state"}, rows)
	}
	return c
}

// accountVerb returns a verb that sends one request about an account.
func (p *Program) accountVerb(use, short string, args int, do func(ctx context.Context, to *client, path string, args []string) error) *cobra.Command {
	var t target
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(args)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		return do(c.Context(), to, "/api/v1/accounts/"+url.PathEscape(args[0]), args)
	}
	return c
}

func (p *Program) accountsRoleCmd() *cobra.Command {
	return p.accountVerb("role NAME ROLE", "Change the role of an account, and end its sessions", 2, func(ctx context.Context, to *client, path string, args []string) error {
		var a people.Account
		if err := to.post(ctx, path, api.AccountChange{Role: args[1]}, &a); err != nil {
			return err
		}
		p.note("%s is %s", a.Name, a.Role)
		return nil
	})
}

func (p *Program) accountsPasswordCmd() *cobra.Command {
	var file string
	c := p.accountVerb("password NAME", "Make a link by which the owner of an account sets a new password", 1, func(ctx context.Context, to *client, path string, args []string) error {
		if file == "" {
			var l api.SignInLink
			if err := to.post(ctx, path+"/link", nil, &l); err != nil {
				return err
			}
			p.printLink(&l, args[0]+" can sign in with this link, and set a new password")
			return nil
		}
		word, err := p.password(file)
		if err != nil {
			return err
		}
		var a people.Account
		if err := to.post(ctx, path, api.AccountChange{Password: word}, &a); err != nil {
			return err
		}
		p.note("the password of %s is changed", a.Name)
		return nil
	})
	c.Flags().StringVar(&file, "password-file", "", "set the password in this `file` instead, - for the standard input")
	return c
}

func (p *Program) accountsDisableCmd(disable bool) *cobra.Command {
	use, short, done := "disable NAME", "Let nobody sign in to an account, and end its sessions", "disabled"
	if !disable {
		use, short, done = "enable NAME", "Let the owner of an account sign in again", "enabled"
	}
	return p.accountVerb(use, short, 1, func(ctx context.Context, to *client, path string, _ []string) error {
		var a people.Account
		if err := to.post(ctx, path, api.AccountChange{Disabled: &disable}, &a); err != nil {
			return err
		}
		p.note("%s is %s", a.Name, done)
		return nil
	})
}

func (p *Program) accountsRemoveCmd() *cobra.Command {
	return p.accountVerb("remove NAME", "Remove an account and its sessions", 1, func(ctx context.Context, to *client, path string, args []string) error {
		res, err := to.do(ctx, http.MethodDelete, path, nil, nil)
		if err != nil {
			return err
		}
		res.Body.Close()
		p.note("%s is removed", args[0])
		return nil
	})
}

func (p *Program) loginLinkCmd() *cobra.Command {
	var t target
	c := &cobra.Command{
		Use: "login-link", Short: "Make a link that signs in to the console once",
		Long: "Make a link that signs in to the console once, within 15 minutes, as the administrator of the data directory. It needs their token. People have accounts: gatebook accounts.",
		Args: cobra.NoArgs,
	}
	t.flags(c)
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var l api.SignInLink
		if err := to.post(c.Context(), "/api/v1/login-link", nil, &l); err != nil {
			return err
		}
		p.printLink(&l, "this link signs in as the administrator")
		return nil
	}
	return c
}

// maxSecret bounds what is read as a secret.
const maxSecret = 4096

// readSecret reads the first line of a file, or of stdin for "-".
func readSecret(stdin io.Reader, file string) (string, error) {
	r := stdin
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		r = f
	}
	line, err := bufio.NewReader(io.LimitReader(r, maxSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("it is empty")
	}
	return line, nil
}
