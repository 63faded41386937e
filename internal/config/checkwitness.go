package config

import (
	"fmt"
	"net/url"
	"time"

	"github.com/gatebook/gatebook/ledger"
)

// Witness is what others vouch for: that the record was as it is, and when.
type Witness struct {
	// Witnesses (C2SP tlog-witness) that are asked to cosign checkpoints.
	// Empty: nobody outside vouches for the record.
	Witnesses []CosignedBy `key:"witnesses"`

	// How many of the witnesses must have cosigned a checkpoint before it
	// counts as witnessed. 0: all of them.
	Quorum int `key:"quorum" default:"0" min:"0" max:"64"`

	// At most this often are they asked, while there are new records.
	Every time.Duration `key:"every" default:"1s" min:"100ms" max:"1h"`

	// How long a witness may take to answer.
	Timeout time.Duration `key:"timeout" default:"5s" min:"100ms" max:"1m"`

	// At most this often does a witnessed checkpoint join the history, which
	// bounds the times of the records between. About 400 bytes each.
	History time.Duration `key:"history" default:"1m" min:"1s" max:"24h"`

	// Time-stamps of authorities of RFC 3161 over checkpoints.
	Timestamps Timestamps `key:"timestamps"`
}

// Timestamps are had from an authority that signs that something existed at a
// time. It sees one hash.
type Timestamps struct {
	// Where the authorities are. The first that answers does it. Empty:
	// nothing is time-stamped.
	URLs []*url.URL `key:"urls" scheme:"https,http"`

	// At most this often is a checkpoint time-stamped, if there are new
	// records. About 6 KiB each.
	Every time.Duration `key:"every" default:"1h" min:"1s" max:"720h"`

	// How long an authority may take to answer.
	Timeout time.Duration `key:"timeout" default:"30s" min:"1s" max:"5m"`
}

// CosignedBy is a witness that is asked to cosign.
type CosignedBy struct {
	// Its public key (vkey), as gatebook witness prints it.
	Key string `key:"key"`

	// Where it is: its submission prefix, without /add-checkpoint.
	URL *url.URL `key:"url" scheme:"https,http"`
}

// checkWitness reports witnesses that cannot be asked, or whose answers could
// not be checked.
func (l *loader) checkWitness() {
	w := l.cfg.Witness
	taken := map[string]int{}
	for i, c := range w.Witnesses {
		path := fmt.Sprintf("witness.witnesses[%d]", i)
		if c.URL == nil {
			l.complain(path+".url", "is missing, write where the witness is, such as https://witness.example.com")
		}
		if c.Key == "" {
			l.complain(path+".key", "is missing, write the public key of the witness, which you got from its operator")
			continue
		}
		k, err := ledger.ParseWitnessKey(c.Key)
		if err != nil {
			l.complain(path+".key", "%s", err)
			continue
		}
		if j, dup := taken[k.String()]; dup {
			l.complain(path+".key", "is that of witness.witnesses[%d] too, which would count it twice: remove one", j)
		}
		taken[k.String()] = i
	}
	if w.Quorum > len(w.Witnesses) {
		l.complain("witness.quorum", "is %d, but there are only %d witnesses: name more, or lower it", w.Quorum, len(w.Witnesses))
	}
}
