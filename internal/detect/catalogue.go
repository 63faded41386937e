package detect

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed rules/*.yaml
var catalogueFiles embed.FS

// CatalogueFiles returns the files of the rules that come with the program.
func CatalogueFiles() []File {
	names, err := fs.Glob(catalogueFiles, "rules/*.yaml")
	if err != nil {
		panic(err) // the pattern is right
	}
	var files []File
	for _, name := range names {
		b, err := catalogueFiles.ReadFile(name)
		if err != nil {
			panic(fmt.Sprintf("detect: a file that is part of the program: %v", err))
		}
		files = append(files, File{name, b})
	}
	return files
}
