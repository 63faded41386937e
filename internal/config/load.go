package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
)

// Options says where a configuration comes from. The zero value is the
// defaults alone, which lack an upstream.
type Options struct {
	// File is the configuration file. Empty: none.
	File string

	// Upstream is the flag --upstream: everything goes there. It stands for a
	// route and cannot be combined with routes in the file. Without
	// it the variable GATEBOOK_UPSTREAM has the same meaning.
	Upstream string

	// Listen is the flag --listen: the address of the one listener. Without
	// it the variable GATEBOOK_LISTEN has the same meaning.
	Listen string

	// Ops is the flag --ops: ops.listen.
	Ops string

	// NoGateway is the flag --no-gateway: gateway.enabled is false.
	NoGateway bool

	// Data is the flag --data: data.
	Data string

	// Environ is the environment as of [os.Environ], for overrides and for
	// ${NAME} in the file. nil: empty.
	Environ []string
}

// maxFile bounds the configuration file.
const maxFile = 1 << 20

// Default returns the configuration of an empty file. It has the listener
// "default" and no route; with an upstream it is valid.
func Default() *Config {
	c := &Config{origins: map[string]origin{}}
	setDefaults(reflect.ValueOf(c).Elem())
	c.addListener()
	return c
}

// Load reads, completes and checks a configuration. The error is of type
// [Problems] and holds everything that is wrong; then the Config is nil.
// Secrets that are named by a file are read from it.
func Load(o Options) (*Config, error) {
	var src []byte
	if o.File != "" {
		var err error
		if src, err = readConfig(o.File); err != nil {
			return nil, Problems{{File: o.File, Message: err.Error()}}
		}
	}
	return load(src, o)
}

// load is [Load] with the contents of the file.
func load(src []byte, o Options) (*Config, error) {
	env := environment(o.Environ)
	l := &loader{
		cfg:    &Config{origins: map[string]origin{}},
		file:   o.File,
		lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok },
	}
	setDefaults(reflect.ValueOf(l.cfg).Elem())
	l.parse(src)
	broken := len(l.problems) > 0
	l.environment(env)
	l.flags(o, env)
	logsOnly := (len(l.cfg.Sources) > 0 || !l.cfg.Gateway.Enabled) && len(l.cfg.Gateway.Routes) == 0 && o.Listen == "" && env["GATEBOOK_LISTEN"] == ""
	if len(l.cfg.Gateway.Listeners) == 0 && !logsOnly {
		l.cfg.addListener()
	}
	if o.Listen != "" || env["GATEBOOK_LISTEN"] != "" {
		l.listen(o, env)
	}
	// A file that is not YAML has no keys: that some are missing is no news.
	if !(broken && len(l.cfg.origins) == 0 && len(src) > 0) {
		l.check()
	}
	if len(l.problems) > 0 {
		return nil, l.problems.sort()
	}
	return l.cfg, nil
}

// readConfig reads the configuration file, which may be a pipe.
func readConfig(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot be read (%s), check the path of --config", reason(err))
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read (%s), check the path of --config", reason(err))
	}
	if len(src) > maxFile {
		return nil, fmt.Errorf("is larger than %s, is this the right file?", Size(maxFile))
	}
	return src, nil
}

// reason is what the operating system said, without the path.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// addListener adds the listener of a configuration that names none.
func (c *Config) addListener() {
	ln := Listener{}
	setDefaults(reflect.ValueOf(&ln).Elem())
	ln.Name, ln.Address = "default", ":8400"
	c.Gateway.Listeners = append(c.Gateway.Listeners, ln)
}

// environment splits os.Environ.
func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok {
			env[k] = v
		}
	}
	return env
}
