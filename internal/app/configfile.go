package app

import "github.com/gatebook/gatebook/internal/config"

// ConfigFlags are the flags that say what the configuration is.
type ConfigFlags struct {
	File, Upstream, Listen, Ops, Data string // see config.Options
	Environ                           []string
}

func (f ConfigFlags) load() (*config.Config, error) {
	return config.Load(config.Options{File: f.File, Upstream: f.Upstream, Listen: f.Listen, Ops: f.Ops, Data: f.Data, Environ: f.Environ})
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
