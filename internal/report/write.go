package report

import (
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"moment": moment,
	"number": func(n uint64) string { return group(number(n)) },
}).Parse(pageText))

// HTML writes the document as one page that needs nothing else: no script, no
// request to anywhere, and a style for printing.
func (d *Document) HTML(w io.Writer) error { return page.Execute(w, d) }

// JSON writes the document as it is.
func (d *Document) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// CSV writes the document as sections: a line with the title of the section,
// then its lines, then an empty one. A cell that a spreadsheet would take for a
// formula begins with an apostrophe.
func (d *Document) CSV(w io.Writer) error {
	c := csv.NewWriter(w)
	var failed error
	line := func(cells ...string) {
		for i := range cells {
			cells[i] = Cell(cells[i])
		}
		if err := c.Write(cells); err != nil && failed == nil {
			failed = err
		}
	}
	pairs := func(title string, list []Pair) {
		line(title)
		for _, p := range list {
			line(p.Name, p.Value)
		}
		c.Write([]string{""})
	}
	texts := func(title string, list []string) {
		line(title)
		for _, s := range list {
			line(s)
		}
		c.Write([]string{""})
	}
	pairs(d.Title, append(append([]Pair{{"report", d.Name}}, d.Scope...),
		Pair{"made", stamp(d.Made)}, Pair{"by", d.By}, Pair{"role", d.Role}, Pair{"reason", d.Reason}, Pair{"version", d.Version},
		Pair{"ledger", d.Ledger.Origin}, Pair{"public key", d.Ledger.Key}, Pair{"records under the checkpoint", number(d.Ledger.Size)}, Pair{"root", d.Ledger.Root},
		Pair{"first record read", number(d.Ledger.First)}, Pair{"records read", number(d.Ledger.Records)}))
	texts("Summary", d.Summary)
	for _, t := range d.Tables {
		line(t.Title)
		head := make([]string, len(t.Columns))
		for i, col := range t.Columns {
			head[i] = col.Name
		}
		line(head...)
		for _, row := range t.Rows {
			line(append([]string{}, row...)...)
		}
		if t.Left > 0 {
			line("rows that are not listed", number(t.Left))
		}
		c.Write([]string{""})
	}
	texts("How this was computed", d.Method)
	texts("What this cannot say", append(append([]string{}, d.Limits...), d.Ledger.Problems...))
	pairs("What the words mean", d.Terms)
	texts("Signed checkpoint", strings.Split(strings.TrimSpace(d.Ledger.Checkpoint), "\n"))
	c.Flush()
	if failed != nil {
		return failed
	}
	return c.Error()
}

// Cell returns the text such that no spreadsheet runs it as a formula.
func Cell(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
