package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/verify"
	"github.com/gatebook/gatebook/ledger"
)

func (p *Program) demoCmd() *cobra.Command {
	c := &cobra.Command{Use: "demo", Short: "See for yourself what Gatebook notices", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	data := "./gatebook-data"
	tamper := &cobra.Command{
		Use:   "tamper",
		Short: "Change one byte in a copy of the data, and see what verify says",
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.tamper(data) },
	}
	tamper.Flags().StringVar(&data, "data", data, "the data `directory`; it is copied, and not changed")
	c.AddCommand(tamper, p.attackCmd())
	return c
}

// tamper changes a byte of the newest record that a checkpoint covers, in a
// copy.
func (p *Program) tamper(data string) error {
	dir, err := os.MkdirTemp("", "gatebook-tamper-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyLedger(filepath.Join(dir, "ledger"), filepath.Join(data, "ledger")); err != nil {
		return fmt.Errorf("copying the ledger: %w", err)
	}
	fmt.Fprintf(p.Stdout, "A copy of the ledger, before anything is changed:\n\n")
	if code := verify.Run(dir, verify.Options{}, p.Stdout, p.Stderr); code != verify.Intact {
		return errors.New("the evidence does not hold even before it is changed: run gatebook verify")
	}
	name, at, err := changeByte(filepath.Join(dir, "ledger"))
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "\nNow one byte of the copy is changed: byte %d of %s. Verify says:\n\n", at, name)
	if verify.Run(dir, verify.Options{}, p.Stdout, p.Stderr) == verify.Intact {
		return fmt.Errorf("the change of byte %d of %s was not noticed: please report this", at, name)
	}
	fmt.Fprintf(p.Stdout, "\nThe original in %s is as it was.\n", data)
	return nil
}

// copyLedger copies the files of a ledger such that a server may go on
// writing: what may be behind the rest is copied before it, first the
// checkpoint, then the hashes, then the journal; and the sealed segments before
// the envelopes, which are made first.
func copyLedger(to, from string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(from, ledger.CheckpointFile))
	if err != nil {
		return err
	}
	f, err := os.ReadFile(filepath.Join(from, ledger.FormatFile))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, ledger.FormatFile), f, 0o600); err != nil {
		return err
	}
	for _, dir := range []string{ledger.TileDir, ledger.JournalDir, ledger.SealedDir, ledger.EnvelopeDir} {
		if err := os.CopyFS(filepath.Join(to, dir), os.DirFS(filepath.Join(from, dir))); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(to, ledger.CheckpointFile), b, 0o600)
}

// changeByte changes a byte in the middle of the first frame of the newest
// journal segment, or of a sealed segment.
func changeByte(dir string) (name string, at int, err error) {
	names, _ := filepath.Glob(filepath.Join(dir, ledger.JournalDir, "*.journal"))
	sealed, _ := filepath.Glob(filepath.Join(dir, ledger.SealedDir, "*.entries"))
	slices.Reverse(names)
	for _, name := range append(names, sealed...) {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", 0, err
		}
		if len(bytes.TrimRight(b, "\x00")) == 0 {
			continue
		}
		at := min(200, len(b)/2)
		b[at] ^= 0x20
		rel, _ := filepath.Rel(dir, name)
		return rel, at, os.WriteFile(name, b, 0o600)
	}
	return "", 0, errors.New("the ledger has no records yet: make a call first")
}
