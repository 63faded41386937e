// Command gatebook records the calls to an API and reads the record.
package main

import (
	"os"

	"github.com/gatebook/gatebook/internal/app"
	"github.com/gatebook/gatebook/internal/cli"
)

// version is set when a release is built.
var version = "devel"

func main() {
	os.Exit(cli.OS(version, app.Local).Run())
}
