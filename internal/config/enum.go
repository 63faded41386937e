package config

// enum is a text of which only some values are valid. Each of the types below
// lists its own.
type enum interface{ values() []string }

// ClientAuth says whether a listener asks clients for a certificate.
type ClientAuth string

// The values of [ClientAuth].
const (
	ClientAuthNone    ClientAuth = "none"
	ClientAuthRequest ClientAuth = "request"
	ClientAuthRequire ClientAuth = "require"
)

func (ClientAuth) values() []string { return []string{"none", "request", "require"} }

// HostMode says which Host header an upstream gets.
type HostMode string

// The values of [HostMode].
const (
	HostPreserve HostMode = "preserve"
	HostUpstream HostMode = "upstream"
)

func (HostMode) values() []string { return []string{"preserve", "upstream"} }

// ActionName is a class of what operations do.
type ActionName string

func (ActionName) values() []string {
	return []string{"read", "create", "update", "delete", "export", "administer", "grant", "authenticate"}
}

// Durability says whether an answer waits for its record.
type Durability string

// The values of [Durability].
const (
	Served   Durability = "served"
	Recorded Durability = "recorded"
)

func (Durability) values() []string { return []string{"served", "recorded"} }

// EncryptionMode says what wraps the keys of the envelopes.
type EncryptionMode string

// The values of [EncryptionMode].
const (
	EncryptionFile EncryptionMode = "file"
	EncryptionAge  EncryptionMode = "age"
	EncryptionNone EncryptionMode = "none"
)

func (EncryptionMode) values() []string { return []string{"file", "age", "none"} }

// IndexMode says where the index runs.
type IndexMode string

// The values of [IndexMode].
const (
	IndexChild  IndexMode = "child"
	IndexRemote IndexMode = "remote"
	IndexOff    IndexMode = "off"
)

func (IndexMode) values() []string { return []string{"child", "remote", "off"} }

// LogLevel is a severity. The values are those that slog.Level.UnmarshalText
// reads.
type LogLevel string

// The values of [LogLevel].
const (
	LevelDebug LogLevel = "debug"
	LevelInfo  LogLevel = "info"
	LevelWarn  LogLevel = "warn"
	LevelError LogLevel = "error"
)

func (LogLevel) values() []string { return []string{"debug", "info", "warn", "error"} }

// LogFormat is how a log line is written.
type LogFormat string

// The values of [LogFormat].
const (
	FormatText LogFormat = "text"
	FormatJSON LogFormat = "json"
)

func (LogFormat) values() []string { return []string{"text", "json"} }

// ReceiverKind is what a receiver of alerts is.
type ReceiverKind string

// The values of [ReceiverKind].
const (
	ReceiverWebhook      ReceiverKind = "webhook"
	ReceiverSlack        ReceiverKind = "slack"
	ReceiverTeams        ReceiverKind = "teams"
	ReceiverPagerDuty    ReceiverKind = "pagerduty"
	ReceiverOpsgenie     ReceiverKind = "opsgenie"
	ReceiverAlertmanager ReceiverKind = "alertmanager"
	ReceiverMail         ReceiverKind = "mail"
	ReceiverSyslog       ReceiverKind = "syslog"
)

func (ReceiverKind) values() []string {
	return []string{"webhook", "slack", "teams", "pagerduty", "opsgenie", "alertmanager", "mail", "syslog"}
}

// ProviderKind is how access is taken back at a provider.
type ProviderKind string

// The values of [ProviderKind].
const (
	ProviderSCIM    ProviderKind = "scim"
	ProviderToken   ProviderKind = "token"
	ProviderWebhook ProviderKind = "webhook"
)

func (ProviderKind) values() []string { return []string{"scim", "token", "webhook"} }

// Severity is how bad an incident is.
type Severity string

func (Severity) values() []string {
	return []string{"informational", "low", "medium", "high", "critical"}
}

// DetailMode says what of an alert leaves the installation.
type DetailMode string

// The values of [DetailMode].
const (
	DetailDefault DetailMode = "default"
	DetailFull    DetailMode = "full"
	DetailMinimal DetailMode = "minimal"
)

func (DetailMode) values() []string { return []string{"default", "full", "minimal"} }

// MailSecurity says how mail travels.
type MailSecurity string

// The values of [MailSecurity].
const (
	MailStartTLS MailSecurity = "starttls"
	MailTLS      MailSecurity = "tls"
	MailClear    MailSecurity = "none"
)

func (MailSecurity) values() []string { return []string{"starttls", "tls", "none"} }

// SyslogTransport says how syslog travels.
type SyslogTransport string

func (SyslogTransport) values() []string { return []string{"tls", "tcp", "udp"} }

// SyslogFraming says how messages of syslog are told apart in a stream.
type SyslogFraming string

func (SyslogFraming) values() []string { return []string{"octets", "newline"} }

// SyslogFacility is a facility of RFC 5424, section 6.2.1, by its name.
type SyslogFacility string

func (SyslogFacility) values() []string {
	return []string{"user", "mail", "daemon", "auth", "syslog", "authpriv", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
}
