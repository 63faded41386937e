package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gatebook and verifier are the programs under test; middleware is an API with
// the middleware in it.
var gatebook, verifier, middleware string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "gatebook-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	gatebook, verifier, middleware = filepath.Join(dir, "gatebook"), filepath.Join(dir, "gatebook-verify"), filepath.Join(dir, "middleware")
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../../cmd/gatebook", "../../cmd/gatebook-verify", "../../examples/middleware")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: building the programs: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// result is how a program ended.
type result struct {
	code           int
	stdout, stderr string
}

// command runs a program to its end.
func command(t *testing.T, program string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", program, err)
	}
	r := result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
	r.readable(t)
	return r
}

// readable reports output that no person should be shown.
func (r result) readable(t *testing.T) {
	t.Helper()
	for _, trace := range []string{"panic:", "goroutine ", ".go:", "runtime error"} {
		if strings.Contains(r.stdout+r.stderr, trace) {
			t.Errorf("the output holds %q:\n%s%s", trace, r.stdout, r.stderr)
		}
	}
}
