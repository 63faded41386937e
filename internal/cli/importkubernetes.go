package cli

import (
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/internal/ingest"
	"github.com/gatebook/gatebook/internal/ingest/kubernetes"
)

func (p *Program) importKubernetesCmd() *cobra.Command {
	var t target
	var events, source string
	c := &cobra.Command{
		Use:   "kubernetes FILE|DIRECTORY...",
		Short: "Import the audit log of a Kubernetes API server",
		Long: "Import the audit log of a Kubernetes API server (audit.k8s.io/v1): a file with a record a line, lists as the webhook backend sends them, or what Azure exports (kube-audit); each also compressed with gzip. FILE is - for the standard input. " +
			"Of a directory, all files below it whose names end in .json, .jsonl or .gz are taken, in the order of their names.\n\n" +
			"Each call is one event, at its end: the stages before are left out. The API server has verified who made the calls, and Gatebook has not: they are identities that were asserted (level 2). The contents of Secrets are not kept. " +
			"A record that cannot be read is left out and said, and the exit code is then 2. docs/import.md says what becomes of each field, and how a server follows the log or is sent it.\n\n" +
			"With --events, nothing is sent to a server: the events are written to a file, for gatebook rules run. Their pseudonyms are made under a key that is thrown away.",
		Example: "  gatebook import kubernetes /var/log/kubernetes/audit.log --source prod",
		Args:    cobra.MinimumNArgs(1),
	}
	t.flags(c)
	c.Flags().StringVar(&events, "events", "", "write the events to a `file` (-: standard output) instead of importing them")
	c.Flags().StringVar(&source, "source", "", "a `name` for the cluster, which is part of capture.source")
	c.RunE = func(c *cobra.Command, args []string) error {
		files, err := logFiles(args)
		if err != nil {
			return err
		}
		if events != "" {
			return p.convert(c.Context(), files, events, func(in io.Reader, l *local) (ingest.Reader, error) {
				d, err := capture.NewDescriber(nil, nil, nil)
				if err != nil {
					return nil, err
				}
				return kubernetes.NewReader(in, kubernetes.Config{Source: source, Redactor: l.redactor, Describer: d, Pseudonym: l.pseudonym})
			})
		}
		as := make(url.Values)
		if source != "" {
			as.Set("source", source)
		}
		return p.importFiles(c.Context(), &t, files, "kubernetes", as)
	}
	return c
}
