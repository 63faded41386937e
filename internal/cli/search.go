package cli

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/saved"
)

// span is the flags of a time.
type span struct{ since, until string }

func (s *span) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.since, "since", "", "events from this `time` on: 15m, 7d, today, 2026-11-24, RFC 3339")
	c.Flags().StringVar(&s.until, "until", "", "events before this `time`")
}

// set adds the times to a query of the API.
func (p *Program) span(s *span, q url.Values, utc bool) error {
	now := p.Now().In(p.Zone)
	if utc {
		now = now.UTC()
	}
	for _, f := range []struct{ flag, text, name string }{{"--since", s.since, "from"}, {"--until", s.until, "to"}} {
		if f.text == "" {
			continue
		}
		t, err := api.ParseTime(f.text, now)
		if err != nil {
			return fmt.Errorf("%s %w", f.flag, err)
		}
		q.Set(f.name, t.UTC().Format(time.RFC3339Nano))
	}
	return nil
}

func (p *Program) searchCmd() *cobra.Command {
	var t target
	var o output
	var s span
	var limit int
	var oldest bool
	var cols, name string
	c := &cobra.Command{
		Use:   "search [QUERY]",
		Short: "Find events",
		Long: "Find events by a query in LogsQL, newest first. Each event is read from the ledger and checked before it is shown. " +
			"A query with pipes prints rows as the index has them, which are no evidence. " +
			"Without a query: the newest events. Look events, such as this search itself, are found only if the query names the field kind.",
		Example: "  gatebook search 'who.subject:alice outcome.status:>=400' --since 1h\n" +
			"  gatebook search 'customers/4711' --columns number,time,who,credential.client\n" +
			"  gatebook search '* | stats by (operation.route) count() calls | sort by (calls desc)' --since today\n" +
			"  gatebook search 'kind:=look' --json\n" +
			"  gatebook search --saved refused --since 7d",
		Args: cobra.ArbitraryArgs,
	}
	t.flags(c)
	s.flags(c)
	c.Flags().IntVarP(&limit, "limit", "n", reading.DefaultLimit, "events or rows at most, up to 1000000")
	c.Flags().BoolVar(&oldest, "oldest", false, "oldest first")
	c.Flags().StringVar(&cols, "columns", "", "`columns` of the table, with commas: "+strings.Join(defaultColumns, ", ")+", or names of fields")
	c.Flags().StringVar(&name, "saved", "", "run the saved search of this `name`; a query given besides must match, too, and flags go before what is saved")
	o.flags(c, "table, json or csv")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		shown, err := columns(tidy(cols))
		if err == nil {
			err = o.check("table", "json", "csv")
		}
		if err == nil && (limit < 1 || limit > 1_000_000) {
			err = fmt.Errorf("--limit %d: want 1 to 1000000", limit)
		}
		q := url.Values{"query": {strings.Join(args, " ")}, "order": {"newest"}}
		if oldest {
			q.Set("order", "oldest")
		}
		if err == nil {
			err = p.span(&s, q, o.utc)
		}
		if err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		if name != "" {
			e, err := savedSearch(c.Context(), api, name)
			if err != nil {
				return err
			}
			if shown, err = p.fillIn(q, e.Search, cols, &o); err != nil {
				return fmt.Errorf("the saved search %q: %w", name, err)
			}
		}
		return p.search(c, api, q, limit, &o, shown)
	}
	return c
}

// fillIn adds to the parameters of a search what a saved one has and the command
// line does not give, and returns the columns.
func (p *Program) fillIn(q url.Values, x saved.Search, cols string, o *output) ([]column, error) {
	query := strings.TrimSpace(q.Get("query"))
	switch {
	case query == "":
		query = x.Query
	case strings.TrimSpace(x.Query) != "":
		if strings.Contains(x.Query, "|") {
			return nil, errors.New("it may have pipes, to which no query can be added")
		}
		query = "(" + x.Query + ") (" + query + ")"
	}
	q.Set("query", query)
	s := span{x.From, x.To}
	if q.Has("from") {
		s.since = ""
	}
	if q.Has("to") {
		s.until = ""
	}
	if x.Order != "" && q.Get("order") == "newest" {
		q.Set("order", x.Order)
	}
	if cols == "" {
		cols = strings.Join(x.Columns, ",")
	}
	if err := p.span(&s, q, o.utc); err != nil {
		return nil, err
	}
	return columns(tidy(cols))
}

// search asks for pages until there are enough hits.
func (p *Program) search(c *cobra.Command, api *client, q url.Values, limit int, o *output, cols []column) error {
	var hits []reading.Record
	var res reading.Result
	for {
		q.Set("limit", strconv.Itoa(min(limit-len(hits), reading.MaxLimit)))
		res = reading.Result{}
		if err := api.get(c.Context(), "/api/v1/search", q, &res); err != nil {
			return err
		}
		p.problems(res.Problems)
		if res.Derived {
			return p.derived(o, &res)
		}
		hits = append(hits, res.Hits...)
		if res.Next == "" || len(hits) >= limit {
			break
		}
		q.Set("cursor", res.Next)
	}
	if len(hits) > 0 || o.form != "table" {
		if err := p.records(o, cols, hits); err != nil {
			return err
		}
	}
	m := res.Meta
	summary := fmt.Sprintf("%d events, %s, of %d sealed", len(hits), m.Took.Round(time.Millisecond/10), m.Sealed)
	if res.Next != "" {
		summary += "; there are more: --limit"
	}
	// An index that is behind does not matter to an answer from the ledger alone.
	if m.Index != "up" && (m.Source != "ledger" || strings.HasPrefix(m.Index, "down")) {
		summary += "; the index is " + m.Index
	}
	if !m.Complete {
		summary += "; not complete: " + m.Note
	}
	p.note("%s", summary)
	return nil
}

// derived prints the rows of a query with pipes.
func (p *Program) derived(o *output, res *reading.Result) error {
	if o.form == "json" {
		enc := lines(p.Stdout)
		for _, r := range res.Rows {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	seen := map[string]bool{}
	for _, r := range res.Rows {
		for k := range r {
			seen[k] = true
		}
	}
	head := slices.Sorted(maps.Keys(seen))
	rows := make([][]cell, len(res.Rows))
	for i, r := range res.Rows {
		for _, k := range head {
			rows[i] = append(rows[i], cell{r[k], plain})
		}
	}
	if len(rows) > 0 {
		if err := p.rows(o, head, rows); err != nil {
			return err
		}
	}
	p.note("%d rows, counted by the index: no evidence", len(rows))
	p.incomplete(res.Meta)
	return nil
}
