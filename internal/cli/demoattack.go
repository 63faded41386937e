package cli

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatebook/gatebook/internal/act"
	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/detect"
	"github.com/gatebook/gatebook/internal/detect/live"
	"github.com/gatebook/gatebook/internal/reading"
)

// attack is a small attack on the sample shop, which a rule of the catalogue
// finds on an installation that has learned nothing yet.
type attack struct {
	name, threat, rule string
	story              string   // what it does, for people
	kind               string   // of the API key that it calls with; "": it has none
	scopes             []string // of that key
	guest              bool     // it calls as a service account that nobody has seen before
	run                func(ctx context.Context, a *attacker) error
	subject            func(a *attacker) string               // what to block
	named              func(a *attacker, v detect.Value) bool // whether a value of a finding's entity is the attacker
}

// attacks are one for each threat.
var attacks = []attack{
	{
		name: "exfiltration", threat: "exfiltration through a secondary app", rule: "export-burst", guest: true,
		story:   "An app that nobody has seen before was given access. It exports all customers, again and again.",
		run:     exfiltrate,
		subject: func(a *attacker) string { return "app:" + a.client + " and address:" + a.address },
		named:   func(a *attacker, v detect.Value) bool { return v.Field == "principal.id" && v.Value == a.principal },
	},
	{
		name: "credential", threat: "abused credentials", rule: "token-guessing",
		story:   "Somebody found a list of old API keys, and tries one after the other.",
		run:     guess,
		subject: func(a *attacker) string { return "address:" + a.address },
		named: func(a *attacker, v detect.Value) bool {
			return strings.HasPrefix(v.Value, a.address[:strings.LastIndexByte(a.address, '.')])
		},
	},
	{
		name: "scraping", threat: "scraping hidden in normal traffic", rule: "bola-enumeration", kind: "user", scopes: []string{"customers:read"},
		story:   "A user reads customer after customer by counting up the number, which no page had named to them.",
		run:     scrape,
		subject: func(a *attacker) string { return "key:" + a.key.Key.ID },
		named:   func(a *attacker, v detect.Value) bool { return v.Field == "principal.id" && v.Value == a.principal },
	},
	{
		name: "escalation", threat: "privilege escalation", rule: "admin-probing", kind: "user", scopes: []string{"orders:read"},
		story:   "A user with a key for orders tries whether the administration of the shop opens to it.",
		run:     escalate,
		subject: func(a *attacker) string { return "key:" + a.key.Key.ID },
		named:   func(a *attacker, v detect.Value) bool { return v.Field == "principal.id" && v.Value == a.principal },
	},
}

// attacker is who carries an attack out.
type attacker struct {
	attack
	gateway, issuer string
	http            *http.Client
	address         string // from which it calls
	client          string // the service account that it calls as; "": none
	key             api.KeySecret
	token           string // of the service account
	principal       string // its pseudonym; "": it has none
	calls           int
	last            time.Time // when the newest call was answered
}

// call makes a call, and returns its status. A call that is not answered is an
// error.
func (a *attacker) call(ctx context.Context, path string, header ...string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.gateway+path, nil)
	if err != nil {
		return 0, err
	}
	switch {
	case a.token != "":
		req.Header.Set("Authorization", "Bearer "+a.token)
	case a.key.Secret != "":
		req.Header.Set("X-API-Key", a.key.Secret)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	req.Header.Set("User-Agent", "gatebook-demo-attack/"+a.name)
	res, err := a.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("calling the gateway at %s: %w: is make run running? --gateway names another", a.gateway, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return 0, err
	}
	a.calls, a.last = a.calls+1, time.Now()
	return res.StatusCode, nil
}

// must is call, for an answer that must come for the attack to go on.
func (a *attacker) must(ctx context.Context, want int, path string, header ...string) error {
	got, err := a.call(ctx, path, header...)
	if err == nil && got != want {
		err = fmt.Errorf("GET %s: got %d, want %d: is that the sample shop of make run?", path, got, want)
	}
	return err
}

func exfiltrate(ctx context.Context, a *attacker) error {
	for range 10 { // as many as the rule asks for within ten minutes
		if err := a.must(ctx, http.StatusOK, "/v1/export/customers"); err != nil {
			return err
		}
	}
	return nil
}

func guess(ctx context.Context, a *attacker) error {
	for range 10 {
		var b [20]byte
		rand.Read(b[:])
		if err := a.must(ctx, http.StatusUnauthorized, "/v1/customers", "Authorization", "Bearer gbk_"+hex.EncodeToString(b[:5])+"_"+hex.EncodeToString(b[5:])); err != nil {
			return err
		}
	}
	return nil
}

func scrape(ctx context.Context, a *attacker) error {
	for i := range 20 {
		if err := a.must(ctx, http.StatusOK, fmt.Sprintf("/v1/customers/cus_%06d", 1201+i)); err != nil {
			return err
		}
	}
	return nil
}

func escalate(ctx context.Context, a *attacker) error {
	for _, path := range []string{"/v1/admin/users", "/v1/admin/settings", "/v1/admin/refunds"} {
		if err := a.must(ctx, http.StatusForbidden, path); err != nil {
			return err
		}
	}
	return nil
}

func (p *Program) attackCmd() *cobra.Command {
	var t target
	var a attacker
	var block, asJSON bool
	var names []string
	text := "Carry out a small attack on the sample shop of make run, through the gateway, and show the finding as it comes. The attacks:\n"
	for i := range attacks {
		names = append(names, attacks[i].name)
		text += fmt.Sprintf("\n  %-13s %s", attacks[i].name, attacks[i].threat)
	}
	text += "\n\nThe calls are real, and stay in the record; their User-Agent begins with gatebook-demo-attack. API keys that are made for it are revoked at the end. Each run has an identity and an address of its own, so that it can be repeated: a rule finds the same caller only once in a while."
	c := &cobra.Command{
		Use: "attack NAME", Short: "Attack the sample shop, and see what Gatebook finds", Long: text, ValidArgs: names,
		Example: "  gatebook demo attack scraping\n  gatebook demo attack escalation --block", Args: cobra.ExactArgs(1),
	}
	f := c.Flags()
	f.StringVar(&t.data, "data", "./gatebook-data", "the data `directory` of the server")
	f.StringVar(&a.gateway, "gateway", "", "the `URL` of the gateway; without: as the server says")
	f.StringVar(&a.issuer, "issuer", "", "the `URL` of the shop's issuer; without: as the server says")
	f.BoolVar(&block, "block", false, "block the attacker then, show that the next call is refused, and undo the block")
	f.BoolVar(&asJSON, "json", false, "print the finding as JSON, and nothing else")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		for i := range attacks {
			if attacks[i].name == args[0] {
				a.attack = attacks[i]
			}
		}
		if a.run == nil {
			return usage(c, fmt.Errorf("there is no attack %q: use one of %s", args[0], strings.Join(names, ", ")))
		}
		t.reason = "gatebook demo attack " + a.name
		to, err := p.connect(c.Context(), &t)
		if err != nil {
			return err
		}
		defer to.close(&err)
		if to.end != nil {
			return fmt.Errorf("no server runs on %s: start make run first", t.data)
		}
		return p.attackNow(c.Context(), to, &a, block, asJSON)
	}
	return c
}

// attackNow carries an attack out, and shows what is found.
func (p *Program) attackNow(ctx context.Context, to *client, a *attacker, block, asJSON bool) (err error) {
	say := func(format string, args ...any) {
		if !asJSON {
			fmt.Fprintf(p.Stdout, format+"\n", args...)
		}
	}
	if err := a.prepare(ctx, to); err != nil {
		return err
	}
	if a.key.Key.ID != "" {
		defer func() {
			// Also after Ctrl-C: the key must not stay.
			res, revokeErr := to.do(context.WithoutCancel(ctx), http.MethodDelete, "/api/v1/keys/"+url.PathEscape(a.key.Key.ID), nil, nil)
			if revokeErr == nil {
				res.Body.Close()
			}
			err = errors.Join(err, revokeErr)
		}()
	}
	say("%s (%s)\n\n%s\n", strings.ToUpper(a.threat[:1])+a.threat[1:], "demonstration", a.story)
	began := time.Now()
	if err := a.run(ctx, a); err != nil {
		return err
	}
	say("%d calls from %s in %.1f s. Waiting for the rule %s…\n", a.calls, a.address, a.last.Sub(began).Seconds(), a.rule)
	if err := a.recognise(ctx, to); err != nil {
		return err
	}
	kept, found, err := a.await(ctx, to, began)
	if err != nil {
		return err
	}
	if asJSON {
		return lines(p.Stdout).Encode(kept)
	}
	p.finding(found)
	say("\nFound %d ms after the call that completed it had arrived.", kept.Found.Sub(found.At).Milliseconds())
	if last := found.Events[len(found.Events)-1]; last.Number >= 0 {
		say("The event that completed it, with its proof:\n\n    gatebook show %d\n", last.Number)
	}
	subject := a.subject(a)
	if !block {
		say("To stop it:\n\n    gatebook block '%s' --for 1h --reason 'demo attack'\n\nor see it stopped: gatebook demo attack %s --block", subject, a.name)
		return nil
	}
	return p.blockAttack(ctx, to, a, subject)
}

// blockAttack blocks the attacker, has them call once more, and undoes it.
func (p *Program) blockAttack(ctx context.Context, to *client, a *attacker, subject string) error {
	var m act.Measure
	if err := to.post(ctx, "/api/v1/measures", api.NewMeasure{Kind: "block", Subject: subject, For: time.Hour}, &m); err != nil {
		return err
	}
	decided := time.Now()
	got, err := a.call(ctx, "/v1/orders")
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "Blocked %s by %s. The next call, %d ms later, got %d.\n", subject, m.ID, a.last.Sub(decided).Milliseconds(), got)
	if err := to.ask(ctx, http.MethodDelete, "/api/v1/measures/"+m.ID, &m); err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "Undone. Both decisions are in the record: events %d and %d.\n", m.Decision, m.Ending)
	if got != http.StatusForbidden {
		return fmt.Errorf("the call got %d in spite of the block: please report this", got)
	}
	return nil
}

// prepare gives the attacker an address and a credential.
func (a *attacker) prepare(ctx context.Context, to *client) error {
	if err := a.find(ctx, to); err != nil {
		return err
	}
	dial := net.Dialer{Timeout: 5 * time.Second}
	var b [4]byte
	rand.Read(b[:])
	a.address = "127.0.0.1"
	if runtime.GOOS == "linux" { // elsewhere only 127.0.0.1 is there
		a.address = fmt.Sprintf("127.%d.%d.%d", 64+b[0]%128, b[1], 1+b[2]%254)
		dial.LocalAddr = &net.TCPAddr{IP: net.ParseIP(a.address)}
	}
	a.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: dial.DialContext}}
	if a.guest {
		a.client = "guest-" + hex.EncodeToString(b[:])
		return a.login(ctx)
	}
	if a.kind == "" {
		return nil
	}
	n := api.NewKey{Name: "demo-attack-" + a.name + "-" + hex.EncodeToString(b[:]), Kind: a.kind, Scopes: a.scopes, Expires: time.Now().Add(time.Hour)}
	if err := to.post(ctx, "/api/v1/keys", n, &a.key); err != nil {
		return err
	}
	return nil
}

// find asks the server where the gateway and the issuer are, if nobody said.
func (a *attacker) find(ctx context.Context, to *client) error {
	if a.gateway == "" || a.issuer == "" && a.guest {
		var s api.Setup
		if err := to.get(ctx, "/api/v1/setup", nil, &s); err != nil {
			return fmt.Errorf("asking the server where its gateway is: %w", err)
		}
		if len(s.Listeners) > 0 {
			a.gateway = cmp.Or(a.gateway, s.Listeners[0].URL)
		}
		for _, source := range s.Identity {
			if issuer, ok := strings.CutPrefix(source, "oidc "); ok {
				a.issuer = cmp.Or(a.issuer, issuer)
			}
		}
		switch {
		case a.gateway == "":
			return errors.New("this server has no gateway: the attack is for that of make run")
		case a.issuer == "" && a.guest:
			return errors.New("no issuer of tokens is configured for this gateway, and the attack needs that of the sample shop: start make run, or name the issuer with --issuer")
		}
	}
	a.gateway, a.issuer = strings.TrimSuffix(a.gateway, "/"), strings.TrimSuffix(a.issuer, "/")
	return nil
}

// login gets the token of a service account of the sample's issuer.
func (a *attacker) login(ctx context.Context) error {
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"customers:read orders:read export:read"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.issuer+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.SetBasicAuth(a.client, a.client+"-demo-secret")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking the shop's issuer at %s for a token: %w: is make run running? --issuer names another", a.issuer, err)
	}
	defer res.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer); err != nil || answer.Token == "" {
		return fmt.Errorf("the shop's issuer at %s answered %s, and no token", a.issuer, res.Status)
	}
	a.token = answer.Token
	return nil
}

// recognise finds out under which pseudonym the attacker is recorded.
func (a *attacker) recognise(ctx context.Context, to *client) error {
	query := "credential.key_id:=" + a.key.Key.ID
	switch {
	case a.client != "":
		query = "credential.client:=" + a.client
	case a.key.Key.ID == "":
		return nil
	}
	q := url.Values{"query": {query}, "limit": {"1"}}
	for limit := time.Now().Add(10 * time.Second); time.Now().Before(limit); {
		var found reading.Result
		if err := to.get(ctx, "/api/v1/search", q, &found); err != nil {
			return err
		}
		if len(found.Hits) > 0 {
			e, err := found.Hits[0].Event()
			if err == nil {
				a.principal = e.Principal.ID
			}
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return errors.New("the calls cannot be found in the record: are they made through the gateway of this server? --gateway and --data say which")
}

// pause waits a moment between two questions.
func pause(ctx context.Context) error {
	select {
	case <-time.After(50 * time.Millisecond):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await waits for the finding.
func (a *attacker) await(ctx context.Context, to *client, began time.Time) (*live.Kept, *detect.Finding, error) {
	const patience = 30 * time.Second
	q := url.Values{"rule": {a.rule}, "from": {began.UTC().Format(time.RFC3339Nano)}}
	for limit := time.Now().Add(patience); time.Now().Before(limit); {
		var list alert.Findings
		if err := to.get(ctx, "/api/v1/findings", q, &list); err != nil {
			return nil, nil, err
		}
		for _, k := range list.Findings {
			found := new(detect.Finding)
			if err := json.Unmarshal(k.Finding, found); err != nil {
				return nil, nil, fmt.Errorf("reading a finding: %w", err)
			}
			if found.From.Before(began.Add(-time.Second)) || !slices.ContainsFunc(found.Entity, func(v detect.Value) bool { return a.named(a, v) }) {
				continue // about somebody else
			}
			return &k, found, nil
		}
		if err := pause(ctx); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, fmt.Errorf("the rule %s found nothing within %s: gatebook health says whether detection runs, gatebook rules live whether the rule does", a.rule, patience)
}

// finding prints a finding for people.
func (p *Program) finding(f *detect.Finding) {
	fmt.Fprintf(p.Stdout, "\n%s  %s\n%s\n\n", strings.ToUpper(f.Level), clean(f.Title), f.At.In(p.Zone).Format("2006-01-02 15:04:05.000"))
	for _, v := range f.Entity {
		fmt.Fprintf(p.Stdout, "  about   %s %s\n", v.Field, clean(v.Value))
	}
	for _, t := range f.Terms {
		want := ""
		if t.Want != "" {
			want = " (" + t.Want + ")"
		}
		fmt.Fprintf(p.Stdout, "  because %s is %s%s\n", clean(t.Name), clean(t.Value), clean(want))
	}
	fmt.Fprintf(p.Stdout, "  rests on %d events, risk %d\n  finding %s, rule %s\n", f.Count, f.Risk.Points, f.ID, f.Rule)
}
