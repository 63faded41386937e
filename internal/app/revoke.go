package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/redact"
	"github.com/gatebook/gatebook/internal/revoke"
	"github.com/gatebook/gatebook/internal/revoke/hook"
	"github.com/gatebook/gatebook/internal/revoke/scim"
	"github.com/gatebook/gatebook/internal/revoke/token"
)

// openRevoke takes up what is to be taken back at providers.
func (a *App) openRevoke() error {
	providers, err := a.providers(a.cfg)
	if err != nil {
		return err
	}
	a.revoke = revoke.New(revoke.Config{
		Ledger: a.ledger, Recorder: a.recorder, Room: a.room, State: a.state, Origin: a.keys.signer.Name(), Edge: a.edge, Key: a.keys.fingerprint,
		Providers: providers, Log: a.log,
	})
	if err := a.revoke.Load(context.Background()); err != nil {
		return fmt.Errorf("reading what is to be taken back at providers: %w", err)
	}
	return nil
}

// maxProviderAnswer bounds an answer: that of SCIM to a search for one account.
const maxProviderAnswer = 256 << 10

// providers makes the providers that a configuration names.
func (a *App) providers(cfg *config.Config) ([]revoke.Provider, error) {
	var list []revoke.Provider
	for i := range cfg.Act.Providers {
		p := &cfg.Act.Providers[i]
		one, err := a.provider(cfg, p)
		if err != nil {
			return nil, fmt.Errorf("act.providers[%s]: %w", p.Name, err)
		}
		list = append(list, one)
	}
	return list, nil
}

func (a *App) provider(cfg *config.Config, p *config.Provider) (revoke.Provider, error) {
	out := revoke.Provider{Name: p.Name, Kind: string(p.Kind), Protect: p.Protect, Approval: p.Approval, Answer: cfg.Act.Approval.Wait, Timeout: p.Timeout, GiveUp: p.GiveUpAfter}
	ca, _, err := authorities(p.CA)
	if err != nil {
		return out, fmt.Errorf("ca: %w", err)
	}
	client, err := egress.NewClient(egress.HTTPConfig{
		URL: p.URL, AllowPrivate: p.AllowPrivate, CA: ca, Proxy: cfg.Alerts.Proxy, Agent: "Gatebook/" + a.opts.Version, MaxAnswer: maxProviderAnswer,
	})
	if err != nil {
		return out, err
	}
	key := redact.Secret(p.SecretKey.Reveal())
	switch p.Kind {
	case config.ProviderSCIM:
		out.Channel, out.Actions = scim.New(scim.Config{Client: client, Token: key, Attribute: p.UserAttribute}), scim.Actions
	case config.ProviderToken:
		out.Channel, out.Actions, out.NeedToken = token.New(token.Config{Client: client, ClientID: p.ClientID, Secret: key}), token.Actions, true
	default:
		secret, err := webhook.ParseSecret(key)
		if err != nil {
			return out, fmt.Errorf("key: it %w", err)
		}
		out.Channel, out.Actions = hook.New(hook.Config{Client: client, Key: secret}), hook.Actions
	}
	return out, nil
}

// providerCheck is the state of the providers for /readyz; false: there are
// none.
func (a *App) providerCheck() (api.Check, bool) {
	list := a.revoke.Status()
	if len(list) == 0 {
		return api.Check{}, false
	}
	var failing, names []string
	for _, s := range list {
		names = append(names, s.Name)
		if !s.Failing.IsZero() && time.Since(s.Failing) > failingFor {
			failing = append(failing, fmt.Sprintf("%s since %s (%s; %d wait)", s.Name, s.Failing.UTC().Format(time.RFC3339), s.Error, s.Pending))
		}
	}
	c := api.Check{Name: "revocation", OK: len(failing) == 0, Detail: strings.Join(names, ", ")}
	if !c.OK {
		c.Detail = strings.Join(failing, "; ")
	}
	return c, true
}

// providerMetrics are those of /metrics.
func (a *App) providerMetrics() []api.Metric {
	var pending, failed, up []api.Metric
	for _, s := range a.revoke.Status() {
		l := []api.Label{{Name: "provider", Value: s.Name}}
		pending = append(pending, api.Metric{Name: "gatebook_revocations_pending", Help: "Revocations that wait for a provider.", Type: "gauge", Labels: l, Value: float64(s.Pending)})
		failed = append(failed, api.Metric{Name: "gatebook_revocations_failed", Help: "Revocations of the last 90 days that were refused or given up.", Type: "gauge", Labels: l, Value: float64(s.Failed)})
		up = append(up, api.Metric{Name: "gatebook_revocation_provider_up", Help: "1 while the last attempt at a provider worked.", Type: "gauge", Labels: l, Value: truth(s.Failing.IsZero())})
	}
	return append(append(pending, failed...), up...)
}
