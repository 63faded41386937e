package config

import (
	"net/url"
	"time"
)

// Alerts says who hears of incidents.
type Alerts struct {
	// Who is told of incidents, and how. Empty: nobody; they are in the
	// console and in the API all the same. See docs/receivers.md.
	Receivers []Receiver `key:"receivers"`

	// A proxy for what is sent over HTTP. Empty: none; the variables
	// HTTP_PROXY and HTTPS_PROXY are not read.
	Proxy *url.URL `key:"proxy" scheme:"http,https"`
}

// Receiver is somebody or something that is told of incidents.
type Receiver struct {
	// A unique name, for the record and for metrics.
	Name string `key:"name"`

	// What it is.
	Kind ReceiverKind `key:"kind"`

	// Where it is: of a webhook or an Alertmanager (without /api/v2), or of
	// another region of PagerDuty or Opsgenie. http only for an address or
	// name of this machine or network that is written out.
	URL *url.URL `key:"url" scheme:"https,http"`

	// A file with the URL, mode 0600 or narrower, where the URL is a secret:
	// always for Slack and Teams.
	URLFile string `key:"url_file" file:"private"`

	// A file with the key, mode 0600 or narrower: the signing secret of a
	// webhook (whsec_…), the integration key of PagerDuty, the API key of
	// Opsgenie, the bearer token of an Alertmanager.
	KeyFile string `key:"key_file" file:"private"`

	// PEM file of the authorities that are believed instead of the system's.
	CA string `key:"ca" file:"read"`

	// Allow that its name resolves to a private or loopback address. An
	// Alertmanager, a mail or a syslog server may have one anyway. Link-local
	// and metadata addresses are never connected to.
	AllowPrivate bool `key:"allow_private" default:"false"`

	// Incidents below this severity are not sent.
	MinSeverity Severity `key:"min_severity" default:"medium"`

	// The changes of incidents that are sent. Empty: all of them to a
	// webhook, a syslog server and an Alertmanager; with taken but without
	// joined to PagerDuty and Opsgenie; opened, raised, closed and reopened to
	// people.
	Changes []string `key:"changes" oneof:"opened,raised,joined,taken,closed,reopened"`

	// Only incidents that match all of these are sent: rule=PATTERN,
	// tag=PATTERN, or a field of the entity such as
	// operation.host=*.example.com. != means those that do not match.
	Match []string `key:"match"`

	// How much leaves the installation. "minimal": no names, addresses or
	// other personal data, but pseudonyms and a link. "default": full for a
	// webhook and a syslog server, minimal for all others.
	Detail DetailMode `key:"detail" default:"default"`

	// Collect for so long, and send one message. 0: each is sent at once. Not
	// for what tracks incidents itself.
	Digest time.Duration `key:"digest" default:"0s" max:"24h"`

	// How many messages are sent in a minute; what is more is summed up in
	// one. 0: ten to people, without bound to a webhook, a syslog server and
	// an Alertmanager.
	RateLimit int `key:"rate_limit" default:"0" min:"0" max:"6000"`

	// How many messages are on their way at a time. Those of one incident
	// always go one after the other.
	Concurrency int `key:"concurrency" default:"4" min:"1" max:"64"`

	// How long one attempt may take.
	Timeout time.Duration `key:"timeout" default:"10s" min:"100ms" max:"2m"`

	// For how long a delivery that fails is tried again. Then it is kept as
	// dead (gatebook alerts deliveries --dead).
	GiveUpAfter time.Duration `key:"give_up_after" default:"24h" min:"1m" max:"30d"`

	// Labels that are added for an Alertmanager, each as name=value.
	Labels []string `key:"labels"`

	// The mail server, of kind mail.
	Mail MailReceiver `key:"mail"`

	// The syslog server, of kind syslog.
	Syslog SyslogReceiver `key:"syslog"`

	// What was read from the files; without keys of their own.
	SecretURL Secret // of URLFile
	SecretKey Secret // of KeyFile, or Mail.PasswordFile
}

// MailReceiver is e-mail.
type MailReceiver struct {
	// The server that takes the mail, host:port.
	Server string `key:"server"`

	// "starttls": begins in clear, and sends nothing without TLS. "tls": TLS
	// from the start. "none": in clear; then no password is sent.
	Security MailSecurity `key:"security" default:"starttls"`

	// The user. Empty: no authentication.
	User string `key:"user"`

	// A file with the password, mode 0600 or narrower.
	PasswordFile string `key:"password_file" file:"private"`

	// The sender, such as Gatebook <gatebook@example.com>.
	From string `key:"from"`

	// The recipients. All get the same message.
	To []string `key:"to"`
}

// SyslogReceiver is a syslog server (RFC 5424).
type SyslogReceiver struct {
	// The server, host:port.
	Server string `key:"server"`

	// "tls", "tcp" or "udp". Over UDP messages get lost and nobody knows.
	Transport SyslogTransport `key:"transport" default:"tls"`

	// How messages are told apart over TCP and TLS: "octets" (their length,
	// RFC 6587) or "newline".
	Framing SyslogFraming `key:"framing" default:"octets"`

	// The facility, such as authpriv, or local0 to local7.
	Facility SyslogFacility `key:"facility" default:"authpriv"`
}
