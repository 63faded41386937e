package redact

import "strings"

// The names under which secrets go, as [normal] writes them. A name matches
// if it is in the list of its place, or ends with one of the suffixes and is
// not in the list of exceptions.
var (
	headerNames = []string{
		"authorization", "proxyauthorization", "cookie", "setcookie", "setcookie2", "xapikey", "apikey",
		"xauthtoken", "xamzsecuritytoken", "xcsrftoken", "xxsrftoken", "dpop", "xauthkey", "xapisecret",
		"xaccesskey", "ocpapimsubscriptionkey", "xfunctionskey", "xsessionid",
	}
	queryNames = []string{
		"accesstoken", "idtoken", "token", "apikey", "key", "sig", "signature", "xamzsignature", "xgoogsignature",
		"xamzsecuritytoken", "xamzcredential", "code", "clientsecret", "password", "auth", "authkey", "ticket",
		"samlresponse", "samlrequest", "assertion", "clientassertion", "codeverifier", "jwt", "hapikey",
	}
	fieldNames = []string{
		"pass", "pwd", "userpass", "password1", "password2", "passwordconfirm", "passwordconfirmation",
		"passwordagain", "passwordrepeat", "passwordhash", "secret", "secrets", "clientassertion", "assertion",
		"samlresponse", "codeverifier", "credentials", "cookie", "setcookie", "jwt", "bearer", "cvv", "cvv2",
		"cvc", "cvc2", "cardsecuritycode", "securitycode", "pin", "pincode", "otp", "totp", "mfacode", "otpcode",
		"verificationcode", "recoverycode", "recoverycodes", "backupcodes", "sessionid", "sid", "jsessionid",
		"phpsessid", "sessionkey", "sharedkey", "masterkey", "signature2fa", "secretaccesskey", "dpop",
		"connectionstring", "clientsecretvalue", "privatekeypem", "privatekeydata", "accountkey", "storagekey",
	}
	suffixes = []string{
		"password", "passwd", "passphrase", "passcode", "secret", "token", "apikey", "secretkey", "privatekey",
		"accesskey", "signingkey", "encryptionkey", "subscriptionkey", "authorization", "mnemonic", "seedphrase",
	}
	exceptions = []string{
		"nextpagetoken", "pagetoken", "prevpagetoken", "previouspagetoken", "nexttoken", "continuationtoken",
		"nextcontinuationtoken", "synctoken", "nextsynctoken", "resumetoken", "cancellationtoken", "maxtoken",
		"stoptoken", "eostoken", "bostoken", "padtoken", "unktoken", "septoken", "masktoken", "clstoken",
	}
	// cookieExceptions are cookies that hold a setting or a count.
	cookieExceptions = []string{
		"lang", "language", "locale", "theme", "tz", "timezone", "currency", "country", "region", "darkmode",
		"colorscheme", "cookieconsent", "consent", "optanonconsent", "ga", "gid", "gat", "gcl", "gclau", "fbp",
	}
)

// maxName is how much of the end of a name is looked at.
const maxName = 64

// nameSet answers whether a name stands for a secret, whatever its letter
// case and its dashes, underscores, dots, spaces and brackets.
type nameSet struct {
	exact  map[string]bool // false: an exception to the suffixes
	suffix []string
	ends   [1 << 15 / 64]uint64 // the three letters that a name of the set can end with, see ending
}

func newNameSet(allow []string, lists ...[]string) *nameSet {
	n := &nameSet{exact: make(map[string]bool), suffix: suffixes}
	var buf [maxName]byte
	for _, list := range lists {
		for _, name := range list {
			n.exact[string(normal(&buf, name))] = true
		}
	}
	for _, name := range exceptions {
		n.exact[name] = false
	}
	for _, name := range allow {
		n.exact[string(normal(&buf, name))] = false
	}
	for name, secret := range n.exact {
		if secret {
			n.ends[ending(name)/64] |= 1 << (ending(name) % 64)
		}
	}
	for _, name := range suffixes {
		n.ends[ending(name)/64] |= 1 << (ending(name) % 64)
	}
	return n
}

// ending returns a number for the last three bytes of name that count. Other
// endings may have the same number, but letter case makes no difference.
func ending(name string) uint {
	var e uint
	for i, n := len(name)-1, 0; i >= 0 && n < 3; i-- {
		if c := name[i]; !dropTable[c] {
			e = e<<5 | uint(c&31)
			n++
		}
	}
	return e
}

// has reports whether name stands for a secret.
func (n *nameSet) has(name string) bool {
	if e := ending(name); n.ends[e/64]>>(e%64)&1 == 0 {
		return false
	}
	var buf [maxName]byte
	norm := normal(&buf, name)
	if secret, ok := n.exact[string(norm)]; ok {
		return secret
	}
	for _, suffix := range n.suffix {
		if strings.HasSuffix(string(norm), suffix) {
			return true
		}
	}
	return false
}

// dropTable marks the bytes of a name that do not count.
var dropTable = setOf("-_. []$@")

// normal writes the end of name to the end of buf, in lower case and without
// the bytes that do not count, and returns it.
func normal(buf *[maxName]byte, name string) []byte {
	at := maxName
	for i := len(name) - 1; i >= 0 && at > 0; i-- {
		c := name[i]
		if dropTable[c] {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		at--
		buf[at] = c
	}
	return buf[at:]
}
