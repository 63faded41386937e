//go:build !js

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "this is a program for browsers: build it with scripts/wasm.sh, or use gatebook-verify")
	os.Exit(2)
}
