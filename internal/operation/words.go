package operation

import "strings"

// known are words that APIs use as names of their own. They are no ids, however
// few calls have shown them.
var known = wordSet(`
about accept access accounts activate activity add address addresses admin admins agent agents aggregate alerts all analytics answers api apis app apps
approve archive articles assets assign attachments audit auth authorize availability available avatar balance balances bank banks batch billing block
blocks blog board boards bookings books branches bulk bundle calendar calendars callback campaigns cancel captcha cards cart carts catalog catalogue
categories change channels charges chat check checkout claims clear client clients clone close collections comments commits companies compare complete
config configuration confirm connect connections consent contacts content contents contracts conversations copy count countries coupons create credentials
credit customers dashboard data dataset datasets deactivate deals debug default defaults delete deliveries departments deploy deployments details devices diff
disable discounts docs documents domains download drafts edit email emails employees enable endpoints entities entries environments errors estimate evaluate
events exists export exports favorites favourites features feed feedback fields files filter find folders follow followers following forms funds gateway
generate geo graph graphql groups health healthz help history home hooks hosts images import imports inbox index info insights integrations internal
inventory invitations invite invites invoices issues items jobs join journal key keys kinds labels languages latest layers leads leave ledger licenses likes limits
link links list lists live livez loans locations lock locks log login logout logs lookup mail map maps mark match me media members memberships menu merge
messages meta metadata metrics migrate milestones mobile models modules move my name names network networks new news nodes notes notifications oauth oauth2 objects
offers open openapi operations options orders organisations organizations orgs overview owners packages pages participants password passwords patients pause
payments payouts people permissions ping pins places plans players playlists policies poll pools posts preferences preview prices pricing private process
processes products profile profiles progress projects promote properties providers public publish pull pulls purchases query questions queue quote quotes rate rates
reactions read ready readyz receipts recent recommendations records recover redirect refresh refund refunds regions register reject release releases remove rename
renew reopen replies reports repos repositories requests reset resolve resources rest restart restore results resume retry reviews revoke roles rooms root rotate
route routes rpc rules run runs sales sandbox save schedule schedules schema schemas scopes search secrets sections security self send server servers service
services sessions set settings setup share shares shipments shipping sign signin signup similar sites skills snapshots sources spaces start starred stat stats
statistics status statuses stock stop storage stores stream streams subjects submit subscribe subscribers subscription subscriptions suggest suggestions summary suppliers
support suspend sync system tables tags targets tasks tax taxes team teams templates tenants terms test tests threads tickets timeline token tokens tools topics
totals track tracks transactions transfer transfers translate translations trash trending trigger triggers types unarchive unblock unfollow unlink unlock unread
unsubscribe unshare update updates upload uploads usage user users validate variables variants vendors verify version versions videos view views visits void votes
wallet wallets warehouses watch webhook webhooks whoami widgets withdraw workers workflows workspaces`)

func wordSet(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

// apiWord reports whether a segment is a name that an API would use: a known
// word, or words of which the last is known or a plural.
func apiWord(seg string) bool {
	w := lastWord(seg)
	return known[w] || plural(w)
}

// plural reports whether a lower-case word looks like one in English.
func plural(w string) bool {
	return len(w) > 3 && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && !strings.HasSuffix(w, "us") && !strings.HasSuffix(w, "is")
}

// lastWord returns the last word of a name in snake, kebab or camel case, in
// lower case.
func lastWord(name string) string {
	if n := len(name) - 2; n > 3 && name[n]|0x20 == 'v' && classOf(name[n+1]) == digit {
		name = name[:n] // projectsV2
	}
	for i := len(name) - 1; i > 0; i-- {
		switch c := classOf(name[i]); {
		case c&(lower|upper|digit) == 0:
			return strings.ToLower(name[i+1:])
		case c == upper && classOf(name[i-1]) == lower:
			return strings.ToLower(name[i:])
		}
	}
	return strings.ToLower(name)
}

// kebab returns a name in lower case with dashes between its words.
func kebab(name string) string {
	plain := true
	for i := range len(name) {
		if c := classOf(name[i]); c != lower && c != digit && c != dash {
			plain = false
			break
		}
	}
	if plain {
		return strings.Trim(name, "-")
	}
	var b strings.Builder
	for i := range len(name) {
		switch c := classOf(name[i]); {
		case c == upper:
			if i > 0 && (classOf(name[i-1]) == lower || i+1 < len(name) && classOf(name[i+1]) == lower && classOf(name[i-1]) == upper) {
				b.WriteByte('-')
			}
			b.WriteByte(name[i] | 0x20)
		case c&(lower|digit) != 0:
			b.WriteByte(name[i])
		default:
			b.WriteByte('-')
		}
	}
	return strings.Trim(strings.ReplaceAll(b.String(), "--", "-"), "-")
}

var irregular = map[string]string{
	"people": "person", "children": "child", "men": "man", "women": "woman", "data": "data", "news": "news", "series": "series", "species": "species",
	"indices": "index", "matrices": "matrix", "vertices": "vertex", "analyses": "analysis", "statuses": "status", "addresses": "address", "media": "media",
	"aliases": "alias", "buses": "bus", "feet": "foot", "mice": "mouse", "lives": "life", "leaves": "leaf", "movies": "movie", "cookies": "cookie", "status": "status",
	"quizzes": "quiz", "criteria": "criterion", "phases": "phase", "licenses": "license", "databases": "database", "purchases": "purchase", "releases": "release",
	"cases": "case", "responses": "response", "expenses": "expense", "houses": "house", "warehouses": "warehouse", "courses": "course", "caches": "cache", "images": "image",
}

// typeOf returns the type of object that a name stands for: singular, lower
// case, words joined by underscores. "OrderItems" and "order-items" are
// "order_item".
func typeOf(name string) string {
	name = strings.ReplaceAll(kebab(name), "-", "_")
	if len(name) > 64 {
		return ""
	}
	head, last := "", name
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		head, last = name[:i+1], name[i+1:]
	}
	return head + singular(last)
}

func singular(w string) string {
	if s, ok := irregular[w]; ok {
		return s
	}
	switch {
	case len(w) < 4 || !strings.HasSuffix(w, "s"):
		return w
	case strings.HasSuffix(w, "ies"):
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "sses"), strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "zes"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "ss"), strings.HasSuffix(w, "us"), strings.HasSuffix(w, "is"):
		return w
	}
	return w[:len(w)-1]
}

// TypeName returns the type of object that the name of a schema stands for:
// "customer" for Customer, CustomerDto, CustomerList and PageOfCustomer; empty
// if that is no name of a type.
func TypeName(schema string) string {
	if schema == "" {
		return ""
	}
	words := strings.Split(kebab(schema), "-")
	for len(words) > 1 && wrapperWords[words[len(words)-1]] {
		words = words[:len(words)-1]
	}
	for len(words) > 1 && wrapperWords[words[0]] {
		words = words[1:]
	}
	if len(words) == 1 && wrapperWords[words[0]] {
		return ""
	}
	return typeOf(strings.Join(words, "_"))
}

var wrapperWords = wordSet(`dto list page paged of collection response result results resource entity model schema view full simple short minimal base details detail item items object paginated array set envelope data`)
