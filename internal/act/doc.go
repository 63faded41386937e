// Package act decides what is done about access: it blocks, throttles and
// demands new authentication, and undoes that.
//
// [Keeper] promises that nothing is done before the decision is sealed in the
// record and durable; that a decision is in force when the call that made it
// returns; that what was in force is in force again, after a crash too, before
// the gateway answers its first call; and that what is protected is refused.
//
// The record is the truth about measures. The state file holds what follows
// from it up to a certain record, so that a start need not read all of it:
// when the file is lost, older, or not what the record says, it is made anew
// from the record. Names and reasons are not in it, but are read from the
// record for whoever may see them. An address is in it as long as a measure on
// it is open.
//
// Judging the calls is not done here, but by internal/policy in the gateway.
package act
