package tamper

// attack is one way to tamper with a ledger, or with a pack from it.
type attack struct {
	group string
	what  string // what was done
	has   string // what it takes: see hasDisk and the others
	by    means  // the least that notices it
	file  string // what the report names: the beginning of a path, or of what was given
	says  string // part of the sentence that says what is wrong
	do    func(v *victim)
	pack  func(p *packed) // instead of do: an attack on an evidence pack
	// second says why the second verifier does something else, and code is its
	// exit code then.
	second string
	code   int
}

// What an attack takes.
const (
	hasDisk = "the disk"
	hasKey  = "the disk and the signing key"
	hasPack = "the pack"
	hasAll  = "the disk, the signing key and the clock"
)

// means is what an auditor has beside the ledger.
type means int

const (
	alone     means = iota // nothing
	withKey                // the public key, from the first start
	withOld                // checkpoints that were kept elsewhere, such as receipts
	withWit                // the key of a witness
	listed                 // it holds; the report lists it
	unreadab               // it could not be read: exit code 2
	packAlone              // nothing beside the pack
	packKey                // the pack and the public key
)

var meansText = map[means]string{
	alone:    "`gatebook-verify` alone",
	withKey:  "`--key`",
	withOld:  "`--since` a checkpoint kept elsewhere",
	withWit:  "`--witness`",
	listed:   "the report, which lists it (exit code 0)",
	unreadab: "`gatebook-verify` alone (exit code 2)",

	packAlone: "`gatebook-verify` alone, on the pack",
	packKey:   "`--key`, on the pack",
}

// attacks are all of them, in the order of the table.
func attacks() []attack {
	var all []attack
	for _, group := range []struct {
		name string
		of   []attack
	}{
		{"Bits flipped", bitFlips},
		{"Files cut, zeroed, extended", cuts},
		{"Segments and frames moved", segments},
		{"Records changed", records},
		{"Keys and checkpoints", keys},
		{"Histories", histories},
		{"Witnesses and clocks", witnesses},
		{"Envelopes", envelopes},
		{"Decisions to erase", decisions},
		{"What does not belong there", strangers},
		{"Evidence packs", packs},
	} {
		for _, a := range group.of {
			a.group = group.name
			all = append(all, a)
		}
	}
	return all
}
