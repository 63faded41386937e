package cli

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/report"
)

var reportForms = []string{"html", "pdf", "csv", "json"}

func (p *Program) reportCmd() *cobra.Command {
	var t target
	var s span
	var object, class, principal, idle, format, out string
	var about strings.Builder
	for _, name := range report.Names() {
		fmt.Fprintf(&about, "  %-11s %s\n", name, report.About(name))
	}
	c := &cobra.Command{
		Use:   "report NAME",
		Short: "Make a report for auditors",
		Long: "Make a report for auditors, from the ledger: each record is read and checked, nothing is taken from the index. A report says what it is about, what was found, how it was computed, " +
			"what it cannot say, and on which signed checkpoint it rests. It is a look itself, and the hash of its file is sealed with that.\n\n" +
			"The reports:\n\n" + about.String() + "\nWithout --since: the 30 days before the end. Without --until: up to now.",
		Example: "  gatebook report access --object customer/4711 --since 90d -o customer-4711.pdf\n" +
			"  gatebook report access --class email --since 2026-10-01 --until 2026-11-01 -o email.html\n" +
			"  gatebook report person --principal alice@example.com -o alice.csv\n" +
			"  gatebook report dormant --idle 90d -o dormant.html\n" +
			"  gatebook report integrity --since 2026-10-01 --until 2026-11-01 -o october.pdf --reason 'monthly review'",
		Args:      cobra.ExactArgs(1),
		ValidArgs: report.Names(),
	}
	t.flags(c)
	s.flags(c)
	f := c.Flags()
	f.StringVar(&object, "object", "", "access: the `object`, as TYPE/ID")
	f.StringVar(&class, "class", "", "access: the `class` of data, such as email")
	f.StringVar(&principal, "principal", "", "person: who, by pseudonym, subject, e-mail, `name`, client, key id or fingerprint")
	f.StringVar(&idle, "idle", "", "dormant: unused for so `long` (90d)")
	f.StringVar(&format, "format", "", "the `form`: html, pdf, csv or json; without it, that of the file's name, or html")
	f.StringVarP(&out, "output", "o", "-", "the `file` to write; - is the standard output")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		form, err := reportForm(format, out)
		if err != nil {
			return usage(c, err)
		}
		if form == "pdf" && out == "-" && p.screen() != (screen{}) {
			return usage(c, errors.New("a PDF is not for the terminal: name a file with --output"))
		}
		q := url.Values{"format": {form}}
		for name, v := range map[string]string{"object": object, "class": class, "principal": principal, "idle": idle} {
			if v != "" {
				q.Set(name, v)
			}
		}
		if err := p.span(&s, q, false); err != nil {
			return usage(c, err)
		}
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		res, err := from.do(c.Context(), http.MethodGet, "/api/v1/reports/"+url.PathEscape(args[0]), q, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			return fmt.Errorf("the report broke off: %w", err)
		}
		if err := p.writeFile(out, b); err != nil {
			return err
		}
		p.note("%d bytes, sealed as sha256 %x", len(b), sha256.Sum256(b))
		return nil
	}
	return c
}

// reportForm returns the form that is asked for, or that the name of the file
// says.
func reportForm(format, out string) (string, error) {
	if format == "" {
		format = strings.TrimPrefix(strings.ToLower(filepath.Ext(out)), ".")
		if format == "htm" || out == "-" || format == "" {
			format = "html"
		}
	}
	if !slices.Contains(reportForms, format) {
		return "", fmt.Errorf("the form %q: want one of %s, with --format or as the end of the file's name", format, strings.Join(reportForms, ", "))
	}
	return format, nil
}
