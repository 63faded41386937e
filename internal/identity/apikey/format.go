package apikey

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/gatebook/gatebook/internal/identity"
	"github.com/gatebook/gatebook/internal/redact"
)

// Prefix is how every key begins. ReaderPrefix is how the tokens of readers
// begin, which are kept in a store of their own.
const (
	Prefix       = identity.KeyPrefix
	ReaderPrefix = "gbr_"
)

const (
	idLen     = 10
	secretLen = 32
	sumLen    = 7
	keyLen    = len(Prefix) + idLen + 1 + secretLen + sumLen
)

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// format makes a key of random bytes: 7 for the id, of which 50 bits are
// used, and 20 for the secret.
func format(prefix string, random *[27]byte) (id, key string) {
	id = encoding.EncodeToString(random[:7])[:idLen]
	body := prefix + id + "_" + encoding.EncodeToString(random[7:])
	return id, body + checksum(body)
}

// parse returns the public id of a key, and whether key has the form and the
// checksum of one.
func parse(prefix, key string) (id string, ok bool) {
	if len(key) != keyLen || !strings.HasPrefix(key, prefix) || key[len(Prefix)+idLen] != '_' {
		return "", false
	}
	body := key[:keyLen-sumLen]
	if checksum(body) != key[keyLen-sumLen:] {
		return "", false
	}
	return key[len(Prefix) : len(Prefix)+idLen], true
}

func checksum(body string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(body)))
	return encoding.EncodeToString(b[:])
}

// hash is what the store keeps of a key. Its domain differs from that of
// fingerprints, which events show.
func hash(installation redact.Key, key string) [32]byte {
	return keyed(installation, "gatebook/apikey/v1\x00"+key)
}

// keyCheck lets a store tell that it was written under another installation's key.
func keyCheck(installation redact.Key) [32]byte {
	return keyed(installation, "gatebook/apikey/check\x00")
}

func keyed(installation redact.Key, text string) (sum [32]byte) {
	mac := hmac.New(sha256.New, installation)
	mac.Write([]byte(text))
	mac.Sum(sum[:0])
	return sum
}
