package cli

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

func (p *Program) proveCmd() *cobra.Command {
	var t target
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "prove ID|NUMBER",
		Short: "Write the proof that an event is in the ledger",
		Long: "Write the proof that an event is in the ledger, as C2SP tlog-proof: its number, the audit path, and the signed checkpoint. " +
			"The event's sealed header is in the line extra, so that the file stands alone; it holds no name, address, path or body.",
		Example: "  gatebook prove 4711 -o 4711.tlog-proof",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	c.Flags().StringVarP(&out, "output", "o", "-", "the `file` to write; - is the standard output")
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON instead")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		from, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer from.close(&err)
		var proof reading.Proof
		if err := from.get(c.Context(), "/api/v1/events/"+url.PathEscape(args[0])+"/proof", nil, &proof); err != nil {
			return err
		}
		header, err := headerOf(&proof)
		if err != nil {
			return err
		}
		if err := p.checked(&proof, header); err != nil {
			return err
		}
		text := proof.Text
		if asJSON {
			var b strings.Builder
			if err := lines(&b).Encode(&proof); err != nil {
				return err
			}
			text = b.String()
		}
		return p.writeFile(out, []byte(text))
	}
	return c
}

// writeFile writes a new file, or the standard output.
func (p *Program) writeFile(name string, b []byte) error {
	if name == "-" {
		_, err := p.Stdout.Write(b)
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: remove it, or give another name", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Close())
}

// headerOf takes the sealed header from the text of a proof.
func headerOf(p *reading.Proof) ([]byte, error) {
	_, rest, _ := strings.Cut(p.Text, "\nextra ")
	extra, _, ok := strings.Cut(rest, "\n")
	b, err := base64.StdEncoding.DecodeString(extra)
	if !ok || err != nil {
		return nil, errors.New("the proof of the server does not hold the event's header")
	}
	return b, nil
}

func parseHash(s string, h *ledger.Hash) error {
	got, err := tlog.ParseHash(s)
	*h = got
	return err
}

// evidenceProblem is the problem of evidence that does not hold.
func evidenceProblem(err error) api.Problem {
	return api.Problem{Type: "evidence", Detail: err.Error(), Help: "run gatebook verify"}
}
