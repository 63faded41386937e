package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/reading"
)

// output says how results are printed.
type output struct {
	form string // table, json, csv
	json bool
	utc  bool
}

func (o *output) flags(c *cobra.Command, forms string) {
	f := c.Flags()
	f.StringVarP(&o.form, "output", "o", "table", "the `form`: "+forms)
	f.BoolVar(&o.json, "json", false, "the same as -o json: one JSON object a line")
	f.BoolVar(&o.utc, "utc", false, "times in UTC instead of the local zone")
}

// check refuses a form that the verb does not have.
func (o *output) check(forms ...string) error {
	if o.json {
		o.form = "json"
	}
	for _, f := range forms {
		if f == o.form {
			return nil
		}
	}
	return fmt.Errorf("--output %q: want one of %v", o.form, forms)
}

// look returns how values are shown.
func (p *Program) look(o *output) look {
	l := look{p.screen(), p.Zone}
	if o.utc {
		l.zone = time.UTC
	}
	return l
}

// lines returns an encoder of JSON lines that leaves sealed bytes as they are.
func lines(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}

// each prints a list as lines of JSON.
func each[T any](p *Program, list []T) error {
	enc := lines(p.Stdout)
	for i := range list {
		if err := enc.Encode(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// listed returns a list of a server, for a table or CSV. As JSON it is printed
// here already.
func listed[T any](p *Program, c *cobra.Command, t *target, o *output, path string) ([]T, error) {
	return listedBy[T](p, c, t, o, path, nil)
}

// listedBy is listed with parameters.
func listedBy[T any](p *Program, c *cobra.Command, t *target, o *output, path string, q url.Values) (list []T, err error) {
	if err := o.check("table", "json", "csv"); err != nil {
		return nil, usage(c, err)
	}
	from, err := p.connect(c.Context(), t)
	if err != nil {
		return nil, err
	}
	defer from.close(&err)
	if err := from.get(c.Context(), path, q, &list); err != nil {
		return nil, err
	}
	if o.form == "json" {
		return nil, each(p, list)
	}
	return list, nil
}

// deleteCmd is a verb that deletes what its argument names, under a path. done
// tells people of it, with the argument.
func (p *Program) deleteCmd(use, short, path, done string) *cobra.Command {
	var t target
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(1)}
	t.flags(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		res, err := to.do(c.Context(), http.MethodDelete, path+url.PathEscape(args[0]), nil, nil)
		if err != nil {
			return err
		}
		res.Body.Close()
		p.note(done, args[0])
		return nil
	}
	return c
}

// records prints records in the form that was asked for.
func (p *Program) records(o *output, cols []column, list []reading.Record) error {
	l := p.look(o)
	switch o.form {
	case "json":
		enc := lines(p.Stdout)
		for i := range list {
			if err := enc.Encode(&list[i]); err != nil {
				return err
			}
		}
		return nil
	case "csv":
		l.screen = screen{}
	}
	rows := make([][]cell, 0, len(list))
	for i := range list {
		row, err := l.row(cols, &list[i])
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return p.rows(o, names(cols), rows)
}

// rows prints a table as such or as CSV.
func (p *Program) rows(o *output, head []string, rows [][]cell) error {
	if o.form != "csv" {
		return p.screen().table(p.Stdout, head, rows)
	}
	w := csv.NewWriter(p.Stdout)
	w.Write(head)
	for _, row := range rows {
		line := make([]string, len(row))
		for i, c := range row {
			line[i] = c.text
		}
		w.Write(line)
	}
	w.Flush()
	return w.Error()
}

// problems tells people of records that cannot be shown. Evidence that does
// not hold sets the exit code.
func (p *Program) problems(list []reading.Problem) {
	for _, b := range list {
		where := b.File
		if b.Where != "" {
			where += ", " + b.Where
		}
		if where != "" {
			where = " (" + where + ")"
		}
		fmt.Fprintf(p.Stderr, "record %d cannot be shown: %s%s\n", b.Number, clean(b.Detail), clean(where))
		if b.Kind == "evidence" {
			p.code = ExitEvidence
		}
	}
}

// note tells people what they should know of an answer.
func (p *Program) note(format string, args ...any) {
	fmt.Fprintln(p.Stderr, p.screen().paint(dim, clean(fmt.Sprintf(format, args...))))
}
