package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/report"
	"github.com/gatebook/gatebook/test/freeport"
)

// reportedShop is a gateway before the sample shop.
const reportedShop = `gateway:
  listeners:
    - {name: shop, address: LISTEN}
  routes:
    - {name: administration, path: /v1/admin, upstream: UPSTREAM, durability: recorded}
    - {name: shop, upstream: UPSTREAM}
identity:
  oidc:
    - {name: shop, issuer: ISSUER, audiences: [shop-api]}
`

// shopVerb runs a verb of the shop until the test ends, and returns the first
// line that it prints, if it is JSON.
func shopVerb(t *testing.T, args ...string) (ready map[string]string, stop func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(filepath.Dir(gatebook), "shop"), args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { cmd.Process.Kill(); cmd.Wait() })
	t.Cleanup(stop)
	if args[0] == "traffic" {
		return nil, stop
	}
	if err := json.NewDecoder(out).Decode(&ready); err != nil {
		t.Fatalf("the shop's %s does not start: %v", args[0], err)
	}
	return ready, stop
}

// shopWithTraffic serves the sample shop, and waits until its people have made
// some hundred calls.
func shopWithTraffic(t *testing.T, data string, calls int) *server {
	t.Helper()
	issuer := startIssuer(t, freeport.Address(t))
	shop, _ := shopVerb(t, "serve", "--listen", freeport.Address(t), "--issuer", issuer.url, "--trust-gateway")
	s := serveConfig(t, data, shop["api"], strings.Replace(reportedShop, "ISSUER", issuer.url, 1))
	key := filepath.Join(t.TempDir(), "machine.key")
	made := command(t, gatebook, "keys", "add", "label-printer", "--kind", "machine", "--data", data)
	if made.code != 0 {
		t.Fatalf("keys add: %s", made.stderr)
	}
	if err := os.WriteFile(key, []byte(made.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stop := shopVerb(t, "traffic", "--target", s.url, "--issuer", issuer.url, "--rate", "60", "--api-key-file", key)
	defer stop()
	for limit := time.Now().Add(2 * patience); ; time.Sleep(200 * time.Millisecond) {
		if n := len(s.search("kind:=access", "--limit", fmt.Sprint(calls))); n == calls {
			return s
		} else if time.Now().After(limit) {
			t.Fatalf("%d calls after three minutes, want %d", n, calls)
		}
	}
}

// TestReports makes each report of real traffic, in each form, as a named
// auditor.
func TestReports(t *testing.T) {
	if testing.Short() {
		t.Skip("it needs the sample shop")
	}
	work := t.TempDir()
	data := filepath.Join(work, "gatebook-data")
	s := shopWithTraffic(t, data, 400)
	token := filepath.Join(work, "ada.token")
	made := command(t, gatebook, "readers", "add", "Ada Quist", "--role", "auditor", "--data", data)
	if made.code != 0 || os.WriteFile(token, []byte(made.stdout), 0o600) != nil {
		t.Fatalf("readers add: %s", made.stderr)
	}
	for _, r := range [][]string{
		{"access", "--object", "customer/cus_000002"}, {"access", "--class", "email"}, {"person", "--principal", "alice@shop.example"},
		{"dormant"}, {"privileged"}, {"unverified"}, {"integrity"},
	} {
		name := strings.ReplaceAll(strings.TrimPrefix(strings.Join(r, ""), "--"), "/", "-")
		forms := []string{"json", "pdf"}
		if r[0] == "unverified" {
			forms = append(forms, "html", "csv")
		}
		for _, form := range forms {
			file := filepath.Join(work, name+"."+form)
			args := append([]string{"report"}, r...)
			got := command(t, gatebook, append(args, "--since", "1h", "-o", file, "--server", s.ops, "--token-file", token, "--reason", "yearly audit")...)
			if got.code != 0 {
				t.Errorf("%v as %s: exit code %d\n%s", r, form, got.code, got.stderr)
				continue
			}
			b, err := os.ReadFile(file)
			if err != nil || len(b) < 1500 {
				t.Errorf("%v as %s: %d bytes, %v", r, form, len(b), err)
			}
			// What was printed as sealed is what the record holds.
			sum := regexp.MustCompile(`[0-9a-f]{64}`).FindString(got.stderr)
			if form == "pdf" && len(s.search(`kind:=look note.name:=report note.facts:"`+sum+`"`)) != 1 {
				t.Errorf("%v: the hash %s is not in the record", r, sum)
			}
		}
		b, err := os.ReadFile(filepath.Join(work, name+".json"))
		var d report.Document
		if err != nil || json.Unmarshal(b, &d) != nil {
			t.Errorf("%v: %v in %.200s", r, err, b)
			continue
		}
		checkDocument(t, r, &d)
	}
	if keep := os.Getenv("GATEBOOK_KEEP_REPORTS"); keep != "" {
		files, _ := filepath.Glob(filepath.Join(work, "*.*"))
		for _, f := range files {
			if b, err := os.ReadFile(f); err == nil {
				os.WriteFile(filepath.Join(keep, filepath.Base(f)), b, 0o600)
			}
		}
	}
	compliance(t, work)
	s.stop()
	intact(t, data)
}

// checkDocument checks what is true of each report of the shop's traffic.
func checkDocument(t *testing.T, name []string, d *report.Document) {
	t.Helper()
	if d.By != "Ada Quist" || d.Role != "auditor" || d.Reason != "yearly audit" || d.Ledger.Bad != 0 || d.Ledger.Size < 400 || d.Ledger.Records == 0 {
		t.Errorf("%v: by %s (%s), because of %q, on %+v", name, d.By, d.Role, d.Reason, d.Ledger)
	}
	all := strings.Join(d.Summary, "\n")
	rows := map[string]int{}
	for _, tab := range d.Tables {
		rows[tab.Title] = len(tab.Rows)
	}
	t.Logf("%v: %s %v", name, all, rows)
	wants := map[string]string{
		"access--object": "calls touched customer/cus_000002", "person--principal": "by alice@shop.example", "dormant": "credentials that can be used",
		"privileged": "privileged call", "unverified": "were by callers who were not verified", "integrity": "The evidence holds: all ",
	}
	key := name[0]
	if len(name) > 1 {
		key += name[1]
	}
	if !strings.Contains(all, wants[key]) {
		t.Errorf("%v: the summary lacks %q:\n%s", name, wants[key], all)
	}
}

// compliance runs each command of docs/compliance.md, as it stands there, in a
// folder with the data.
func compliance(t *testing.T, work string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/compliance.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("`(gatebook(?:-verify)? [^`]+)`").FindAllSubmatch(text, -1)
	ran := map[string]bool{}
	for _, c := range commands {
		line := strings.ReplaceAll(string(c[1]), `\|`, "|") // as a cell of a table has it
		if ran[line] || line == "gatebook export" {
			continue
		}
		ran[line] = true
		// A file that two commands write is another one for each.
		dir := filepath.Join(work, fmt.Sprint("command-", len(ran)))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(work, "gatebook-data"), filepath.Join(dir, "gatebook-data")); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(gatebook)+":"+os.Getenv("PATH"))
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Errorf("docs/compliance.md: %s\n%v\n%s", line, err, errs.String())
		}
	}
	if len(ran) < 25 {
		t.Errorf("docs/compliance.md has %d commands, want at least 25", len(ran))
	}
}
