package config

import (
	"net/netip"
	"net/url"
	"time"
)

// The tags of the fields, read by describe.go:
//
//	key     the key in the file
//	default the default, as it would be written in the file; lists: separated by commas
//	reload  "reload" (applied at SIGHUP) or "restart"; inherited by what lies below
//	file    "read" (must be readable), "private" (and nobody else may read it), "path" (may not exist yet)
//	scheme  the schemes that a URL may have
//	oneof   the values that a text or each entry of a list may have
//	min,max the bounds of a number, a size or a duration, both included

// Config is one complete configuration. It is a value: copy it to change it,
// and treat what [Load] returned as read-only; then it can be shared freely.
type Config struct {
	// The directory of the ledger, the keys, the index and all other state.
	// It is made on first start.
	Data string `key:"data" default:"./gatebook-data" reload:"restart" file:"path"`

	// The operations listener: API, metrics, health, tiles of the ledger.
	Ops Ops `key:"ops" reload:"restart"`

	// The console: the pages for people on the operations listener, and who
	// signs in to them. See docs/people.md.
	Console Console `key:"console" reload:"restart"`

	// Where calls come in and where they go.
	Gateway Gateway `key:"gateway" reload:"restart"`

	// Logs of others that are followed: each line becomes an event. See
	// docs/import.md.
	Sources []Source `key:"sources" reload:"restart"`

	// How a caller is recognised.
	Identity Identity `key:"identity" reload:"reload"`

	// What is replaced by a fingerprint before it is recorded, in addition to
	// the names of credentials that are built in.
	Redact Redact `key:"redact" reload:"restart"`

	// Which classes of sensitive data are counted in what goes in and out.
	// The values are not kept.
	Classify Classify `key:"classify" reload:"restart"`

	// The record itself.
	Ledger Ledger `key:"ledger" reload:"restart"`

	// Encryption of the envelopes (who, what, payload) in the ledger.
	Encryption Encryption `key:"encryption" reload:"restart"`
	// Who outside vouches for the record.
	Witness Witness `key:"witness" reload:"restart"`

	// How long what is personal is kept. Headers, and with them the proof, are
	// kept as long as the ledger; see docs/erasure.md.
	Retention Retention `key:"retention" reload:"reload"`

	// What may be done about access: gatebook block, throttle and reauth, and
	// rules; see docs/act.md.
	Act Act `key:"act" reload:"reload"`

	// Search. It can always be rebuilt from the ledger.
	Index Index `key:"index" reload:"restart"`

	// Who hears of incidents.
	Alerts Alerts `key:"alerts" reload:"reload"`
	// Detection of suspicious access.
	Detect Detect `key:"detect" reload:"reload"`

	// Reports for auditors (gatebook report).
	Reports Reports `key:"reports" reload:"restart"`

	// What Gatebook says about itself, on standard error.
	Log Log `key:"log" reload:"restart"`

	origins map[string]origin // by key path; absent: the default
}

// Ops is the listener for people and tools. It asks for a bearer token.
type Ops struct {
	// Address and port. Without TLS keep it on loopback: the token would
	// cross the network in the clear.
	Listen string `key:"listen" default:"127.0.0.1:8401"`

	// A file with the administrator's bearer token. Empty: one is made in the
	// data directory on first start.
	TokenFile string `key:"token_file" file:"private"`

	// TLS for this listener. Empty: cleartext.
	TLS ServerTLS `key:"tls"`

	// Serve checkpoint and tiles of the ledger without a token, and a page
	// that shows the checkpoint (/ledger), for witnesses and auditors. Tiles hold hashes only, the entry bundles hold
	// the headers of the events.
	PublicTiles bool `key:"public_tiles" default:"false"`

	// What is only answered to who says why (--reason, or the header
	// Gatebook-Reason); the reason is recorded. Names of actions, such as
	// search, export and report. With view-payload, who gives none sees no
	// payloads.
	RequireReason []string `key:"require_reason"`
}

// ServerTLS is a certificate and its key. Both are empty or both are set.
type ServerTLS struct {
	// PEM file of the certificate, followed by its intermediates. A changed
	// file is read at reload; turning TLS on or off needs a restart.
	Certificate string `key:"certificate" file:"read" reload:"reload"`

	// PEM file of the private key of the certificate, mode 0600 or narrower.
	Key string `key:"key" file:"private" reload:"reload"`
}

// Gateway is the serving path.
type Gateway struct {
	// Carry calls at all. Without, only what programs with the middleware
	// deliver, what logs say and what is imported is recorded.
	Enabled bool `key:"enabled" default:"true"`

	// Where calls come in. Empty: one listener "default" on :8400; none, if
	// there are no routes and logs are followed.
	Listeners []Listener `key:"listeners"`

	// How long calls in flight may take to end after SIGTERM. 0: they are
	// cut at once.
	Drain time.Duration `key:"drain" default:"15s" max:"1h"`

	// Where calls go. Of the routes that match a call, the one with the most
	// exact host takes it (a name, then a pattern, then any), then the
	// longest path, then one that names the method, then the first in the
	// file. A call that no route takes is answered with 404, and recorded.
	Routes []Route `key:"routes" reload:"reload"`
}

// Listener is one address on which calls come in.
type Listener struct {
	// A unique name, for routes and for the record.
	Name string `key:"name"`

	// Address and port; ":8400" means all addresses.
	Address string `key:"address"`

	// TLS for this listener. Empty: cleartext.
	TLS ListenerTLS `key:"tls"`

	// Offer HTTP/2 on TLS.
	HTTP2 bool `key:"http2" default:"true"`

	// Accept HTTP/2 in cleartext (gRPC without TLS), by prior knowledge.
	H2C bool `key:"h2c" default:"true"`

	// Proxies whose X-Forwarded-For header is believed. Empty: nobody's. A
	// Forwarded header is recorded, and not believed. The raw peer is recorded
	// in any case.
	TrustedProxies []netip.Prefix `key:"trusted_proxies"`

	// Limit of the request line and headers of a call; beyond it: 431.
	MaxHeaderBytes Size `key:"max_header_bytes" default:"64KiB" min:"4KiB" max:"16MiB"`

	// How long a client may take to send its headers. 0: for ever.
	ReadHeaderTimeout time.Duration `key:"read_header_timeout" default:"10s" max:"1h"`

	// How long an idle connection is kept. 0: for ever.
	IdleTimeout time.Duration `key:"idle_timeout" default:"120s" max:"24h"`

	// Limit of open connections. 0: none.
	MaxConnections int `key:"max_connections" default:"0" min:"0"`
}

// ListenerTLS is the TLS of a listener of the gateway.
type ListenerTLS struct {
	// PEM file of the certificate, followed by its intermediates. A changed
	// file is read at reload; turning TLS on or off needs a restart.
	Certificate string `key:"certificate" file:"read" reload:"reload"`

	// PEM file of the private key of the certificate, mode 0600 or narrower.
	Key string `key:"key" file:"private" reload:"reload"`

	// PEM file of the authorities whose client certificates are believed.
	ClientCA string `key:"client_ca" file:"read" reload:"reload"`

	// Whether clients are asked for a certificate. With "request" a call
	// without one is served, with "require" its connection is refused.
	ClientAuth ClientAuth `key:"client_auth" default:"none" reload:"reload"`
}

// Route says which calls go to which upstream, and how they are recorded.
type Route struct {
	// A unique name, for the record and for metrics.
	Name string `key:"name"`

	// Names of listeners. Empty: all.
	Listeners []string `key:"listeners"`

	// Host names, without port; "*.example.com" stands for every name with
	// one label in place of the star. Empty: all.
	Hosts []string `key:"hosts"`

	// Prefix of the path, in whole segments: /api takes /api and /api/x, and
	// not /apis. A slash at its end has no meaning.
	Path string `key:"path" default:"/"`

	// Methods, in upper case. Empty: all.
	Methods []string `key:"methods"`

	// The API behind the gateway. h2c means HTTP/2 in cleartext. A path in
	// it is put before the path of the call.
	Upstream *url.URL `key:"upstream" scheme:"http,https,h2c"`

	// TLS towards an https upstream. Empty: the system's authorities.
	UpstreamTLS UpstreamTLS `key:"upstream_tls"`

	// The Host header that the upstream gets: the client's ("preserve") or
	// that of the upstream's URL ("upstream").
	Host HostMode `key:"host" default:"preserve"`

	// How long the upstream may take to send the headers of its answer;
	// then the call is answered with 504. 0: for ever.
	Timeout time.Duration `key:"timeout" default:"0s" max:"24h"`

	// Limit of a request body; beyond it: 413. 0: none.
	MaxBody Size `key:"max_body" default:"0B"`

	// "served": the answer does not wait for its record, and a loss is itself
	// recorded. "recorded": the answer waits for its record, and is not
	// given if it cannot be recorded.
	Durability Durability `key:"durability" default:"served"`

	// How callers are recognised here, in this order: mtls, api_keys, basic,
	// trusted_headers, or the name of an OIDC issuer. Empty: all that
	// are configured, in the order mtls, OIDC issuers, api_keys, basic,
	// trusted_headers.
	Identity []string `key:"identity"`

	// Calls whose caller is verified to a lower level are refused with 401,
	// and recorded. 0: none is refused.
	RequireLevel int `key:"require_level" default:"0" min:"0" max:"4"`

	// How much of a call is kept.
	Capture Capture `key:"capture"`

	// Count the classes of sensitive data in the bodies. See classify.
	Classify bool `key:"classify" default:"true"`

	// What is known of the API: route templates, names, scopes, actions.
	API API `key:"api"`
}

// API says how the operations of an API are told apart. Without a document
// their templates are learned from the calls.
type API struct {
	// An OpenAPI document (3.0, 3.1, or Swagger 2.0) of the API, JSON or YAML.
	// Give at most one of file, url and path.
	File string `key:"file" file:"read"`

	// Where the document is fetched.
	URL *url.URL `key:"url" scheme:"http,https"`

	// Where the API itself serves the document, such as /openapi.json.
	Path string `key:"path"`

	// What comes before the paths of the document. Empty: as its servers say.
	Base string `key:"base"`

	// How often the document is read again. 0: at the start and at SIGHUP.
	Refresh time.Duration `key:"refresh" default:"5m" max:"24h"`

	// Descriptors of the gRPC services: a file that protoc
	// --include_imports --descriptor_set_out wrote. Messages are then decoded,
	// and recorded as JSON.
	GRPCDescriptors string `key:"grpc_descriptors" file:"read"`

	// Ask the API for the descriptors of its gRPC services, by reflection.
	GRPCReflection bool `key:"grpc_reflection" default:"false"`

	// Learn templates from calls that no document describes.
	Learn bool `key:"learn" default:"true"`

	// What operations do, where method and path do not tell. The first entry
	// that matches counts.
	Actions []APIAction `key:"actions"`
}

// APIAction says what the operations of a path do.
type APIAction struct {
	// A template such as /reports/{id}, with "/*" at its end for all below it,
	// and a method before it if it is for one only: POST /reports/*.
	Match string `key:"match"`

	// What they do.
	Action ActionName `key:"action"`
}

// UpstreamTLS is the TLS of the gateway as a client.
type UpstreamTLS struct {
	// PEM file of the authorities that are believed instead of the system's.
	CA string `key:"ca" file:"read"`

	// PEM file of the certificate that the gateway shows. Empty: none.
	Certificate string `key:"certificate" file:"read"`

	// PEM file of the private key of the certificate, mode 0600 or narrower.
	Key string `key:"key" file:"private"`

	// The name that the upstream's certificate must have. Empty: the host of
	// the upstream's URL.
	ServerName string `key:"server_name"`

	// Believe any certificate. Whoever sits between can then read and
	// change everything.
	InsecureSkipVerify bool `key:"insecure_skip_verify" default:"false"`
}

// Capture says how much of a call is kept, after redaction. Length and hash of
// the whole body are always recorded.
type Capture struct {
	// Keep the headers of request and answer.
	Headers bool `key:"headers" default:"true"`

	// How much of the request body is kept. 0: nothing.
	RequestBody Size `key:"request_body" default:"64KiB" max:"64MiB"`

	// How much of the body of the answer is kept. 0: nothing.
	ResponseBody Size `key:"response_body" default:"64KiB" max:"64MiB"`
}
