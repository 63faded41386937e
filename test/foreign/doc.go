// Package foreign has programs of others read a ledger of Gatebook: the tile
// client of Go's checksum database and that of torchwood must accept its
// checkpoint, tiles and entry bundles over HTTP as C2SP tlog-tiles says, and
// refuse what was changed.
//
// It is a module of its own, so that what it compares with is no dependency of
// Gatebook.
package foreign
