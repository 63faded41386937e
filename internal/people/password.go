package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Bounds of a password. Fifteen characters are what NIST SP 800-63B-4 (section
// 3.1.1.2) asks for where a password is all that is asked for. There are no
// rules of composition, as it says.
const (
	MinPassword = 15  // characters
	maxPassword = 512 // bytes
)

// The cost of a hash is the second recommended option of RFC 9106, section 4:
// 64 MiB, three passes. It takes about a sixth of a second on two cores.
const (
	argonTime   = 3
	argonMemory = 64 << 10 // KiB
	argonLanes  = 4
)

// maxWork bounds the memory that hashing takes: the others wait, up to
// workWait.
const (
	maxWork  = 2
	workWait = 10 * time.Second
)

type cost struct {
	time, memory uint32 // passes, KiB
	lanes        uint8
}

const (
	saltLen = 16
	hashLen = 32
)

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// format returns the PHC string of a hash.
func format(c cost, salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.lanes, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

// parse is the inverse of format. It bounds the costs, which a changed file
// could make anything.
func parse(s string) (c cost, salt, sum []byte, err error) {
	bad := fmt.Errorf("a hash in the state is not one of argon2id")
	var version int
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return c, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &c.memory, &c.time, &c.lanes); err != nil {
		return c, nil, nil, bad
	}
	salt, err1 := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	sum, err2 := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || version != argon2.Version || len(salt) != saltLen || len(sum) != hashLen ||
		c.memory < 8*uint32(c.lanes) || c.memory > 1<<20 || c.time < 1 || c.time > 16 || c.lanes < 1 || format(c, salt, sum) != s {
		return c, nil, nil, bad
	}
	return c, salt, sum, nil
}

// hash returns the PHC string for a password.
func (p *People) hash(ctx context.Context, password string) (string, error) {
	if err := p.begin(ctx); err != nil {
		return "", err
	}
	defer p.end()
	salt, c := random(saltLen), p.cost
	return format(c, salt, argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, hashLen)), nil
}

// matches reports whether a password has the hash; an empty hash is that of no
// password, and takes as long.
func (p *People) matches(ctx context.Context, hash, password string) (bool, error) {
	none := hash == ""
	if none {
		hash = p.decoy
	}
	c, salt, sum, err := parse(hash)
	if err != nil {
		return false, err
	}
	if err := p.begin(ctx); err != nil {
		return false, err
	}
	defer p.end()
	if len(password) > maxPassword {
		password = password[:maxPassword]
		none = true
	}
	got := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, hashLen)
	return subtle.ConstantTimeCompare(got, sum) == 1 && !none, nil
}

// begin takes a slot for the hashing of a password.
func (p *People) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, workWait)
	defer cancel()
	select {
	case p.work <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &Throttled{After: 5 * time.Second}
	}
}

func (p *People) end() { <-p.work }

// common holds words that common passwords are made of, a line each.
//
//go:embed common.txt
var common string

// CheckPassword returns nil if a password may be that of the account with the
// name, or an error that wraps [ErrRefused] and says what to do.
func CheckPassword(name, password string) error {
	switch {
	case !utf8.ValidString(password):
		return refused("the password is not UTF-8")
	case utf8.RuneCountInString(password) < MinPassword:
		return refused("the password has fewer than %d characters: take a few words that do not belong together", MinPassword)
	case len(password) > maxPassword:
		return refused("the password is longer than %d bytes", maxPassword)
	}
	rest := strings.ToLower(password)
	for _, word := range append(strings.Fields(common), strings.ToLower(name)) {
		if len(word) >= 3 {
			rest = strings.ReplaceAll(rest, word, "")
		}
	}
	// What is left of one that is made of common words, the name and
	// repetitions has few characters.
	left := map[rune]bool{}
	for _, r := range rest {
		left[r] = true
	}
	if len(left) < 5 {
		return refused("the password is easy to guess: it is little more than common words, the name or a repetition")
	}
	return nil
}
