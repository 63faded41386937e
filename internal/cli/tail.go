package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
)

// tailWidths are the least widths of the default columns: what comes next is not
// known yet.
var tailWidths = map[string]int{"number": 7, "time": 23, "who": 20, "method": 7, "what": 40, "status": 6, "duration": 8}

func (p *Program) tailCmd() *cobra.Command {
	var t target
	var o output
	var backlog, limit int
	var cols string
	c := &cobra.Command{
		Use:     "tail [QUERY]",
		Short:   "Show events as they are sealed",
		Long:    "Show events as they are sealed, until interrupted. The query is the part of LogsQL that can be matched without the index: words, field:value, comparisons, and, or, not.",
		Example: "  gatebook tail\n  gatebook tail 'outcome.status:>=500' -n 10\n  gatebook tail 'operation.method:=DELETE' --json",
		Args:    cobra.ArbitraryArgs,
	}
	t.flags(c)
	c.Flags().IntVarP(&backlog, "backlog", "n", 5, "begin with this many of the newest matching events")
	c.Flags().IntVar(&limit, "limit", 0, "end after this many events; 0: go on")
	c.Flags().StringVar(&cols, "columns", "", "`columns`, as for search")
	o.flags(c, "table or json")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		shown, err := columns(tidy(cols))
		if err == nil {
			err = o.check("table", "json")
		}
		if err == nil && (backlog < 0 || backlog > 1000) {
			err = fmt.Errorf("--backlog %d: want 0 to 1000", backlog)
		}
		if err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		return p.tail(c.Context(), api, strings.Join(args, " "), backlog, limit, &o, shown)
	}
	return c
}

func (p *Program) tail(ctx context.Context, from *client, query string, backlog, limit int, o *output, cols []column) error {
	res, err := from.do(ctx, http.MethodGet, "/api/v1/tail", url.Values{"query": {query}, "backlog": {strconv.Itoa(backlog)}}, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	l := p.look(o)
	widths := make([]int, len(cols))
	for i, c := range cols {
		widths[i] = max(width(c.name), tailWidths[c.name])
	}
	if o.form == "table" {
		var b strings.Builder
		head := make([]cell, len(cols))
		for i, c := range cols {
			head[i] = cell{strings.ToUpper(c.name), bold}
		}
		l.line(&b, widths, head)
		io.WriteString(p.Stdout, b.String())
	}
	shown := 0
	err = serverEvents(res.Body, func(name string, data []byte) error {
		switch name {
		case "error":
			var f failure
			if err := json.Unmarshal(data, &f.Problem); err != nil {
				return fmt.Errorf("reading the tail: %w", err)
			}
			return &f
		case "event", "problem":
		default:
			return nil
		}
		var item api.TailItem
		if err := json.Unmarshal(data, &item); err != nil {
			return fmt.Errorf("reading the tail: %w", err)
		}
		if err := p.tailItem(l, o, cols, widths, &item); err != nil {
			return err
		}
		if shown++; shown == limit {
			return io.EOF
		}
		return nil
	})
	if errors.Is(err, io.EOF) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return errors.New("the server ended the tail: it is stopping")
	}
	return err
}

// serverEvents reads server-sent events until the end or an error of yield.
func serverEvents(r io.Reader, yield func(name string, data []byte) error) error {
	lines := bufio.NewReaderSize(r, 64<<10)
	name := ""
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		line = strings.TrimRight(line, "\r\n")
		if v, ok := strings.CutPrefix(line, "event: "); ok {
			name = v
		}
		if v, ok := strings.CutPrefix(line, "data: "); ok {
			if err := yield(name, []byte(v)); err != nil {
				return err
			}
		}
	}
}

func (p *Program) tailItem(l look, o *output, cols []column, widths []int, item *api.TailItem) error {
	if o.form == "json" {
		return lines(p.Stdout).Encode(item)
	}
	if item.Problem != nil {
		p.problems([]reading.Problem{*item.Problem})
		return nil
	}
	row, err := l.row(cols, item.Event)
	if err != nil {
		return err
	}
	for i := range row {
		row[i].text = clean(row[i].text)
	}
	if l.width == 0 { // not a terminal: nothing is cut
		for i := range row {
			widths[i] = max(widths[i], width(row[i].text))
		}
	} else {
		l.fit(widths)
	}
	var b strings.Builder
	l.line(&b, widths, row)
	_, err = io.WriteString(p.Stdout, b.String())
	return err
}
