package basic

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// maxCost bounds bcrypt's cost in a file: each step doubles the time of a
// check, and 14 is about a second.
const maxCost = 14

// Load reads an htpasswd file: a line "user:hash" for each user, empty lines
// and lines that begin with # are left out. Only bcrypt is accepted (htpasswd
// -B): the other forms can be broken by trying. All that is wrong is reported
// at once, each with its line.
func Load(path string) (map[string][]byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading password file: %w", err)
	}
	users, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("reading password file %s: %w", path, err)
	}
	return users, nil
}

func parse(raw []byte) (map[string][]byte, error) {
	users := map[string][]byte{}
	var errs []error
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, hash, ok := strings.Cut(line, ":")
		if !ok || user == "" {
			errs = append(errs, fmt.Errorf("line %d: want user:hash", n))
			continue
		}
		if users[user] != nil {
			errs = append(errs, fmt.Errorf("line %d: user %q comes twice: remove one", n, user))
			continue
		}
		if err := checkHash(hash); err != nil {
			errs = append(errs, fmt.Errorf("line %d: user %q: %w", n, user, err))
			continue
		}
		users[user] = []byte(hash)
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, err)
	}
	return users, errors.Join(errs...)
}

// checkHash says what is wrong with a hash, never what the hash is.
func checkHash(hash string) error {
	const remedy = "set the password again with htpasswd -B"
	switch {
	case strings.HasPrefix(hash, "$apr1$"), strings.HasPrefix(hash, "$1$"):
		return errors.New("the hash is MD5: " + remedy)
	case strings.HasPrefix(hash, "{SHA}"):
		return errors.New("the hash is unsalted SHA-1: " + remedy)
	case strings.HasPrefix(hash, "$5$"), strings.HasPrefix(hash, "$6$"):
		return errors.New("the hash is SHA-crypt: " + remedy)
	case !strings.HasPrefix(hash, "$2"):
		return errors.New("the hash is not bcrypt: " + remedy)
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || len(hash) != 60 {
		return errors.New("the hash is damaged: " + remedy)
	}
	if cost > maxCost {
		return fmt.Errorf("the hash has cost %d, which takes seconds for each check: %s -C 10", cost, remedy)
	}
	return nil
}
