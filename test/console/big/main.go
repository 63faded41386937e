// Command big makes a data directory with a ledger of many events of today, for
// the measurements of the console. It is not for anything else: what is in it
// is invented, and its keys are of no installation.
//
//	go run ./test/console/big -data DIR -events 5000000
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatebook/gatebook/event"
	"github.com/gatebook/gatebook/ledger"
	"github.com/gatebook/gatebook/test/bigledger"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "", "the data directory, which is made")
	events := flag.Int("events", 5_000_000, "how many there are at least")
	flag.Parse()
	if err := run(*data, *events); err != nil {
		log.Fatal("big: ", err)
	}
}

func run(data string, n int) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, "gatebook.local/big")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(data, "keys"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "keys", "ledger.key"), []byte(skey+"\n"+vkey+"\n"), 0o600); err != nil {
		return err
	}
	n = (n + ledger.BlockRecords - 1) / ledger.BlockRecords * ledger.BlockRecords // whole blocks
	end := time.Now().UTC()
	day := end.Truncate(24 * time.Hour)
	span := end.Sub(day)
	made := func(i int) *event.Event {
		return bigledger.ShopCall(day.Add(time.Duration(float64(span)*(float64(i)+0.5)/float64(n))), uint64(i))
	}
	if err := bigledger.Make(filepath.Join(data, "ledger"), signer, vkey, n, day.Format(time.DateOnly), made); err != nil {
		return err
	}
	fmt.Printf("%d events from %s to %s\n", n, day.Format(time.RFC3339), end.Format(time.RFC3339))
	return nil
}
