package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Identity says how callers are recognised. What does not match any of these
// is recorded under the fingerprint of its credential alone.
type Identity struct {
	// Client certificates. The authorities are those of the listener.
	MTLS MTLS `key:"mtls"`

	// Issuers of bearer tokens (JWT), by OpenID Connect discovery.
	OIDC []OIDC `key:"oidc"`

	// API keys of Gatebook's own (gatebook keys).
	APIKeys APIKeys `key:"api_keys"`

	// User name and password.
	Basic Basic `key:"basic"`

	// Headers that an authenticating proxy in front sets.
	TrustedHeaders TrustedHeaders `key:"trusted_headers"`
}

// MTLS is identity by client certificate.
type MTLS struct {
	// Take a verified client certificate as the caller: by its SPIFFE id, or
	// else by its subject. Needs a listener that asks for certificates.
	Enabled bool `key:"enabled" default:"false"`
}

// OIDC is one issuer of bearer tokens.
type OIDC struct {
	// A unique name, for routes and for the record.
	Name string `key:"name"`

	// The issuer, exactly as in the tokens. http only on loopback.
	Issuer *url.URL `key:"issuer" scheme:"https,http"`

	// A token must be meant for one of these. At least one.
	Audiences []string `key:"audiences"`

	// Signature algorithms that are believed.
	Algorithms []string `key:"algorithms" default:"RS256,ES256,EdDSA,PS256" oneof:"RS256,RS384,RS512,ES256,ES384,ES512,PS256,PS384,PS512,EdDSA"`

	// Where the keys are. Empty: as the issuer's discovery document says.
	JWKSURL *url.URL `key:"jwks_url" scheme:"https,http"`

	// How far the issuer's clock may be off.
	ClockSkew time.Duration `key:"clock_skew" default:"30s" max:"10m"`

	// Claims that hold groups and roles. Empty: groups and roles.
	Groups []string `key:"groups"`

	// The claim that says which of your customers the caller belongs to, such
	// as tid or org_id: access to another's objects is then found. Empty: none.
	Tenant string `key:"tenant"`

	// The typ that a token must have, such as at+jwt (RFC 9068), so that an
	// ID token is not taken for an access token. Empty: any.
	RequiredType string `key:"required_type"`

	// How long a fetch from the issuer may take.
	Timeout time.Duration `key:"timeout" default:"2s" min:"10ms" max:"1m"`

	// PEM file of the authorities that are believed instead of the system's.
	CA string `key:"ca" file:"read"`

	// Ask the issuer about tokens that only it can read.
	Introspection Introspection `key:"introspection"`
}

// Introspection is asking an issuer about opaque tokens (RFC 7662). Every
// bearer token that is neither a JWT nor a key of Gatebook's own is sent to
// it.
type Introspection struct {
	// The client by which the issuer knows this Gatebook, and that may ask.
	// Empty: opaque tokens are known by their fingerprint alone.
	ClientID string `key:"client_id"`

	// A file with the secret of the client.
	ClientSecretFile string `key:"client_secret_file" file:"private"`

	// Where to ask. Empty: as the issuer's discovery document says.
	URL *url.URL `key:"url" scheme:"https,http"`

	// How long an answer counts: a token that is revoked at the issuer is
	// believed for so long.
	Believe time.Duration `key:"believe" default:"1m" min:"1s" max:"1h"`

	// How long a question may hold up the call that brings the token.
	Wait time.Duration `key:"wait" default:"300ms" min:"1ms" max:"5s"`
}

// APIKeys is identity by a key that Gatebook gave out.
type APIKeys struct {
	// Look keys up at all.
	Enabled bool `key:"enabled" default:"true"`

	// Headers that carry a key, besides Authorization, where a key that
	// begins with gbk_ is always looked for.
	Headers []string `key:"headers" default:"X-API-Key"`

	// Query parameters that carry a key. Keys in URLs end up in the logs of
	// others: prefer headers.
	Query []string `key:"query"`
}

// Basic is identity by user name and password.
type Basic struct {
	// An htpasswd file with bcrypt hashes (htpasswd -B). Empty: off.
	UsersFile string `key:"users_file" file:"read"`
}

// TrustedHeaders is identity that a proxy in front has established.
type TrustedHeaders struct {
	// Peers whose headers are believed. Empty: off.
	Peers []netip.Prefix `key:"peers"`

	// The header with the user's stable id.
	User string `key:"user" default:"X-Forwarded-User"`

	// The header with the user's e-mail address. Empty: none.
	Email string `key:"email" default:"X-Forwarded-Email"`

	// The header with the user's groups, separated by commas. Empty: none.
	Groups string `key:"groups" default:"X-Forwarded-Groups"`

	// The header that says which of your customers the user belongs to.
	// Empty: none.
	Tenant string `key:"tenant"`
}

// Redact adds names to the built-in ones. Names match without
// regard to case, dashes and underscores.
type Redact struct {
	// Headers whose values are replaced.
	Headers []string `key:"headers"`

	// Fields of JSON, XML and form bodies whose values are replaced, at any
	// depth.
	Fields []string `key:"fields"`

	// Query and form parameters whose values are replaced.
	Query []string `key:"query"`

	// Cookies whose values are replaced although they are known to hold a
	// setting, such as lang. All other cookies are replaced anyway.
	Cookies []string `key:"cookies"`

	// Names of any kind that are kept although a built-in rule names them.
	// What looks like a credential is replaced all the same.
	Keep []string `key:"keep"`
}

// Classify says which classes of data are counted. They are listed in
// classes.md.
type Classify struct {
	// Count at all. One route is left out by its own classify: false.
	Enabled bool `key:"enabled" default:"true"`

	// Classes that are not counted, such as ip.
	Omit []string `key:"omit"`

	// More names of fields, each as class=name, such as finance=umsatz. Names
	// match without regard to case, accents, dashes and underscores.
	Fields []string `key:"fields"`

	// How much of one body is looked at. What is longer is marked as partial.
	MaxBody Size `key:"max_body" default:"32MiB" min:"1KiB"`
}

// Ledger is the record.
type Ledger struct {
	// The name of this ledger in its checkpoints, such as
	// example.com/gatebook. It can never be changed. Empty: one is
	// made on first start.
	Origin string `key:"origin"`

	// The Ed25519 key that signs checkpoints. Empty: one is made in the data
	// directory on first start.
	SigningKeyFile string `key:"signing_key_file" file:"private"`

	// The size at which a segment is closed and compressed.
	SegmentSize Size `key:"segment_size" default:"64MiB" min:"64KiB" max:"4GiB"`

	// The age at which a segment is closed and compressed, however small, as
	// soon as it completes a block of 256 records.
	SealAfter time.Duration `key:"seal_after" default:"10m" min:"1s" max:"24h"`

	// A second place for the newest checkpoint, best on another disk, so that
	// a restored backup cannot sign a second history. Empty: in the
	// data directory.
	AnchorFile string `key:"anchor_file" file:"path"`

	// How many events may wait for the disk. When it is full, "served" calls
	// go on and the loss is recorded, "recorded" calls are refused.
	Queue int `key:"queue" default:"8192" min:"1" max:"1048576"`

	// How many bytes of events may wait for the disk.
	QueueBytes Size `key:"queue_bytes" default:"64MiB" min:"1MiB" max:"16GiB"`
}

// Encryption is that of the envelopes in the ledger. Each of its files has a
// data key of its own, which is destroyed with it.
type Encryption struct {
	// What the data keys are wrapped under. "file": a key file. "age": an age
	// identity. "none": the envelopes are in clear. A ledger that was once
	// encrypted stays so; one in clear is encrypted when this is turned on.
	Mode EncryptionMode `key:"mode" default:"file"`

	// The key file, or the age identity file (age-keygen). Empty, with "file":
	// one is made in the data directory on first start. Without it the
	// envelopes can be read by nobody: keep a copy, apart from the ledger's.
	KeyFile string `key:"key_file" file:"private"`

	// The folder of the data keys. It is made if it is not there. Empty:
	// keys/envelope in the data directory. Keep it out of backups of the
	// ledger.
	KeysDir string `key:"keys_dir"`

	// Key files that data keys may still be wrapped under. At start these are
	// wrapped under key_file, which is recorded first.
	PreviousKeyFiles []string `key:"previous_key_files"`
}

// Retention is how long envelopes are kept: from the end of the day (UTC) on
// which the call arrived. What is under legal hold stays.
type Retention struct {
	// Names, addresses, user agents. 0: for ever.
	Who time.Duration `key:"who" default:"0s" max:"36500d"`

	// Paths, queries, ids of objects. 0: for ever.
	What time.Duration `key:"what" default:"0s" max:"36500d"`

	// Headers and bodies. 0: for ever.
	Payload time.Duration `key:"payload" default:"0s" max:"36500d"`

	// Routes with times of their own.
	Routes []RouteRetention `key:"routes"`
}

// RouteRetention is how long the envelopes of one route are kept.
type RouteRetention struct {
	// The name of the route, also of one that is not configured any more.
	Name string `key:"route"`

	// As above. 0: as for all other routes.
	Who time.Duration `key:"who" default:"0s" max:"36500d"`

	// As above. 0: as for all other routes.
	What time.Duration `key:"what" default:"0s" max:"36500d"`

	// As above. 0: as for all other routes.
	Payload time.Duration `key:"payload" default:"0s" max:"36500d"`
}

// Act says what may be done about access.
type Act struct {
	// Nothing may be done to calls of these: subjects like
	// principal:p_0b6c…, app:crm, key:7GQ2…, address:10.0.0.0/8 and
	// route:login. Several parts are joined by " and ".
	Protect []string `key:"protect"`

	// The longest time that a measure may be in force. 0: any, also without
	// end.
	MaxDuration time.Duration `key:"max_duration" default:"0s" max:"36500d"`

	// What rules of detection may do by themselves. The first entry that fits a
	// finding counts; without one nothing is done.
	Rules []ActRule `key:"rules"`

	// What a second person must approve. What means very many calls (a whole
	// route, a large range of addresses) needs it in any case.
	Approval ActApproval `key:"approval"`

	// Where access is taken back that was given elsewhere (gatebook revoke):
	// identity providers, issuers of tokens, and automation of your own.
	Providers []Provider `key:"providers"`
}

// Provider is where access is taken back.
type Provider struct {
	// A unique name, for the record and for gatebook revoke --at.
	Name string `key:"name"`

	// "scim": accounts are deactivated by SCIM 2.0. "token": tokens are revoked
	// at their issuer (RFC 7009). "webhook": a signed message tells automation
	// of your own of both; it gets the fingerprint of a token, never the token.
	Kind ProviderKind `key:"kind"`

	// The base of SCIM, without /Users; the revocation endpoint of the issuer;
	// or the webhook. http only for an address or name of this machine or
	// network that is written out.
	URL *url.URL `key:"url" scheme:"https,http"`

	// A file with the credential, mode 0600 or narrower: the bearer token for
	// SCIM, the secret of the client for the issuer (empty: a public client),
	// the signing secret (whsec_…) of the webhook.
	KeyFile string `key:"key_file" file:"private"`

	// The credential itself, instead of the file. Better as ${NAME} than in the
	// file of the configuration.
	Key Secret `key:"key"`

	// By which the issuer knows the client that may revoke, of kind token.
	ClientID string `key:"client_id"`

	// The attribute by which accounts are named, of kind scim. id stands for
	// the provider's own.
	UserAttribute string `key:"user_attribute" default:"userName" oneof:"userName,externalId,emails.value,id"`

	// Accounts that are never deactivated, as the provider names them: those by
	// which you get in when all else fails.
	Protect []string `key:"protect"`

	// A second person must approve each deactivation, as act.approval asks for
	// measures. Without it an administrator's word is enough, and an
	// investigator can propose.
	Approval bool `key:"approval"`

	// PEM file of the authorities that are believed instead of the system's.
	CA string `key:"ca" file:"read"`

	// Allow that its name resolves to a private or loopback address. Link-local
	// and metadata addresses are never connected to.
	AllowPrivate bool `key:"allow_private" default:"false"`

	// How long one attempt may take.
	Timeout time.Duration `key:"timeout" default:"10s" min:"100ms" max:"2m"`

	// For how long what fails is tried again.
	GiveUpAfter time.Duration `key:"give_up_after" default:"24h" min:"1m" max:"30d"`

	SecretKey Secret // of Key or KeyFile; without a key of its own
}

// ActRule says what a rule may do by itself, to whom or what its finding is
// about. What it proposes (response) counts: block, revoke and hold block,
// throttle and rate-limit throttle, step-up demands new authentication; others
// are for people.
type ActRule struct {
	// The name of the rule, or * for any.
	Rule string `key:"rule"`

	// The levels of findings.
	Levels []string `key:"levels" default:"high,critical" oneof:"low,medium,high,critical"`

	// What is done. as-proposed: as the rule proposes.
	Measure string `key:"measure" default:"as-proposed" oneof:"as-proposed,block,throttle,reauthenticate"`

	// How long it is in force.
	For time.Duration `key:"for" default:"15m" min:"1s" max:"30d"`

	// Say in each event what would be done, and do nothing.
	DryRun bool `key:"dry_run" default:"true"`

	// Only propose it, for a person to approve.
	Propose bool `key:"propose" default:"false"`
}

// ActApproval says what needs the approval of a second person.
type ActApproval struct {
	// All measures of these kinds.
	Kinds []string `key:"kinds" oneof:"block,throttle,reauthenticate"`

	// All measures whose subject has nothing but these parts, such as app.
	Subjects []string `key:"subjects" oneof:"credential,key,principal,app,address,route,operation"`

	// All measures that are longer in force than this, or without end. 0:
	// none.
	LongerThan time.Duration `key:"longer_than" default:"0s" max:"36500d"`

	// How long a proposal waits for an answer.
	Wait time.Duration `key:"wait" default:"24h" min:"1s" max:"30d"`
}

// Index is search.
type Index struct {
	// "child": Gatebook runs its own index. "remote": it uses a VictoriaLogs
	// elsewhere. "off": searches look through the record part by part, and
	// nothing is counted.
	Mode IndexMode `key:"mode" default:"child"`

	// The remote index.
	URL *url.URL `key:"url" scheme:"http,https"`

	// The bearer token for the remote index. Better as ${NAME} than in the
	// file itself.
	Token Secret `key:"token"`

	// A file with the bearer token for the remote index, instead of token.
	TokenFile string `key:"token_file" file:"private"`

	// How much memory the child may use.
	Memory Size `key:"memory" default:"512MiB" min:"64MiB"`
}

// Detect is detection: rules that judge the events as they are sealed.
type Detect struct {
	// Judge the events. Off: nothing is detected, and nobody is alerted.
	Enabled bool `key:"enabled" default:"true" reload:"restart"`

	// A directory of rules of one's own (*.yaml), beside those that come with
	// Gatebook. It is read again when a file in it changes, and at SIGHUP.
	// Rules that are not right are refused, and those that ran before go on.
	Rules string `key:"rules"`

	// A file that says where addresses are, in the MaxMind DB format and with
	// coordinates, such as GeoLite2-City.mmdb. It is read at the start and at
	// SIGHUP. Empty: rules about places (impossible-travel) find nothing.
	Places string `key:"places"`

	// Names of rules that make no findings.
	Disabled []string `key:"disabled"`

	// Other levels than the rules' own.
	Levels []RuleLevel `key:"levels"`

	// How far behind the newest event another may be sealed and still be
	// judged in its place.
	Lateness time.Duration `key:"lateness" default:"1s" min:"100ms" max:"10m" reload:"restart"`

	// How long an event waits for others that belong before it. Alerts come
	// later by so much. An event that comes later than this, and not later
	// than lateness, has what came after it judged again.
	Patience time.Duration `key:"patience" default:"250ms" min:"10ms" max:"1m" reload:"restart"`

	// How many records of before the first start are read, so that rules know
	// what is usual. Also after an erasure, when the state is made anew.
	History int `key:"history" default:"1000000" min:"0" reload:"restart"`

	// How long findings are kept.
	Keep time.Duration `key:"keep" default:"90d" min:"1d" max:"3650d" reload:"restart"`

	// For how many groups (callers, addresses) each rule keeps state. What is
	// dropped for want of room is counted.
	MaxKeys int `key:"max_keys" default:"100000" min:"1000" reload:"restart"`

	// What judging an event may take a rule on average, as measured. A rule
	// that takes more rests for an hour, and each time twice as long, up to a
	// day. That is sealed as a decision, so that a run over the record rests it
	// at the same place. 0: none rests.
	Budget time.Duration `key:"budget" default:"100us" min:"0s" max:"1s" reload:"restart"`
}

// RuleLevel is another level for a rule.
type RuleLevel struct {
	// The name of the rule.
	Name string `key:"rule"`

	// The level: informational, low, medium, high or critical. From medium on
	// a finding opens an incident.
	Level string `key:"level" oneof:"informational,low,medium,high,critical"`
}

// Reports says what reports need to know of the API.
type Reports struct {
	// Which operations are privileged: patterns of their paths, such as
	// "POST /v1/admin/**". "*" stands for one segment, "**" for any number.
	// Without a method: all. Empty: a list of common ones, which each report
	// names.
	Privileged []string `key:"privileged"`
}

// Log is Gatebook's own log.
type Log struct {
	// The least severe level that is written.
	Level LogLevel `key:"level" default:"info" reload:"reload"`

	// For people ("text") or for programs ("json").
	Format LogFormat `key:"format" default:"text"`
}
