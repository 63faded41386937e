package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite testdata/errors.txt")

// testdata/errors.txt holds cases, each of them:
//
//	== what is wrong
//	$ NAME=value           (environment, optional)
//	$ --flag value         (flag, optional)
//	the file
//	--
//	the problems, one a line
//
// They run in a directory with the files that makeFiles makes.
func TestErrors(t *testing.T) {
	const name = "testdata/errors.txt"
	abs, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	transcript, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	makeFiles(t)
	var out strings.Builder
	cases := strings.Split("\n"+string(transcript), "\n== ")[1:]
	if len(cases) < 30 {
		t.Errorf("got %d cases, want at least 30", len(cases))
	}
	for _, c := range cases {
		title, rest, _ := strings.Cut(c, "\n")
		input, want, _ := strings.Cut(rest, "\n--\n")
		got := problemsOf(t, title, input)
		if strings.TrimSpace(want) != got && !*update {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", title, got, want)
		}
		out.WriteString("== " + title + "\n" + input + "\n--\n" + got + "\n\n")
	}
	if *update {
		if err := os.WriteFile(abs, []byte(strings.TrimSpace(out.String())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// problemsOf loads the input of a case. That no secret is printed is checked
// for every case: those in the transcript all hold the word hunter2.
func problemsOf(t *testing.T, title, input string) string {
	t.Helper()
	o := Options{File: "gatebook.yaml"}
	var file []string
	for line := range strings.SplitSeq(input, "\n") {
		setting, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			file = append(file, line)
			continue
		}
		name, value, _ := strings.Cut(setting, " ")
		switch name {
		case "--upstream":
			o.Upstream = value
		case "--listen":
			o.Listen = value
		case "--ops":
			o.Ops = value
		case "--data":
			o.Data = value
		default:
			o.Environ = append(o.Environ, setting)
		}
	}
	if err := os.WriteFile(o.File, []byte(strings.Join(file, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := Load(o)
	var problems Problems
	if !errors.As(err, &problems) || c != nil || len(problems) == 0 {
		t.Errorf("%s: got configuration %v and error %v, want only problems", title, c, err)
		return ""
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%s: a secret is printed: %v", title, err)
	}
	return err.Error()
}

// makeFiles moves the test into a directory with files to name.
func makeFiles(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	cert, key := makeCertificate(t)
	_, other := makeCertificate(t)
	files := []struct {
		name string
		data []byte
		mode os.FileMode
	}{
		{"cert.pem", cert, 0o644},
		{"key.pem", key, 0o600},
		{"other.pem", other, 0o600},
		{"open.pem", key, 0o644},
		{"notes.txt", []byte("not PEM\n"), 0o600},
		{"empty", nil, 0o600},
		{"blank", []byte("\n"), 0o600},
		{"token", []byte("hunter2\n"), 0o600},
	}
	for _, f := range files {
		if err := os.WriteFile(f.name, f.data, f.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(f.name, f.mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("folder", 0o755); err != nil {
		t.Fatal(err)
	}
}

func makeCertificate(t *testing.T) (cert, key []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// Every key must have a problem of its own in the transcript, or be among
// those for which any value that parses is right.
func TestEveryKeyIsInTheTranscript(t *testing.T) {
	transcript, err := os.ReadFile("testdata/errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	free := []string{"text", "list of text", "true or false", "section", "path"}
	for _, f := range Fields() {
		if slices.Contains(free, f.Type) {
			continue
		}
		path := strings.ReplaceAll(f.Path, "[]", "[0]") // the transcript begins with the first entry
		if !strings.Contains(string(transcript), ": "+path+": ") && !strings.Contains(string(transcript), ": "+path+"[") {
			t.Errorf("no problem of %s in testdata/errors.txt", f.Path)
		}
	}
}
