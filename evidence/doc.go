// Package evidence is the format of the evidence pack: one zip file that
// answers a question about a ledger, and that anyone can check alone, offline,
// without trust in whoever made it or in Gatebook. docs/EVIDENCE.md has the
// format byte by byte.
//
// A pack rests on the look: before it was written, Gatebook sealed a look
// event called "evidence" in the ledger, whose facts are the range of records
// that was searched, how many match, and the SHA-256 of their numbers; its
// what envelope is the query. The look is in the pack, and is proven like the
// events, under a later checkpoint. So everything that a pack says is either
// sealed in the ledger, or made from what is, and is made again by [Verify].
//
// It promises that [Verify] takes bounded memory, whatever it is given: a pack
// that is not as [Writer] would have written it is refused. It opens no file
// and no connection, and knows no clock.
//
// It is not for making packs from a ledger (that needs a server, which seals
// the look), and not for checking a whole ledger, which is
// [github.com/gatebook/gatebook/ledger.Verify].
package evidence
