package arch

// Module is the path of the module that the plan is of.
const Module = "github.com/gatebook/gatebook"

// Floors says on which floor each package lives, by its path below [Module].
// A package may import packages of lower floors only; [Neighbours] lists the
// exceptions. A name that ends in "/..." stands for the package and all below
// it, which may import each other: one part of the house, in several rooms.
var Floors = map[string]int{
	"cmd/gatebook":             8, // main
	"cmd/gatebook-verify":      8, // main
	"cmd/gatebook-verify-wasm": 8, // main, for a browser

	"internal/app":    7, // the wiring
	"internal/cli":    7, // the verbs
	"internal/verify": 7, // the verb verify, small enough to stand alone

	"internal/api":        6, // the JSON API
	"internal/console":    6, // the console's files
	"internal/config/...": 6, // the configuration file

	"internal/act":        5, // blocks and throttles
	"internal/revoke/...": 5, // access taken back at providers
	"internal/alert/...":  5, // findings grouped for people
	"internal/pack":       5, // evidence packs with their page
	"internal/reading":    5, // the one door to the record
	"internal/report/...": 5, // reports for auditors
	"internal/erasure":    5, // what is removed from it, by decision

	"edge": 4, // the whole of capture in other people's programs, public

	"internal/index/...":  4, // search
	"internal/detect/...": 4, // rules
	"internal/catalog":    4, // the inventory
	"internal/objects":    4, // who touched what
	"internal/witness":    4, // cosignatures, asked for and given
	"internal/stamp":      4, // time-stamps of authorities
	"internal/storage":    4, // how much room is left

	"internal/gateway/...": 3, // calls come in
	"internal/ingest/...":  3, // other logs come in
	"internal/record":      3, // the only writer
	"internal/clock":       3, // what the times are worth
	"internal/follow":      3, // cursors
	"internal/vault/...":   3, // the keys of the envelopes
	"internal/people/...":  3, // who may sign in
	"internal/saved":       3, // searches that people saved

	"capture":                2, // exchange to event
	"internal/identity/...":  2, // who it was
	"internal/operation/...": 2, // what it was
	"internal/classify/...":  2, // what was in it
	"internal/disk":          2, // files that survive a crash
	"internal/state":         2, // what changes and is no evidence

	"evidence": 2, // the pack that proves an answer, public

	"internal/redact": 1, // secrets taken out
	"internal/policy": 1, // what is allowed
	"internal/query":  1, // the language of searches

	"event":  0, // the fact
	"ledger": 0, // the proof
}

// Outside lists what is no part of the program and may import any of it:
// measurements, tests and examples, and the plan itself.
var Outside = []string{"bench/...", "test/...", "examples/...", "internal/arch"}

// Neighbours lists the imports on one floor that are allowed, as "importer
// imported", each with its reason.
var Neighbours = map[string]string{
	"ledger event":                           "the ledger's records are events, and an envelope is checked against its commitment",
	"internal/identity/... capture":          "a resolver sees the evidence that capture defines, and answers with an identity of its",
	"internal/classify/... capture":          "an observer is shown the bodies by capture, and answers with its facts",
	"internal/operation/... capture":         "an observer is shown the calls by capture, and answers with its facts",
	"internal/cli internal/app":              "the verb serve starts the program",
	"internal/cli internal/verify":           "the verb verify is that of gatebook-verify",
	"internal/api internal/console":          "one server answers for both",
	"internal/alert/... internal/reading":    "alerts are looked at and decided about by readers",
	"internal/act internal/reading":          "what a reader decides is sealed as theirs, and previewed as a search is",
	"internal/revoke/... internal/reading":   "what a reader decides is sealed as theirs",
	"internal/revoke/... internal/alert/...": "what leaves goes by the guarded connections of alerts, and is signed like them",
	"internal/erasure internal/reading":      "an erasure is decided by a reader, and means events as a search does",
}

// Only lists packages, of this module and of others, that a few alone may
// import.
var Only = []struct {
	Imported string   // with "/...": and all below
	By       []string // below [Module]
	Why      string
}{
	{Module + "/internal/config/...", []string{"internal/app", "internal/config/..."}, "one place knows the file; all others take a Config of real types"},
	{"github.com/VictoriaMetrics/...", []string{"internal/index/engine/..."}, "the engine is never evidence and can end its process: it runs as a child"},
	{"github.com/coreos/go-oidc/...", []string{"internal/people/oidc"}, "people sign in to the console by it; callers are recognised by internal/identity/jwt, which fetches keys with care"},
	{"github.com/expr-lang/expr/...", []string{"internal/detect"}, "conditions of rules are the only program text that the program runs, and one place bounds it"},
	{"go.opentelemetry.io/proto/otlp/...", []string{"internal/ingest/otlp"}, "one place knows the messages of OTLP, and which of its packages need no gRPC"},
	{"github.com/oschwald/maxminddb-golang/...", []string{"internal/detect/places"}, "one place reads files of others that say where addresses are"},
	{"modernc.org/sqlite/...", []string{"internal/state"}, "one place knows the driver and its settings"},
	{"testing/...", nil, "the program carries no test code"},
}

// Debts lists breaches of [Only] that are there today, as "importer imported",
// each with what would cure it. A debt is not a permission: the test prints
// it, and fails once it is paid and still listed.
var Debts = map[string]string{}

// Closure says what a package may reach, through however many others.
type Closure struct {
	Package string   // below [Module]
	Reaches []string // all that it may reach of this module; with "/...": and all below
	Never   []string // what it may not reach of other modules and the standard library
	Why     string
}

// verifierNever lists what a verifier may not reach.
var verifierNever = []string{"net/...", "os/exec", "plugin"}

// Closures lists the packages whose closure is part of what they promise.
var Closures = []Closure{
	// evidence and internal/query: it checks evidence packs, and judges their
	// query again; both are pure. vault, its age and disk: it reads the keys of
	// an encrypted ledger.
	{"cmd/gatebook-verify", []string{"event", "ledger", "evidence", "internal/query", "internal/verify", "internal/vault", "internal/vault/age", "internal/vault/locate", "internal/disk"}, verifierNever, "its smallness is the argument"},
	{"cmd/gatebook-verify-wasm", []string{"event", "ledger", "evidence", "internal/query"}, verifierNever, "it runs in the page of a pack, and must be small and ask nothing"},
	{"evidence", []string{"event", "ledger", "internal/query"}, verifierNever, "it runs in the verifiers"},
	{"internal/gateway", []string{"event", "capture", "internal/gateway/...", "internal/redact", "internal/policy", "internal/identity/...", "internal/operation/...", "internal/classify/..."}, []string{"github.com/VictoriaMetrics/..."}, "what serves the calls knows neither the ledger nor the index nor the console"},
	{"capture", []string{"event", "internal/redact", "internal/policy"}, nil, "the middleware is for other people's programs"},
	{"edge", []string{"event", "capture", "internal/redact", "internal/policy", "internal/identity/...", "internal/operation/...", "internal/classify/...", "internal/ingest/delivery", "internal/disk"}, []string{"github.com/VictoriaMetrics/...", "modernc.org/..."}, "it is for other people's programs: it knows neither ledger nor index, and brings no database along"},
}
