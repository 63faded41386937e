package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gatebook/gatebook/examples/shop/traffic"
)

// keyVariable holds the machine's API key if no file is given. A key is never
// a flag: flags can be read by every process of the machine.
const keyVariable = "SHOP_API_KEY"

func trafficVerb(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	cfg := traffic.Config{Status: out}
	var keyFile, cert, key, ca string
	flags.StringVar(&cfg.Target, "target", "http://127.0.0.1:8400", "`URL` to call: the gateway, or the shop itself")
	flags.StringVar(&cfg.Issuer, "issuer", "http://127.0.0.1:5556", "`URL` of the issuer")
	flags.Float64Var(&cfg.Rate, "rate", 20, "mean `number` of calls a second")
	flags.Uint64Var(&cfg.Seed, "seed", 1, "`number` that decides all choices")
	flags.StringVar(&keyFile, "api-key-file", "", "`file` with the machine's API key (or set "+keyVariable+")")
	flags.StringVar(&cert, "client-cert", "", "`file` with the machine's certificate (PEM)")
	flags.StringVar(&key, "client-key", "", "`file` with the key of the certificate (PEM)")
	flags.StringVar(&ca, "ca", "", "`file` with the authority of an https target (PEM)")
	flags.StringVar(&cfg.MachineTarget, "machine-target", "", "`URL` that the machine calls, if not the target")
	flags.BoolVar(&cfg.OwnAddresses, "own-addresses", false, "each caller has a loopback address of its own (Linux)")
	flags.DurationVar(&cfg.StatusEvery, "status-every", 0, "`time` between two lines of status (default 10s)")
	if err := parse(flags, args); err != nil {
		return err
	}
	var err error
	if cfg.APIKey, err = apiKey(keyFile); err != nil {
		return err
	}
	if cfg.Certificate, err = certificate(cert, key); err != nil {
		return err
	}
	if cfg.TLS, err = authority(ca); err != nil {
		return err
	}
	r, err := traffic.Run(ctx, cfg)
	if errors.Is(err, context.Canceled) {
		return nil // stopped while it waited for the issuer
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "traffic: done; %s\n", r)
	return nil
}

// apiKey reads the machine's key; empty means that there is none.
func apiKey(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv(keyVariable)), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("--api-key-file: %w", err)
	}
	key := strings.TrimSpace(string(b))
	if key == "" || strings.ContainsAny(key, "\r\n") {
		return "", fmt.Errorf("--api-key-file: %s must hold one line, the key", file)
	}
	return key, nil
}

// certificate reads the machine's certificate, if one was given.
func certificate(cert, key string) (*tls.Certificate, error) {
	if cert == "" && key == "" {
		return nil, nil
	}
	if cert == "" || key == "" {
		return nil, errors.New("--client-cert and --client-key: give both or none")
	}
	c, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("--client-cert: %w", err)
	}
	return &c, nil
}

// authority reads the authority of an https target; nil means the system's.
func authority(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--ca: %s holds no certificate", file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}
