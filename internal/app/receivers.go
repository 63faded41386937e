package app

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gatebook/gatebook/internal/alert"
	"github.com/gatebook/gatebook/internal/alert/alertmanager"
	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	amail "github.com/gatebook/gatebook/internal/alert/mail"
	"github.com/gatebook/gatebook/internal/alert/opsgenie"
	"github.com/gatebook/gatebook/internal/alert/pagerduty"
	"github.com/gatebook/gatebook/internal/alert/slack"
	"github.com/gatebook/gatebook/internal/alert/syslog"
	"github.com/gatebook/gatebook/internal/alert/teams"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/api"
	"github.com/gatebook/gatebook/internal/config"
	"github.com/gatebook/gatebook/internal/redact"
)

// This file makes the receivers of alerts, and says how they are.

// openOutbox makes the outbox with the receivers of the configuration.
func (a *App) openOutbox() error {
	receivers, err := a.receivers(&a.cfg.Alerts)
	if err != nil {
		return err
	}
	a.outbox, err = deliver.New(context.Background(), deliver.Config{DB: a.state, Receivers: receivers, Pseudonym: a.pseudonym, Log: a.log})
	return err
}

// pseudonym stands for a personal value where it must not be shown.
func (a *App) pseudonym(field, value string) string {
	fp := redact.Fingerprint(a.keys.fingerprint, "alert "+field+" "+value)
	return strings.TrimPrefix(fp, "fp:")[:12]
}

// receivers makes the receivers that a configuration names.
func (a *App) receivers(c *config.Alerts) ([]deliver.Receiver, error) {
	list := make([]deliver.Receiver, 0, len(c.Receivers))
	for i := range c.Receivers {
		r, err := a.receiver(c, &c.Receivers[i])
		if err != nil {
			return nil, fmt.Errorf("alerts.receivers[%s]: %w", c.Receivers[i].Name, err)
		}
		list = append(list, r)
	}
	return list, nil
}

// For people, ten messages a minute are many.
const peopleRate = 10

func (a *App) receiver(c *config.Alerts, r *config.Receiver) (deliver.Receiver, error) {
	d := deliver.Receiver{
		Name: r.Name, Kind: string(r.Kind), MinSeverity: string(r.MinSeverity), Detail: deliver.Detail(r.Detail), Digest: r.Digest,
		Rate: r.RateLimit, Concurrency: r.Concurrency, Timeout: r.Timeout, GiveUp: r.GiveUpAfter,
	}
	kind := kindDefaults[r.Kind]
	d.Lifecycle = kind.lifecycle
	if r.Detail == config.DetailDefault || r.Detail == "" {
		d.Detail = kind.detail
	}
	if d.Rate == 0 && kind.people {
		d.Rate = peopleRate
	}
	d.Changes = kind.changes
	if len(r.Changes) > 0 {
		d.Changes = nil
		for _, x := range r.Changes {
			d.Changes = append(d.Changes, alert.Change(x))
		}
	}
	for _, text := range r.Match {
		m, err := deliver.ParseMatcher(text)
		if err != nil {
			return d, fmt.Errorf("match: %w", err)
		}
		d.Match = append(d.Match, m)
	}
	ca, pem, err := authorities(r.CA)
	if err != nil {
		return d, fmt.Errorf("ca: %w", err)
	}
	// The same configuration gives the same identity; secrets are hashed.
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %q", fmt.Sprintf("%v", *r), r.SecretURL.Reveal(), r.SecretKey.Reveal(), pem, c.Proxy)
	d.Identity = fmt.Sprintf("%x", h.Sum(nil))
	d.Channel, err = a.channel(c, r, ca)
	return d, err
}

// kindDefaults says what is usual for each kind of receiver.
var kindDefaults = map[config.ReceiverKind]struct {
	detail    deliver.Detail
	people    bool // reads each message
	lifecycle bool // tracks incidents itself
	changes   []alert.Change
}{
	config.ReceiverWebhook:      {detail: deliver.Full},
	config.ReceiverSyslog:       {detail: deliver.Full},
	config.ReceiverAlertmanager: {detail: deliver.Minimal, lifecycle: true},
	config.ReceiverPagerDuty:    {detail: deliver.Minimal, people: true, lifecycle: true, changes: trackedChanges},
	config.ReceiverOpsgenie:     {detail: deliver.Minimal, people: true, lifecycle: true, changes: trackedChanges},
	config.ReceiverSlack:        {detail: deliver.Minimal, people: true, changes: peopleChanges},
	config.ReceiverTeams:        {detail: deliver.Minimal, people: true, changes: peopleChanges},
	config.ReceiverMail:         {detail: deliver.Minimal, people: true, changes: peopleChanges},
}

var (
	peopleChanges  = []alert.Change{alert.Opened, alert.Raised, alert.Closed, alert.Reopened}
	trackedChanges = []alert.Change{alert.Opened, alert.Raised, alert.Taken, alert.Closed, alert.Reopened}
)

// authorities reads a PEM file; without a name there is none.
func authorities(name string) (*x509.CertPool, []byte, error) {
	if name == "" {
		return nil, nil, nil
	}
	pem, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, errors.New("there is no certificate in it")
	}
	return pool, pem, nil
}

// channel makes the channel of a receiver.
func (a *App) channel(c *config.Alerts, r *config.Receiver, ca *x509.CertPool) (deliver.Channel, error) {
	origin, key := a.keys.signer.Name(), redact.Secret(r.SecretKey.Reveal())
	switch r.Kind {
	case config.ReceiverMail:
		return mailChannel(r, ca)
	case config.ReceiverSyslog:
		host, _, _ := strings.Cut(a.edge, "@")
		return syslog.New(syslog.Config{
			Server: r.Syslog.Server, Transport: syslog.Transport(r.Syslog.Transport), Framing: syslog.Framing(r.Syslog.Framing),
			AllowPrivate: true, CA: ca, Facility: syslog.Facilities[string(r.Syslog.Facility)], Host: host,
		})
	}
	client, err := a.alertClient(c, r, ca)
	if err != nil {
		return nil, err
	}
	switch r.Kind {
	case config.ReceiverSlack:
		return slack.New(client), nil
	case config.ReceiverTeams:
		return teams.New(client), nil
	case config.ReceiverPagerDuty:
		return pagerduty.New(pagerduty.Config{Client: client, RoutingKey: key, Source: origin}), nil
	case config.ReceiverOpsgenie:
		return opsgenie.New(opsgenie.Config{Client: client, Key: key, Source: origin}), nil
	case config.ReceiverAlertmanager:
		labels := make(map[string]string)
		for _, l := range r.Labels {
			name, value, _ := strings.Cut(l, "=")
			labels[name] = value
		}
		return alertmanager.New(alertmanager.Config{Client: client, Token: key, Labels: labels, Source: origin}), nil
	}
	w := webhook.Config{Client: client}
	if key != "" {
		if w.Key, err = webhook.ParseSecret(key); err != nil {
			return nil, fmt.Errorf("key_file: it %w", err)
		}
	}
	return webhook.New(w), nil
}

func mailChannel(r *config.Receiver, ca *x509.CertPool) (deliver.Channel, error) {
	m := amail.Config{
		Server: r.Mail.Server, Security: amail.Security(r.Mail.Security), AllowPrivate: true, CA: ca,
		User: r.Mail.User, Password: redact.Secret(r.SecretKey.Reveal()),
	}
	var err error
	if m.From, err = mail.ParseAddress(r.Mail.From); err != nil {
		return nil, errors.New("mail.from: it is no address")
	}
	for _, text := range r.Mail.To {
		to, err := mail.ParseAddress(text)
		if err != nil {
			return nil, errors.New("mail.to: it is no address")
		}
		m.To = append(m.To, to)
	}
	return amail.New(m)
}

// alertClient makes the client of a receiver that is reached over HTTP.
func (a *App) alertClient(c *config.Alerts, r *config.Receiver, ca *x509.CertPool) (*egress.Client, error) {
	u := r.URL
	if !r.SecretURL.IsZero() {
		var err error
		if u, err = url.Parse(r.SecretURL.Reveal()); err != nil {
			return nil, errors.New("url_file: it holds no URL") // the error would repeat it
		}
	}
	if u == nil {
		def := map[config.ReceiverKind]string{config.ReceiverPagerDuty: pagerduty.DefaultURL, config.ReceiverOpsgenie: opsgenie.DefaultURL}[r.Kind]
		var err error
		if u, err = url.Parse(def); err != nil || def == "" {
			return nil, errors.New("it has no URL")
		}
	}
	return egress.NewClient(egress.HTTPConfig{
		URL: u, AllowPrivate: r.AllowPrivate || r.Kind == config.ReceiverAlertmanager, CA: ca, Proxy: c.Proxy, Agent: "Gatebook/" + a.opts.Version,
	})
}

// failingFor is how long a receiver may fail before it shows in /readyz: one
// attempt that fails is no news.
const failingFor = 30 * time.Second

// receiverCheck is the state of the receivers for /readyz; false: there are
// none.
func (a *App) receiverCheck() (api.Check, bool) {
	list, err := a.outbox.Status(context.Background())
	if err != nil {
		return api.Check{Name: "alert-delivery", Detail: "the outbox cannot be read"}, true
	}
	if len(list) == 0 {
		return api.Check{}, false
	}
	var failing []string
	for _, s := range list {
		if !s.Failing.IsZero() && time.Since(s.Failing) > failingFor {
			failing = append(failing, fmt.Sprintf("%s since %s (%s; %d wait)", s.Name, s.Failing.UTC().Format(time.RFC3339), s.Error, s.Pending))
		}
	}
	c := api.Check{Name: "alert-delivery", OK: len(failing) == 0, Detail: fmt.Sprintf("%d receivers", len(list))}
	if !c.OK {
		c.Detail = strings.Join(failing, "; ")
	}
	return c, true
}

// receiverMetrics are those of /metrics.
func (a *App) receiverMetrics() []api.Metric {
	list, err := a.outbox.Status(context.Background())
	if err != nil {
		return nil
	}
	metric := func(kind, name, help string, v float64, l api.Label) api.Metric {
		return api.Metric{Name: "gatebook_alert_" + name, Help: help, Type: kind, Labels: []api.Label{l}, Value: v}
	}
	var delivered, failures, pending, dead, up, oldest []api.Metric
	for _, s := range list {
		l := api.Label{Name: "receiver", Value: s.Name}
		delivered = append(delivered, metric("counter", "deliveries_total", "Messages that a receiver of alerts accepted.", float64(s.Delivered), l))
		failures = append(failures, metric("counter", "delivery_failures_total", "Attempts at a receiver of alerts that failed.", float64(s.Failures), l))
		pending = append(pending, metric("gauge", "deliveries_pending", "Deliveries that wait for a receiver of alerts.", float64(s.Pending), l))
		dead = append(dead, metric("gauge", "deliveries_dead", "Deliveries that were given up and are kept.", float64(s.Dead), l))
		up = append(up, metric("gauge", "receiver_up", "1 while the last attempt at a receiver of alerts worked.", truth(s.Failing.IsZero()), l))
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(0, time.Since(s.Oldest).Seconds())
		}
		oldest = append(oldest, metric("gauge", "delivery_oldest_seconds", "Age of the oldest delivery that waits.", age, l))
	}
	var out []api.Metric
	for _, m := range [][]api.Metric{delivered, failures, pending, dead, up, oldest} {
		out = append(out, m...)
	}
	return out
}

var _ api.Deliveries = (*deliver.Outbox)(nil)
