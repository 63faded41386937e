// Package quiet keeps one line off the standard error of every command.
//
// The metrics library below the search engine reads the kernel's pressure files
// when it is initialised, and logs an error on machines that have none, although
// only the engine's child would ever use them. The standard logger is therefore
// silent from the initialisation of this package, which needs nothing but package
// log, to that of package engine, which calls [Restore]. Go initialises packages
// that are ready in the order of their paths, and the metrics library also waits
// for net/http, so this one comes first; a test holds that.
package quiet

import (
	"io"
	"log"
)

var output = silence()

func silence() io.Writer {
	w := log.Writer()
	log.SetOutput(io.Discard)
	return w
}

// Restore gives the standard logger its output back.
func Restore() { log.SetOutput(output) }
