package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/internal/alert/deliver"
	"github.com/gatebook/gatebook/internal/alert/egress"
	"github.com/gatebook/gatebook/internal/alert/webhook"
	"github.com/gatebook/gatebook/internal/redact"
)

// receiverKeys says which kinds a key is for, where it is not for all.
var receiverKeys = []struct {
	key   string
	kinds []ReceiverKind
	given func(*Receiver) bool
}{
	{"url", []ReceiverKind{ReceiverWebhook, ReceiverPagerDuty, ReceiverOpsgenie, ReceiverAlertmanager}, func(r *Receiver) bool { return r.URL != nil }},
	{"url_file", []ReceiverKind{ReceiverWebhook, ReceiverSlack, ReceiverTeams}, func(r *Receiver) bool { return r.URLFile != "" }},
	{"key_file", []ReceiverKind{ReceiverWebhook, ReceiverPagerDuty, ReceiverOpsgenie, ReceiverAlertmanager}, func(r *Receiver) bool { return r.KeyFile != "" }},
	{"labels", []ReceiverKind{ReceiverAlertmanager}, func(r *Receiver) bool { return len(r.Labels) > 0 }},
	{"digest", []ReceiverKind{ReceiverWebhook, ReceiverSlack, ReceiverTeams, ReceiverMail}, func(r *Receiver) bool { return r.Digest > 0 }},
	{"mail.server", []ReceiverKind{ReceiverMail}, func(r *Receiver) bool { return r.Mail.Server != "" }},
	{"syslog.server", []ReceiverKind{ReceiverSyslog}, func(r *Receiver) bool { return r.Syslog.Server != "" }},
}

var (
	receiverName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)
	labelName    = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// checkAlerts reports receivers that could not be sent to, and reads their
// secrets.
func (l *loader) checkAlerts() {
	names := map[string]string{}
	for i := range l.cfg.Alerts.Receivers {
		r, path := &l.cfg.Alerts.Receivers[i], fmt.Sprintf("alerts.receivers[%d]", i)
		l.uniqueName(path+".name", r.Name, names)
		if r.Name != "" && !receiverName.MatchString(r.Name) {
			l.complain(path+".name", "%q has other characters than letters, digits, dots, dashes and underscores, or more than 63 of them", shorten(r.Name))
		}
		if r.Kind == "" {
			l.complain(path+".kind", "is missing, write one of %s", strings.Join(ReceiverKind("").values(), ", "))
			continue
		}
		l.checkReceiver(path, r)
	}
}

func (l *loader) checkReceiver(path string, r *Receiver) {
	for _, k := range receiverKeys {
		switch has := k.given(r); {
		case k.key == "url" && has && (r.Kind == ReceiverSlack || r.Kind == ReceiverTeams):
			l.complain(path+".url", "is a secret of kind %s: put it into a file that only you can read, and name that with url_file", r.Kind)
		case has && !slices.Contains(k.kinds, r.Kind):
			l.complain(path+"."+k.key, "has no use for kind %s, remove it", r.Kind)
		}
	}
	l.checkCA(path+".ca", r.CA)
	for i, text := range r.Match {
		if _, err := deliver.ParseMatcher(text); err != nil {
			l.complain(fmt.Sprintf("%s.match[%d]", path, i), "%q %s", shorten(text), err)
		}
	}
	l.readReceiverSecrets(path, r)
	switch r.Kind {
	case ReceiverMail:
		l.checkMail(path+".mail", r)
	case ReceiverSyslog:
		l.checkServer(path+".syslog.server", r.Syslog.Server, "logs.example.com:6514")
	case ReceiverPagerDuty, ReceiverOpsgenie:
		if r.KeyFile == "" {
			l.complain(path+".key_file", "is missing, name a file with the key of the integration")
		}
	case ReceiverSlack, ReceiverTeams:
		if r.URLFile == "" {
			l.complain(path+".url_file", "is missing, name a file with the URL of the webhook")
		}
	default:
		switch {
		case r.URL == nil && r.URLFile == "":
			l.complain(path+".url", "is missing, write where the receiver is")
		case r.URL != nil && r.URLFile != "":
			l.complain(path+".url_file", "is given besides url, keep one of them")
		}
	}
	l.checkReceiverURL(path+".url", r, r.URL)
	for i, text := range r.Labels {
		name, value, ok := strings.Cut(text, "=")
		if !ok || value == "" || !labelName.MatchString(name) {
			l.complain(fmt.Sprintf("%s.labels[%d]", path, i), "%q is no label, write name=value", shorten(text))
		}
	}
}

// readReceiverSecrets reads the files that hold secrets. Nothing that is in
// them is repeated in a problem.
func (l *loader) readReceiverSecrets(path string, r *Receiver) {
	if text, ok := l.secretIn(path+".url_file", r.URLFile); ok {
		var u *url.URL
		if err := setURL(reflect.ValueOf(&u).Elem(), field{schemes: []string{"https", "http"}}, text); err != nil {
			l.complain(path+".url_file", "%s holds what %s", r.URLFile, err)
		} else {
			r.SecretURL = NewSecret(text)
			l.checkReceiverURL(path+".url_file", r, u)
		}
	}
	if text, ok := l.secretIn(path+".key_file", r.KeyFile); ok {
		r.SecretKey = NewSecret(text)
		if _, err := webhook.ParseSecret(redact.Secret(text)); err != nil && r.Kind == ReceiverWebhook {
			l.complain(path+".key_file", "%s holds what %s", r.KeyFile, err)
		}
		if r.Kind == ReceiverPagerDuty && len(text) != 32 {
			l.complain(path+".key_file", "%s holds no integration key of the Events API v2, which has 32 characters", r.KeyFile)
		}
	}
	if text, ok := l.secretIn(path+".mail.password_file", r.Mail.PasswordFile); ok {
		r.SecretKey = NewSecret(text)
	}
}

// secretIn returns what a file holds, without space around it.
func (l *loader) secretIn(path, name string) (string, bool) {
	if name == "" {
		return "", false
	}
	data, err := readNamed(name)
	if err != nil {
		return "", false // checkFiles has said so
	}
	text := strings.TrimSpace(string(data))
	if text == "" || strings.ContainsAny(text, "\r\n") {
		l.complain(path, "%s does not hold one line", name)
		return "", false
	}
	return text, true
}

func (l *loader) checkReceiverURL(path string, r *Receiver, u *url.URL) {
	if u == nil {
		return
	}
	l.checkEgress(path, u, r.AllowPrivate || r.Kind == ReceiverAlertmanager)
}

func (l *loader) checkMail(path string, r *Receiver) {
	m := &r.Mail
	l.checkServer(path+".server", m.Server, "smtp.example.com:587")
	switch {
	case m.User != "" && m.PasswordFile == "":
		l.complain(path+".password_file", "is missing, name a file with the password of the user")
	case m.User == "" && m.PasswordFile != "":
		l.complain(path+".user", "is missing, write the user of the password")
	case m.User != "" && m.Security == MailClear:
		l.complain(path+".security", "is none, and a password is not sent in clear: write starttls or tls, or remove the user")
	}
	if _, err := mail.ParseAddress(m.From); err != nil {
		l.complain(path+".from", "is missing or no address, write one such as Gatebook <gatebook@example.com>")
	}
	if len(m.To) == 0 {
		l.complain(path+".to", "is missing, write who gets the mail")
	}
	for i, to := range m.To {
		if _, err := mail.ParseAddress(to); err != nil {
			l.complain(fmt.Sprintf("%s.to[%d]", path, i), "is no address, write one such as Security <security@example.com>")
		}
	}
}

// checkServer checks where a mail or syslog server is.
func (l *loader) checkServer(path, server, example string) {
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" || port == "" || port == "0" {
		l.complain(path, "%q is no server, write host:port such as %s", shorten(server), example)
		return
	}
	if !l.checkAddress(path, server) {
		return
	}
	if err := egress.NewGuard(host, true).CheckHost(host); err != nil {
		l.complain(path, "cannot be used: %s", err)
	}
}
