// Package people keeps who may sign in to the console: accounts, passwords,
// links that work once, and sessions.
//
// It promises that what it stores lets nobody in: of passwords it keeps
// argon2id hashes, of sessions and links SHA-256 hashes of 256 random bits. An
// answer to a wrong name, a wrong password and a disabled account is the same,
// after the same work. Guessing is slowed down by account, by address and by
// both, and never for longer than a quarter of an hour; a browser in which the
// owner signed in before is counted apart, so that nobody can lock them out.
//
// It neither authorises nor records: the caller seals each sign-in and each
// change as a decision before it makes it. It is not for the callers of the
// APIs behind the gateway.
package people
