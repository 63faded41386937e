package capture

// The codes of event.Outcome.Error: what went wrong with a call. The empty
// code means that nothing did, whatever the status.
const (
	ClientAborted    = "client-aborted"    // the client was gone before the answer was complete, or did not send all of its body
	ClientTimeout    = "client-timeout"    // the client did not send its body, or take its answer, in time
	RequestMalformed = "request-malformed" // not HTTP, or not HTTP that can be passed on safely
	HeaderTooLarge   = "header-too-large"  // the request's header is over the limit
	BodyTooLarge     = "body-too-large"    // the request's body is over the route's limit
	TLSHandshake     = "tls-handshake"     // the client's TLS handshake failed; the call had not begun
	NoRoute          = "no-route"          // no route is configured for it
	MethodRefused    = "method-refused"    // CONNECT, which a gateway for an API does not serve
	Overloaded       = "overloaded"        // the limit of calls in flight was reached
	Draining         = "draining"          // cut, because the server was stopped and the time for it was over

	UpstreamUnresolved = "upstream-unresolved" // the name of the API's host has no address
	UpstreamRefused    = "upstream-refused"    // no connection to the API
	UpstreamTLS        = "upstream-tls"        // the TLS handshake with the API failed
	UpstreamTimeout    = "upstream-timeout"    // the API did not answer in time
	UpstreamReset      = "upstream-reset"      // the API broke off: before its answer, or within it
	UpstreamMalformed  = "upstream-malformed"  // the API's answer is not HTTP that can be passed on safely

	HandlerPanic    = "handler-panic"    // the handler behind the middleware panicked
	ResponseAborted = "response-aborted" // the handler behind the middleware broke off its answer
	ResponseShort   = "response-short"   // the handler behind the middleware sent less than it had announced
)

// The reasons of a denial in event.Outcome.Reason, where Decision is
// [Denied]. Where a measure that is dry would have denied an [Allowed] call the
// reason is "would-block", "would-throttle" or "would-reauthenticate".
const (
	LevelTooLow    = "level-too-low"  // the principal is not proven as far as the route requires
	Blocked        = "blocked"        // by a measure, which event.Outcome.Measure names, as do those below
	Throttled      = "throttled"      // there were too many calls before it
	Reauthenticate = "reauthenticate" // its credential is not newer than the measure
)

// The decisions of event.Outcome.Decision.
const (
	Allowed = "allowed"
	Denied  = "denied"
)

// The codes of a 503 answer to a call that could not be recorded.
const (
	NotRecorded = "not-recorded"
)

// Codes returns all codes of event.Outcome.Error.
func Codes() []string {
	return []string{
		ClientAborted, ClientTimeout, RequestMalformed, HeaderTooLarge, BodyTooLarge, TLSHandshake, NoRoute, MethodRefused, Overloaded, Draining,
		UpstreamUnresolved, UpstreamRefused, UpstreamTLS, UpstreamTimeout, UpstreamReset, UpstreamMalformed,
		HandlerPanic, ResponseAborted, ResponseShort,
	}
}
