package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/verify"
)

func (p *Program) verifyCmd() *cobra.Command {
	var o verify.Options
	data := "./gatebook-data"
	c := &cobra.Command{
		Use:   "verify [DIRECTORY]",
		Short: "Check that the ledger is complete and unchanged",
		Long: `Check that the ledger is complete and unchanged, from its files alone, as
gatebook-verify does. A server may go on writing to it.

Exit codes: 0 the evidence holds, 1 it does not, 2 it could not be read.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				if c.Flags().Changed("data") {
					return usage(c, errors.New("name the directory once, with --data or without"))
				}
				data = args[0]
			}
			last := -1
			if !o.Quiet && !o.JSON && p.screen() != (screen{}) {
				o.Progress = func(done, total uint64) {
					if percent := int(100 * done / max(total, 1)); percent != last {
						last = percent
						fmt.Fprintf(p.Stderr, "\r%3d %%  %d of %d records\r", percent, done, total)
					}
				}
			}
			p.code = verify.Run(data, o, p.Stdout, p.Stderr)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&data, "data", data, "the data `directory`, or a copy of it")
	f.StringVar(&o.Key, "key", "", "the public `key` that the ledger must be signed with (default: the one that the ledger names)")
	f.StringArrayVar(&o.Since, "since", nil, "a `file` with an older signed checkpoint that the ledger must continue; may be repeated")
	f.StringArrayVar(&o.Witnesses, "witness", nil, "the public `key` of a witness that must vouch for the ledger; may be repeated")
	f.IntVar(&o.Quorum, "quorum", 0, "how `many` of the witnesses must have cosigned (default: all)")
	f.DurationVar(&o.Tolerance, "tolerance", 0, "how far the times of records may be from those of witnesses and of their neighbours, such as `5s` (default: 1m)")
	f.StringVar(&o.KeyFile, "encryption-key", "", "the key `file`, or age identity, of an encrypted ledger (default: the one of the data directory)")
	f.StringVar(&o.KeysDir, "data-keys", "", "the `folder` of its data keys (default: the one of the data directory)")
	f.BoolVar(&o.HeadersOnly, "headers-only", false, "leave the envelopes (who, what, payload) unread")
	f.BoolVar(&o.Decode, "decode", false, "also decode each header strictly")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object")
	f.BoolVar(&o.Quiet, "quiet", false, "print nothing but problems")
	return c
}
