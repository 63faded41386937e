package main

import (
	"context"
	"flag"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gatebook/gatebook/examples/shop/issuer"
)

// issuerFlags are the flags of a verb that runs the issuer.
type issuerFlags struct {
	opaque    bool
	listen    string
	lifetime  time.Duration
	algorithm string
	console   string
}

// add registers the flags; the address is called differently where the API
// has one too.
func (f *issuerFlags) add(flags *flag.FlagSet, listen string) {
	flags.StringVar(&f.listen, listen, "127.0.0.1:5556", "loopback `address` of the issuer")
	flags.DurationVar(&f.lifetime, "lifetime", 10*time.Minute, "how `long` access tokens are valid; negative makes expired ones")
	flags.StringVar(&f.algorithm, "algorithm", "ES256", "signature `algorithm`: ES256 or RS256")
	flags.BoolVar(&f.opaque, "opaque", false, "give out access tokens that only the issuer can read")
	flags.StringVar(&f.console, "console", "", "public `URL` of a Gatebook whose console people sign in to here, as the client gatebook")
}

func (f *issuerFlags) start() (*issuer.Issuer, error) {
	clients := issuer.DefaultClients()
	if f.console != "" {
		clients = append(clients, issuer.Client{ID: "gatebook", Title: "Gatebook", RedirectURI: strings.TrimSuffix(f.console, "/") + "/api/v1/oidc/callback"})
	}
	return issuer.Start(issuer.Config{Listen: f.listen, TokenLifetime: f.lifetime, Algorithm: f.algorithm, Opaque: f.opaque, Clients: clients})
}

// rotateOnHangup makes a new signing key at each SIGHUP until the context
// ends. The key before stays published, older ones go.
func rotateOnHangup(ctx context.Context, iss *issuer.Issuer) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			if err := iss.RotateKey(); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func issuerVerb(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	var f issuerFlags
	f.add(flags, "listen")
	if err := parse(flags, args); err != nil {
		return err
	}
	iss, err := f.start()
	if err != nil {
		return err
	}
	defer iss.Close()
	if err := say(out, ready{Issuer: iss.URL, JWKS: iss.URL + "/keys", Audience: issuer.Audience}); err != nil {
		return err
	}
	return rotateOnHangup(ctx, iss)
}
