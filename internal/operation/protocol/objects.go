package protocol

import (
	"strings"

	"github.com/gatebook/gatebook/capture"
	"github.com/gatebook/gatebook/event"
)

// addObject adds the object that a parameter names, if it names one: the
// parameter customer_id, or id of something called customer. owner is what the
// parameter belongs to: a field, a tool, a message.
func addObject(f *capture.Facts, owner, name, value string) {
	kind := objectType(owner, name)
	if kind == "" || value == "" || len(f.Objects) >= capture.MaxObjects {
		return
	}
	o := event.Object{Type: kind, ID: value}
	for _, have := range f.Objects {
		if have == o {
			return
		}
	}
	f.Objects = append(f.Objects, o)
	f.Asked = len(f.Objects)
}

// objectType returns the type of the object that a parameter is the id of, in
// lower case and with underscores; empty: it is no id.
func objectType(owner, name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		if name[:i] != "input" && name[:i] != "where" && name[:i] != "filter" {
			owner = name[strings.LastIndexByte(name[:i], '.')+1 : i]
		}
		name = name[i+1:]
	}
	words := split(name)
	if len(words) == 0 {
		return ""
	}
	switch last := words[len(words)-1]; last {
	case "id", "ids", "uuid", "guid", "key":
		if last == "key" && len(words) == 1 {
			return ""
		}
		if words = words[:len(words)-1]; len(words) == 0 {
			words = noun(split(owner))
		}
	default:
		return ""
	}
	return singular(strings.Join(words, "_"))
}

// noun takes the verb from the name of an operation: getCustomer is about a
// customer, customerById too.
func noun(words []string) []string {
	if len(words) > 1 && verb(words[0]) != "" {
		words = words[1:]
	}
	for i, w := range words {
		if i > 0 && (w == "by" || w == "for" || w == "with") {
			return words[:i]
		}
	}
	return words
}

// split cuts a name in camel case, or with dashes, dots or underscores, into
// words in lower case.
func split(name string) (words []string) {
	start := 0
	flush := func(end int) {
		if end > start {
			words = append(words, strings.ToLower(name[start:end]))
		}
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '-' || c == '.' || c == '/' || c == ' ':
			flush(i)
			start = i + 1
		case c >= 'A' && c <= 'Z' && i > start:
			before := name[i-1]
			lower := before >= 'a' && before <= 'z' || before >= '0' && before <= '9'
			next := i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z'
			if lower || next && before >= 'A' && before <= 'Z' {
				flush(i)
				start = i
			}
		}
	}
	flush(len(name))
	return words
}

// singular returns the singular of an English plural, by its ending.
func singular(s string) string {
	switch {
	case strings.HasSuffix(s, "ies") && len(s) > 4:
		return s[:len(s)-3] + "y"
	case strings.HasSuffix(s, "sses"), strings.HasSuffix(s, "xes"), strings.HasSuffix(s, "ches"), strings.HasSuffix(s, "shes"):
		return s[:len(s)-2]
	case strings.HasSuffix(s, "s") && !strings.HasSuffix(s, "ss") && !strings.HasSuffix(s, "us") && !strings.HasSuffix(s, "is") && len(s) > 2:
		return s[:len(s)-1]
	}
	return s
}

// verbs are the first words of operations' names, by what they do.
var verbs = map[string]event.Action{
	"get": event.ActionRead, "list": event.ActionRead, "read": event.ActionRead, "find": event.ActionRead, "search": event.ActionRead,
	"query": event.ActionRead, "fetch": event.ActionRead, "describe": event.ActionRead, "watch": event.ActionRead, "count": event.ActionRead,
	"check": event.ActionRead, "lookup": event.ActionRead, "range": event.ActionRead, "show": event.ActionRead, "view": event.ActionRead,
	"subscribe": event.ActionRead, "stream": event.ActionRead, "batchget": event.ActionRead,
	"create": event.ActionCreate, "add": event.ActionCreate, "insert": event.ActionCreate, "new": event.ActionCreate, "register": event.ActionCreate,
	"send": event.ActionCreate, "post": event.ActionCreate, "upload": event.ActionCreate, "place": event.ActionCreate, "copy": event.ActionCreate,
	"update": event.ActionUpdate, "set": event.ActionUpdate, "put": event.ActionUpdate, "patch": event.ActionUpdate, "edit": event.ActionUpdate,
	"modify": event.ActionUpdate, "change": event.ActionUpdate, "upsert": event.ActionUpdate, "rename": event.ActionUpdate, "move": event.ActionUpdate,
	"write": event.ActionUpdate, "save": event.ActionUpdate, "cancel": event.ActionUpdate, "approve": event.ActionUpdate,
	"delete": event.ActionDelete, "remove": event.ActionDelete, "drop": event.ActionDelete, "purge": event.ActionDelete, "destroy": event.ActionDelete,
	"erase": event.ActionDelete, "clear": event.ActionDelete,
	"export": event.ActionExport, "download": event.ActionExport, "dump": event.ActionExport, "backup": event.ActionExport, "extract": event.ActionExport,
	"grant": event.ActionGrant, "revoke": event.ActionGrant, "assign": event.ActionGrant, "unassign": event.ActionGrant, "invite": event.ActionGrant,
	"share": event.ActionGrant, "promote": event.ActionGrant, "impersonate": event.ActionGrant,
	"login": event.ActionAuthenticate, "logout": event.ActionAuthenticate, "authenticate": event.ActionAuthenticate, "signin": event.ActionAuthenticate,
	"signout": event.ActionAuthenticate, "authorize": event.ActionAuthenticate, "refresh": event.ActionAuthenticate,
	"configure": event.ActionAdminister, "enable": event.ActionAdminister, "disable": event.ActionAdminister, "restart": event.ActionAdminister,
	"shutdown": event.ActionAdminister, "migrate": event.ActionAdminister,
}

// verb returns what an operation does whose name begins with the word.
func verb(word string) event.Action { return verbs[word] }

// action returns what an operation does by its name: getCustomer, or
// customers.list; empty: the name does not say.
func action(name string) event.Action {
	words := split(name[strings.LastIndexByte(name, '/')+1:])
	if len(words) == 0 {
		return ""
	}
	if a := verb(words[0]); a != "" {
		if a == event.ActionRead && len(words) > 1 && words[len(words)-1] == "export" {
			return event.ActionExport
		}
		return a
	}
	return verb(words[len(words)-1])
}
