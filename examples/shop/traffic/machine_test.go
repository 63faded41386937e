package traffic_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatebook/gatebook/examples/shop/api"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/examples/shop/store"
	"github.com/gatebook/gatebook/examples/shop/traffic"
)

// selfSigned makes a client certificate that is its own authority.
func selfSigned(t *testing.T, name string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestMachineShowsItsCertificate puts a listener that asks for certificates
// before the shop, at an address of its own, as a gateway would.
func TestMachineShowsItsCertificate(t *testing.T) {
	iss, err := issuer.Start(issuer.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer iss.Close()
	shop, err := api.New(api.Config{Store: store.New(1), Issuer: iss.URL, TrustGateway: true})
	if err != nil {
		t.Fatal(err)
	}
	plain := httptest.NewServer(shop)
	defer plain.Close()
	defer shop.Close()

	cert, authority := selfSigned(t, "warehouse-7")
	var calls atomic.Int64
	mutual := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.TLS.PeerCertificates[0].Subject.CommonName; got != "warehouse-7" {
			t.Errorf("certificate of %q, want warehouse-7", got)
		}
		calls.Add(1)
		r.Header.Set("X-Forwarded-Client-Cert", "Subject=\"CN=warehouse-7\"")
		shop.ServeHTTP(w, r)
	}))
	mutual.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority}
	mutual.StartTLS()
	defer mutual.Close()

	roots := x509.NewCertPool()
	roots.AddCert(mutual.Certificate())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	r, err := traffic.Run(ctx, traffic.Config{Target: plain.URL, MachineTarget: mutual.URL, Issuer: iss.URL, Rate: 200,
		Certificate: &cert, TLS: &tls.Config{RootCAs: roots}})
	if err != nil {
		t.Fatal(err)
	}
	if calls.Load() == 0 || r.ByKind[traffic.Machines] == 0 || r.Errors != 0 {
		t.Errorf("the machine called %d times, counted %d; %d errors", calls.Load(), r.ByKind[traffic.Machines], r.Errors)
	}
}
