package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/evidence"
	"github.com/gatebook/gatebook/internal/verify"
)

func (p *Program) evidenceCmd() *cobra.Command {
	var t target
	var s span
	var disclose, out, caseName string
	var complete bool
	var continues []string
	c := &cobra.Command{
		Use:   "evidence [QUERY]",
		Short: "Write an evidence pack: events, proofs, and a page that checks itself",
		Long: "Write one zip that answers a query and that anyone can check alone and offline: the matching events as they were sealed, the envelopes that you disclose, " +
			"their proofs, the signed checkpoint, and a page to read. Before it is written, the query, the range of records that was searched and the list of what was found are sealed in the record; " +
			"a pack from which something is removed, or to which something is added, contradicts that. With --complete the headers of all records that were searched are in it too, " +
			"so that whoever checks it evaluates the query again; the query may then name fields of the header only. " +
			"The pack is checked before it is kept. To check it: gatebook-verify PACK.zip, or open index.html in it.",
		Example: "  gatebook evidence 'what.objects:customer/4711' --since 30d --disclose who,what -o 4711.zip --reason 'request of the data subject'\n" +
			"  gatebook evidence 'outcome.status:=403' --since 2026-11-01 --until 2026-12-01 --complete --case AUDIT-17",
		Args: cobra.ArbitraryArgs,
	}
	t.flags(c)
	s.flags(c)
	f := c.Flags()
	f.StringVar(&disclose, "disclose", "", "`classes` of envelopes to disclose, with commas: who, what, payload; the others stay commitments")
	f.StringVarP(&out, "output", "o", "", "the `file` to write (default: gatebook-evidence-TIME.zip)")
	f.StringVar(&caseName, "case", "", "what the pack is for; it is sealed, and in the pack")
	f.BoolVar(&complete, "complete", false, "enclose the headers of all records that were searched")
	f.StringSliceVar(&continues, "continues", nil, "`sizes` of older checkpoints that the pack can be compared with")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		q := url.Values{"query": {strings.Join(args, " ")}, "complete": {strconv.FormatBool(complete)}}
		for name, list := range map[string][]string{"disclose": tidy(disclose), "continues": continues} {
			if len(list) > 0 {
				q.Set(name, strings.Join(list, ","))
			}
		}
		if caseName != "" {
			q.Set("case", caseName)
		}
		if err := p.span(&s, q, false); err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		res, err := api.do(c.Context(), http.MethodGet, "/api/v1/evidence", q, nil)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if out == "" {
			out = "gatebook-evidence-" + p.Now().UTC().Format("20060102T150405Z") + ".zip"
		}
		return p.evidence(res.Body, out)
	}
	return c
}

// evidence checks a pack, keeps it, and says what it shows.
func (p *Program) evidence(body io.Reader, out string) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("the pack broke off: %w", err)
	}
	rep, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{})
	if err != nil {
		return fmt.Errorf("the pack of the server: %w", err)
	}
	if err := p.writeFile(out, b); err != nil {
		return err
	}
	verify.PrintPack(p.Stderr, rep, false)
	if out != "-" {
		sum := sha256.Sum256(b)
		p.note("%s: %d bytes, sha256 %s", out, len(b), hex.EncodeToString(sum[:]))
	}
	p.code = verify.PackCode(rep)
	return nil
}
