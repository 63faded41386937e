package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/ledger"
)

func (p *Program) showCmd() *cobra.Command {
	var t target
	var o output
	c := &cobra.Command{
		Use:     "show ID|NUMBER",
		Short:   "Show one event, with its proof",
		Long:    "Show one event by its id or its number in the ledger. The proof that it is in the ledger is checked here, against the signed checkpoint and the key that the ledger names.",
		Example: "  gatebook show 4711\n  gatebook show 0197a3b0-5c1e-7d2a-9f00-3b6c1f6e2a10 --json",
		Args:    cobra.ExactArgs(1),
	}
	t.flags(c)
	o.flags(c, "table or json")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if err := o.check("table", "json"); err != nil {
			return usage(c, err)
		}
		api, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer api.close(&err)
		var d reading.Detail
		if err := api.get(c.Context(), "/api/v1/events/"+url.PathEscape(args[0]), nil, &d); err != nil {
			return err
		}
		if o.form == "json" {
			err = lines(p.Stdout).Encode(&d)
		} else {
			err = p.show(&o, &d)
		}
		if err == nil && d.Proof != nil {
			err = p.checked(d.Proof, d.Record.Header)
		}
		return err
	}
	return c
}

// show prints every field that has a value.
func (p *Program) show(o *output, d *reading.Detail) error {
	e, err := d.Record.Event()
	if err != nil {
		return err
	}
	l := p.look(o)
	var b strings.Builder
	widest := 0
	fields := event.Fields()
	for i := range fields {
		if fields[i].Text(e) != "" {
			widest = max(widest, len(fields[i].Name))
		}
	}
	print := func(name, value string) {
		value = strings.ReplaceAll(cleanLines(value), "\n", "\n"+strings.Repeat(" ", widest+2))
		fmt.Fprintf(&b, "%s%s  %s\n", l.paint(bold, name), strings.Repeat(" ", widest-len(name)), value)
	}
	print("number", fmt.Sprint(d.Record.Number))
	for i := range fields {
		f := &fields[i]
		text := l.field(f, e)
		if f.Type == event.TypeText && f.List { // header fields, one a line
			var list []string
			f.Values(e, func(v string) { list = append(list, v) })
			text = strings.Join(list, "\n")
		}
		if text != "" {
			print(f.Name, text)
		}
	}
	for _, x := range []struct {
		name string
		list []string
	}{{"erased", d.Record.Erased}, {"withheld", d.Record.Withheld}} {
		if len(x.list) > 0 {
			print(x.name, strings.Join(x.list, ", "))
		}
	}
	for _, r := range d.Record.Removals {
		why := ""
		if r.Request != "" {
			why = ", request " + r.Request
		}
		print("removed", fmt.Sprintf("%s by decision %d (%s), %s%s", strings.Join(r.Classes, ", "), r.Decision, r.Name, l.time(r.At), why))
	}
	if d.Proof == nil {
		print("proof", d.Note)
	} else {
		print("proof", fmt.Sprintf("record %d of %d, %d hashes up to the signed checkpoint of %s", d.Proof.Number, d.Proof.Size, len(d.Proof.Path), firstLine(d.Proof.Checkpoint)))
	}
	_, err = p.Stdout.Write([]byte(b.String()))
	return err
}

// cleanLines is clean for text with several lines; JSON is indented.
func cleanLines(s string) string {
	if len(s) > 1 && (s[0] == '{' || s[0] == '[') {
		var b bytes.Buffer
		if json.Indent(&b, []byte(s), "", "  ") == nil {
			s = b.String()
		}
	}
	list := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range list {
		list[i] = clean(strings.ReplaceAll(list[i], "\t", "  "))
	}
	return strings.Join(list, "\n")
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// errProof is the error of a proof that does not hold.
var errProof = errors.New("the proof does not hold")

// checked checks a proof in this process, and says so.
func (p *Program) checked(proof *reading.Proof, header []byte) error {
	if err := check(proof, header); err != nil {
		return &failure{Problem: evidenceProblem(fmt.Errorf("%w: %w", errProof, err))}
	}
	p.note("the proof holds: the event is in the ledger that %s signed", firstLine(proof.Checkpoint))
	return nil
}

func check(proof *reading.Proof, header []byte) error {
	key, err := note.NewVerifier(proof.Key)
	if err != nil {
		return fmt.Errorf("the key that the ledger names: %w", err)
	}
	c, err := ledger.ParseCheckpoint([]byte(proof.Checkpoint), key)
	if err != nil {
		return fmt.Errorf("the checkpoint: %w", err)
	}
	lp := ledger.Proof{Number: proof.Number, Size: proof.Size, Path: make([]ledger.Hash, len(proof.Path))}
	for i, h := range proof.Path {
		if err := parseHash(h, &lp.Path[i]); err != nil {
			return err
		}
	}
	return lp.Check(header, c)
}
