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
