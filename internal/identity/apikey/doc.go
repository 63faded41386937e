// Package apikey makes, keeps and recognises Gatebook's own API keys.
//
// A key is "gbk_", a public id of 10 characters, "_", a secret of 32
// characters (160 random bits) and a checksum of 7 (CRC-32 of all before it),
// in the lower-case alphabet of base32:
//
//	gbk_k3wz7q2m5a_6mf2c7nq4zj5w3ykz2tq6o5d7xh4b3ei2gq4vyq
//
// The fixed form lets secret scanners find keys that got into places where
// they do not belong, and tell real ones from others without asking. The
// store has no key: it has the HMAC-SHA256 of each under the installation's
// key, and the fingerprint by which events name it.
//
// The store is one JSON file, replaced atomically and synced before a change
// is reported. Several processes may have it open: each change is made under a
// lock to what the file says then, so a key can be added or revoked beside a
// running server, which sees it within [PollInterval]. Within one process a
// change holds from the next call on.
//
// Keys of other makers are not kept: they are recorded by their fingerprint,
// with the reason key-unknown.
package apikey
