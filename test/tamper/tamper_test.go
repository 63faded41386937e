package tamper

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/tampering.md anew")

// verified runs gatebook-verify with what an auditor has.
func (h *house) verified(t *testing.T, dir string, has means) (code int, out string) {
	t.Helper()
	var args []string
	if has >= withKey {
		args = append(args, "--key", h.vkey)
	}
	if has == withOld {
		args = append(args, "--since", h.since, "--since", h.newest)
	}
	if has == withWit {
		args = append(args, "--witness", h.witness.String())
	}
	return program(t, h.program, append(args, dir)...)
}

func program(t *testing.T, name string, args ...string) (code int, out string) {
	t.Helper()
	b, err := exec.Command(name, args...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), string(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return 0, string(b)
}

// TestUntouched has all means accept the ledgers before anything is done.
func TestUntouched(t *testing.T) {
	h := theHouse(t)
	for has := alone; has <= withWit; has++ {
		if code, out := h.verified(t, h.dir, has); code != 0 {
			t.Errorf("%s: exit code %d, want 0\n%s", meansText[has], code, out)
		}
	}
	if code, out := program(t, h.program, h.other); code != 0 {
		t.Errorf("the other ledger: exit code %d, want 0\n%s", code, out)
	}
}

// TestAttacks does them all. Each is noticed by the means in the table, and not
// by less, so that the table does not claim too little either.
func TestAttacks(t *testing.T) {
	for _, a := range attacks() {
		if a.pack != nil {
			continue // see TestPacks
		}
		t.Run(a.group+"/"+a.what, func(t *testing.T) {
			t.Parallel()
			v := victimOf(t)
			a.do(v)
			want, mark := 1, "CHANGED     "
			has := a.by
			switch a.by {
			case listed:
				has, want, mark = withWit, 0, ""
			case unreadab:
				has, want, mark = alone, 2, "UNREADABLE  "
			}
			code, out := v.verified(t, v.dir, has)
			if code != want || !named(out, mark+a.file, a.says) {
				t.Errorf("exit code %d, want %d and %q in the line of %q\n%s", code, want, a.says, a.file, out)
			}
			if has != alone && a.by != listed {
				if code, out := v.verified(t, v.dir, alone); code != 0 {
					t.Errorf("it is noticed without %s too, exit code %d\n%s", meansText[a.by], code, out)
				}
			}
		})
	}
}

func victimOf(t *testing.T) *victim {
	t.Helper()
	v := &victim{house: theHouse(t), t: t, dir: filepath.Join(t.TempDir(), "ledger")}
	v.must(os.CopyFS(v.dir, os.DirFS(v.house.dir)))
	return v
}

// named reports whether a line begins with start and says what is wrong.
func named(out, start, says string) bool {
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, start) && strings.Contains(line, says) {
			return true
		}
	}
	return false
}

// TestSecondVerifier shows the attacks to the verifier that was written from
// docs/FORMAT.md alone. Where it does less, the attack says so.
func TestSecondVerifier(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a second for each attack")
	}
	for _, tool := range []string{"python3", "zstd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed, and the second verifier needs it", tool)
		}
	}
	h := theHouse(t)
	if code, out := program(t, "python3", "../format/verify.py", "--key", h.vkey, "--since", h.since, "--since", h.newest, "--witness", h.witness.String(), h.dir); code != 0 {
		t.Fatalf("before anything is done: exit code %d, want 0\n%s", code, out)
	}
	for _, a := range attacks() {
		if a.pack != nil {
			continue // see TestPacks
		}
		t.Run(a.group+"/"+a.what, func(t *testing.T) {
			t.Parallel()
			v := victimOf(t)
			a.do(v)
			args := []string{"../format/verify.py"}
			if a.by != alone && a.by != unreadab {
				args = append(args, "--key", h.vkey)
			}
			switch a.by {
			case withOld:
				args = append(args, "--since", h.since, "--since", h.newest)
			case withWit:
				args = append(args, "--witness", h.witness.String())
			}
			code, out := program(t, "python3", append(args, v.dir)...)
			want := 1
			switch {
			case a.second != "":
				want = a.code
			case a.by == listed:
				want = 0
			case a.by == unreadab:
				want = 2
			}
			if code != want || strings.Contains(out, "Traceback") {
				t.Errorf("exit code %d, want %d\n%s", code, want, out)
			}
		})
	}
}

const tablePath = "../../docs/tampering.md"

// TestTable compares docs/tampering.md with the attacks.
func TestTable(t *testing.T) {
	got := table()
	if *update {
		if err := os.WriteFile(tablePath, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the attacks say: run go test ./test/tamper -run TestTable -update", tablePath)
	}
}

func table() []byte {
	var b bytes.Buffer
	all := attacks()
	fmt.Fprintf(&b, tableHead, len(all))
	group := ""
	for i, a := range all {
		if a.group != group {
			group = a.group
			fmt.Fprintf(&b, "\n## %s\n\n| | what was done | it takes | noticed by | named | it says |\n|--:|---|---|---|---|---|\n", group)
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s |\n", i+1, a.what, a.has, meansText[a.by], quoted(a.file), quoted(a.says))
	}
	return b.Bytes()
}

func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

const tableHead = `# What was tried on ledgers

%d attacks on ledgers that the real recorder wrote, and on evidence packs, done one at a time by
` + "`go test ./test/tamper`" + `, which this page is written from. After each of them
` + "`gatebook-verify`" + ` must say that the evidence does not hold (exit code 1), and
name what was changed. *Noticed by* is the least that notices it: the test shows
that without it the ledger passes. What notices with less notices with more.

- **alone**: nothing but the ledger itself.
- **--key**: the public key, which ` + "`gatebook serve`" + ` printed at its first start.
- **--since**: a checkpoint that was kept elsewhere: saved by somebody, or in a receipt.
- **--witness**: the public key of a witness that cosigns the ledger's checkpoints.

Who holds the signing key, the disk and the clock can still write what never
happened *from then on*. What is behind a checkpoint that somebody else keeps
cannot be changed any more.
`

// base64Of spells a signature as a signed note does.
func base64Of(hash uint32, sig []byte) string {
	return base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, hash), sig...))
}
