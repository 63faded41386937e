package redact

import (
	"encoding/base64"
	"math/bits"
	"strings"
)

// shape is a form of secret that can be told by itself.
type shape struct {
	name    string
	literal string // how it begins, at least three bytes
	fold    bool   // the literal is matched without regard to letter case
	word    bool   // it does not begin in the middle of a word
	digit   bool   // it holds a digit
	min     int    // bytes, literal included
	set     byteSet
	find    func(s string, at int) (span, bool) // instead of min, set and digit
}

// span is where a secret is in a text: what goes is s[start:end], what is
// fingerprinted is secret, and prefix is put before the fingerprint.
type span struct {
	start, end     int
	secret, prefix string
}

type byteSet [256]bool

func setOf(extra string, ranges ...string) byteSet {
	var set byteSet
	for _, r := range ranges {
		for c := int(r[0]); c <= int(r[1]); c++ {
			set[c] = true
		}
	}
	for i := range len(extra) {
		set[extra[i]] = true
	}
	return set
}

var (
	alnum     = setOf("", "az", "AZ", "09")
	upperNum  = setOf("", "AZ", "09")
	tokenSet  = setOf("_-", "az", "AZ", "09")
	dottedSet = setOf("_-.", "az", "AZ", "09")
	token68   = setOf("-._~+/=", "az", "AZ", "09")
	base64Set = setOf("+/-_=", "az", "AZ", "09")
)

// shapes is the list of what is looked for; at most 32. It is indexed by
// candidates.
var shapes = []shape{
	{name: "jwt", literal: "eyJ", find: findJWT},
	{name: "aws-access-key", literal: "AKIA", min: 20, set: upperNum},
	{name: "aws-access-key", literal: "ASIA", min: 20, set: upperNum},
	{name: "github-token", literal: "ghp_", min: 20, set: alnum},
	{name: "github-token", literal: "gho_", min: 20, set: alnum},
	{name: "github-token", literal: "ghu_", min: 20, set: alnum},
	{name: "github-token", literal: "ghs_", min: 20, set: alnum},
	{name: "github-token", literal: "ghr_", min: 20, set: alnum},
	{name: "github-token", literal: "github_pat_", min: 30, set: tokenSet},
	{name: "gitlab-token", literal: "glpat-", min: 20, set: tokenSet},
	{name: "slack-token", literal: "xox", word: true, digit: true, min: 16, set: tokenSet},
	{name: "slack-token", literal: "xapp-", word: true, digit: true, min: 16, set: tokenSet},
	{name: "stripe-key", literal: "sk_live_", min: 20, set: alnumLow},
	{name: "stripe-key", literal: "sk_test_", min: 20, set: alnumLow},
	{name: "stripe-key", literal: "rk_live_", min: 20, set: alnumLow},
	{name: "stripe-key", literal: "whsec_", min: 20, set: token68},
	{name: "private-key", literal: "BEGIN ", find: findPEM},
	{name: "bearer", literal: "Bearer", fold: true, word: true, find: findBearer},
	{name: "basic", literal: "Basic", fold: true, word: true, find: findBasic},
	{name: "gatebook-key", literal: "gbk_", min: 12, set: tokenSet},
	{name: "gatebook-reader", literal: "gbr_", min: 12, set: tokenSet},
	{name: "gatebook-operator", literal: "gbo_", min: 12, set: tokenSet},
	{name: "google-key", literal: "AIza", min: 30, set: tokenSet},
	{name: "google-token", literal: "ya29.", min: 20, set: dottedSet},
	{name: "npm-token", literal: "npm_", word: true, digit: true, min: 34, set: alnum},
	{name: "ai-key", literal: "sk-", word: true, digit: true, min: 24, set: tokenSet},
	{name: "sendgrid-key", literal: "SG.", word: true, digit: true, min: 40, set: dottedSet},
	{name: "jwt", literal: "ZXlK", min: 40, set: base64Set},
	{name: "vault-token", literal: "hvs.", word: true, min: 24, set: tokenSet},
	{name: "shopify-token", literal: "shpat_", min: 20, set: alnum},
	{name: "pypi-token", literal: "pypi-", word: true, digit: true, min: 40, set: tokenSet},
	{name: "age-key", literal: "AGE-SECRET-KEY-1", min: 40, set: upperNum},
	{name: "digitalocean-token", literal: "dop_v1_", min: 40, set: alnum},
}

var alnumLow = setOf("_", "az", "AZ", "09")

// candidates finds the first bytes of every shape in one pass that looks at
// every second position: bit i of the three tables says that shape i has the
// byte at its first, second and third place, bit 32+i that it has it at its
// second, third and fourth.
var candidates = func() (t [3][256]uint64) {
	for i, sh := range shapes {
		for phase := range 2 {
			bit := uint64(1) << (32*phase + i)
			for col := range 3 {
				at := phase + col
				if at >= len(sh.literal) {
					for c := range 256 {
						t[col][c] |= bit
					}
					continue
				}
				c := sh.literal[at]
				t[col][c] |= bit
				if other := c ^ 0x20; sh.fold && alnum[c] {
					t[col][other] |= bit
				}
			}
		}
	}
	return t
}()

// shaped appends an edit for each secret of a known shape in s. Cut says that
// s is the beginning of something longer.
func (c *Call) shaped(edits []edit, s string, cut bool) []edit {
	t0, t1, t2 := &candidates[0], &candidates[1], &candidates[2]
	for i := 0; i+2 < len(s); {
		m := t0[s[i]] & t1[s[i+1]] & t2[s[i+2]]
		if m == 0 {
			i += 2
			continue
		}
		next := i + 2
		for ; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros64(m)
			at := i - bit>>5
			if at < 0 {
				continue
			}
			if e, ok := c.shapeAt(&shapes[bit&31], s, at, cut); ok {
				edits = append(edits, e)
				next = max(next, e.end)
				break
			}
		}
		i = next
	}
	return edits
}

// shapeAt returns the edit for the shape at s[at:], where its first three or
// four bytes have been seen.
func (c *Call) shapeAt(sh *shape, s string, at int, cut bool) (edit, bool) {
	rest := s[at:]
	if n := len(sh.literal); len(rest) < n {
		if cut && hasPrefix(sh.literal, rest, sh.fold) {
			return edit{start: at, end: len(s), with: Mark, name: sh.name}, true
		}
		return edit{}, false
	} else if !hasPrefix(rest, sh.literal, sh.fold) {
		return edit{}, false
	}
	sp, ok := sh.spanAt(s, at)
	switch {
	case cut && sp.end == len(s) && sp.end > sp.start:
		return edit{start: sp.start, end: sp.end, with: sp.prefix + Mark, name: sh.name}, true
	case !ok || isFingerprint(sp.secret):
		return edit{}, false
	}
	fp := c.fingerprint(sp.secret, fromText)
	return edit{start: sp.start, end: sp.end, with: sp.prefix + fp, name: sh.name, fp: fp}, true
}

func hasPrefix(s, prefix string, fold bool) bool {
	if fold {
		return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
	}
	return strings.HasPrefix(s, prefix)
}

func run(s string, from int, set *byteSet) int {
	for from < len(s) && set[s[from]] {
		from++
	}
	return from
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// findJWT takes three or five base64url parts with dots between, or two. One
// part alone is as often a cursor as a token.
func findJWT(s string, at int) (span, bool) {
	end := run(s, at, &dottedSet)
	cutAt := end
	for end > at && s[end-1] == '.' {
		end--
	}
	secret := s[at:end]
	ok := len(secret) >= 20 && strings.IndexByte(secret, '.') > 0
	if !ok {
		end = cutAt
	}
	return span{start: at, end: end, secret: secret}, ok
}

// findBearer takes the token of a "Bearer xxx" in a text, if it is long enough
// or has a digit.
func findBearer(s string, at int) (span, bool) {
	start := at + len("bearer")
	sep := start
	for start < len(s) && (s[start] == ' ' || s[start] == '+') {
		start++
	}
	if strings.HasPrefix(s[start:], "%20") {
		start += 3
	}
	end := run(s, start, &token68)
	secret := strings.TrimRight(s[start:end], ".")
	return span{start: start, end: start + max(len(secret), end-start), secret: secret},
		start > sep && (len(secret) >= 16 || len(secret) >= 6 && hasDigit(secret))
}

// findBasic takes the password of a "Basic xxx" in a text.
func findBasic(s string, at int) (span, bool) {
	start := at + len("basic")
	sep := start
	for start < len(s) && s[start] == ' ' {
		start++
	}
	end := run(s, start, &base64Set)
	user, password, ok := basicCredentials(s[start:end])
	return span{start: start, end: end, secret: password, prefix: user + ":"}, ok && start > sep && end-start >= 4
}

// basicCredentials decodes the credentials of HTTP Basic authentication. The
// user name is refused if it would have to be quoted.
func basicCredentials(encoded string) (user, password string, ok bool) {
	enc := base64.RawStdEncoding
	if strings.ContainsAny(encoded, "-_") {
		enc = base64.RawURLEncoding
	}
	plain, err := enc.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil {
		return "", "", false
	}
	user, password, ok = strings.Cut(string(plain), ":")
	for i := range len(user) {
		if c := user[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '&' || c >= 0x7f {
			return "", "", false
		}
	}
	return user, password, ok && password != ""
}

// findPEM takes a PEM block of a private key: from the dashes before BEGIN to
// those after END, or to the end of the text or of the JSON string. The
// fingerprint is that of the block without white space and escapes.
func findPEM(s string, at int) (span, bool) {
	const dashes = "-----"
	if !strings.HasSuffix(s[:at], dashes) {
		return span{}, false
	}
	start := at - len(dashes)
	label := s[at:min(len(s), at+60)]
	if end := strings.Index(label, dashes); end >= 0 {
		label = label[:end]
		if !strings.Contains(label, "PRIVATE") {
			return span{}, false
		}
	} else if len(label) == 60 {
		return span{}, false
	} else {
		return span{start: start, end: len(s)}, false // the cut went through the label
	}
	from := at + len(label) + len(dashes)
	end := len(s)
	if i := strings.Index(s[from:], dashes+"END"); i >= 0 {
		end = from + i + len(dashes) + len("END")
		if j := strings.Index(s[end:], dashes); j >= 0 {
			end += j + len(dashes)
		} else {
			end = len(s)
		}
	} else if i := strings.IndexAny(s[from:], `"<`); i >= 0 {
		end = from + i
	}
	body := strings.NewReplacer(`\n`, "", `\r`, "", "\n", "", "\r", "", " ", "", "\t", "").Replace(s[start:end])
	return span{start: start, end: end, secret: body}, true
}
