package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/erasure"
)

// selection is the flags that say which events are meant.
type selection struct {
	principals, objects, events []string
	query                       string
	all                         bool
	span
}

func (s *selection) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&s.principals, "principal", nil, "the `person` or service, by pseudonym, subject, e-mail or name; may be repeated")
	f.StringArrayVar(&s.objects, "object", nil, "an `object` that calls touched, as ID or TYPE/ID; may be repeated")
	f.StringVar(&s.query, "query", "", "a `query`, as for search")
	f.StringArrayVar(&s.events, "event", nil, "an `event`, by number or id; may be repeated")
	f.BoolVar(&s.all, "all-identities", false, "all principals that have the name, if they are several")
	s.span.flags(c)
}

// selection returns what the flags say.
func (p *Program) selection(s *selection) (api.Selection, error) {
	sel := api.Selection{Principals: s.principals, AllIdentities: s.all, Objects: s.objects, Query: s.query, Events: s.events}
	if len(s.principals) == 0 && len(s.objects) == 0 && s.query == "" && len(s.events) == 0 {
		return sel, errors.New("say what is meant: --principal, --object, --query or --event")
	}
	times := url.Values{}
	if err := p.span(&s.span, times, false); err != nil {
		return sel, err
	}
	sel.From, _ = time.Parse(time.RFC3339Nano, times.Get("from"))
	sel.To, _ = time.Parse(time.RFC3339Nano, times.Get("to"))
	return sel, nil
}

func (p *Program) eraseCmd() *cobra.Command {
	var t target
	var s selection
	var req api.EraseRequest
	var classes string
	var yes, asJSON bool
	c := &cobra.Command{
		Use:   "erase",
		Short: "Erase what is personal, and keep the proof",
		Long: "Erase the envelopes (names, paths, bodies) of the events that are meant. Their headers, with pseudonyms, times and counts, stay, and so does every proof. " +
			"The decision is sealed in the record first, without the name. What a legal hold is on stops it. " +
			"--dry-run says how much it would be, and what else names a person. There is no way back: without --dry-run or --yes nothing is done. See docs/erasure.md.",
		Example: "  gatebook erase --principal alice@shop.example --dry-run --reason 'request 2026-118'\n" +
			"  gatebook erase --principal alice@shop.example --yes --reason 'request 2026-118' --request 2026-118\n" +
			"  gatebook erase --object customer/4711 --classes payload --yes --reason 'recorded by mistake'",
		Args: cobra.NoArgs,
	}
	t.flags(c)
	s.flags(c)
	f := c.Flags()
	f.BoolVar(&req.DryRun, "dry-run", false, "say what would be done, and change nothing")
	f.BoolVar(&yes, "yes", false, "do it")
	f.StringVar(&classes, "classes", "", "`classes` of envelopes, with commas: who, what, payload; without: what and payload for --object, else all")
	f.BoolVar(&req.Mentions, "mentions", false, "also what others did that names what is meant")
	f.BoolVar(&req.ExceptHeld, "except-held", false, "leave out what is under legal hold, instead of doing nothing")
	f.StringVar(&req.Request, "request", "", "the `number` of the person's request, to be shown where something was erased; no name")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(c *cobra.Command, _ []string) (err error) {
		req.Selection, err = p.selection(&s)
		req.Classes = tidy(classes)
		switch {
		case err != nil:
		case !req.DryRun && !yes:
			err = errors.New("nothing is done without --dry-run, which says what would be erased, or --yes, which erases it")
		case !req.DryRun && strings.TrimSpace(t.reason) == "":
			err = errors.New("--reason is missing: an erasure needs one, and it is recorded")
		}
		if err != nil {
			return usage(c, err)
		}
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		return p.erase(c, to, &req, asJSON)
	}
	return c
}

// erase reads the lines of the answer.
func (p *Program) erase(c *cobra.Command, to *client, req *api.EraseRequest, asJSON bool) error {
	res, err := to.do(c.Context(), http.MethodPost, "/api/v1/erase", nil, req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for lines := json.NewDecoder(res.Body); ; {
		var item api.EraseItem
		if err := lines.Decode(&item); err == io.EOF {
			return errors.New("the answer broke off: look at what was done with gatebook search 'kind:=decision'")
		} else if err != nil {
			return fmt.Errorf("reading the answer: %w", err)
		}
		switch {
		case item.Problem != nil:
			f := &failure{Problem: *item.Problem, server: to.base.String()}
			f.Type = strings.TrimPrefix(f.Type, api.ProblemPrefix)
			return f
		case item.Plan != nil || item.Result != nil:
			return p.erased(&item, asJSON)
		}
	}
}

// erased prints what was, or would be, done.
func (p *Program) erased(item *api.EraseItem, asJSON bool) error {
	if asJSON {
		return lines(p.Stdout).Encode(item)
	}
	plan, verb := item.Plan, "would lose"
	if item.Result != nil {
		plan, verb = &item.Result.Plan, "lost"
	}
	fmt.Fprintf(p.Stdout, "%s %s envelopes: %s\n", count(plan.Events, "event"), verb, counts(plan.Envelopes))
	if plan.Events > 0 {
		l := look{zone: p.Zone}
		fmt.Fprintf(p.Stdout, "  kinds      %s\n  from       %s\n  to         %s\n", counts(plan.Kinds), l.time(plan.From), l.time(plan.To))
	}
	fmt.Fprintf(p.Stdout, "  looked at  %s\n", count(plan.Below, "record"))
	for _, i := range plan.Identities {
		fmt.Fprintf(p.Stdout, "  means      %s of %s, in %s\n", i.Principal, clean(i.Issuer), count(i.Events, "event"))
	}
	for _, h := range plan.Held {
		fmt.Fprintf(p.Stdout, "  held       %s by %q (%s): not erased\n", count(h.Events, "event"), clean(h.Name), h.ID)
	}
	if plan.Elsewhere.Events > 0 {
		fmt.Fprintf(p.Stdout, "  elsewhere  %s of others also name it: %s; erased with --mentions only\n", count(plan.Elsewhere.Events, "event"), counts(plan.Elsewhere.Classes))
	}
	if plan.Searches > 0 {
		fmt.Fprintf(p.Stdout, "  searches   %d that were saved name the person, and are deleted\n", plan.Searches)
	}
	if len(plan.Keys) > 0 {
		fmt.Fprintf(p.Stdout, "  API keys   %s: no part of the record, see gatebook keys\n", strings.Join(plan.Keys, " "))
	}
	for _, n := range plan.Notes {
		fmt.Fprintf(p.Stdout, "  note       %s\n", clean(n))
	}
	if item.Result != nil {
		p.afterErasure(item.Result)
	}
	return nil
}

func (p *Program) afterErasure(r *erasure.Result) {
	for _, n := range r.Decisions {
		fmt.Fprintf(p.Stdout, "  decision   event %d\n", n)
	}
	switch r.Index {
	case "remote":
		fmt.Fprintln(p.Stdout, "  index      the remote index still has it: feed an empty tenant anew, and delete the old one; see docs/erasure.md")
	case "forgotten":
		fmt.Fprintln(p.Stdout, "  index      has forgotten it, and is filled again with what is left")
	}
	if len(r.Decisions) > 0 {
		fmt.Fprintln(p.Stdout, "Backups, and free blocks of the disk, may still have it: see docs/erasure.md")
	}
}

// count returns "1 event", "2 events".
func count(n uint64, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// counts returns "4 who, 3 payload", or "none".
func counts(m map[string]uint64) string {
	order := []string{"who", "what", "payload"}
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a), slices.Index(order, b)), cmp.Compare(a, b))
	})
	var parts []string
	for _, name := range names {
		if m[name] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", m[name], name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
