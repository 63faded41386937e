// Package objects remembers which calls touched which objects, so that "who
// touched customer/4711" is answered by reading a few places on the disk.
//
// It is a view of the ledger, in files of its own: a follower reads the records
// in order, and for each object of a call keeps a posting. It can be deleted,
// and is made again from the ledger where it is missing, damaged, of another
// version, ledger or key; [Progress] says how far that is.
//
// What it holds: of objects a keyed hash of 64 bits, no name; of calls the
// number, the time of arrival, and what the header says of who called, through
// which app, what was done, and which classes of data were in the answer. The
// header is never erased. Two things can be, and [View.Forget] removes them:
// the postings of a call whose what envelope is gone, and the names and e-mail
// addresses of principals, of which it keeps those that were seen last.
//
// What it says is derived, and no evidence: the events are. Two objects have the
// same hash with a chance of one in 2^64 a pair; then each is said to have been
// touched by the calls of the other.
//
// # Files
//
// "manifest" is JSON: which segments there are, and the number of the next
// record. It is replaced in one step, so that after a crash the view is as it
// was at some moment, and follows the ledger from there. "names" is [View]'s
// copy of the names of principals. A segment, version 1, holds what records
// with numbers from ≤ n < to touched. All numbers are big-endian.
//
//	head       "gatebook objects 1\n", zeros up to 4096 bytes
//	calls      pages of 255 entries: number - from (4 bytes), time in ns since
//	           1970 (8), number of the combination (4); in order of number
//	by         the combinations, sorted: for each its bytes and their CRC (4)
//	ends       pages of 510 entries: where each combination ends (8)
//	postings   blocks of about 4 KiB, each followed by its CRC (4)
//	index      pages of 255 entries: first hash of a block (8), where it begins (8)
//	foot       see [foot]; the last 4 bytes are its CRC
//
// A page has 4096 bytes, of which the last 4 are the CRC of those before. A CRC
// is CRC-32C. A block is groups of a hash (8 bytes), how many postings follow,
// and these, each as the distance to the one before of (position of the call
// among the calls, times two, plus one if the request named the object); counts
// and distances are varints. Blocks are sorted by hash and then position; an
// object with many postings has groups in several blocks.
package objects
