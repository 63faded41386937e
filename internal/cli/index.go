package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/app"
	"github.com/gatebook/gatebook/internal/index/engine"
)

func (p *Program) indexCmd() *cobra.Command {
	c := &cobra.Command{Use: "index", Short: "Look after the search index", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(p.indexRebuildCmd(), &cobra.Command{
		Use: "engine", Hidden: true, DisableFlagParsing: true, Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			p.code = engine.Main(args)
			return nil
		},
	})
	return c
}

func (p *Program) indexRebuildCmd() *cobra.Command {
	data := "./gatebook-data"
	c := &cobra.Command{
		Use:   "rebuild",
		Short: "Delete the search index and make it again from the ledger",
		Long:  "Delete the search index and make it again from the ledger. No server may run on the data directory.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			last := -1
			err := app.RebuildIndex(c.Context(), data, func(done, total uint64) {
				if percent := int(100 * done / max(total, 1)); percent != last {
					last = percent
					fmt.Fprintf(p.Stderr, "\r%3d %%  %d of %d records", percent, done, total)
				}
			})
			if last >= 0 {
				fmt.Fprintln(p.Stderr)
			}
			if err == nil {
				fmt.Fprintln(p.Stdout, "the search index is complete")
			}
			return err
		},
	}
	c.Flags().StringVar(&data, "data", data, "the data `directory`")
	return c
}
