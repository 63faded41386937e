package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/reading"
	"github.com/gatebook/gatebook/internal/report"
)

// ConfigFlags are the flags that say what the configuration is.
type ConfigFlags struct {
	File, Upstream, Listen, Ops, Data string // see config.Options
	NoGateway                         bool
	Environ                           []string
}

func (f ConfigFlags) load() (*config.Config, error) {
	c, err := config.Load(config.Options{File: f.File, Upstream: f.Upstream, Listen: f.Listen, Ops: f.Ops, Data: f.Data, NoGateway: f.NoGateway, Environ: f.Environ})
	if err != nil {
		return nil, err
	}
	return c, checkNames(c)
}

// checkNames checks what only the parts know: names of actions, and patterns.
func checkNames(c *config.Config) error {
	var errs []error
	for i, name := range c.Ops.RequireReason {
		if all := reading.Actions(); !slices.Contains(all, name) {
			errs = append(errs, fmt.Errorf("ops.require_reason[%d]: %q is no action, use one of %s", i, name, strings.Join(all, ", ")))
		}
	}
	for i, pattern := range c.Reports.Privileged {
		if _, err := report.ParsePattern(pattern); err != nil {
			errs = append(errs, fmt.Errorf("reports.privileged[%d]: %w", i, err))
		}
	}
	if _, err := actRules(c); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// CheckConfig returns everything that is wrong with the configuration.
func CheckConfig(f ConfigFlags) error {
	_, err := f.load()
	return err
}

// ShowConfig returns the configuration as it is in effect, without secrets.
func ShowConfig(f ConfigFlags) (string, error) {
	c, err := f.load()
	if err != nil {
		return "", err
	}
	return c.Effective(), nil
}

// ConfigSchema returns the JSON Schema of the configuration file.
func ConfigSchema() string { return string(config.Schema()) }
