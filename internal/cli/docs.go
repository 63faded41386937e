package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Reference returns docs/cli.md, made from the commands.
func (p *Program) Reference() string {
	root := p.root()
	root.InitDefaultCompletionCmd()
	var b strings.Builder
	b.WriteString("# The command line\n\nThis page is made from the commands: `go test ./internal/cli -run TestReference -update`.\n\n")
	b.WriteString(root.Long + "\n\n")
	b.WriteString("The verbs that read take `--data DIR` or `--server URL --token-file FILE`. With `--data` they ask the server that runs on the directory; if none runs, they open it themselves. ")
	b.WriteString("Each look is recorded before its answer is shown. `NO_COLOR` turns colours off. Who you are is your token: that in `--token-file`, or in `GATEBOOK_TOKEN`; with `--data` and neither of them you are the administrator.\n")
	for _, c := range root.Commands() {
		reference(&b, c)
	}
	return b.String()
}

func reference(b *strings.Builder, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" {
		return
	}
	long := c.Long
	if long == "" {
		long = c.Short + "."
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n```\n%s\n", c.CommandPath(), strings.TrimSpace(long), c.UseLine())
	flags := ""
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { // sorted by name
		if !f.Hidden && f.Name != "help" {
			flags += flagLine(f)
		}
	})
	if flags != "" {
		b.WriteString("\n" + flags)
	}
	b.WriteString("```\n")
	if c.Example != "" {
		fmt.Fprintf(b, "\nExamples:\n\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	if c.Name() == "completion" {
		return // its verbs are cobra's own
	}
	for _, sub := range c.Commands() {
		reference(b, sub)
	}
}

func flagLine(f *pflag.Flag) string {
	value, text := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	if value != "" {
		name += " " + value
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" {
		text += " (" + f.DefValue + ")"
	}
	return fmt.Sprintf("%-24s %s\n", name, text)
}
