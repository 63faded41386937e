package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// route is a valid configuration of four lines; the faults come after it.
const route = "gateway:\n  routes:\n    - name: a\n      upstream: http://127.0.0.1:1\n"

// TestConfigurationErrors: each kind of error names its key and its line, and
// ends with exit code 2.
func TestConfigurationErrors(t *testing.T) {
	for _, c := range []struct {
		name, file, key, line string
	}{
		{"unknown key", route + "gatewya: 1\n", "gatewya", "5"},
		{"key given twice", route + "data: a\ndata: b\n", "data", "6"},
		{"duration without a unit", route + "  drain: soon\n", "gateway.drain", "5"},
		{"beyond the limit", route + "  drain: 2h\n", "gateway.drain", "5"},
		{"below the limit", route + "ledger:\n  segment_size: 1KiB\n", "ledger.segment_size", "6"},
		{"no such choice", route + "      durability: maybe\n", "durability", "5"},
		{"not a number", route + "      require_level: high\n", "require_level", "5"},
		{"variable not set", route + "data: ${GATEBOOK_E2E_UNSET}\n", "data", "5"},
		{"not a URL of an API", route + "    - name: b\n      path: /b\n      upstream: ftp://127.0.0.1\n", "upstream", "7"},
		{"name given twice", route + "    - name: a\n      path: /b\n      upstream: http://127.0.0.1:1\n", "name", "5"},
		{"no such listener", route + "      listeners: [nowhere]\n", "listeners", "5"},
		{"not a network", route + "identity:\n  trusted_headers:\n    peers: [everybody]\n", "identity.trusted_headers.peers", "7"},
		{"unreadable key", route + "ops:\n  tls:\n    certificate: none.crt\n    key: none.key\n", "ops.tls.key", "8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "gatebook.yaml")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			r := command(t, gatebook, "config", "check", "--config", file)
			if r.code != 2 || r.stdout != "" {
				t.Errorf("got exit code %d and output %q, want 2 and none", r.code, r.stdout)
			}
			at := regexp.MustCompile(`(:|line )` + c.line + `\b`)
			for _, line := range strings.Split(r.stderr, "\n") {
				if strings.Contains(line, c.key) && at.MatchString(line) {
					return
				}
			}
			t.Errorf("no line names %s and line %s:\n%s", c.key, c.line, r.stderr)
		})
	}
}

// TestConfigurationErrorsAtOnce: nobody has to mend a file error by error.
func TestConfigurationErrorsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatebook.yaml")
	text := route + "      durability: maybe\n  drain: 2h\nledger:\n  segment_size: 1KiB\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := command(t, gatebook, "config", "check", "--config", file)
	for _, key := range []string{"durability", "gateway.drain", "ledger.segment_size"} {
		if r.code != 2 || !strings.Contains(r.stderr, key) {
			t.Errorf("got exit code %d, want 2 and the key %s in:\n%s", r.code, key, r.stderr)
		}
	}
}

// TestValidConfiguration: the file that the faults are put into has none.
func TestValidConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gatebook.yaml")
	if err := os.WriteFile(file, []byte(route), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := command(t, gatebook, "config", "check", "--config", file); r.code != 0 || !strings.Contains(r.stdout, "is valid") {
		t.Errorf("got exit code %d, %q, %q; want 0 and that it is valid", r.code, r.stdout, r.stderr)
	}
}

// TestVerifierWithoutALedger: a folder that is none is not called tampered with.
func TestVerifierWithoutALedger(t *testing.T) {
	r := command(t, verifier, t.TempDir())
	if r.code != 2 || !strings.Contains(r.stderr, "holds no ledger") {
		t.Errorf("got exit code %d and %q, want 2 and that it holds no ledger", r.code, r.stderr)
	}
}
