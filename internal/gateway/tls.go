package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/gatebook/gatebook/capture"
)

// TLS is how a listener speaks TLS. The files are PEM, and are read again by
// [Gateway.Reload].
type TLS struct {
	CertFile, KeyFile string     // the chain, leaf first, and its key; required
	ClientCAFile      string     // authorities of client certificates; required for ClientVerify and ClientRequire
	Client            ClientCert // whether clients are asked for a certificate
	MinVersion        uint16     // tls.VersionTLS12 or 13; 0: 1.2
}

// ClientCert says what is asked of clients.
type ClientCert string

// What can be asked of clients. A certificate that does not verify is evidence
// of little, but a call with ClientRequest is not refused for it.
const (
	ClientNone    ClientCert = ""        // nothing
	ClientRequest ClientCert = "request" // a certificate, of any authority, or none
	ClientVerify  ClientCert = "verify"  // a certificate of one of the authorities, or none
	ClientRequire ClientCert = "require" // a certificate of one of the authorities
)

// certs holds what the files of a TLS say.
type certs struct {
	t   *TLS
	now atomic.Pointer[tls.Config]
}

func newCerts(t *TLS) (*certs, error) {
	c := &certs{t: t}
	return c, c.reload()
}

func (c *certs) reload() error {
	pair, err := tls.LoadX509KeyPair(c.t.CertFile, c.t.KeyFile)
	if err != nil {
		return fmt.Errorf("gateway: tls: certificate %s with key %s: %w", c.t.CertFile, c.t.KeyFile, err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: c.t.MinVersion, NextProtos: []string{"h2", "http/1.1"}}
	if conf.MinVersion == 0 {
		conf.MinVersion = tls.VersionTLS12
	}
	if conf.MinVersion < tls.VersionTLS12 {
		return errors.New("gateway: tls: min version: want 1.2 or 1.3")
	}
	switch c.t.Client {
	case ClientNone:
	case ClientRequest:
		conf.ClientAuth = tls.RequestClientCert
	case ClientVerify:
		conf.ClientAuth = tls.VerifyClientCertIfGiven
	case ClientRequire:
		conf.ClientAuth = tls.RequireAndVerifyClientCert
	default:
		return fmt.Errorf("gateway: tls: client %q: want request, verify or require", string(c.t.Client))
	}
	if c.t.ClientCAFile != "" {
		pem, err := os.ReadFile(c.t.ClientCAFile)
		if err != nil {
			return fmt.Errorf("gateway: tls: client authorities: %w", err)
		}
		conf.ClientCAs = x509.NewCertPool()
		if !conf.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("gateway: tls: client authorities %s: has no certificate in PEM", c.t.ClientCAFile)
		}
	} else if conf.ClientAuth >= tls.VerifyClientCertIfGiven {
		return fmt.Errorf("gateway: tls: client %q: needs a file of client authorities", string(c.t.Client))
	}
	c.now.Store(conf)
	return nil
}

// config returns a configuration that follows reload.
func (c *certs) config() *tls.Config {
	conf := c.now.Load().Clone()
	conf.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		capture.SeeHello(h)
		return c.now.Load(), nil
	}
	return conf
}
