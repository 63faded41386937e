package report

import (
	"fmt"
	"strings"
)

// Pattern is a pattern of operations: "POST /admin/**".
type Pattern struct {
	method   string // empty: any
	segments []string
	text     string
}

// DefaultPrivileged are the patterns of privileged operations where none are
// configured.
var DefaultPrivileged = []string{
	"/**/admin/**", "/**/roles/**", "/**/permissions/**", "/**/grants/**", "/**/keys/**", "/**/api-keys/**", "/**/tokens/**", "/**/secrets/**", "/**/policies/**", "/**/impersonate/**",
}

// ParsePattern reads a pattern: a path, after a method and a space if only that
// method is meant. "*" stands for one segment of the path, "**" for any number
// of them, also none. It is matched against the template and the path, without
// regard to case.
func ParsePattern(s string) (Pattern, error) {
	p := Pattern{text: s}
	method, path, ok := strings.Cut(s, " ")
	if !ok {
		method, path = "", s
	}
	p.method = strings.ToUpper(method)
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " ?#") {
		return p, fmt.Errorf("%q is not a pattern such as \"POST /admin/**\": it needs a path that begins with a slash", short(s))
	}
	for seg := range strings.SplitSeq(strings.ToLower(strings.Trim(path, "/")), "/") {
		if strings.Contains(seg, "*") && seg != "*" && seg != "**" {
			return p, fmt.Errorf("%q has a star beside other characters: write * for one segment, or ** for any number of them", short(s))
		}
		p.segments = append(p.segments, seg)
	}
	return p, nil
}

// String returns the pattern as it was written.
func (p Pattern) String() string { return p.text }

// Match reports whether the pattern takes an operation.
func (p Pattern) Match(method, path string) bool {
	if path == "" || p.method != "" && !strings.EqualFold(p.method, method) {
		return false
	}
	return matchSegments(p.segments, strings.Split(strings.ToLower(strings.Trim(path, "/")), "/"))
}

// matchSegments takes time in proportion to the product of the lengths.
func matchSegments(pattern, path []string) bool {
	star, mark := -1, 0
	i, j := 0, 0
	for j < len(path) {
		switch {
		case i < len(pattern) && pattern[i] == "**":
			star, mark = i, j
			i++
		case i < len(pattern) && (pattern[i] == "*" || pattern[i] == path[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(pattern) && pattern[i] == "**" {
		i++
	}
	return i == len(pattern)
}
