package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/app"
)

func (p *Program) configCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Check and print the configuration",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		p.configFileCmd("check", "Report everything that is wrong with a configuration", func(f app.ConfigFlags) (string, error) {
			return "the configuration is valid\n", app.CheckConfig(f)
		}),
		p.configFileCmd("show", "Print the configuration with each value and where it came from; secrets are left out", app.ShowConfig),
		&cobra.Command{Use: "schema", Short: "Print the JSON Schema of the configuration file", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.Stdout, app.ConfigSchema())
			return err
		}},
	)
	return c
}

func (p *Program) configFileCmd(verb, short string, answer func(app.ConfigFlags) (string, error)) *cobra.Command {
	o := app.ConfigFlags{Environ: p.Environ}
	c := &cobra.Command{Use: verb, Short: short, Args: cobra.NoArgs}
	f := c.Flags()
	f.StringVarP(&o.File, "config", "c", "", "the configuration `file`")
	f.StringVar(&o.Upstream, "upstream", "", "the `URL` of the API, as for serve")
	f.StringVar(&o.Listen, "listen", "", "the `address` of the gateway, as for serve")
	f.StringVar(&o.Ops, "ops", "", "the `address` of the operations listener, as for serve")
	f.StringVar(&o.Data, "data", "", "the data `directory`, as for serve")
	c.RunE = func(*cobra.Command, []string) error {
		text, err := answer(o)
		if err != nil {
			return fmt.Errorf("the configuration is not valid:\n%w", err)
		}
		_, err = fmt.Fprint(p.Stdout, text)
		return err
	}
	return c
}
