package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/places"
)

// Rules says which rules run: those that come with the program, and those in a
// directory. The zero value is the former alone.
type Rules struct {
	Dir      string            // of files *.yaml and *.yml, not of directories below it; empty: none
	Disabled []string          // names of rules that make no findings
	Levels   map[string]string // levels of rules by name, instead of their own
	Places   *places.File      // where addresses are; nil: rules about places are not active
}

// maxRules bounds all files of a directory together.
const maxRules = 16 << 20

// Load reads and compiles the rules. The error says all that is wrong, with
// file and line, if it is the rules.
func (r Rules) Load() (*detect.Set, error) {
	files := detect.CatalogueFiles()
	names, err := r.files()
	if err != nil {
		return nil, err
	}
	size := 0
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the rules: %w", err)
		}
		if size += len(b); size > maxRules {
			return nil, fmt.Errorf("reading the rules: the files in %s have more than %d MiB: is it the right directory?", r.Dir, maxRules>>20)
		}
		files = append(files, detect.File{Name: name, Data: b})
	}
	set, err := detect.Load(files)
	if err != nil {
		return nil, fmt.Errorf("the rules are not right:\n%w", err)
	}
	if err := set.Adjust(r.Disabled, r.Levels); err != nil {
		return nil, fmt.Errorf("detect: %w", err)
	}
	return set, nil
}

func (r Rules) files() ([]string, error) {
	if r.Dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !strings.HasPrefix(e.Name(), ".") && (ext == ".yaml" || ext == ".yml") {
			names = append(names, filepath.Join(r.Dir, e.Name()))
		}
	}
	slices.Sort(names)
	return names, nil
}

// print is another one when a file in the directory was added, removed or
// written.
func (r Rules) print() string {
	names, err := r.files()
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, name := range names {
		info, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(&b, "%s %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	}
	return b.String()
}
