package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}`)

// expand replaces ${NAME} and ${NAME:-fallback} by what lookup says, and $${
// by ${. The fallback also stands in for an empty variable, as in a shell.
func expand(text string, lookup func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "${")
		if !found {
			b.WriteString(text)
			return b.String(), nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString(before[:len(before)-1] + "${")
			text = after
			continue
		}
		m := variable.FindStringSubmatch(after)
		if m == nil {
			return "", errors.New("has a ${ that is not ${NAME} or ${NAME:-fallback}, write $${ for a plain ${")
		}
		b.WriteString(before)
		value, set := lookup(m[1])
		hasFallback := strings.Contains(m[0], ":-")
		switch {
		case value != "":
			b.WriteString(value)
		case hasFallback:
			b.WriteString(m[2])
		case !set:
			return "", fmt.Errorf("needs the environment variable %s, which is not set: set it, or write ${%s:-fallback}", m[1], m[1])
		}
		text = after[len(m[0]):]
	}
}
