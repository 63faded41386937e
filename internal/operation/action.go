package operation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatebook/gatebook/event"
)

// Words of paths that say what an operation does. Those of the later lists
// count for changes only: reading the roles of a user grants nothing.
var (
	authWords   = wordSet(`login logout signin signout signup sign-in sign-out sign-up token tokens oauth oauth2 authorize session sessions authenticate authentication auth mfa otp introspect revoke userinfo`)
	exportWords = wordSet(`export exports download downloads dump dumps backup backups archive-export bulk-export takeout extract`)
	readWords   = wordSet(`search query find lookup list get read filter count preview validate estimate simulate check compare graphql-query _search _query _count batch-get`)
	grantWords  = wordSet(`role roles permission permissions grant grants acl acls policy policies collaborator collaborators member members membership memberships share shares sharing invite invites invitation
invitations access api-keys apikeys access-keys service-accounts consent consents`)
	adminWords = wordSet(`admin administration settings setting config configuration configurations webhook webhooks hooks feature-flags flags quota quotas maintenance`)
)

// actionOf returns what an operation does, by its method and the fixed words
// of its path. Of several words the one nearest to the end counts.
func actionOf(method string, words []string) event.Action {
	change := method != "GET" && method != "HEAD" && method != "OPTIONS" && method != "QUERY"
	for i := len(words) - 1; i >= 0; i-- {
		w := kebab(words[i])
		if k := strings.IndexByte(words[i], ':'); k >= 0 { // custom verbs
			w = kebab(words[i][k+1:])
		}
		switch {
		case exportWords[w]:
			return event.ActionExport
		case !change:
		case i >= len(words)-2 && authWords[w]:
			return event.ActionAuthenticate
		case grantWords[w]:
			return event.ActionGrant
		case adminWords[w]:
			return event.ActionAdminister
		case i == len(words)-1 && readWords[w] && method == "POST":
			return event.ActionRead
		}
	}
	switch method {
	case "GET", "HEAD", "OPTIONS", "QUERY", "PROPFIND", "SEARCH":
		return event.ActionRead
	case "PUT", "PATCH", "MERGE":
		return event.ActionUpdate
	case "DELETE":
		return event.ActionDelete
	case "POST":
		return event.ActionCreate
	}
	return ""
}

// created says whether a POST below an object, on a word that is no
// collection, is a change of the object: /orders/{id}/cancel.
func refine(a event.Action, method string, t *Template) event.Action {
	if a != event.ActionCreate || method != "POST" || len(t.Params) == 0 || strings.HasSuffix(t.Text, "}") {
		if a == event.ActionCreate && strings.HasSuffix(t.Text, "}") {
			return event.ActionUpdate
		}
		return a
	}
	if last := t.Words[len(t.Words)-1]; !plural(lastWord(last)) {
		return event.ActionUpdate
	}
	return a
}

// ActionRule sets the action of operations, against what method and words say.
type ActionRule struct {
	Method string // empty: any
	Path   string // a template, or one that ends in "/*" for all below it
	Action event.Action
}

// ParseActionRule parses "POST /v1/reports/*", or a path alone.
func ParseActionRule(match string, action event.Action) (ActionRule, error) {
	r := ActionRule{Action: action}
	fields := strings.Fields(match)
	switch len(fields) {
	case 1:
		r.Path = fields[0]
	case 2:
		r.Method, r.Path = strings.ToUpper(fields[0]), fields[1]
	default:
		return r, fmt.Errorf("%q: want a path like /v1/reports/*, or a method and a path", match)
	}
	if !strings.HasPrefix(r.Path, "/") {
		return r, fmt.Errorf("%q: the path must begin with a slash", match)
	}
	return r, nil
}

// matches reports whether the rule is for an operation. The names of
// parameters do not count.
func (r *ActionRule) matches(method, template string) bool {
	if r.Method != "" && r.Method != method {
		return false
	}
	if base, ok := strings.CutSuffix(r.Path, "/*"); ok {
		return strings.HasPrefix(bare(template)+"/", bare(base)+"/")
	}
	return bare(r.Path) == bare(template)
}

// bare returns a template without the names of its parameters.
func bare(template string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(template, '{')
		end := strings.IndexByte(template, '}')
		if i < 0 || end < i {
			return b.String() + template
		}
		b.WriteString(template[:i] + "{}")
		template = template[end+1:]
	}
}

// choose returns what an operation needs of a credential: of several choices
// the one of which the credential lacks least, and then the smallest.
func (d *Described) choose(c *event.Credential) (event.Requires, []string) {
	if d.Requires == "" || d.Requires == event.RequiresNothing {
		return d.Requires, nil
	}
	var best *Choice
	bestMissing := 0
	for _, fitting := range []bool{true, false} {
		for i := range d.Choices {
			ch := &d.Choices[i]
			if fitting && len(ch.Methods) > 0 && !slices.Contains(ch.Methods, c.Method) {
				continue
			}
			missing := 0
			for _, s := range ch.Scopes {
				if _, ok := slices.BinarySearch(c.Scopes, s); !ok {
					missing++
				}
			}
			better := best == nil || missing < bestMissing || missing == bestMissing && len(ch.Scopes) < len(best.Scopes)
			if !fitting { // nothing of the kind was shown: the strictest is asked for
				better = best == nil || len(ch.Scopes) > len(best.Scopes)
			}
			if better {
				best, bestMissing = ch, missing
			}
		}
		if best != nil {
			break
		}
	}
	if best == nil || len(best.Scopes) == 0 {
		return event.RequiresCredential, nil
	}
	return event.RequiresScopes, best.Scopes
}
