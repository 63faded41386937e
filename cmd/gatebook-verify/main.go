// Command gatebook-verify checks a ledger of Gatebook alone: without a server,
// without a network, and without trust in whoever keeps it.
package main

import (
	"os"

	"github.com/gatebook/gatebook/internal/verify"
)

func main() { os.Exit(verify.Main(os.Args[1:], os.Stdout, os.Stderr)) }
