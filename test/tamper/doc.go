// Package tamper attacks ledgers that the real recorder wrote, each time in one
// way, and has the real gatebook-verify look at what is left: it must say that
// the evidence does not hold, by the means that the table names, and where.
//
// The table is docs/tampering.md, which is written from the attacks themselves
// (go test ./test/tamper -run TestTable -update). The verifier of package
// test/format, which is in another language and shares no code with ours, sees
// the same attacks; where it does something else, the attack says why.
package tamper
