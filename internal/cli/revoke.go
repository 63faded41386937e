package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/revoke"
)

func (p *Program) revokeCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "revoke", Short: "Take access back where it was given: at an identity provider",
		Long: "Take access back where it was given: deactivate an account at an identity provider (SCIM), revoke a token at its issuer (RFC 7009), or tell automation of your own by a signed webhook. The providers are those of act.providers in the configuration.\n\n" +
			"Each is sealed in the record first, and sent until the provider took it or refused it for good, also after a crash; how it ended is sealed, too. gatebook block stops the calls meanwhile.",
		Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.revokeUserCmd(), p.revokeTokenCmd(), p.revokeListCmd(), p.revokeShowCmd(), p.revokeProvidersCmd(),
		p.revocationVerb("approve", "Have what somebody else proposed sent to its provider", "Have a deactivation that somebody else proposed sent to its provider.", "approving a revocation"),
		p.revocationVerb("reject", "End a proposal, or take back your own", "End the proposal of a deactivation, or take back your own.", "rejecting a revocation"),
		p.revocationVerb("undo", "Have an account activated again", "Have an account activated again that was deactivated. It is a revocation of its own. A token that was revoked has no undo.", "undoing a revocation"),
		p.revocationVerb("retry", "Try a revocation again that has failed", "Try a revocation again that was refused or given up, when what was wrong is put right.", "trying a revocation again"))
	return c
}

// revokeFlags are the flags of the verbs that revoke.
type revokeFlags struct {
	target
	n      api.NewRevocation
	asJSON bool
}

func (r *revokeFlags) flags(c *cobra.Command) {
	r.target.flags(c)
	f := c.Flags()
	f.StringVar(&r.n.Provider, "at", "", "the `name` of the provider; without: the only one that can be asked for that")
	f.StringVar(&r.n.Incident, "incident", "", "the `id` of the incident that it is about")
	f.BoolVar(&r.n.Again, "again", false, "although it was done already")
	f.BoolVar(&r.asJSON, "json", false, "print JSON")
}

// send asks for the revocation, and says what came of it.
func (p *Program) send(ctx context.Context, to *client, r *revokeFlags) error {
	var made revoke.Revocation
	if err := to.post(ctx, "/api/v1/revocations", r.n, &made); err != nil {
		return err
	}
	return p.revoked(&made, r.asJSON)
}

func (p *Program) revokeUserCmd() *cobra.Command {
	var r revokeFlags
	c := &cobra.Command{
		Use: "user ACCOUNT", Short: "Deactivate an account at an identity provider", Args: cobra.ExactArgs(1),
		Long: "Deactivate an account at an identity provider, so that nobody can sign in with it. ACCOUNT is its name there, mostly an e-mail address. Tokens that were given out before may stay valid until they expire: gatebook block stops calls with them.\n\n" +
			"Where the configuration asks for a second person (approval), and by an investigator, it is only proposed: gatebook revoke approve sends it.",
		Example: "  gatebook revoke user anna@example.com --at okta --reason 'case 2026-7: laptop stolen'",
	}
	r.flags(c)
	c.Flags().BoolVar(&r.n.Propose, "propose", false, "only propose it, for somebody else to approve")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := needsReason(r.reason, "what is taken back"); err != nil {
			return usage(c, err)
		}
		r.n.User = strings.TrimSpace(args[0])
		to, err := p.connect(c.Context(), &r.target)
		if err != nil {
			return err
		}
		defer to.close(&err)
		return p.send(c.Context(), to, &r)
	}
	return c
}

func (p *Program) revokeTokenCmd() *cobra.Command {
	var r revokeFlags
	var from, block string
	c := &cobra.Command{
		Use: "token", Short: "Revoke a token at its issuer", Args: cobra.NoArgs,
		Long: "Revoke a token at its issuer (RFC 7009). The token is read from standard input, or from a file, and kept nowhere: the record names it by its fingerprint, as the events of its calls do.\n\n" +
			"A gateway checks a JWT by its signature, so that calls with it can go on until it expires, whatever its issuer thinks of it. --block also refuses them, at once: it is a measure like any other.",
		Example: "  gatebook revoke token --at login --reason 'found in a build log' < token.txt\n  gatebook revoke token --from token.txt --block 12h --reason 'found in a build log'",
	}
	r.flags(c)
	f := c.Flags()
	f.StringVar(&from, "from", "", "the `file` with the token; without: standard input")
	f.StringVar(&r.n.Fingerprint, "fingerprint", "", "the `fingerprint` of a token that is not at hand, for a provider that is not shown tokens (a webhook)")
	f.StringVar(&r.n.TokenType, "type", "", "what it is: access_token or refresh_token")
	f.StringVar(&block, "block", "", "also refuse calls with it at the gateway, for so `long`, like 12h")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		if err := needsReason(r.reason, "what is taken back"); err != nil {
			return usage(c, err)
		}
		m := api.NewMeasure{Kind: "block", Incident: r.n.Incident}
		if block != "" {
			if m.For, err = api.ParseDuration(block); err != nil {
				return usage(c, fmt.Errorf("--block %w", err))
			}
		}
		switch {
		case r.n.Fingerprint == "":
			if r.n.Token, err = p.tokenFrom(from); err != nil {
				return err
			}
		case from != "":
			return usage(c, errors.New("--from and --fingerprint: give the token or its fingerprint"))
		}
		to, err := p.connect(c.Context(), &r.target)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var made revoke.Revocation
		if err := to.post(c.Context(), "/api/v1/revocations", r.n, &made); err != nil {
			return err
		}
		if err := p.revoked(&made, r.asJSON); err != nil {
			return err
		}
		m.Subject = "credential:" + made.Fingerprint
		if block == "" {
			p.note("calls with it are refused at the gateway once it expires, or by: gatebook block %s --reason TEXT", m.Subject)
			return nil
		}
		var blocked act.Measure
		if err := to.post(c.Context(), "/api/v1/measures", m, &blocked); err != nil {
			return fmt.Errorf("the token is revoked at its issuer, and not blocked at the gateway: %w", err)
		}
		if r.asJSON {
			return lines(p.Stdout).Encode(blocked)
		}
		p.decided(&blocked)
		return nil
	}
	return c
}

// maxTokenFile bounds what is read for a token.
const maxTokenFile = 64 << 10

// tokenFrom reads a token. No error repeats it.
func (p *Program) tokenFrom(name string) (string, error) {
	in, where := p.Stdin, "standard input"
	if name != "" && name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("the file with the token: %w", err)
		}
		defer f.Close()
		in, where = f, name
	}
	if in == nil {
		return "", errors.New("there is no standard input: name a file with --from")
	}
	b, err := io.ReadAll(io.LimitReader(in, maxTokenFile+1))
	if err != nil {
		return "", fmt.Errorf("reading the token from %s: %w", where, err)
	}
	text := strings.TrimSpace(string(b))
	if scheme, rest, ok := strings.Cut(text, " "); ok && strings.EqualFold(scheme, "bearer") {
		text = strings.TrimSpace(rest)
	}
	if text == "" || len(b) > maxTokenFile || strings.ContainsAny(text, " \t\r\n") {
		return "", fmt.Errorf("%s does not hold one token", where)
	}
	return text, nil
}

// revoked tells people what came of a revocation. One that has failed is an
// error; one that waits is not.
func (p *Program) revoked(r *revoke.Revocation, asJSON bool) error {
	if asJSON {
		if err := lines(p.Stdout).Encode(r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.Stdout, "%s  %s\n", r.ID, clean(revocationText(r)))
	}
	switch r.State {
	case revoke.Proposed:
		p.note("sealed as event %d, and proposed. Somebody else approves it until %s: gatebook revoke approve %s --reason TEXT", r.Decision, r.Answer.UTC().Format(time.RFC3339), r.ID)
	case revoke.Rejected, revoke.Lapsed:
		p.note("sealed as event %d", r.Ending)
	case revoke.Failed:
		return fmt.Errorf("revocation %s has failed: %s", r.ID, clean(r.Error))
	case revoke.Pending:
		if r.Error != "" {
			p.note("the provider did not take it yet: %s. It is tried again: gatebook revoke show %s", r.Error, r.ID)
		} else {
			p.note("the provider has not answered yet: gatebook revoke show %s", r.ID)
		}
	default:
		hint := ""
		if r.Action == revoke.Deactivate {
			hint = "; to undo it: gatebook revoke undo " + r.ID + " --reason TEXT"
		}
		p.note("sealed as event %d, and its end as %d%s", r.Decision, r.Ending, hint)
	}
	return nil
}

// revocationText says what a revocation is.
func revocationText(r *revoke.Revocation) string {
	whose := r.User
	if r.Action == revoke.Token {
		whose = "token " + r.Fingerprint
	}
	if whose == "" {
		whose = "an account whose name was erased"
	}
	done := map[revoke.Action]string{revoke.Deactivate: "deactivated", revoke.Activate: "activated", revoke.Token: "revoked"}[r.Action]
	text := fmt.Sprintf("%s is %s at %s", whose, done, r.Provider)
	switch r.State {
	case revoke.Pending:
		text = fmt.Sprintf("%s will be %s at %s", whose, done, r.Provider)
	case revoke.Proposed:
		text = fmt.Sprintf("%s is proposed to be %s at %s", whose, done, r.Provider)
	case revoke.Failed, revoke.Rejected, revoke.Lapsed:
		text = fmt.Sprintf("%s was not %s at %s", whose, done, r.Provider)
	}
	if r.Detail != "" {
		text += " (" + r.Detail + ")"
	}
	return text
}

// revocationVerb is a verb about one revocation that is there.
func (p *Program) revocationVerb(use, short, long, what string) *cobra.Command {
	var t target
	c := &cobra.Command{Use: use + " ID", Short: short, Long: long, Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := needsReason(t.reason, what); err != nil {
			return usage(c, err)
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		var r revoke.Revocation
		if err := to.ask(c.Context(), http.MethodPost, "/api/v1/revocations/"+url.PathEscape(args[0])+"/"+use, &r); err != nil {
			return err
		}
		return p.revoked(&r, false)
	}
	return c
}

func (p *Program) revokeListCmd() *cobra.Command {
	var t target
	var o output
	var state string
	c := &cobra.Command{Use: "list", Short: "List what was taken back, what waits, and what failed", Args: cobra.NoArgs, Long: "List the revocations of the last 90 days, the newest first."}
	t.flags(c)
	c.Flags().StringVar(&state, "state", "", "only those in this `state`: proposed, pending, done, failed, rejected, lapsed")
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listedBy[revoke.Revocation](p, c, &t, &o, "/api/v1/revocations", url.Values{"state": {state}})
		if err != nil || o.form == "json" {
			return err
		}
		l, rows := p.look(&o), make([][]cell, 0, len(list))
		for i := range list {
			r := &list[i]
			whose, last := r.User, r.Error
			if r.Action == revoke.Token {
				whose = r.Fingerprint
			}
			if last == "" {
				last = r.Detail
			}
			rows = append(rows, []cell{{r.ID, bold}, {string(r.State), plain}, {string(r.Action), plain}, {whose, plain}, {r.Provider, plain}, {l.time(r.Since), dim}, {l.time(r.Ended), dim}, {strconv.Itoa(r.Attempts), plain}, {r.By, plain}, {r.Reason, plain}, {last, yellow}})
		}
		return p.rows(&o, []string{"id", "state", "action", "whose", "at", "since", "ended", "attempts", "by", "reason", "said"}, rows)
	}
	return c
}

func (p *Program) revokeShowCmd() *cobra.Command {
	var t target
	c := &cobra.Command{Use: "show ID", Short: "Show one revocation", Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var r revoke.Revocation
		if err := from.get(c.Context(), "/api/v1/revocations/"+url.PathEscape(args[0]), nil, &r); err != nil {
			return err
		}
		e := lines(p.Stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return c
}

func (p *Program) revokeProvidersCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{Use: "providers", Short: "List the providers at which access can be taken back, and how they are", Args: cobra.NoArgs}
	t.flags(c)
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, _ []string) error {
		list, err := listed[revoke.ProviderStatus](p, c, &t, &o, "/api/v1/revocations/providers")
		if err != nil || o.form == "json" {
			return err
		}
		rows := make([][]cell, 0, len(list))
		for _, s := range list {
			var can []string
			for _, a := range s.Actions {
				can = append(can, string(a))
			}
			state := cell{"well", green}
			if !s.Failing.IsZero() {
				state = cell{"failing since " + p.look(&o).time(s.Failing), red}
			}
			rows = append(rows, []cell{{s.Name, bold}, {s.Kind, plain}, {strings.Join(can, ", "), plain}, state, {strconv.Itoa(s.Pending), plain}, {strconv.Itoa(s.Failed), plain}, {s.Error, yellow}})
		}
		return p.rows(&o, []string{"name", "kind", "can", "state", "waiting", "failed", "error"}, rows)
	}
	return c
}
