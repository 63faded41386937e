package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/event"
)

func (p *Program) versionCmd() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := fmt.Fprintf(p.Stdout, "gatebook %s, events of version %d, %s %s/%s\n", p.Version, event.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}}
}
