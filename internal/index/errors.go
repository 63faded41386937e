package index

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// ErrUnavailable says that the engine did not answer: it is starting, down,
// cannot be reached, or refuses rows for lack of disk space. The record itself is
// not affected, and the call may be tried again.
var ErrUnavailable = errors.New("the search index is not available")

// QueryError says that the engine refused a query. Another try gives the same
// error; the person who wrote the query has to change it.
type QueryError struct {
	Query   string // as the user wrote it
	Message string // why, in the engine's words
}

// Error returns the engine's message.
func (e *QueryError) Error() string { return "query: " + e.Message }

// unavailable wraps err so that errors.Is finds ErrUnavailable and err.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%s: %w: %w", doing, ErrUnavailable, err)
}

// requestPrefix is how the engine begins its messages; it repeats the request.
var requestPrefix = regexp.MustCompile(`^remoteAddr: .*?; requestURI: \S+; `)

// queryError makes the engine's answer fit for people: without the address and
// the request, and without the query that they have just written.
func queryError(query, answer string) *QueryError {
	m := requestPrefix.ReplaceAllString(strings.TrimSpace(answer), "")
	for _, verb := range []string{"cannot parse query [", "cannot execute query ["} {
		rest, ok := strings.CutPrefix(m, verb)
		if !ok {
			continue
		}
		// The engine prints an executed query in its own spelling, so the end of
		// the bracket is found by what follows it.
		if cut, ok := strings.CutPrefix(rest, strings.TrimSpace(query)); ok {
			rest = cut
		}
		if _, after, ok := strings.Cut(rest, "]: "); ok {
			m = after
		}
	}
	const longest = 500
	if len(m) > longest {
		m = strings.ToValidUTF8(m[:longest], "") + "..."
	}
	return &QueryError{Query: query, Message: m}
}
