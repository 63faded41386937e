package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gatebook/gatebook/examples/shop/api"
	"github.com/gatebook/gatebook/examples/shop/issuer"
	"github.com/gatebook/gatebook/examples/shop/store"
)

// ready is the line of JSON that a server prints when it answers. What a verb
// does not start stays empty.
type ready struct {
	API      string `json:"api,omitempty"`
	OpenAPI  string `json:"openapi,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	JWKS     string `json:"jwks,omitempty"`
	Audience string `json:"audience,omitempty"`
}

// apiFlags are the flags of a verb that serves the API.
type apiFlags struct {
	listen string
	seed   uint64
	trust  bool
}

func (f *apiFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&f.listen, "listen", "127.0.0.1:3000", "`address` of the API")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that decides the invented data")
	flags.BoolVar(&f.trust, "trust-gateway", false,
		"a gateway stands before the shop: believe any X-API-Key and any X-Forwarded-Client-Cert that it lets through")
}

// shop is the API, listening.
type shop struct {
	url      string
	server   *http.Server
	api      *api.Server
	listener net.Listener
}

// open makes the API and its listener.
func (f *apiFlags) open(issuerURL, audience string) (*shop, error) {
	st := store.New(f.seed)
	for _, u := range issuer.DefaultUsers() {
		st.SetUser(store.User{ID: u.ID, Name: u.Full, Roles: u.Roles})
	}
	a, err := api.New(api.Config{Store: st, Issuer: issuerURL, Audience: audience, TrustGateway: f.trust})
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return nil, fmt.Errorf("opening the API: %w", err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &shop{url: "http://" + l.Addr().String(), api: a, listener: l,
		server: &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second, Protocols: protocols}}, nil
}

// run serves until the context ends, then lets calls under way finish for up
// to five seconds.
func (s *shop) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(s.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving the API: %w", err)
	case <-ctx.Done():
	}
	s.api.Close()
	wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if s.server.Shutdown(wait) != nil {
		s.server.Close()
	}
	<-ended
	return nil
}

// say prints the ready line.
func say(out io.Writer, r ready) error {
	if err := json.NewEncoder(out).Encode(r); err != nil {
		return fmt.Errorf("printing the addresses: %w", err)
	}
	return nil
}

func serveVerb(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	var f apiFlags
	f.add(flags)
	issuerURL := flags.String("issuer", "", "`URL` of the issuer whose tokens are accepted; it may start later")
	audience := flags.String("audience", issuer.Audience, "what tokens must be for (the aud `claim`)")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *issuerURL == "" && !f.trust {
		return errors.New("serve: nobody could log in: give --issuer, --trust-gateway, or both")
	}
	s, err := f.open(*issuerURL, *audience)
	if err != nil {
		return err
	}
	if err := say(out, ready{API: s.url, OpenAPI: s.url + "/openapi.json", Issuer: *issuerURL, Audience: *audience}); err != nil {
		return err
	}
	return s.run(ctx)
}

func allVerb(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) error {
	var f apiFlags
	var i issuerFlags
	f.add(flags)
	i.add(flags, "issuer-listen")
	if err := parse(flags, args); err != nil {
		return err
	}
	iss, err := i.start()
	if err != nil {
		return err
	}
	defer iss.Close()
	s, err := f.open(iss.URL, issuer.Audience)
	if err != nil {
		return err
	}
	err = say(out, ready{API: s.url, OpenAPI: s.url + "/openapi.json", Issuer: iss.URL,
		JWKS: iss.URL + "/keys", Audience: issuer.Audience})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	rotating := make(chan error, 1)
	go func() { rotating <- rotateOnHangup(ctx, iss) }()
	err = s.run(ctx)
	cancel()
	return errors.Join(err, <-rotating)
}
