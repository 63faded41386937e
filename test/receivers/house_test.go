package receivers

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alerttest"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/state"
	"github.com/gatebook/gatebook/test/freeport"
)

// outbox is one with its file.
type outbox struct {
	t  *testing.T
	db *state.DB
	*deliver.Outbox
}

func open(t *testing.T, c deliver.Config) *outbox {
	t.Helper()
	db, err := state.Open(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	c.DB = db
	o, err := deliver.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		db.Close()
	})
	return &outbox{t, db, o}
}

func (o *outbox) add(ns ...alert.Notice) {
	o.t.Helper()
	err := o.db.Write(context.Background(), func(tx *sql.Tx) error {
		for i := range ns {
			if err := o.Deliver(context.Background(), tx, &ns[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// await waits until a receiver has no pending delivery, and returns how many
// are in each other state.
func (o *outbox) await(receiver string) (delivered, dead int) {
	o.t.Helper()
	until(o.t, receiver+" has got all", func() bool {
		list, err := o.List(context.Background(), deliver.Filter{Receiver: receiver, Limit: 100_000})
		if err != nil {
			o.t.Fatal(err)
		}
		delivered, dead = 0, 0
		for _, d := range list {
			switch d.State {
			case deliver.Delivered:
				delivered++
			case deliver.Dead:
				dead++
			}
		}
		return delivered+dead == len(list)
	})
	return delivered, dead
}

// until waits for something, for as long as a slow machine may need.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not after a minute: %s", what)
		}
	}
}

// notice returns change seq of incident i.
func notice(i, seq int, change alert.Change) alert.Notice {
	n := alerttest.Notice(fmt.Sprintf("inc_%012x", i), change, "high")
	n.ID, n.Sequence = fmt.Sprintf("%s.%d", n.Incident, seq), uint64(seq)
	return n
}

// need returns the path of a program, or skips.
func need(t *testing.T, name, debian string) string {
	t.Helper()
	for _, dir := range []string{"", "/usr/sbin/", "/usr/bin/"} {
		if p, err := exec.LookPath(dir + name); err == nil {
			return p
		}
	}
	t.Skipf("%s is not installed: test/e2e/install.sh installs the Debian package %s", name, debian)
	return ""
}

// run starts a program that ends with the test.
func run(t *testing.T, name string, args ...string) *output {
	t.Helper()
	cmd, out := exec.Command(name, args...), new(output)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, out)
		}
	})
	return out
}

// output is what a program says.
type output struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// freePort returns a port of loopback on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeport.Address(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// listening waits until somebody listens on a port of loopback.
func listening(t *testing.T, port string) {
	t.Helper()
	until(t, "somebody listens", func() bool {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
}

// folder makes a folder that other users can go through, which those of
// t.TempDir are not.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gatebook-receivers-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// certificate makes a certificate for localhost, in two files, and returns who
// believes it.
func certificate(t *testing.T, dir string) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, cert, string(certPEM))
	write(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(certPEM)
	return cert, key, pool
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
