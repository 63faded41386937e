package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/detect"
)

func (p *Program) sigmaCmd() *cobra.Command {
	c := &cobra.Command{
		Use:   "sigma",
		Short: "Bring rules of Sigma into the form of Gatebook",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.sigmaImportCmd())
	return c
}

func (p *Program) sigmaImportCmd() *cobra.Command {
	var mapping, to string
	var why bool
	c := &cobra.Command{
		Use:   "import PATH...",
		Short: "Rewrite rules of Sigma as rules of Gatebook, and say how many load",
		Long: "Rewrite rules of Sigma (2.1, with correlations) as rules of Gatebook, and say how many load.\n\n" +
			"PATH is a file or a directory with files that end in .yml or .yaml. Fields are renamed by the kind of log that a rule is for: CloudTrail, as gatebook import cloudtrail reads it, and web servers and proxies, as the gateway sees calls. For other kinds of log write a mapping file: see docs/rules.md.\n\n" +
			"A rule that does not load is left out, and --why says why. Without --to the rules are printed. They have no tests: write some before you rely on one.",
		Example: "  gatebook sigma import --to rules/ sigma/rules/cloud/aws sigma/rules/web\n  gatebook sigma import --why --mapping okta.yaml sigma/rules/identity/okta",
		Args:    cobra.MinimumNArgs(1),
	}
	c.Flags().StringVar(&mapping, "mapping", "", "the `file` with mappings of fields, which come before those that are known")
	c.Flags().StringVar(&to, "to", "", "the `directory` that the rules are written to, a file for each file; existing files are overwritten")
	c.Flags().BoolVar(&why, "why", false, "say of each rule that does not load why, with its file and line")
	c.RunE = func(_ *cobra.Command, args []string) error {
		sources := detect.SigmaSources()
		if mapping != "" {
			b, err := os.ReadFile(mapping)
			if err != nil {
				return fmt.Errorf("the mapping cannot be read: %w", err)
			}
			own, err := detect.ParseSigmaMapping(detect.File{Name: mapping, Data: b})
			if err != nil {
				return fmt.Errorf("the mapping is not right:\n%w", err)
			}
			sources = append(own, sources...)
		}
		files, err := sigmaFiles(args)
		if err != nil {
			return err
		}
		rules := detect.ImportSigma(files, sources)
		if err := p.writeSigma(rules, to); err != nil {
			return err
		}
		return p.sumSigma(rules, why)
	}
	return c
}

// sigmaFiles reads the files at paths, in order.
func sigmaFiles(paths []string) ([]detect.File, error) {
	var files []detect.File
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			ext := strings.ToLower(filepath.Ext(path))
			if err != nil || d.IsDir() || path != root && ext != ".yml" && ext != ".yaml" {
				return err
			}
			b, err := os.ReadFile(path)
			files = append(files, detect.File{Name: path, Data: b})
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("the rules cannot be read: %w", err)
		}
	}
	if len(files) == 0 {
		return nil, errors.New("there is no file that ends in .yml or .yaml")
	}
	return files, nil
}

// writeSigma writes the rules that load.
func (p *Program) writeSigma(rules []detect.SigmaRule, to string) error {
	files := map[string][]byte{}
	var names []string
	for _, r := range rules {
		if r.Text == nil {
			continue
		}
		if to == "" {
			if _, err := fmt.Fprintf(p.Stdout, "---\n%s", r.Text); err != nil {
				return err
			}
			continue
		}
		name := strings.TrimSuffix(filepath.Base(r.File), filepath.Ext(r.File)) + ".yaml"
		if files[name] == nil {
			names = append(names, name)
		}
		files[name] = append(append(files[name], "---\n"...), r.Text...)
	}
	if to == "" {
		return nil
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("the rules cannot be written: %w", err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(to, name), files[name], 0o644); err != nil {
			return fmt.Errorf("the rules cannot be written: %w", err)
		}
	}
	return nil
}

// sumSigma says how many load, by kind of log.
func (p *Program) sumSigma(rules []detect.SigmaRule, why bool) error {
	type count struct{ load, all int }
	bySource := map[string]*count{}
	load := 0
	for _, r := range rules {
		name := cmp.Or(r.Source, "no logsource")
		if bySource[name] == nil {
			bySource[name] = &count{}
		}
		bySource[name].all++
		if r.Text != nil {
			bySource[name].load++
			load++
		} else if why {
			for _, reason := range r.Reasons {
				p.note("%s", clean(reason.String()))
			}
		}
	}
	var names []string
	for name := range bySource {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(bySource[b].load-bySource[a].load, bySource[b].all-bySource[a].all, strings.Compare(a, b))
	})
	for i, name := range names {
		if i == 15 && !why {
			p.note("and %d more kinds of log, of which fewer load, or none: --why", len(names)-i)
			break
		}
		p.note("%s of %d: %s", strconv.Itoa(bySource[name].load), bySource[name].all, clean(name))
	}
	p.note("%d of %d rules load", load, len(rules))
	return nil
}
