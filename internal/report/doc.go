// Package report makes the reports that auditors ask for: who accessed an
// object or a class of data, what one person accessed, which credentials lie
// unused, what privileged operations were done, what nobody verified, and
// whether the record of a period is whole.
//
// A [Builder] is given each event of the record and ends with a [Document]:
// sentences, tables, how they were computed, what they cannot say, and what the
// words mean. The document can be written as HTML, CSV and JSON here, and as PDF
// by package pdf below.
//
// It promises bounded memory: groups and lists have limits, and what is beyond
// them is counted and said. It is pure: it reads no ledger, no clock and no
// file, and it decides nothing about who may see what. Package reading does
// that, and gives it only what the reader may see.
package report
