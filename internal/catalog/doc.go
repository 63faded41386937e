// Package catalog keeps the inventory: which operations the APIs have, who
// calls them, through which apps and with which credentials, what they return,
// and when each of these was first and last seen.
//
// It is a view of the ledger: a follower that reads the headers of the events
// in order and counts. It can be deleted and made again, and then says the
// same; it holds no name, address, path or value, because headers hold none.
// Its memory is bounded: where there is more than [Limits] allow, credentials
// that nobody verified are dropped first, so that who makes them up drives out
// nobody else, and then what was seen longest ago. How much was dropped is said.
//
// What it says is derived, and no evidence: the events are.
package catalog
