package cli

import (
	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/app"
)

func (p *Program) serveCmd() *cobra.Command {
	o := app.ServeOptions{ConfigFlags: app.ConfigFlags{Environ: p.Environ}, Version: p.Version, Stdout: p.Stdout, Stderr: p.Stderr}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Record the calls to an API, as a gateway in front of it",
		Long: `Record the calls to an API, as a gateway in front of it; with --no-gateway those
that Go programs with the middleware deliver.

Without a configuration file, --upstream is all that is needed. SIGHUP loads
the configuration again, SIGTERM lets the calls in flight end.`,
		Example: "  gatebook serve --upstream http://localhost:3000\n  gatebook serve --config gatebook.yaml\n  gatebook serve --no-gateway",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return app.Serve(c.Context(), o) },
	}
	f := c.Flags()
	f.StringVar(&o.Upstream, "upstream", "", "the `URL` of the API, if all calls go to one")
	f.StringVar(&o.Listen, "listen", "", "the `address` of the one listener (default :8400)")
	f.StringVar(&o.Ops, "ops", "", "the `address` of the operations listener (default 127.0.0.1:8401)")
	f.StringVar(&o.Data, "data", "", "the data `directory` (default ./gatebook-data)")
	f.StringVarP(&o.File, "config", "c", "", "the configuration `file`")
	f.BoolVar(&o.NoGateway, "no-gateway", false, "carry no calls; record what programs with the middleware deliver")
	f.BoolVar(&o.NoMeasures, "no-measures", false, "put no block, throttle or other measure in force; this is recorded")
	return c
}
