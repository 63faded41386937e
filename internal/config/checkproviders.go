package config

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/redact"
)

// checkProviders reports providers at which nothing could be taken back, and
// reads their secrets.
func (l *loader) checkProviders() {
	names := map[string]string{}
	for i := range l.cfg.Act.Providers {
		p, path := &l.cfg.Act.Providers[i], fmt.Sprintf("act.providers[%d]", i)
		l.uniqueName(path+".name", p.Name, names)
		if p.Name != "" && !receiverName.MatchString(p.Name) {
			l.complain(path+".name", "%q has other characters than letters, digits, dots, dashes and underscores, or more than 63 of them", shorten(p.Name))
		}
		if p.Kind == "" {
			l.complain(path+".kind", "is missing, write one of %s", strings.Join(ProviderKind("").values(), ", "))
			continue
		}
		l.checkProvider(path, p)
	}
}

func (l *loader) checkProvider(path string, p *Provider) {
	if p.URL == nil {
		l.complain(path+".url", "is missing, write where the provider is")
	} else {
		l.checkEgress(path+".url", p.URL, p.AllowPrivate)
	}
	l.checkCA(path+".ca", p.CA)
	l.readProviderSecret(path, p)
	missing := map[ProviderKind]string{ProviderSCIM: "the bearer token", ProviderWebhook: "the signing secret"}[p.Kind]
	switch {
	case p.KeyFile == "" && p.Key.IsZero() && missing != "":
		l.complain(path+".key_file", "is missing, name a file with %s", missing)
	case p.Kind == ProviderToken && p.ClientID == "":
		l.complain(path+".client_id", "is missing, write by which the issuer knows the client that may revoke")
	case p.Kind != ProviderToken && p.ClientID != "":
		l.complain(path+".client_id", "has no use for kind %s, remove it", p.Kind)
	case p.Kind == ProviderToken && len(p.Protect) > 0:
		l.complain(path+".protect", "has no use for kind token, remove it: no account is named there")
	case p.Kind == ProviderToken && p.Approval:
		l.complain(path+".approval", "has no use for kind token, remove it: a token is revoked at once, since none is kept until somebody approves")
	}
	if u := p.UserAttribute; p.Kind != ProviderSCIM && u != "" && u != "userName" {
		l.complain(path+".user_attribute", "has no use for kind %s, remove it", p.Kind)
	}
}

// readProviderSecret reads the credential. Nothing of it is repeated in a
// problem.
func (l *loader) readProviderSecret(path string, p *Provider) {
	where := path + ".key"
	p.SecretKey = p.Key
	if p.KeyFile != "" {
		where = path + ".key_file"
		if !p.Key.IsZero() {
			l.complain(where, "is given besides key, keep one of them")
		}
		if text, ok := l.secretIn(where, p.KeyFile); ok {
			p.SecretKey = NewSecret(text)
		}
	}
	if p.Kind != ProviderWebhook || p.SecretKey.IsZero() {
		return
	}
	if _, err := webhook.ParseSecret(redact.Secret(p.SecretKey.Reveal())); err != nil {
		l.complain(where, "holds what %s", err)
	}
}

// checkEgress reports an address that nothing is sent to.
func (l *loader) checkEgress(path string, u *url.URL, private bool) {
	if err := egress.NewGuard(u.Hostname(), private).CheckHost(u.Hostname()); err != nil {
		l.complain(path, "cannot be used: %s", err)
		return
	}
	// In clear only where the operator said that it stays close.
	if u.Scheme == "http" && !private && !egress.IsClose(u.Hostname()) {
		l.complain(path, "begins with http://, which anybody on the way can read and change: write https://, or allow_private: true if the host is in your own network")
	}
}
