package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/reading"
)

func (p *Program) exportCmd() *cobra.Command {
	var t target
	var s span
	var format, out, cols string
	var limit int
	c := &cobra.Command{
		Use:   "export [QUERY]",
		Short: "Write all matching events, oldest first",
		Long: "Write all matching events that are sealed now, oldest first, each read from the ledger and checked. JSON lines hold the sealed bytes; a CSV holds the columns asked for, " +
			"and a cell that a spreadsheet would run as a formula begins with an apostrophe.",
		Example: "  gatebook export 'who.subject:=alice' --since 30d -o alice.jsonl\n  gatebook export --format csv --columns arrived,who.subject,what.path,outcome.status > calls.csv",
		Args:    cobra.ArbitraryArgs,
	}
	t.flags(c)
	s.flags(c)
	c.Flags().StringVar(&format, "format", "jsonl", "the `form`: jsonl or csv")
	c.Flags().StringVarP(&out, "output", "o", "-", "the `file` to write; - is the standard output")
	c.Flags().StringVar(&cols, "columns", "", "`columns` of a CSV, with commas: number, or names of fields")
	c.Flags().IntVar(&limit, "limit", 0, "events at most; 0: all")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		q := url.Values{"query": {strings.Join(args, " ")}, "format": {format}, "limit": {strconv.Itoa(limit)}}
		if cols != "" {
			q.Set("columns", strings.Join(tidy(cols), ","))
		}
		if err := p.span(&s, q, false); err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		res, err := api.do(c.Context(), http.MethodGet, "/api/v1/export", q, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return p.export(res, out)
	}
	return c
}

func (p *Program) export(res *http.Response, out string) (err error) {
	w := p.Stdout
	if out != "-" {
		f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already: remove it, or give another name", out)
		}
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		w = f
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("the export broke off, and what was written is not whole: %w", err)
	}
	var sum reading.Exported
	if err := json.Unmarshal([]byte(res.Trailer.Get("Gatebook-Export")), &sum); err != nil {
		return errors.New("the export broke off, and what was written is not whole")
	}
	p.problems(sum.Problems)
	p.note("%d events", sum.Events)
	if !sum.Complete {
		p.note("not complete: %s", sum.Note)
	}
	return nil
}
