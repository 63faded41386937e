package identity

import (
	"context"

	"github.com/gatebook/gatebook/capture"
)

// A Resolver turns one kind of evidence into an identity. It is safe for
// concurrent use.
type Resolver interface {
	// Resolve returns nil if ev holds no evidence of the resolver's kind.
	// Otherwise it returns the identity if the evidence verifies (level 2 and
	// above), or what [Refused] returns. It sets everything but Secrets. The
	// caller must not change what it got, since the resolver may hand it out
	// again. Resolve may wait for a few hundred milliseconds at the most, and
	// not longer than ctx.
	Resolve(ctx context.Context, ev *capture.Evidence) *capture.Identity

	// Sources names the header fields (canonical) and query parameters that
	// must be in the evidence. It always returns the same.
	Sources() Sources
}

// A Runner is a resolver that has work to do in the background, such as
// fetching keys. [Chain.Run] runs it.
type Runner interface {
	// Run returns when ctx ends, with nil, or when it cannot go on.
	Run(ctx context.Context) error
}

// Sources names what a resolver reads beside the Authorization header, the
// DPoP header and the connection.
type Sources struct {
	KeyHeaders []string // header fields with secrets; their values go to Evidence.Keys
	KeyQuery   []string // query parameters with secrets; their values go to Evidence.Keys
	Headers    []string // header fields that go to Evidence.Headers
}
